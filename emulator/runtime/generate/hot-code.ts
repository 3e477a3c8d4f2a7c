/**
 * The loops of one piece of code: counts their rounds, and replaces the operation at the beginning of one that is hot
 * by generated code. What a run does, counts and shows does not depend on it.
 */
import { MAX_FRAMES, type Paced } from '../execution';
import { type Code, type Frame, type Op, SWITCH } from '../code';
import type { CodeForm, Operation, Slot, Target } from '../form/form';
import type { Value } from '../../language/types';
import { processOf } from '../host/scenario-process';
import { generated, type Generated } from './generated';
import { type FormedCode, graphFrom, MOST_NESTED } from './graph';
import { either, type Kind } from './javascript';
import type { Outside } from './outside';
import { OTHER_KINDS, sourceOf, TOO_SHORT } from './source';

/** Rounds of a loop before code is generated for it. */
export const HOT = 1000;
/** Generated code executes at most so many operations at once: they are counted in 31 bits. */
const MOST_AT_ONCE = 2 ** 30;
/** After so many entries into generated code it is decided whether it is of use. */
const TRIAL = 1024;
/** Generated code that executes fewer operations than this at a time is of no use. */
const FEWEST = 4;
/** After so many values of other kinds, code is generated for these, too. */
const MISSES = 4;

/** What all code of a program has in common. */
export interface Generation {
    readonly run: Paced;
    /** Rounds of a loop before code is generated for it. Infinity: never. */
    readonly hotAfter: number;
    /** False where code must not be generated: a web page can forbid it. */
    permitted: boolean;
}

export class HotCode implements FormedCode {
    private readonly entries = new Map<Target, Entry>();
    readonly users = new Set<Entry>();

    constructor(
        readonly code: Code,
        readonly form: CodeForm,
        readonly generation: Generation,
        readonly outside: Outside,
        private readonly functions: (name: string) => FormedCode | undefined,
    ) {
        if (generation.permitted) {
            form.operations.forEach((o, pc) => {
                const to = roundOf(o);
                if (to !== undefined && to <= pc) {
                    this.addEntry(to);
                }
            });
        }
    }

    callee(name: string): FormedCode | undefined {
        return this.functions(name);
    }

    /** Code is generated for what begins here, if it is hot. */
    addEntry(pc: Target): void {
        if (pc < this.form.operations.length && !this.entries.has(pc)) {
            const entry = new Entry(this, pc);
            this.entries.set(pc, entry);
            entry.discard();
        }
    }

    /** Generated code stops at no trap: it is discarded. */
    trapsChanged(): void {
        for (const entry of this.users) {
            entry.discard();
        }
        this.users.clear();
    }
}

/** What generated code has done since it was last judged. */
interface Trial {
    entered: number;
    executed: number;
    /** Entries that have ended inside a called function. */
    inCalls: number;
}

/** Where the next round of a loop begins. */
function roundOf(o: Operation): Target | undefined {
    switch (o.op) {
        case 'jump':
            return o.to;
        case 'next-number':
        case 'next-element':
            return o.round;
        default:
            return undefined;
    }
}

/** A place at which generated code is entered. */
class Entry {
    /** The kinds of values that variables have had: by the slot, or by the name of a variable of the process. */
    private readonly kinds = new Map<Slot | string, Kind>();
    private inlines = true;

    constructor(
        private readonly of: HotCode,
        private readonly pc: Target,
    ) {}

    /** Closures execute the operation, until it is hot. */
    discard(): void {
        const op = this.pristine;
        const { hotAfter } = this.of.generation;
        let rounds = 0;
        this.install((f) => (++rounds > hotAfter ? this.generate(f)(f) : op(f)));
    }

    private get pristine(): Op {
        const { code } = this.of;
        const op = code.pristine[this.pc];
        if (!op) {
            throw new RangeError(`${code.name} has no operation ${this.pc}`);
        }
        return op;
    }

    private install(op: Op): Op {
        const { code } = this.of;
        code.ops[this.pc] = code.traps.get(this.pc) ?? op;
        return op;
    }

