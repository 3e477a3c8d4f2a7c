/**
 * Partial-order reduction: which switches between threads cannot change an outcome, so that the search leaves them out.
 *
 * A place is a point at which another thread could continue. A piece is what a thread executes from one place to its
 * next one. Two pieces are in conflict if one of them writes what the other one reads or writes; otherwise they are
 * independent, and their order does not matter. If the next piece of the running thread is independent of all remaining
 * pieces of the other threads, the search does not switch before this piece: each course that switches there has an
 * equal course that switches after the piece, with at most as many switches.
 *
 * The search learns from its own courses what the remaining pieces of the other threads touch. In the first round it
 * knows nothing, and leaves out every switch that has a price. When it has tried all courses within a bound on faults
 * and switches, it compares the pieces at which it left out switches with the pieces that it has seen. If two of them
 * are in conflict, it begins the next round, and knows all pieces seen so far. The last round ends without a conflict.
 *
 * Why no outcome is missed: Assume that a course that was left out contains a piece of another thread that is in
 * conflict with the piece P of the running thread, and let C be the first such piece. All pieces before C are
 * independent of P. So the course that executes P first, and then the same pieces, reaches C with the same accesses.
 * The search has tried this course, so it has seen the conflict.
 *
 * The number of a piece is the number of places that its thread has passed before, and is part of the state. The
 * remaining pieces of a thread are those with the number of its present piece or a higher one. If the states form a
 * cycle, a switch could be put off forever, so a search that finds a cycle begins again and tries all switches.
 */
import { EVERYTHING, type Piece, type Position } from '../runtime/touching/touches';

/** What the pieces of one thread with one number touch, as plain data. */
export interface TouchedData {
    readonly by: string;
    readonly number: number;
    readonly reads: readonly string[];
    readonly writes: readonly string[];
}

/** A piece before which no switch was tried, and the earliest positions of the other threads at that place. */
export interface LeftOut extends TouchedData {
    readonly others: readonly Position[];
}

/** What a walk has learned. */
export interface Lesson {
    readonly seen: readonly TouchedData[];
    readonly leftOut: readonly LeftOut[];
    /** For each place where switches were left out: the state in which the running thread continues, and how many. */
    readonly places: readonly (readonly [state: number, switches: number])[];
}

interface Touched {
    readonly reads: Set<string>;
    readonly writes: Set<string>;
}

/** Whether the order of two pieces of different threads matters: one writes what the other one touches. */
export function inConflict(a: Pick<Piece, 'reads' | 'writes'>, b: Pick<Piece, 'reads' | 'writes'>): boolean {
    if (a.writes.has(EVERYTHING) || b.writes.has(EVERYTHING)) {
        return true;
    }
    for (const what of a.writes) {
        if (b.writes.has(what) || b.reads.has(what)) {
            return true;
        }
    }
    for (const what of a.reads) {
        if (b.writes.has(what)) {
            return true;
        }
    }
    return false;
}

/** What the pieces of each thread touch, as far as the search has seen it. */
class Summary {
    private readonly threads = new Map<string, Touched[]>();
    /** For each thread and number: what this piece and all later ones touch together. */
    private readonly rest = new Map<string, Touched[]>();

    add({ by, number, reads, writes }: TouchedData | Piece): void {
        const pieces = this.threads.get(by) ?? [];
        this.threads.set(by, pieces);
        while (pieces.length <= number) {
            pieces.push({ reads: new Set(), writes: new Set() });
        }
        const at = pieces[number];
        for (const what of reads) {
            at?.reads.add(what);
        }
        for (const what of writes) {
            at?.writes.add(what);
        }
        this.rest.clear();
    }

    /** Whether a remaining piece of the other threads touches everything. @param others their positions */
    touchEverything(others: readonly Position[]): boolean {
        return this.conflicts({ reads: new Set(), writes: new Set() }, others);
    }

    /** Whether a piece is in conflict with remaining pieces of the other threads. @param others their positions */
    conflicts(piece: Pick<Piece, 'reads' | 'writes'>, others: readonly Position[]): boolean {
        // a thread that is not a block of the `concurrently` can run at any time
        return [...others, { by: '', number: 0 }].some(({ by, number }) => {
            const rest = this.restOf(by)[number];
            return rest !== undefined && inConflict(piece, rest);
        });
    }

    data(): TouchedData[] {
        return [...this.threads].flatMap(([by, pieces]) =>
            pieces.map(({ reads, writes }, number) => ({
                by,
                number,
                reads: [...reads].sort(),
                writes: [...writes].sort(),
            })),
        );
    }

