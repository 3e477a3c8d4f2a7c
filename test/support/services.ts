/** Programs and places in them for tests of the language services: a text with a mark `‸` where the cursor is. */
import assert from 'node:assert/strict';
import type { Program } from '../../emulator/language/program';
import { analyse } from '../../emulator/services/analysis';
import type { Workspace } from '../../emulator/services/rename';
import { edited } from '../../emulator/services/rename';

export const URI = 'test:/a.lus';

export type Texts = Readonly<Record<string, string>>;

/** The program of a text that imports others by their names. */
export function programOf(text: string, others: Texts = {}): Program {
    const texts = new Map([[URI, text], ...Object.entries(others).map(([name, t]) => [`test:/${name}`, t] as const)]);
    return analyse({ read: (uri) => texts.get(uri) }, URI);
}

export interface Marked {
    readonly text: string;
    readonly offset: number;
    readonly program: Program;
}

/** A text without its mark, and where that was. */
export function marked(text: string, others: Texts = {}): Marked {
    const offset = text.indexOf('‸');
    assert.ok(offset >= 0 && offset === text.lastIndexOf('‸'), 'one mark ‸');
    const plain = text.slice(0, offset) + text.slice(offset + 1);
    return { text: plain, offset, program: programOf(plain, others) };
}

/** Where something stands: `file:line: text of the line`. */
export function placeText(program: Program, uri: string, offset: number): string {
    const text = program.files.get(uri)?.text ?? assert.fail(`no file ${uri}`);
    const line = text.slice(0, offset).split('\n').length;
    return `${uri.slice(uri.lastIndexOf('/') + 1)}:${line}: ${text.split('\n')[line - 1]?.trim() ?? ''}`;
}

/** The files of a test as a workspace: every one of them is the main file of a program. */
export function workspaceOf(texts: Texts): Workspace {
    const read = (uri: string): string | undefined => texts[uri.replace('test:/', '')];
    const uris: string[] = Object.keys(texts).map((name) => `test:/${name}`);
    const programs = new Map(uris.map((uri) => [uri, analyse({ read }, uri)]));
    return {
        programsWith(uri) {
            const own = programs.get(uri) ?? assert.fail(uri);
            return [own, ...[...programs.values()].filter((p) => p !== own && p.files.has(uri))];
        },
        reanalysed: (program, changed) => analyse({ read: (uri) => changed.get(uri) ?? read(uri) }, program.main),
    };
}

/** The texts of a workspace with edits. */
export function afterEdits(
    texts: Texts,
    edits: readonly { readonly uri: string; readonly span: { start: number; end: number }; readonly text: string }[],
): Record<string, string> {
    return Object.fromEntries(
        Object.entries(texts).map(([name, text]) => [
            name,
            edited(
                text,
                edits.filter((e) => e.uri === `test:/${name}`),
            ),
        ]),
    );
}
