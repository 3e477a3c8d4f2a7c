/** The language server bundle, spoken to as an editor does. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
    createProtocolConnection,
    DiagnosticTag,
    StreamMessageReader,
    StreamMessageWriter,
    type CallHierarchyIncomingCall,
    type CallHierarchyItem,
    type CodeAction,
    type CompletionItem,
    type DocumentLink,
    type DocumentSymbol,
    type FoldingRange,
    type Hover,
    type InitializeResult,
    type InlayHint,
    type InlineValueEvaluatableExpression,
    type Location,
    type ProtocolConnection,
    type PublishDiagnosticsParams,
    type SelectionRange,
    type SemanticTokens,
    type SignatureHelp,
    type SymbolInformation,
    type TextEdit,
    type WorkspaceEdit,
} from 'vscode-languageserver/node';
import { QUIET_MS } from '../../extension/language-server/quiet';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';
import { listenToServer } from '../support/protocol-messages';
import { inRepository } from '../support/repository';

const NIC = 'struct NicState {\n    magic: u32\n}\n';
const GOOD = 'import "nic.lus"\n\nscenario "sound" {\n    boot "7.2"\n}\n';
const TYPO = 'scenario "typo" {\n    boot "7.2"\n    process luod {\n        memfd_creat("ram")\n    }\n}\n';

suite('language server', () => {
    let folder: string;
    let server: ChildProcess;
    let connection: ProtocolConnection;
    /** The latest diagnostics of each file, and who waits for such. */
    let published: Map<string, PublishDiagnosticsParams>;
    let waiting: (() => void)[];

    setup(async () => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-lsp-'));
        server = spawn(process.execPath, [inRepository('dist', 'language-server.js'), '--stdio'], {
            stdio: ['pipe', 'pipe', 'inherit'],
        });
        assert.ok(server.stdout && server.stdin);
        listenToServer(server.stdout, server.stdin);
        connection = createProtocolConnection(
            new StreamMessageReader(server.stdout),
            new StreamMessageWriter(server.stdin),
        );
        published = new Map();
        waiting = [];
        connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
            published.set(params.uri, params);
            for (const wake of waiting.splice(0)) {
                wake();
            }
        });
        connection.listen();
        const { serverInfo }: InitializeResult = await connection.sendRequest('initialize', {
            processId: process.pid,
            rootUri: pathToFileURL(folder).href,
            capabilities: {},
        });
        assert.equal(serverInfo?.name, 'lus');
        await connection.sendNotification('initialized', {});
    });

    teardown(() => {
        connection.dispose();
        server.kill();
        rmSync(folder, { recursive: true, force: true });
    });

    function uriOf(name: string): string {
        return pathToFileURL(path.join(folder, name)).href;
    }

    async function open(name: string, text: string): Promise<string> {
        const uri = uriOf(name);
        await connection.sendNotification('textDocument/didOpen', {
            textDocument: { uri, languageId: 'lus', version: 1, text },
        });
        return uri;
    }

    /** @param version undefined for a file that is not open */
    async function diagnostics(
        uri: string,
        version: number | undefined,
    ): Promise<PublishDiagnosticsParams['diagnostics']> {
        for (;;) {
            const found = published.get(uri);
            if (found && found.version === version) {
                return found.diagnostics;
            }
            await new Promise<void>((resolve) => waiting.push(resolve));
        }
    }

    test('findings have a code and a range, and go when the text is mended', async () => {
        const uri = await open('typo.lus', TYPO);
        const [found, ...more] = await diagnostics(uri, 1);
        assert.deepEqual(more, []);
        assert.match(String(found?.code), /^LU\d{4}$/);
        assert.deepEqual(found?.range, { start: { line: 3, character: 8 }, end: { line: 3, character: 19 } });

        const actions: CodeAction[] = await connection.sendRequest('textDocument/codeAction', {
            textDocument: { uri },
            range: found?.range,
            context: { diagnostics: [] },
        });
        const edits = actions[0]?.edit?.changes?.[uri] ?? [];
        assert.deepEqual(
            edits.map((e) => e.newText),
            ['memfd_create'],
        );

        const contentChanges = edits.map(({ range, newText }) => ({ range, text: newText }));
        await connection.sendNotification('textDocument/didChange', {
            textDocument: { uri, version: 2 },
            contentChanges,
        });
        assert.deepEqual(await diagnostics(uri, 2), []);
    });

    test('a server that was suspended answers what was asked meanwhile, then it checks the files', async () => {
        const uri = await open('typo.lus', TYPO);
        await diagnostics(uri, 1);
        let version = 1;
        /** True if the server has the change, and was suspended before it checked it. */
        const isSuspended = async (): Promise<boolean> => {
            version++;
            await connection.sendNotification('textDocument/didChange', {
                textDocument: { uri, version },
                contentChanges: [{ text: `${TYPO}// ${version}\n` }],
            });
            await connection.sendRequest('lus/shippedText', { uri });
            server.kill('SIGSTOP');
            await new Promise((resolve) => setTimeout(resolve, 2 * QUIET_MS));
            return published.get(uri)?.version !== version;
        };
        while (!(await isSuspended())) {
            server.kill('SIGCONT');
        }
        const answers = ['hover', 'definition'].map(async (method) => {
            const position = { line: 1, character: 5 };
            await connection.sendRequest(`textDocument/${method}`, { textDocument: { uri }, position });
            return published.get(uri)?.version;
        });
        server.kill('SIGCONT');
        assert.deepEqual(await Promise.all(answers), [version - 1, version - 1]);
        assert.equal((await diagnostics(uri, version)).length, 1);
    });

    test('imports are read from disk, and from the editor where they are open', async () => {
        writeFileSync(path.join(folder, 'nic.lus'), NIC);
        const uri = await open('good.lus', GOOD);
        assert.deepEqual(await diagnostics(uri, 1), []);

        // Wrong only together: a name that both declare, one of them not saved yet.
        const text = `${GOOD}struct Other { count: u64 }\n`;
        await connection.sendNotification('textDocument/didChange', {
            textDocument: { uri, version: 2 },
            contentChanges: [{ text }],
        });
        assert.deepEqual(
            (await diagnostics(uri, 2)).map((d) => d.message),
            ['`Other` is never used.'],
        );
        const nic = await open('nic.lus', `${NIC}struct Other { count: u64 }\n`);
        const [found] = await diagnostics(nic, 1);
        assert.match(String(found?.message), /Other.*good\.lus/);
    });

    test('findings in an imported file that is not open are published, too, and taken back', async () => {
        writeFileSync(path.join(folder, 'nic.lus'), `${NIC}struct {\n`);
        const uri = await open('good.lus', GOOD);
        const nic = uriOf('nic.lus');
        assert.ok((await diagnostics(nic, undefined)).length > 0);
        published.delete(nic);
        const text = GOOD.replace('import "nic.lus"', '');
        await connection.sendNotification('textDocument/didChange', {
            textDocument: { uri, version: 2 },
            contentChanges: [{ text }],
        });
        assert.deepEqual(await diagnostics(nic, undefined), []);
    });

    test('an import that is missing is found', async () => {
        const uri = await open('good.lus', GOOD);
        const [found] = await diagnostics(uri, 1);
        assert.deepEqual(found?.range.start, { line: 0, character: 7 });
    });

    test('the outline works in a file that is half written', async () => {
        const uri = await open('half.lus', `${NIC}\nscenario "half" {\n    process luod {\n        lu = open(`);
        const symbols: DocumentSymbol[] = await connection.sendRequest('textDocument/documentSymbol', {
            textDocument: { uri },
        });
        assert.deepEqual(
            symbols.map((s) => [s.name, s.children?.map((c) => c.name)]),
            [
                ['NicState', ['magic']],
                ['half', ['luod']],
            ],
        );
    });

    /** The position of the first `what` in a text, so many characters further. */
    function position(text: string, what: string, further = 0): { line: number; character: number } {
        const lines = text.slice(0, text.indexOf(what) + further).split('\n');
        return { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
    }

    test('hover, definition into kernel code and into the documentation', async () => {
        const text = 'scenario "s" {\n    boot "7.2"\n    inject EIO into memfd.freeze\n    sleep 3ms\n}\n';
        const uri = await open('s.lus', text);
        const about = (what: string): object => ({ textDocument: { uri }, position: position(text, what, 1) });

        const hover: Hover | null = await connection.sendRequest('textDocument/hover', about('EIO'));
        assert.match(JSON.stringify(hover?.contents), /EIO = 5.*file:.*library\.md#errors/);

        const freeze: Location | null = await connection.sendRequest('textDocument/definition', about('freeze'));
        assert.equal(freeze?.uri, 'lus-std:/memfd.lus');
        const code: string = await connection.sendRequest('lus/shippedText', { uri: freeze.uri });
        assert.match(code.split('\n')[freeze.range.start.line] ?? '', /^ {4}freeze\(args\)/);

        const error: Location | null = await connection.sendRequest('textDocument/definition', about('EIO'));
        assert.ok(error?.uri.endsWith('/extension/docs/library.md'), error?.uri);

        const kernel = await open('memfd.lus', code);
        assert.deepEqual(await diagnostics(kernel, 1), [], 'shipped texts are not judged');
    });

    test('completion: the likely first, described when the user looks at it; the parameters of a call', async () => {
        const text =
            'scenario "s" {\n    boot "7.2"\n    process p {\n        lu = open("/dev/liveupdate")\n        lu.\n';
        const uri = await open('c.lus', text);
        const items: CompletionItem[] = await connection.sendRequest('textDocument/completion', {
            textDocument: { uri },
            position: position(text, 'lu.', 3),
        });
        const sorted = items.sort((a, b) => ((a.sortText ?? '') < (b.sortText ?? '') ? -1 : 1));
        assert.deepEqual(
            sorted.slice(0, 2).map((i) => i.label),
            ['create_session', 'retrieve_session'],
        );
        assert.equal(sorted[0]?.documentation, undefined);
        assert.deepEqual(sorted[0]?.textEdit, {
            range: { start: position(text, 'lu.', 3), end: position(text, 'lu.', 3) },
            newText: 'create_session',
        });
        const resolved: CompletionItem = await connection.sendRequest('completionItem/resolve', sorted[0]);
        assert.match(JSON.stringify(resolved), /LIVEUPDATE_IOCTL_CREATE_SESSION.*library\.md#descriptors/);
        const help: SignatureHelp | null = await connection.sendRequest('textDocument/signatureHelp', {
            textDocument: { uri },
            position: position(text, '"/dev'),
        });
        assert.equal(help?.signatures[0]?.label, 'open(path: string, flags: int = 2) → fd');
        assert.equal(help.activeParameter, 0);
    });

    test('formatting: a file, a range, a line that was ended; a broken file is left as it is', async () => {
        const text = 'const A=1\nconst B=2\n';
        const uri = await open('f.lus', text);
        const options = { tabSize: 4, insertSpaces: true };
        const all: TextEdit[] = await connection.sendRequest('textDocument/formatting', {
            textDocument: { uri },
            options,
        });
        assert.deepEqual(
            all.map((e) => e.newText),
            ['const A = 1', 'const B = 2'],
        );
        const range = { start: { line: 1, character: 3 }, end: { line: 1, character: 4 } };
        const some: TextEdit[] = await connection.sendRequest('textDocument/rangeFormatting', {
            textDocument: { uri },
            range,
            options,
        });
        assert.deepEqual(
            some.map((e) => e.range.start.line),
            [1],
        );
        const typed: TextEdit[] = await connection.sendRequest('textDocument/onTypeFormatting', {
            textDocument: { uri },
            position: { line: 1, character: 0 },
            ch: '\n',
            options,
        });
        assert.deepEqual(
            typed.map((e) => e.range.start.line),
            [0],
        );
        const broken = await open('broken.lus', 'const A=\n');
        await assert.rejects(
            connection.sendRequest('textDocument/formatting', { textDocument: { uri: broken }, options }),
            /Line 1 has a syntax error, so the file is not formatted/,
        );
    });

    test('folds, selections, colours, links, hints, calls and actions speak the protocol', async () => {
        const text =
            'const N = 2 * 3\nhandler h "h-v1" for memfd {\n    preserve(args) {\n        kho.preserve_folio(args.file)\n    }\n}\nscenario "s" finds LU1003 { boot "7.2" }\n';
        const uri = await open('all.lus', text);
        const textDocument = { uri };
        const folds: FoldingRange[] = await connection.sendRequest('textDocument/foldingRange', { textDocument });
        assert.deepEqual(
            folds.map((f) => [f.startLine, f.endLine]),
            [
                [2, 3],
                [1, 4],
            ],
        );
        const [selection]: SelectionRange[] = await connection.sendRequest('textDocument/selectionRange', {
            textDocument,
            positions: [position(text, '7.2', 1)],
        });
        assert.deepEqual(selection?.parent?.range.start, position(text, '"7.2"'));
        const colours: SemanticTokens = await connection.sendRequest('textDocument/semanticTokens/full', {
            textDocument,
        });
        assert.ok(colours.data.length > 50 && colours.data.length % 5 === 0);
        const [link]: DocumentLink[] = await connection.sendRequest('textDocument/documentLink', { textDocument });
        assert.match(link?.target ?? '', /^file:.*\/diagnoses-sessions\.md#lu1003-/);
        const whole = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
        const hints: InlayHint[] = await connection.sendRequest('textDocument/inlayHint', {
            textDocument,
            range: whole,
        });
        assert.deepEqual(
            hints.map((h) => [h.label, h.position]),
            [[' = 6', { line: 0, character: 15 }]],
        );
        const [item]: CallHierarchyItem[] = await connection.sendRequest('textDocument/prepareCallHierarchy', {
            textDocument,
            position: position(text, 'preserve(args)', 1),
        });
        const calls: CallHierarchyIncomingCall[] = await connection.sendRequest('callHierarchy/incomingCalls', {
            item,
        });
        assert.ok(calls.length > 0 && calls.every((c) => c.from.uri.startsWith('lus-std:/')));
        const at = position(text, 'kho.preserve', 1);
        const actions: CodeAction[] = await connection.sendRequest('textDocument/codeAction', {
            textDocument,
            range: { start: at, end: at },
            context: { diagnostics: [] },
        });
        assert.ok(actions.some((a) => a.kind === 'refactor' && a.title.startsWith('Add `undo`')));
    });

    test('findings link to their documentation, and what is there for nothing is marked so', async () => {
        const uri = await open('unused.lus', 'fn f() { }\nscenario "s" {\n    boot "7.2"\n    x = 1\n}\n');
        const [unread, uncalled] = await diagnostics(uri, 1);
        assert.match(unread?.codeDescription?.href ?? '', /^file:.*\/extension\/docs\/errors\.md#lu0209-/);
        assert.deepEqual(unread?.tags, [DiagnosticTag.Unnecessary]);
        assert.deepEqual(uncalled?.tags, [DiagnosticTag.Unnecessary]);
        assert.deepEqual(uncalled?.range, { start: { line: 0, character: 3 }, end: { line: 0, character: 4 } });
    });

    test('values beside the code of a stopped run, also in kernel code that was opened from a call stack', async () => {
        const text = 'fn twice(x) {\n    y = x * 2\n    return y\n}\n';
        const uri = await open('twice.lus', text);
        const at = (line: number): object => ({ start: { line, character: 4 }, end: { line, character: 4 } });
        const range = { start: { line: 0, character: 0 }, end: { line: 4, character: 0 } };
        const values = async (of: string, stoppedLocation: object, within: object = range): Promise<string[]> => {
            const found: InlineValueEvaluatableExpression[] = await connection.sendRequest('textDocument/inlineValue', {
                textDocument: { uri: of },
                range: within,
                context: { frameId: 1, stoppedLocation },
            });
            return found.map((v) => `${v.range.start.line} ${v.expression}`);
        };
        assert.deepEqual(await values(uri, at(1)), ['0 x', '1 y', '1 x']);

        const shipped = SHIPPED_SOURCES.get('lus-std:/memfd.lus') ?? '';
        const line = shipped.split('\n').findIndex((l) => l.startsWith('    freeze('));
        const kernel = 'debug:lus-std:/memfd.lus?session=1&ref=2';
        await connection.sendNotification('textDocument/didOpen', {
            textDocument: { uri: kernel, languageId: 'lus', version: 1, text: shipped },
        });
        const around = { start: { line, character: 0 }, end: { line: line + 1, character: 0 } };
        assert.deepEqual((await values(kernel, at(line + 1), around))[0], `${line} args`);
    });

    test('the callbacks to stop at, of a file that is not open, too', async () => {
        const handler = 'file box at "/dev/box" { }\nhandler mine "mine-v1" for box { preserve(args) { } }\n';
        writeFileSync(path.join(folder, 'handler.lus'), handler);
        writeFileSync(path.join(folder, 'main.lus'), 'import "handler.lus"\n');
        const found: { name: string; own: boolean; callbacks: string[] }[] = await connection.sendRequest(
            'lus/callbacks',
            { uri: uriOf('main.lus') },
        );
        assert.deepEqual(found[0], { name: 'mine', kind: 'handler', own: true, callbacks: ['preserve'] });
        assert.ok(found.some((o) => o.name === 'memfd' && !o.own && o.callbacks.includes('freeze')));
    });

    test('a file of a Windows drive, as VS Code names it, and an import that is only in the editor', async () => {
        const nicText = 'struct Nic {\n    magic: u32\n}\nfn used() {\n    return size(Nic)\n}\n';
        const text = 'import "a (2).lus"\nscenario "s" {\n    n = used()\n    log(n)\n}\n';
        const nic = 'file:///c%3A/live%20update/a%20%282%29.lus';
        const main = 'file:///c%3A/live%20update/main.lus';
        for (const [uri, content] of [
            [nic, nicText],
            [main, text],
        ]) {
            await connection.sendNotification('textDocument/didOpen', {
                textDocument: { uri, languageId: 'lus', version: 1, text: content },
            });
        }
        const at = (uri: string, position: unknown): object => ({ textDocument: { uri }, position });
        const used = position(text, 'used', 1);
        // before the file is checked, and after it
        for (let i = 0; i < 2; i++) {
            const hover: Hover | null = await connection.sendRequest('textDocument/hover', at(main, used));
            assert.match(JSON.stringify(hover?.contents), /fn used\(\)/);
            const found: Location | null = await connection.sendRequest('textDocument/definition', at(main, used));
            assert.deepEqual(found, {
                uri: nic,
                range: { start: { line: 3, character: 3 }, end: { line: 3, character: 7 } },
            });
            assert.deepEqual(await diagnostics(main, 1), []);
        }
        const offers: CompletionItem[] = await connection.sendRequest('textDocument/completion', at(main, used));
        assert.ok(offers.some((o) => o.label === 'used'));
        const edit: WorkspaceEdit = await connection.sendRequest('textDocument/rename', {
            ...at(main, used),
            newName: 'taken',
        });
        assert.deepEqual(Object.keys(edit.changes ?? {}).sort(), [nic, main].sort());
        const items: CallHierarchyItem[] = await connection.sendRequest(
            'textDocument/prepareCallHierarchy',
            at(nic, position(nicText, 'used', 1)),
        );
        assert.equal(items[0]?.uri, nic);
        const symbols: SymbolInformation[] = await connection.sendRequest('workspace/symbol', { query: 'used' });
        assert.deepEqual(
            symbols.map((s) => s.location.uri),
            [nic],
        );
    });

    test('references and renames reach the files of the folder that import; shipped names are refused', async () => {
        const user = 'import "nic.lus"\nfn f(s: NicState) { return s.magic }\n';
        writeFileSync(path.join(folder, 'user.lus'), user);
        const uri = await open('nic.lus', NIC);
        const at = { textDocument: { uri }, position: position(NIC, 'NicState', 2) };
        const found: Location[] = await connection.sendRequest('textDocument/references', {
            ...at,
            context: { includeDeclaration: false },
        });
        assert.deepEqual(
            found.map((l) => [l.uri, l.range.start]),
            [[uriOf('user.lus'), position(user, 'NicState')]],
        );
        const edit: WorkspaceEdit = await connection.sendRequest('textDocument/rename', { ...at, newName: 'State' });
        assert.deepEqual(Object.keys(edit.changes ?? {}).sort(), [uri, uriOf('user.lus')].sort());
        await assert.rejects(
            connection.sendRequest('textDocument/prepareRename', {
                textDocument: { uri },
                position: position(NIC, 'u32', 1),
            }),
            /`u32` is part of the emulator/,
        );
        const symbols: SymbolInformation[] = await connection.sendRequest('workspace/symbol', { query: 'nst' });
        assert.deepEqual(
            symbols.map((s) => s.name),
            ['NicState'],
        );
    });

    test('the bundle has at most 600 KiB besides the code that is part of the emulator', () => {
        const { size } = statSync(inRepository('dist', 'language-server.js'));
        const shipped = [...SHIPPED_SOURCES.values()].reduce((n, text) => n + Buffer.byteLength(text), 0);
        assert.ok(size - shipped <= 600 * 1024, `${size - shipped} bytes`);
    });

    test('a request that the server does not know is answered with an error', async () => {
        await assert.rejects(connection.sendRequest('lus/nothing', {}), /Unhandled method/);
    });
});
