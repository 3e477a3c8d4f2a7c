/** Inspection of a stopped run: stacks, scopes, variables, expressions, memory. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { assign, evaluate, evaluateEntry, viewpointOf, type Evaluated } from '../emulator/runtime/evaluate';
import type { Viewpoint } from '../emulator/runtime/names-in-scope';
import { parseEntry, type Entry } from '../emulator/language/syntax/entry';
import { ProgramError } from '../emulator/language/values';
import { processOf } from '../emulator/runtime/host/scenario-process';
import type { Thread } from '../emulator/runtime/code';
import type { Host } from '../emulator/runtime/host/host';
import { counted, hex } from '../emulator/text/text';
import type { Answer, Serve } from './answer';
import { RequestError } from './errors';
import { liveUpdateBody } from './live-update';
import { bytesToWrite, ramOf } from './memory';
import { REQUESTS, type Arguments } from './requests';
import type { Sources } from './source';
import { Stacks } from './stack';
import {
    aboutHelp,
    consoleOffers,
    helpText,
    withHandleType,
    withoutSuffix,
    type ConsoleOffer,
} from '../emulator/presentation/console';
import { updateTree } from '../emulator/presentation/update-tree';
import type { Children, Item } from '../emulator/presentation/item';
import { threadName } from '../emulator/presentation/locks';
import { scopeOf, scopesFor, type ScopeName } from '../emulator/presentation/scopes';
import type { DataId, Row } from './data/data-id';
import { dataAtAddress, dataOfExpression, dataOfItem, rowBelow } from './data/watchable';
import { Pane } from './variables/pane';
import { itemOf } from '../emulator/presentation/values';

/** The client's capabilities for variables. */
export interface ClientAbilities {
    /** Tells the client to read variables again. */
    readonly invalidated: () => void;
    /** It shows the answers of `lus/liveUpdate`. */
    readonly hasLiveUpdateView: boolean;
}

/** A scope, or the result of an expression. */
type RootRow =
    | { readonly scope: ScopeName; readonly frameId: number }
    | { readonly expression: string; readonly frameId: number | undefined };

/**
 * Changes the run. @param make makes the change. It is called again when the run passes the same position again, so it
 * refers to parts of the run only by place, name or number
 */
export type ChangeRun = <T>(text: string, make: (host: Host) => T) => T;

/** The icons of completions in the console. */
const OFFER_TYPES: Readonly<Record<ConsoleOffer['kind'], DebugProtocol.CompletionItemType>> = {
    variable: 'variable',
    field: 'field',
    process: 'module',
    device: 'module',
    global: 'variable',
    method: 'method',
    function: 'function',
    constant: 'value',
    type: 'class',
};

export class Inspection {
    private readonly stacks: Stacks;
    private readonly pane = new Pane();
    /** What stands at the root references of the pane. */
    private readonly roots = new Map<number, RootRow>();
    /** The frame in which `setVariable`, which has no frame, evaluates its value. */
    private lastFrame: number | undefined;

    constructor(
        readonly host: Host,
        private readonly sources: Sources,
        private readonly client: ClientAbilities,
        private readonly change: ChangeRun,
    ) {
        this.stacks = new Stacks(sources);
    }

    /** The run continues. */
    changed(): void {
        this.pane.invalidate();
        this.lastFrame = undefined;
    }

    /** The run has gone through its history and is back: the objects of the rows are others. */
    renewed(): void {
        this.pane.handles.renew([...this.roots].flatMap(([ref, row]) => ('scope' in row ? [ref] : [])));
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
        if (this.stacks.isGone(host, frameId)) {
            // a client may ask between a stop elsewhere and its next look at the stack
            return [];
        }
        const user = processOf(this.viewpoint(frameId).thread);
        this.lastFrame = frameId;
        const keys: Partial<Record<ScopeName, string>> = {
            Locals: `locals ${this.stacks.keyOf(host, frameId)}`,
            Process: `process ${user?.thread.id ?? 0}`,
        };
        return scopesFor(this.client.hasLiveUpdateView).map(({ scope: name, title }) => {
            const hint = name === 'Locals' ? 'locals' : undefined;
            const make = (): Children => scopeOf(host, name, this.viewpoint(frameId));
            const scope = pane.scope(title, keys[name] ?? name, make, hint);
            this.roots.set(scope.variablesReference, { scope: name, frameId });
            return scope;
        });
    }

