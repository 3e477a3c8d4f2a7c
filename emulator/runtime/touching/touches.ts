/**
 * What the threads of a `concurrently` read and write, piece by piece. A piece is what a thread executes from one place
 * where others may continue to the next. Two pieces of different threads of which neither writes what the other one
 * touches can change places: the state behind them is the same.
 */
import type { Hasher } from '../../machine/hash';
import { JournaledMap, type Journal } from '../../machine/journal';
import type { LockMode } from '../../kernel/lock';
import type { Thread } from '../code';

/** What a piece writes that no other piece can change places with. */
export const EVERYTHING = '*';

/** The kernel log, in the order of its lines. */
export const LOG = 'log';
/** Files without a reference: any return to user mode may release them. */
export const RELEASED = 'released files';

/** The pieces of a thread are numbered up to here; all later ones have this number. */
const MOST_PIECES = 100;

/** One piece, or a part of one. */
export interface Piece {
    /** The `concurrently` and the thread; empty for work of a thread that is not one of its blocks. */
    readonly by: string;
    /** How many places the thread has passed before. */
    readonly number: number;
    readonly reads: ReadonlySet<string>;
    readonly writes: ReadonlySet<string>;
    /** Whether this is the end of the piece. */
    readonly whole: boolean;
}

/** A thread that stands at a place. */
export interface Position {
    readonly by: string;
    readonly number: number;
}

interface OpenPiece extends Piece {
    readonly reads: Set<string>;
    readonly writes: Set<string>;
    whole: boolean;
}

/** The run that is recorded. */
export interface Recorded {
    readonly current: Thread;
    readonly scheduler: { readonly active: boolean; readonly threads: readonly Thread[] };
    /** Whether every piece depends on the others: timers run, for example, so that the time matters. */
    readonly entangled: boolean;
}

/** The name of no process: how many `concurrently` there were. */
const ROUNDS = '';

export class Touches {
    /** How many places each thread of the present `concurrently` has passed, by name. */
    private readonly passed: JournaledMap<string, number>;
    private pieces: OpenPiece[] = [];
    /** The piece that goes on, of the current thread. */
    private open: OpenPiece | null = null;

    constructor(
        journal: Journal,
        private readonly run: () => Recorded,
    ) {
        this.passed = new JournaledMap(journal);
    }

    read(what: string): void {
        if (this.run().scheduler.active) {
            this.piece().reads.add(what);
        }
    }

    write(what: string): void {
        if (this.run().scheduler.active) {
            this.piece().writes.add(what);
        }
    }

    /** Takes or releases a lock: readers do not mind each other. */
    lock(name: string, mode: LockMode): void {
        if (mode === 'read') {
            this.read(`lock ${name}`);
        } else {
            this.write(`lock ${name}`);
        }
    }

    everything(): void {
        this.write(EVERYTHING);
    }

    /** A `concurrently` begins. */
    begun(): void {
        const rounds = this.rounds + 1;
        this.open = null;
        this.passed.clear();
        this.passed.set(ROUNDS, rounds);
    }

    /** A thread is at a place where another one may continue. */
    placeReached(thread: Thread): void {
        const { scheduler } = this.run();
        if (!scheduler.threads.includes(thread)) {
            this.open = null;
            return;
        }
        this.piece().whole = true;
        this.open = null;
        this.passed.set(thread.name, Math.min(this.numberOf(thread) + 1, MOST_PIECES));
    }

    /** What was recorded since the last call, in its order. */
    take(): readonly Piece[] {
        const { pieces } = this;
        this.pieces = [];
        this.open = null;
        return pieces;
    }

    /** Where the threads of the `concurrently` stand; the current one is the first. */
    positions(): readonly Position[] {
        const { current, scheduler } = this.run();
        const threads = [current, ...scheduler.threads.filter((t) => t !== current)];
        return threads.map((t) => ({ by: this.byOf(t), number: this.numberOf(t) }));
    }

    /** Adds what the numbers of the following pieces depend on. */
    hash(hasher: Hasher): void {
        hasher.num(this.rounds);
        for (const thread of this.run().scheduler.threads) {
            hasher.num(this.numberOf(thread));
        }
    }

    private piece(): OpenPiece {
        if (!this.open) {
            const { current, scheduler, entangled } = this.run();
            const inTurn = scheduler.threads.includes(current);
            this.open = {
                by: inTurn ? this.byOf(current) : '',
                number: inTurn ? this.numberOf(current) : 0,
                reads: new Set(),
                writes: new Set(entangled || !inTurn ? [EVERYTHING] : []),
                whole: false,
            };
            this.pieces.push(this.open);
        }
        return this.open;
    }

    private get rounds(): number {
        return this.passed.get(ROUNDS) ?? 0;
    }

    private byOf({ name }: Thread): string {
        return `${this.rounds} ${name}`;
    }

    private numberOf({ name }: Thread): number {
        return this.passed.get(name) ?? 0;
    }
}
