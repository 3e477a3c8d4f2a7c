/** What can be named at a place of the code: asked for by completion, and noted while the checker passes there. */
import type { Span } from '../syntax/ast';
import type { Context, Type } from '../types';
import type { CodeContext } from './context';
import { typeOfKindField } from './names';

/** A variable that can be read. */
export interface VisibleName {
    readonly name: string;
    readonly type: Type;
}

/** What holds before a statement. */
export interface ProbedScope {
    readonly context: Context;
    /** The process whose block it is in. */
    readonly process: string | undefined;
    readonly inLoop: boolean;
    /** A `return` may stand there. */
    readonly returns: boolean;
    /** Variables: the innermost first, those of the process behind them, and the fields of the file kind. */
    readonly names: readonly VisibleName[];
    /** The processes that were started before, and whether they still run. */
    readonly processes: ReadonlyMap<string, 'alive' | 'dead' | 'maybe'>;
    /** The variables of processes that can be read from outside. */
    readonly processVars: ReadonlyMap<string, readonly VisibleName[]>;
    /** No kernel was booted yet. */
    readonly beforeBoot: boolean;
}

/** A place in a file; the last statement around it that is checked is the innermost. */
export class Probe {
    scope: ProbedScope | undefined;

    constructor(
        private readonly uri: string,
        private readonly offset: number,
    ) {}

    note(c: CodeContext, { start, end }: Span): void {
        if (c.unit.uri === this.uri && start <= this.offset && this.offset <= end) {
            this.scope = scopeOf(c);
        }
    }
}

function scopeOf(c: CodeContext): ProbedScope {
    const { unit, flow, process } = c;
    const names = new Map<string, VisibleName>();
    const add = (name: string, type: Type): void => {
        if (name !== '' && !names.has(name)) {
            names.set(name, { name, type });
        }
    };
    for (const name of c.vars.visible()) {
        add(name, c.vars.find(name)?.type ?? { k: 'any' });
    }
    const own = process === undefined ? undefined : flow.procs.get(process)?.vars;
    for (const v of own?.values() ?? []) {
        add(v.name, v.type);
    }
    unit.fileKind?.fields.forEach((f, i) => {
        add(f.name.name, typeOfKindField(c, unit.fileKind?.name.name ?? '', i));
    });
    return {
        context: c.context,
        process,
        inLoop: c.loops > 0,
        returns: unit.result !== undefined && process === undefined,
        names: [...names.values()],
        processes: new Map([...flow.procs].map(([name, p]) => [name, p.status])),
        processVars: new Map(
            [...flow.procs].map(([name, p]) => [
                name,
                [...p.vars.values()].map((v) => ({ name: v.name, type: v.type })),
            ]),
        ),
        beforeBoot: flow.kernel === 0,
    };
}
