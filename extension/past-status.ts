/** The status bar says that the run stands in its past, and how far. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { COMMANDS, DEBUG_TYPE } from './contributions';
import { seconds } from './machine-time';

const positionSchema = z.object({
    inThePast: z.boolean(),
    position: z.number(),
    end: z.number(),
    time: z.number(),
    endTime: z.number(),
});

type Position = z.infer<typeof positionSchema>;

export class PastStatus implements vscode.Disposable {
    private readonly item = vscode.window.createStatusBarItem('lus.past', vscode.StatusBarAlignment.Left, 100);
    /** By session, where it stands in the past. */
    private readonly positions = new Map<string, Position>();
    private readonly subscriptions = [
        vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
            const position = positionSchema.safeParse(body);
            if (session.type === DEBUG_TYPE && event === 'lus/position' && position.success) {
                this.positions.set(session.id, position.data);
                this.show();
            }
        }),
        vscode.debug.onDidChangeActiveDebugSession(() => this.show()),
        vscode.debug.onDidTerminateDebugSession(({ id }) => {
            this.positions.delete(id);
            this.show();
        }),
    ];

    constructor() {
        this.item.name = 'Live Update: in the past';
        this.item.command = COMMANDS.goToEnd;
    }

    private show(): void {
        const position = this.positions.get(vscode.debug.activeDebugSession?.id ?? '');
        if (!position?.inThePast) {
            this.item.hide();
            return;
        }
        const { time, endTime, end } = position;
        const back = end - position.position;
        this.item.text = `$(history) In the past: ${seconds(time)} of ${seconds(endTime)}`;
        this.item.tooltip = `The run stands ${back} operations before the end of what has run. Select to go there.`;
        this.item.accessibilityInformation = {
            label: `In the past, at ${seconds(time)} of ${seconds(endTime)}, ${back} operations back`,
        };
        this.item.show();
    }

    dispose(): void {
        this.item.dispose();
        for (const s of this.subscriptions) {
            s.dispose();
        }
    }
}
