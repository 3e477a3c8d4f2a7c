/**
 * Interrupts of devices in one kernel: vectors of its processors (arch/x86/kernel/apic/vector.c, kernel/irq/matrix.c),
 * and the entries of the IOMMU's remapping that lead to them (drivers/iommu/intel/irq_remapping.c,
 * drivers/iommu/amd/iommu.c).
 */
import type { CrashedTables } from './crashed-tables';
import type { Device } from '../../machine/devices/device';
import type { Hasher } from '../../machine/hash';
import { interruptWord, interruptWordAt } from '../../machine/interrupts/amd';
import { takeOne } from '../../machine/interrupts/descriptor';
import type { InterruptController } from '../../machine/interrupts/controller';
import { compatibleMessage, type Destination, type Message } from '../../machine/interrupts/message';
import type { Remapper } from '../../machine/interrupts/remapper';
import { onlyFrom, type InterruptEntry } from '../../machine/interrupts/remapping';
import { JournaledRecord, JournaledList, JournaledMap } from '../../machine/journal';
import { err, type Err } from '../release/errno';
import type { Iommu } from '../../machine/iommu/iommu';
import { LEAF_SIZE } from '../../machine/memory';
import { PostedInterrupts } from '../kvm/posted';
import type { VirtualMachine } from '../kvm/vm';
import type { DriverEnv } from './driver-env';
import { type IncomingIrq, Irq } from './irq';
import { IommuTables, TABLE_OWNER } from './tables';

/**
 * Vectors of a processor for devices: from FIRST_EXTERNAL_VECTOR to below FIRST_SYSTEM_VECTOR, except that of the
 * system call.
 */
const FIRST_VECTOR = 0x20;
const END_OF_VECTORS = 0xeb;
const SYSCALL_VECTOR = 0x80;
/**
 * Processors that a destination of 8 bits can name, for messages that are not remapped and for AMD's entries. The last
 * number would mean all of them.
 */
const SHORT_IDS = 255;
/** Events of an ITS are numbered after the other interrupts. */
const FIRST_LPI = 8192;
/** Vectors that guests assign to devices. */
const FIRST_GUEST_VECTOR = 0x30;
const GUEST_VECTORS = 0xc0;
const REMAPPING_TABLE = 'interrupt remapping table';
const TABLE = `${TABLE_OWNER} ${REMAPPING_TABLE}`;
/** Number of faults that the kernel logs before the rate limit. */
const LOGGED_FAULTS = 10;

/** What interrupts need from the translation of addresses. */
export interface Translation {
    readonly iommu: Iommu | null;
    /** The kernel uses it. */
    readonly iommuWanted: boolean;
    /** Of a capture kernel: what its IOMMU driver did with the tables that it found in use. */
    readonly crashedTables: CrashedTables | null;
    of(device: Device): { readonly domain: { readonly id: number } } | undefined;
}

export class KernelInterrupts extends JournaledRecord {
    readonly irqs: JournaledList<Irq>;
    /** Entries of the remapping table that are taken, by their keys. */
    private readonly entries: JournaledMap<number, Irq>;
    /** Tables of entries, by requester with AMD, otherwise one for all as number −1. */
    private readonly tables: JournaledMap<number, number>;
    /** Processors that this kernel has brought up. */
    readonly cpus: number = 0;
    readonly logged: number = 0;

    constructor(
        private readonly k: DriverEnv,
        private readonly devices: Translation,
    ) {
        super(k.machine.journal);
        this.irqs = new JournaledList(k.machine.journal);
        this.entries = new JournaledMap(k.machine.journal);
        this.tables = new JournaledMap(k.machine.journal);
    }

    private get controller(): InterruptController {
        return this.k.machine.pci.interrupts;
    }

    /** The unit that remaps, if it exists and is on. */
    private get remapper(): Remapper | null {
        const { remapper } = this.controller;
        return remapper?.enabled === true ? remapper : null;
    }

    // ------------------------------------------------------------ boot

