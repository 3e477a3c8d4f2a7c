/**
 * The machine's interrupt controllers: they deliver the messages of devices. On x86, a message may be remapped by the
 * IOMMU and ends at the local APIC of a processor. On arm64, a message is an event of an ITS, without its tables in
 * memory: it has one handler, on any processor.
 */
import type { Hasher } from '../hash';
import type { Iommu } from '../iommu/iommu';
import type { WalkedMemory } from '../iommu/tables';
import { type Journal, JournaledRecord, JournaledList, JournaledMap } from '../journal';
import { DESCRIPTOR_SIZE, post } from './descriptor';
import type { Delivery, InterruptHandler, InterruptOutcome, InterruptSource } from './delivery';
import { GuestLine, type GuestSource } from './guest-line';
import { destinationOf, isInterruptAddress, type Destination, type Message } from './message';
import type { Route } from './remapping';
import type { Processors } from '../processors';
import { Redistributors } from './redistributors';
import { Remapper } from './remapper';

/** Lower vectors are exceptions of the processor: a local APIC accepts no message for them. */
const FIRST_LEGAL = 16;
const MOST_VECTORS = 0x1_0000;

const at = (outcome: InterruptOutcome, why: string, more: Partial<Delivery> = {}): Delivery => ({
    outcome,
    why,
    cpu: -1,
    vector: -1,
    entry: -1,
    handler: '',
    descriptor: -1,
    ...more,
});

export class InterruptController extends JournaledRecord {
    /** Number of processors, from 0, whose local APICs a kernel has turned on. */
    readonly accepting: number = 0;
    readonly remapper: Remapper | null;
    /** Those of a GICv3; null: the machine has none. */
    readonly redistributors: Redistributors | null;
    /** Handlers by processor and vector, see {@link handlerOf}. */
    private readonly handlers: JournaledMap<number, InterruptHandler>;
    /** Vectors of devices that guests have set up, as seen by their drivers. They outlive kernels. */
    readonly lines: JournaledList<GuestLine>;

    /** @param cpus processors of the machine, numbered from 0; the numbers are also their APIC ids */
    constructor(
        private readonly journal: Journal,
        readonly cpus: number,
        readonly its: boolean,
        iommu: Iommu | null,
        private readonly host: WalkedMemory & { readonly now: number },
        private readonly processors: Processors,
    ) {
        super(journal);
        this.redistributors = its ? new Redistributors(journal) : null;
        this.remapper = Remapper.of(journal, iommu, host);
        this.handlers = new JournaledMap(journal);
        this.lines = new JournaledList(journal);
    }

    /** The machine is switched on. */
    powerOn(): void {
        this.accept(0);
        this.handlers.clear();
        this.lines.clear();
        this.remapper?.powerOn();
        this.redistributors?.powerOn();
    }

    /**
     * A kernel turns the local APICs of its processors on, or all of them off when it shuts down: then interrupts are
     * dropped.
     */
    accept(cpus: number): void {
        this.journal.edit<InterruptController>(this).accepting = cpus;
    }

    /** The kernel has ended, or has not booted yet: there are no handlers, and local APICs are off. */
    forget(): void {
        this.handlers.clear();
        this.accept(0);
    }

    handlerOf({ cpu, vector }: Destination): InterruptHandler | undefined {
        return this.handlers.get(cpu * MOST_VECTORS + vector);
    }

    setHandler({ cpu, vector }: Destination, handler: InterruptHandler): void {
        this.handlers.set(cpu * MOST_VECTORS + vector, handler);
    }

    dropHandler({ cpu, vector }: Destination): void {
        this.handlers.delete(cpu * MOST_VECTORS + vector);
    }

    /** All interrupts with a handler, in the order in which they got it. */
    *claimed(): Generator<Destination & { readonly handler: InterruptHandler }> {
        for (const [key, handler] of this.handlers) {
            yield { cpu: Math.floor(key / MOST_VECTORS), vector: key % MOST_VECTORS, handler };
        }
    }

