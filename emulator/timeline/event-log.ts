/**
 * Events as they are kept: in blocks of columns of numbers, since there may be very many, and few of them are ever
 * read.
 */
import type { Place } from '../findings/place';
import { type Code, placeIn } from '../runtime/code';
import type { KernelWork } from '../runtime/purpose';
import { callText } from './call-text';

/** Events of a block, and the most blocks that are kept: the oldest goes. */
const BLOCK = 8192;
const MOST_BLOCKS = 25;

export type EventKind = 'call' | 'callback' | 'finding' | 'log' | 'phase' | 'fault';

/** What a call has given: nothing that unfolds. */
export type Result = string | number | bigint | boolean | null;

/** What happened, where and when. */
export interface TimelineEvent {
    /** Grows by one from event to event, and stays the same. */
    readonly id: number;
    readonly kind: EventKind;
    /** The position of the run, in the operation in which it happened. */
    readonly at: number;
    /** Nanoseconds of the machine's clock. */
    readonly time: number;
    /** Which boot of the machine it was, from 0. */
    readonly boot: number;
    /** The process, the thread or the device. */
    readonly who: string;
    readonly text: string;
    readonly place: Place | undefined;
}

/** What an event has in common with others of its kind: loops make the same calls again and again. */
interface Sort {
    readonly index: number;
    readonly kind: EventKind;
    readonly boot: number;
    readonly who: string;
    /** A call, or the text. */
    readonly what: string | KernelWork;
    readonly text: string;
    readonly where: Place | Code | null;
    readonly pc: number;
}

/** So many of the latest sorts are compared with a new event. */
const RECENT = 64;

/** Of an event: its position, its time, and its result. They lie side by side: most events are only written. */
const NUMBERS = 3;
/** The most frequent results that are not finite numbers; NaN: another one. */
const NONE = Infinity;
const DONE = -Infinity;

class Block {
    length = 0;
    private readonly numbers = new Float64Array(BLOCK * NUMBERS);
    /** Indices of {@link sorts}. */
    private readonly kinds = new Uint16Array(BLOCK);
    private readonly sorts: Sort[] = [];
    /** By the operation. */
    private readonly recent = new Array<Sort | null>(RECENT).fill(null);
    private readonly otherResults = new Map<number, Result>();

    /** Takes values and not an object: where a loop makes the same call again and again, nothing is allocated. */
    add(
        at: number,
        time: number,
        kind: EventKind,
        boot: number,
        who: string,
        what: string | KernelWork,
        where: Place | Code | null,
        pc: number,
        result: Result,
    ): void {
        const slot = pc % RECENT;
        let sort = this.recent[slot];
        if (
            !sort ||
            sort.pc !== pc ||
            sort.where !== where ||
            sort.what !== what ||
            sort.who !== who ||
            sort.kind !== kind ||
            sort.boot !== boot
        ) {
            const text = typeof what === 'string' ? what : callText(what);
            sort = { index: this.sorts.length, kind, boot, who, what, text, where, pc };
            this.sorts.push(sort);
            this.recent[slot] = sort;
        }
        const i = this.length++;
        const { numbers } = this;
        this.kinds[i] = sort.index;
        numbers[i * NUMBERS] = at;
        numbers[i * NUMBERS + 1] = time;
        numbers[i * NUMBERS + 2] = Number.isFinite(result) ? Number(result) : this.otherResult(i, result);
    }

    private otherResult(index: number, result: Result): number {
        if (result === null) {
            return NONE;
        }
        if (result === 'done') {
            return DONE;
        }
        this.otherResults.set(index, result);
        return Number.NaN;
    }

    /** As if it were new. */
    clear(): void {
        this.length = 0;
        this.sorts.length = 0;
        this.recent.fill(null);
        this.otherResults.clear();
    }

    sortOf(index: number): Sort {
        const sort = index < this.length ? this.sorts[this.kinds[index] ?? 0] : undefined;
        if (!sort) {
            throw new RangeError(`there is no event ${index} in the block`);
        }
        return sort;
    }

