/**
 * The device model of a kernel, as needed for DMA: PCI devices found at boot, the driver of the IOMMU, bound drivers,
 * and the shutdown at a kexec. Linux 7.2 and 7.3 preserve none of it (drivers/pci/pci-driver.c, pci_device_shutdown();
 * drivers/iommu/intel/iommu.c, intel_iommu_shutdown(); drivers/iommu/amd/init.c, disable_iommus(); arm-smmu-v3.c,
 * arm_smmu_device_shutdown()).
 */
import { costId } from '../../machine/costs';
import { Device, type DriverChoice } from '../../machine/devices/device';
import type { Program } from '../../machine/devices/model';
import type { NvmeController, QueuePair } from '../../machine/devices/nvme';
import type { Hasher } from '../../machine/hash';
import type { Iommu } from '../../machine/iommu/iommu';
import type { IommuVendor } from '../../machine/iommu/unit';
import { JournaledRecord, JournaledList, JournaledMap } from '../../machine/journal';
import { err, Err } from '../release/errno';
import { hasSeries } from '../release/layers';
import { BoundDevice } from './bound';
import { copyTables, CRASHED_TABLES_LOG, type CrashedTables, fateOfTables } from './crashed-tables';
import { Domain, type DomainKind } from './domain';
import { DomainIds } from './domain-ids';
import type { DriverEnv } from './driver-env';
import { type IommuDriver, IommuUnit } from './iommu-unit';
import { KernelInterrupts } from './interrupts';
import type { DeviceSettings } from './parameters';
import { KernelPci, type PciDev } from './pci';
import { IommuTables } from './tables';

const ENOMEM = err('ENOMEM');
const DEVICE_RESET = costId('device_reset');

/** Whether the driver of an IOMMU uses its hardware. That of the SMMUv3 always does. */
const DRIVER_WANTED: Readonly<Record<IommuVendor, (line: DeviceSettings) => boolean>> = {
    vtd: (line) => !line.iommuOff && line.intelIommu,
    amd: (line) => !line.iommuOff && line.amdIommu,
    smmuv3: () => true,
};

/** D3hot, the state of a vfio-pci device that is not open (drivers/vfio/pci/vfio_pci_core.c). */
const D3HOT = 3;
/** Number of faults that the kernel logs before the rate limit (that of drivers/iommu/intel/dmar.c and others). */
const LOGGED_FAULTS = 10;

/** What the devices of a kernel need from outside of this directory. */
export interface DeviceEnv extends DriverEnv {
    readonly devices: KernelDevices;
}

export class KernelDevices extends JournaledRecord implements IommuDriver {
    readonly pci: KernelPci;
    readonly bound: JournaledList<BoundDevice>;
    readonly interrupts: KernelInterrupts;
    readonly ids: DomainIds;
    readonly unit: IommuUnit;
    /** Devices that continue with a domain of the previous kernel. */
    private readonly inheritors: JournaledMap<Device, Domain>;
    readonly loggedFaults: number = 0;
    /** Of a capture kernel: what its IOMMU driver did with the tables that it found in use. */
    readonly crashedTables: CrashedTables | null = null;

    constructor(private readonly k: DriverEnv) {
        super(k.machine.journal);
        this.pci = new KernelPci(k);
        this.bound = new JournaledList(k.machine.journal);
        this.interrupts = new KernelInterrupts(k, this);
        this.ids = new DomainIds(k.machine.journal, hasSeries(k.desc.layers, 'iommu'));
        this.unit = new IommuUnit(k, this);
        this.inheritors = new JournaledMap(k.machine.journal);
    }

    get iommu(): Iommu | null {
        return this.k.machine.pci.iommu;
    }

    of(device: Device): BoundDevice | undefined {
        return this.bound.items.find((b) => b.device === device);
    }

    /** The device of /dev/vfio/devices/vfioN. */
    vfio(number: number): BoundDevice | undefined {
        return this.bound.items.find((b) => b.vfio === number);
    }

