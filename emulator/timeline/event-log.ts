/** Events as they are kept: in blocks of columns, since there may be very many, and few of them are ever read. */
import type { Place } from '../findings/place';
import { type Code, placeIn } from '../runtime/code';

/** Events of a block, and the most blocks that are kept: the oldest goes. */
const BLOCK = 8192;
const MOST_BLOCKS = 25;

export type EventKind = 'call' | 'callback' | 'finding' | 'log' | 'phase' | 'fault';

/** What a call has given: nothing that unfolds. */
export type Result = string | number | bigint | boolean | null;

/** What happened, where and when. */
export interface Happened {
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
}

export interface TimelineEvent extends Happened {
    /** Grows by one from event to event, and stays the same. */
    readonly id: number;
    readonly place: Place | undefined;
}

class Block {
    length = 0;
    readonly kinds = new Array<EventKind>(BLOCK).fill('log');
    readonly positions = new Float64Array(BLOCK);
    readonly times = new Float64Array(BLOCK);
    readonly boots = new Uint32Array(BLOCK);
    readonly names = new Array<string>(BLOCK).fill('');
    readonly texts = new Array<string>(BLOCK).fill('');
    readonly results = new Array<Result>(BLOCK).fill(null);
    readonly places = new Array<Place | Code | null>(BLOCK).fill(null);
    readonly operations = new Int32Array(BLOCK);

    /** One more: that of another block with this index. */
    copy(other: Block, index: number): void {
        const to = this.length++;
        this.kinds[to] = other.kinds[index] ?? 'log';
        this.positions[to] = other.positions[index] ?? 0;
        this.times[to] = other.times[index] ?? 0;
        this.boots[to] = other.boots[index] ?? 0;
        this.names[to] = other.names[index] ?? '';
        this.texts[to] = other.texts[index] ?? '';
        this.results[to] = other.results[index] ?? null;
        this.places[to] = other.places[index] ?? null;
        this.operations[to] = other.operations[index] ?? 0;
    }
}

/** Events of a future that was cut off. */
export type LaterEvents = readonly Block[];

export class EventLog {
    /** All but the last one are full. */
    private blocks: Block[] = [];
    /** How many events are not there any more, the oldest. */
    forgotten = 0;

    get length(): number {
        return Math.max(this.blocks.length - 1, 0) * BLOCK + (this.blocks.at(-1)?.length ?? 0);
    }

    /** @param where the place; or the code, and with `pc` the operation */
    add(what: Happened, where: Place | Code | null, pc: number): void {
        const block = this.open();
        const i = block.length++;
        block.kinds[i] = what.kind;
        block.positions[i] = what.at;
        block.times[i] = what.time;
        block.boots[i] = what.boot;
        block.names[i] = what.who;
        block.texts[i] = what.text;
        block.places[i] = where;
        block.operations[i] = pc;
    }

    /** What the last one has given. */
    give(result: Result): void {
        const block = this.blocks.at(-1);
        if (block) {
            block.results[block.length - 1] = result;
        }
    }

    at(index: number): TimelineEvent {
        const block = this.blocks[Math.floor(index / BLOCK)];
        const i = index % BLOCK;
        if (!block || i >= block.length) {
            throw new RangeError(`there is no event ${index}`);
        }
        const where = block.places[i];
        const result = block.results[i] ?? null;
        return {
            id: this.forgotten + index + 1,
            kind: block.kinds[i] ?? 'log',
            at: block.positions[i] ?? 0,
            time: block.times[i] ?? 0,
            boot: block.boots[i] ?? 0,
            who: block.names[i] ?? '',
            text: `${block.texts[i] ?? ''}${result === null ? '' : ` = ${result}`}`,
            place: where && 'ops' in where ? placeIn(where, block.operations[i] ?? 0) : (where ?? undefined),
        };
    }

    /** Takes those out that happened behind a position. */
    takeBehind(position: number): LaterEvents {
        const first = this.blocks.findIndex((b) => (b.positions[b.length - 1] ?? 0) > position);
        const later = first < 0 ? [] : this.blocks.splice(first);
        const [split] = later;
        if (split && (split.positions[0] ?? 0) <= position) {
            const stays = new Block();
            const goes = new Block();
            for (let i = 0; i < split.length; i++) {
                ((split.positions[i] ?? 0) > position ? goes : stays).copy(split, i);
            }
            this.blocks.push(stays);
            later[0] = goes;
        }
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

    private open(): Block {
        const last = this.blocks[this.blocks.length - 1];
        if (last && last.length < BLOCK) {
            return last;
        }
        const block = new Block();
        this.blocks.push(block);
        if (this.blocks.length > MOST_BLOCKS) {
            this.blocks.shift();
            this.forgotten += BLOCK;
        }
        return block;
    }
}
