/**
 * Records what the threads of a `concurrently` read and write, piece by piece. A place is a point at which another
 * thread may continue. A piece is what a thread executes from one place to its next one. Two pieces of different
 * threads are independent if neither writes what the other one reads or writes: both orders lead to the same state.
 */
import type { Hasher } from '../../machine/hash';
import { JournaledMap, type Journal } from '../../machine/journal';
import type { LockMode } from '../../kernel/lock';
import type { Thread } from '../code';

/** A piece that writes this is in conflict with every other piece. */
export const EVERYTHING = '*';

/** The kernel log, in the order of its lines. */
export const LOG = 'log';
/** Files whose last reference was dropped: the next return to user mode of any process may release them. */
export const RELEASED = 'released files';

/** The highest number of a piece of a thread; all later pieces have this number, too. */
const MOST_PIECES = 100;

/** One piece, or a part of one. */
export interface Piece {
    /** The number of the `concurrently`, and the name of the thread; empty if the thread is not one of its blocks. */
    readonly by: string;
    /** How many places the thread has passed before this piece. */
    readonly number: number;
    readonly reads: ReadonlySet<string>;
    readonly writes: ReadonlySet<string>;
    /** Whether the record reaches the end of the piece. */
    readonly whole: boolean;
}

/** How far a thread is: the piece that it executes next. */
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
    /** Whether all pieces are in conflict, for example because timers run, so that the time matters. */
    readonly entangled: boolean;
}

/** The key of the number of `concurrently` so far. Not the name of a process. */
const ROUNDS = '';

export class Touches {
    /** How many places each thread of the present `concurrently` has passed, by name. */
    private readonly passed: JournaledMap<string, number>;
    private pieces: OpenPiece[] = [];
    /** The unfinished piece of the current thread. */
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

    /** A lock is taken or released. Two readers of a lock are independent. */
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

    /** A thread has reached a place: its piece ends here. */
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

    /** The pieces since the last call, in the order of execution. */
    take(): readonly Piece[] {
        const { pieces } = this;
        this.pieces = [];
        this.open = null;
        return pieces;
    }

    /** The positions of the threads of the `concurrently`; the current thread is the first. */
    positions(): readonly Position[] {
        const { current, scheduler } = this.run();
        const threads = [current, ...scheduler.threads.filter((t) => t !== current)];
        return threads.map((t) => ({ by: this.byOf(t), number: this.numberOf(t) }));
    }

    /** Hashes what the numbers of later pieces depend on. */
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
