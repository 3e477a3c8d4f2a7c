/** The way from a panic into a capture kernel: no shutdown, no reset, no handover (kernel/crash_core.c). */
import { readCoreHeader } from '../../kernel/crash/core-header';
import { type Err, err } from '../../kernel/release/errno';
import { costId } from '../../machine/costs';
import type { CrashImage } from '../../kernel/kho/kexec-image';
import type { Host } from './host';
import { loseKernel } from './kernel-end';
import { startKernel } from './kexec';

const VMCORE = costId('vmcore');
const JUMP = costId('jump');

/**
 * __crash_kexec(): the image starts in the memory of `crashkernel=`. Devices and the tables of the IOMMU stay as the
 * panicking kernel had set them.
 */
export function crashKexec(host: Host, { parameters }: CrashImage): void {
    loseKernel(host, 'panic');
    host.machine.clock.charge(JUMP);
    startKernel(host, parameters);
}

/** Reads all of /proc/vmcore. @returns its bytes of memory; ENOENT in a kernel that is not a capture kernel */
export function saveVmcore(host: Host): number | Err {
    const { commandLine, machine } = host.running;
    const memory = commandLine.crashKernel ? readCoreHeader(machine, commandLine.coreHeader) : undefined;
    if (!memory) {
        return err('ENOENT');
    }
    const size = memory.runs.reduce((sum, r) => sum + r.size, 0);
    machine.clock.chargeBytes(VMCORE, size);
    host.log('info', `kdump: saving vmcore, ${Math.floor(size / 2 ** 20)} MiB of memory`);
    host.tell((l) => l.dumped?.(memory));
    return size;
}
