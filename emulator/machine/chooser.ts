/**
 * The choices of a run. Wherever the emulated host can continue in more than one way, it asks a chooser, by the name of
 * the choice and the number of alternatives. The caller decides whether there is a choice at all.
 */
import type { Hasher } from './hash';
import { type Journal, JournaledRecord, JournaledList } from './journal';

/** Which of the processes that run at the same time continues. */
export const SCHEDULE = 'schedule';
/** Which of the timers that are due at the same moment fires; the first alternative is the one that was added first. */
export const TIMER = 'timer';
/** Where in memory a kernel that places itself goes; the first place is the lowest one. */
export const IMAGE_PLACE = 'image place';

/** A thread that could continue. */
export interface Alternative {
    readonly id: number;
    readonly name: string;
}

export interface Chooser {
    /**
     * @param name what is chosen
     * @param alternatives number of ways in which the run can continue; at least 2
     * @param among the threads that the alternatives are, for {@link SCHEDULE}
     * @returns one of them, from 0; 0 is the default
     */
    pick(name: string, alternatives: number, among?: readonly Alternative[]): number;
    hash(hasher: Hasher): void;
}

/** Always the first alternative. */
export const FIRST: Chooser = { pick: () => 0, hash: () => undefined };

/** What a seed decides; every other choice takes the default. */
const DRAWN: ReadonlySet<string> = new Set([SCHEDULE, IMAGE_PLACE]);

/** Draws from a seed. */
export class SeededChooser extends JournaledRecord implements Chooser {
    /** Number of draws. */
    readonly draws: number = 0;
    /** State of the stream of draws. */
    readonly state: number;

    constructor(
        private readonly journal: Journal,
        seed: number,
    ) {
        super(journal);
        this.state = mix(seed);
    }

    /** xorshift32 (Marsaglia 2003). */
    pick(name: string, alternatives: number): number {
        if (!DRAWN.has(name)) {
            return 0;
        }
        let x = this.state;
        x ^= x << 13;
        x ^= x >>> 17;
        x ^= x << 5;
        const edit = this.journal.edit<SeededChooser>(this);
        edit.state = x >>> 0;
        edit.draws = this.draws + 1;
        return (x >>> 0) % alternatives;
    }

    hash(hasher: Hasher): void {
        hasher.num(this.state).num(this.draws);
    }
}

/** Consecutive seeds give unrelated streams; never 0, which xorshift cannot leave. */
function mix(seed: number): number {
    let x = (seed % 0x1_0000_0000) ^ Math.floor(seed / 0x1_0000_0000);
    x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
    return (x ^ (x >>> 16)) >>> 0 || 1;
}

/** A choice that was made. */
export interface Choice {
    readonly name: string;
    readonly alternatives: number;
    readonly picked: number;
}

/** Takes the choices of a list, one entry per choice, and after its end the first alternative. Records all choices. */
export class ListedChooser implements Chooser {
    /** All choices so far. */
    readonly made: JournaledList<Choice>;

    constructor(
        journal: Journal,
        private readonly picks: readonly number[],
    ) {
        this.made = new JournaledList(journal);
    }

    /** @throws RangeError if the list has an alternative that does not exist: it belongs to another run */
    pick(name: string, alternatives: number): number {
        const picked = this.picks[this.made.length] ?? 0;
        if (picked >= alternatives) {
            throw new RangeError(`choice ${this.made.length}, ${name}: ${picked} of ${alternatives} alternatives`);
        }
        this.made.push({ name, alternatives, picked });
        return picked;
    }

    hash(hasher: Hasher): void {
        hasher.num(this.made.length);
    }
}
