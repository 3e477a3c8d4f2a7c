/**
 * PCI devices during a live update: a second owner, a removed device, a device that no longer works, a changed bus
 * number.
 */
import { VfioFile } from '../kernel/devices/vfio';
import { Err } from '../kernel/release/errno';
import type { Device } from '../machine/devices/device';
import { formatBdf } from '../machine/pci/address';
import type { DeviceChange } from '../machine/pci/bus';
import { JournaledMap } from '../machine/journal';
import { deviceKey } from './chronicle';
import { ruleFile } from './rules';
import { hex } from '../text/text';

const address = (requester: number): string =>
    formatBdf({ segment: 0, bus: requester >> 8, device: (requester >> 3) & 31, fn: requester & 7 });

/** Why a device no longer works, as a clause. */
function reasonOf(device: Device): string {
    const above = device.path.find((b) => !b.busMaster);
    if (!device.running) {
        return 'it was stopped or reset';
    }
    return device.power !== 0
        ? `it was put into D${device.power === 3 ? '3hot' : device.power}`
        : above
          ? `the bridge ${above.name} above it no longer forwards requests`
          : 'its bus master bit was cleared';
}

function changeText(device: Device, change: DeviceChange): string {
    switch (change.kind) {
        case 'taken':
            return `the driver ${change.driver} binds to it`;
        case 'unplugged':
            return 'unplugged';
        case 'renumbered':
            return `renumbered from ${address(change.before)} to ${address(device.requester)}`;
    }
}

export const pciRules = ruleFile(['LU1040', 'LU1041', 'LU1042', 'LU1043'], ({ host, chronicle, say }) => {
    /** Devices that were preserved and working at the last jump. */
    const working = new JournaledMap<string, true>(host.machine.journal);
    return {
        /** The history of a device contains the callbacks of its handler. */
        callbackLeft(call, result): void {
            const file = call.kind === 'handler' ? call.args?.file : undefined;
            if (call.kind === 'handler' && call.args && file?.priv instanceof VfioFile) {
                const { session, luoFile } = call.args;
                const failed = result instanceof Err ? ` failed with ${result.name}` : '';
                chronicle.note(
                    deviceKey(file.priv.device.device.shape.name),
                    `${call.name} for token ${hex(luoFile.token)} of session "${session.name}"${failed}`,
                );
            }
        },
        /** LU1043: preserved devices must keep working from the jump until the next kernel is up. */
        phase(phase): void {
            if (phase === 'jump') {
                working.clear();
                for (const device of host.machine.pci.devices) {
                    const outgoing = host.kernel?.devices.pci.of(device)?.outgoing ?? 0;
                    if (outgoing !== 0 && device.running && device.reachesMemory) {
                        working.set(device.shape.name, true);
                    }
                }
            }
        },
        callReturned(work): void {
            if (work.kind === 'boot') {
                for (const name of working.keys()) {
                    const device = host.machine.pci.device(name);
                    if (device?.present === true && !(device.running && device.reachesMemory)) {
                        say('LU1043', {
                            about: name,
                            data: { device: name, at: device.name },
                            history: chronicle.of(deviceKey(name)),
                            message: `${name} (${device.name}) was preserved and working at the kexec, but no longer works: ${reasonOf(device)} while this kernel booted. The process that retrieves the device assumes that it never stopped.`,
                        });
                    }
                }
                working.clear();
            }
        },
        deviceChanged(device, change): void {
            const { name } = device.shape;
            const dev = host.kernel?.devices.pci.of(device);
            const { incoming = 0, outgoing = 0 } = dev ?? {};
            const data = { device: name, at: device.name };
            chronicle.note(deviceKey(name), changeText(device, change));
            if (change.kind === 'taken' && incoming !== 0) {
                say('LU1040', {
                    about: name,
                    data: { ...data, driver: change.driver, entry: hex(incoming) },
                    history: chronicle.of(deviceKey(name)),
                    message: `The driver ${change.driver} binds to ${name} (${device.name}) and resets it, although the previous kernel preserved the device: its file cannot be retrieved any more, and the work that it was doing is lost.`,
                });
            } else if (change.kind === 'unplugged' && (outgoing !== 0 || incoming !== 0)) {
                say('LU1041', {
                    about: name,
                    data: { ...data, entry: hex(outgoing === 0 ? incoming : outgoing) },
                    history: chronicle.of(deviceKey(name)),
                    message:
                        outgoing === 0
                            ? `${name} (${device.name}) is unplugged before its session is finished: the device cannot be retrieved, and the session cannot be finished.`
                            : `${name} (${device.name}) is unplugged while it is preserved: the next kernel finds no device at this address, so its file cannot be retrieved.`,
                });
            } else if (change.kind === 'renumbered' && device.running && device.reachesMemory) {
                const now = address(device.requester);
                say('LU1042', {
                    about: name,
                    data: { ...data, before: address(change.before), now },
                    history: chronicle.of(deviceKey(name)),
                    message: `The kernel renumbers the buses while ${name} is running: its address changes from ${address(change.before)} to ${now}. The IOMMU has its entry under the old address: the requests of the device are refused, or translated with the tables of another device.`,
                });
            }
        },
    };
});
