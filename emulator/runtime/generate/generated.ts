/** Makes generated source executable, where that is allowed. */
import { Err } from '../../kernel/release/errno';
import { JournaledList } from '../../machine/journal';
import type { Value } from '../../language/types';
import { binary } from '../../language/values';
import { type Code, Frame, SWITCH } from '../code';
import type { Paced } from '../execution';
import type { CodeForm, Slot, Target } from '../form/form';
import { targetsOf } from '../form/targets';
import type { ScenarioProcess } from '../host/scenario-process';
import { ArrayView, View } from '../view';
import type { FormedCode, Graph, Node } from './graph';
import { Order } from './order';
import type { Source } from './source';

/**
 * Executes operations of a frame and counts them; the first one is counted already.
 * @param most the most operations that it may execute
 * @param vars the variables of the process, where it uses them
 * @returns as an operation does, or that it has executed nothing
 */
export type GeneratedFunction = (
    frame: Frame,
    run: Paced,
    most: number,
    vars: ScenarioProcess['vars'] | undefined,
) => number;

type Factory = (constants: readonly unknown[], ...helpers: readonly unknown[]) => GeneratedFunction;

export interface Generated {
    readonly execute: GeneratedFunction;
    readonly loops: boolean;
    /** The most operations that it executes in a row, without the rounds of loops. */
    readonly longest: number;
    /** The code whose operations it has. */
    readonly of: ReadonlySet<FormedCode>;
    /** Where its code continues after what the closures execute. */
    readonly continued: readonly Target[];
    /** It calls natives, or reads or writes memory. */
    readonly outside: boolean;
    /** It changes variables of the process or lists. */
    readonly changes: boolean;
    /** The variables of the process that it uses. */
    readonly variables: readonly string[];
}

/** What generated code calls, by the names that it has there. */
const HELPERS: Readonly<Record<string, unknown>> = {
    binary,
    isObject: (v: Value) => typeof v === 'object' && v !== null,
    isNothing: (v: Value) => v === undefined || v === null,
    isList: (v: Value) => v instanceof JournaledList,
    Err,
    ArrayView,
    View,
    /** The arguments of a call without any. */
    NOTHING: [],
    /** After a call that has asked for a stop or changed the frames. */
    suspend: (f: Frame, slot: Slot, result: Value, next: Target): number => {
        f.slots[slot] = result;
        f.pc = next;
        return SWITCH;
    },
    /** The closures continue at an operation of the frame, unless the run stops or other frames come first. */
    away: (f: Frame, run: Paced, next: Target): number => {
        if (next >= 0 && run.interrupted) {
            f.pc = next;
            return SWITCH;
        }
        return next;
    },
    enter: (run: Paced, f: Frame, code: Code, born: number, slots: Value[], resultSlot: number, pc: number): void => {
        const frame = new Frame(code, f.mode, born, slots, resultSlot);
        frame.pc = pc;
        run.current.frames.push(frame);
    },
};

/**
 * Code for what begins at an operation.
 * @returns null if it cannot be generated; `forbidden` if no code can be generated here
 */
export function generated(graph: Graph, source: Source): Generated | 'forbidden' | null {
    const [first] = graph.nodes;
    if (!first) {
        return null;
    }
    const make = factoryOf(first.activation.of.form, source);
    if (!make) {
        return 'forbidden';
    }
    const execute = make(source.constants, ...Object.values(HELPERS));
    const order = new Order(first);
    return {
        execute,
        outside: graph.seen !== null,
        changes: graph.nodes.some(({ operation: o }) => o?.op === 'store' && o.target.k !== 'slot'),
        variables: graph.variables,
        loops: order.nodes.some((n) => order.isHeader(n)),
        longest: order.longest().get(first) ?? 0,
        of: new Set(graph.activations.map((a) => a.of)),
        continued: graph.nodes.filter((n) => !n.operation && n.activation.index === 0).flatMap(afterNode),
    };
}

function afterNode({ activation, pc }: Node): Target[] {
    const o = activation.of.form.operations[pc];
    return o ? [pc + 1, ...targetsOf(o)] : [];
}

/** Code is generated anew for other breakpoints and other kinds of values: at most so many variants of it are kept. */
const MOST_VARIANTS = 64;

/** Made once for all runs of a program, so that the JavaScript engine optimizes it once. */
const factories = new WeakMap<CodeForm, Map<string, Factory>>();

/** Null where a content security policy forbids it. */
function factoryOf(form: CodeForm, { text, constants }: Source): Factory | null {
    const known = factories.get(form) ?? new Map<string, Factory>();
    factories.set(form, known);
    // each constant is a variable that never changes: the JavaScript engine knows its value
    const named = constants.map((_, i) => `const k${i} = k[${i}];\n`).join('');
    let make = known.get(text);
    if (!make) {
        try {
            make = new Function(
                'k',
                ...Object.keys(HELPERS),
                `'use strict';\n${named}return (f, run, most, vars) => {\n${text}\n};`,
            ) as Factory;
        } catch (e) {
            if (e instanceof EvalError) {
                return null;
            }
            throw e;
        }
        if (known.size >= MOST_VARIANTS) {
            known.clear();
        }
        known.set(text, make);
    }
    return make;
}
