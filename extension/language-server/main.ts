/** The language server: LSP on stdin and stdout. */
import { createConnection, ProposedFeatures, TextDocuments, TextDocumentSyncKind } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { analyse, type Analysis } from './analysis';
import { fixesIn, toLspDiagnostic } from './findings';
import { outline } from './outline';
import { SourceFiles } from './source-files';

/** How long one may pause in typing before the file is checked. */
const QUIET_MS = 150;

const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
const documents = new TextDocuments(TextDocument);
const files = new SourceFiles(documents);
/** Results by URI; empty as soon as any file changes, since files import one another. */
const analyses = new Map<string, Analysis>();
let pending: NodeJS.Timeout | undefined;

function analysisOf(uri: string): Analysis {
    const known = analyses.get(uri);
    if (known) {
        return known;
    }
    const fresh = analyse(files, uri);
    analyses.set(uri, fresh);
    return fresh;
}

async function publish(document: TextDocument): Promise<void> {
    const diagnostics = analysisOf(document.uri).diagnostics.map(d => toLspDiagnostic(d, document, files));
    await connection.sendDiagnostics({ uri: document.uri, version: document.version, diagnostics });
}

function publishAll(): void {
    for (const document of documents.all()) {
        publish(document).catch((e: unknown) => connection.console.error(String(e)));
    }
}

function changed(): void {
    analyses.clear();
    clearTimeout(pending);
    pending = setTimeout(publishAll, QUIET_MS);
}

connection.onInitialize(() => ({
    capabilities: {
        textDocumentSync: TextDocumentSyncKind.Incremental,
        documentSymbolProvider: true,
        codeActionProvider: { codeActionKinds: ['quickfix'] },
    },
    serverInfo: { name: 'lus' },
}));

documents.onDidChangeContent(changed);
connection.onDidChangeWatchedFiles(changed);
documents.onDidClose(async ({ document }) => {
    changed();
    await connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
});

connection.onDocumentSymbol(({ textDocument }) => {
    const document = documents.get(textDocument.uri);
    return document ? outline(analysisOf(document.uri).file, document) : [];
});

connection.onCodeAction(({ textDocument, range }) => {
    const document = documents.get(textDocument.uri);
    return document ? fixesIn(analysisOf(document.uri).diagnostics, document, files, range) : [];
});

documents.listen(connection);
connection.listen();
