/**
 * The source of a JavaScript function that executes a graph of operations. Variables of the program are variables of
 * the function, which writes them back where it leaves, or at once if it calls natives. Frames of called functions
 * exist only where it leaves. No text of the program becomes part of the source: names are numbers, and values are
 * constants of the function.
 */
import type { Operation, Slot, Target } from '../form/form';
import {
    asBoolean,
    asCollection,
    asNumber,
    elementText,
    generateBinary,
    generateElement,
    generateExpression,
    isOfClass,
    writeStructField,
    localName,
    type Scope,
} from './expressions';
import type { Activation, Graph, Node } from './graph';
import { either, type Kind, LARGEST, numberPiece, type Piece, unknownPiece } from './javascript';
import { Order } from './order';
import { LIST } from './outside';

/** The function returns this if the entry's operation was not executed: too few operations are left to be executed. */
export const TOO_SHORT = -2;
/** The same: its variables have other kinds of values. */
export const OTHER_KINDS = -3;

export interface Source {
    /** The body of a function of {@link PARAMETERS}. */
    readonly text: string;
    readonly constants: readonly unknown[];
}

/** The kinds of values of all variables. */
type Kinds = readonly Kind[];

/** Those that were observed; the variables of called functions are not there yet. */
type Observed = readonly (Kind | undefined)[];

type Of<K extends Operation['op']> = Extract<Operation, { readonly op: K }>;

/**
 * @param observed the kinds of the variables of the running frame and of the process, by their numbers
 * @returns null for a graph that has no structure
 */
export function sourceOf(graph: Graph, observed: Observed): Source | null {
    const [entry] = graph.nodes;
    if (!entry) {
        return null;
    }
    const order = new Order(entry);
    return order.isStructured ? new Writer(graph, order, entry, observed).write() : null;
}

class Writer {
    private lines: string[] = [];
    private readonly constants: unknown[] = [];
    private names = 0;
    /** The kinds at the beginning of each node. */
    private readonly kindsAt = new Map<Node, Kind[]>();
    /** Variables that are set on some ways only: their values before are written, too. */
    private readonly cleared = new Set<number>();
    private readonly longest: ReadonlyMap<Node, number>;

    constructor(
        private readonly graph: Graph,
        private readonly order: Order,
        private readonly entry: Node,
        private readonly observed: Observed,
    ) {
        this.longest = order.longest();
    }

    write(): Source {
        this.infer();
        this.lines = [];
        this.constants.length = 0;
        this.names = 0;
        const { graph } = this;
        const [own] = graph.activations;
        const slots = own?.of.form.slots ?? 0;
        this.lines.push(
            'const slots = f.slots, base = run.ticks - 1, kernel = f.mode === "kernel";',
            `if (${this.longest.get(this.entry) ?? 0} > most) return ${TOO_SHORT};`,
        );
        if (graph.seen) {
            this.lines.push('const budget = run.budget, limit = budget.limit;');
        }
        for (let slot = 0; slot < slots; slot++) {
            this.input(slot, `slots[${slot}]`);
        }
        for (let local = slots; local < graph.locals; local++) {
            this.lines.push(`let ${localName(local)};`);
        }
        for (const [i, name] of graph.variables.entries()) {
            const key = this.constant(name);
            this.lines.push(`if (!vars.has(${key})) return ${OTHER_KINDS};`);
            this.input(graph.locals + i, `vars.get(${key})`);
        }
        for (const { index } of graph.activations.slice(1)) {
            this.lines.push(`let b${index} = 0;`);
        }
        this.lines.push('let t = 0, pc = 0;', 'out: {');
        this.tree(this.entry, 0);
        this.lines.push('}', `if (t === 0) return ${OTHER_KINDS};`);
        for (const slot of graph.seen ? [] : this.written(own)) {
            this.lines.push(`slots[${slot}] = ${localName(slot)};`);
        }
        for (const name of this.variablesSet()) {
            const key = this.constant(name);
            const local = localName(this.variable(name));
            this.lines.push(`if (vars.get(${key}) !== ${local}) vars.set(${key}, ${local});`);
        }
        this.lines.push('run.ticks = base + t;', 'return pc;');
        return { text: this.lines.join('\n'), constants: this.constants };
    }

