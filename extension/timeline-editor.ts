/**
 * The editor *Update Timeline*: runs on lanes. Its document is not a file: the address says which runs it shows, so
 * VS Code opens it again after a reload, and a line of the debug console can link to it.
 */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { timelinePage } from '../emulator/trace/timeline-page';
import { type RunChoice, TIMELINE_SCHEME, timelineAddress } from '../emulator/trace/timeline-address';
import { DEBUG_TYPE, TIMELINE_EDITOR } from './contributions';
import { pathOf } from './launch-configuration';
import { pickScenario } from './pick-scenario';
import { lanesSchema, type TimelineRuns } from './timeline-runs';

const messageSchema = z.discriminatedUnion('type', [
    z.object({ type: z.literal('ready') }),
    z.object({ type: z.literal('go'), time: z.number() }),
    z.object({ type: z.literal('compare') }),
    z.object({ type: z.literal('svg'), text: z.string() }),
]);

const answerSchema = z.object({
    title: z.string(),
    lanes: lanesSchema,
    whole: z.boolean(),
    now: z.number(),
    changed: z.boolean(),
    marks: z.array(z.object({ name: z.string(), at: z.number() })),
});
interface ShownRun {
    readonly title: string;
    readonly lanes: object;
    readonly now?: number;
    readonly marks?: z.infer<typeof answerSchema>['marks'];
}

/** A run of its own, in the address of a document. */
const runSchema = z.object({
    file: z.string(),
    scenario: z.string(),
    kernel: z.optional(z.string()),
    seed: z.optional(z.number()),
});

const stoppedSchema = z.object({ type: z.literal('event'), event: z.literal('stopped') });

/** The document of the session that is debugged. */
const OF_SESSION = vscode.Uri.from({ scheme: TIMELINE_SCHEME, path: '/Update Timeline' });

function choiceOf({ query }: vscode.Uri): RunChoice | undefined {
    return query === '' ? undefined : runSchema.parse(JSON.parse(query));
}

export class TimelineEditors implements vscode.CustomReadonlyEditorProvider, vscode.Disposable {
    private readonly open = new Set<OpenTimeline>();
    private readonly subscriptions: vscode.Disposable[];

    constructor(
        private readonly extension: vscode.Uri,
        private readonly runs: TimelineRuns,
    ) {
        this.subscriptions = [
            vscode.window.registerCustomEditorProvider(TIMELINE_EDITOR, this, {
                webviewOptions: { retainContextWhenHidden: true },
            }),
            vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
                createDebugAdapterTracker: (session) => ({
                    onDidSendMessage: (message: unknown) => {
                        if (stoppedSchema.safeParse(message).success) {
                            for (const timeline of this.open) {
                                timeline.stopped(session);
                            }
                        }
                    },
                }),
            }),
        ];
    }

    /**
     * Shows the run of the active session, otherwise of a scenario.
     * @param target the scenario of a lens; without it the user chooses one
     */
    async show(target: { readonly uri: string; readonly scenario: string } | undefined): Promise<void> {
        const session = vscode.debug.activeDebugSession;
        const address = target === undefined && session?.type === DEBUG_TYPE ? OF_SESSION : await this.chosen(target);
        if (address) {
            const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
            await vscode.commands.executeCommand('vscode.openWith', address, TIMELINE_EDITOR, place);
        }
    }

    /** Puts the picture of the timeline in front into the clipboard. */
    async copy(): Promise<void> {
        const timeline = [...this.open].find((t) => t.panel.active) ?? [...this.open].find((t) => t.panel.visible);
        if (timeline) {
            await timeline.panel.webview.postMessage({ type: 'svg' });
        } else {
            void vscode.window.showInformationMessage('Open a timeline first: Live Update: Show Update Timeline.');
        }
    }

    openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
        return { uri, dispose: () => undefined };
    }

    resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
        const folder = vscode.Uri.joinPath(this.extension, 'dist');
        const timeline = new OpenTimeline(panel, choiceOf(uri), this.runs);
        this.open.add(timeline);
        panel.onDidDispose(() => this.open.delete(timeline));
        panel.webview.options = { enableScripts: true, localResourceRoots: [folder] };
        panel.webview.html = timelinePage({
            address: panel.webview.asWebviewUri(vscode.Uri.joinPath(folder, 'timeline-view.js')).toString(),
            nonce: crypto.randomUUID(),
            source: panel.webview.cspSource,
        });
    }

    dispose(): void {
        for (const s of this.subscriptions) {
            s.dispose();
        }
    }

    private async chosen(
        target: { readonly uri: string; readonly scenario: string } | undefined,
    ): Promise<vscode.Uri | undefined> {
        const scenario = target
            ? { uri: vscode.Uri.parse(target.uri), name: target.scenario }
            : await pickScenario('Show Update Timeline');
        return scenario && vscode.Uri.parse(timelineAddress({ file: pathOf(scenario.uri), scenario: scenario.name }));
    }
}

/** A timeline that is open: of the active session, or of a run of its own. */
class OpenTimeline {
    private session: vscode.DebugSession | undefined;
    private shown: ShownRun | undefined;
    private other: ShownRun | undefined;

