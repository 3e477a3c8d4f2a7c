/**
 * The phases of live updates and when they begin, derived from events. The phases are those of the flow table in the
 * talk "Live Update Orchestrator" (Linux Plumbers Conference 2025): Pre-LU, Pre-Blackout, Blackout with kernel shutdown
 * and startup, Post-Blackout, Post-LU. An observer with journaled state, like the diagnoses.
 */
import { Err } from '../kernel/release/errno';
import type { Kernel } from '../kernel/kernel';
import { COST_NAMES, type CostName } from '../machine/costs';
import type { Hasher } from '../machine/hash';
import { type Journal, JournaledRecord, JournaledList, JournaledMap, type Mutable } from '../machine/journal';
import type { Value } from '../language/types';
import type { Pause } from '../runtime/host/guests';
import type { Listener, Phase } from '../runtime/listener';
import type { CallbackCall, KernelWork } from '../runtime/purpose';
import type { Host } from '../runtime/host/host';

export type UpdatePhase = 'pre-lu' | 'pre-blackout' | 'blackout' | 'post-blackout' | 'post-lu';

/** The part of a blackout that a cost took, in nanoseconds. */
export interface Share {
    readonly cost: CostName;
    readonly ns: number;
}

/** Nanoseconds by cost, in the order of the table. */
type Accounts = readonly number[];

/** One update. Times in nanoseconds of the machine's clock; null: not yet. */
export class Update extends JournaledRecord {
    /** The first session was created, or a kernel loaded: the pre-blackout begins. */
    readonly prepared: number | null = null;
    /** The first freeze of the reboot that succeeds; if nothing is frozen, its system call. */
    readonly blackoutBegan: number | null = null;
    /** From here on the reboot cannot fail. */
    readonly shutdownBegan: number | null = null;
    /** The next kernel's first instruction. */
    readonly jumped: number | null = null;
    /** The next kernel has a user space. */
    readonly up: number | null = null;
    /** The last retrieve so far; if no file was handed over, the start of user space. */
    readonly resumed: number | null = null;
    /** The last session was finished. */
    readonly finished: number | null = null;
    /** The update never completed: another kernel was booted first, as after a panic. */
    readonly lost: boolean = false;
    /** Number of the boot of its new kernel. */
    readonly boot: number = -1;
    /** What was handed over. */
    readonly files: number = 0;
    readonly sessions: number = 0;
    /** Sessions that the next kernel has read. */
    readonly arrived: number = 0;
    /** The kernels' names. */
    readonly from: string = '';
    readonly to: string = '';
    /** The reboot has frozen a file. */
    readonly frozen: boolean = false;
    /** Set at the jump: how long each guest that went through it was stopped. Replaced, never changed in place. */
    readonly overKexec: readonly Pause[] = [];
    /** The system call that retrieved a file has not returned. */
    readonly retrieving: boolean = false;
    /** The accounts of the clock when the blackout began and ended. */
    readonly before: Accounts = [];
    readonly after: Accounts | null = null;

    constructor(
        private readonly host: Host,
        readonly number: number,
    ) {
        super(host.machine.journal);
    }

    /** How long each guest of the update was stopped. Before the jump: each guest that is stopped now. */
    get guests(): readonly Pause[] {
        if (this.jumped !== null) {
            return this.overKexec;
        }
        return this.prepared === null && this.shutdownBegan === null ? [] : this.host.guests.pausesForUpdate();
    }

    /** The guest that was stopped for the longest time, or still is; null: no guest goes through the update. */
    get slowest(): Pause | null {
        const { guests } = this;
        const open = guests.filter((p) => p.end === null);
        return (open.length > 0 ? open : guests).reduce<Pause | null>(
            (longest, p) => (longest && longest.length >= p.length ? longest : p),
            null,
        );
    }

    /** The beginning of the blackout: the pause of the slowest guest; without guests, the first freeze. */
    get began(): number | null {
        return this.slowest?.begin ?? (this.frozen || this.shutdownBegan !== null ? this.blackoutBegan : null);
    }

    /** The end of the blackout: its last vCPU runs again; without guests, the last file is retrieved. */
    get ended(): number | null {
        const { slowest } = this;
        return slowest ? slowest.end : this.resumed;
    }

    get phase(): UpdatePhase {
        if (this.finished !== null && this.ended !== null) {
            return 'post-lu';
        }
        if (this.ended !== null) {
            return 'post-blackout';
        }
        return this.began !== null ? 'blackout' : this.prepared !== null ? 'pre-blackout' : 'pre-lu';
    }

    /** From the first session or the loaded kernel to the blackout. */
    get preBlackout(): number {
        return this.between(this.prepared, this.began);
    }

    /**
     * From {@link began} to {@link ended}: the time for which the slowest guest is stopped. If it is not over, until
     * now.
     */
    get blackout(): number {
        return this.between(this.began, this.ended);
    }

    /** VMMs pause their guests and save their state, up to the first freeze. */
    get pausing(): number {
        return this.between(this.slowest && this.began, this.blackoutBegan);
    }

