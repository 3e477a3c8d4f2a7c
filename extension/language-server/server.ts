/** The language server on a connection: that of a process is stdio, that of a worker its messages. */
import { TextDocuments, TextDocumentSyncKind, type Connection } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { canonicalUri } from '../../emulator/language/paths';
import type { CheckFinding } from '../../emulator/language/check-finding';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';
import { actionsAt } from '../../emulator/services/actions';
import { registerCalls } from './calls';
import { faded, fixesIn, toLspDiagnostic, toRefactoring } from './findings';
import { registerDebugging } from './debugging';
import { registerNavigation } from './navigation';
import type { CheckedMessages } from './parameters';
import { Quiet } from './quiet';
import { registerReading } from './reading';
import { SourceFiles, type Files } from './source-files';
import { TOKEN_MODIFIERS, TOKEN_TYPES } from '../../emulator/services/semantic-tokens';
import { registerWriting } from './writing';
import { Workspace } from './workspace';

/**
 * @param messages the strategy of the connection
 * @param others the files that are not open
 */
export function serve(connection: Connection, messages: CheckedMessages, others: Files): void {
    const documents = new TextDocuments(TextDocument);
    const files = new SourceFiles(documents, others);
    const workspace = new Workspace(files, documents);
    /** The files for which the editor has findings. */
    let marked: readonly string[] = [];
    /** Whether the user trusts the open folders. If not, no file outside them is read. */
    let trusted = true;

    function keepInside(): void {
        const opened = documents.all().map((d) => d.uri.replace(/[^/]*$/, ''));
        others.stayIn(trusted ? undefined : files.folders.length > 0 ? files.folders : opened);
    }

    async function publish(uri: string, found: readonly CheckFinding[]): Promise<void> {
        const document = files.document(uri);
        const open = documents.get(document.uri);
        await connection.sendDiagnostics({
            uri: document.uri,
            ...(open ? { version: open.version } : {}),
            diagnostics: [
                ...found.map((d) => toLspDiagnostic(d, document, files)),
                ...(open ? workspace.unused(uri) : []).map((name) => faded(name, document)),
            ],
        });
    }

    /** Sends the findings of all open files and of what they import, and removes obsolete ones. */
    async function publishAll(): Promise<void> {
        const found = workspace.findings();
        const open = documents.all().map((d) => canonicalUri(d.uri));
        const gone = marked.filter((uri) => !found.has(uri));
        marked = [...found.keys()];
        for (const uri of new Set([...open, ...marked, ...gone])) {
            await publish(uri, found.get(uri) ?? []);
        }
    }

    const quiet = new Quiet(() => {
        publishAll().catch((e: unknown) =>
            connection.console.error(e instanceof Error ? (e.stack ?? e.message) : String(e)),
        );
    });

    function changed(): void {
        keepInside();
        workspace.changed();
        quiet.begin();
    }

    connection.onInitialize(({ workspaceFolders, rootUri, capabilities, initializationOptions }) => {
        trusted = !isUntrusted(initializationOptions);
        workspace.configurable = capabilities.workspace?.configuration ?? false;
        workspace.hasGrammar = capabilities.textDocument?.semanticTokens?.augmentsSyntaxTokens ?? false;
        workspace.snippets = capabilities.textDocument?.completion?.completionItem?.snippetSupport ?? false;
        files.folders = workspaceFolders?.map((f) => f.uri) ?? (rootUri === null ? [] : [rootUri]);
        keepInside();
        return {
            capabilities: {
                textDocumentSync: TextDocumentSyncKind.Incremental,
                codeActionProvider: { codeActionKinds: ['quickfix', 'refactor'] },
                definitionProvider: true,
                typeDefinitionProvider: true,
                referencesProvider: true,
                documentHighlightProvider: true,
                documentSymbolProvider: true,
                workspaceSymbolProvider: true,
                renameProvider: { prepareProvider: true },
                hoverProvider: true,
                foldingRangeProvider: true,
                selectionRangeProvider: true,
                documentLinkProvider: { resolveProvider: false },
                inlayHintProvider: true,
                inlineValueProvider: true,
                callHierarchyProvider: true,
                semanticTokensProvider: {
                    legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [...TOKEN_MODIFIERS] },
                    full: true,
                },
                completionProvider: { resolveProvider: true, triggerCharacters: ['.', '"', '/', ' '] },
                documentFormattingProvider: true,
                documentRangeFormattingProvider: true,
                documentOnTypeFormattingProvider: { firstTriggerCharacter: '}', moreTriggerCharacter: ['\n', ';'] },
                signatureHelpProvider: { triggerCharacters: ['(', ','] },
            },
            serverInfo: { name: 'lus' },
        };
    });

    connection.onNotification('lus/trusted', () => {
        trusted = true;
        changed();
    });

    documents.onDidChangeContent(changed);
    documents.onDidClose(changed);
    const filesChanged = (): void => {
        workspace.filesChanged();
        quiet.begin();
    };
    connection.onDidChangeWatchedFiles(filesChanged);
    others.onChange?.(filesChanged);

    connection.onCodeAction(({ textDocument, range }) => {
        const document = documents.get(textDocument.uri);
        const opened = workspace.opened(textDocument.uri);
        return document && opened && opened.uri === canonicalUri(document.uri)
            ? [
                  ...fixesIn(workspace.findings().get(opened.uri) ?? [], document, files, range),
                  ...actionsAt(opened.program, opened.uri, document.offsetAt(range.start)).map((fix) =>
                      toRefactoring(fix, document),
                  ),
              ]
            : [];
    });

    connection.onRequest('lus/shippedText', ({ uri }: { readonly uri: string }) => SHIPPED_SOURCES.get(uri) ?? null);

    messages.register(connection, () => quiet.heard());
    registerNavigation(connection, workspace);
    registerReading(connection, workspace);
    registerCalls(connection, workspace);
    registerWriting(connection, workspace);
    registerDebugging(connection, workspace);
    documents.listen(connection);
    connection.listen();
}

function isUntrusted(options: unknown): boolean {
    return typeof options === 'object' && options !== null && 'trusted' in options && options.trusted === false;
}
