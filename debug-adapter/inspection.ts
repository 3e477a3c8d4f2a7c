/** Looking at a stopped run: stacks, scopes, variables, expressions, memory. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { assign, evaluate, evaluateEntry, viewpointOf, type Evaluated, type Viewpoint } from '../emulator/scenario/evaluate';
import { parseEntry } from '../emulator/scenario/parser-entry';
import type { Vm } from '../emulator/scenario/vm';
import { memoryReference } from './memory';
import { RequestError, type Arguments } from './requests';
import type { Sources } from './source';
import { Stacks } from './stack';
import { Handles, RANGE, rangesOf } from './variables/handles';
import { handoverItems } from './variables/handover';
import { namedItems, type Children, type Item } from './variables/item';
import { liveUpdateItems } from './variables/live-update';
import { localItems } from './variables/locals';
import { machineItems } from './variables/machine';
import { processScope } from './variables/process';
import { itemOf } from './variables/values';

/** What a client can do about variables. */
export interface ClientAbilities {
    /** It reads long collections in pages. */
    readonly pages: boolean;
    /** Tells it to read the variables that it shows anew. */
    readonly invalidated: () => void;
}

export class Inspection {
    private readonly stacks: Stacks;
    private readonly handles = new Handles();
    /** Where `setVariable`, which names no frame, evaluates what it is given. */
    private lastViewpoint: Viewpoint | undefined;

    constructor(readonly vm: Vm, sources: Sources, private readonly client: ClientAbilities) {
        this.stacks = new Stacks(sources);
    }

    /** The run goes on. */
    changed(): void {
        this.handles.invalidate();
        this.lastViewpoint = undefined;
    }

    /** Something was assigned, which may show in other places, too. */
    private assigned(): void {
        this.handles.refresh();
        this.client.invalidated();
    }

    threads(): DebugProtocol.Thread[] {
        return this.vm.threads.map(({ id, name, user }) => ({ id, name: user ? `${name} (${user.process.pid})` : name }));
    }

    stackTrace({ threadId, startFrame, levels }: Arguments<'stackTrace'>): DebugProtocol.StackTraceResponse['body'] {
        const thread = this.vm.threads.find((t) => t.id === threadId);
        if (!thread) {
            throw new RequestError(`There is no thread ${threadId}.`);
        }
        const frames = this.stacks.of(this.vm, thread);
        const start = startFrame ?? 0;
        return { stackFrames: frames.slice(start, levels ? start + levels : undefined), totalFrames: frames.length };
    }

    scopes(frameId: number): DebugProtocol.Scope[] {
        const { vm } = this;
        const at = this.viewpoint(frameId);
        this.lastViewpoint = at;
        const user = at.thread?.user ?? null;
        const scope = (name: string, key: string, children: Children, hint?: string): DebugProtocol.Scope => ({
            name,
            variablesReference: this.handles.root(key, children),
            expensive: false,
            ...counts(children),
            ...(hint === undefined ? {} : { presentationHint: hint }),
        });
        return [
            scope('Locals', `locals ${this.stacks.keyOf(vm, frameId)}`, { named: () => localItems(vm, at) }, 'locals'),
            scope('Process', `process ${user?.thread.id ?? 0}`, processScope(vm, user)),
            scope('Live Update', 'live update', { named: () => liveUpdateItems(vm) }),
            scope('Handover', 'handover', { named: () => handoverItems(vm) }),
            scope('Machine', 'machine', { named: () => machineItems(vm) }),
        ];
    }

    variables({ variablesReference: ref, filter, start, count }: Arguments<'variables'>): DebugProtocol.Variable[] {
        const children = this.children(ref);
        const named = filter === 'indexed' ? [] : namedItems(children).map((item) => this.variable(ref, item.name, item));
        const { indexed } = children;
        if (!indexed || filter === 'named') {
            return filter === 'named' ? named : page(named, start, count);
        }
        const variable = (i: number): DebugProtocol.Variable => this.variable(ref, `#${i}`, indexed.item(i));
        if (filter === 'indexed') {
            return numbers(start ?? 0, Math.min(indexed.count, count ? (start ?? 0) + count : indexed.count)).map(variable);
        }
        if (!this.client.pages && !count && indexed.count > RANGE) {
            return [...named, ...rangesOf(indexed).map((item) => this.variable(ref, item.name, item))];
        }
        return page([...named, ...numbers(0, indexed.count).map(variable)], start, count);
    }

