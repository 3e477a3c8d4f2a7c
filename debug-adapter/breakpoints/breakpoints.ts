/**
 * Breakpoints: they outlive launches and restarts, are bound to the code of the current run, and decide at a trap
 * whether to stop.
 */
import { SWITCH, type Code, type Frame } from '../../emulator/runtime/code';
import type { Executable } from '../../emulator/runtime/executable';
import type { Passing, Traps } from '../../emulator/timeline/traps';
import type { Sources } from '../source';
import { sameWish, type Breakpoint, type FunctionWish, type LineWish, type Wish } from './breakpoint';
import { Decision } from './conditions/conditions';
import { codesNamed, statementsAt } from './places';
import type { BreakpointOutput, RunWithBreakpoints } from './run';

interface Bound extends Breakpoint {
    readonly decision: Decision;
}

/** The code and position of a trap. */
interface Trap {
    readonly code: Code;
    readonly pc: number;
}

/** The message of breakpoints before a run. */
export const NOT_YET = 'Bound when the scenario is launched.';

export class Breakpoints implements Traps {
    private nextId = 1;
    private readonly inSources = new Map<string, Bound[]>();
    private functions: Bound[] = [];
    /** The target of a request to run to a place; null again after the stop there. */
    private cursor: Bound[] = [];
    private run: RunWithBreakpoints | undefined;
    private traps = new Map<Code, Map<number, Bound[]>>();

    constructor(
        private readonly sources: Sources,
        private readonly output: BreakpointOutput,
    ) {}

    /** Replaces the breakpoints of a file. */
    setInSource(uri: string, wishes: readonly LineWish[]): readonly Breakpoint[] {
        const before = this.inSources.get(uri) ?? [];
        const now = wishes.map((w) => this.make(w, before));
        this.inSources.set(uri, now);
        this.rebind(now, before);
        return now;
    }

    setFunctions(wishes: readonly FunctionWish[]): readonly Breakpoint[] {
        const before = this.functions;
        this.functions = wishes.map((w) => this.make(w, before));
        this.rebind(this.functions, before);
        return this.functions;
    }

    /** Adds a place to stop at, until the run reaches it. @returns why this is not possible */
    setCursor(wish: LineWish | undefined): string | undefined {
        const before = this.cursor;
        this.cursor = wish ? [this.make(wish, [])] : [];
        this.rebind(this.cursor, before);
        return this.cursor[0]?.problem;
    }

    isCursor(id: number): boolean {
        return this.cursor.some((b) => b.id === id);
    }

    /** The breakpoints were changed during a run. */
    private rebind(now: readonly Bound[], before: readonly Bound[]): void {
        this.bindAll();
        this.run?.timeline.trapsChanged(now.some((b) => b.decision.counts && !before.includes(b)));
    }

    /** Binds all breakpoints to the code of a run that has not begun, or to none. Returns those that changed. */
    bind(run: RunWithBreakpoints | undefined): readonly Breakpoint[] {
        const state = (b: Bound): string => `${b.problem ?? ''}/${b.place?.span.start ?? ''}`;
        const before = new Map(this.all().map((b) => [b, state(b)]));
        this.unbind();
        this.run = run;
        this.bindAll();
        return this.all().filter((b) => before.get(b) !== state(b));
    }

    get any(): boolean {
        return this.traps.size > 0;
    }
    get counting(): boolean {
        return this.all().some((b) => b.decision.counts);
    }
    /** True if the breakpoint is one on a function. */

    isFunction(id: number): boolean {
        return this.functions.some((b) => b.id === id);
    }

    /** Decides at a trap. Returns the ids of the breakpoints that stop here. */
    reached(frame: Frame, passing: Passing): number[] {
        const { run } = this;
        const here = (run && this.traps.get(frame.code)?.get(frame.pc)) ?? [];
        const ids: number[] = [];
        for (const b of here) {
            if (run && b.decision.stops(frame, run, passing, this.output)) {
                ids.push(b.id);
            }
        }
        return ids;
    }

    private all(): Bound[] {
        return [...[...this.inSources.values()].flat(), ...this.functions, ...this.cursor];
    }

    private make(wish: Wish, before: readonly Bound[]): Bound {
        const same = before.find((b) => sameWish(b.wish, wish));
        if (same) {
            return same;
        }
        const id = this.nextId++;
        return { id, wish, decision: new Decision(id, wish), problem: NOT_YET, place: undefined };
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
        b.problem = b.decision.problem;
        const executable = this.run?.host.executable;
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

    /** Code that cannot be compiled must not affect other breakpoints. */
    private placesOf(executable: Executable, b: Bound): readonly Trap[] | string {
        try {
            return b.wish.kind === 'function'
                ? functionTraps(executable, b.wish)
                : this.lineTraps(executable, b, b.wish);
        } catch (e) {
            if (e instanceof RangeError) {
                return `This code cannot be compiled. This is a bug in the emulator: ${e.message}.`;
            }
            throw e;
        }
    }

    private lineTraps(executable: Executable, b: Bound, { uri, line, column }: LineWish): readonly Trap[] | string {
        const found = statementsAt(executable, this.sources, this.sources.inProgram(uri), line, column);
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
            const interpreter = this.run?.host.interpreter;
            code.ops[pc] = (f) => (interpreter?.trap(f) === true ? SWITCH : op(f));
        }
    }
}

function functionTraps(executable: Executable, { name }: FunctionWish): readonly Trap[] | string {
    const codes = codesNamed(executable, name);
    return typeof codes === 'string' ? codes : codes.map((code) => ({ code, pc: code.statements[0]?.pc ?? 0 }));
}
