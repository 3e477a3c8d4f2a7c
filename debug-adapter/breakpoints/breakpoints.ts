/**
 * Breakpoints: they outlive launches and restarts, are bound to the code of the current run, and decide at a trap
 * whether to stop.
 */
import { clearTrap, setTrap, SWITCH, type Code, type Frame } from '../../emulator/runtime/code';
import { viewpointOf } from '../../emulator/runtime/evaluate';
import type { Viewpoint } from '../../emulator/runtime/names-in-scope';
import type { Host } from '../../emulator/runtime/host/host';
import type { Executable } from '../../emulator/runtime/executable';
import type { Passing, Traps } from '../../emulator/timeline/traps';
import type { Change, Watch } from '../../emulator/timeline/watch';
import type { Sources } from '../source';
import { sameWish, type Breakpoint, type DataWish, type FunctionWish, type LineWish, type Wish } from './breakpoint';
import { Decision } from './conditions/conditions';
import { beginningsOf, statementsAt, type Statement } from './places';
import type { BreakpointOutput, RunWithBreakpoints } from './run';

interface Bound extends Breakpoint {
    readonly decision: Decision;
    /** The data that it watches, if it can. */
    readonly watch: Watch | undefined;
}

/** A change at which a data breakpoint has stopped the run. */
export interface DataStop {
    /** The name of the data. */
    readonly name: string;
    readonly change: Change;
}

/** The message of breakpoints before a run. */
export const NOT_YET = 'Bound when the scenario is launched.';

export class Breakpoints implements Traps {
    private nextId = 1;
    private readonly inSources = new Map<string, Bound[]>();
    private functions: Bound[] = [];
    private data: Bound[] = [];
    /** The changes at the last stop of each data breakpoint, by its id. */
    private readonly dataStops = new Map<number, readonly DataStop[]>();
    watches: readonly Watch[] = [];
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

    setData(wishes: readonly DataWish[]): readonly Breakpoint[] {
        const before = this.data;
        this.data = wishes.map((w) => this.make(w, before));
        this.rebind(this.data, before);
        return this.data;
    }

    /** The changes at which data breakpoints with these ids have last stopped the run. */
    dataStopsOf(ids: readonly number[]): readonly DataStop[] {
        return ids.flatMap((id) => this.dataStops.get(id) ?? []);
    }

    /** Adds a place or a change to stop at, until the run reaches it. @returns why this is not possible */
    setCursor(wish: LineWish | DataWish | undefined): string | undefined {
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
        this.watches = [...this.data, ...this.cursor].flatMap(({ watch, decision }) =>
            watch && decision.problem === undefined ? [watch] : [],
        );
        this.run?.timeline.trapsChanged(now.some((b) => b.decision.counts && !before.includes(b)));
    }

    /** Binds all breakpoints to the code of a run that has not begun, or to none. Returns those that changed. */
    bind(run: RunWithBreakpoints | undefined): readonly Breakpoint[] {
        const state = (b: Bound): string => `${b.problem ?? ''}/${b.places.map((p) => p.span.start).join()}`;
        const before = new Map(this.all().map((b) => [b, state(b)]));
        this.unbind();
        this.setCursor(undefined);
        this.run = run;
        this.bindAll();
        return this.all().filter((b) => before.get(b) !== state(b));
    }

    get any(): boolean {
        return this.traps.size > 0 || this.watches.length > 0;
    }
    get counting(): boolean {
        return this.all().some((b) => b.decision.counts);
    }

    kindOf(id: number): Wish['kind'] | undefined {
        return this.all().find((b) => b.id === id)?.wish.kind;
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

    changed(watch: Watch, change: Change, frame: Frame | undefined, passing: Passing): number[] {
        const { run } = this;
        const ids: number[] = [];
        const at = frame && run && viewpointOfChange(run.host, frame, change);
        for (const b of [...this.data, ...this.cursor]) {
            if (run && b.watch === watch && b.decision.stops(frame, run, passing, this.output, at)) {
                ids.push(b.id);
                this.addStop(b.id, { name: b.wish.kind === 'data' ? b.wish.name : '', change });
            }
        }
        return ids;
    }

    private addStop(id: number, stop: DataStop): void {
        const { at, before, after } = stop.change;
        const here = (this.dataStops.get(id) ?? []).filter(({ change }) => change.at === at);
        // a search comes by the same change more than once
        if (!here.some(({ change }) => change.before === before && change.after === after)) {
            here.push(stop);
        }
        this.dataStops.set(id, here);
    }

    private all(): Bound[] {
        return [...[...this.inSources.values()].flat(), ...this.functions, ...this.data, ...this.cursor];
    }

    private make(wish: Wish, before: readonly Bound[]): Bound {
        const same = before.find((b) => sameWish(b.wish, wish));
        if (same) {
            return same;
        }
        const id = this.nextId++;
        const watch =
            wish.kind === 'data' && typeof wish.subject !== 'string'
                ? { subject: wish.subject, access: wish.access }
                : undefined;
        return { id, wish, decision: new Decision(id, wish), watch, problem: NOT_YET, places: [] };
    }

    // ------------------------------------------------------------ binding

    private unbind(): void {
        for (const [code, byPc] of this.traps) {
            for (const pc of byPc.keys()) {
                clearTrap(code, pc);
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
        b.places = [];
        b.problem = b.decision.problem;
        const executable = this.run?.host.executable;
        if (!executable) {
            b.problem ??= NOT_YET;
            return;
        }
        const { wish } = b;
        if (wish.kind === 'data') {
            b.problem ??= typeof wish.subject === 'string' ? wish.subject : undefined;
            return;
        }
        const places = this.placesOf(executable, wish);
        if (typeof places === 'string') {
            b.problem ??= places;
            return;
        }
        b.places = places;
        if (b.problem === undefined) {
            for (const { code, pc } of places) {
                this.trap(code, pc, b);
            }
        }
    }

    /** Code that cannot be compiled must not affect other breakpoints. */
    private placesOf(executable: Executable, wish: LineWish | FunctionWish): readonly Statement[] | string {
        const { sources } = this;
        try {
            return wish.kind === 'function'
                ? beginningsOf(executable, sources, wish.name)
                : statementsAt(executable, sources, sources.inProgram(wish.uri), wish.line, wish.column);
        } catch (e) {
            if (e instanceof RangeError) {
                return `This code cannot be compiled. This is a bug in the emulator: ${e.message}.`;
            }
            throw e;
        }
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
            setTrap(code, pc, (f) => (interpreter?.trap(f) === true ? SWITCH : op(f)));
        }
    }
}

/** The frame after a change, with the variables that are visible at the statement that has made it. */
function viewpointOfChange(host: Host, frame: Frame, { place }: Change): Viewpoint {
    const { uri, span } = frame.code;
    const isIn = place?.uri === uri && place.start >= span.start && place.end <= span.end;
    return { ...viewpointOf(host, frame), offset: isIn ? place.start : undefined };
}
