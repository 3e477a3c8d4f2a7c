/**
 * Which functions, callbacks and statements of user files the scenarios have reached. An operation that has been
 * reached is not watched any longer, so that a loop costs nothing from its second round on.
 */
import type { Program } from '../../language/program';
import { clearTrap, type Code, setTrap } from '../../runtime/code';
import type { Host } from '../../runtime/host/host';
import { STD_SCHEME } from '../../std/texts';
import type { Files } from '../files';

/** A function or callback, and its statements by their offset. */
interface Unit {
    readonly name: string;
    readonly start: number;
    reached: boolean;
    readonly statements: Map<number, boolean>;
}

/** What was reached, as plain data: offsets of functions and of statements, by URI. */
export type Reached = ReadonlyMap<
    string,
    { readonly units: readonly number[]; readonly statements: readonly number[] }
>;

export class Coverage {
    /** By URI, then by the offset of the declaration. */
    private readonly files = new Map<string, Map<number, Unit>>();
    private fresh = new Map<string, { units: number[]; statements: number[] }>();

    /** Watches a run that is about to start. Code of scenarios is not part of the coverage. */
    watch(program: Program, host: Host): void {
        for (const uri of program.files.keys()) {
            if (!uri.startsWith(STD_SCHEME)) {
                for (const code of host.executable.codeIn(uri)) {
                    if (code.kind !== 'scenario') {
                        this.watchCode(code);
                    }
                }
            }
        }
    }

    /** Takes what was reached since the last call. */
    take(): Reached {
        const { fresh } = this;
        this.fresh = new Map();
        return fresh;
    }

    /** Adds what another thread has reached. Its program has been watched here, too. */
    add(reached: Reached): void {
        for (const [uri, { units, statements }] of reached) {
            const known = this.files.get(uri);
            for (const start of units) {
                const unit = known?.get(start);
                if (unit) {
                    unit.reached = true;
                }
            }
            const hit = new Set(statements);
            for (const unit of known?.values() ?? []) {
                for (const start of unit.statements.keys()) {
                    if (hit.has(start)) {
                        unit.statements.set(start, true);
                    }
                }
            }
        }
    }

    /** The coverage in the format of lcov, which most services and editors read. */
    lcov(files: Files): string {
        return [...this.files].map(([uri, units]) => lcovOf(files, uri, [...units.values()])).join('');
    }

    private watchCode(code: Code): void {
        const units = this.files.get(code.uri) ?? new Map<number, Unit>();
        this.files.set(code.uri, units);
        const unit: Unit = units.get(code.span.start) ?? {
            name: code.name,
            start: code.span.start,
            reached: false,
            statements: new Map(),
        };
        units.set(unit.start, unit);
        const starts = new Map<number, number>();
        for (const { pc, span } of code.statements) {
            starts.set(pc, span.start);
            unit.statements.set(span.start, unit.statements.get(span.start) ?? false);
        }
        for (const pc of new Set([0, ...starts.keys()])) {
            const start = starts.get(pc);
            if ((pc === 0 && !unit.reached) || (start !== undefined && unit.statements.get(start) === false)) {
                this.mark(code, pc, unit, start);
            }
        }
    }

    private mark(code: Code, pc: number, unit: Unit, statement: number | undefined): void {
        const op = code.pristine[pc];
        if (!op) {
            return;
        }
        setTrap(code, pc, (frame) => {
            clearTrap(code, pc);
            const fresh = this.fresh.get(code.uri) ?? { units: [], statements: [] };
            this.fresh.set(code.uri, fresh);
            if (pc === 0 && !unit.reached) {
                unit.reached = true;
                fresh.units.push(unit.start);
            }
            if (statement !== undefined && unit.statements.get(statement) === false) {
                unit.statements.set(statement, true);
                fresh.statements.push(statement);
            }
            return op(frame);
        });
    }
}

function lcovOf(files: Files, uri: string, units: readonly Unit[]): string {
    const lines = files.lines(uri);
    const lineOf = (offset: number): number => lines.position(offset).line;
    const byLine = new Map<number, boolean>();
    for (const [start, reached] of units.flatMap((u) => [...u.statements])) {
        const line = lineOf(start);
        // a line is covered if all statements that begin on it are
        byLine.set(line, (byLine.get(line) ?? true) && reached);
    }
    const sorted = [...byLine].sort(([a], [b]) => a - b);
    const functions = [...units].sort((a, b) => a.start - b.start);
    const count = (flag: boolean): number => (flag ? 1 : 0);
    return [
        'TN:',
        `SF:${files.display(uri)}`,
        ...functions.map((u) => `FN:${lineOf(u.start)},${u.name}`),
        ...functions.map((u) => `FNDA:${count(u.reached)},${u.name}`),
        `FNF:${functions.length}`,
        `FNH:${functions.filter((u) => u.reached).length}`,
        ...sorted.map(([line, reached]) => `DA:${line},${count(reached)}`),
        `LF:${sorted.length}`,
        `LH:${sorted.filter(([, reached]) => reached).length}`,
        'end_of_record\n',
    ].join('\n');
}
