/** Memory on a device that a reset has cleared, and requests to it that the device does not answer. */
import type { Device } from '../machine/devices/device';
import { JournaledMap } from '../machine/journal';
import { hex, sizeText } from '../text/text';
import type { HistoryLine } from '../findings/diagnosis';
import { blame } from './blame';
import { deviceKey } from './chronicle';
import { ruleFile } from './rules';

export const deviceMemoryRules = ruleFile(['LU1130', 'LU1131', 'LU1135'], ({ host, chronicle, say }) => {
    /** The last reset of each device that has cleared something. */
    const cleared = new JournaledMap<Device, HistoryLine>(host.machine.journal);
    return {
        /** LU1131 */
        unanswered(device, peer, write): void {
            const [name, other] = [device.shape.name, peer.shape.name];
            const why = !peer.present
                ? 'it is unplugged'
                : peer.power !== 0
                  ? 'it is asleep'
                  : 'it does not respond at the addresses of its BARs';
            say('LU1131', {
                about: `${name} ${other}`,
                history: chronicle.of(deviceKey(other)),
                data: { device: name, at: device.name, peer: other, write },
                message: `${name} ${write ? 'writes to' : 'reads'} the memory of ${other}, which does not answer because ${why}: ${write ? 'the data is lost' : 'the read fails'}.`,
            });
        },
        /** LU1135 */
        bypassed(device, peer, bridge, address, write): void {
            const iommu = host.machine.pci.iommu;
            if (!iommu?.enabled) {
                return;
            }
            const [name, other] = [device.shape.name, peer.shape.name];
            say('LU1135', {
                about: `${name} ${other}`,
                history: [...chronicle.of(deviceKey(name)), ...chronicle.of(deviceKey(other))],
                data: { device: name, at: device.name, peer: other, bridge: bridge.name, address: hex(address), write },
                message: `${name} ${write ? 'writes to' : 'reads'} the memory of ${other} at the bus address ${hex(address)}: the bridge ${bridge.name} above both does not redirect such requests (ACS ${hex(bridge.acs)}), so the IOMMU does not translate or refuse them.`,
            });
        },
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
            const what = event.by === 'reader' ? 'A read' : 'The computation';
            say('LU1130', {
                about: name,
                history: line ? [line] : [],
                data: { device: name, at: device.name, offset: hex(event.at), length: event.length },
                message: `${what} of ${name} uses ${sizeText(event.length)} of its memory at ${hex(event.at)} that a reset has cleared: they were written before, and not since.`,
            });
        },
    };
});
