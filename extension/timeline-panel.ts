/** The panel *Update Timeline*: the run of a debug session on lanes. A click goes to that moment. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { timelinePage } from '../emulator/trace/timeline-page';
import { DEBUG_TYPE } from './contributions';

const messageSchema = z.discriminatedUnion('type', [
    z.object({ type: z.literal('ready') }),
    z.object({ type: z.literal('go'), time: z.number() }),
]);

const answerSchema = z.object({
    title: z.string(),
    lanes: z.custom<object>((x) => typeof x === 'object' && x !== null),
    whole: z.boolean(),
    now: z.number(),
    changed: z.boolean(),
});

const stoppedSchema = z.object({ type: z.literal('event'), event: z.literal('stopped') });

export class TimelinePanel implements vscode.Disposable {
    private panel: vscode.WebviewPanel | undefined;
    private session: vscode.DebugSession | undefined;
    private readonly tracker: vscode.Disposable;

    /** @param extension the extension's folder */
    constructor(private readonly extension: vscode.Uri) {
        this.tracker = vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
            createDebugAdapterTracker: (session) => ({
                onDidSendMessage: (message: unknown) => {
                    if (session === this.session && stoppedSchema.safeParse(message).success) {
                        void this.refresh();
                    }
                },
            }),
        });
    }

    /** Opens it for the active session. */
    open(): void {
        const session = vscode.debug.activeDebugSession;
        if (session?.type !== DEBUG_TYPE) {
            void vscode.window.showInformationMessage('No scenario is being debugged.');
            return;
        }
        this.session = session;
        if (this.panel) {
            this.panel.reveal();
            void this.refresh();
            return;
        }
        const folder = vscode.Uri.joinPath(this.extension, 'dist');
        const panel = vscode.window.createWebviewPanel(
            'lus.timeline',
            'Update Timeline',
            { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
            { enableScripts: true, localResourceRoots: [folder], retainContextWhenHidden: true },
        );
        this.panel = panel;
        panel.onDidDispose(() => {
            this.panel = undefined;
            this.session = undefined;
        });
        panel.webview.onDidReceiveMessage((raw: unknown) => {
            const message = messageSchema.safeParse(raw);
            if (message.success) {
                void (message.data.type === 'ready' ? this.refresh() : this.go(message.data.time));
            }
        });
        panel.webview.html = timelinePage({
            address: panel.webview.asWebviewUri(vscode.Uri.joinPath(folder, 'timeline-view.js')).toString(),
            nonce: randomBytes(16).toString('base64'),
            source: panel.webview.cspSource,
        });
    }

    dispose(): void {
        this.tracker.dispose();
        this.panel?.dispose();
    }

    private async refresh(): Promise<void> {
        const { panel, session } = this;
        if (!panel?.visible || !session) {
            return;
        }
        try {
            const { title, lanes, whole, now, changed } = answerSchema.parse(
                await session.customRequest('lus/timeline'),
            );
            const notes = [
                ...(changed ? ['without the changes of this session'] : []),
                ...(whole ? [] : ['only its beginning']),
            ];
            const data = { title: notes.length > 0 ? `${title} (${notes.join(', ')})` : title, lanes, now };
            await panel.webview.postMessage({ type: 'show', data });
        } catch {
            // the run goes on: the panel shows the last stop
        }
    }

    private async go(time: number): Promise<void> {
        try {
            // otherwise the code would open in front of the panel
            await vscode.commands.executeCommand('workbench.action.focusFirstEditorGroup');
            await this.session?.customRequest('lus/goToTime', { time });
        } catch (e) {
            void vscode.window.showErrorMessage(e instanceof Error ? e.message : String(e));
        }
    }
}