    /** From the first freeze to the jump. */
    get kernelShutdown(): number {
        return this.between(this.frozen || this.shutdownBegan !== null ? this.blackoutBegan : null, this.jumped);
    }

    get kernelStartup(): number {
        return this.between(this.jumped, this.up);
    }

    /** The agent and its VMMs retrieve everything: from user space to the last file, or to the last vCPU that runs. */
    get userspace(): number {
        return this.between(this.up, this.ended);
    }

    /** From the end of the blackout to the end of the last session. */
    get postBlackout(): number {
        return this.between(this.ended, this.finished);
    }

    /** The costs that make up the blackout, the largest first. */
    get shares(): Share[] {
        if (this.began === null) {
            return [];
        }
        const { before } = this.slowest ?? this;
        const after = (this.slowest ?? this).after ?? this.host.machine.clock.spent;
        return COST_NAMES.map((cost, i) => ({ cost, ns: (after[i] ?? 0) - (before[i] ?? 0) }))
            .filter((s) => s.ns > 0)
            .sort((a, b) => b.ns - a.ns);
    }

    hash(hasher: Hasher): void {
        for (const t of [
            this.prepared,
            this.blackoutBegan,
            this.shutdownBegan,
            this.jumped,
            this.up,
            this.resumed,
            this.finished,
        ]) {
            hasher.num(t ?? -1);
        }
        hasher
            .u32(this.frozen ? 1 : 0)
            .u32(this.retrieving ? 1 : 0)
            .u32(this.lost ? 1 : 0)
            .num(this.boot)
            .num(this.files)
            .num(this.sessions)
            .num(this.arrived);
        hasher.str(this.from).str(this.to);
        for (const pause of this.overKexec) {
            pause.hash(hasher);
        }
        for (const ns of [...this.before, ...(this.after ?? [])]) {
            hasher.num(ns);
        }
    }

    display(): string {
        return `update ${this.number}: ${this.phase}`;
    }

    private between(from: number | null, to: number | null): number {
        return from === null ? 0 : Math.max(0, (to ?? this.host.machine.clock.now) - from);
    }
}

/**
 * When the calls began that have not returned, by thread. Mostly there is one, which stands in fields: system calls are
 * frequent, and a map is slow that gets and loses its only entry again and again.
 */
class CallsUnderway extends JournaledRecord {
    /** The thread of the call that began last; −1: it has returned. */
    readonly thread: number = -1;
    readonly began: number = 0;
    private readonly others: JournaledMap<number, number>;

    constructor(private readonly owner: Journal) {
        super(owner);
        this.others = new JournaledMap(owner);
    }

    enter(thread: number, now: number): void {
        if (this.thread >= 0 && this.thread !== thread) {
            this.others.set(this.thread, this.began);
        }
        this.others.delete(thread);
        const edit = this.owner.edit<CallsUnderway>(this);
        edit.thread = thread;
        edit.began = now;
    }

    /** @returns when the call of the thread began; undefined if that is not known */
    leave(thread: number): number | undefined {
        if (this.thread === thread) {
            this.owner.edit<CallsUnderway>(this).thread = -1;
            return this.began;
        }
        const began = this.others.get(thread);
        this.others.delete(thread);
        return began;
    }

    clear(): void {
        if (this.thread >= 0) {
            this.owner.edit<CallsUnderway>(this).thread = -1;
        }
        this.others.clear();
    }

    hash(hasher: Hasher): void {
        const all = [...this.others, ...(this.thread >= 0 ? [[this.thread, this.began] as const] : [])];
        for (const [thread, began] of all.sort(([a], [b]) => a - b)) {
            hasher.num(thread).num(began);
        }
    }
}

export class Updates implements Listener {
    /** In order; the last one has not begun, is being prepared, or reboots. */
    private readonly list: JournaledList<Update>;
    /** One of them may prepare the next update. Empty once it is prepared. */
    private readonly calls: CallsUnderway;

    constructor(private readonly host: Host) {
        const { journal } = host.machine;
        this.list = new JournaledList(journal, [new Update(host, 1)]);
        this.calls = new CallsUnderway(journal);
    }

    /** The updates of a run; null if it is not watched. */
    static of(host: Host): Updates | null {
        return host.listeners.observer(Updates);
    }

    /** Watches a run that is about to start. */
    static attach(host: Host): Updates {
        const updates = new Updates(host);
        host.listeners.observe(updates);
        return updates;
    }

    get items(): readonly Update[] {
        return this.list.items;
    }

    /** The latest one that has begun; if none has, the first. */
    get current(): Update {
        const { next } = this;
        return next.prepared === null && next.shutdownBegan === null ? (this.list.at(-2) ?? next) : next;
    }

    /** Those that reached the jump. */
    get done(): readonly Update[] {
        return this.items.filter((u) => u.jumped !== null);
    }

    kernelEntered({ kind }: KernelWork): void {
        const { host, next } = this;
        if (next.prepared === null) {
            this.calls.enter(host.interpreter.current.id, this.now);
        }
        if (kind === 'reboot') {
            const edit = this.edit(next);
            edit.blackoutBegan = this.now;
            edit.before = host.machine.clock.spent;
        }
    }

