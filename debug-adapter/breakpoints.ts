/**
 * Breakpoints: kept over launches and restarts, bound to the code of the run there is, decided upon when a trap is
 * reached.
 */
import { SWITCH, type Code, type Frame } from '../emulator/runtime/code';
import { evaluateAtTrap, holds } from '../emulator/runtime/evaluate';
import type { Executable } from '../emulator/runtime/executable';
import { parseEntry, type Entry } from '../emulator/language/syntax/entry';
import { ProgramError, text } from '../emulator/language/values';
import type { Vm } from '../emulator/runtime/interpreter';
import { codesNamed, statementsAt, type Statement } from './places';
import type { Sources } from './source';

/** What a client asks for. Lines and columns from 0. */
export interface Wanted {
    readonly line?: number;
    readonly column?: number | undefined;
    readonly name?: string;
    readonly condition?: string | undefined;
    readonly hitCondition?: string | undefined;
    readonly logMessage?: string | undefined;
}

export interface Breakpoint {
    readonly id: number;
    readonly wanted: Wanted;
    readonly uri: string | undefined;
    /** Why it stops nowhere; undefined where it is bound. */
    problem: string | undefined;
    /** Where it lies, for breakpoints in sources. */
    place: Statement | undefined;
}

interface Rules {
    readonly condition: Entry | undefined;
    readonly hit: ((hits: number) => boolean) | undefined;
    readonly message: readonly (string | Entry)[] | undefined;
    /** What is wrong with them. */
    readonly problem: string | undefined;
}

interface Bound extends Breakpoint {
    readonly rules: Rules;
    hits: number;
    /** Its condition has failed before: said once. */
    complained: boolean;
}

/** Why a breakpoint is not bound before there is a run. */
export const NOT_YET = 'Bound when the scenario is launched.';

/** What breakpoints have to say while the run goes on. */
export interface BreakpointOutput {
    /** A log point's line. */
    logged(line: string, frame: Frame): void;
    /** A condition that has no value. */
    complained(line: string, frame: Frame): void;
}

export class Breakpoints {
    private nextId = 1;
    private readonly inSources = new Map<string, Bound[]>();
    private functions: Bound[] = [];
    private executable: Executable | undefined;
    private traps = new Map<Code, Map<number, Bound[]>>();
    /** Frames at whose beginning a function breakpoint has stopped: a loop at the beginning comes by again. */
    private begun = new WeakSet<Frame>();

    constructor(
        private readonly sources: Sources,
        private readonly output: BreakpointOutput,
    ) {}

    /** Replaces the breakpoints of a file. */
    setInSource(uri: string, wanted: readonly Wanted[]): readonly Breakpoint[] {
        const before = this.inSources.get(uri) ?? [];
        const now = wanted.map((w) => this.make(w, uri, before));
        this.inSources.set(uri, now);
        this.bindAll();
        return now;
    }

    setFunctions(wanted: readonly Wanted[]): readonly Breakpoint[] {
        this.functions = wanted.map((w) => this.make(w, undefined, this.functions));
        this.bindAll();
        return this.functions;
    }

    /** Binds all breakpoints to a new run's code, or to none. Returns those that changed. */
    bind(executable: Executable | undefined): readonly Breakpoint[] {
        const state = (b: Bound): string => `${b.problem ?? ''}/${b.place?.span.start ?? ''}`;
        const before = new Map(this.all().map((b) => [b, state(b)]));
        this.unbind();
        this.executable = executable;
        for (const b of before.keys()) {
            b.hits = 0;
        }
        this.bindAll();
        return this.all().filter((b) => before.get(b) !== state(b));
    }

    /** True where the breakpoint is one on a function. */
    isFunction(id: number): boolean {
        return this.functions.some((b) => b.id === id);
    }

    /** Decides at a trap; the ids of the breakpoints that stop here. */
    hit(frame: Frame, vm: Vm): number[] {
        const here = this.traps.get(frame.code)?.get(frame.pc) ?? [];
        const ids: number[] = [];
        for (const b of here) {
            if (b.wanted.name !== undefined) {
                if (this.begun.has(frame)) {
                    continue;
                }
                this.begun.add(frame);
            }
            if (this.applies(b, frame, vm)) {
                ids.push(b.id);
            }
        }
        return ids;
    }

    private all(): Bound[] {
        return [...[...this.inSources.values()].flat(), ...this.functions];
    }

    private make(wanted: Wanted, uri: string | undefined, before: readonly Bound[]): Bound {
        const same = before.find((b) => sameWish(b.wanted, wanted));
        return (
            same ?? {
                id: this.nextId++,
                wanted,
                uri,
                rules: rulesOf(wanted),
                hits: 0,
                complained: false,
                problem: NOT_YET,
                place: undefined,
            }
        );
    }

    // ------------------------------------------------------------ binding

    private unbind(): void {
        for (const [code, byPc] of this.traps) {
            for (const pc of byPc.keys()) {
                const op = code.pristine[pc];
                if (op) {
                    code.ops[pc] = op;
                }
            }
        }
        this.traps = new Map();
    }

    private bindAll(): void {
        this.unbind();
        for (const b of this.all()) {
            this.bindOne(b);
        }
    }

    private bindOne(b: Bound): void {
        b.place = undefined;
        b.problem = b.rules.problem;
        const { executable } = this;
        if (!executable) {
            b.problem ??= NOT_YET;
            return;
        }
        const places = this.placesOf(executable, b);
        if (typeof places === 'string') {
            b.problem ??= places;
            return;
        }
        if (b.problem === undefined) {
            for (const { code, pc } of places) {
                this.trap(code, pc, b);
            }
        }
    }