    /**
     * The local APICs of the processors, and interrupt remapping if the IOMMU is on (`intremap=off` leaves it off). A
     * table that the previous kernel left enabled is not used: intel_setup_irq_remapping().
     */
    setup(): void {
        const { k, controller } = this;
        const { remapper } = controller;
        this.bringUp();
        if (!remapper) {
            return;
        }
        const { crashedTables } = this.devices;
        if (remapper.enabled && (crashedTables === 'copied' || crashedTables === 'reused')) {
            // the entries of the crashed kernel stay in force (iommu_load_old_irte(), early_enable_iommus())
            return;
        }
        if (remapper.enabled && !remapper.format.tableOfDevice) {
            k.klog('info', 'DMAR-IR: IRQ remapping was enabled on dmar0 but we are not in kdump mode');
        }
        remapper.setEnabled(false);
        remapper.invalidate();
        const { iommu } = this.devices;
        if (iommu?.enabled !== true || !this.devices.iommuWanted || !k.commandLine.interruptRemapping) {
            return;
        }
        if (remapper.format.tableOfDevice) {
            // a device table may have been handed over: its devices have no interrupt tables here
            for (const device of k.machine.pci.devices) {
                new IommuTables(k).write(interruptWordAt(iommu.root, device.requester), interruptWord(0));
            }
        } else {
            const table = this.tableFor(remapper, -1);
            if (table < 0) {
                return;
            }
            remapper.setTable(table, remapper.format.entries);
        }
        remapper.setEnabled(true);
        k.klog(
            'info',
            remapper.format.tableOfDevice
                ? 'AMD-Vi: Interrupt remapping enabled'
                : 'DMAR-IR: Enabled IRQ remapping in x2apic mode',
        );
    }

    /**
     * Processors that take interrupts: all of them, or as many as `nr_cpus=` and `maxcpus=` allow. None of their
     * vectors is taken.
     */
    private bringUp(): void {
        const { k, controller } = this;
        if (k.machine.pci.devices.length === 0) {
            return;
        }
        const cpus = Math.min(controller.cpus, k.commandLine.nrCpus, k.commandLine.maxCpus);
        controller.forget();
        controller.accept(cpus);
        k.journal.edit<KernelInterrupts>(this).cpus = cpus;
    }

    // ------------------------------------------------------------ from the previous kernel

    /** The table of all entries, as the number of its first page; undefined: there is none. */
    get table(): number | undefined {
        const table = this.tables.get(-1);
        return table === undefined ? undefined : table / this.k.page.size;
    }

    /** Continues to use the table of the hardware: remapping was on all the time. */
    resume(table: number): void {
        const { k } = this;
        this.bringUp();
        this.tables.set(-1, table);
        k.memmap.setOwner(table / k.page.size, k.owners.id(TABLE));
        k.klog('info', 'DMAR-IR: IRQ remapping has stayed on');
    }

    /**
     * Reserves an entry that leads to an interrupt of the previous kernel, and the vector of its processor.
     * @returns ENODEV (that processor does not run), EBUSY (the vector is taken): then the entry is unused until it is
     * set up again
     */
    restore(device: Device, index: number, entry: number, to: Destination, from: IncomingIrq): undefined | Err {
        const { k, controller } = this;
        const irq = new Irq(
            k.journal,
            device,
            index,
            `${device.shape.name}-${index} of the previous kernel`,
            to,
            entry,
        );
        irq.inherit(from);
        this.irqs.push(irq);
        if (controller.remapper) {
            this.entries.set(controller.remapper.keyOf(device.requester, entry), irq);
        }
        if (to.cpu >= this.cpus) {
            return err('ENODEV');
        }
        if (k.desc.flaws.has('interrupt_vectors')) {
            return undefined;
        }
        if (controller.handlerOf(to)) {
            return err('EBUSY');
        }
        controller.setHandler(to, irq);
        return undefined;
    }

