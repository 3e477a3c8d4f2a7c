/**
 * A device with a DMA engine. Once started, it runs by the machine's clock, whether or not a kernel runs, until it is
 * stopped.
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
import { Link } from './link';
import { DeviceMemory, type DeviceMemoryEvent, type Job, type MemoryPort } from './device-memory';
import type { DmaEngine, Model, Program, Put } from './model';
import { NvmeController, type NvmeEvent, type QueuePair } from './nvme';

/** The driver of a device from the first boot on: the kernel's own driver, vfio-pci, or none. */
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
    /**
     * Whether the bridge above isolates the device from its neighbours (ACS); `quirk`: in a way of its own, that only a
     * quirk of the kernel knows.
     */
    readonly acs: 'on' | 'off' | 'quirk';
    /** The name of the device whose virtual function it is; empty: it is a physical function. */
    readonly physical: string;
    /** Faulty hardware: its requests pass regardless of the bus master bits on their path. */
    readonly ignoresBusMaster: boolean;
    /** It has a translation cache; `deaf`: faulty hardware, which ignores invalidations. */
    readonly ats: 'off' | 'on' | 'deaf';
    /** Size of its own memory in bytes; 0: it has none. */
    readonly vram: number;
}

/** A piece of memory that was mapped for a device: physically contiguous, of one owner. Bytes. */
export interface Area {
    readonly iova: number;
    readonly pa: number;
    readonly length: number;
    /** See {@link Owners}: the owner of the memory when it was mapped. */
    readonly owner: number;
}

/**
 * What the software intended when it programmed a device: it has no effect, but observers compare requests with it.
 * Kernels implement it; it outlives them, as the registers of the device do.
 */
export interface Intent {
    /** Number of the boot of that kernel, from 0. */
    readonly boot: number;
    /** Name of the owner of the mapping. */
    readonly name: string;
    /** Addresses are those of a domain with page tables; otherwise they are physical. */
    readonly translated: boolean;
    /** The memory that was mapped for the device at an address; undefined: none was. */
    areaAt(iova: number): Area | undefined;
    /** All mapped memory. */
    readonly areas: readonly Area[];
}

/** An interrupt that a driver waits for. */
export interface Awaited {
    /** The vector of the device. */
    readonly vector: number;
    /** When it was raised, in nanoseconds. */
    readonly since: number;
}

/** What a device needs from its bus. */
export interface DeviceBus {
    readonly clock: Clock;
    readonly interrupts: Pick<InterruptController, 'lineOf'>;
    readonly observer: {
        interrupt(device: Device, vector: number, delivery: Delivery): void;
        disk(device: Device, event: NvmeEvent): void;
        memory(device: Device, event: DeviceMemoryEvent): void;
    } | null;
    /** Sends the message of one of its vectors. */
    interrupt(device: Device, vector: number, message: Message): Delivery;
    /** Null if any part of the request failed. */
    read(device: Device, iova: number, length: number): Uint8Array | null;
    /** @returns whether all of it succeeded */
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
    /** Requests and bytes since the machine was switched on, without those that were blocked or faulted. */
    readonly writes: number = 0;
    readonly reads: number = 0;
    readonly bytes: number = 0;
    /**
     * Requests that the IOMMU refused, and requests that were dropped: no bus master, no power, no memory at the
     * address.
     */
    readonly faults: number = 0;
    readonly dropped: number = 0;
    readonly msix: MsixTable;
    /** Its translation cache; null: it has none and always asks the IOMMU. */
    readonly atc: TranslationCache | null;
    /** Its link, if it is a network card. */
    readonly link: Link | null;
    /** Its controller, if it is an NVMe disk. */
    readonly disk: NvmeController | null;
    /** Its own memory; null: it has none. */
    readonly memory: DeviceMemory | null;
    /** An interrupt that it has raised, after which its driver must give it new work; null: it waits for nothing. */
    readonly awaits: Awaited | null = null;

    constructor(
        journal: Journal,
        private readonly bus: DeviceBus,
        readonly shape: DeviceShape,
        private readonly model: Model,
        upstream: PciFunction | null,
        /** Its number on the machine. */
        index: number,
    ) {
        super(journal, shape.address, upstream, { ids: model.ids, vectors: shape.vectors, barSize: model.barSize });
        this.kind = shape.kind;
        this.queues = shape.queues;
        this.driver = shape.driver;
        this.msix = new MsixTable(journal, this.config, (vector, message) => bus.interrupt(this, vector, message));
        this.atc = shape.ats === 'off' ? null : new TranslationCache(journal, shape.ats === 'deaf');
        this.link = model.hasLink ? new Link(journal, bus.clock) : null;
        this.disk =
            model.blocks > 0
                ? new NvmeController(
                      journal,
                      bus.clock,
                      {
                          name: shape.name,
                          read: (iova, length) => this.read(iova, length),
                          write: (iova, bytes) => this.write(iova, bytes),
                          interrupt: (queue) => this.interrupt(queue),
                          happened: (event) => bus.observer?.disk(this, event),
                      },
                      model.blocks,
                  )
                : null;
        this.memory =
            shape.vram > 0 ? new DeviceMemory(journal, bus.clock, this.memoryPort(), shape.vram, index) : null;
        bus.clock.add(this);
    }

