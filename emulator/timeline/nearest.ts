/**
 * The nearest place behind where a search backwards ends, from what it finds stretch by stretch, the last one first.
 */
import type { Scan } from './scan';

export class Nearest {
    /** The last place where a breakpoint or an exception stops the run. */
    private stop: number | undefined;
    /**
     * The last statement that counts; for steps by lines the first of those in a row on its line, as far as is known.
     */
    private start: number | undefined;
    private line = '';
    /** No earlier statement is on the same line as that one, in a row with it. */
    private certain = false;

    /** @param stops positions that are known already */
    constructor(...stops: readonly (number | undefined)[]) {
        for (const s of stops) {
            this.stop = later(this.stop, s);
        }
    }

    /** The position; undefined: there is none. */
    get position(): number | undefined {
        return later(this.stop, this.start);
    }

    /** Nothing before a position can be nearer. */
    isFound(position: number): boolean {
        if (this.start === undefined) {
            return this.stop !== undefined && this.stop >= position;
        }
        return this.certain || (this.stop !== undefined && this.stop >= this.start);
    }

    /** What was found in a stretch that lies before all others. */
    add({ stops, first, start, firstLine, lastLine }: Scan): void {
        this.stop ??= stops.at(-1);
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
