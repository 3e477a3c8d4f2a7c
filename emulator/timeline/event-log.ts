/**
 * Events as they are kept: in blocks of columns of numbers, since there may be very many, and few of them are ever
 * read.
 */
import type { Place } from '../findings/place';
import { type Code, placeIn } from '../runtime/code';

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
    readonly text: string;
    readonly where: Place | Code | null;
    readonly pc: number;
}

/** So many of the latest sorts are compared with a new event. */
const RECENT = 64;

class Block {
    length = 0;
    readonly positions = new Float64Array(BLOCK);
    readonly times = new Float64Array(BLOCK);
    /** Indices of {@link sorts}. */
    private readonly kinds = new Uint16Array(BLOCK);
    private readonly sorts: Sort[] = [];
    /** By the operation. */
    private readonly recent = new Array<Sort | null>(RECENT).fill(null);
    /** Those that are numbers; NaN for none or another one. */
    private readonly numbers = new Float64Array(BLOCK).fill(Number.NaN);
    private readonly otherResults = new Map<number, Result>();

    /** Takes values and not an object: where a loop makes the same call again and again, nothing is allocated. */
    add(
        at: number,
        time: number,
        kind: EventKind,
        boot: number,
        who: string,
        text: string,
        where: Place | Code | null,
        pc: number,
    ): void {
        const slot = pc % RECENT;
        let sort = this.recent[slot];
        if (
            !sort ||
            sort.pc !== pc ||
            sort.where !== where ||
            sort.text !== text ||
            sort.who !== who ||
            sort.kind !== kind ||
            sort.boot !== boot
        ) {
            sort = { index: this.sorts.length, kind, boot, who, text, where, pc };
            this.sorts.push(sort);
            this.recent[slot] = sort;
        }
        const i = this.length++;
        this.kinds[i] = sort.index;
        this.positions[i] = at;
        this.times[i] = time;
    }

    /** As if it were new. */
    clear(): void {
        this.length = 0;
        this.sorts.length = 0;
        this.recent.fill(null);
        this.numbers.fill(Number.NaN);
        this.otherResults.clear();
    }

    sortOf(index: number): Sort {
        const sort = index < this.length ? this.sorts[this.kinds[index] ?? 0] : undefined;
        if (!sort) {
            throw new RangeError(`there is no event ${index} in the block`);
        }
        return sort;
    }

    resultOf(index: number): Result {
        const number = this.numbers[index] ?? Number.NaN;
        return Number.isNaN(number) ? (this.otherResults.get(index) ?? null) : number;
    }

    give(index: number, result: Result): void {
        if (typeof result === 'number') {
            this.numbers[index] = result;
        } else if (result !== null) {
            this.otherResults.set(index, result);
        }
    }

    /** Keeps only the first `length` events. */
    shorten(length: number): void {
        this.length = length;
        this.numbers.fill(Number.NaN, length);
        for (const index of [...this.otherResults.keys()].filter((i) => i >= length)) {
            this.otherResults.delete(index);
        }
    }
}

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
     * @param where the place; or the code, and with `pc` the operation
     */
    add(
        at: number,
        time: number,
        kind: EventKind,
        boot: number,
        who: string,
        text: string,
        where: Place | Code | null,
        pc: number,
    ): void {
        const { last } = this;
        const block = last && last.length < BLOCK ? last : this.open();
        block.add(at, time, kind, boot, who, text, where, pc);
    }

    /** What the last one has given. */
    give(result: Result): void {
        const { last } = this;
        last?.give(last.length - 1, result);
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
            at: block.positions[i] ?? 0,
            time: block.times[i] ?? 0,
            boot,
            who,
            text: `${text}${result === null ? '' : ` = ${result}`}`,
            place: where && 'ops' in where ? placeIn(where, pc) : (where ?? undefined),
        };
    }

    /** Removes the events after a position. */
    cut(position: number): void {
        const first = this.blocks.findIndex((b) => (b.positions[b.length - 1] ?? 0) > position);
        if (first >= 0) {
            const [split] = this.blocks.splice(first);
            const stay = split?.positions.findIndex((p, i) => i >= split.length || p > position) ?? 0;
            if (split && stay > 0) {
                split.shorten(stay);
                this.blocks.push(split);
            }
        }
        this.last = this.blocks.at(-1) ?? null;
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
