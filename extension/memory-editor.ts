/** The editor *Physical Memory*: memory by owner at the stop of a debug session, or in an attached memory image. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { memoryPage } from '../emulator/presentation/memory/memory-page';
import { COMMANDS, DEBUG_TYPE, MEMORY_EDITOR, MEMORY_SCHEME } from './contributions';
import { pickMark } from './going-back';
import { addressOf, openMemory } from './open-memory';
import { pickEvent } from './pick-event';
import { openSource, sessionAtHand } from './session-at-hand';

const messageSchema = z.discriminatedUnion('type', [
    z.object({ type: z.literal('ready') }),
    z.object({ type: z.literal('picture'), wanted: z.looseObject({}) }),
    z.object({ type: z.literal('page'), address: z.number(), reason: z.enum(['hover', 'chosen']) }),
    z.object({ type: z.literal('change'), address: z.number(), next: z.boolean() }),
    z.object({ type: z.literal('bytes'), address: z.number() }),
    z.object({ type: z.literal('source'), source: z.looseObject({}), line: z.number() }),
    z.object({ type: z.literal('find'), text: z.string() }),
    z.object({ type: z.literal('compare') }),
    z.object({ type: z.literal('svg'), text: z.string() }),
]);

type Message = z.infer<typeof messageSchema>;

const stoppedSchema = z.object({ type: z.literal('event'), event: z.literal('stopped') });

/** What the command is about: a finding, a row of *Live Update*, a row of *Variables*, or an expression. */
const targetSchema = z.union([
    z.object({ code: z.string() }),
    z.object({ file: z.object({ memoryReference: z.string() }) }),
    z.object({ variable: z.object({ memoryReference: z.string() }) }),
    z.object({ variable: z.object({ value: z.string().check(z.regex(/^0x[0-9a-f]+/)) }) }),
    z.object({ expression: z.string() }),
]);

/** What a view is told to choose. */
type Aim = { readonly type: 'choose'; readonly address: number } | { readonly type: 'finding'; readonly code: string };

type Compare = { readonly mark: string } | { readonly event: number };

const DOCUMENT = vscode.Uri.from({ scheme: MEMORY_SCHEME, path: '/Physical Memory' });

export class MemoryEditors implements vscode.CustomReadonlyEditorProvider, vscode.Disposable {
    private readonly open = new Set<OpenMemoryEditor>();
    /** For the editor that is about to open. */
    private aim: Aim | undefined;
    private readonly subscriptions: vscode.Disposable[];

    constructor(private readonly extension: vscode.Uri) {
        this.subscriptions = [
            vscode.window.registerCustomEditorProvider(MEMORY_EDITOR, this, {
                webviewOptions: { retainContextWhenHidden: true },
            }),
            vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
                createDebugAdapterTracker: (session) => ({
                    onDidSendMessage: (message: unknown) => {
                        if (stoppedSchema.safeParse(message).success) {
                            for (const editor of this.open) {
                                editor.stopped(session);
                            }
                        }
                    },
                }),
            }),
        ];
    }

    /** Opens the editor, or shows the one that is open; it chooses the page that the argument is about. */
    async show(argument: unknown): Promise<void> {
        const session = sessionAtHand();
        if (!session) {
            return;
        }
        try {
            this.aim = await aimOf(session, argument);
        } catch (e) {
            void vscode.window.showErrorMessage(textOf(e));
            return;
        }
        const [editor] = this.open;
        if (editor) {
            editor.panel.reveal(undefined, true);
            editor.take(session, this.takeAim());
            return;
        }
        const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
        await vscode.commands.executeCommand('vscode.openWith', DOCUMENT, MEMORY_EDITOR, place);
    }

    /** Puts the picture into the clipboard. */
    async copy(): Promise<void> {
        const [editor] = this.open;
        if (editor) {
            await editor.panel.webview.postMessage({ type: 'svg' });
        } else {
            void vscode.window.showInformationMessage('Open the picture first: Live Update: Show Physical Memory.');
        }
    }

    openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
        return { uri, dispose: () => undefined };
    }

    resolveCustomEditor(_document: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
        const folder = vscode.Uri.joinPath(this.extension, 'dist');
        const editor = new OpenMemoryEditor(panel, this.takeAim());
        this.open.add(editor);
        panel.onDidDispose(() => this.open.delete(editor));
        panel.webview.options = { enableScripts: true, localResourceRoots: [folder] };
        panel.webview.html = memoryPage({
            address: panel.webview.asWebviewUri(vscode.Uri.joinPath(folder, 'memory-view.js')).toString(),
            nonce: crypto.randomUUID(),
            source: panel.webview.cspSource,
        });
    }

    dispose(): void {
        for (const s of this.subscriptions) {
            s.dispose();
        }
    }

    private takeAim(): Aim | undefined {
        const { aim } = this;
        this.aim = undefined;
        return aim;
    }
}