    /** Handed-over entries that were not reserved lead to vectors of the previous kernel: they are cleared. */
    clearOthers(): void {
        const { k } = this;
        const { remapper } = this.controller;
        const table = this.tables.get(-1);
        if (!remapper || table === undefined) {
            return;
        }
        const { entrySize, entries } = remapper.format;
        for (let index = 0; index < entries; index++) {
            const at = table + index * entrySize;
            if (at % LEAF_SIZE === 0 && k.memory.leafForRead(at) === undefined) {
                // this part was never written
                index += LEAF_SIZE / entrySize - 1;
            } else if (!this.entries.has(index) && k.memory.readU32(at) !== 0) {
                k.memory.zero(at, entrySize);
            }
        }
        remapper.invalidate();
    }

    /** Frees handed-over interrupts that were not set up. */
    giveUp(device: Device): void {
        for (const irq of this.of(device)) {
            if (irq.incoming) {
                this.drop(irq);
            }
        }
    }

    /**
     * User space sets up a handed-over interrupt: the switch to a VM of this kernel is atomic, and interrupts that
     * arrived in the meantime are not lost.
     */
    private takeOver(irq: Irq, vm: VirtualMachine | null): undefined | Err {
        const { k, controller } = this;
        const { incoming } = irq;
        if (controller.handlerOf(irq.to) !== irq) {
            const to = this.freeVector();
            if (!to) {
                return err('ENOSPC');
            }
            irq.move(to);
            controller.setHandler(to, irq);
        }
        const failed = vm && this.connect(irq, vm);
        if (failed) {
            return failed;
        }
        irq.inherit(null);
        this.route(irq);
        const waited =
            incoming !== null &&
            incoming.descriptor > 0 &&
            takeOne(k.memory, incoming.descriptor, incoming.guestVector);
        if (waited || irq.count > 0) {
            irq.signal();
        }
        return undefined;
    }

    /** The table that contains a device's entries; −1: no memory. */
    private tableFor({ format }: Remapper, requester: number): number {
        const key = format.tableOfDevice ? requester : -1;
        const known = this.tables.get(key);
        if (known !== undefined) {
            return known;
        }
        const memory = new IommuTables(this.k);
        const table = memory.allocate(format.entries * format.entrySize, REMAPPING_TABLE);
        if (table < 0) {
            return -1;
        }
        this.tables.set(key, table);
        if (format.tableOfDevice && this.devices.iommu) {
            memory.write(interruptWordAt(this.devices.iommu.root, requester), interruptWord(table));
            this.controller.remapper?.invalidate();
        }
        return table;
    }

    // ------------------------------------------------------------ vectors

    /** Processors that messages can address. */
    private get reachable(): number {
        return Math.min(this.cpus, this.remapper?.format.wide === true ? this.cpus : SHORT_IDS);
    }

    /**
     * The processor with the fewest vectors taken, the first of several, and its first free vector; undefined: all are
     * taken.
     */
    private freeVector(wanted?: number): Destination | undefined {
        const { controller } = this;
        const used = new Array<number>(this.reachable).fill(0);
        let taken = 0;
        for (const { cpu } of controller.claimed()) {
            used[cpu] = (used[cpu] ?? 0) + 1;
            taken++;
        }
        if (controller.its) {
            return this.k.commandLine.lpis ? { cpu: 0, vector: FIRST_LPI + taken } : undefined;
        }
        for (const cpu of this.k.machine.processors.setAside) {
            used[cpu] = Infinity;
        }
        const cpu = wanted ?? used.indexOf(used.reduce((least, n) => Math.min(least, n), Infinity));
        for (let vector = FIRST_VECTOR; vector < END_OF_VECTORS; vector++) {
            if (vector !== SYSCALL_VECTOR && !controller.handlerOf({ cpu, vector })) {
                return { cpu, vector };
            }
        }
        return undefined;
    }

    /**
     * Sets up the first vectors of a device (pci_alloc_irq_vectors(), request_irq()) and turns its MSI-X on.
     * @returns ENOSPC (no vector or no entry is left), ENOMEM (no table); then none is set up
     */
    request(device: Device, count: number, who: string, vm: VirtualMachine | null = null): undefined | Err {
        const came = this.of(device).filter((irq) => irq.incoming !== null && irq.index < count);
        for (const irq of this.of(device)) {
            if (!came.includes(irq)) {
                this.drop(irq);
            }
        }
        for (let i = 0; i < Math.min(count, device.msix.length); i++) {
            const known = came.find((irq) => irq.index === i);
            const failed = known ? this.takeOver(known, vm) : this.setUp(device, i, `${who}-${i}`, vm);
            if (failed) {
                this.release(device);
                return failed;
            }
        }
        device.msix.enable(true);
        return undefined;
    }

