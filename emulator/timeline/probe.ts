/** A search for changes of data. */
import type { Host } from '../runtime/host/host';
import type { Change, Watch } from './watch';

/** The most changes that a search for all of them keeps: the last ones. */
const MOST = 1000;
/** What the state of a run tells about the changes of data up to there, without searching. */
interface Trace {
    /** An epoch of the journal after which there was none; Infinity: it is not known. */
    readonly epoch: number;
    /** A number that differs after a change; undefined: it is not known. */
    readonly count: number | undefined;
}

export class Probe {
    /** In the order of the run; of a search for the last one, at most that one. */
    readonly all: Change[] = [];
    /** How many there were before {@link all}. */
    forgotten = 0;

    constructor(
        private readonly host: Host,
        readonly watch: Watch,
        private readonly wanted: 'last' | 'all',
    ) {}

    /** The position before which there is nothing to find. */
    get begins(): number {
        const { subject } = this.watch;
        return Math.max(subject.kind === 'value' ? (subject.frame?.born ?? 1) : 1, 1);
    }

    found(change: Change): void {
        if (this.wanted === 'all') {
            this.all.push(change);
            if (this.all.length > MOST) {
                this.all.shift();
                this.forgotten++;
            }
        } else if (change.how !== 'split') {
            // a split changes neither the owner nor the state of pages, and their history does not have it
            this.all[0] = change;
        }
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
