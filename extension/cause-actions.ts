/** Code actions on the lines of findings of a debug session: to their causes, and to the memory that they are about. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { COMMANDS, DEBUG_TYPE, LANGUAGE } from './contributions';

/** The event with which the debug adapter prints a finding. */
const findingSchema = z.object({
    type: z.literal('event'),
    event: z.literal('output'),
    body: z.object({
        output: z.string().check(z.regex(/^(?:error|warning|hint) LU\d{4}: /)),
        source: z.object({ path: z.string() }),
        line: z.number(),
    }),
});

interface Finding {
    readonly code: string;
    readonly path: string;
    /** From 1. */
    readonly line: number;
}

export class CauseActions implements vscode.CodeActionProvider, vscode.Disposable {
    /** By session, those of its run so far. */
    private readonly findings = new Map<string, Finding[]>();
    private readonly subscriptions = [
        vscode.languages.registerCodeActionsProvider({ language: LANGUAGE }, this, {
            providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
        }),
        vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
            createDebugAdapterTracker: ({ id }) => ({
                onDidSendMessage: (message: unknown) => {
                    const finding = findingSchema.safeParse(message);
                    if (finding.success) {
                        const { output, source, line } = finding.data.body;
                        const code = /LU\d{4}/.exec(output)?.[0] ?? '';
                        this.findings.set(id, [...(this.findings.get(id) ?? []), { code, path: source.path, line }]);
                    }
                },
                onExit: () => void this.findings.delete(id),
            }),
        }),
        vscode.debug.onDidTerminateDebugSession(({ id }) => void this.findings.delete(id)),
    ];

    provideCodeActions({ uri }: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
        const all = this.findings.get(vscode.debug.activeDebugSession?.id ?? '') ?? [];
        const here = all.filter(
            ({ path, line }) => path === uri.fsPath && line - 1 >= range.start.line && line - 1 <= range.end.line,
        );
        return [...new Set(here.map(({ code }) => code))].flatMap((code) => [
            actionOf(`Go to Cause of ${code}`, COMMANDS.goToCause, code),
            actionOf(`Show ${code} in Physical Memory`, COMMANDS.showMemory, code),
        ]);
    }

    dispose(): void {
        for (const s of this.subscriptions) {
            s.dispose();
        }
    }
}

function actionOf(title: string, command: string, code: string): vscode.CodeAction {
    const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
    action.command = { title, command, arguments: [{ code }] };
    return action;
}
