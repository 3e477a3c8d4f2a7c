/**
 * The operations that generated code executes, as a graph: those that can be reached from an entry without one that has
 * effects beyond the frame. A call of a function is part of it, as a copy of the function's operations.
 */
import type { Code } from '../code';
import type { CodeForm, Expression, Operation, Slot, Target } from '../form/form';

/** More operations than this are not generated at once. */
const MOST_NODES = 600;
/** Calls are nested at most so deep in one piece of generated code. */
export const MOST_NESTED = 4;

/** Code that has a form. */
export interface FormedCode {
    readonly code: Code;
    readonly form: CodeForm;
    /** What is discarded when the traps of this code change: generated code that has operations of it. */
    readonly users: Set<{ discard(): void }>;
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
    readonly to: Node[];
    readonly from: Node[];
}

export interface Graph {
    /** From the entry on. */
    readonly nodes: readonly Node[];
    readonly activations: readonly Activation[];
    /** The number of variables of all activations. */
    readonly locals: number;
}

function isGenerated(e: Expression): boolean {
    switch (e.k) {
        case 'literal':
        case 'slot':
            return true;
        case 'unary':
            return e.operator !== '~' && isGenerated(e.operand);
        case 'binary':
        case 'logical':
            return isGenerated(e.left) && isGenerated(e.right);
        default:
            return false;
    }
}

/** @param inlines whether calls of functions are part of it */
export function graphFrom(of: FormedCode, entry: Target, inlines: boolean): Graph {
    return new Builder(inlines).build(of, entry);
}

class Builder {
    private readonly nodes: Node[] = [];
    private readonly activations: Activation[] = [];
    private readonly byPlace = new Map<string, Node>();
    /** The activations of calls, by the place of the call. */
    private readonly called = new Map<string, Activation>();
    private locals = 0;

    constructor(private readonly inlines: boolean) {}

    build(of: FormedCode, entry: Target): Graph {
        this.node(this.activation(of, null), entry);
        for (const node of this.nodes) {
            for (const [activation, pc] of this.successors(node)) {
                const next = this.node(activation, pc);
                node.to.push(next);
                next.from.push(node);
            }
        }
        return { nodes: this.nodes, activations: this.activations, locals: this.locals };
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
            const operation = this.operationAt(activation, pc);
            node = { activation, pc, operation, to: [], from: [] };
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
        switch (o.op) {
            case 'set':
            case 'evaluate':
            case 'decide':
            case 'decided':
                return isGenerated(o.value) ? o : null;
            case 'store':
                return o.target.k === 'slot' && isGenerated(o.value) ? o : null;
            case 'nothing':
            case 'jump':
            case 'next-number':
                return o;
            case 'branch':
                return isGenerated(o.condition) ? o : null;
            case 'range':
                return isGenerated(o.from) && isGenerated(o.to) ? o : null;
            case 'assert':
                return o.claims.every((c) =>
                    c.k === 'true' ? isGenerated(c.value) : isGenerated(c.left) && isGenerated(c.right),
                )
                    ? o
                    : null;
            case 'call':
                return o.args.every(isGenerated) && this.callee(activation, pc, o) ? o : null;
            case 'result':
                return o.policy.k === 'plain' ? o : null;
            case 'return':
                return activation.caller && isGenerated(o.value) ? o : null;
            case 'end':
                return activation.caller ? o : null;
            default:
                return null;
        }
    }

    /** The activation of a call; undefined if the closures call the function. */
    private callee(
        caller: Activation,
        pc: Target,
        o: Extract<Operation, { readonly op: 'call' }>,
    ): Activation | undefined {
        if (!this.inlines || caller.depth >= MOST_NESTED || o.policy.k !== 'plain') {
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
                return at(o.first);
            case 'next-number':
                return at(o.round, o.end);
            case 'call': {
                const called = this.called.get(`${activation.index}:${pc}`);
                return called ? [[called, 0]] : [];
            }
            case 'return':
            case 'end':
                return activation.caller ? [[activation.caller.activation, activation.caller.pc + 1]] : [];
            default:
                return at(pc + 1);
        }
    }
}
