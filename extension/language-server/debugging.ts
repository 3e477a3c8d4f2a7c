/** Requests for debugging: values in the text while a run is stopped, and callbacks to stop at. */
import type { Connection } from 'vscode-languageserver';
import { canonicalUri } from '../../emulator/language/paths';
import { breakableOwners } from '../../emulator/services/breakable';
import { inlineValues } from '../../emulator/services/inline-values';
import { rangeOf } from './places';
import type { Workspace } from './workspace';

export function registerDebugging(connection: Connection, workspace: Workspace): void {
    connection.languages.inlineValue.on(({ textDocument, range, context }) => {
        const opened = workspace.opened(textDocument.uri);
        if (!opened) {
            return null;
        }
        const { document, program, uri } = opened;
        const within = { start: document.offsetAt(range.start), end: document.offsetAt(range.end) };
        const stopped = document.offsetAt(context.stoppedLocation.start);
        const lineOf = (offset: number): number => document.positionAt(offset).line;
        return inlineValues(program, uri, within, stopped, lineOf).map(({ span, expression }) => ({
            range: rangeOf(document, span),
            expression,
        }));
    });

    /** The file need not be open. */
    connection.onRequest('lus/callbacks', ({ uri }: { readonly uri: string }) =>
        breakableOwners(workspace.programOf(canonicalUri(uri))),
    );
}
