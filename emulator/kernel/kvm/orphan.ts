/**
 * A vCPU that runs in the caretaker on a processor that was set aside: it needs no kernel. The caretaker
 * (std/caretaker.lus) has a table that says what it does at each exit; a vCPU at an exit that it cannot handle waits
 * for the next kernel. Its memory is what the second-level tables map. It reads these, its block and the table of exits
 * in memory, so it fails when they are overwritten.
 */
import type { VcpuState } from '../../machine/guests';
import type { Hasher } from '../../machine/hash';
import { post, take } from '../../machine/interrupts/descriptor';
import { JournaledRecord } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { Job } from '../../machine/processors';
import { compare } from './compare';
import { afterExit, EXIT_REASONS, type ExitReason, type ExitSource, firstDue, TIMER_VECTOR } from './exits';
import { type TableMachine, translate } from './second-level';
import type { SavedVcpu } from './state';
import { contentOf, type Stripe, writeContent } from './workload';

/** The interval at which its program makes progress while nothing else happens, in nanoseconds. */
const TICK = 10_000_000;
const SECOND = 1e9;

/** `caretaker_block` in std/caretaker.lus: offsets. */
const BLOCK = {
    state: 0,
    text: 16,
    tables: 24,
    descriptor: 32,
    exits: 40,
    stalls: 48,
    lastReason: 56,
    stallReason: 64,
    stallAt: 72,
} as const;
/** `caretaker_text` in std/caretaker.lus. */
const TEXT_MAGIC = 0x4341_5245;
const TEXT_EXITS = 8;
/** States of the block. */
const RUNNING = 1;
const STOPPED = 3;
const FAILED = 4;
/** The table of exits: what the caretaker does. 0: there is no code for it in the caretaker. */
const HANDLES = 1;
const STALLS = 2;
const LATE = 3;
const FATAL = 4;
/** The number of an exit for an address that the tables do not map. */
const EPT_VIOLATION = 32;

/** What ends or stops an orphaned vCPU. */
export type Trouble = ExitReason | 'ept' | 'tables' | 'text' | 'code' | 'init';

export class Orphan extends JournaledRecord implements Job, Stripe {
    readonly at: number = Infinity;
    readonly state: 'running' | 'stalled' | 'failed' | 'stopped' = 'running';
    /** Why it does not run; null while it does. */
    readonly trouble: Trouble | null = null;
    /** The guest address that it could not access, with `ept` and `tables`; −1. */
    readonly gpa: number = -1;
    readonly start: number;
    readonly pages: number;
    readonly count: number;
    readonly rate: number;
    readonly since: number;
    readonly credit: number = 0;
    readonly pending: readonly number[];
    readonly interrupts: number = 0;
    /** Timer interrupts of the guest that were due and did not come. */
    readonly late: number = 0;
    readonly exits: number = 0;
    readonly stalls: number = 0;
    readonly sources: readonly ExitSource[];
    /** Addresses in memory, as the block had them when the vCPU began to run. */
    readonly text: number;
    readonly tables: number;
    readonly descriptor: number;
    private readonly walked: TableMachine;

    constructor(
        private readonly machine: Machine,
        readonly guest: string,
        readonly index: number,
        readonly cpu: number,
        readonly block: number,
        program: SavedVcpu & { readonly sources: readonly ExitSource[] },
    ) {
        super(machine.journal);
        const address = (offset: number): number => Number(machine.memory.readU64(block + offset));
        this.walked = { memory: machine.memory, page: machine.page, isRam: (pa, n) => machine.isRam(pa, n) };
        this.text = address(BLOCK.text);
        this.tables = address(BLOCK.tables);
        this.descriptor = address(BLOCK.descriptor);
        ({
            start: this.start,
            pages: this.pages,
            count: this.count,
            rate: this.rate,
            pending: this.pending,
            sources: this.sources,
        } = program);
        this.since = machine.clock.now;
    }

    get label(): string {
        return this.guest;
    }

    /** Begins to run: VM entry on its processor. */
    enter(): void {
        const { machine } = this;
        machine.processors.jobs.push(this);
        machine.clock.add(this);
        machine.memory.writeU32(this.block + BLOCK.state, RUNNING);
        this.takeAll([...this.pending]);
        this.takePosted();
        this.rearm();
        this.tell('orphaned');
    }

    private get edit() {
        return this.machine.journal.edit<Orphan>(this);
    }

