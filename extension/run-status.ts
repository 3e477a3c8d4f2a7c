/** The status bar item of a debug session: the running kernel, the machine's clock, and the blackout so far. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { duration } from '../emulator/text/durations';
import { DEBUG_TYPE } from './contributions';
import { seconds } from './machine-time';

const statusSchema = z.object({
    kernel: z.nullable(z.object({ number: z.number(), name: z.string() })),
    time: z.number(),
    blackout: z.nullable(z.object({ length: z.number(), over: z.boolean() })),
});

type Status = z.infer<typeof statusSchema>;

const eventSchema = z.looseObject({ type: z.literal('event'), event: z.string() });

/** While a session runs, it is asked so often. Milliseconds. */
const INTERVAL = 1000;

function textOf({ kernel, time, blackout }: Status): string {
    const parts = [
        kernel ? `kernel ${kernel.number}: ${kernel.name}` : 'no kernel',
        seconds(time),
        ...(blackout ? [`blackout ${duration(blackout.length)}${blackout.over ? '' : ' so far'}`] : []),
    ];
    return parts.join(' | ');
}

export class RunStatus implements vscode.Disposable {
    private readonly item = vscode.window.createStatusBarItem('lus.status', vscode.StatusBarAlignment.Left, 99);
    private timer: ReturnType<typeof setInterval> | undefined;
    private readonly subscriptions = [
        vscode.debug.onDidChangeActiveDebugSession(() => this.sessionChanged()),
        vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
            createDebugAdapterTracker: (session) => ({
                onDidSendMessage: (message: unknown) => {
                    const event = eventSchema.safeParse(message);
                    if (event.success && event.data.event === 'stopped') {
                        void this.ask(session);
                    }
                },
            }),
        }),
    ];

    constructor() {
        this.item.name = 'Live Update: kernel, time, blackout';
        this.item.tooltip = 'The running kernel, the clock of the machine, and the blackout of the update';
        this.sessionChanged();
    }

    private sessionChanged(): void {
        clearInterval(this.timer);
        this.item.hide();
        const session = vscode.debug.activeDebugSession;
        if (session?.type === DEBUG_TYPE && session.configuration.request !== 'attach') {
            this.timer = setInterval(() => void this.ask(session), INTERVAL);
            void this.ask(session);
        }
    }

    private async ask(session: vscode.DebugSession): Promise<void> {
        let status: Status;
        try {
            status = statusSchema.parse(await session.customRequest('lus/status'));
        } catch {
            // the session has not begun, or has ended
            return;
        }
        if (vscode.debug.activeDebugSession?.id === session.id) {
            this.item.text = `$(server) ${textOf(status)}`;
            this.item.accessibilityInformation = { label: textOf(status) };
            this.item.show();
        }
    }

    dispose(): void {
        clearInterval(this.timer);
        this.item.dispose();
        for (const s of this.subscriptions) {
            s.dispose();
        }
    }
}