    /** A variable that has a value before the entry, of the kind that was observed. */
    private input(local: number, value: string): void {
        const name = localName(local);
        this.lines.push(`let ${name} = ${value};`);
        const kind = this.observed[local];
        if (kind === 'number') {
            this.lines.push(`if (!Number.isSafeInteger(${name})) return ${OTHER_KINDS};`, `${name} = +${name};`);
        } else if (kind === 'boolean') {
            this.lines.push(`if (typeof ${name} !== 'boolean') return ${OTHER_KINDS};`);
        }
    }

    private variable(name: string): number {
        return this.graph.locals + this.graph.variables.indexOf(name);
    }

    /** The variables of the process that operations set. */
    private variablesSet(): ReadonlySet<string> {
        const targets = this.graph.nodes.flatMap(({ operation: o }) => (o?.op === 'store' ? [o.target] : []));
        return new Set(targets.flatMap((t) => (t.k === 'variable' ? [t.name] : [])));
    }

    /** The slots of the running frame that its operations set. */
    private written(own: Activation | undefined): Slot[] {
        const found = new Set<Slot>();
        for (const { activation, operation: o } of this.graph.nodes) {
            if (activation === own && o) {
                for (const slot of slotsSetBy(o)) {
                    found.add(slot);
                }
            }
        }
        for (const { caller } of this.graph.activations) {
            if (caller && caller.activation === own) {
                found.add(caller.slot);
            }
        }
        return [...found].sort((a, b) => a - b);
    }

    // ------------------------------------------------------------ kinds

    /** Finds the kinds at every node: executes all ways until nothing new is found. */
    private infer(): void {
        const { graph, observed, order } = this;
        const all = graph.locals + graph.variables.length;
        const first = Array.from({ length: all }, (_, i) => observed[i] ?? 'none');
        this.kindsAt.set(this.entry, first);
        for (let changed = true; changed; ) {
            changed = false;
            for (const node of order.nodes) {
                const kinds = this.kindsAt.get(node);
                if (!kinds) {
                    continue;
                }
                const after = kinds.slice();
                this.lines = [];
                this.operation(node, after, 0);
                for (const next of node.to) {
                    changed = this.reaches(next, after) || changed;
                }
            }
        }
    }

    /** @returns whether that is new */
    private reaches(node: Node, kinds: Kinds): boolean {
        const known = this.kindsAt.get(node);
        if (!known) {
            this.kindsAt.set(node, kinds.slice());
            return true;
        }
        const { locals, variables } = this.graph;
        const ranges = activationsOf(node).map(({ base, of }) => [base, base + of.form.slots] as const);
        let changed = false;
        for (const [from, to] of [...ranges, [locals, locals + variables.length] as const]) {
            for (let i = from; i < to; i++) {
                const [a, b] = [known[i] ?? 'any', kinds[i] ?? 'any'];
                const merged = either(a, b);
                if (merged !== a) {
                    known[i] = merged;
                    changed = true;
                }
                if (a !== b && (a === 'none' || b === 'none')) {
                    this.cleared.add(i);
                }
            }
        }
        return changed;
    }

    // ------------------------------------------------------------ control flow

    /** Writes a node and all nodes that are reached only through it. @param done operations not yet counted in `t` */
    private tree(node: Node, done: number): void {
        if (!this.order.isHeader(node)) {
            this.within(node, this.order.meetingBelow(node), done);
            return;
        }
        this.count(done);
        this.lines.push(`l${this.order.of(node)}: for (;;) {`);
        this.lines.push(`if (t + ${this.longest.get(node) ?? 0} > most) {`);
        this.leave(node, this.kindsAt.get(node) ?? [], 0);
        this.lines.push('}');
        this.within(node, this.order.meetingBelow(node), 0);
        this.lines.push('}');
    }

    private within(node: Node, meeting: readonly Node[], done: number): void {
        const [last, ...rest] = meeting;
        if (last) {
            this.lines.push(`m${this.order.of(last)}: {`);
            this.within(node, rest, done);
            this.lines.push('}');
            this.tree(last, 0);
            return;
        }
        const kinds = this.kindsAt.get(node)?.slice() ?? [];
        if (!node.operation) {
            this.leave(node, kinds, done);
            return;
        }
        const condition = this.operation(node, kinds, done);
        const [next, other] = node.to;
        if (condition === null || !other) {
            this.branch(node, next, done + 1);
            return;
        }
        this.lines.push(`if (${condition}) {`);
        this.branch(node, next, done + 1);
        this.lines.push('} else {');
        this.branch(node, other, done + 1);
        this.lines.push('}');
    }

