/** Lines and columns of a text. Both count from 1; columns are UTF-16 code units, as offsets are. */

export interface Position {
    readonly line: number;
    readonly column: number;
}

export class LineMap {
    /** The offset of each line's first character. */
    private readonly starts: readonly number[];

    constructor(readonly text: string) {
        const starts = [0];
        for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
            starts.push(at + 1);
        }
        this.starts = starts;
    }

    get lines(): number {
        return this.starts.length;
    }

    /** An offset beyond the text is treated as its end. */
    position(offset: number): Position {
        const at = Math.min(Math.max(offset, 0), this.text.length);
        let low = 0;
        let high = this.starts.length - 1;
        while (low < high) {
            const middle = (low + high + 1) >> 1;
            if ((this.starts[middle] ?? 0) <= at) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return { line: low + 1, column: at - (this.starts[low] ?? 0) + 1 };
    }

    /** The offset of a position. A position outside the text is treated as the nearest one inside. */
    offset(line: number, column: number): number {
        const row = Math.min(Math.max(line, 1), this.lines);
        const start = this.starts[row - 1] ?? 0;
        return Math.min(start + Math.max(column, 1) - 1, start + this.line(row).length);
    }

    /** The text of a line without its line break; empty if there is no such line. */
    line(line: number): string {
        const start = this.starts[line - 1];
        if (start === undefined) {
            return '';
        }
        const next = this.starts[line];
        const text = this.text.slice(start, next === undefined ? undefined : next - 1);
        return text.endsWith('\r') ? text.slice(0, -1) : text;
    }
}
