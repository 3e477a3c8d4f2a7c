/** The way from a panic into a capture kernel: no shutdown, no reset, no handover (kernel/crash_core.c). */
import { costId } from '../../machine/costs';
import type { CrashImage } from '../../kernel/kho/kexec-image';
import type { Host } from './host';
import { loseKernel } from './kernel-end';
import { startKernel } from './kexec';

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