    private branch(from: Node, to: Node | undefined, done: number): void {
        const { order } = this;
        if (!to) {
            throw new RangeError('an operation leads nowhere');
        }
        if (order.isBack(from, to)) {
            this.count(done);
            this.lines.push(`continue l${order.of(to)};`);
        } else if (order.meets(to)) {
            this.count(done);
            this.lines.push(`break m${order.of(to)};`);
        } else {
            this.tree(to, done);
        }
    }

    private count(done: number): void {
        if (done > 0) {
            this.lines.push(`t = t + ${done} | 0;`);
        }
    }

    // ------------------------------------------------------------ leaving

    /** The closures continue before the operation of a node. */
    private leave({ activation, pc }: Node, kinds: Kinds, done: number): void {
        this.count(done);
        this.frames(activation, pc, kinds);
        this.lines.push('break out;');
    }

    /** The frames of called functions, the outermost first, and where each continues. */
    private frames({ caller, of, base, index }: Activation, pc: Target, kinds: Kinds): void {
        if (!caller) {
            this.lines.push(`pc = ${pc};`);
            return;
        }
        this.frames(caller.activation, caller.pc + 1, kinds);
        if (!caller.activation.caller) {
            this.lines.push('f.pc = pc;', 'pc = -1;');
        }
        const values = Array.from({ length: of.form.slots }, (_, i) =>
            kinds[base + i] === 'none' ? 'undefined' : localName(base + i),
        );
        const code = this.constant(of.code);
        this.lines.push(`enter(run, f, ${code}, base + b${index}, [${values.join(', ')}], ${caller.slot}, ${pc});`);
    }

    private constant(value: unknown): string {
        const known = this.constants.indexOf(value);
        return `k${known >= 0 ? known : this.constants.push(value) - 1}`;
    }

    // ------------------------------------------------------------ operations

    /** Writes an operation. @returns the condition for the first of its two successors; null if it has one */
    private operation(node: Node, kinds: Kind[], done: number): string | null {
        const { activation, operation: o } = node;
        if (!o) {
            return null;
        }
        const before = kinds.slice();
        const scope: Scope = {
            line: (text) => this.lines.push(text),
            leaveIf: (condition) => {
                this.lines.push(`if (${condition}) {`);
                this.leave(node, before, done);
                this.lines.push('}');
            },
            name: () => `v${this.names++}`,
            constant: (value) => this.constant(value),
            local: (slot) => activation.base + slot,
            variable: (name) => this.variable(name),
            kinds,
            seen: activation.caller ? null : this.graph.seen,
        };
        if (node.outside) {
            this.lines.push(`run.ticks = base + t + ${done + 1}; f.pc = ${node.pc};`);
        }
        const setLocal = (local: number, piece: Piece): void => this.set(local, piece, kinds);
        const set = (slot: Slot, piece: Piece): void => setLocal(activation.base + slot, piece);
        switch (o.op) {
            case 'set':
                set(o.slot, generateExpression(scope, o.value));
                return null;
            case 'evaluate':
                generateExpression(scope, o.value);
                return null;
            case 'store': {
                const value = generateExpression(scope, o.value);
                if (o.target.k === 'slot') {
                    set(o.target.slot, value);
                } else if (o.target.k === 'variable') {
                    setLocal(this.variable(o.target.name), value);
                } else if (o.target.k === 'element') {
                    const { list, index } = generateElement(scope, o.target);
                    this.lines.push(`${list}.set(${index}, ${value.text});`);
                } else if (o.target.k === 'struct-field') {
                    writeStructField(scope, o.target, value);
                }
                return null;
            }
            case 'native':
            case 'method':
                this.callOutside(node, o, scope, set);
                return null;
            case 'decide': {
                const value = asBoolean(scope, generateExpression(scope, o.value));
                set(o.slot, value);
                return `${o.operator === '&&' ? '' : '!'}${localName(activation.base + o.slot)}`;
            }
            case 'decided':
                set(o.slot, asBoolean(scope, generateExpression(scope, o.value)));
                return null;
            case 'branch':
                return asBoolean(scope, generateExpression(scope, o.condition)).text;
            case 'range':
                this.range(scope, o, set);
                return null;
            case 'each': {
                const list = generateExpression(scope, o.iterable);
                set(o.list, list);
                set(o.index, numberPiece('-1', -1, -1));
                return null;
            }
            case 'next-number': {
                const last = asNumber(scope, generateExpression(scope, { k: 'slot', slot: o.last }));
                return this.next(scope, o, set, last.text, (next) => numberPiece(next));
            }
            case 'next-element': {
                const collection = scope.seen?.collectionIn(o.list) ?? LIST;
                const list = asCollection(scope, generateExpression(scope, { k: 'slot', slot: o.list }), collection);
                const element = (next: string): Piece => unknownPiece(elementText(collection, list, next));
                return this.next(scope, o, set, `${list}.length`, element);
            }
            case 'assert':
                this.assert(scope, o);
                return null;
            case 'call':
                this.call(node, o, scope, done);
                return null;
            case 'return':
                this.give(node, generateExpression(scope, o.value), scope);
                return null;
            case 'end':
                this.give(node, generateExpression(scope, { k: 'literal', value: o.value }), scope);
                return null;
            case 'result':
                if (kinds[activation.base + o.slot] === 'any') {
                    scope.leaveIf(`${localName(activation.base + o.slot)} instanceof Err`);
                }
                return null;
            default:
                return null;
        }
    }

