/** Marks: positions of a run to which the user has given names. They survive a restart if they can be reached again. */
import type { Future, Mark } from '../emulator/timeline/futures';
import type { Timeline } from '../emulator/timeline/timeline';
import type { Place } from '../emulator/findings/place';
import { RequestError } from './errors';

export interface NamedMark {
    readonly name: string;
    readonly mark: Mark;
    /** Nanoseconds of the machine's clock. */
    readonly time: number;
    readonly place: Place | undefined;
}

export class Marks {
    private named = new Map<string, NamedMark>();

    /** In chronological order. */
    get all(): readonly NamedMark[] {
        return [...this.named.values()].sort((a, b) => a.mark.at - b.mark.at);
    }

    get(name: string): NamedMark | undefined {
        return this.named.get(name);
    }

    /** @throws RequestError if there is no such mark, or a change has cut it off */
    reachable(name: string, timeline: Timeline): NamedMark {
        const found = this.get(name);
        if (!found) {
            throw new RequestError('noSuchPlace', `The mark ${JSON.stringify(name)} does not exist.`);
        }
        if (!timeline.reaches(found.mark)) {
            throw new RequestError(
                'noSuchPlace',
                `A change has cut off the future with the mark ${JSON.stringify(name)}. Undo the change first.`,
            );
        }
        return found;
    }

    /** An unused name. */
    freeName(): string {
        let n = this.named.size + 1;
        while (this.named.has(`mark ${n}`)) {
            n++;
        }
        return `mark ${n}`;
    }

    /** Replaces a mark with the same name. */
    add(mark: NamedMark): void {
        this.named.set(mark.name, mark);
    }

    /**
     * The scenario is restarted.
     * @param same whether it runs as before, until the user changes it
     * @returns the removed marks
     */
    restarted(before: Timeline, now: Timeline, same: boolean): readonly NamedMark[] {
        const written = rootOf(before.future);
        const gone = this.all.filter(({ mark }) => !same || mark.future !== written);
        this.named = new Map(
            this.all
                .filter((m) => !gone.includes(m))
                .map((m) => [m.name, { ...m, mark: { at: m.mark.at, future: now.future } }]),
        );
        return gone;
    }
}

function rootOf(future: Future): Future {
    let root = future;
    while (root.before) {
        root = root.before;
    }
    return root;
}