    setVariable({ variablesReference: ref, name, value }: Arguments<'setVariable'>): DebugProtocol.SetVariableResponse['body'] {
        const children = this.children(ref);
        const item = namedItems(children).find((i) => i.name === name) ?? this.indexedNamed(children, name);
        if (!item) {
            throw new RequestError(`There is no ${name} here.`, true);
        }
        if (!item.assign) {
            throw new RequestError(`${name} cannot be set.`, true);
        }
        item.assign(evaluate(this.vm, this.lastViewpoint, value).value);
        this.assigned();
        const now = namedItems(this.children(ref)).find((i) => i.name === name) ?? this.indexedNamed(this.children(ref), name) ?? item;
        const { value: shown, type, variablesReference, memoryReference: at } = this.variable(ref, name, now);
        return { value: shown, variablesReference, ...(type === undefined ? {} : { type }), ...(at === undefined ? {} : { memoryReference: at }) };
    }

    setExpression({ expression, value, frameId }: Arguments<'setExpression'>): DebugProtocol.SetExpressionResponse['body'] {
        const result = assign(this.vm, this.viewpointOrTop(frameId), parseEntry(`${expression} = (${value})`));
        this.assigned();
        return { value: this.resultOf(expression, frameId, result).result };
    }

    evaluate({ expression, frameId, context }: Arguments<'evaluate'>): DebugProtocol.EvaluateResponse['body'] {
        const at = this.viewpointOrTop(frameId);
        const entry = parseEntry(expression);
        if (entry.assign && context === 'repl') {
            const result = assign(this.vm, at, entry);
            this.assigned();
            return this.resultOf(expression, frameId, result);
        }
        return this.resultOf(expression, frameId, evaluateEntry(this.vm, at, entry));
    }

    private resultOf(expression: string, frameId: number | undefined, result: Evaluated): DebugProtocol.EvaluateResponse['body'] {
        const item = itemOf(this.vm, expression, result, { evaluateName: expression, process: this.lastViewpoint?.thread?.user?.process });
        const { value, type, variablesReference, namedVariables, indexedVariables, memoryReference: at } = this.variable(this.handles.root(`evaluate ${frameId ?? ''}`, {
            named: () => [item],
        }), expression, item);
        return {
            result: value,
            variablesReference,
            ...(type === undefined ? {} : { type }),
            ...(namedVariables === undefined ? {} : { namedVariables }),
            ...(indexedVariables === undefined ? {} : { indexedVariables }),
            ...(at === undefined ? {} : { memoryReference: at }),
        };
    }

    private viewpointOrTop(frameId: number | undefined): Viewpoint {
        const at = frameId === undefined ? viewpointOf(this.vm, this.vm.current.top) : this.viewpoint(frameId);
        this.lastViewpoint = at;
        return at;
    }

    private viewpoint(frameId: number): Viewpoint {
        const at = this.stacks.viewpoint(this.vm, frameId);
        if (!at) {
            throw new RequestError('This frame is gone: the run has left it.');
        }
        return at;
    }

    private children(ref: number): Children {
        const children = this.handles.get(ref);
        if (!children) {
            throw new RequestError('These variables are gone: the run has gone on.');
        }
        return children;
    }

    private indexedNamed({ indexed }: Children, name: string): Item | undefined {
        for (let i = 0; indexed && i < indexed.count; i++) {
            const item = indexed.item(i);
            if (item.name === name) {
                return item;
            }
        }
        return undefined;
    }

    private variable(ref: number, key: string, item: Item): DebugProtocol.Variable {
        const { name, value, type, children, address, evaluateName, kind, assign: set } = item;
        const attributes = set ? {} : { attributes: ['readOnly'] };
        return {
            name,
            value,
            variablesReference: this.handles.of(ref, key, item),
            ...(children ? counts(children) : {}),
            ...(type === undefined ? {} : { type }),
            ...(address === undefined ? {} : { memoryReference: memoryReference(address) }),
            ...(evaluateName === undefined ? {} : { evaluateName }),
            presentationHint: kind === undefined ? attributes : { kind, ...attributes },
        };
    }
}

/** What clients that page need to know. */
function counts(children: Children): { readonly namedVariables?: number; readonly indexedVariables?: number } {
    const { indexed } = children;
    return indexed && indexed.count > 0 ? { indexedVariables: indexed.count, namedVariables: children.named?.().length ?? 0 } : {};
}

function page<T>(list: readonly T[], start: number | undefined, count: number | undefined): T[] {
    return list.slice(start ?? 0, count ? (start ?? 0) + count : undefined);
}

function numbers(from: number, to: number): number[] {
    return Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);
}
