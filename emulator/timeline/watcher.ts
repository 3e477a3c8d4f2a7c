/**
 * Watches data while a run executes: memory at each write, pages at each change of their owner, variables of
 * functions after each operation of their frame that changes one, everything else after each operation that has changed
 * something. The watcher is not part of the state of the run: what it remembers is valid as long as the run goes
 * forward, and is read again after every restore.
 */
import { pageEventOf } from '../machine/history';
import { LEAF_SIZE } from '../machine/memory';
import type { MemoryWatcher } from '../machine/watching';
import type { Value } from '../language/types';
import type { Frame } from '../runtime/code';
import type { Host } from '../runtime/host/host';
import type { Observer, Phase } from '../runtime/listener';
import type { Watching } from '../runtime/stop';
import { hexBytes, hex, sizeText } from '../text/text';
import type { Change, FrameInText, FrameName, Subject, Watch } from './watch';
import { type Who, whoIs } from './who';

/** The most bytes that are compared, and the most that are shown. */
const COMPARED = LEAF_SIZE;
const SHOWN = 16;

/** @param byUser the user has made it @returns the ids of the breakpoints that stop the run */
export type OnChange = (watch: Watch, change: Change, byUser: boolean) => readonly number[];

/** A write that is not over yet. Its contents afterwards are compared with those before. */
interface Pending {
    readonly address: number;
    readonly size: number;
    /** Null: too much to compare. */
    readonly bytes: Uint8Array | null;
    readonly before: string | undefined;
    readonly who: Who;
    readonly time: number;
    readonly boot: number;
    readonly writer: object | null;
    /** Something has certainly been written. */
    written: boolean;
}

interface Watched {
    readonly watch: Watch;
    /** The last value; of pages what has last happened to them. */
    last: string | undefined;
    pending: Pending | null;
    /** The slots of the variables of its frame that it depends on; undefined: not known yet. */
    slots: readonly number[] | undefined;
    /** Their values when it was last read; undefined: it has to be read again. */
    values: readonly Value[] | undefined;
}

export class Watcher implements Observer, Watching, MemoryWatcher {
    private list: Watched[] = [];
    private on = false;
    frames = false;
    values = false;
    /** The watched data in the running frame. */
    private here: readonly Watched[] = [];
    /** The kernel has ended, and the next one has not begun. */
    private jumps = false;
    /** The present operation has ended a kernel. */
    private hasJumped = false;
    private saves = 0;
    /** What the present operation has done to what is watched. */
    private heard: { readonly watch: Watch; readonly change: Change }[] = [];

    constructor(
        private readonly host: Host,
        private readonly onChange: OnChange,
    ) {}

    /** Watches from here on. What was watched before and is still in the list goes on; `again`: nothing does. */
    begin(watches: readonly Watch[], again: boolean): void {
        const same = !again && this.on && this.list.every(({ watch }, i) => watch === watches[i]);
        if (same && this.list.length === watches.length) {
            return;
        }
        const { machine, interpreter, listeners } = this.host;
        const has = (kind: Subject['kind']): boolean => watches.some(({ subject }) => subject.kind === kind);
        this.end();
        if (watches.length === 0) {
            return;
        }
        this.on = true;
        // the variables of a function are not in the journal
        this.frames = watches.some(({ subject }) => subject.kind === 'value' && subject.frame !== undefined);
        this.values = has('value');
        this.jumps = false;
        this.heard = [];
        machine.journal.onSave = has('value') ? () => this.looks() : null;
        machine.memory.watcher = has('bytes') ? this : null;
        machine.history.watcher = has('owner') ? (kind, pfn, count, owner) => this.owns(kind, pfn, count, owner) : null;
        listeners.observe(this);
        interpreter.watch = this;
        this.list = watches.map((watch) => {
            const w: Watched = { watch, last: undefined, pending: null, slots: undefined, values: undefined };
            w.last = this.read(w);
            return w;
        });
        this.nextOperation();
    }

    end(): void {
        if (this.on) {
            const { machine, interpreter, listeners } = this.host;
            this.on = false;
            machine.journal.onSave = null;
            machine.memory.watcher = null;
            machine.memory.writer = null;
            machine.history.watcher = null;
            listeners.withdraw(this);
            interpreter.watch = null;
        }
    }

    executed(frame: Frame | undefined, pc: number): readonly number[] {
        const hasChanged = this.host.machine.journal.saves !== this.saves;
        for (const w of this.list) {
            if (w.pending) {
                this.settle(w, w.pending);
            } else if (w.watch.subject.kind === 'value' && this.mayDiffer(w, w.watch.subject.frame, hasChanged)) {
                this.compare(w, () => whoIs(this.host, null, frame, pc, this.hasJumped));
            }
        }
        return this.operationEnds(false);
    }

