/**
 * The loops of one piece of code: counts their rounds, and replaces the operation at the beginning of one that is hot
 * by generated code. What a run does, counts and shows does not depend on it.
 */
import { MAX_FRAMES, type Paced } from '../execution';
import { type Code, type Frame, type Op, SWITCH } from '../code';
import type { CodeForm, Target } from '../form/form';
import { targetsOf } from '../form/targets';
import type { Value } from '../../language/types';
import { generated, type Generated, type GeneratedFunction } from './generated';
import { type FormedCode, MOST_NESTED } from './graph';
import { either, type Kind } from './javascript';
import { OTHER_KINDS, TOO_SHORT } from './source';

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
        private readonly functions: (name: string) => FormedCode | undefined,
    ) {
        if (generation.permitted) {
            form.operations.forEach((o, pc) => {
                for (const to of targetsOf(o)) {
                    if (to <= pc) {
                        this.addEntry(to);
                    }
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

/** A place at which generated code is entered. */
class Entry {
    private kinds: readonly Kind[] | null = null;
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
        const { of, pc } = this;
        const { generation } = of;
        const kinds = f.slots.map(kindOf);
        this.kinds = this.kinds?.map((k, i) => either(k, kinds[i] ?? 'any')) ?? kinds;
        const found = generation.permitted ? generated(of, pc, this.kinds, this.inlines) : null;
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
        return this.install(this.operation(found));
    }

    private operation({ execute }: Generated): Op {
        const { run } = this.of.generation;
        const op = this.pristine;
        let entered = 0;
        let executed = 0;
        let missed = 0;
        let inCalls = 0;
        const enter = (f: Frame, call: GeneratedFunction): number => {
            const most = Math.min(run.rest + 1, MOST_AT_ONCE);
            if (run.current.frames.length + MOST_NESTED >= MAX_FRAMES) {
                return op(f);
            }
            const from = run.ticks;
            const next = call(f, run, most);
            if (next === TOO_SHORT) {
                return op(f);
            }
            if (next === OTHER_KINDS) {
                if (++missed >= MISSES) {
                    return this.missed(f, missed)(f);
                }
                return op(f);
            }
            executed += run.ticks - from + 1;
            inCalls += next === SWITCH ? 1 : 0;
            if (++entered === TRIAL) {
                this.judge(executed, inCalls);
                entered = 0;
                executed = 0;
                inCalls = 0;
            }
            return next;
        };
        return (f) => enter(f, execute);
    }

    /** The variables have had values of other kinds several times. */
    private missed(f: Frame, times: number): Op {
        const known = this.kinds;
        if (known?.some((k, i) => k !== either(k, kindOf(f.slots[i]))) === true) {
            return this.generate(f);
        }
        return times > TRIAL ? this.install(this.pristine) : this.pristine;
    }

    /** @param inCalls how many of the entries have ended inside a called function */
    private judge(executed: number, inCalls: number): void {
        if (executed < TRIAL * FEWEST) {
            this.install(this.pristine);
        } else if (inCalls > TRIAL / 4 && executed < TRIAL * 100 && this.inlines) {
            // the functions that it calls do what closures execute
            this.inlines = false;
            this.discard();
        }
    }
}

function kindOf(value: Value): Kind {
    return Number.isSafeInteger(value) ? 'number' : typeof value === 'boolean' ? 'boolean' : 'any';
}
