/** Reads coverage in the format of lcov, as `lus run --coverage` writes it, and adds up that of several runs. */

export interface Covered {
    /** From 1. */
    readonly line: number;
    readonly count: number;
}

export interface FileCounts {
    readonly functions: ReadonlyMap<string, Covered>;
    readonly lines: ReadonlyMap<number, number>;
}

/** Counts by file, under the names that the command gives the files. */
export class Counts {
    private readonly counted = new Map<string, { functions: Map<string, Covered>; lines: Map<number, number> }>();

    get files(): ReadonlyMap<string, FileCounts> {
        return this.counted;
    }

    add(lcov: string): void {
        let file = { functions: new Map<string, Covered>(), lines: new Map<number, number>() };
        for (const row of lcov.split('\n')) {
            const [, key, value = ''] = /^([A-Z]+):(.*)$/.exec(row) ?? [];
            const [, number, rest = ''] = /^(\d+),(.*)$/.exec(value) ?? [];
            if (key === 'SF') {
                file = this.counted.get(value) ?? file;
                this.counted.set(value, file);
            } else if (key === 'FN') {
                file.functions.set(rest, { line: Number(number), count: file.functions.get(rest)?.count ?? 0 });
            } else if (key === 'FNDA') {
                const known = file.functions.get(rest);
                if (known) {
                    file.functions.set(rest, { line: known.line, count: known.count + Number(number) });
                }
            } else if (key === 'DA') {
                file.lines.set(Number(number), (file.lines.get(Number(number)) ?? 0) + Number(rest));
            } else if (row === 'end_of_record') {
                file = { functions: new Map(), lines: new Map() };
            }
        }
    }
}