    /** @returns what executes the operation from now on */
    private generate(f: Frame): Op {
        const { of } = this;
        const { generation } = of;
        const process = processOf(generation.run.current)?.group ?? null;
        const graph = graphFrom(of, this.pc, { process, inlines: this.inlines, slots: f.slots });
        this.learn(f, graph.variables);
        const kinds = Array.from({ length: graph.locals + graph.variables.length }, (_, i) =>
            this.kinds.get(graph.variables[i - graph.locals] ?? i),
        );
        const source = generation.permitted ? sourceOf(graph, kinds) : null;
        const found = source && generated(graph, source);
        if (found === 'forbidden') {
            generation.permitted = false;
        }
        if (found === null || found === 'forbidden' || (!found.loops && found.longest < FEWEST)) {
            return this.install(this.pristine);
        }
        for (const user of found.of) {
            user.users.add(this);
        }
        if (found.loops) {
            for (const next of found.continued) {
                of.addEntry(next);
            }
        }
        return this.install(this.operation(found, graph.variables.length > 0 ? process : null));
    }

    /** @returns whether variables have values of other kinds than before */
    private learn(f: Frame, variables: readonly string[]): boolean {
        const vars = processOf(this.of.generation.run.current)?.vars;
        let changed = false;
        const heed = (key: Slot | string, value: Value): void => {
            const known = this.kinds.get(key);
            const kind = known === undefined ? kindOf(value) : either(known, kindOf(value));
            changed ||= kind !== known;
            this.kinds.set(key, kind);
        };
        for (const [slot, value] of f.slots.entries()) {
            heed(slot, value);
        }
        for (const name of variables) {
            heed(name, vars?.get(name));
        }
        return changed;
    }

    /** @param process the one whose variables it uses; null: it uses none */
    private operation({ execute, outside, changes, variables }: Generated, process: string | null): Op {
        const { run } = this.of.generation;
        const op = this.pristine;
        const trial: Trial = { entered: 0, executed: 0, inCalls: 0 };
        let missed = 0;
        return (f) => {
            const own = process === null ? null : processOf(run.current);
            if (
                run.current.frames.length + MOST_NESTED >= MAX_FRAMES ||
                (process !== null && own?.group !== process) ||
                (outside && run.watch !== null) ||
                (changes && run.watch?.values === true)
            ) {
                return op(f);
            }
            const from = run.ticks;
            // operations with natives are as slow as in closures, so they count in full
            const rest = outside ? run.budget.limit - from : run.budget.restFrom(from);
            const next = execute(f, run, Math.min(rest + 1, MOST_AT_ONCE), own?.vars);
            if (next === TOO_SHORT) {
                return op(f);
            }
            if (next === OTHER_KINDS) {
                return ++missed % MISSES === 0 ? this.missed(f, variables, missed)(f) : op(f);
            }
            const executed = run.ticks - from + 1;
            if (!outside) {
                run.budget.ranGenerated(executed);
            }
            trial.executed += executed;
            trial.inCalls += next === SWITCH ? 1 : 0;
            if (++trial.entered === TRIAL) {
                this.judge(trial);
            }
            return next;
        };
    }

    /** It could execute nothing several times. */
    private missed(f: Frame, variables: readonly string[], times: number): Op {
        if (this.learn(f, variables)) {
            return this.generate(f);
        }
        return times > TRIAL ? this.install(this.pristine) : this.pristine;
    }

    private judge(trial: Trial): void {
        const { executed, inCalls } = trial;
        if (executed < TRIAL * FEWEST) {
            this.install(this.pristine);
        } else if (inCalls > TRIAL / 4 && executed < TRIAL * 100 && this.inlines) {
            // the functions that it calls do what closures execute
            this.inlines = false;
            this.discard();
        }
        trial.entered = 0;
        trial.executed = 0;
        trial.inCalls = 0;
    }
}

function kindOf(value: Value): Kind {
    return Number.isSafeInteger(value) ? 'number' : typeof value === 'boolean' ? 'boolean' : 'any';
}