    /** Sets a variable. If natives are called, a variable of the running frame is also written to its slot at once. */
    private set(local: number, { text, kind }: Piece, kinds: Kind[]): void {
        const { activations, seen } = this.graph;
        const written = seen !== null && local < (activations[0]?.of.form.slots ?? 0);
        this.lines.push(`${localName(local)} = ${text};${written ? ` slots[${local}] = ${localName(local)};` : ''}`);
        kinds[local] = kind;
    }

    /** The call of a native, which may fail or stop the run. */
    private callOutside(
        { pc }: Node,
        o: Of<'native'> | Of<'method'>,
        scope: Scope,
        set: (slot: Slot, piece: Piece) => void,
    ): void {
        const outside = this.graph.seen?.outside;
        const callee = this.graph.seen?.callee(o);
        if (!outside || !callee) {
            throw new RangeError('no code is generated for this call');
        }
        const args = o.op === 'native' ? o.args : [o.receiver, ...o.args.map((a) => a.value)];
        const values = args.map((a) => generateExpression(scope, a).text);
        const host = this.constant(outside.host);
        const code = this.constant(callee.code);
        const result = scope.name();
        if (callee.cls === undefined) {
            scope.line(`const ${result} = ${code}(${host}, [${values.join(', ')}]);`);
        } else {
            const [self, ...rest] = values;
            scope.leaveIf(`!${isOfClass(self ?? 'undefined', this.constant(callee.cls))}`);
            if (o.op === 'method') {
                scope.line(`f.pc = ${pc + 1};`);
            }
            const given = rest.length > 0 ? `[${rest.join(', ')}]` : 'NOTHING';
            scope.line(`const ${result} = ${code}(${self}, ${given}, ${host});`);
        }
        if (o.op === 'method') {
            // the operation behind it handles the result
            scope.line(
                `if ((budget.limit !== limit || run.switched) && run.interrupted) return suspend(f, ${o.slot}, ${result}, ${pc + 1});`,
            );
        }
        const next = o.op === 'method' ? pc + 2 : pc + 1;
        if (callee.native.fails) {
            const failure = this.constant(outside.failure(o));
            scope.line(`if (${result} instanceof Err) return away(f, run, ${failure}(f, ${result}, ${next}));`);
        }
        set(o.slot, unknownPiece(o.policy.k === 'try' ? `${result} ?? 0` : result));
        scope.line(`if (budget.limit !== limit || run.switched) return away(f, run, ${next});`);
    }

