/** The PCI buses as a tree, with the owner of each device: a driver, user space, or LUO during a live update. */
import type { PciDev } from '../kernel/devices/pci';
import type { Kernel } from '../kernel/kernel';
import { Device } from '../machine/devices/device';
import type { Machine } from '../machine/machine';
import type { PciFunction } from '../machine/pci/function';
import { hex, hexDigits } from '../text/text';
import { group, leaf, type Item } from './item';

/** The owner of a function in the running kernel. */
export function ownerOf(kernel: Kernel | null, f: PciFunction): string {
    const dev = kernel?.devices.pci.of(f);
    if (!f.present) {
        return 'none: not plugged in';
    }
    if (!kernel || !dev) {
        return kernel ? 'none: not found by the bus scan' : 'none: no kernel is running';
    }
    if (!(f instanceof Device)) {
        return dev.outgoing !== 0
            ? 'luo: preserved for devices below it'
            : dev.incoming !== 0
              ? 'luo: kept for devices below it'
              : 'the kernel';
    }
    const b = kernel.devices.of(f);
    if (b?.frozen === true) {
        return 'luo: frozen';
    }
    if (dev.outgoing !== 0) {
        return `luo: preserved${b?.iommufd ? ', bound to an iommufd' : ''}`;
    }
    if (dev.incoming !== 0) {
        return b?.iommufd
            ? 'iommufd: from the previous kernel, not finished'
            : b && b.vfio < 0 && b.driver !== ''
              ? `driver ${b.driver}, although it was preserved`
              : 'luo: from the previous kernel, waits to be bound';
    }
    return b?.iommufd ? 'iommufd' : b && b.driver !== '' ? `driver ${b.driver}` : 'none';
}

/** The live update entries of a function. */
function liveUpdateItems(dev: PciDev | undefined): Item[] {
    const entry = (name: string, pa: number): Item[] =>
        pa === 0 ? [] : [{ name, value: `entry at ${hex(pa)}`, address: pa }];
    return dev ? [...entry('outgoing', dev.outgoing), ...entry('incoming', dev.incoming)] : [];
}

/** The topology of root ports, bridges and devices. */
export function busItem({ pci }: Machine, kernel: Kernel | null): Item {
    const all: readonly PciFunction[] = [...pci.bridges, ...pci.devices];
    const item = (f: PciFunction): Item => {
        const below = all.filter((o) => o.upstream === f);
        const what =
            f instanceof Device
                ? `${f.shape.physical === '' ? f.kind : `virtual function of ${f.shape.physical}`} ${f.shape.name}, ${f.running ? 'running' : 'idle'}`
                : `${f.upstream ? 'bridge' : 'root port'} to bus ${hexDigits(f.secondaryBus, 2)}`;
        const text = `${what}; ${ownerOf(kernel, f)}`;
        const entries = liveUpdateItems(kernel?.devices.pci.of(f));
        return below.length + entries.length === 0
            ? leaf(f.name, text)
            : group(f.name, text, () => [...entries, ...below.map(item)]);
    };
    const inherited =
        kernel?.devices.pci.inherited === true ? 'numbers inherited from the previous kernel' : 'PCI topology';
    return group('PCI', inherited, () => all.filter((f) => !f.upstream).map(item));
}