    /**
     * A guest's driver sets up a vector of a device, which is delivered to a vCPU as a vector of the guest. Counters
     * are kept.
     */
    addLine(guest: string, source: GuestSource, index: number, vector: number, vcpu: number): GuestLine {
        const known = this.lines.items.find((l) => l.guest === guest && l.source === source && l.index === index);
        if (known) {
            return known;
        }
        const line = new GuestLine(this.journal, guest, source, index, vector, vcpu);
        this.lines.push(line);
        return line;
    }

    /** The guest line of a vector of a device. */
    lineOf(source: InterruptSource, index: number): GuestLine | undefined {
        return this.lines.length === 0
            ? undefined
            : this.lines.items.find((l) => l.source === source && l.index === index);
    }

    /** A vCPU of a guest has taken one of its vectors. */
    taken(guest: string, vcpu: number, vector: number): void {
        this.lines.items.find((l) => l.guest === guest && l.vcpu === vcpu && l.vector === vector)?.taken();
    }

    /** A device sends the message of one of its vectors. @param trail receives the tables that were read */
    send(source: InterruptSource, vector: number, message: Message, trail: number[]): Delivery {
        if (this.its) {
            return this.arrive(source, vector, { cpu: 0, vector: message.data }, -1);
        }
        const route = this.remapper?.route(source.requester, message, trail) ?? { kind: 'as-is' };
        switch (route.kind) {
            case 'fault':
                return at('refused', route.reason, { entry: route.index });
            case 'posted':
                return this.post(source, message, route);
            case 'remapped':
                return this.arrive(source, vector, route.to, route.index);
            default: {
                const to = isInterruptAddress(message.address) ? destinationOf(message) : undefined;
                return to
                    ? this.arrive(source, vector, to, -1)
                    : at('lost', 'its message leads to no vector of a processor');
            }
        }
    }

    private post(
        source: InterruptSource,
        message: Message,
        { descriptor, vector, urgent, index }: Extract<Route, { readonly kind: 'posted' }>,
    ): Delivery {
        const { host } = this;
        const done = host.isRam(descriptor, DESCRIPTOR_SIZE)
            ? post(host.memory, descriptor, vector, urgent)
            : undefined;
        if (!done) {
            const reason = host.isRam(descriptor, DESCRIPTOR_SIZE) ? 'descriptor-reserved' : 'descriptor';
            this.remapper?.fault(source.requester, message, reason, index);
            return at('refused', reason, { entry: index, descriptor });
        }
        const aside = done.notify !== null && this.processors.notify(done.notify.cpu, descriptor);
        if (done.notify && !aside && done.notify.cpu < this.accepting) {
            this.handlerOf(done.notify)?.handle(descriptor);
        }
        return at(done.merged ? 'merged' : 'posted', '', { entry: index, vector, descriptor });
    }

    private arrive(source: InterruptSource, vector: number, to: Destination, entry: number): Delivery {
        const where = { ...to, entry };
        if (to.cpu < 0 || to.cpu >= this.cpus) {
            return at('lost', `there is no processor ${to.cpu}`, where);
        }
        if (to.cpu >= this.accepting) {
            return at(
                'lost',
                this.accepting === 0
                    ? 'no kernel takes interrupts: the local APICs are off'
                    : `processor ${to.cpu} is not running`,
                where,
            );
        }
        if (!this.its && to.vector < FIRST_LEGAL) {
            return at('lost', `vector ${to.vector} is an exception of the processor`, where);
        }
        const handler = this.handlerOf(to);
        if (!handler) {
            return at('spurious', 'the vector is not assigned', where);
        }
        handler.handle(-1);
        return handler.serves(source, vector)
            ? at('delivered', '', { ...where, handler: handler.name })
            : at('misrouted', `the vector belongs to ${handler.name}`, { ...where, handler: handler.name });
    }

    hash(hasher: Hasher): void {
        hasher.u32(this.accepting);
        for (const { cpu, vector, handler } of this.claimed()) {
            hasher.num(cpu).num(vector).str(handler.name);
        }
        for (const line of this.lines) {
            line.hash(hasher);
        }
        this.remapper?.hash(hasher);
        this.redistributors?.hash(hasher);
    }
}
