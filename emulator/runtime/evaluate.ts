/**
 * Evaluates expressions in a stopped run: of watches, hovers, the console and breakpoint conditions. It walks the tree
 * in the scope of a frame. System calls and functions run, and their changes are undone, so that an evaluation never
 * changes the run.
 *
 * Expressions are not compiled as programs are: they are unchecked, and the types that panes show for values are known
 * only at run time.
 */
import { Err, ERRNO, isErrnoName } from '../kernel/release/errno';
import type { Mark } from '../machine/journal';
import type { Arg, AssignOp, CallExpr, Expr, IndexExpr, KindField } from '../language/syntax/ast';
import { near } from '../language/nearest';
import { typeOfField } from '../language/check/types-of';
import { type Frame, type Mode, visibleLocals } from './code';
import { callback, flbNamed, handlerNamed, setKindField } from './host/callbacks';
import { nameInArray } from './host/processes';
import { memberOf, readIndex, readMember, readNative, writeIndex, writeMember } from './members';
import { bindArguments } from './form/arguments';
import { namesInScope, offsetOf, programsInSight, type Viewpoint } from './names-in-scope';
import { parseEntry, type Entry } from '../language/syntax/entry';
import type { Program } from '../language/program';
import { replyOf } from '../language/reply';
import { processOf, ScenarioProcess } from './host/scenario-process';
import { tryOut } from './try-out';
import { ANY, BOOL, FD, INT, objectOf, STRING, type Type, type Value } from '../language/types';
import type { NativeParam } from '../language/natives';
import type { NativeFunction } from './natives/native';
import { asBool, binary, equal, format, operatorOf, ProgramError, unary } from '../language/values';
import { ArrayView, View } from './view';
import type { Host } from './host/host';

export interface Evaluated {
    readonly value: Value;
    /** The static type, such as an address or a descriptor. */
    readonly type: Type;
}

/** The viewpoint of a frame. */
export function viewpointOf(host: Host, frame: Frame | undefined): Viewpoint {
    return { frame, thread: frame && host.interpreter.threads.find((t) => t.frames.includes(frame)) };
}

/** @throws ProgramError with one sentence if the text is not an expression or has no value here. */
export function evaluate(host: Host, at: Frame | Viewpoint | undefined, text: string): Evaluated {
    return evaluateEntry(host, at, parseEntry(text));
}

/** Evaluates an expression that was parsed before, while the run is stopped. */
export function evaluateEntry(host: Host, at: Frame | Viewpoint | undefined, entry: Entry): Evaluated {
    return evaluated(new Evaluator(host, viewpoint(host, at), true), entry);
}

/** The same between two operations, during the run: expressions that run code have no value there. */
export function evaluateAtTrap(host: Host, at: Frame | Viewpoint | undefined, entry: Entry): Evaluated {
    return evaluated(new Evaluator(host, viewpoint(host, at), false), entry);
}

/** The variables that the value of an expression depends on: those of a frame, else those of a process, else none. */
export type DependsOn = 'frame' | 'process' | 'nothing';

/** As {@link evaluateAtTrap}, for an expression that is evaluated again later. */
export function evaluateToWatch(
    host: Host,
    at: Viewpoint,
    entry: Entry,
): Evaluated & { readonly dependsOn: DependsOn } {
    const evaluator = new Evaluator(host, at, false);
    return { ...evaluated(evaluator, entry), dependsOn: evaluator.dependsOn };
}

function evaluated(evaluator: Evaluator, entry: Entry): Evaluated {
    if (entry.assign) {
        throw new ProgramError('An assignment has no value. Use == to compare.');
    }
    return evaluator.untouched((e) => e.eval(entry.value));
}

/** `x = expression`, `x.y += expression` in the console. Returns the new value. */
export function assign(host: Host, at: Frame | Viewpoint | undefined, entry: Entry): Evaluated {
    if (!entry.assign) {
        throw new ProgramError('This is not an assignment.');
    }
    const { target, op } = entry.assign;
    const evaluator = new Evaluator(host, viewpoint(host, at), true);
    const result = evaluator.untouched((e) => {
        const value = e.eval(entry.value);
        return op === '=' ? value : e.compound(target, op, value.value);
    });
    evaluator.write(target, result.value);
    return result;
}

