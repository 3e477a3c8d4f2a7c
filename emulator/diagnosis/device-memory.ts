/** LU1130: memory on a device that a reset has cleared, and that its user takes for what it was. */
import type { Device } from '../machine/devices/device';
import { JournaledMap } from '../machine/journal';
import { hex, sizeText } from '../text/text';
import type { HistoryLine } from '../findings/diagnosis';
import { blame } from './blame';
import { ruleFile } from './rules';

export const deviceMemoryRules = ruleFile(['LU1130'], ({ host, say }) => {
    /** The last reset of each device that has cleared something. */
    const cleared = new JournaledMap<Device, HistoryLine>(host.machine.journal);
    return {
        deviceMemory(device, event): void {
            const name = device.shape.name;
            if (event.kind === 'cleared') {
                cleared.set(device, {
                    boot: host.boot,
                    place: blame(host),
                    text: `${name} was reset, which cleared ${sizeText(event.bytes)} of its memory`,
                });
                return;
            }
            const line = cleared.get(device);
            const what = event.by === 'host' ? 'A read' : 'The computation';
            say('LU1130', {
                about: name,
                history: line ? [line] : [],
                data: { device: name, at: device.name, offset: hex(event.at), length: event.length },
                message: `${what} of ${name} uses ${sizeText(event.length)} of its memory at ${hex(event.at)} that a reset has cleared: they were written before, and not since.`,
            });
        },
    };
});
