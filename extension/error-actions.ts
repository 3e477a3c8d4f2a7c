/** Code actions on a call that failed in the last run: they add the `fails` with its error. */
import * as vscode from 'vscode';
import type { LastOutcomes } from './tests/last-outcomes';
import { unexpectedErrors } from './unexpected-errors';

export class ErrorActions implements vscode.CodeActionProvider {
    constructor(private readonly outcomes: LastOutcomes) {}

    provideCodeActions(document: vscode.TextDocument, { start }: vscode.Range): vscode.CodeAction[] {
        const { firstNonWhitespaceCharacterIndex: indent } = document.lineAt(start.line);
        const offset = document.offsetAt(start.with({ character: Math.max(start.character, indent) }));
        return unexpectedErrors(document.getText(), offset, this.outcomes.reasons(document.uri)).map(
            ({ error, at }) => {
                const action = new vscode.CodeAction(
                    `Add \`fails ${error}\`, the error of the last run`,
                    vscode.CodeActionKind.QuickFix,
                );
                action.edit = new vscode.WorkspaceEdit();
                action.edit.insert(document.uri, document.positionAt(at), `  fails ${error}`);
                return action;
            },
        );
    }
}
