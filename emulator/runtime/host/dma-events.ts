/** Reports DMA and IOMMU faults of the machine to the kernel and to the listeners of a run. */
import type { PciFunction } from '../../machine/pci/function';
import type { Device } from '../../machine/devices/device';
import type { DeviceMemoryEvent } from '../../machine/devices/device-memory';
import type { NvmeEvent } from '../../machine/devices/nvme';
import type { Delivery } from '../../machine/interrupts/delivery';
import type { DeviceChange, DmaObserver } from '../../machine/pci/bus';
import type { Kernel } from '../../kernel/kernel';
import type { Listener, Listeners } from '../listener';

/** The recipients: the running kernel, and listeners. */
export interface DmaAudience {
    readonly kernel: Kernel | null;
    readonly listeners: Listeners;
    tell(what: (listener: Listener) => void): void;
}

export function observeDma(host: DmaAudience): DmaObserver {
    const { listeners } = host;
    return {
        dma(device: Device, iova: number, pa: number, length: number, write: boolean): void {
            for (const l of listeners.active) {
                l.dma?.(device, iova, pa, length, write);
            }
        },
        walked(device: Device, iova: number, trail: readonly number[]): void {
            host.tell((l) => l.walked?.(device, iova, trail));
        },
        fault(device: Device, iova: number, write: boolean): void {
            host.kernel?.devices.faulted(device);
            host.tell((l) => l.iommuFault?.(device, iova, write));
        },
        interrupt(device: Device, vector: number, delivery: Delivery): void {
            const interrupts = host.kernel?.devices.interrupts;
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
            host.tell((l) => l.deviceChanged?.(device, change));
        },
        disk(device: Device, event: NvmeEvent): void {
            host.tell((l) => l.disk?.(device, event));
        },
        unanswered(device: Device, peer: Device, write: boolean): void {
            host.tell((l) => l.unanswered?.(device, peer, write));
        },
        bypassed(device: Device, peer: Device, bridge: PciFunction, address: number, write: boolean): void {
            host.tell((l) => l.bypassed?.(device, peer, bridge, address, write));
        },
        memory(device: Device, event: DeviceMemoryEvent): void {
            host.tell((l) => l.deviceMemory?.(device, event));
        },
        remapped(device: Device, vector: number, trail: readonly number[]): void {
            host.tell((l) => l.remapped?.(device, vector, trail));
        },
    };
}
