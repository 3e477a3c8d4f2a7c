/**
 * PCI functions of one kernel: the scan of the buses, and the live update state of each function (drivers/pci/probe.c).
 */
import { costId } from '../../machine/costs';
import { Device } from '../../machine/devices/device';
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledRecord, JournaledList } from '../../machine/journal';
import type { PciFunction } from '../../machine/pci/function';
import type { DriverEnv } from './driver-env';
import { hexDigits } from '../../text/text';

const PCI_SCAN = costId('pci_scan');
/** PCI_D0 */
const D0 = 0;
/**
 * Bits that pci_std_enable_acs() sets: source validation, request redirect, completion redirect, upstream forwarding.
 */
const ACS_ISOLATION = 0x1d;

/** A function that the scan has found (struct pci_dev). */
export class PciDev extends JournaledRecord {
    /** Address of its entry for the next kernel; 0: it is not preserved. */
    readonly outgoing: number = 0;
    /** Address of its entry from the previous kernel; 0: it is an ordinary device. */
    readonly incoming: number = 0;
    /** The shutdown has reached it: nothing is preserved any more. */
    readonly frozen: boolean = false;

    constructor(
        journal: Journal,
        readonly fn: PciFunction,
        readonly upstream: PciDev | null,
    ) {
        super(journal);
    }

    get domain(): number {
        return this.fn.segment;
    }

    /** A virtual function of another device (SR-IOV). */
    get isVirtual(): boolean {
        return this.fn instanceof Device && this.fn.shape.physical !== '';
    }

    /** The bridge above isolates it in a way that only a quirk knows (pci_dev_specific_enable_acs()). */
    get acsByQuirk(): boolean {
        return this.fn instanceof Device && this.fn.shape.acs === 'quirk';
    }

    display(): string {
        return `${this.fn.isBridge ? 'bridge' : 'device'} ${this.fn.name}`;
    }

    hash(hasher: Hasher): void {
        hasher
            .num(this.fn.requester)
            .num(this.outgoing)
            .num(this.incoming)
            .u32(this.frozen ? 1 : 0);
    }
}

export class KernelPci extends JournaledRecord {
    /** In the order of the scan: bridges, then devices. */
    readonly devs: JournaledList<PciDev>;
    /** The scan has kept the numbers of the buses, regardless of the command line. */
    readonly inherited: boolean = false;

    constructor(private readonly k: DriverEnv) {
        super(k.machine.journal);
        this.devs = new JournaledList(k.machine.journal);
    }

    of(fn: PciFunction): PciDev | undefined {
        return this.devs.items.find((d) => d.fn === fn);
    }

    /** The devices, without bridges. */
    get endpoints(): readonly Device[] {
        return this.devs.items.flatMap(({ fn }) => (fn instanceof Device ? [fn] : []));
    }

    /** pci_get_domain_bus_and_slot() */
    find(domain: number, bdf: number): PciDev | undefined {
        return this.devs.items.find((d) => d.domain === domain && d.fn.requester === bdf);
    }

    /** The order of shutdown, as in device_shutdown(): the newest first, devices before the bridges above them. */
    get shutdownOrder(): readonly PciDev[] {
        const newest = this.devs.items.toReversed();
        return [...newest.filter((d) => !d.fn.isBridge), ...newest.filter((d) => d.fn.isBridge)];
    }

    /**
     * pci_scan_child_bus() from the root on. `pci=assign-busses` renumbers all buses.
     * @param inherit buses keep their numbers: a bridge with inconsistent numbers is cleared, and nothing below it is
     * scanned
     */
    scan(inherit: boolean): void {
        const { k } = this;
        const { pci } = k.machine;
        const found = [...pci.bridges, ...pci.devices].filter((f) => f.present);
        if (pci.devices.length === 0) {
            return;
        }
        k.journal.edit<KernelPci>(this).inherited = inherit;
        const assign = !inherit && k.commandLine.assignBuses;
        if (assign) {
            const before = pci.devices.map((d) => d.requester);
            this.number(null, 0, found);
            for (const [i, device] of pci.devices.entries()) {
                if (device.present && device.requester !== before[i]) {
                    pci.observer?.changed(device, { kind: 'renumbered', before: before[i] ?? 0 });
                }
            }
        }
        k.clock.charge(PCI_SCAN, found.length);
        for (const fn of found) {
            this.add(fn, inherit);
        }
    }

    /** Numbers the bridges on a bus and the buses below them. @returns the highest assigned number */
    private number(above: PciFunction | null, highest: number, found: readonly PciFunction[]): number {
        let last = highest;
        for (const bridge of found.filter((f) => f.isBridge && f.upstream === above)) {
            const secondary = last + 1;
            bridge.setBuses(above ? above.secondaryBus : 0, secondary, 0xff);
            last = this.number(bridge, secondary, found);
            bridge.setBuses(above ? above.secondaryBus : 0, secondary, last);
        }
        return last;
    }

    /** Adds a function. @returns undefined if nothing below its bridge is scanned */
    add(fn: PciFunction, inherit: boolean): PciDev | undefined {
        const { k } = this;
        const upstream = fn.upstream ? this.of(fn.upstream) : null;
        if (upstream === undefined || (upstream && upstream.fn.secondaryBus === 0)) {
            return undefined;
        }
        if (fn.isBridge && inherit && !fn.busesFit) {
            k.klog(
                'err',
                `pci ${fn.name}: bridge configuration invalid ([bus ${hexDigits(fn.secondaryBus, 2)}-${hexDigits(fn.subordinateBus, 2)}]), disabling it`,
            );
            fn.setBuses(0, 0, 0);
        }
        // pci_msix_init(): a crashed kernel has left them on
        if (k.commandLine.crashKernel && fn instanceof Device) {
            fn.msix.enable(false);
        }
        const dev = new PciDev(k.journal, fn, upstream);
        this.devs.push(dev);
        return dev;
    }

    /**
     * Makes the bridges forward requests from below, and isolate the devices if there is an IOMMU; bridges that did so
     * all the time are not changed.
     */
    enableBridges(isolate: boolean): void {
        for (const { fn, incoming } of this.devs) {
            if (fn.isBridge && incoming === 0) {
                fn.setPower(D0);
                fn.setBusMaster(true);
                fn.setAriForwarding(true);
                fn.setAcs(isolate ? ACS_ISOLATION : 0);
            }
        }
    }

    /**
     * Functions that the IOMMU cannot distinguish or isolate (pci_device_group() in drivers/iommu/iommu.c): everything
     * below a bridge without isolation, and the functions of one device except virtual ones.
     */
    group(device: Device): readonly Device[] {
        const open = device.path.findLast((bridge) => (bridge.acs & ACS_ISOLATION) !== ACS_ISOLATION);
        const slot = (d: Device): number => d.requester >> 3;
        return this.endpoints.filter((d) =>
            open
                ? d.path.includes(open)
                : d === device || (d.shape.physical === '' && device.shape.physical === '' && slot(d) === slot(device)),
        );
    }

    hash(hasher: Hasher): void {
        hasher.u32(this.inherited ? 1 : 0);
        for (const d of this.devs) {
            d.hash(hasher);
        }
    }
}
