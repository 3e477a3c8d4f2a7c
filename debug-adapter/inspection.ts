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
import { parseEntry, type Entry } from '../emulator/language/syntax/entry';
import { ProgramError } from '../emulator/language/values';
import { processOf } from '../emulator/runtime/host/scenario-process';
import type { Thread } from '../emulator/runtime/code';
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
import type { Children, Item } from '../emulator/presentation/item';
import { Pane } from './variables/pane';
import { processScope } from '../emulator/presentation/process';
import { itemOf } from '../emulator/presentation/values';

/** The client's capabilities for variables. */
export interface ClientAbilities {
    /** Tells the client to read variables again. */

    readonly invalidated: () => void;
}

/**
 * Changes the run. @param make makes the change. It is called again when the run passes the same position again, so it
 * refers to parts of the run only by place, name or number
 */
export type ChangeRun = <T>(text: string, make: (host: Host) => T) => T;

export class Inspection {
    private readonly stacks: Stacks;
    private readonly pane = new Pane();
    /** The frame in which `setVariable`, which has no frame, evaluates its value. */
    private lastFrame: number | undefined;

    constructor(
        readonly host: Host,
        sources: Sources,
        private readonly client: ClientAbilities,
        private readonly change: ChangeRun,
    ) {
        this.stacks = new Stacks(sources);
    }

    /** The run continues. */
    changed(): void {
        this.pane.handles.invalidate();
        this.lastFrame = undefined;
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
        const { host, pane } = this;
        const user = processOf(this.viewpoint(frameId).thread);
        this.lastFrame = frameId;
        const key = this.stacks.keyOf(host, frameId);
        const locals = (): Children => ({ named: () => localItems(host, this.viewpoint(frameId)) });
        const process = (): Children => processScope(host, processOf(this.viewpoint(frameId).thread));
        return [
            pane.scope('Locals', `locals ${key}`, locals, 'locals'),
            pane.scope('Process', `process ${user?.thread.id ?? 0}`, process),
            pane.scope('Live Update', 'live update', () => ({ named: () => liveUpdateItems(host) })),
            pane.scope('Handover', 'handover', () => ({
                named: () => handoverItems(memoryOf(host.machine), host.kernel?.kho),
            })),
            pane.scope('Machine', 'machine', () => ({ named: () => machineItems(host) })),
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
        const { lastFrame } = this;
        const again = this.pane.handles.finder(ref, found.key);
        this.change(`${found.item.evaluateName ?? name} = ${value}`, (host) => {
            const assignAgain = again()?.assign;
            if (!assignAgain) {
                throw new ProgramError(`${name} cannot be set here.`);
            }
            assignAgain(evaluate(host, this.viewpointOrNone(lastFrame), value).value);
        });
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
        const entry = parseEntry(`${expression} = (${value})`);
        const result = this.assign(`${expression} = ${value}`, entry, frameId);
        return { value: this.resultOf(expression, frameId, result).result };
    }

    evaluate({ expression, frameId, context }: Arguments<'evaluate'>): DebugProtocol.EvaluateResponse['body'] {
        const entry = parseEntry(expression);
        if (entry.assign && context === 'repl') {
            return this.resultOf(expression, frameId, this.assign(expression, entry, frameId));
        }
        return this.resultOf(expression, frameId, evaluateEntry(this.host, this.viewpointOrTop(frameId), entry));
    }

    private assign(text: string, entry: Entry, frameId: number | undefined): Evaluated {
        const result = this.change(text, (host) => assign(host, this.viewpointOrTop(frameId), entry));
        this.assigned();
        return result;
    }

    /** The location of a frame. @throws RequestError if it does not exist */
    frame(frameId: number): { readonly thread: Thread; readonly index: number } {
        const { thread, frame } = this.viewpoint(frameId);
        const index = thread && frame ? thread.frames.indexOf(frame) : -1;
        if (!thread || index < 0) {
            throw new RequestError('frameGone', 'Nothing runs in this frame.');
        }
        return { thread, index };
    }

    private resultOf(
        expression: string,
        frameId: number | undefined,
        result: Evaluated,
    ): DebugProtocol.EvaluateResponse['body'] {
        const item = (evaluated: Evaluated): Item =>
            itemOf(this.host, expression, evaluated, {
                evaluateName: expression,
                process: processOf(this.viewpointOrTop(frameId).thread)?.process,
            });
        const shown = item(result);
        const root = this.pane.handles.root(
            `evaluate ${frameId ?? ''} ${expression}`,
            () => ({ named: () => [item(evaluate(this.host, this.viewpointOrTop(frameId), expression))] }),
            { named: () => [shown] },
        );
        const {
            value,
            type,
            variablesReference,
            namedVariables,
            indexedVariables,
            memoryReference: at,
        } = this.pane.variable(root, expression, shown);
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
        this.lastFrame = frameId;
        return this.viewpointOrNone(frameId) ?? viewpointOf(this.host, this.host.interpreter.current.top);
    }

    private viewpointOrNone(frameId: number | undefined): Viewpoint | undefined {
        return frameId === undefined ? undefined : this.viewpoint(frameId);
    }

    private viewpoint(frameId: number): Viewpoint {
        const at = this.stacks.viewpoint(this.host, frameId);
        if (!at) {
            throw new RequestError('frameGone', 'This frame no longer exists: the run has continued.');
        }
        return at;
    }
}