    private range(scope: Scope, o: Of<'range'>, set: (slot: Slot, piece: Piece) => void): void {
        const from = asNumber(scope, generateExpression(scope, o.from));
        const to = asNumber(scope, generateExpression(scope, o.to));
        // the number before the first one is a number, too
        if (from.min <= -LARGEST) {
            scope.leaveIf(`${from.text} <= ${-LARGEST}`);
        }
        const [first, last] = [scope.name(), scope.name()];
        scope.line(`const ${first} = ${from.text} - 1, ${last} = ${to.text};`);
        set(o.index, { ...from, text: first });
        set(o.last, { ...to, text: last });
    }

    /** The next round of a `for`. @param value that of the variable in it */
    private next(
        scope: Scope,
        o: Of<'next-number' | 'next-element'>,
        set: (slot: Slot, piece: Piece) => void,
        end: string,
        value: (next: string) => Piece,
    ): string {
        const index = asNumber(scope, generateExpression(scope, { k: 'slot', slot: o.index }));
        const [next, goesOn] = [scope.name(), scope.name()];
        scope.line(`const ${next} = ${index.text} + 1;`);
        scope.line(`const ${goesOn} = ${next} < ${end};`);
        scope.line(`if (${goesOn}) {`);
        const variable = scope.local(o.variable);
        const before = scope.kinds[variable] ?? 'any';
        set(o.index, numberPiece(next));
        set(o.variable, value(next));
        scope.line('}');
        // at the end it keeps what it has
        scope.kinds[variable] = either(before, scope.kinds[variable] ?? 'any');
        return goesOn;
    }

    private assert(scope: Scope, { claims }: Of<'assert'>): void {
        const holds = scope.name();
        scope.line(`let ${holds} = false;`);
        for (const claim of claims) {
            const before = scope.kinds.slice();
            scope.line(`if (!${holds}) {`);
            const value =
                claim.k === 'true'
                    ? generateExpression(scope, claim.value)
                    : generateBinary(scope, claim.operator, claim.left, claim.right);
            scope.line(`${holds} = ${asBoolean(scope, value).text};`);
            scope.line('}');
            scope.kinds.splice(0, before.length, ...before.map((k, i) => either(k, scope.kinds[i] ?? k)));
        }
        scope.leaveIf(`!${holds}`);
    }

    private call(node: Node, o: Of<'call'>, scope: Scope, done: number): void {
        const called = node.to[0]?.activation;
        if (!called) {
            return;
        }
        const values = o.args.map((a) => generateExpression(scope, a));
        this.lines.push(`b${called.index} = t + ${done + 1} | 0;`);
        for (let slot = 0; slot < called.of.form.slots; slot++) {
            const local = called.base + slot;
            const value = values[slot];
            if (value) {
                this.lines.push(`${localName(local)} = ${value.text};`);
            } else if (this.cleared.has(local)) {
                this.lines.push(`${localName(local)} = undefined;`);
            }
            scope.kinds[local] = value?.kind ?? 'none';
        }
    }

    /** A called function returns a value. */
    private give({ activation, operation }: Node, value: Piece, scope: Scope): void {
        const { caller } = activation;
        if (!caller) {
            return;
        }
        if (operation?.op === 'return' && value.kind !== 'boolean' && value.min < 0) {
            const negative = value.kind === 'number' ? '' : `typeof ${value.text} === 'number' && `;
            // a function of the kernel may fail with it
            scope.leaveIf(`kernel && ${negative}${value.text} < 0`);
        }
        this.set(caller.activation.base + caller.slot, value, scope.kinds);
    }
}

/** The activations of frames that exist at a node. */
function activationsOf({ activation }: Node): Activation[] {
    const found: Activation[] = [];
    for (let a: Activation | undefined = activation; a; a = a.caller?.activation) {
        found.push(a);
    }
    return found;
}

function slotsSetBy(o: Operation): Slot[] {
    switch (o.op) {
        case 'set':
        case 'decide':
        case 'decided':
            return [o.slot];
        case 'store':
            return o.target.k === 'slot' ? [o.target.slot] : [];
        case 'range':
            return [o.index, o.last];
        case 'each':
            return [o.index, o.list];
        case 'next-number':
        case 'next-element':
            return [o.index, o.variable];
        default:
            return [];
    }
}
