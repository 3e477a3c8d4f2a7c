/** What the clients of the language server have in common: that of a process and that of a worker. */
import * as vscode from 'vscode';
import type { LanguageClientOptions, Middleware } from 'vscode-languageclient';
import { LANGUAGE, SHIPPED_SCHEME } from './contributions';
import { documentationCommand, withCommands } from './documentation';

/** Links to the documentation run a command that opens the rendered page; file links would open the source. */
function linksToCommands(extension: vscode.Uri): Middleware {
    return {
        handleDiagnostics(uri, diagnostics, next) {
            for (const { code } of diagnostics) {
                if (typeof code === 'object') {
                    code.target = documentationCommand(extension, code.target) ?? code.target;
                }
            }
            next(uri, diagnostics);
        },
        async provideHover(document, position, token, next) {
            const hover = await next(document, position, token);
            return (
                hover &&
                new vscode.Hover(
                    hover.contents.map((c) => (c instanceof vscode.MarkdownString ? withCommands(extension, c) : c)),
                    hover.range,
                )
            );
        },
        async resolveCompletionItem(item, token, next) {
            const resolved = await next(item, token);
            if (resolved?.documentation instanceof vscode.MarkdownString) {
                resolved.documentation = withCommands(extension, resolved.documentation);
            }
            return resolved;
        },
    };
}

/**
 * The options of a client.
 * @param schemes of the files that it is for, besides unsaved ones and the code of the emulator; undefined: all
 */
export function clientOptions(extension: vscode.Uri, schemes: readonly string[] | undefined): LanguageClientOptions {
    return {
        documentSelector: schemes
            ? // the last is kernel code that was opened from a call stack
              [...schemes, 'untitled', SHIPPED_SCHEME, 'debug'].map((scheme) => ({ language: LANGUAGE, scheme }))
            : [{ language: LANGUAGE }],
        // Imports are read from the workspace, so their changes affect open files.
        initializationOptions: { trusted: vscode.workspace.isTrusted },
        synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher(`**/*.${LANGUAGE}`) },
        middleware: linksToCommands(extension),
    };
}