    // ------------------------------------------------------------ boot

    /** There is an IOMMU with devices behind it, and the command line does not disable its driver. */
    get iommuWanted(): boolean {
        const { k, iommu } = this;
        return iommu !== null && k.machine.pci.devices.length > 0 && DRIVER_WANTED[iommu.format.vendor](k.commandLine);
    }

    /**
     * The IOMMU's driver builds its own tables (rootfs_initcall): every device gets a domain, and translation is turned
     * on.
     */
    startIommu(): void {
        const { k, iommu } = this;
        if (iommu?.enabled === true && this.iommuWanted && k.commandLine.crashKernel && this.takeCrashedTables(iommu)) {
            return;
        }
        const root = iommu && this.iommuWanted ? iommu.format.makeRoot(new IommuTables(k)) : -1;
        this.addDevices(root);
        if (iommu && root > 0) {
            iommu.setRoot(root);
            iommu.invalidateContext();
            iommu.tlb.invalidate();
            iommu.setEnabled(true);
            k.klog(
                'info',
                `iommu: Default domain type: ${this.defaultKind === 'paging' ? 'Translated' : 'Passthrough'}`,
            );
        }
    }

    /**
     * A capture kernel: devices go on by the tables of the crashed kernel, until a driver attaches them to a domain of
     * this one. @returns false: this driver needs tables of its own
     */
    private takeCrashedTables(iommu: Iommu): boolean {
        const { k } = this;
        const { machine } = k;
        const fate = fateOfTables(iommu.format.vendor, k.desc.version);
        const root =
            fate === 'reused' ? iommu.root : fate === 'copied' ? copyTables(machine, iommu, new IommuTables(k)) : -1;
        const became = root < 0 ? 'replaced' : fate;
        k.klog('info', CRASHED_TABLES_LOG[iommu.format.vendor][became]);
        k.journal.edit<KernelDevices>(this).crashedTables = became;
        if (root < 0) {
            return false;
        }
        for (const { requester } of machine.pci.devices) {
            const target = iommu.format.lookup(machine, root, requester, []);
            if (!('fault' in target)) {
                this.ids.reserve(target.domain);
            }
        }
        for (const device of this.pci.endpoints) {
            this.add(device, true);
        }
        iommu.setRoot(root);
        iommu.invalidateContext();
        iommu.tlb.invalidate();
        return true;
    }

    /** Claims a device that will be found later and continues with a domain of the previous kernel. */
    inherit(device: Device, domain: Domain): void {
        this.inheritors.set(device, domain);
    }

    /** Continues with the tables of the hardware. */
    resumeIommu(root: number): void {
        const { iommu, k } = this;
        this.addDevices(root);
        for (const b of this.bound) {
            if (!b.inherited) {
                iommu?.invalidateContext(b.device.requester);
            }
        }
        k.klog(
            'info',
            `iommu: translation has stayed on: ${this.inheritors.size} devices go on by ${this.unit.restored.length} domains of the previous kernel`,
        );
    }

    /** Every device gets a domain, in the tables at `root`; −1: there is no translation. */
    private addDevices(root: number): void {
        const { k, iommu } = this;
        const on = iommu !== null && root > 0;
        for (const device of this.pci.endpoints) {
            const b = this.add(device, on);
            const inherited = this.inheritors.get(device);
            if (inherited) {
                const e = k.journal.edit(b);
                e.domain = inherited;
                e.inherited = inherited;
                device.meant(inherited);
            } else if (on && b.own.prepare()) {
                iommu.format.attach(new IommuTables(k), root, device.requester, b.own.attachment);
            }
        }
    }

    /** Drivers bind to their devices (device_initcall). */
    probe(): void {
        this.pci.enableBridges(this.iommu?.enabled === true);
        for (const b of this.bound) {
            // a device that was resumed has its memory: it is not reset
            if (!b.memory) {
                this.probeDevice(b);
            }
        }
    }