function viewpoint(host: Host, at: Frame | Viewpoint | undefined): Viewpoint {
    return at && 'slots' in at ? viewpointOf(host, at) : (at ?? { frame: undefined, thread: undefined });
}

/**
 * The checker's types of process variables, by `process.variable`; computed once per program.
 */
const processVarTypes = new WeakMap<Program, Map<string, Type>>();

/** The static type of a variable of a process. */
export function processVarType(program: Program, process: string, name: string): Type {
    let types = processVarTypes.get(program);
    if (!types) {
        types = new Map();
        for (const m of program.names.values()) {
            if (m.kind === 'process-var' && m.type.k !== 'any') {
                types.set(`${m.process}.${m.name}`, m.type);
            }
        }
        processVarTypes.set(program, types);
    }
    return types.get(`${process}.${name}`) ?? ANY;
}

class Evaluator {
    private readonly consts = new Set<string>();
    /** Set before the first call that may change something. */
    private mark: Mark | undefined;
    dependsOn: DependsOn = 'nothing';

    constructor(
        private readonly host: Host,
        private readonly at: Viewpoint,
        /** Whether code can run: the run is stopped, so its effects can be undone. */
        private readonly canRun: boolean,
    ) {}

    /** Runs `look` as the thread of the viewpoint, without listeners, and undoes its changes in the machine. */
    untouched<T>(look: (e: Evaluator) => T): T {
        const { host } = this;
        const { interpreter } = host;
        const { current } = interpreter;
        const { journal } = host.machine;
        interpreter.current = this.at.thread ?? current;
        try {
            return interpreter.aside(() => host.listeners.quietly(() => look(this)));
        } finally {
            if (this.mark) {
                journal.restore(this.mark);
                journal.drop(this.mark);
                this.mark = undefined;
            }
            interpreter.current = current;
        }
    }

    eval(e: Expr): Evaluated {
        switch (e.kind) {
            case 'int':
                return { value: e.value, type: INT };
            case 'string':
                return { value: e.value, type: STRING };
            case 'bool':
                return { value: e.value, type: BOOL };
            case 'name':
                return this.name(e.name);
            case 'member':
                return this.member(this.eval(e.object), e.member.name);
            case 'index':
                return this.processAt(e) ?? this.index(this.eval(e.object), this.value(e.index));
            case 'call': {
                const result = this.call(e);
                if (result.value instanceof Err) {
                    throw new ProgramError(`This call fails with ${result.value.name}.`);
                }
                return result;
            }
            case 'try': {
                if (e.call.kind !== 'call') {
                    throw new ProgramError('`try` must be followed by a call.');
                }
                const { value, type } = this.call(e.call);
                return {
                    value: value instanceof Err ? -value.code : (value ?? 0),
                    type: value instanceof Err ? INT : type,
                };
            }
            case 'unary': {
                const value = unary(e.op, this.value(e.operand));
                return { value, type: e.op === '!' ? BOOL : INT };
            }
            case 'binary':
                return this.binary(e.op, e.left, e.right);
            case 'list':
                return { value: this.host.list(e.items.map((i) => this.value(i))), type: { k: 'list', of: ANY } };
            case 'new':
                throw new ProgramError('`new` cannot be used here: an expression has no side effects.');
            case 'range':
                throw new ProgramError('A range is not a value.');
            case 'error':
                throw new ProgramError('The expression is empty.');
        }
    }

    value(e: Expr): Value {
        return this.eval(e).value;
    }

    compound(target: Expr, op: Exclude<AssignOp, '='> | '=', value: Value): Evaluated {
        const before = this.eval(target);
        return op === '='
            ? { value, type: before.type }
            : { value: binary(operatorOf(op), before.value, value), type: before.type };
    }

