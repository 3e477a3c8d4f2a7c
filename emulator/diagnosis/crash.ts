/** Capture kernels: why there is no dump, and what a dump costs. */
import { JournaledMap } from '../machine/journal';
import { hex, sizeText } from '../text/text';
import { ruleFile } from './rules';

export const crashRules = ruleFile(['LU1140', 'LU1141', 'LU1142', 'LU1143', 'LU1144'], ({ host, say }) => {
    /** Devices whose aborted requests were reported, by the number of the boot. */
    const told = new JournaledMap<string, true>(host.machine.journal);
    return {
        captureFaulted(fdt): void {
            say('LU1140', {
                about: 'capture kernel',
                data: { fdt: hex(fdt) },
                message: `The capture kernel was given the handover of the kernel that has crashed, and faults: the FDT at ${hex(fdt)} lies outside the memory of crashkernel=. There is no dump.`,
            });
        },
        phase(phase): void {
            const { kernel } = host;
            if (phase !== 'running' || !kernel) {
                return;
            }
            const { commandLine, kho, crashKernel, machine } = kernel;
            const { plain, high } = commandLine.crashKernelMemory;
            if (commandLine.crashKernel && kho.enabled && kho.scratch.length > 0) {
                const scratch = kho.scratch.reduce((sum, a) => sum + a.size, 0);
                say('LU1141', {
                    about: 'scratch',
                    data: { scratch, memory: machine.ramSize },
                    message: `The capture kernel has reserved ${sizeText(scratch)} of its ${sizeText(machine.ramSize)} as scratch for a live update that cannot follow.`,
                });
            } else if (!commandLine.crashKernel && (plain ?? high) !== undefined && crashKernel.length === 0) {
                const from = kho.isKhoBoot
                    ? ' Until the page allocator runs, a kernel behind a live update can allocate only from scratch, and no scratch area has room.'
                    : '';
                say('LU1142', {
                    about: 'crashkernel',
                    data: { wanted: plain ?? high ?? '', kho: kho.isKhoBoot },
                    message: `This kernel has no memory for a capture kernel: crashkernel=${plain ?? high ?? ''} could not be reserved.${from}`,
                });
            }
        },
        lost(how): void {
            const { kernel } = host;
            if (how === 'panic' && kernel && kernel.crashKernel.length > 0 && kernel.crashImage === null) {
                const behind = kernel.boot > 0 ? ' The image that the previous kernel had loaded ended with it.' : '';
                say('LU1143', {
                    about: 'panic',
                    data: { kernel: kernel.desc.name, boot: kernel.boot },
                    message: `The kernel panics, and no capture kernel is loaded into the memory of crashkernel=: there is no dump.${behind}`,
                });
            }
        },
        iommuFault(device, iova, write): void {
            const name = device.shape.name;
            const key = `${name} ${host.boot}`;
            if (host.commandLine?.crashKernel !== true || told.has(key)) {
                return;
            }
            told.set(key, true);
            say('LU1144', {
                about: name,
                data: { device: name, iova: hex(iova), write },
                message: `The capture kernel's IOMMU driver does not continue with the tables of the crashed kernel: the ${write ? 'write' : 'read'} of ${name} at ${hex(iova)} is aborted. The device can fail before the dump is written.`,
            });
        },
    };
});
