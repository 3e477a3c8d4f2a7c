/** What is said of code: hover. */
import { MarkupKind, type Connection } from 'vscode-languageserver';
import { hoverAt } from '../../emulator/services/hover';
import { atOffset } from './navigation';
import { pageLink, rangeOf, withLinks } from './places';
import type { Workspace } from './workspace';

export function registerReading(connection: Connection, workspace: Workspace): void {
    const { files } = workspace;

    connection.onHover((params) =>
        atOffset(workspace, params, ({ program, uri, document }, offset) => {
            const found = hoverAt(program, uri, offset);
            if (!found) {
                return null;
            }
            const { code, text, page, span } = found;
            const link = page ? [`[Documentation](${pageLink(files, page)})`] : [];
            const value = ['```lus', code, '```', ...text.flatMap((t) => ['', withLinks(files, t)]), '', ...link].join(
                '\n',
            );
            return { range: rangeOf(document, span), contents: { kind: MarkupKind.Markdown, value: value.trim() } };
        }),
    );
}