    private binary(op: Extract<Expr, { kind: 'binary' }>['op'], left: Expr, right: Expr): Evaluated {
        if (op === '&&' || op === '||') {
            const decided = op === '||';
            const a = asBool(this.value(left), `the left side of ${op}`);
            return {
                value: a === decided ? decided : asBool(this.value(right), `the right side of ${op}`),
                type: BOOL,
            };
        }
        const a = this.eval(left);
        const b = this.eval(right);
        const value = binary(op, a.value, b.value);
        const address = a.type.k === 'phys' || b.type.k === 'phys';
        return {
            value,
            type:
                typeof value === 'boolean'
                    ? BOOL
                    : address && (op === '+' || op === '-')
                      ? { k: 'phys' }
                      : typeOf(value),
        };
    }

    // ------------------------------------------------------------ names

    private name(name: string): Evaluated {
        const found = this.variable(name) ?? this.declared(name);
        if (found) {
            return found;
        }
        const meant = near(
            name,
            namesInScope(this.host, this.at).map((n) => n.name),
        );
        throw new ProgramError(
            `\`${name}\` is not defined.${meant === undefined ? '' : ` Did you mean \`${meant}\`?`}`,
        );
    }

    private variable(name: string): Evaluated | undefined {
        const { frame, thread } = this.at;
        const local = frame && visibleLocals(frame, offsetOf(this.host, this.at)).find((v) => v.name === name);
        if (frame && local) {
            this.dependsOn = 'frame';
            return { value: frame.slots[local.slot], type: local.type };
        }
        const process = frame && frame.mode !== 'user' ? null : processOf(thread);
        if (process?.vars.has(name) === true) {
            this.dependsOn = this.dependsOn === 'frame' ? 'frame' : 'process';
            const { program } = this.host.declarations;
            return { value: process.vars.get(name), type: processVarType(program, process.group, name) };
        }
        const self = frame?.self;
        const field = self && this.host.declarations.kindFieldOf(self, name);
        if (!field) {
            return undefined;
        }
        this.dependsOn = 'frame';
        return {
            value: field.file.fields[field.index] as Value,
            type: this.kindFieldType(field.file.kind, field.index),
        };
    }

    private kindFieldType(kind: string, index: number): Type {
        const field: KindField | undefined = this.host.declarations.fileKind(kind)?.decl.fields[index];
        return field?.type?.name.name === 'phys' ? { k: 'phys' } : ANY;
    }

    private declared(name: string): Evaluated | undefined {
        const { host } = this;
        for (const program of programsInSight(host, this.at)) {
            for (const file of program.files.values()) {
                const decl = file.items.find((i) => i.kind === 'const' && i.name.name === name);
                if (decl?.kind === 'const') {
                    return this.constant(name, decl.value);
                }
            }
            const layout = program.structs.get(name);
            if (layout) {
                return { value: layout, type: { k: 'decl', of: 'struct', name } };
            }
        }
        const process = host.processNamed(name);
        if (process) {
            return { value: process, type: { k: 'decl', of: 'process', name } };
        }
        const device = host.machine.pci.device(name);
        if (device) {
            return { value: device, type: objectOf('device') };
        }
        const global = host.natives.globals.get(name);
        if (global) {
            return { value: global.get(host), type: global.type };
        }
        if (
            host.declarations.fileKind(name) ||
            (host.natives.fileKinds.has(name) && !host.declarations.program.handlers.has(name))
        ) {
            return { value: name, type: { k: 'decl', of: 'file', name } };
        }
        if (host.declarations.handler(name, host.library)) {
            return { value: handlerNamed(host, name), type: { k: 'decl', of: 'handler', name } };
        }
        if (host.declarations.flb(name, host.library)) {
            return { value: flbNamed(host, name), type: { k: 'decl', of: 'flb', name } };
        }
        return isErrnoName(name) ? { value: ERRNO[name], type: INT } : undefined;
    }

    private constant(name: string, value: Expr): Evaluated {
        if (this.consts.has(name)) {
            throw new ProgramError(`The constant \`${name}\` depends on itself.`);
        }
        this.consts.add(name);
        const result = this.eval(value);
        this.consts.delete(name);
        return result;
    }

    // ------------------------------------------------------------ members

    private member(object: Evaluated, name: string): Evaluated {
        const { value } = object;
        if (value instanceof ScenarioProcess && value.vars.has(name)) {
            return {
                value: value.vars.get(name),
                type: processVarType(this.host.declarations.program, value.group, name),
            };
        }
        if (value instanceof View) {
            const field = value.field(name);
            return { value: value.get(field), type: typeOfField(field.type) };
        }
        const kind = this.host.declarations.kindFieldOf(value, name);
        if (kind) {
            return {
                value: kind.file.fields[kind.index] as Value,
                type: this.kindFieldType(kind.file.kind, kind.index),
            };
        }
        const m = memberOf(this.host, value, name);
        if (m?.kind === 'field') {
            return { value: readNative(this.host, m.field, value), type: m.field.type };
        }
        if (m) {
            throw new ProgramError(`\`${name}\` is a method. Call it: \`${name}(…)\`.`);
        }
        const fields = object.type.k === 'record' ? object.type.fields : undefined;
        return { value: readMember(this.host, value, name), type: fields?.get(name) ?? ANY };
    }

    /** `vmm[1]`: a process of an array. */
    private processAt({ object, index }: IndexExpr): Evaluated | undefined {
        if (object.kind !== 'name' || this.variable(object.name)) {
            return undefined;
        }
        const group = this.host.processes.items.filter((p) => p.group === object.name && p.name !== object.name);
        if (group.length === 0) {
            return undefined;
        }
        const name = nameInArray(object.name, this.value(index));
        const value = group.find((p) => p.name === name);
        if (!value) {
            throw new ProgramError(`The process \`${name}\` is not running.`);
        }
        return { value, type: { k: 'decl', of: 'process', name: object.name } };
    }

    private index(list: Evaluated, index: Value): Evaluated {
        const type =
            list.value instanceof ArrayView ? typeOfField(list.value.of) : list.type.k === 'list' ? list.type.of : ANY;
        return { value: readIndex(list.value, index), type };
    }

    // ------------------------------------------------------------ calls

    private call(e: CallExpr): Evaluated {
        const { callee } = e;
        const { host } = this;
        if (callee.kind === 'name') {
            const native = this.host.natives.functions.get(callee.name);
            if (native) {
                return this.callNative(native, [], e);
            }
            const decl = programsInSight(host, this.at)
                .map((p) => p.fns.get(callee.name))
                .find((d) => d !== undefined);
            if (!decl) {
                throw new ProgramError(`There is no function \`${callee.name}\`.`);
            }
            const args = this.args(
                callee.name,
                decl.params.map((p) => ({ name: p.name.name, type: ANY })),
                e.args,
                undefined,
            );
            const { mode } = this;
            return {
                value: this.run(callee.name, () => host.interpreter.call(host.executable.codeOf(decl), mode, args, 0)),
                type: ANY,
            };
        }
        if (callee.kind !== 'member') {
            throw new ProgramError('Only functions and methods can be called.');
        }
        const object = this.eval(callee.object);
        const { name } = callee.member;
        const m = memberOf(this.host, object.value, name);
        if (m?.kind !== 'method') {
            throw new ProgramError(`${format(object.value)} has no method \`${name}\`.`);
        }
        return this.callNative(m.method, [object.value], e);
    }

    private callNative(native: NativeFunction, receiver: readonly Value[], e: CallExpr): Evaluated {
        if (native.result.k === 'none' && native.resultOfArg === undefined && !native.syscall) {
            throw new ProgramError(`\`${native.name}\` has side effects and cannot be used in an expression.`);
        }
        const { host } = this;
        const args = this.args(native.name, native.params, e.args, e.with?.name);
        const { code, callback: called } = native;
        if (called !== undefined) {
            return {
                value: this.run(native.name, () => callback(host, called, [...receiver, ...args], 0)),
                type: native.result,
            };
        }
        if (code !== undefined) {
            return {
                value: this.run(native.name, () => {
                    native.checks?.(host, args);
                    return host.callStd(code, [...receiver, ...args], 0);
                }),
                type: native.result,
            };
        }
        if (!native.call) {
            throw new RangeError(`native ${native.name} has no code`);
        }
        if (native.context !== 'any') {
            this.mark ??= this.host.machine.journal.mark();
        }
        const value = native.call(this.host, [...receiver, ...args]);
        const { resultOfArg } = native;
        const layout = resultOfArg === undefined ? undefined : args[resultOfArg];
        const view =
            layout !== null && typeof layout === 'object' && 'name' in layout && typeof layout.name === 'string'
                ? layout.name
                : undefined;
        return { value, type: view === undefined ? native.result : { k: 'view', struct: view } };
    }

    /** The mode of code that is called from here. */
    private get mode(): Mode {
        return this.at.frame?.mode ?? (processOf(this.at.thread) ? 'user' : 'scenario');
    }

    /** Calls code and undoes its effects. */
    private run(name: string, enter: () => number): Value {
        if (!this.canRun) {
            throw new ProgramError(`\`${name}\` runs code, which is possible only while the run is stopped.`);
        }
        const { interpreter } = this.host;
        return tryOut(interpreter, this.at.thread ?? interpreter.current, this.mode, enter);
    }

    private args(
        name: string,
        params: readonly NativeParam[],
        given: readonly Arg[],
        reply: string | undefined,
    ): Value[] {
        if (params.some((p) => p.named)) {
            return [this.host.record(given.map((a) => [a.name?.name ?? '', this.value(a.value)] as const))];
        }
        const { values, rest, misfit } = bindArguments(
            params,
            given.map((a) => ({ name: a.name?.name, value: { value: this.value(a.value) } })),
        );
        if (misfit) {
            throw new ProgramError(`\`${name}\` takes ${params.map((p) => p.name).join(', ') || 'no arguments'}.`);
        }
        return params.map((p, i): Value => {
            if (p.rest) {
                return this.host.list(rest.map((r) => r.value));
            }
            const value = values[i] ?? { value: replyOf(p.name, reply) ?? p.default };
            if (!values[i] && p.default === undefined && p.name !== reply) {
                throw new ProgramError(`\`${name}\` needs \`${p.name}\`.`);
            }
            return value.value;
        });
    }

    // ------------------------------------------------------------ assigning

    /** @throws ProgramError if the target cannot be assigned. */
    write(target: Expr, value: Value): void {
        const { host } = this;
        switch (target.kind) {
            case 'name':
                this.writeName(target.name, value);
                return;
            case 'member': {
                const object = this.untouched((e) => e.value(target.object));
                if (object instanceof ScenarioProcess && object.vars.has(target.member.name)) {
                    object.vars.set(target.member.name, value);
                } else {
                    writeMember(host, object, target.member.name, value);
                }
                return;
            }
            case 'index': {
                const [list, index] = this.untouched((e) => [e.value(target.object), e.value(target.index)]);
                writeIndex(list, index, value);
                return;
            }
            default:
                throw new ProgramError('Only variables, fields and elements can be assigned.');
        }
    }

    private writeName(name: string, value: Value): void {
        const { frame, thread } = this.at;
        const local = frame && visibleLocals(frame, offsetOf(this.host, this.at)).find((v) => v.name === name);
        const process = frame && frame.mode !== 'user' ? null : processOf(thread);
        const field = frame?.self && this.host.declarations.kindFieldOf(frame.self, name);
        if (frame && local) {
            frame.slots[local.slot] = value;
        } else if (process?.vars.has(name) === true) {
            process.vars.set(name, value);
        } else if (field) {
            setKindField(this.host, field.file, field.index, value);
        } else {
            throw new ProgramError(
                this.declared(name) ? `\`${name}\` is not a variable.` : `There is no variable \`${name}\`.`,
            );
        }
    }
}

function typeOf(v: Value): Type {
    switch (typeof v) {
        case 'number':
        case 'bigint':
            return INT;
        case 'boolean':
            return BOOL;
        case 'string':
            return STRING;
        default:
            return ANY;
    }
}

/** True if the static type says that a number is a descriptor. */
export function isDescriptor(type: Type): boolean {
    return type.k === FD.k;
}

/** True if a condition holds: anything but false, 0 and nothing. */
export function holds(value: Value): boolean {
    return !(value === false || value === null || value === undefined || equal(value, 0));
}
