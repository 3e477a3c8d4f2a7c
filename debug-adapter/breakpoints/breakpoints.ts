/**
 * Breakpoints: they outlive launches and restarts, are bound to the code of the current run, and decide at a trap
 * whether to stop.
 */
import { SWITCH, type Code, type Frame } from '../../emulator/runtime/code';
import type { Executable } from '../../emulator/runtime/executable';
import type { Host } from '../../emulator/runtime/host/host';
import type { Sources } from '../source';
import { sameWish, type Breakpoint, type FunctionWish, type LineWish, type Wish } from './breakpoint';
import { Decision, type BreakpointOutput } from './conditions/conditions';
import { codesNamed, statementsAt } from './places';

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

export class Breakpoints {
    private nextId = 1;
    private readonly inSources = new Map<string, Bound[]>();
    private functions: Bound[] = [];
    private executable: Executable | undefined;
    private trapped: (frame: Frame) => boolean = () => false;
    private traps = new Map<Code, Map<number, Bound[]>>();
    /** Frames at whose first statement a function breakpoint has stopped: a loop may reach that statement again. */
    private begun = new WeakSet<Frame>();

    constructor(
        private readonly sources: Sources,
        private readonly output: BreakpointOutput,
    ) {}

    /** Replaces the breakpoints of a file. */
    setInSource(uri: string, wishes: readonly LineWish[]): readonly Breakpoint[] {
        const before = this.inSources.get(uri) ?? [];
        const now = wishes.map((w) => this.make(w, before));
        this.inSources.set(uri, now);
        this.bindAll();
        return now;
    }

    setFunctions(wishes: readonly FunctionWish[]): readonly Breakpoint[] {
        this.functions = wishes.map((w) => this.make(w, this.functions));
        this.bindAll();
        return this.functions;
    }

    /** Binds all breakpoints to a new run's code, or to none. Returns those that changed. */
    bind(executable: Executable | undefined, trapped: (frame: Frame) => boolean): readonly Breakpoint[] {
        const state = (b: Bound): string => `${b.problem ?? ''}/${b.place?.span.start ?? ''}`;
        const before = new Map(this.all().map((b) => [b, state(b)]));
        this.unbind();
        this.executable = executable;
        this.trapped = trapped;
        for (const b of before.keys()) {
            b.decision.reset();
        }
        this.bindAll();
        return this.all().filter((b) => before.get(b) !== state(b));
    }

    /** True if the breakpoint is one on a function. */
    isFunction(id: number): boolean {
        return this.functions.some((b) => b.id === id);
    }

    /** Decides at a trap. Returns the ids of the breakpoints that stop here. */
    hit(frame: Frame, host: Host): number[] {
        const here = this.traps.get(frame.code)?.get(frame.pc) ?? [];
        const ids: number[] = [];
        for (const b of here) {
            if (b.wish.kind === 'function') {
                if (this.begun.has(frame)) {
                    continue;
                }
                this.begun.add(frame);
            }
            if (b.decision.stops(frame, host, this.output)) {
                ids.push(b.id);
            }
        }
        return ids;
    }

    private all(): Bound[] {
        return [...[...this.inSources.values()].flat(), ...this.functions];
    }

    private make(wish: Wish, before: readonly Bound[]): Bound {
        const same = before.find((b) => sameWish(b.wish, wish));
        return same ?? { id: this.nextId++, wish, decision: new Decision(wish), problem: NOT_YET, place: undefined };
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
            code.ops[pc] = (f) => (this.trapped(f) ? SWITCH : op(f));
        }
    }
}

function functionTraps(executable: Executable, { name }: FunctionWish): readonly Trap[] | string {
    const codes = codesNamed(executable, name);
    return typeof codes === 'string' ? codes : codes.map((code) => ({ code, pc: code.statements[0]?.pc ?? 0 }));
}
