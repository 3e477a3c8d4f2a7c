/**
 * Which switches make no difference. A thread stands at a place where another one could continue. If its next piece
 * touches nothing that the others still touch, it can as well execute this piece first: each course that switches here
 * has an equal one that switches behind the piece, with at most as many switches. So the switch is not tried.
 *
 * The search itself learns what the others still touch. In its first round it knows nothing and leaves out every switch
 * that has a price. At each bound it compares what it has left out with what it has seen. If there is a conflict, it
 * begins again and knows what it has seen so far. At the end nothing that was left out is in conflict with anything
 * that was seen. That is enough: assume that a course that was left out has a piece of another thread that is in
 * conflict, and take the first one. The pieces before it are independent of the piece at the place. So the same course
 * with that piece put first makes the same access, and the search has seen it there.
 *
 * Pieces have numbers, which are part of a state. So "still" means pieces with the same or a higher number. In a circle
 * of states a switch could be put off for ever, so a search that finds a circle tries all switches.
 */
import { EVERYTHING, type Piece, type Position } from '../runtime/touching/touches';

/** What some pieces touch, as data. */
export interface TouchedData {
    readonly by: string;
    readonly number: number;
    readonly reads: readonly string[];
    readonly writes: readonly string[];
}

/** A piece whose alternatives are left out, and where the other threads stood, at the earliest. */
export interface LeftOut extends TouchedData {
    readonly others: readonly Position[];
}

/** What a walk has learned. */
export interface Lesson {
    readonly seen: readonly TouchedData[];
    readonly leftOut: readonly LeftOut[];
    /** The states behind the places where switches are left out, and how many. */
    readonly places: readonly (readonly [state: number, switches: number])[];
}

interface Touched {
    readonly reads: Set<string>;
    readonly writes: Set<string>;
}

/** Whether pieces of two threads cannot change places. */
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

/** What the pieces of each thread touch, as far as it was seen. */
class Summary {
    private readonly threads = new Map<string, Touched[]>();
    /** For each thread and number: together with all later pieces. */
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

    /** Whether other threads touch everything from where they stand. */
    touchEverything(others: readonly Position[]): boolean {
        return this.conflicts({ reads: new Set(), writes: new Set() }, others);
    }

    /** Whether a piece is in conflict with what other threads touch from where they stand. */
    conflicts(piece: Pick<Piece, 'reads' | 'writes'>, others: readonly Position[]): boolean {
        // work of a thread that is not one of the blocks can come at any time
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

/** Pieces whose alternatives are left out: equal ones together. */
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

    /** Whether one of them is in conflict with what was seen. */
    isIn(summary: Summary): boolean {
        return this.items.some((l) =>
            summary.conflicts({ reads: new Set(l.reads), writes: new Set(l.writes) }, l.others),
        );
    }
}

/** What a walk leaves out, and what it learns. */
export class Reduction {
    private readonly known = new Summary();
    private seen = new Summary();
    private leftOut = new LeftOutPieces();
    private places: [number, number][] = [];

    /** @param known what is known at the beginning of the round */
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

    /** Whether every piece is in conflict with what others do from where they stand. */
    neverLeavesOut(others: readonly Position[]): boolean {
        return this.known.touchEverything(others);
    }

    /**
     * @param piece what the thread does next if it continues
     * @param others where the other threads stand
     * @param state the one behind the choice to continue
     * @param switches how many others could continue
     * @returns whether the switches are left out
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

    /** What it has learned since the last call. */
    take(): Lesson {
        const lesson = { seen: this.seen.data(), leftOut: this.leftOut.items, places: this.places };
        this.seen = new Summary();
        this.leftOut = new LeftOutPieces();
        this.places = [];
        return lesson;
    }
}

/** How far a search is with learning, as plain data. */
export interface SavedLessons extends Lesson {
    /** What the walks of the present round know. */
    readonly known: readonly TouchedData[];
    readonly rounds: number;
}

/** What a search has learned in all its rounds. */
export class Lessons {
    private readonly seen = new Summary();
    private leftOut = new LeftOutPieces();
    private places = new Map<number, number>();
    /** What the walks of the present round know. */
    known: readonly TouchedData[] = [];
    rounds = 0;

    constructor(saved?: SavedLessons) {
        if (saved) {
            this.known = saved.known;
            this.rounds = saved.rounds;
            this.add(saved);
        }
    }

    /** Switches of the present round that were not tried. */
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

    /** Whether something was left out that makes a difference. */
    get mistaken(): boolean {
        return this.leftOut.isIn(this.seen);
    }

    /** The next round begins. */
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