    /** M vCPUs on N processors: the part of the time in which it runs. */
    private get share(): number {
        return 1 / Math.max(1, this.machine.processors.jobs.items.filter((j) => j.cpu === this.cpu).length);
    }

    // ------------------------------------------------------------ time

    fire(): void {
        this.catchUp();
        this.rearm();
    }

    /** The program of the guest catches up with the clock. A guest that is late did not run in the elapsed time. */
    catchUp(): void {
        const { clock } = this.machine;
        if (clock.isLate(this)) {
            this.edit.since = clock.now;
            return;
        }
        while (this.state === 'running') {
            const due = firstDue(this.sources);
            this.work(Math.min(clock.now, due?.next ?? Infinity));
            if (this.state !== 'running' || !due || due.next > clock.now) {
                return;
            }
            this.exit(due);
        }
    }

    private rearm(): void {
        const { clock, page } = this.machine;
        const next = firstDue(this.sources)?.next ?? Infinity;
        const tick =
            this.rate === 0 ? Infinity : clock.now + Math.max(TICK, Math.ceil((page.size * SECOND) / this.rate));
        this.edit.at = this.state === 'running' ? Math.min(next, tick) : Infinity;
        clock.rearm();
    }

    /** Writes as much as the time until a moment allows. */
    private work(until: number): void {
        const { page } = this.machine;
        if (this.rate === 0 || until <= this.since || this.pages === 0) {
            return;
        }
        const bytes = this.credit + ((until - this.since) * this.rate * this.share) / SECOND;
        let left = Math.floor(bytes / page.size);
        const e = this.edit;
        e.since = until;
        e.credit = bytes - left * page.size;
        // of many rounds only the first one can find foreign changes, and only the last one is visible
        if (left > 3 * this.pages) {
            left -= this.write(this.pages);
            const skipped = Math.floor(left / this.pages) - 1;
            if (this.state === 'running' && skipped > 0) {
                this.edit.count = this.count + skipped * this.pages;
                left -= skipped * this.pages;
            }
        }
        this.write(left);
    }

    /** @returns the number of pages written */
    private write(pages: number): number {
        const { page, memory } = this.machine;
        let written = 0;
        while (written < pages && this.state === 'running') {
            const at = this.count % this.pages;
            const generation = Math.floor(this.count / this.pages) + 1;
            const gpa = this.start + at * page.size;
            const found = translate(this.walked, this.tables, gpa);
            if (typeof found === 'string') {
                this.edit.gpa = gpa;
                if (found === 'damaged') {
                    this.fail('tables');
                } else {
                    this.leave();
                    this.stall('ept', EPT_VIOLATION);
                }
                break;
            }
            const n = Math.min(pages - written, this.pages - at, Math.floor(found.length / page.size));
            if (memory.watcher !== null) {
                memory.writer = { kind: 'guest', guest: this.guest, vcpu: this.index };
            }
            this.touch(gpa, found.pa, n * page.size, generation);
            memory.writer = null;
            this.edit.count = this.count + n;
            written += n;
        }
        return written;
    }

    private touch(gpa: number, pa: number, length: number, generation: number): void {
        const { memory, guestObserver } = this.machine;
        const before = guestObserver
            ? generation > 1
                ? contentOf(generation - 1, gpa, length)
                : guestObserver.before(this.guest, gpa, length)
            : null;
        const found = before && compare(before, memory.readBytes(pa, length));
        if (found) {
            guestObserver?.differs(this.guest, { gpa: gpa + found.first, pa: pa + found.first, ...found });
        }
        writeContent(memory, pa, generation, gpa, length);
    }

    // ------------------------------------------------------------ exits

    private leave(): void {
        const e = this.edit;
        e.exits = this.exits + 1;
    }

    private exit(source: ExitSource): void {
        const { memory } = this.machine;
        const reason = EXIT_REASONS.indexOf(source.reason);
        if (memory.readU32(this.text) !== TEXT_MAGIC) {
            this.fail('text');
            return;
        }
        this.leave();
        const what = memory.readU32(this.text + TEXT_EXITS + reason * 4);
        if (what !== STALLS) {
            this.edit.sources = afterExit(this.sources, source);
        }
        switch (what) {
            case HANDLES:
                return;
            case LATE:
                this.edit.late = this.late + 1;
                return;
            case STALLS:
                this.stall(source.reason, reason);
                return;
            case FATAL:
                this.fail(source.reason);
                return;
            default:
                this.fail('code');
        }
    }

