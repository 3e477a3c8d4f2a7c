/**
 * The operations that generated code executes, as a graph: those that can be reached from an entry without one that
 * changes the frames or waits. A call of a function is part of it, as a copy of the function's operations, if they have
 * no effects beyond the frame. Natives and memory are part of it if it has no variables of processes.
 */
import type { Code } from '../code';
import type { CodeForm, Expression, Operation, Slot, Target } from '../form/form';
import { isNumeric, LIST, type Outside, Seen } from './outside';
import type { Value } from '../../language/types';

/** More operations than this are not generated at once. */
const MOST_NODES = 400;
/** Calls are nested at most so deep in one piece of generated code. */
export const MOST_NESTED = 4;

/** Code that has a form. */
export interface FormedCode {
    readonly code: Code;
    readonly form: CodeForm;
    /** What is discarded when the traps of this code change: generated code that has operations of it. */
    readonly users: Set<{ discard(): void }>;
    /** The natives that it can call; null: closures execute all operations that call one. */
    readonly outside: Outside | null;
    /** A function of the same program; undefined if it has no form. */
    callee(name: string): FormedCode | undefined;
}

/** A frame of generated code: the one that is running, or one of a function that it calls. */
export interface Activation {
    readonly index: number;
    readonly depth: number;
    readonly of: FormedCode;
    /** The number of its first variable among those of all activations. */
    readonly base: number;
    /** The frame that waits for it, its call, and the slot for the result; null for the running frame. */
    readonly caller: { readonly activation: Activation; readonly pc: Target; readonly slot: Slot } | null;
}

export interface Node {
    readonly activation: Activation;
    readonly pc: Target;
    /** Null: the closures continue here. */
    readonly operation: Operation | null;
    /** It calls natives, or reads or writes memory. */
    readonly outside: boolean;
    readonly to: Node[];
    readonly from: Node[];
}

export interface Graph {
    /** From the entry on. */
    readonly nodes: readonly Node[];
    readonly activations: readonly Activation[];
    /** The number of variables of all activations. */
    readonly locals: number;
    /** The names of the variables of the process: they are numbered after those of the activations. */
    readonly variables: readonly string[];
    /** For operations that call natives; null if there are none. */
    readonly seen: Seen | null;
}

export interface GraphOptions {
    /** The process, or the array of processes, that executes it; null if none does. */
    readonly process: string | null;
    /** Whether calls of functions are part of it. */
    readonly inlines: boolean;
    /** The present values of the slots of the running frame. */
    readonly slots: readonly Value[];
}

export function graphFrom(of: FormedCode, entry: Target, options: GraphOptions): Graph {
    const seen = of.outside && new Seen(of.outside, options.slots);
    const graph = new Builder(options, seen).build(of, entry);
    // a native could read the variables of the process, which generated code writes back only when it leaves
    return graph.seen && graph.variables.length > 0 ? new Builder(options, null).build(of, entry) : graph;
}

class Builder {
    private readonly nodes: Node[] = [];
    private readonly activations: Activation[] = [];
    private readonly byPlace = new Map<string, Node>();
    /** The activations of calls, by the place of the call. */
    private readonly called = new Map<string, Activation>();
    private readonly variables = new Set<string>();
    private locals = 0;
    /** The operation being examined calls natives, or reads or writes memory. */
    private outside = false;

    constructor(
        private readonly options: GraphOptions,
        private readonly seen: Seen | null,
    ) {}

    build(of: FormedCode, entry: Target): Graph {
        this.node(this.activation(of, null), entry);
        for (const node of this.nodes) {
            for (const [activation, pc] of this.successors(node)) {
                const next = this.node(activation, pc);
                node.to.push(next);
                next.from.push(node);
            }
        }
        const { nodes, activations, locals } = this;
        const seen = nodes.some((n) => n.outside) ? this.seen : null;
        return { nodes, activations, locals, variables: [...this.variables], seen };
    }

    private activation(of: FormedCode, caller: Activation['caller']): Activation {
        const depth = caller ? caller.activation.depth + 1 : 0;
        const made = { index: this.activations.length, depth, of, base: this.locals, caller };
        this.locals += of.form.slots;
        this.activations.push(made);
        return made;
    }

    private node(activation: Activation, pc: Target): Node {
        const place = `${activation.index}:${pc}`;
        let node = this.byPlace.get(place);
        if (!node) {
            this.outside = false;
            const operation = this.operationAt(activation, pc);
            node = { activation, pc, operation, outside: operation !== null && this.outside, to: [], from: [] };
            this.byPlace.set(place, node);
            this.nodes.push(node);
        }
        return node;
    }