    /** Code that cannot be compiled must not take the other breakpoints with it. */
    private placesOf(
        executable: Executable,
        b: Bound,
    ): readonly { readonly code: Code; readonly pc: number }[] | string {
        try {
            return b.uri === undefined
                ? functionPlaces(executable, b.wanted.name ?? '')
                : this.sourcePlace(executable, b, b.uri);
        } catch (e) {
            if (e instanceof RangeError) {
                return `The code here cannot be compiled, which is a bug of the emulator: ${e.message}.`;
            }
            throw e;
        }
    }

    private sourcePlace(executable: Executable, b: Bound, uri: string): Statement[] | string {
        const found = statementsAt(executable, this.sources, uri, b.wanted.line ?? 0, b.wanted.column);
        if (typeof found !== 'string') {
            b.place = found[0];
        }
        return found;
    }

    private trap(code: Code, pc: number, b: Bound): void {
        let byPc = this.traps.get(code);
        if (!byPc) {
            byPc = new Map();
            this.traps.set(code, byPc);
        }
        const here = byPc.get(pc);
        if (here) {
            here.push(b);
            return;
        }
        byPc.set(pc, [b]);
        const op = code.pristine[pc];
        if (op) {
            code.ops[pc] = (f, vm) => (vm.trap(f) ? SWITCH : op(f, vm));
        }
    }

    // ------------------------------------------------------------ deciding

    private applies(b: Bound, frame: Frame, vm: Vm): boolean {
        const { condition, hit, message } = b.rules;
        if (condition && !this.holds(b, condition, frame, vm)) {
            return false;
        }
        b.hits++;
        if (hit && !hit(b.hits)) {
            return false;
        }
        if (!message) {
            return true;
        }
        this.output.logged(
            message.map((part) => (typeof part === 'string' ? part : valueText(vm, frame, part))).join(''),
            frame,
        );
        return false;
    }

    private holds(b: Bound, condition: Entry, frame: Frame, vm: Vm): boolean {
        try {
            return holds(evaluateAtTrap(vm, frame, condition).value);
        } catch (e) {
            if (!(e instanceof ProgramError)) {
                throw e;
            }
            if (!b.complained) {
                b.complained = true;
                this.output.complained(
                    `The condition ${b.wanted.condition ?? ''} of a breakpoint has no value here: ${e.message}`,
                    frame,
                );
            }
            return false;
        }
    }
}

function functionPlaces(executable: Executable, name: string): { readonly code: Code; readonly pc: number }[] | string {
    const codes = codesNamed(executable, name);
    return typeof codes === 'string' ? codes : codes.map((code) => ({ code, pc: code.statements[0]?.pc ?? 0 }));
}

function sameWish(a: Wanted, b: Wanted): boolean {
    return (
        a.line === b.line &&
        a.column === b.column &&
        a.name === b.name &&
        a.condition === b.condition &&
        a.hitCondition === b.hitCondition &&
        a.logMessage === b.logMessage
    );
}

function valueText(vm: Vm, frame: Frame, entry: Entry): string {
    try {
        return text(evaluateAtTrap(vm, frame, entry).value);
    } catch (e) {
        if (e instanceof ProgramError) {
            return `<${e.message}>`;
        }
        throw e;
    }
}

function rulesOf(wanted: Wanted): Rules {
    try {
        return {
            condition: isBlank(wanted.condition) ? undefined : parseEntry(wanted.condition),
            hit: isBlank(wanted.hitCondition) ? undefined : hitRule(wanted.hitCondition),
            message: isBlank(wanted.logMessage) ? undefined : messageParts(wanted.logMessage),
            problem: undefined,
        };
    } catch (e) {
        if (e instanceof ProgramError) {
            return { condition: undefined, hit: undefined, message: undefined, problem: e.message };
        }
        throw e;
    }
}

function isBlank(s: string | undefined): s is undefined {
    return s === undefined || s.trim() === '';
}

/** `3`, `== 3`, `>= 2`, `% 2` (every second time). @throws ProgramError */
function hitRule(rule: string): (hits: number) => boolean {
    const [, op = '==', digits = ''] = /^\s*(==|=|>=|>|<=|<|%)?\s*(\d+)\s*$/.exec(rule) ?? [];
    const n = Number(digits);
    if (digits === '' || (op === '%' && n === 0)) {
        throw new ProgramError(`A hit count is a number, as in 3, >= 2 or % 2, not "${rule.trim()}".`);
    }
    switch (op) {
        case '>=':
            return (hits) => hits >= n;
        case '>':
            return (hits) => hits > n;
        case '<=':
            return (hits) => hits <= n;
        case '<':
            return (hits) => hits < n;
        case '%':
            return (hits) => hits % n === 0;
        default:
            return (hits) => hits === n;
    }
}

/** The text of a log message and the expressions in its braces; `\{` is a brace. @throws ProgramError */
function messageParts(message: string): (string | Entry)[] {
    const parts: (string | Entry)[] = [];
    let literal = '';
    for (let i = 0; i < message.length; i++) {
        const c = message.charAt(i);
        const next = message.charAt(i + 1);
        if (c === '\\' && (next === '{' || next === '}' || next === '\\')) {
            literal += next;
            i++;
        } else if (c === '{') {
            const end = message.indexOf('}', i);
            if (end < 0) {
                throw new ProgramError('A { in the log message has no }: write \\{ for the brace itself.');
            }
            parts.push(literal, parseEntry(message.slice(i + 1, end)));
            literal = '';
            i = end;
        } else {
            literal += c;
        }
    }
    parts.push(literal);
    return parts;
}