    variables(args: Arguments<'variables'>): DebugProtocol.Variable[] {
        return this.pane.variables(args);
    }

    setVariable({
        variablesReference: ref,
        name,
        value,
        format,
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
        const {
            value: shown,
            type,
            variablesReference,
            memoryReference: at,
        } = this.pane.variable(ref, key, item, format);
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
        format,
    }: Arguments<'setExpression'>): DebugProtocol.SetExpressionResponse['body'] {
        const entry = parseEntry(`${expression} = (${value})`);
        const result = this.assign(`${expression} = ${value}`, entry, frameId);
        return { value: this.resultOf(expression, frameId, result, format?.hex).result };
    }

    evaluate({
        expression: text,
        frameId,
        context,
        format,
    }: Arguments<'evaluate'>): DebugProtocol.EvaluateResponse['body'] {
        const at = this.viewpointOrTop(frameId);
        const about = context === 'repl' ? aboutHelp(this.host, at, text) : undefined;
        if (about !== undefined) {
            return { result: helpText(this.host, at, about), variablesReference: 0 };
        }
        const { expression, asHex } = withoutSuffix(text);
        const entry = parseEntry(expression);
        const result =
            entry.assign && context === 'repl'
                ? this.assign(expression, entry, frameId)
                : evaluateEntry(this.host, at, entry);
        return this.resultOf(expression, frameId, result, asHex ?? format?.hex);
    }

    /** Writes physical memory, as a change of the run. */
    writeMemory(args: Arguments<'writeMemory'>): DebugProtocol.WriteMemoryResponse['body'] {
        const { pa, bytes } = bytesToWrite(ramOf(this.host.machine).areas, args);
        if (bytes.length > 0) {
            this.change(`${counted(bytes.length, 'byte')} at ${hex(pa)}`, ({ machine }) =>
                machine.memory.write(pa, bytes),
            );
            this.assigned();
        }
        return { bytesWritten: bytes.length };
    }

    /** The view *Live Update*. */
    liveUpdate(): object {
        return liveUpdateBody(updateTree(this.host), this.sources);
    }

    /** Completions of the console. */
    completions({ text, column, line, frameId }: Arguments<'completions'>): DebugProtocol.CompletionItem[] {
        const { lineBase, columnBase } = this.sources.format;
        const lines = text.split('\n');
        const at = line === undefined ? 0 : line - lineBase;
        const begin = lines.slice(0, at).reduce((n, l) => n + l.length + 1, 0);
        const offset = Math.min(begin + column - columnBase, text.length);
        const { start, offers } = consoleOffers(this.host, this.viewpointOrTop(frameId), text, offset);
        return offers.map((offer, i) => ({
            label: offer.name,
            type: OFFER_TYPES[offer.kind],
            // the console does not sort them by their names
            sortText: String(i).padStart(5, '0'),
            start: start - begin + columnBase,
            length: offset - start,
            ...(offer.detail === '' ? {} : { detail: offer.detail }),
        }));
    }

    private assign(text: string, entry: Entry, frameId: number | undefined): Evaluated {
        const result = this.change(text, (host) => assign(host, this.viewpointOrTop(frameId), entry));
        this.assigned();
        return result;
    }

    /** The data of a row, an expression or an address; a text says why it cannot be watched. */
    dataOf({
        variablesReference: ref,
        name,
        frameId,
        bytes,
        asAddress,
    }: Arguments<'dataBreakpointInfo'>): DataId | string {
        const { host } = this;
        if (asAddress === true || ref === undefined || ref === 0) {
            const at = this.viewpointOrNone(frameId) ?? viewpointOf(host, host.interpreter.current.top);
            return (asAddress === true ? dataAtAddress : dataOfExpression)(host, at, name, bytes);
        }
        const found = this.pane.named(ref, name);
        if (!found) {
            return `There is no ${name} here.`;
        }
        const row = this.rowOf(ref, found.key, found.item);
        return typeof row === 'string' ? row : dataOfItem(found.item, row, bytes);
    }

