/**
 * Checks the parameters of what a client sends, before a handler of the server gets them: a request with malformed ones
 * is answered with InvalidParams, a notification is ignored with a line in the log. So a client's fault stays with the
 * document that it is about.
 */
import { ErrorCodes, ResponseError, type Connection, type Message, type MessageStrategy } from 'vscode-languageserver';

/** The form of a value; the name of an optional member ends with a question mark. */
type Shape = 'string' | 'integer' | 'index' | 'boolean' | 'object' | 'list' | readonly [Shape] | Members;
interface Members {
    readonly [name: string]: Shape;
}

const position = { line: 'index', character: 'index' } as const;
const range = { start: position, end: position } as const;
const textDocument = { uri: 'string' } as const;
const inDocument: Members = { textDocument };
const atPosition: Members = { textDocument, position };
const inRange: Members = { textDocument, range };
const item: Members = { item: { uri: 'string', selectionRange: range } };

/** Those that the server reads; all others are passed on as they are. */
const PARAMETERS: ReadonlyMap<string, Shape> = new Map<string, Shape>([
    [
        'initialize',
        {
            capabilities: { 'workspace?': 'object', 'textDocument?': 'object' },
            'workspaceFolders?': [{ uri: 'string' }],
            'rootUri?': 'string',
        },
    ],
    [
        'textDocument/didOpen',
        { textDocument: { uri: 'string', languageId: 'string', version: 'integer', text: 'string' } },
    ],
    [
        'textDocument/didChange',
        { textDocument: { uri: 'string', version: 'integer' }, contentChanges: [{ text: 'string', 'range?': range }] },
    ],
    ['textDocument/didClose', inDocument],
    ['textDocument/didSave', inDocument],
    ['textDocument/codeAction', inRange],
    ['textDocument/completion', atPosition],
    ['textDocument/definition', atPosition],
    ['textDocument/documentHighlight', atPosition],
    ['textDocument/documentLink', inDocument],
    ['textDocument/documentSymbol', inDocument],
    ['textDocument/foldingRange', inDocument],
    ['textDocument/formatting', inDocument],
    ['textDocument/hover', atPosition],
    ['textDocument/inlayHint', inRange],
    ['textDocument/inlineValue', { ...inRange, context: { frameId: 'integer', stoppedLocation: range } }],
    ['textDocument/onTypeFormatting', { ...atPosition, ch: 'string' }],
    ['textDocument/prepareCallHierarchy', atPosition],
    ['textDocument/prepareRename', atPosition],
    ['textDocument/rangeFormatting', inRange],
    ['textDocument/references', { ...atPosition, context: { includeDeclaration: 'boolean' } }],
    ['textDocument/rename', { ...atPosition, newName: 'string' }],
    ['textDocument/selectionRange', { textDocument, positions: [position] }],
    ['textDocument/semanticTokens/full', inDocument],
    ['textDocument/signatureHelp', atPosition],
    ['textDocument/typeDefinition', atPosition],
    ['callHierarchy/incomingCalls', item],
    ['callHierarchy/outgoingCalls', item],
    ['completionItem/resolve', { label: 'string' }],
    ['workspace/symbol', { query: 'string' }],
    ['workspace/didChangeWatchedFiles', { changes: 'list' }],
    ['lus/callbacks', { uri: 'string' }],
    ['lus/shippedText', { uri: 'string' }],
]);

/** A request that stands for a malformed one. */
const MALFORMED = 'lus/malformed';

/** @returns what is wrong with a value, undefined if nothing is */
function wrong(value: unknown, shape: Shape, name: string): string | undefined {
    const must = (what: string, holds: boolean): string | undefined => (holds ? undefined : `${name} must be ${what}`);
    switch (shape) {
        case 'index':
            return must('a whole number from 0', Number.isInteger(value) && Number(value) >= 0);
        case 'integer':
            return must(
                'a whole number of 32 bits',
                typeof value === 'number' && value === Math.trunc(value) && Math.abs(value) < 2 ** 31,
            );
        case 'list':
            return must('a list', Array.isArray(value));
        case 'object':
            return must('an object', typeof value === 'object' && value !== null);
        case 'string':
        case 'boolean':
            return must(`a ${shape}`, typeof value === shape);
    }
    if (isList(shape)) {
        return Array.isArray(value)
            ? first(value, (v, i) => wrong(v, shape[0], `${name}[${i}]`))
            : `${name} must be a list`;
    }
    if (typeof value !== 'object' || value === null) {
        return `${name} must be an object`;
    }
    return first(Object.entries(shape), ([key, of]) => {
        const member = key.replace('?', '');
        const found: unknown = Reflect.get(value, member);
        return member !== key && (found === undefined || found === null)
            ? undefined
            : wrong(found, of, `${name}.${member}`);
    });
}

function isList(shape: readonly [Shape] | Members): shape is readonly [Shape] {
    return Array.isArray(shape);
}

function first<T>(values: readonly T[], of: (value: T, i: number) => string | undefined): string | undefined {
    for (const [i, value] of values.entries()) {
        const found = of(value, i);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

/** The way of a connection's messages to its handlers. */
export class CheckedMessages implements MessageStrategy {
    private complain: (what: string) => void = () => undefined;
    private heard: () => void = () => undefined;

    /**
     * Answers malformed requests on the connection.
     * @param heard called before each message is handled
     */
    register(connection: Connection, heard: () => void): void {
        this.heard = heard;
        this.complain = (what) => connection.console.warn(what);
        connection.onRequest(MALFORMED, ({ what }: { readonly what: string }) => {
            throw new ResponseError(ErrorCodes.InvalidParams, what);
        });
    }

    handleMessage(message: Message, next: (message: Message) => void | Promise<void>): void | Promise<void> {
        this.heard();
        const method = 'method' in message && typeof message.method === 'string' ? message.method : '';
        const shape = PARAMETERS.get(method);
        const what = shape && wrong('params' in message ? message.params : undefined, shape, 'params');
        if (what === undefined) {
            return next(message);
        }
        if ('id' in message) {
            const malformed = { ...message, method: MALFORMED, params: { what: `${method}: ${what}.` } };
            return next(malformed);
        }
        this.complain(`The server ignores ${method}: ${what}.`);
    }
}
