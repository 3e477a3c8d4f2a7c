/**
 * A device with a DMA engine. Once started it goes on by the machine's clock, whether a kernel runs or not, until
 * something stops it.
 */
import type { Clock, Timer } from '../clock';
import type { Hasher } from '../hash';
import type { Journal } from '../journal';
import type { PciAddress } from '../pci/address';
import { PciFunction } from '../pci/function';
import type { InterruptController } from '../interrupts/controller';
import type { Delivery } from '../interrupts/delivery';
import type { Message } from '../interrupts/message';
import { MsixTable } from '../pci/msix';
import { TranslationCache } from './atc';
import type { DmaEngine, Model, Program, Put } from './model';

/** Who drives a device from the first boot on: the kernel's own driver, vfio-pci, or nobody. */
export type DriverChoice = 'native' | 'vfio' | 'none';

export interface DeviceShape {
    readonly name: string;
    readonly kind: string;
    readonly address: PciAddress;
    /** A bridge between the root port and the device. */
    readonly behind?: PciAddress | undefined;
    readonly queues: number;
    /** Entries of its MSI-X table; 0: none. */
    readonly vectors: number;
    readonly driver: DriverChoice;
    /** The bridge above can keep it and its neighbours apart (ACS). */
    readonly acs: boolean;
    /** The name of the device that it is a virtual function of; empty: it is a device of its own. */
    readonly physical: string;
    /** Faulty hardware: its requests come through whatever the bus master bits on their way say. */
    readonly ignoresBusMaster: boolean;
    /** It remembers translations itself; `deaf`: faulty hardware, which does not forget them when it is told to. */
    readonly ats: 'off' | 'on' | 'deaf';
}

/** A piece of memory that a device was given: physically contiguous, of one owner. Bytes. */
export interface Area {
    readonly iova: number;
    readonly pa: number;
    readonly length: number;
    /** See {@link Owners}: who the memory belonged to when it was given. */
    readonly owner: number;
}

/**
 * What the software meant when it programmed a device: nothing acts on it, but those who watch compare with it.
 * Kernels implement it; it outlives them, as the device's own registers do.
 */
export interface Intent {
    /** Which boot of the machine that kernel was, from 0. */
    readonly boot: number;
    /** How the owner of the mapping is called. */
    readonly name: string;
    /** Addresses are those of a domain with page tables; else they are physical. */
    readonly translated: boolean;
    /** The memory that was given to the device at an address; undefined: none was. */
    areaAt(iova: number): Area | undefined;
    /** All of it. */
    readonly areas: readonly Area[];
}

/** An interrupt that a driver waits for. */
export interface Awaited {
    /** Which vector of the device. */
    readonly vector: number;
    /** When it was raised, in nanoseconds. */
    readonly since: number;
}

/** What a device asks of the bus that it is on. */
export interface DeviceBus {
    readonly clock: Clock;
    readonly interrupts: Pick<InterruptController, 'lineOf'>;
    readonly observer: { interrupt(device: Device, vector: number, delivery: Delivery): void } | null;
    /** Sends the message of one of its vectors. */
    interrupt(device: Device, vector: number, message: Message): Delivery;
    /** Null where any part of the request did not come through. */
    read(device: Device, iova: number, length: number): Uint8Array | null;
    /** @returns whether all of it came through */
    write(device: Device, iova: number, bytes: Uint8Array): boolean;
}

export class Device extends PciFunction implements Timer, DmaEngine {
    readonly kind: string;
    readonly queues: number;
    readonly driver: DriverChoice;
    readonly at: number = Infinity;
    readonly program: Program | null = null;
    readonly intent: Intent | null = null;
    /** Rounds since it was started. */
    readonly round: number = 0;
    /** Requests and bytes since the machine was switched on; what was blocked or faulted is not among them. */
    readonly writes: number = 0;
    readonly reads: number = 0;
    readonly bytes: number = 0;
    /** Requests that the IOMMU refused, and those that never left: no bus master, no power, no memory there. */
    readonly faults: number = 0;
    readonly dropped: number = 0;
    readonly msix: MsixTable;
    /** What it remembers of translations; null: it always asks. */
    readonly atc: TranslationCache | null;
    /** It has raised an interrupt, and its driver gives it new work when it has come; null: it waits for nothing. */
    readonly awaits: Awaited | null = null;

    constructor(
        journal: Journal,
        private readonly bus: DeviceBus,
        readonly shape: DeviceShape,
        private readonly model: Model,
        upstream: PciFunction | null,
    ) {
        super(journal, shape.address, upstream, { ids: model.ids, vectors: shape.vectors, barSize: model.barSize });
        this.kind = shape.kind;
        this.queues = shape.queues;
        this.driver = shape.driver;
        this.msix = new MsixTable(journal, this.config, (vector, message) => bus.interrupt(this, vector, message));
        this.atc = shape.ats === 'off' ? null : new TranslationCache(journal, shape.ats === 'deaf');
        bus.clock.add(this);
    }

    /** The kernel's own driver of it stops it when the kernel goes down. */
    get hasShutdown(): boolean {
        return this.model.hasShutdown;
    }