    callbackEntered({ kind, callback }: CallbackCall): void {
        const { next } = this;
        if (next.blackoutBegan !== null && !next.frozen && kind === 'handler' && callback === 'freeze') {
            const edit = this.edit(next);
            edit.frozen = true;
            edit.blackoutBegan = this.now;
            edit.before = this.host.machine.clock.spent;
        }
    }

    callbackLeft({ kind, callback }: CallbackCall, result: Value | Err): void {
        const { incoming } = this;
        if (incoming && kind === 'handler' && callback === 'retrieve' && !(result instanceof Err)) {
            this.edit(incoming).retrieving = true;
        }
    }

    kernelLeft({ kind }: KernelWork): void {
        const { calls, next, incoming } = this;
        const { kernel, interpreter, touches } = this.host;
        if (next.prepared === null || incoming) {
            // the record of an update depends on the time, and on sessions of other processes
            touches?.everything();
        }
        const began = calls.leave(interpreter.current.id);
        if (kind === 'reboot' && next.blackoutBegan !== null) {
            // the reboot returned, so it failed
            const edit = this.edit(next);
            edit.blackoutBegan = null;
            edit.frozen = false;
        }
        if (!kernel) {
            return;
        }
        if (next.prepared === null && (kernel.luo.outgoing.sessions.length > 0 || kernel.kexecImage)) {
            this.edit(next).prepared = began ?? this.now;
            calls.clear();
        }
        if (incoming?.retrieving) {
            const edit = this.edit(incoming);
            edit.retrieving = false;
            this.resume(edit);
        }
        const arrived = kernel.luo.incoming.sessions.length;
        if (incoming && incoming.arrived < arrived) {
            this.edit(incoming).arrived = arrived;
        }
        if (incoming && incoming.arrived > 0 && isFinished(kernel)) {
            const edit = this.edit(incoming);
            if (edit.resumed === null) {
                this.resume(edit);
            }
            edit.finished = this.now;
        }
    }

    phase(phase: Phase): void {
        switch (phase) {
            case 'shutdown':
                this.shuttingDown();
                break;
            case 'boot':
                this.booting();
                break;
            case 'running':
                this.running();
                break;
            case 'jump':
                break;
        }
    }

    jumped(): void {
        for (const u of this.items) {
            if (u.jumped !== null && u.resumed === null) {
                this.edit(u).lost = true;
            }
        }
        const { next } = this;
        const edit = this.edit(next);
        edit.jumped = this.now;
        edit.boot = this.host.boot + 1;
        edit.overKexec = this.host.guests.pausesOverKexec();
        this.list.push(new Update(this.host, next.number + 1));
        this.calls.clear();
    }

    hash(hasher: Hasher): void {
        for (const update of this.items) {
            update.hash(hasher);
        }
        this.calls.hash(hasher);
    }

    private get now(): number {
        this.host.touches?.everything();
        return this.host.machine.clock.now;
    }

    private get next(): Update {
        const last = this.list.at(-1);
        if (!last) {
            throw new RangeError('the list of updates is empty');
        }
        return last;
    }

    /** The one that started the running or booting kernel, until it is over. */
    private get incoming(): Update | undefined {
        const u = this.list.at(-2);
        return u && u.finished === null && !u.lost ? u : undefined;
    }

    private edit(update: Update): Mutable<Update> {
        return this.host.machine.journal.edit(update);
    }

    private resume(update: Mutable<Update>): void {
        update.resumed = this.now;
        update.after = this.host.machine.clock.spent;
    }

    private shuttingDown(): void {
        const { running } = this.host;
        const next = this.edit(this.next);
        next.shutdownBegan = this.now;
        next.from = running.desc.name;
        next.to = running.kexecImage?.kernel ?? '';
        if (running.kexecImage?.kho) {
            const sessions = running.luo.outgoing.sessions.items;
            next.sessions = sessions.length;
            next.files = sessions.reduce((sum, s) => sum + s.files.length, 0);
        }
    }

    /** A kernel boots without a kexec: the machine was switched on again, and the update in progress is lost. */
    private booting(): void {
        const { next, incoming } = this;
        if (this.host.boot === incoming?.boot) {
            return;
        }
        if (incoming && incoming.resumed === null) {
            this.edit(incoming).lost = true;
        }
        if (next.prepared !== null) {
            this.edit(next).prepared = null;
        }
        this.calls.clear();
    }

    private running(): void {
        const { incoming } = this;
        if (incoming && incoming.up === null) {
            const edit = this.edit(incoming);
            edit.up = this.now;
            if (incoming.files === 0) {
                this.resume(edit);
            }
            if (incoming.sessions === 0) {
                edit.finished = this.now;
            }
        }
    }
}

/** Every session that was read has been finished, by FINISH or by closing its last descriptor. */
function isFinished({ luo }: Kernel): boolean {
    return luo.incoming.sessions.items.every((s) => s.files.length === 0);
}
