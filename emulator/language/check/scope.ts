/**
 * Variables of one piece of code (function, callback, scenario, init): their scopes, their slots, and whether they
 * are read.
 */
import type { Span } from '../syntax/ast';
import type { LocalVar, NameMeaning } from '../program';
import type { Type } from '../types';
import { distance } from '../nearest';
import { quoted, type ProgramBuilder } from './program-builder';
import { changeTo } from '../check-finding';

/** A variable, local or of a process. */
export interface Var {
    readonly name: string;
    readonly type: Type;
    readonly span: Span;
    readonly meaning: NameMeaning;
    reads: number;
    /**
     * Not reported if it is never read: a parameter, a loop variable, or the target of a statement that is expected to
     * fail.
     */
    readonly exempt: boolean;
    /** The process it belongs to, if any. */
    readonly process?: string;
}

/** The loop or process block that a scope is the body of, if any. */
export interface ScopeKind {
    readonly loop?: Span;
    readonly process?: string;
}

class Scope {
    readonly vars = new Map<string, Var>();

    constructor(
        readonly parent: Scope | undefined,
        readonly span: Span,
        /** The innermost loop body around it, if any. */
        readonly loop: Span | undefined,
        /** The process in whose block the scope is: assignments in it declare variables of the process. */
        readonly process: string | undefined,
    ) {}
}

/** The variables of one piece of code. */
export class Variables {
    readonly all: Var[] = [];
    readonly locals: LocalVar[] = [];
    scope: Scope;

    constructor(span: Span) {
        this.scope = new Scope(undefined, span, undefined, undefined);
    }

    get slots(): number {
        return this.locals.length;
    }

    enter(span: Span, how: ScopeKind = {}): void {
        const outer = this.scope;
        this.scope = new Scope(outer, span, how.loop ?? outer.loop, how.process ?? outer.process);
    }

    leave(): void {
        this.scope = this.scope.parent ?? this.scope;
    }

    /** Searches from the innermost scope outward. `inProcess`: only up to the process block. */
    find(name: string, inProcess = false): Var | undefined {
        for (let s: Scope | undefined = this.scope; s && !(inProcess && s.process === undefined); s = s.parent) {
            const found = s.vars.get(name);
            if (found) {
                return found;
            }
        }
        return undefined;
    }

    /** A new local variable of the innermost scope, visible from `from` on. */
    declare(name: string, type: Type, span: Span, from: number, exempt: boolean): Var {
        const { scope } = this;
        const local: LocalVar = {
            kind: 'local',
            name,
            type,
            slot: this.locals.length,
            declared: { start: span.start, end: span.end },
            scope: { start: Math.min(from, scope.span.end), end: scope.span.end },
            ...(scope.loop && { loop: scope.loop }),
        };
        this.locals.push(local);
        const v: Var = { name, type, span, meaning: local, reads: 0, exempt };
        scope.vars.set(name, v);
        this.all.push(v);
        return v;
    }

    *visible(): Generator<string> {
        for (let s: Scope | undefined = this.scope; s; s = s.parent) {
            yield* s.vars.keys();
        }
    }
}

/** True if two names differ in one letter that is not a digit (`vm1` and `vm2` are different names). */
function isSlip(a: string, b: string): boolean {
    return a.length > 1 && a.replace(/\d/g, '') !== b.replace(/\d/g, '') && distance(a, b, 1) === 1;
}

/** A name, and the name without each of its letters: names that differ in one letter share one of these. */
function nearForms(name: string): string[] {
    return [name, ...Array.from(name, (_, i) => name.slice(0, i) + name.slice(i + 1))];
}

/** Variables that are read, by process and form of their names. */
class ReadVariables {
    private readonly byForm = new Map<string, Var[]>();

    constructor(vars: readonly Var[]) {
        for (const v of vars.filter((x) => x.reads > 0)) {
            for (const form of new Set(nearForms(v.name))) {
                const key = ReadVariables.key(v.process, form);
                const same = this.byForm.get(key);
                if (same) {
                    same.push(v);
                } else {
                    this.byForm.set(key, [v]);
                }
            }
        }
    }

    private static key(process: string | undefined, form: string): string {
        return `${process ?? ''} ${form}`;
    }

    /** The first variable assigned before `v` whose name differs in one letter. */
    meantBy(v: Var): Var | undefined {
        return nearForms(v.name)
            .flatMap((form) => this.byForm.get(ReadVariables.key(v.process, form)) ?? [])
            .filter((o) => o.span.start < v.span.start && isSlip(v.name, o.name))
            .reduce<Var | undefined>((a, b) => (a && a.span.start <= b.span.start ? a : b), undefined);
    }

    /** Whether a variable of the same process that is read has the same name. */
    hasNamesake({ process, name }: Var): boolean {
        const same = this.byForm.get(ReadVariables.key(process, name)) ?? [];
        return process !== undefined && same.some((o) => o.name === name);
    }
}

/** Warns about variables that are never read; one that resembles a variable that is read is a typing error. */
export function reportUnread(program: ProgramBuilder, uri: string, vars: readonly Var[]): void {
    const unread = vars.filter((v) => v.reads === 0 && !v.exempt && !v.name.startsWith('_') && v.name !== '');
    if (unread.length === 0) {
        return;
    }
    const read = new ReadVariables(vars);
    for (const v of unread) {
        const meant = read.meantBy(v);
        if (meant) {
            program.report(
                'warning',
                'LU0210',
                uri,
                v.span,
                `${quoted(v.name)} is never read. Did you mean ${quoted(meant.name)}?`,
                {
                    fix: changeTo(v.span, meant.name),
                    related: [
                        {
                            uri,
                            span: { start: meant.span.start, end: meant.span.end },
                            message: `${quoted(meant.name)} is assigned here`,
                        },
                    ],
                },
            );
        } else if (!read.hasNamesake(v)) {
            program.report(
                'warning',
                'LU0209',
                uri,
                v.span,
                `${quoted(v.name)} is never read. Remove it, or rename it to \`_${v.name}\` to keep it.`,
            );
        }
    }
}