    /**
     * The driver of a suspended device takes over the folio of its rings, at the address that the device knows.
     * @returns ENOMEM: no memory for a table; EINVAL: an address that cannot be mapped
     */
    adopt(b: BoundDevice, pfn: number, iova: number): undefined | Err {
        const { k } = this;
        const order = k.memmap.orderOf(pfn);
        const pa = pfn * k.page.size;
        if (b.own.translated ? iova < 0 || iova % k.page.size > 0 : iova !== pa) {
            return err('EINVAL');
        }
        const owner = k.memmap.ownerOf(pfn);
        if (!b.own.map([{ iova, pa, length: k.page.size * 2 ** order, owner }])) {
            return ENOMEM;
        }
        k.machine.pci.observer?.changed(b.device, { kind: 'taken', driver: b.driver });
        k.journal.edit(b).memory = { pfn, order, iova };
        return undefined;
    }

    /** Undoes {@link adopt}, without freeing the folio. */
    abandon(b: BoundDevice): void {
        const { memory } = b;
        if (memory) {
            b.own.unmap({ iova: memory.iova, length: this.k.page.size * 2 ** memory.order });
            this.k.journal.edit(b).memory = null;
        }
    }

    /** The initial RAM disk of a capture kernel has no drivers but those for the dump: devices are left alone. */
    private add(
        device: Device,
        translated: boolean,
        choice: DriverChoice = this.k.commandLine.crashKernel ? 'none' : device.driver,
    ): BoundDevice {
        const { k } = this;
        const vfio = choice === 'vfio' && translated ? 1 + Math.max(-1, ...this.bound.items.map((b) => b.vfio)) : -1;
        const noIommu =
            choice === 'vfio' && !translated && k.commandLine.vfioNoIommu
                ? 1 + Math.max(-1, ...this.bound.items.map((b) => b.noIommu))
                : -1;
        const driver = choice === 'native' ? device.kind : vfio >= 0 || noIommu >= 0 ? 'vfio-pci' : '';
        const b = new BoundDevice(
            k.journal,
            device,
            driver,
            this.newDomain(translated ? this.defaultKind : 'identity', `the kernel (${device.shape.name})`),
            vfio,
            noIommu,
        );
        this.bound.push(b);
        return b;
    }

    /** A device was plugged in: pciehp finds it, and its driver binds to it. No effect if the bus above is unknown. */
    private plugged(device: Device): void {
        if (this.pci.add(device, false)) {
            const on = this.iommu?.enabled === true;
            const b = this.add(device, on);
            this.attach(b, b.own);
            this.probeDevice(b);
        }
    }

    /** A device was removed. Its open files stay open, but have no effect any more. */
    private unplugged(device: Device): void {
        const b = this.of(device);
        const dev = this.pci.of(device);
        if (b && dev) {
            this.k.machine.pci.observer?.changed(device, { kind: 'unplugged' });
            this.leave(b);
            this.bound.remove(b);
            this.pci.devs.remove(dev);
        }
    }

    /** Unplugs a device, and its virtual functions with it. */
    pullOut(device: Device): void {
        const { devices } = this.k.machine.pci;
        for (const gone of devices.filter((d) => d === device || d.shape.physical === device.shape.name)) {
            this.unplugged(gone);
            gone.plug(false);
        }
    }

    /** Plugs a device in again: its state is that after power-on. No effect if it is plugged in. */
    plugIn(device: Device): void {
        if (!device.present) {
            device.plug(true);
            this.plugged(device);
        }
    }

    /** Unbinds the device from a driver of the kernel, or from vfio-pci. */
    private leave(b: BoundDevice): void {
        const { memory } = b;
        this.interrupts.release(b.device);
        this.attach(b, this.newDomain('blocked', `no driver (${b.device.shape.name})`));
        if (memory) {
            this.abandon(b);
            this.k.pages.free(memory.pfn, memory.order);
        }
    }