    private setUp(device: Device, index: number, name: string, vm: VirtualMachine | null): undefined | Err {
        const { k, remapper, controller } = this;
        const to = this.freeVector();
        if (!to) {
            return err('ENOSPC');
        }
        const entry = remapper ? this.freeEntry(remapper, device) : -1;
        if (entry < 0 && remapper) {
            return err(entry === -1 ? 'ENOMEM' : 'ENOSPC');
        }
        const irq = new Irq(k.journal, device, index, name, to, entry);
        this.irqs.push(irq);
        controller.setHandler(to, irq);
        if (remapper) {
            this.entries.set(remapper.keyOf(device.requester, entry), irq);
        }
        const failed = vm && this.connect(irq, vm);
        if (failed) {
            return failed;
        }
        this.route(irq);
        device.msix.program(index, this.messageTo(irq));
        return undefined;
    }

    /** KVM_IRQFD; if the IOMMU can post, both are connected (virt/lib/irqbypass.c). @returns ENOMEM */
    private connect(irq: Irq, vm: VirtualMachine): undefined | Err {
        const { k, remapper, controller } = this;
        const line = controller.addLine(
            vm.name,
            irq.device,
            irq.index,
            this.guestVector(irq.device, irq.index),
            irq.index % vm.vcpus.length,
        );
        const posts = remapper?.format.posts === true && k.commandLine.interruptPosting;
        if (posts && !PostedInterrupts.of(k, vm)) {
            return err('ENOMEM');
        }
        irq.connect({ vm, line }, posts);
        return undefined;
    }

    /**
     * The vector that the guest's operating system assigns: from 0x30 on, consecutively, in the order of the devices.
     */
    private guestVector(device: Device, index: number): number {
        const { devices } = this.k.machine.pci;
        const before = devices.slice(0, devices.indexOf(device)).reduce((n, d) => n + d.msix.length, 0);
        return FIRST_GUEST_VECTOR + ((before + index) % GUEST_VECTORS);
    }

    /** Writes the entry for the current destination of an interrupt. */
    private route(irq: Irq): void {
        const { remapper } = this;
        if (!remapper || irq.entry < 0) {
            return;
        }
        const source = onlyFrom(irq.device.requester);
        const { vm, line } = irq;
        this.writeEntry(
            remapper,
            irq,
            irq.posted && vm?.posted && line
                ? {
                      kind: 'posted',
                      descriptor: vm.posted.addressOf(line.vcpu),
                      vector: line.vector,
                      urgent: false,
                      source,
                  }
                : { kind: 'remapped', to: irq.to, source },
        );
    }

    /** A VM is closed: its interrupts come to this kernel, where no handler waits for them. */
    withdraw(vm: VirtualMachine): void {
        for (const irq of this.irqs) {
            if (irq.vm === vm) {
                irq.connect(null, false);
                this.route(irq);
            }
        }
    }

    /** A processor is set aside: its interrupts go to others (irq_migrate_all_off_this_cpu()). */
    leave(cpu: number): void {
        for (const irq of this.irqs.items.filter((i) => i.to.cpu === cpu)) {
            const to = this.freeVector();
            if (to) {
                this.moveTo(irq, to);
            }
        }
    }

    private moveTo(irq: Irq, to: Destination): void {
        const { controller } = this;
        controller.dropHandler(irq.to);
        irq.move(to);
        controller.setHandler(to, irq);
        this.route(irq);
        // with VT-d the message does not change: only the entry does
        irq.device.msix.program(irq.index, this.messageTo(irq));
    }

    private messageTo({ entry, to }: Irq): Message {
        return this.remapper && entry >= 0 ? this.remapper.format.message(entry, to) : compatibleMessage(to);
    }