    constructor(
        readonly panel: vscode.WebviewPanel,
        private readonly choice: RunChoice | undefined,
        private readonly runs: TimelineRuns,
    ) {
        panel.webview.onDidReceiveMessage((raw: unknown) => {
            const message = messageSchema.safeParse(raw);
            if (message.success) {
                this.receive(message.data).catch((e: unknown) => {
                    if (e instanceof vscode.CancellationError) {
                        return;
                    }
                    void vscode.window.showErrorMessage(e instanceof Error ? e.message : String(e));
                });
            }
        });
        panel.onDidChangeViewState(() => {
            if (panel.visible) {
                void this.refresh();
            }
        });
    }

    stopped(session: vscode.DebugSession): void {
        if (!this.choice) {
            this.session = session;
            void this.refresh();
        }
    }

    private async receive(message: z.infer<typeof messageSchema>): Promise<void> {
        switch (message.type) {
            case 'ready':
                await this.begin();
                break;
            case 'go':
                // otherwise the code would open in front of the timeline
                await vscode.commands.executeCommand('workbench.action.focusFirstEditorGroup');
                await this.session?.customRequest('lus/goToTime', { time: message.time });
                break;
            case 'compare':
                await this.compare();
                break;
            case 'svg':
                await vscode.env.clipboard.writeText(message.text);
                vscode.window.setStatusBarMessage('The timeline is in the clipboard, as SVG.', 5000);
                break;
        }
    }

    private async begin(): Promise<void> {
        if (this.choice) {
            this.shown ??= await this.ran(this.choice);
            await this.post();
            return;
        }
        const session = vscode.debug.activeDebugSession;
        this.session ??= session?.type === DEBUG_TYPE ? session : undefined;
        await this.refresh();
    }

    /** Reads the run of the session again. Without a session the page shows what it has kept. */
    private async refresh(): Promise<void> {
        const { panel, session } = this;
        if (!panel.visible || !session) {
            return;
        }
        try {
            const answer = answerSchema.parse(await session.customRequest('lus/timeline', { packed: true }));
            const notes = [
                ...(answer.changed ? ['without the changes of this session'] : []),
                ...(answer.whole ? [] : ['only its beginning']),
            ];
            const title = notes.length > 0 ? `${answer.title} (${notes.join(', ')})` : answer.title;
            this.shown = { title, lanes: answer.lanes, now: answer.now, marks: answer.marks };
            await this.post();
        } catch {
            // the run goes on: the picture is that of the last stop
        }
    }

    private async post(): Promise<void> {
        const runs = [...(this.other ? [this.other] : []), ...(this.shown ? [this.shown] : [])];
        await this.panel.webview.postMessage({ type: 'show', data: { runs } });
    }

    private async ran(choice: RunChoice): Promise<ShownRun> {
        const { scenario, kernel, seed } = choice;
        const title = [
            scenario,
            ...(kernel === undefined ? [] : [`kernel ${kernel}`]),
            ...(seed ? [`seed ${seed}`] : []),
        ].join(', ');
        const { Notification: location } = vscode.ProgressLocation;
        return await vscode.window.withProgress(
            { location, title: `Running ${title}`, cancellable: true },
            async (_progress, cancelled) => ({ title, lanes: await this.runs(choice, cancelled) }),
        );
    }

    // ------------------------------------------------------------ comparing

    private async compare(): Promise<void> {
        const { shown } = this;
        if (!shown) {
            return;
        }
        const items: (vscode.QuickPickItem & { readonly run: () => Promise<ShownRun | undefined> })[] = [
            {
                label: 'This run as it is now',
                description: 'keep it above, and change the scenario or debug another one',
                run: async () => ({ title: `${shown.title} (kept)`, lanes: shown.lanes }),
            },
            { label: 'Another seed…', run: () => this.otherSeed() },
            { label: 'Another kernel…', run: () => this.otherKernel() },
            { label: 'Another scenario…', run: () => this.otherScenario() },
            ...(this.other ? [{ label: 'Nothing', run: async () => undefined }] : []),
        ];
        const picked = await vscode.window.showQuickPick(items, { title: 'Compare this run with' });
        if (picked) {
            this.other = await picked.run();
            await this.post();
        }
    }

    /** The scenario that is shown. */
    private get own(): RunChoice | undefined {
        const { configuration } = this.session ?? {};
        const configured = z.safeParse(
            z.object({ program: z.string(), scenario: z.string(), kernel: z.optional(z.string()) }),
            configuration,
        );
        return (
            this.choice ??
            (configured.success ? { file: configured.data.program, scenario: configured.data.scenario } : undefined)
        );
    }

    private async otherSeed(): Promise<ShownRun | undefined> {
        const { own } = this;
        const text = await vscode.window.showInputBox({
            title: 'Compare with another seed',
            prompt: `The seed of the scheduler. This run has ${own?.seed ?? 0}.`,
            validateInput: (x) => (/^\d{1,15}$/.test(x) ? undefined : 'A seed is a number.'),
        });
        return own && text !== undefined ? await this.ran({ ...own, seed: Number(text) }) : this.other;
    }

    private async otherKernel(): Promise<ShownRun | undefined> {
        const { own } = this;
        const kernel = await vscode.window.showInputBox({
            title: 'Compare with another kernel',
            prompt: 'A release such as 7.1, or a kernel that the file declares.',
        });
        return own && kernel !== undefined ? await this.ran({ ...own, kernel }) : this.other;
    }

    private async otherScenario(): Promise<ShownRun | undefined> {
        const scenario = await pickScenario('Compare With');
        return scenario ? await this.ran({ file: pathOf(scenario.uri), scenario: scenario.name }) : this.other;
    }
}
