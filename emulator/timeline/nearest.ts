/**
 * The target of a search backwards: the last match before its start. The search goes through ranges of positions, the
 * last range first.
 */
import type { Scan } from './scan';

export class Nearest {
    /** The last position at which a breakpoint or an exception stops the run. */
    private stop: number | undefined;
    /**
     * The last statement that counts; for steps by lines, the first one of a sequence on its line, as far as it is
     * known.
     */
    private start: number | undefined;
    private line = '';
    /** True if no earlier statement belongs to the same sequence on that line. */
    private certain = false;

    /** @param stops the known positions of stops */
    constructor(...stops: readonly (number | undefined)[]) {
        for (const s of stops) {
            this.stop = later(this.stop, s);
        }
    }

    /** The position, if there is one. */
    get position(): number | undefined {
        return later(this.stop, this.start);
    }

    /** True if no match before a position can be nearer. */
    isFound(position: number): boolean {
        if (this.start === undefined) {
            return this.stop !== undefined && this.stop >= position;
        }
        return this.certain || (this.stop !== undefined && this.stop >= this.start);
    }

    /** Adds the matches of a range that precedes all others. */
    add({ stops, first, start, firstLine, lastLine }: Scan): void {
        this.stop = later(this.stop, stops.at(-1));
        if (first === undefined || start === undefined) {
            return;
        }
        if (this.start === undefined || this.line === lastLine) {
            this.start = start;
            this.certain = start > first || firstLine === undefined;
            this.line = firstLine ?? '';
        } else {
            this.certain = true;
        }
    }
}

function later(a: number | undefined, b: number | undefined): number | undefined {
    return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}