    /** Null if the closures execute it. */
    private operationAt(activation: Activation, pc: Target): Operation | null {
        const { of } = activation;
        const o = of.form.operations[pc];
        if (!o || of.code.traps.has(pc) || this.nodes.length >= MOST_NODES) {
            return null;
        }
        const values = valuesIn(o);
        const seen = activation.caller ? null : this.seen;
        const fits =
            (o.op !== 'call' || this.callee(activation, pc, o) !== undefined) &&
            (o.op !== 'result' || o.policy.k === 'plain') &&
            ((o.op !== 'return' && o.op !== 'end') || activation.caller !== null) &&
            ((o.op !== 'native' && o.op !== 'method') || this.needs(seen?.callee(o)));
        if (o.op === 'next-element' && seen && seen.collectionIn(o.list) !== LIST) {
            this.outside = true;
        }
        return values && fits && values.every((e) => this.isGenerated(e, seen)) ? o : null;
    }

    /** Notes that an operation needs something outside. @returns whether it is known */
    private needs(what: object | undefined): boolean {
        this.outside ||= what !== undefined;
        return what !== undefined;
    }

    /** @param seen null for code that must not call anything outside */
    private isGenerated(e: Expression, seen: Seen | null): boolean {
        switch (e.k) {
            case 'literal':
            case 'slot':
                return true;
            case 'variable':
                if (e.index || e.process !== this.options.process) {
                    return false;
                }
                this.variables.add(e.name);
                return true;
            case 'global':
                return e.name === 'none' || this.needs(seen?.outside.global(e.name));
            case 'unary':
                return e.operator !== '~' && this.isGenerated(e.operand, seen);
            case 'binary':
            case 'logical':
                return this.isGenerated(e.left, seen) && this.isGenerated(e.right, seen);
            case 'element':
                if (seen && seen.collection(e.object) !== LIST) {
                    this.outside = true;
                }
                return this.isGenerated(e.object, seen) && this.isGenerated(e.index, seen);
            case 'member':
                return e.name === 'length' && this.isGenerated(e.object, seen);
            case 'native-field':
                return this.needs(seen?.outside.field(e.field).on) && this.isGenerated(e.object, seen);
            case 'struct-field': {
                const field = seen?.outside.structField(e.struct, e.field);
                return this.needs(field && isNumeric(field) ? field : undefined) && this.isGenerated(e.object, seen);
            }
            default:
                return false;
        }
    }

    /** The activation of a call; undefined if the closures call the function. */
    private callee(
        caller: Activation,
        pc: Target,
        o: Extract<Operation, { readonly op: 'call' }>,
    ): Activation | undefined {
        if (!this.options.inlines || caller.depth >= MOST_NESTED || o.policy.k !== 'plain') {
            return undefined;
        }
        const place = `${caller.index}:${pc}`;
        let found = this.called.get(place);
        if (!found) {
            const of = caller.of.callee(o.fn);
            for (let a: Activation | undefined = caller; a; a = a.caller?.activation) {
                if (a.of === of) {
                    return undefined;
                }
            }
            found = of ? this.activation(of, { activation: caller, pc, slot: o.slot }) : undefined;
            if (found) {
                this.called.set(place, found);
            }
        }
        return found;
    }

    private successors({ activation, pc, operation: o }: Node): (readonly [Activation, Target])[] {
        const at = (...targets: Target[]): (readonly [Activation, Target])[] => targets.map((t) => [activation, t]);
        switch (o?.op) {
            case undefined:
                return [];
            case 'jump':
                return at(o.to);
            case 'branch':
                return at(pc + 1, o.otherwise);
            case 'decide':
                return at(pc + 1, o.end);
            case 'range':
            case 'each':
                return at(o.first);
            case 'next-number':
            case 'next-element':
                return at(o.round, o.end);
            case 'call': {
                const called = this.called.get(`${activation.index}:${pc}`);
                return called ? [[called, 0]] : [];
            }
            case 'method':
                // the operation behind it is for calls that do not return at once
                return at(pc + 2);
            case 'return':
            case 'end':
                return activation.caller ? [[activation.caller.activation, activation.caller.pc + 1]] : [];
            default:
                return at(pc + 1);
        }
    }
}

/** The expressions of an operation; undefined for one for which no code is generated. */
function valuesIn(o: Operation): readonly Expression[] | undefined {
    switch (o.op) {
        case 'set':
        case 'evaluate':
        case 'decide':
        case 'decided':
        case 'return':
            return [o.value];
        case 'store':
            return ['slot', 'variable', 'element', 'struct-field'].includes(o.target.k)
                ? [o.value, o.target]
                : undefined;
        case 'branch':
            return [o.condition];
        case 'range':
            return [o.from, o.to];
        case 'each':
            return [o.iterable];
        case 'assert':
            return o.claims.flatMap((c) => (c.k === 'true' ? [c.value] : [c.left, c.right]));
        case 'call':
        case 'native':
            return o.args;
        case 'method':
            return [o.receiver, ...o.args.map((a) => a.value)];
        case 'nothing':
        case 'jump':
        case 'next-number':
        case 'next-element':
        case 'result':
        case 'end':
            return [];
        default:
            return undefined;
    }
}