/** @throws Error if the address cannot be read */
async function aimOf(session: vscode.DebugSession, argument: unknown): Promise<Aim | undefined> {
    const given = targetSchema.safeParse(argument);
    if (!given.success) {
        return undefined;
    }
    const target = given.data;
    if ('code' in target) {
        return { type: 'finding', code: target.code };
    }
    const reference =
        'file' in target
            ? target.file.memoryReference
            : 'expression' in target
              ? await addressOf(session, target.expression)
              : 'memoryReference' in target.variable
                ? target.variable.memoryReference
                : target.variable.value;
    const address = Number.parseInt(reference ?? '', 16);
    if (Number.isNaN(address)) {
        throw new Error('This has no address in physical memory.');
    }
    return { type: 'choose', address };
}

/** The editor while it is open. */
class OpenMemoryEditor {
    private session: vscode.DebugSession | undefined;
    private compare: Compare | undefined;

    /** @param aim what it chooses first */
    constructor(
        readonly panel: vscode.WebviewPanel,
        private aim: Aim | undefined,
    ) {
        panel.webview.onDidReceiveMessage((raw: unknown) => {
            const message = messageSchema.safeParse(raw);
            if (message.success) {
                this.receive(message.data).catch((e: unknown) => void vscode.window.showErrorMessage(textOf(e)));
            }
        });
        panel.onDidChangeViewState(() => {
            if (panel.visible) {
                void this.post({ type: 'stopped' });
            }
        });
    }

    stopped(session: vscode.DebugSession): void {
        if (session !== this.session) {
            this.compare = undefined;
        }
        this.session = session;
        if (this.panel.visible) {
            void this.post({ type: 'stopped' });
        }
    }

    take(session: vscode.DebugSession, aim: Aim | undefined): void {
        this.session = session;
        void this.post(aim ?? { type: 'stopped' });
    }

    private async receive(message: Message): Promise<void> {
        const { session } = this;
        switch (message.type) {
            case 'ready': {
                const active = vscode.debug.activeDebugSession;
                this.session ??= active?.type === DEBUG_TYPE ? active : undefined;
                await this.post({ type: 'stopped' });
                break;
            }
            case 'picture':
                await this.picture(message.wanted);
                break;
            case 'page':
                await this.page(message.address, message.reason);
                break;
            case 'change':
                // otherwise the code would open in front of this editor
                await vscode.commands.executeCommand('workbench.action.focusFirstEditorGroup');
                await vscode.commands.executeCommand(message.next ? COMMANDS.goToNextChange : COMMANDS.goToLastChange, {
                    name: `owner(0x${message.address.toString(16)})`,
                });
                break;
            case 'bytes':
                await openMemory({ expression: `0x${message.address.toString(16)}` });
                break;
            case 'source':
                if (session) {
                    await openSource(session, message.source, message.line);
                }
                break;
            case 'find': {
                const address = session && Number(await addressOf(session, message.text));
                if (address === undefined || Number.isNaN(address)) {
                    void vscode.window.showErrorMessage(
                        `${message.text} is not an address, and its value is not in memory.`,
                    );
                } else {
                    await this.post({ type: 'choose', address });
                }
                break;
            }
            case 'compare':
                await this.chooseMoment();
                break;
            case 'svg':
                await vscode.env.clipboard.writeText(message.text);
                vscode.window.setStatusBarMessage('The picture of the memory is in the clipboard, as SVG.', 5000);
                break;
        }
    }

    /** The picture at the stop. While the run goes on, the page keeps that of the last stop. */
    private async picture(wanted: object): Promise<void> {
        const { session, compare } = this;
        if (!session) {
            await this.post({ type: 'nothing', why: 'No scenario is being debugged.' });
            return;
        }
        let picture: unknown;
        try {
            picture = await session.customRequest('lus/memory', { ...wanted, ...(compare ? { compare } : {}) });
        } catch (e) {
            await this.post({ type: 'nothing', why: textOf(e) });
            if (compare) {
                // a change has cut off the moment
                this.compare = undefined;
                throw e;
            }
            return;
        }
        await this.post({ type: 'picture', picture });
        const { aim } = this;
        if (aim) {
            this.aim = undefined;
            await this.post(aim);
        }
    }

    private async page(address: number, reason: 'hover' | 'chosen'): Promise<void> {
        try {
            const page: unknown = await this.session?.customRequest('lus/page', { address });
            if (page !== undefined) {
                await this.post({ type: 'page', page, reason });
            }
        } catch {
            // the run goes on
        }
    }

    private async chooseMoment(): Promise<void> {
        const { session } = this;
        if (!session) {
            return;
        }
        const picked = await vscode.window.showQuickPick(
            [
                { label: 'The last kexec', make: async (): Promise<Compare | undefined> => undefined },
                { label: 'A mark…', make: async () => await markToCompare() },
                { label: 'An event…', make: async () => await eventToCompare(session) },
            ],
            { title: 'Compare the memory with' },
        );
        if (picked) {
            this.compare = await picked.make();
            await this.post({ type: 'stopped' });
        }
    }

    private async post(message: object): Promise<void> {
        await this.panel.webview.postMessage(message);
    }
}

async function markToCompare(): Promise<Compare | undefined> {
    const mark = await pickMark('Compare With a Mark');
    return mark === undefined ? undefined : { mark };
}

async function eventToCompare(session: vscode.DebugSession): Promise<Compare | undefined> {
    const event = await pickEvent(session);
    return event === undefined ? undefined : { event };
}

function textOf(e: unknown): string {
    return e instanceof Error ? e.message : String(e);
}