    /** The user has made a change, which was made again. */
    changedByUser(text: string): void {
        const who: Who = { text: `you, with ${text}`, place: undefined };
        for (const w of this.on ? this.list : []) {
            if (w.pending) {
                this.settle(w, { ...w.pending, who });
            } else if (w.watch.subject.kind === 'value') {
                this.compare(w, () => who);
            }
        }
        this.operationEnds(true);
    }

    /** @returns the ids of the breakpoints that stop the run */
    private operationEnds(byUser: boolean): readonly number[] {
        const { heard } = this;
        if (this.on) {
            this.nextOperation();
        }
        if (heard.length === 0) {
            return [];
        }
        this.heard = [];
        return [...new Set(heard.flatMap(({ watch, change }) => this.onChange(watch, change, byUser)))];
    }

    private nextOperation(): void {
        const { journal, memory } = this.host.machine;
        journal.newEpoch();
        this.saves = journal.saves;
        this.hasJumped = false;
        memory.writer = null;
    }

    // ------------------------------------------------------------ memory

    writes(pa: number, length: number, exact: boolean): void {
        if (!this.isListening) {
            return;
        }
        for (const w of this.list) {
            const { subject, access } = w.watch;
            if (subject.kind === 'bytes' && access !== 'reads' && overlap(subject, pa, length)) {
                this.written(w, subject, pa, length, exact);
            }
        }
    }

    private written(
        w: Watched,
        subject: Subject & { kind: 'bytes' },
        pa: number,
        length: number,
        exact: boolean,
    ): void {
        const { memory, clock } = this.host.machine;
        const { writer } = memory;
        if (w.pending && w.pending.writer !== writer) {
            this.settle(w, w.pending);
        }
        if (w.pending) {
            w.pending.written ||= exact;
            if (subject.size <= COMPARED) {
                return;
            }
            this.settle(w, w.pending);
        }
        // all of what is watched, if that is little, so that two writes to its halves are one change
        const whole = subject.size <= COMPARED;
        const address = whole ? subject.address : Math.max(pa, subject.address);
        const end = whole ? address + subject.size : Math.min(pa + length, subject.address + subject.size);
        const size = end - address;
        const frame = this.host.interpreter.current.top;
        this.looks();
        w.pending = {
            address,
            size,
            bytes: size <= COMPARED ? memory.read(address, size) : null,
            before: this.textOf(subject, address, size),
            who: whoIs(this.host, writer, frame, frame?.pc ?? 0, this.jumps),
            time: clock.now,
            boot: this.host.boot,
            writer,
            written: exact,
        };
    }

    /** A write is over: what has it done? */
    private settle(w: Watched, pending: Pending): void {
        w.pending = null;
        const { subject, access } = w.watch;
        if (subject.kind !== 'bytes') {
            return;
        }
        const { address, size, bytes, before, who, time, boot, written } = pending;
        const now = bytes && this.host.machine.memory.read(address, size);
        const differs = !bytes || bytes.some((b, i) => b !== now?.[i]);
        if (differs || (written && access !== 'changes')) {
            const after = this.textOf(subject, address, size);
            this.tell(w, { how: differs ? 'changed' : 'written', before, after, who, time, boot });
        }
    }

    reads(pa: number, length: number): void {
        if (!this.isListening) {
            return;
        }
        for (const w of this.list) {
            const { subject, access } = w.watch;
            if (
                subject.kind === 'bytes' &&
                (access === 'reads' || access === 'accesses') &&
                overlap(subject, pa, length)
            ) {
                const { address, size } = subject;
                const value = this.textOf(subject, address, size);
                this.tell(w, { how: 'read', before: value, after: value, ...this.now() });
            }
        }
    }

    /** The part of what is watched that begins at an address. */
    private textOf(subject: Subject & { kind: 'bytes' }, address: number, size: number): string | undefined {
        if (subject.show) {
            return this.quietly(() => subject.show?.(this.host));
        }
        const shown = hexBytes(this.host.machine.memory.read(address, Math.min(size, SHOWN)));
        const more = size > SHOWN ? ' …' : '';
        return address === subject.address && size === subject.size
            ? `${shown}${more}`
            : `${hex(address)}: ${shown}${more}`;
    }

    // ------------------------------------------------------------ pages

    private owns(kind: number, pfn: number, count: number, owner: number): void {
        if (!this.isListening) {
            return;
        }
        for (const w of this.list) {
            const { subject } = w.watch;
            if (subject.kind === 'owner' && pfn < subject.pfn + subject.count && subject.pfn < pfn + count) {
                this.happened(w, `${pageEventOf(kind)}: ${this.host.machine.owners.name(owner)}`);
            }
        }
    }