    positionOf(index: number): number {
        return this.numbers[index * NUMBERS] ?? 0;
    }

    timeOf(index: number): number {
        return this.numbers[index * NUMBERS + 1] ?? 0;
    }

    resultOf(index: number): Result {
        const number = this.numbers[index * NUMBERS + 2] ?? Number.NaN;
        if (Number.isNaN(number)) {
            return this.otherResults.get(index) ?? null;
        }
        return number === NONE ? null : number === DONE ? 'done' : number;
    }

    /** One more: that of another block with this index. */
    copy(other: Block, index: number): void {
        const { kind, boot, who, what, where, pc } = other.sortOf(index);
        const [at, time, result] = [other.positionOf(index), other.timeOf(index), other.resultOf(index)];
        this.add(at, time, kind, boot, who, what, where, pc, result);
    }
}

/** Events of a future that was cut off. */
export type LaterEvents = readonly Block[];

export class EventLog {
    /** All but the last one are full. */
    private blocks: Block[] = [];
    /** The last one, if it has room. */
    private last: Block | null = null;
    /** How many events are not there any more, the oldest. */
    forgotten = 0;

    get length(): number {
        return Math.max(this.blocks.length - 1, 0) * BLOCK + (this.blocks.at(-1)?.length ?? 0);
    }

    /**
     * @param at the position of the run, in the operation in which it happens
     * @param time nanoseconds of the machine's clock
     * @param boot which boot of the machine it is, from 0
     * @param who the process, the thread or the device
     * @param what a call, or the text
     * @param where the place; or the code, and with `pc` the operation
     * @param result null for none
     */
    add(
        at: number,
        time: number,
        kind: EventKind,
        boot: number,
        who: string,
        what: string | KernelWork,
        where: Place | Code | null,
        pc: number,
        result: Result,
    ): void {
        const { last } = this;
        const block = last && last.length < BLOCK ? last : this.open();
        block.add(at, time, kind, boot, who, what, where, pc, result);
    }

    at(index: number): TimelineEvent {
        const block = this.blocks[Math.floor(index / BLOCK)];
        const i = index % BLOCK;
        if (!block || i >= block.length) {
            throw new RangeError(`there is no event ${index}`);
        }
        const { kind, boot, who, text, where, pc } = block.sortOf(i);
        const result = block.resultOf(i);
        return {
            id: this.forgotten + index + 1,
            kind,
            at: block.positionOf(i),
            time: block.timeOf(i),
            boot,
            who,
            text: `${text}${result === null ? '' : ` = ${result}`}`,
            place: where && 'ops' in where ? placeIn(where, pc) : (where ?? undefined),
        };
    }

    /** Takes those out that happened behind a position. */
    takeBehind(position: number): LaterEvents {
        const first = this.blocks.findIndex((b) => b.positionOf(b.length - 1) > position);
        const later = first < 0 ? [] : this.blocks.splice(first);
        const [split] = later;
        if (split && split.positionOf(0) <= position) {
            const stays = new Block();
            const goes = new Block();
            for (let i = 0; i < split.length; i++) {
                (split.positionOf(i) > position ? goes : stays).copy(split, i);
            }
            this.blocks.push(stays);
            later[0] = goes;
        }
        this.last = this.blocks.at(-1) ?? null;
        return later;
    }

    /** Takes back what was taken out. */
    append(later: LaterEvents): void {
        for (const block of later) {
            for (let i = 0; i < block.length; i++) {
                this.open().copy(block, i);
            }
        }
    }

    /** A block with room at the end. The oldest one, where there are too many, is used again. */
    private open(): Block {
        const tail = this.blocks.at(-1);
        if (tail && tail.length < BLOCK) {
            this.last = tail;
            return tail;
        }
        let block: Block | undefined;
        if (this.blocks.length === MOST_BLOCKS) {
            block = this.blocks.shift();
            block?.clear();
            this.forgotten += BLOCK;
        }
        block ??= new Block();
        this.blocks.push(block);
        this.last = block;
        return block;
    }
}