    get label(): string {
        return this.shape.name;
    }

    /** What its memory needs from it. */
    private memoryPort(): MemoryPort {
        const powered = (): boolean => this.present && this.power === 0;
        return {
            name: this.shape.name,
            get powered() {
                return powered();
            },
            happened: (event) => this.bus.observer?.memory(this, event),
        };
    }

    /** The kernel's own driver stops the device when the kernel shuts down. */
    get hasShutdown(): boolean {
        return this.model.hasShutdown;
    }

    /** It performs rounds or takes commands, whether or not its requests succeed. */
    get running(): boolean {
        const { disk, memory } = this;
        return (
            this.at !== Infinity ||
            this.awaits !== null ||
            (disk !== null && disk.queues !== null) ||
            (memory !== null && memory.job !== null)
        );
    }

    override get reachesMemory(): boolean {
        return this.present && this.power === 0 && (this.shape.ignoresBusMaster || super.reachesMemory);
    }

    override reaches(bridge: PciFunction): boolean {
        return this.present && this.power === 0 && (this.shape.ignoresBusMaster || super.reaches(bridge));
    }

    /** The default parameters of the driver for this kind of device. */
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

    /** The driver writes rings, gives the device their addresses, and rings the doorbell. */
    start(program: Program, intent: Intent, put: Put): void {
        this.model.prepare(program, this.queues, put);
        this.restart(program, intent, 0);
    }

    /** The driver writes the registers of a device whose rings are as the device left them after so many rounds. */
    restart(program: Program, intent: Intent, round: number): void {
        if (!this.running) {
            this.link?.up();
        }
        const e = this.journal.edit<Device>(this);
        e.program = program;
        e.intent = intent;
        e.round = round;
        e.awaits = null;
        e.at = this.bus.clock.now + program.every;
        this.bus.clock.rearm();
    }

    /** The driver of an NVMe disk creates a pair of queues. */
    createQueues(disk: NvmeController, queues: QueuePair, intent: Intent): void {
        this.journal.edit<Device>(this).intent = intent;
        disk.create(queues);
    }

    /** It computes in its own memory. */
    compute(memory: DeviceMemory, job: Job, intent: Intent): void {
        this.journal.edit<Device>(this).intent = intent;
        memory.start(job);
    }

    /** The software switches the device to other memory; the device continues its work. */
    meant(intent: Intent): void {
        if (this.intent) {
            this.journal.edit<Device>(this).intent = intent;
        }
    }

    /** The driver tells the device to stop. The device keeps its registers. */
    stop(): void {
        if (this.program && this.running) {
            this.link?.down(this.program.every);
        }
        this.disk?.delete();
        this.memory?.stop();
        const e = this.journal.edit<Device>(this);
        e.at = Infinity;
        e.awaits = null;
        this.bus.clock.rearm();
    }

    /** Function level reset: the device forgets its configuration. */
    override reset(): void {
        this.stop();
        const e = this.journal.edit<Device>(this);
        e.program = null;
        e.intent = null;
        super.reset();
        this.memory?.reset();
        this.msix.clear();
        this.atc?.clear();
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

    /** A DMA read; null if any part of it failed. */
    read(iova: number, length: number): Uint8Array | null {
        return this.bus.read(this, iova, length);
    }

    /** A DMA write. @returns whether all of it succeeded */
    write(iova: number, bytes: Uint8Array): boolean {
        return this.bus.write(this, iova, bytes);
    }

    /** A frame from the peer has come: the device has stored it, or could not. */
    frame(stored: boolean): void {
        this.link?.frame(stored);
    }

    /** The device raises the vector of a queue. If its driver waits for it, the device has no work until then. */
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

    /** Masks a vector, or unmasks it: a pending interrupt is then sent. */
    mask(vector: number, on: boolean): void {
        const delivery = this.msix.mask(vector, on);
        if (delivery) {
            this.bus.interrupts.lineOf(this, vector)?.cameOut(delivery.outcome);
            this.bus.observer?.interrupt(this, vector, delivery);
        }
    }

    /**
     * The driver has handled an interrupt of a vector, from any source: it looks for completed work, and gives new
     * work.
     * @returns whether it waited for the interrupt
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
        this.link?.hash(hasher);
        this.disk?.hash(hasher);
        this.memory?.hash(hasher);
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