    /** Rounds are going on, whether its requests come through or not. */
    get running(): boolean {
        return this.at !== Infinity || this.awaits !== null;
    }

    override get reachesMemory(): boolean {
        return this.present && this.power === 0 && (this.shape.ignoresBusMaster || super.reachesMemory);
    }

    /** What the driver of this kind of device asks for where it is not told otherwise. */
    defaults(given: { readonly base: number } & { readonly [K in keyof Program]?: Program[K] | undefined }): Program {
        const { model } = this;
        return {
            base: given.base,
            length: given.length ?? model.length(this.queues),
            size: given.size ?? model.size,
            every: given.every ?? model.every,
            waits: given.waits ?? false,
        };
    }

    /** The driver writes rings, tells the device where they are, and rings the doorbell. */
    start(program: Program, intent: Intent, put: Put): void {
        this.model.prepare(program, this.queues, put);
        const e = this.journal.edit<Device>(this);
        e.program = program;
        e.intent = intent;
        e.round = 0;
        e.awaits = null;
        e.at = this.bus.clock.now + program.every;
        this.bus.clock.rearm();
    }

    /** The software has it see something else from now on; what it was told to do it goes on with. */
    meant(intent: Intent): void {
        if (this.intent) {
            this.journal.edit<Device>(this).intent = intent;
        }
    }

    /** The driver tells the device to stop. */
    stop(): void {
        const e = this.journal.edit<Device>(this);
        e.at = Infinity;
        e.awaits = null;
        this.bus.clock.rearm();
    }

    /** Function level reset: it forgets what it was told. */
    override reset(): void {
        const e = this.journal.edit<Device>(this);
        e.program = null;
        e.intent = null;
        super.reset();
        this.msix.clear();
        this.atc?.clear();
        this.stop();
    }

    fire(): void {
        const { program, round } = this;
        const e = this.journal.edit<Device>(this);
        if (!program) {
            e.at = Infinity;
            return;
        }
        e.at = this.at + program.every;
        e.round = round + 1;
        this.model.step(this, program, round);
    }

    /** A DMA read; null where any part of it did not come through. */
    read(iova: number, length: number): Uint8Array | null {
        return this.bus.read(this, iova, length);
    }

    /** A DMA write. @returns whether all of it came through */
    write(iova: number, bytes: Uint8Array): boolean {
        return this.bus.write(this, iova, bytes);
    }

    /** The device raises the vector of a queue. Where its driver waits for it, it has nothing to do until then. */
    interrupt(queue: number): Delivery | undefined {
        const { msix } = this;
        if (msix.length === 0) {
            return undefined;
        }
        const vector = queue % msix.length;
        if (this.program?.waits === true) {
            const e = this.journal.edit<Device>(this);
            e.awaits = { vector, since: this.bus.clock.now };
            e.at = Infinity;
        }
        const line = this.bus.interrupts.lineOf(this, vector);
        line?.rises();
        const delivery = msix.raise(vector, this.reachesMemory);
        line?.cameOut(delivery.outcome);
        this.bus.observer?.interrupt(this, vector, delivery);
        return delivery;
    }

    /** Masks a vector, or unmasks it: what was pending is sent then. */
    mask(vector: number, on: boolean): void {
        const delivery = this.msix.mask(vector, on);
        if (delivery) {
            this.bus.interrupts.lineOf(this, vector)?.cameOut(delivery.outcome);
            this.bus.observer?.interrupt(this, vector, delivery);
        }
    }

    /**
     * The driver has seen an interrupt of a vector, wherever it came from: it looks at what is done, and gives new
     * work. @returns whether it waited for it
     */
    noticed(vector: number): boolean {
        const { awaits, program } = this;
        if (!awaits || !program || awaits.vector !== vector) {
            return false;
        }
        const e = this.journal.edit<Device>(this);
        e.awaits = null;
        e.at = this.bus.clock.now + program.every;
        this.bus.clock.rearm();
        return true;
    }

    /** Called by the bus for each request. */
    count(what: 'writes' | 'reads' | 'faults' | 'dropped', bytes: number): void {
        const e = this.journal.edit<Device>(this);
        e[what]++;
        e.bytes += bytes;
    }

    display(): string {
        return `${this.kind} ${this.shape.name} at ${this.name}, ${this.running ? 'running' : 'idle'}`;
    }

    override hash(hasher: Hasher): void {
        super.hash(hasher);
        this.msix.hash(hasher);
        this.atc?.hash(hasher);
        hasher
            .num(this.at)
            .num(this.round)
            .num(this.writes)
            .num(this.reads)
            .num(this.bytes)
            .num(this.faults)
            .num(this.dropped);
        const { program } = this;
        hasher
            .num(program?.base ?? -1)
            .num(program?.length ?? 0)
            .num(program?.size ?? 0)
            .num(program?.every ?? 0)
            .u32(program?.waits === true ? 1 : 0)
            .num(this.intent?.boot ?? -1);
        hasher.num(this.awaits?.vector ?? -1).num(this.awaits?.since ?? -1);
    }
}