    folioChanged(how: 'moved' | 'split' | 'freed', head: number, order: number, to: number): void {
        for (const w of how === 'freed' || !this.isListening ? [] : this.list) {
            const { subject } = w.watch;
            const count = 2 ** order;
            if (subject.kind === 'owner' && head < subject.pfn + subject.count && subject.pfn < head + count) {
                const { size } = this.host.machine.page;
                if (how === 'moved') {
                    this.happened(w, `moved to ${hex(to * size)}`);
                } else {
                    const after = `split into pages of ${sizeText(size)}`;
                    this.tell(w, { how: 'split', before: w.last, after, ...this.now() });
                }
            }
        }
    }

    private happened(w: Watched, after: string): void {
        const before = w.last;
        w.last = after;
        this.tell(w, { how: 'changed', before, after, ...this.now() });
    }

    phase(phase: Phase): void {
        this.jumps = phase === 'jump';
        this.hasJumped ||= this.jumps;
        this.looks();
    }

    // ------------------------------------------------------------ values

    private mayDiffer(w: Watched, name: FrameInText | undefined, hasChanged: boolean): boolean {
        if (!name) {
            return hasChanged;
        }
        const frame = this.frameOf(name);
        if (!frame) {
            return false;
        }
        w.slots ??= frame.code.locals.filter((v) => name.names.has(v.name)).map((v) => v.slot);
        const { slots, values } = w;
        if (!hasChanged && values && slots.every((slot, i) => frame.slots[slot] === values[i])) {
            return false;
        }
        w.values = slots.map((slot) => frame.slots[slot]);
        return true;
    }

    watches({ slots }: Frame): boolean {
        // the frame of a block of a process has the slots of the function around the block
        this.here = this.list.filter(({ watch: { subject } }) => {
            return subject.kind === 'value' && subject.frame && this.frameOf(subject.frame)?.slots === slots;
        });
        return this.here.length > 0;
    }

    differs(frame: Frame): boolean {
        for (const { slots, values } of this.here) {
            if (!slots || !values) {
                return true;
            }
            for (let i = 0; i < slots.length; i++) {
                if (frame.slots[slots[i] ?? 0] !== values[i]) {
                    return true;
                }
            }
        }
        return false;
    }

    private frameOf({ thread, index, born }: FrameName): Frame | undefined {
        const frame = this.host.interpreter.threads.find((t) => t.id === thread)?.frames[index];
        return frame?.born === born ? frame : undefined;
    }

    private compare(w: Watched, who: () => Who): void {
        const { subject } = w.watch;
        const value = this.read(w);
        // a variable that cannot be seen from where the run is, or whose function has ended, has not changed
        if (value === undefined && subject.kind === 'value' && subject.frame) {
            w.values = undefined;
        } else if (value !== w.last) {
            const before = w.last;
            w.last = value;
            const { clock } = this.host.machine;
            this.tell(w, { how: 'changed', before, after: value, who: who(), time: clock.now, boot: this.host.boot });
        }
    }

    private read({ watch: { subject } }: Watched): string | undefined {
        switch (subject.kind) {
            case 'bytes':
                return undefined;
            case 'owner': {
                const { history, owners } = this.host.machine;
                const last = history.of(subject.pfn).at(-1);
                return last && `${last.kind}: ${owners.name(last.owner)}`;
            }
            case 'value':
                return this.quietly(() => subject.read(this.host));
        }
    }

    // ------------------------------------------------------------ telling

    private get isListening(): boolean {
        return this.on && this.host.interpreter.watch === this;
    }

    /** There is something to look at behind the present operation. */
    private looks(): void {
        if (this.isListening) {
            this.host.interpreter.lookAfterwards();
        }
    }

    private quietly<T>(what: () => T): T {
        return this.host.interpreter.aside(what);
    }

    private now(): { readonly who: Who; readonly time: number; readonly boot: number } {
        const { interpreter, machine, boot } = this.host;
        const frame = interpreter.current.top;
        const who = whoIs(this.host, machine.memory.writer, frame, frame?.pc ?? 0, this.jumps);
        return { who, time: machine.clock.now, boot };
    }

    private tell(
        { watch }: Watched,
        { who, ...what }: Pick<Change, 'how' | 'before' | 'after' | 'time' | 'boot'> & { readonly who: Who },
    ): void {
        const at = this.host.interpreter.ticks;
        this.looks();
        this.heard.push({ watch, change: { ...what, at, who: who.text, place: who.place } });
    }
}

function overlap(
    { address, size }: { readonly address: number; readonly size: number },
    pa: number,
    length: number,
): boolean {
    return pa < address + size && address < pa + length;
}
