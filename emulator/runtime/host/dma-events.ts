/** DMA and what the IOMMU makes of it, on the way from the machine to the kernel and to the listeners of a run. */
import type { Device } from '../../machine/devices/device';
import type { Delivery } from '../../machine/interrupts/delivery';
import type { DeviceChange, DmaObserver } from '../../machine/pci/bus';
import type { Vm } from '../interpreter';

export function observeDma(vm: Vm): DmaObserver {
    const { listeners } = vm;
    return {
        dma(device: Device, iova: number, pa: number, length: number, write: boolean): void {
            for (const l of listeners.active) {
                l.dma?.(device, iova, pa, length, write);
            }
        },
        walked(device: Device, iova: number, trail: readonly number[]): void {
            vm.tell((l) => l.walked?.(device, iova, trail));
        },
        fault(device: Device, iova: number, write: boolean): void {
            vm.kernel?.devices.faulted(device);
            vm.tell((l) => l.iommuFault?.(device, iova, write));
        },
        interrupt(device: Device, vector: number, delivery: Delivery): void {
            const interrupts = vm.kernel?.devices.interrupts;
            if (delivery.outcome === 'refused') {
                interrupts?.refused();
            } else if (delivery.outcome === 'spurious') {
                interrupts?.unhandled(delivery.cpu, delivery.vector);
            }
            for (const l of listeners.active) {
                l.interrupt?.(device, vector, delivery);
            }
        },
        changed(device: Device, change: DeviceChange): void {
            vm.tell((l) => l.deviceChanged?.(device, change));
        },
        remapped(device: Device, vector: number, trail: readonly number[]): void {
            vm.tell((l) => l.remapped?.(device, vector, trail));
        },
    };
}