    /** What finds a row of the pane again. */
    private rowOf(ref: number, key: string, item: Item): Row | string {
        const { root: top, keys } = this.pane.handles.path(ref, key);
        const from = this.roots.get(top);
        if (!from) {
            return 'This row cannot be watched: the debugger does not find it again.';
        }
        const name = item.evaluateName ?? keys.map((k) => k.replace(/^#(\d+)$/, '[$1]')).join(' › ');
        const at = this.viewpointOrNone(from.frameId) ?? viewpointOf(this.host, undefined);
        const root = 'scope' in from ? { scope: from.scope } : { expression: from.expression };
        return rowBelow(this.host, root, at, keys, name);
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

    /** The frame with this id if it is the topmost one of its thread. @throws RequestError if it no longer exists */
    topOf(frameId: number): Viewpoint {
        const { thread, frame } = this.viewpoint(frameId);
        return { thread, frame: frame && frame === thread?.top ? frame : undefined };
    }

    private resultOf(
        expression: string,
        frameId: number | undefined,
        result: Evaluated,
        asHex = false,
    ): DebugProtocol.EvaluateResponse['body'] {
        const item = (evaluated: Evaluated): Item => {
            const at = this.viewpointOrTop(frameId);
            return itemOf(this.host, expression, withHandleType(this.host, at, expression, evaluated), {
                evaluateName: expression,
                process: processOf(at.thread)?.process,
            });
        };
        const shown = item(result);
        const root = this.pane.handles.root(
            `evaluate ${frameId ?? ''} ${asHex ? 'hex ' : ''}${expression}`,
            () => ({ named: () => [item(evaluate(this.host, this.viewpointOrTop(frameId), expression))] }),
            { named: () => [shown] },
            asHex,
        );
        this.roots.set(root, { expression, frameId });
        return this.shownResult(root, expression, shown);
    }

    /** The response for a result that does not come from an expression of the language. */
    resultOfItem(expression: string, item: Item): DebugProtocol.EvaluateResponse['body'] {
        const root = this.pane.handles.root(`result ${expression}`, () => ({ named: () => [item] }));
        return this.shownResult(root, expression, item);
    }

    private shownResult(root: number, key: string, shown: Item): DebugProtocol.EvaluateResponse['body'] {
        const {
            value,
            type,
            variablesReference,
            namedVariables,
            indexedVariables,
            memoryReference: at,
        } = this.pane.variable(root, key, shown);
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

/** @param stopped throws RequestError if the run is not stopped */
export function serveInspection(
    serve: Serve,
    stopped: () => Inspection,
    evaluate: (args: Arguments<'evaluate'>) => Answer,
): void {
    serve('stackTrace', REQUESTS.stackTrace, (args) => ({ body: stopped().stackTrace(args) }));
    serve('scopes', REQUESTS.scopes, ({ frameId }) => ({ body: { scopes: stopped().scopes(frameId) } }));
    serve('variables', REQUESTS.variables, (args) => ({ body: { variables: stopped().variables(args) } }));
    serve('setVariable', REQUESTS.setVariable, (args) => ({ body: stopped().setVariable(args) }));
    serve('setExpression', REQUESTS.setExpression, (args) => ({ body: stopped().setExpression(args) }));
    serve('evaluate', REQUESTS.evaluate, evaluate);
    serve('completions', REQUESTS.completions, (args) => ({ body: { targets: stopped().completions(args) } }));
    serve('lus/liveUpdate', REQUESTS['lus/liveUpdate'], () => ({ body: stopped().liveUpdate() }));
    serve('writeMemory', REQUESTS.writeMemory, (args) => ({ body: stopped().writeMemory(args) }));
}
