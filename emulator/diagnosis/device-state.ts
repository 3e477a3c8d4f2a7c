/** Devices whose drivers save their state for the next kernel: what is lost or misread on the way. */
import type { Device } from '../machine/devices/device';
import { JournaledMap } from '../machine/journal';
import type { HistoryLine } from '../findings/diagnosis';
import { counted, hex, listed } from '../text/text';
import { blame } from './blame';
import { ruleFile } from './rules';

/** The registers of a device, as texts by their names. */
type Registers = ReadonlyMap<string, string>;

/** What a driver saved. */
interface Suspended {
    readonly boot: number;
    readonly registers: Registers;
    readonly line: HistoryLine;
}

/** Registers that a suspend callback may leave out, because the device keeps them until it is reset. */
const FRAME_SIZE = 'frame size';
const KEPT_BY_DEVICE: ReadonlySet<string> = new Set(['head', FRAME_SIZE]);

function registersOf({ program, round }: Device): Registers {
    return new Map([
        ['ring', hex(program?.base ?? 0)],
        ['ring length', hex(program?.length ?? 0)],
        ['interval', `${program?.every ?? 0} ns`],
        [FRAME_SIZE, counted(program?.size ?? 0, 'byte')],
        ['head', `${round}`],
    ]);
}

export const deviceStateRules = ruleFile(['LU1115', 'LU1116', 'LU1117', 'LU1118', 'LU1119'], (scene) => {
    const { host, say } = scene;
    const suspended = new JournaledMap<Device, Suspended>(host.machine.journal);

    return {
        deviceSuspended(device): void {
            suspended.set(device, {
                boot: host.boot,
                registers: registersOf(device),
                line: {
                    boot: host.boot,
                    place: blame(host),
                    text: `the driver of ${device.shape.name} stopped it to save its registers`,
                },
            });
        },
        /** LU1115, LU1117. A lost size of frames alone is the subject of LU1118. */
        deviceResumed(device, wasReset): void {
            const before = suspended.get(device);
            suspended.delete(device);
            if (!before) {
                return;
            }
            const now = registersOf(device);
            const changed = [...before.registers].filter(([name, value]) => now.get(name) !== value);
            if (changed.length === 0) {
                return;
            }
            const name = device.shape.name;
            const texts = changed.map(([register, value]) => `${register}: ${now.get(register)}, was ${value}`);
            const data = { device: name, at: device.name, registers: changed.map(([register]) => register) };
            const lost = changed.filter(([register]) => KEPT_BY_DEVICE.has(register));
            if (lost.length === changed.length && wasReset) {
                say('LU1117', {
                    about: name,
                    history: [before.line],
                    data,
                    message: `${name} has lost registers that its driver did not save (${listed(texts)}): it was reset between suspend and resume.`,
                });
            } else if (changed.some(([register]) => register !== FRAME_SIZE)) {
                say('LU1115', {
                    about: name,
                    history: [before.line],
                    data,
                    message: `The driver of ${name} has started it with registers that differ from those when kernel ${before.boot + 1} suspended it (${listed(texts)}).`,
                });
            }
        },
        /** LU1116 */
        kstateVersion(name, found, expected): void {
            if (found > expected) {
                say('LU1116', {
                    about: name,
                    data: { state: name, version: found, known: expected },
                    message: `KSTATE loads "${name}", which was saved in version ${found}, by a description of version ${expected}: fields that this kernel does not know are read as those that follow them.`,
                });
            }
        },
        /** LU1118 */
        kstateDefault(name, field, version): void {
            say('LU1118', {
                about: `${name} ${field}`,
                data: { state: name, field, version },
                message: `KSTATE has no value for "${field}" of "${name}": the previous kernel saved version ${version}, without it. The driver goes on with its default.`,
            });
        },
        /** LU1119: a kernel has booted, and has not resumed a device that an earlier one suspended. */
        phase(phase): void {
            if (phase !== 'running') {
                return;
            }
            for (const [device, before] of [...suspended]) {
                if (before.boot < host.boot) {
                    suspended.delete(device);
                    say('LU1119', {
                        about: device.shape.name,
                        history: [before.line],
                        data: { device: device.shape.name, at: device.name },
                        message: `Kernel ${before.boot + 1} saved the state of ${device.shape.name}, and this kernel has not restored it: the device was initialized again, and its rings are lost.`,
                    });
                }
            }
        },
    };
});