    /** The first free entry of its table; −1: no memory for a table, −2: all are taken. */
    private freeEntry(remapper: Remapper, device: Device): number {
        if (this.tableFor(remapper, device.requester) < 0) {
            return -1;
        }
        for (let index = 0; index < remapper.format.entries; index++) {
            if (!this.entries.has(remapper.keyOf(device.requester, index))) {
                return index;
            }
        }
        return -2;
    }

    /** Address of the entry of an interrupt in memory; −1: it has none. */
    entryAddress(irq: Irq): number {
        const { remapper } = this.controller;
        const table = remapper ? this.tables.get(remapper.format.tableOfDevice ? irq.device.requester : -1) : undefined;
        return remapper && table !== undefined && irq.entry >= 0 ? table + irq.entry * remapper.format.entrySize : -1;
    }

    /** Writes an entry and invalidates it in the hardware. */
    private writeEntry(remapper: Remapper, irq: Irq, entry: InterruptEntry | null): void {
        const at = this.entryAddress(irq);
        for (const [i, word] of remapper.format.words(entry).entries()) {
            this.k.memory.writeU32(at + i * 4, word);
        }
        remapper.invalidate(remapper.keyOf(irq.device.requester, irq.entry));
    }

    of(device: Device): Irq[] {
        return this.irqs.items.filter((i) => i.device === device);
    }

    /** Frees all interrupts of a device, and turns its MSI-X off (free_irq(), pci_free_irq_vectors()). */
    release(device: Device): void {
        for (const irq of this.of(device)) {
            this.drop(irq);
        }
        if (device.msix.length > 0) {
            device.msix.enable(false);
        }
    }

    private drop(irq: Irq): void {
        const { remapper, controller } = this;
        if (controller.handlerOf(irq.to) === irq) {
            controller.dropHandler(irq.to);
        }
        if (remapper && irq.entry >= 0) {
            this.writeEntry(remapper, irq, null);
            this.entries.delete(remapper.keyOf(irq.device.requester, irq.entry));
        }
        irq.device.msix.forget(irq.index);
        this.irqs.remove(irq);
    }

    /**
     * /proc/irq/N/smp_affinity of a vector.
     * @returns EINVAL (no such vector, or that processor is not running), ENOSPC (all its vectors are taken)
     */
    setAffinity(device: Device, index: number, cpu: number): undefined | Err {
        const irq = this.of(device).find((i) => i.index === index);
        if (!irq || !Number.isInteger(cpu) || cpu < 0 || cpu >= this.reachable || this.controller.its) {
            return err('EINVAL');
        }
        const to = this.freeVector(cpu);
        if (!to) {
            return err('ENOSPC');
        }
        this.moveTo(irq, to);
        return undefined;
    }

    // ------------------------------------------------------------ shutdown

    /**
     * native_machine_shutdown(): all processors but one are stopped, and local APICs accept no messages any more.
     * Remapping stays as it is.
     */
    shutdown(): void {
        this.controller.accept(0);
    }

    /** The IOMMU has refused a message. */
    refused(): void {
        const {
            k,
            controller: { remapper },
        } = this;
        const fault = remapper?.faults.items.at(-1);
        if (!fault || !remapper || this.logged >= LOGGED_FAULTS) {
            return;
        }
        k.journal.edit<KernelInterrupts>(this).logged++;
        const device = k.machine.pci.devices.find((d) => d.requester === fault.requester);
        k.klog(
            'err',
            remapper.format.text({
                ...fault,
                device: device?.bdf ?? '',
                domain: (device && this.devices.of(device)?.domain.id) ?? 0,
            }),
        );
    }

    /** An interrupt arrived at a vector that is not assigned (common_interrupt() in arch/x86/kernel/irq.c). */
    unhandled(cpu: number, vector: number): void {
        this.k.klog('err', `common_interrupt: ${cpu}.${vector} No irq handler for vector`);
    }

    hash(hasher: Hasher): void {
        hasher.num(this.cpus).num(this.logged);
        for (const irq of this.irqs) {
            irq.hash(hasher);
        }
        for (const [key, table] of this.tables) {
            hasher.num(key).num(table);
        }
    }
}
