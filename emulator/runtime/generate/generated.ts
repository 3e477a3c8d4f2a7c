/** Makes generated source executable, where that is allowed. */
import { Err } from '../../kernel/release/errno';
import type { Value } from '../../language/types';
import { binary } from '../../language/values';
import { type Code, Frame } from '../code';
import type { Paced } from '../execution';
import type { Target } from '../form/form';
import { targetsOf } from '../form/targets';
import { type FormedCode, graphFrom, type Node } from './graph';
import type { Kind } from './javascript';
import { Order } from './order';
import { sourceOf } from './source';

/**
 * Executes operations of a frame and counts them; the first one is counted already.
 * @param most the most operations that it may execute
 * @returns as an operation does, or that it has executed nothing
 */
export type GeneratedFunction = (frame: Frame, run: Paced, most: number) => number;

export interface Generated {
    readonly execute: GeneratedFunction;
    readonly loops: boolean;
    /** The most operations that it executes in a row, without the rounds of loops. */
    readonly longest: number;
    /** The code whose operations it has. */
    readonly of: ReadonlySet<FormedCode>;
    /** Where its code continues after what the closures execute. */
    readonly continued: readonly Target[];
}

/** What generated code calls, by the names that it has there. */
const HELPERS: Readonly<Record<string, unknown>> = {
    binary,
    isObject: (v: Value) => typeof v === 'object' && v !== null,
    isNothing: (v: Value) => v === undefined || v === null,
    isErr: (v: Value) => v instanceof Err,
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
export function generated(
    of: FormedCode,
    entry: Target,
    kinds: readonly Kind[],
    inlines: boolean,
): Generated | 'forbidden' | null {
    const graph = graphFrom(of, entry, inlines);
    const [first] = graph.nodes;
    if (!first?.operation) {
        return null;
    }
    const source = sourceOf(graph, kinds);
    if (!source) {
        return null;
    }
    const execute = compiled(source.text, source.constants);
    if (!execute) {
        return 'forbidden';
    }
    const order = new Order(first);
    return {
        execute,
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

/** Null where a content security policy forbids it. */
function compiled(text: string, constants: readonly unknown[]): GeneratedFunction | null {
    const names = Object.keys(HELPERS);
    try {
        const make = new Function('k', ...names, `'use strict';\nreturn (f, run, most) => {\n${text}\n};`);
        return make(constants, ...Object.values(HELPERS));
    } catch (e) {
        if (e instanceof EvalError) {
            return null;
        }
        throw e;
    }
}
