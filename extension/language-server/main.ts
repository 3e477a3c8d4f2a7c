/** The language server: LSP on stdin and stdout. */
import * as path from 'node:path';
import {
    createConnection,
    type InitializeParams,
    ProposedFeatures,
    TextDocuments,
    TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { filesOnDisk, pathOf } from '../../emulator/disk/source-files';
import type { CheckFinding } from '../../emulator/language/check-finding';
import type { Program } from '../../emulator/language/program';
import { ParseCache } from '../../emulator/language/syntax/parse-cache';
import { analyse, findingsByFile } from '../../emulator/services/analysis';
import { outline } from '../../emulator/services/outline';
import { fixesIn, toLspDiagnostic } from './findings';
import { SourceFiles } from './source-files';
import { toDocumentSymbol } from './symbols';

/** The delay after the last change before a file is checked, in milliseconds. */
const QUIET_MS = 150;

const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
const documents = new TextDocuments(TextDocument);
/** Whether the user trusts the open folders. If not, files outside them are not read. */
let trusted = true;
let folders: readonly string[] = [];

function foldersToStayIn(): readonly string[] | undefined {
    if (trusted) {
        return undefined;
    }
    const opened = documents
        .all()
        .flatMap(({ uri }) => pathOf(uri) ?? [])
        .map((file) => path.dirname(file));
    return folders.length > 0 ? folders : opened;
}

const files = new SourceFiles(documents, filesOnDisk(foldersToStayIn));

const parsed = new ParseCache();

/** The programs of open files; cleared at every change of a file, because files import each other. */
const programs = new Map<string, Program>();
/** The files for which the editor shows findings. */
let marked: readonly string[] = [];
let pending: NodeJS.Timeout | undefined;

function programOf(uri: string): Program {
    const known = programs.get(uri);
    if (known) {
        return known;
    }
    const fresh = analyse(files, uri, parsed);
    programs.set(uri, fresh);
    return fresh;
}

function findings(): ReadonlyMap<string, readonly CheckFinding[]> {
    return findingsByFile(documents.all().map((d) => programOf(d.uri)));
}

async function publish(uri: string, found: readonly CheckFinding[]): Promise<void> {
    const document = files.document(uri);
    const open = documents.get(uri);
    await connection.sendDiagnostics({
        uri,
        ...(open ? { version: open.version } : {}),
        diagnostics: found.map((d) => toLspDiagnostic(d, document, files)),
    });
}

/** Sends the findings of all open files and their imports, and clears obsolete ones. */
async function publishAll(): Promise<void> {
    const found = findings();
    const open = documents.all().map((d) => d.uri);
    const gone = marked.filter((uri) => !found.has(uri));
    marked = [...found.keys()];
    for (const uri of new Set([...open, ...marked, ...gone])) {
        await publish(uri, found.get(uri) ?? []);
    }
}

function changed(): void {
    programs.clear();
    clearTimeout(pending);
    pending = setTimeout(() => {
        publishAll().catch((e: unknown) =>
            connection.console.error(e instanceof Error ? (e.stack ?? e.message) : String(e)),
        );
    }, QUIET_MS);
}

connection.onInitialize(({ workspaceFolders, initializationOptions }: InitializeParams) => {
    trusted = !isUntrusted(initializationOptions);
    folders = (workspaceFolders ?? []).flatMap(({ uri }) => pathOf(uri) ?? []);
    return {
        capabilities: {
            textDocumentSync: TextDocumentSyncKind.Incremental,
            documentSymbolProvider: true,
            codeActionProvider: { codeActionKinds: ['quickfix'] },
        },
        serverInfo: { name: 'lus' },
    };
});

function isUntrusted(options: unknown): boolean {
    return typeof options === 'object' && options !== null && 'trusted' in options && options.trusted === false;
}

connection.onNotification('lus/trusted', () => {
    trusted = true;
    changed();
});

documents.onDidChangeContent(changed);
documents.onDidClose(changed);
connection.onDidChangeWatchedFiles(changed);

connection.onDocumentSymbol(({ textDocument }) => {
    const document = documents.get(textDocument.uri);
    const file = document && programOf(document.uri).files.get(document.uri);
    return document && file ? outline(file).map((entry) => toDocumentSymbol(entry, document)) : [];
});

connection.onCodeAction(({ textDocument, range }) => {
    const document = documents.get(textDocument.uri);
    return document ? fixesIn(findings().get(document.uri) ?? [], document, files, range) : [];
});

documents.listen(connection);
connection.listen();
