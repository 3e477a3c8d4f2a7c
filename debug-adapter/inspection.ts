/** Inspection of a stopped run: stacks, scopes, variables, expressions, memory. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import {
    assign,
    evaluate,
    evaluateEntry,
    viewpointOf,
    type Evaluated,
    type Viewpoint,
} from '../emulator/runtime/evaluate';
import { parseEntry } from '../emulator/language/syntax/entry';
import { processOf } from '../emulator/runtime/host/scenario-process';
import type { Host } from '../emulator/runtime/host/host';
import { RequestError } from './errors';
import type { Arguments } from './requests';
import type { Sources } from './source';
import { Stacks } from './stack';
import { memoryOf } from '../emulator/presentation/bytes';
import { handoverItems } from '../emulator/presentation/handover';
import { liveUpdateItems } from '../emulator/presentation/live-update';
import { localItems } from '../emulator/presentation/locals';
import { threadName } from '../emulator/presentation/locks';
import { machineItems } from '../emulator/presentation/machine';
import { Pane } from './variables/pane';
import { processScope } from '../emulator/presentation/process';
import { itemOf } from '../emulator/presentation/values';

/** The client's capabilities for variables. */
export interface ClientAbilities {
    /** Tells the client to read variables again. */

    readonly invalidated: () => void;
}

export class Inspection {
    private readonly stacks: Stacks;
    private readonly pane = new Pane();
    /** The frame in which `setVariable`, which has no frame, evaluates its value. */

    private lastViewpoint: Viewpoint | undefined;

    constructor(
        readonly host: Host,
        sources: Sources,
        private readonly client: ClientAbilities,
    ) {
        this.stacks = new Stacks(sources);
    }

    /** The run continues. */
    changed(): void {
        this.pane.handles.invalidate();
        this.lastViewpoint = undefined;
    }

    /** An assignment may change other variables too. */
    private assigned(): void {
        this.pane.handles.refresh();
        this.client.invalidated();
    }

    threads(): DebugProtocol.Thread[] {
        return this.host.interpreter.threads.map((thread) => ({ id: thread.id, name: threadName(this.host, thread) }));
    }

    stackTrace({ threadId, startFrame, levels }: Arguments<'stackTrace'>): DebugProtocol.StackTraceResponse['body'] {
        const thread = this.host.interpreter.threads.find((t) => t.id === threadId);
        if (!thread) {
            throw new RequestError('noSuchThread', `There is no thread ${threadId}.`);
        }
        const frames = this.stacks.of(this.host, thread);
        const start = startFrame ?? 0;
        return { stackFrames: frames.slice(start, levels ? start + levels : undefined), totalFrames: frames.length };
    }

    scopes(frameId: number): DebugProtocol.Scope[] {
        const { host } = this;
        const at = this.viewpoint(frameId);
        this.lastViewpoint = at;
        const user = processOf(at.thread);
        return [
            this.pane.scope(
                'Locals',
                `locals ${this.stacks.keyOf(host, frameId)}`,
                { named: () => localItems(host, at) },
                'locals',
            ),
            this.pane.scope('Process', `process ${user?.thread.id ?? 0}`, processScope(host, user)),
            this.pane.scope('Live Update', 'live update', { named: () => liveUpdateItems(host) }),
            this.pane.scope('Handover', 'handover', {
                named: () => handoverItems(memoryOf(host.machine), host.kernel?.kho),
            }),
            this.pane.scope('Machine', 'machine', { named: () => machineItems(host) }),
        ];
    }

    variables(args: Arguments<'variables'>): DebugProtocol.Variable[] {
        return this.pane.variables(args);
    }

    setVariable({
        variablesReference: ref,
        name,
        value,
    }: Arguments<'setVariable'>): DebugProtocol.SetVariableResponse['body'] {
        const found = this.pane.named(ref, name);
        if (!found) {
            throw new RequestError('noSuchVariable', `There is no ${name} here.`);
        }
        if (!found.item.assign) {
            throw new RequestError('readOnly', `${name} cannot be set.`);
        }
        found.item.assign(evaluate(this.host, this.lastViewpoint, value).value);
        this.assigned();
        const { key, item } = this.pane.named(ref, name) ?? found;
        const { value: shown, type, variablesReference, memoryReference: at } = this.pane.variable(ref, key, item);
        return {
            value: shown,
            variablesReference,
            ...(type === undefined ? {} : { type }),
            ...(at === undefined ? {} : { memoryReference: at }),
        };
    }

    setExpression({
        expression,
        value,
        frameId,
    }: Arguments<'setExpression'>): DebugProtocol.SetExpressionResponse['body'] {
        const result = assign(this.host, this.viewpointOrTop(frameId), parseEntry(`${expression} = (${value})`));
        this.assigned();
        return { value: this.resultOf(expression, frameId, result).result };
    }

    evaluate({ expression, frameId, context }: Arguments<'evaluate'>): DebugProtocol.EvaluateResponse['body'] {
        const at = this.viewpointOrTop(frameId);
        const entry = parseEntry(expression);
        if (entry.assign && context === 'repl') {
            const result = assign(this.host, at, entry);
            this.assigned();
            return this.resultOf(expression, frameId, result);
        }
        return this.resultOf(expression, frameId, evaluateEntry(this.host, at, entry));
    }

    private resultOf(
        expression: string,
        frameId: number | undefined,
        result: Evaluated,
    ): DebugProtocol.EvaluateResponse['body'] {
        const item = itemOf(this.host, expression, result, {
            evaluateName: expression,
            process: processOf(this.lastViewpoint?.thread)?.process,
        });
        const {
            value,
            type,
            variablesReference,
            namedVariables,
            indexedVariables,
            memoryReference: at,
        } = this.pane.variable(
            this.pane.handles.root(`evaluate ${frameId ?? ''}`, {
                named: () => [item],
            }),
            expression,
            item,
        );
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
        const at =
            frameId === undefined ? viewpointOf(this.host, this.host.interpreter.current.top) : this.viewpoint(frameId);
        this.lastViewpoint = at;
        return at;
    }

    private viewpoint(frameId: number): Viewpoint {
        const at = this.stacks.viewpoint(this.host, frameId);
        if (!at) {
            throw new RequestError('frameGone', 'This frame no longer exists: the run has continued.');
        }
        return at;
    }
}
