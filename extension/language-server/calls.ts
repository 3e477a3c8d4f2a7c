/** Call hierarchies in the protocol's terms. */
import { SymbolKind, type CallHierarchyItem, type Connection } from 'vscode-languageserver';
import { callableAt, incomingCalls, outgoingCalls, type Callable } from '../../emulator/services/call-hierarchy';
import { canonicalUri } from '../../emulator/language/paths';
import type { Program } from '../../emulator/language/program';
import { atOffset } from './navigation';
import { rangeOf } from './places';
import type { Workspace } from './workspace';

const KINDS: Readonly<Record<Callable['kind'], SymbolKind>> = {
    function: SymbolKind.Function,
    callback: SymbolKind.Method,
    scenario: SymbolKind.Event,
    init: SymbolKind.Constructor,
};

export function registerCalls(connection: Connection, workspace: Workspace): void {
    const { files } = workspace;

    /** @param main the main file of its program: declarations of that file can call kernel code */
    function toItem(main: string, { name, kind, uri, whole, nameSpan }: Callable): CallHierarchyItem {
        const document = files.document(uri);
        const range = rangeOf(document, whole);
        return {
            name,
            kind: KINDS[kind],
            uri: document.uri,
            range,
            selectionRange: rangeOf(document, nameSpan),
            data: main,
        };
    }

    function found(item: CallHierarchyItem): [Program, Callable, string] | undefined {
        const { data, selectionRange } = item;
        const uri = canonicalUri(item.uri);
        const main = typeof data === 'string' ? data : uri;
        const program = workspace.programOf(main);
        const callable = callableAt(program, uri, files.document(uri).offsetAt(selectionRange.start));
        return callable && [program, callable, main];
    }

    connection.languages.callHierarchy.onPrepare((params) =>
        atOffset(workspace, params, ({ program, uri }, offset) => {
            const callable = callableAt(program, uri, offset);
            return callable && [toItem(uri, callable)];
        }),
    );

    connection.languages.callHierarchy.onIncomingCalls(({ item }) => {
        const [program, callable, main] = found(item) ?? [];
        return program && callable && main !== undefined
            ? incomingCalls(program, callable).map(({ other, spans }) => ({
                  from: toItem(main, other),
                  fromRanges: spans.map((s) => rangeOf(files.document(other.uri), s)),
              }))
            : null;
    });

    connection.languages.callHierarchy.onOutgoingCalls(({ item }) => {
        const [program, callable, main] = found(item) ?? [];
        return program && callable && main !== undefined
            ? outgoingCalls(program, callable).map(({ other, spans }) => ({
                  to: toItem(main, other),
                  fromRanges: spans.map((s) => rangeOf(files.document(canonicalUri(item.uri)), s)),
              }))
            : null;
    });
}