    /**
     * Binds another driver, as an administrator does in /sys/bus/pci. The PCI core refuses no driver for an inherited
     * device.
     * @returns EBUSY: the device is open, or its DMA is claimed since the previous kernel
     */
    bind(b: BoundDevice, driver: DriverChoice): undefined | Err {
        const { device } = b;
        if (b.iommufd || b.inherited) {
            return err('EBUSY');
        }
        this.leave(b);
        this.bound.remove(b);
        const next = this.add(device, this.iommu?.enabled === true, driver);
        this.attach(next, next.own);
        this.probeDevice(next);
        return undefined;
    }

    private get defaultKind(): DomainKind {
        return this.k.commandLine.iommuPassthrough ? 'identity' : 'paging';
    }

    private probeDevice(b: BoundDevice): void {
        const { device } = b;
        const { k } = this;
        if (b.driver === 'vfio-pci') {
            const incoming = this.pci.of(device)?.incoming;
            if (incoming === 0) {
                device.setPower(D3HOT);
            }
            if (b.noIommu >= 0) {
                k.klog('warn', `vfio-pci ${device.name}: Adding kernel taint for vfio-noiommu group on device`);
            }
            const node = b.noIommu >= 0 ? `noiommu-${b.noIommu}` : `devices/vfio${b.vfio}`;
            k.klog(
                'info',
                `vfio-pci ${device.name}: bound, /dev/vfio/${node}${incoming === 0 ? '' : ', left as the previous kernel preserved it'}`,
            );
        } else if (b.driver !== '') {
            k.machine.pci.observer?.changed(device, { kind: 'taken', driver: b.driver });
            device.setPower(0);
            device.reset();
            k.clock.charge(DEVICE_RESET);
            device.enable();
            const order = Math.ceil(Math.log2(device.defaults({ base: 0 }).length / k.page.size));
            const pfn = k.pages.alloc(order, { owner: k.owners.id(`rings of ${device.shape.name}`), zero: true });
            const iova = pfn < 0 ? ENOMEM : this.dmaMap(b, pfn * k.page.size, k.page.size * 2 ** order);
            if (iova instanceof Err) {
                k.klog('err', `${b.driver} ${device.name}: probe failed with error -12`);
                return;
            }
            k.journal.edit(b).memory = { pfn, order, iova };
            const failed = this.interrupts.request(device, device.msix.length, device.shape.name);
            if (failed) {
                k.klog('err', `${b.driver} ${device.name}: no interrupts: ${failed.name}`);
            }
            device.setBusMaster(true);
            k.klog(
                'info',
                `${b.driver} ${device.name}: enabling bus mastering, ${this.interrupts.of(device).length} vectors`,
            );
        }
    }

    newDomain(kind: DomainKind, name: string): Domain {
        const { k } = this;
        return new Domain(k, this.iommu, k.boot, kind, this.ids.take(), name);
    }

    /** Frees a domain without attached devices, and its tables. */
    destroyDomain(domain: Domain, flush = true): void {
        domain.destroy(flush);
        this.ids.give(domain.id);
    }

    // ------------------------------------------------------------ the DMA API

    /**
     * dma_map_single() of memory that has an owner.
     * @returns its address for the device; ENOMEM: no address space, or no memory for a table
     */
    dmaMap(b: BoundDevice, pa: number, length: number): number | Err {
        const { k } = this;
        const iova = b.own.translated ? b.own.findIova(length) : pa;
        const owner = k.memmap.ownerOf(k.memmap.headOf(pa / k.page.size));
        return iova >= 0 && b.own.map([{ iova, pa, length, owner }]) ? iova : ENOMEM;
    }