    /** It waits for the next kernel, which does the instruction again. */
    private stall(why: Trouble, reason: number): void {
        const { memory } = this.machine;
        const e = this.edit;
        e.state = 'stalled';
        e.trouble = why;
        e.stalls = this.stalls + 1;
        memory.writeU64(this.block + BLOCK.stalls, this.stalls);
        memory.writeU64(this.block + BLOCK.stallReason, reason);
        memory.writeU64(this.block + BLOCK.stallAt, Math.max(this.gpa, 0));
        this.telemetry(reason);
        this.tell('stalled', why);
    }

    private telemetry(reason: number): void {
        this.machine.memory.writeU64(this.block + BLOCK.exits, this.exits);
        this.machine.memory.writeU64(this.block + BLOCK.lastReason, reason);
    }

    /** Nothing can continue it. */
    private fail(why: Trouble): void {
        const e = this.edit;
        e.state = 'failed';
        e.trouble = why;
        this.machine.memory.writeU32(this.block + BLOCK.state, FAILED);
        this.tell('failed', why);
    }

    reset(): void {
        if (this.state !== 'stopped') {
            this.catchUp();
            const e = this.edit;
            e.state = 'failed';
            e.trouble = 'init';
            this.rearm();
            this.tell('failed', 'init');
        }
    }

    // ------------------------------------------------------------ interrupts

    notified(descriptor: number): boolean {
        if (descriptor !== this.descriptor || descriptor === 0) {
            return false;
        }
        if (this.state === 'running') {
            this.takePosted();
        }
        return true;
    }

    private takePosted(): void {
        if (this.descriptor !== 0) {
            this.takeAll(take(this.machine.memory, this.descriptor));
        }
    }

    private takeAll(vectors: readonly number[]): void {
        if (vectors.length === 0) {
            return;
        }
        const e = this.edit;
        e.pending = [];
        e.interrupts = this.interrupts + vectors.length;
        for (const vector of vectors) {
            this.machine.pci.interrupts.taken(this.guest, this.index, vector);
        }
    }

    /** The kernel that it came from injects an interrupt. @returns whether it has a descriptor for it */
    posts(vector: number): boolean {
        if (this.descriptor === 0) {
            return false;
        }
        post(this.machine.memory, this.descriptor, vector, true);
        this.notified(this.descriptor);
        return true;
    }

    // ------------------------------------------------------------ adoption

    /**
     * A kernel takes it over: it stops, with what was posted and what is late as pending interrupts. It leaves its
     * processor.
     */
    stop(): SavedVcpu & { readonly sources: readonly ExitSource[] } {
        const { machine } = this;
        this.catchUp();
        const posted = this.descriptor === 0 ? [] : take(machine.memory, this.descriptor);
        const late = this.late > 0 ? [TIMER_VECTOR] : [];
        const e = this.edit;
        e.pending = [...new Set([...this.pending, ...posted, ...late])].sort((a, b) => a - b);
        if (this.state !== 'failed') {
            e.state = 'stopped';
            machine.memory.writeU32(this.block + BLOCK.state, STOPPED);
            machine.memory.writeU64(this.block + BLOCK.exits, this.exits);
        }
        this.drop();
        return this;
    }

    /** It is not there any more. */
    drop(): void {
        const { machine } = this;
        this.edit.at = Infinity;
        machine.clock.remove(this);
        machine.processors.jobs.remove(this);
    }

    private tell(state: VcpuState, why = ''): void {
        this.machine.guestObserver?.vcpu(this.guest, this.index, state, why);
    }

    hash(hasher: Hasher): void {
        hasher
            .str(this.guest)
            .num(this.index)
            .num(this.cpu)
            .str(this.state)
            .str(this.trouble ?? '')
            .num(this.at)
            .num(this.count)
            .num(this.since)
            .num(this.credit)
            .num(this.exits)
            .num(this.interrupts)
            .num(this.late);
        for (const { reason, every, next } of this.sources) {
            hasher.str(reason).num(every).num(next);
        }
    }
}

/** The orphaned vCPUs of a machine. */
export function orphansOf(machine: Machine): Orphan[] {
    return machine.processors.jobs.items.filter((j): j is Orphan => j instanceof Orphan);
}

/** The one whose block is at an address. */
export function orphanAt(machine: Machine, block: number): Orphan | undefined {
    return orphansOf(machine).find((o) => o.block === block);
}
