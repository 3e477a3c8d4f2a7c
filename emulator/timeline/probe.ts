/** A search for changes of data. */
import type { Host } from '../runtime/host/host';
import type { Change, Watch } from './watch';

/** The most changes that a search for all of them keeps: the last ones. */
const MOST = 1000;
/** The breakpoint that the end of a search is for the interpreter. */
const FOUND = [0];
const GOES_ON: readonly number[] = [];

/** What the state of a run tells about the changes of data up to there, without searching. */
interface Trace {
    /** An epoch of the journal after which there was none; Infinity: it is not known. */
    readonly epoch: number;
    /** A number that is another one after a change; undefined: it is not known. */
    readonly count: number | undefined;
}

export class Probe {
    /** The last one that was found; of a search for the first one, that. */
    last: Change | undefined;
    readonly all: Change[] = [];
    /** How many there were before {@link all}. */
    forgotten = 0;

    constructor(
        private readonly host: Host,
        readonly watch: Watch,
        private readonly wanted: 'first' | 'last' | 'all',
    ) {}

    get isDone(): boolean {
        return this.wanted === 'first' && this.last !== undefined;
    }

    /** The position before which there is nothing to find. */
    get begins(): number {
        const { subject } = this.watch;
        return Math.max(subject.kind === 'value' ? (subject.frame?.born ?? 1) : 1, 1);
    }

    found(change: Change): readonly number[] {
        if (this.isDone) {
            return GOES_ON;
        }
        this.last = change;
        if (this.wanted === 'all') {
            this.all.push(change);
            if (this.all.length > MOST) {
                this.all.shift();
                this.forgotten++;
            }
        }
        return this.isDone ? FOUND : GOES_ON;
    }

    trace(): Trace {
        const { subject } = this.watch;
        const { memory, history } = this.host.machine;
        switch (subject.kind) {
            case 'bytes':
                return { epoch: memory.writtenUpTo(subject.address, subject.size), count: undefined };
            case 'owner':
                return { epoch: Infinity, count: history.countOf(subject.pfn, subject.count) };
            case 'value':
                return { epoch: Infinity, count: undefined };
        }
    }
}