    /** dma_unmap_single(). @returns EINVAL if nothing is mapped there */
    dmaUnmap(b: BoundDevice, iova: number): undefined | Err {
        const area = b.own.areaAt(iova);
        if (!area || area.iova !== iova) {
            return err('EINVAL');
        }
        b.own.unmap(area);
        return undefined;
    }

    /** The driver, in the kernel or in user space, starts the device. */
    start(b: BoundDevice, program: Program): void {
        const { device, domain } = b;
        this.ready(b);
        device.start(program, domain, domain.put);
    }

    /** The driver, in the kernel or in user space, creates the queues of an NVMe disk. */
    createQueues(b: BoundDevice, disk: NvmeController, queues: QueuePair): void {
        this.ready(b);
        b.device.createQueues(disk, queues, b.domain);
    }

    /** A driver in user space or in a guest sets up configuration space and interrupts itself. */
    private ready({ device, iommufd, noIommu }: BoundDevice): void {
        if (iommufd || (noIommu >= 0 && device.power === 0)) {
            if (!device.msix.enabled) {
                this.interrupts.request(device, device.msix.length, `vfio ${device.shape.name}`);
            }
            device.setBusMaster(true);
        }
    }

    // ------------------------------------------------------------ attachment

    /** Attaches a device to another domain. @returns false: no memory */
    attach(b: BoundDevice, domain: Domain): boolean {
        const { k, iommu } = this;
        if (!domain.prepare()) {
            return false;
        }
        if (
            iommu?.enabled &&
            !iommu.format.attach(new IommuTables(k), iommu.root, b.device.requester, domain.attachment)
        ) {
            return false;
        }
        iommu?.invalidateContext(b.device.requester);
        if (b.domain !== b.inherited || !k.desc.flaws.has('iommu_early_did')) {
            iommu?.tlb.invalidate(b.domain.id);
        }
        const e = k.journal.edit(b);
        e.domain = domain;
        e.inherited = null;
        b.device.meant(domain);
        return true;
    }

    // ------------------------------------------------------------ shutdown

    /** The driver's .shutdown(), for those that have one. */
    shutdownDriver({ fn }: PciDev): void {
        const b = fn instanceof Device ? this.of(fn) : undefined;
        if (b && b.driver !== '' && b.driver !== 'vfio-pci' && b.device.hasShutdown) {
            b.device.stop();
        }
    }

    /** Shutdown of the IOMMU: turns translation off. */
    stopIommu(): void {
        if (this.bound.length > 0 && this.k.desc.iommuShutdown) {
            this.iommu?.setEnabled(false);
        }
    }

    /** The IOMMU has raised its fault interrupt. */
    faulted(device: Device): void {
        const fault = this.iommu?.faults.items.at(-1);
        const { iommu, k } = this;
        // a capture kernel leaves the event queue of an SMMUv3 off
        const silent = k.commandLine.crashKernel && iommu?.format.vendor === 'smmuv3';
        if (!fault || !iommu || silent || this.loggedFaults >= LOGGED_FAULTS) {
            return;
        }
        k.journal.edit<KernelDevices>(this).loggedFaults++;
        k.klog('err', iommu.format.message({ ...fault, device: device.bdf }));
    }

    hash(hasher: Hasher): void {
        this.pci.hash(hasher);
        this.ids.hash(hasher);
        this.unit.hash(hasher);
        hasher.num(this.loggedFaults).str(this.crashedTables ?? '');
        this.interrupts.hash(hasher);
        for (const b of this.bound) {
            hasher
                .str(b.device.shape.name)
                .str(b.driver)
                .num(b.vfio)
                .num(b.noIommu)
                .num(b.memory?.iova ?? -1)
                .num(b.memory?.pfn ?? -1);
            b.own.hash(hasher);
            b.domain.hash(hasher);
            b.iommufd?.hash(hasher);
            hasher
                .num(b.hwpt?.id ?? 0)
                .num(b.preserved)
                .u32((b.inherited ? 1 : 0) + (b.frozen ? 2 : 0));
        }
    }
}