    private restOf(by: string): readonly Touched[] {
        const known = this.rest.get(by);
        if (known) {
            return known;
        }
        const rest: Touched[] = [];
        let later: Touched = { reads: new Set(), writes: new Set() };
        for (const { reads, writes } of (this.threads.get(by) ?? []).toReversed()) {
            later = { reads: new Set([...later.reads, ...reads]), writes: new Set([...later.writes, ...writes]) };
            rest.unshift(later);
        }
        this.rest.set(by, rest);
        return rest;
    }
}

/** Pieces before which no switch was tried. Pieces of a thread with the same accesses are one entry. */
class LeftOutPieces {
    private readonly all = new Map<string, LeftOut>();

    add(left: LeftOut): void {
        const key = JSON.stringify([left.by, left.reads, left.writes, left.others.map((o) => o.by).sort()]);
        const known = this.all.get(key);
        const earliest = new Map(known?.others.map((o) => [o.by, o.number]));
        const others = left.others.map(({ by, number }) => ({
            by,
            number: Math.min(number, earliest.get(by) ?? Infinity),
        }));
        this.all.set(key, { ...left, others });
    }

    get items(): readonly LeftOut[] {
        return [...this.all.values()];
    }

    /** Whether one of them is in conflict with a piece that was seen. */
    isIn(summary: Summary): boolean {
        return this.items.some((l) =>
            summary.conflicts({ reads: new Set(l.reads), writes: new Set(l.writes) }, l.others),
        );
    }
}

/** Decides which switches a walk leaves out, and records what the walk learns. */
export class Reduction {
    private readonly known = new Summary();
    private seen = new Summary();
    private leftOut = new LeftOutPieces();
    private places: [number, number][] = [];

    /** @param known what the search has learned in earlier rounds */
    constructor(known: readonly TouchedData[]) {
        for (const piece of known) {
            this.known.add(piece);
        }
    }

    hear(pieces: readonly Piece[]): void {
        for (const piece of pieces) {
            this.seen.add(piece);
        }
    }

    /** Whether every piece is in conflict with remaining pieces of the other threads. @param others their positions */
    neverLeavesOut(others: readonly Position[]): boolean {
        return this.known.touchEverything(others);
    }

    /**
     * @param piece the next piece of the running thread
     * @param others the positions of the other threads
     * @param state the state in which the running thread continues
     * @param switches how many switches could be tried there
     * @returns whether these switches are left out
     */
    leavesOut(piece: Piece, others: readonly Position[], state: number, switches: number): boolean {
        if (piece.writes.has(EVERYTHING) || this.known.conflicts(piece, others)) {
            return false;
        }
        const { by, number, reads, writes } = piece;
        this.leftOut.add({ by, number, reads: [...reads].sort(), writes: [...writes].sort(), others });
        this.places.push([state, switches]);
        return true;
    }

    /** What the walk has learned since the last call. */
    take(): Lesson {
        const lesson = { seen: this.seen.data(), leftOut: this.leftOut.items, places: this.places };
        this.seen = new Summary();
        this.leftOut = new LeftOutPieces();
        this.places = [];
        return lesson;
    }
}

/** What a search has learned so far, as plain data. */
export interface SavedLessons extends Lesson {
    /** What the search knew when the present round began: its walks use this. */
    readonly known: readonly TouchedData[];
    readonly rounds: number;
}

/** What a search has learned in all its rounds. */
export class Lessons {
    private readonly seen = new Summary();
    private leftOut = new LeftOutPieces();
    private places = new Map<number, number>();
    /** What the search knew when the present round began: its walks use this. */
    known: readonly TouchedData[] = [];
    rounds = 0;

    constructor(saved?: SavedLessons) {
        if (saved) {
            this.known = saved.known;
            this.rounds = saved.rounds;
            this.add(saved);
        }
    }

    /** How many switches were left out in the present round. */
    get switches(): number {
        return [...this.places.values()].reduce((sum, n) => sum + n, 0);
    }

    add({ seen, leftOut, places }: Lesson): void {
        for (const piece of seen) {
            this.seen.add(piece);
        }
        for (const left of leftOut) {
            this.leftOut.add(left);
        }
        for (const [state, switches] of places) {
            this.places.set(state, switches);
        }
    }

    /** Whether a switch was left out before a piece that is in conflict with a piece that was seen. */
    get mistaken(): boolean {
        return this.leftOut.isIn(this.seen);
    }

    /** Begins the next round. */
    advance(): void {
        this.known = this.seen.data();
        this.leftOut = new LeftOutPieces();
        this.places.clear();
        this.rounds++;
    }

    saved(): SavedLessons {
        const { known, rounds, places } = this;
        return { known, rounds, places: [...places], seen: this.seen.data(), leftOut: this.leftOut.items };
    }
}
