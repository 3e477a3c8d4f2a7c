/** Programs from texts of tests and from files of the repository, and what the checker says of them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { SourceHost } from '../../emulator/language/load';
import type { Program } from '../../emulator/language/program';
import { errorsOf, loadProgram } from '../../emulator/run/load-program';
import { inRepository } from './repository';

/** Reads files from the disk; URIs are paths. */
export const diskHost: SourceHost = {
    read(uri) {
        try {
            return readFileSync(uri, 'utf8');
        } catch {
            return undefined;
        }
    },
    readBytes(uri) {
        try {
            const bytes = readFileSync(uri);
            return uri.endsWith('.gz') ? gunzipSync(bytes) : bytes;
        } catch {
            return undefined;
        }
    },
    exists: existsSync,
};

function loaded(files: Readonly<Record<string, string>>): Program {
    const host: SourceHost = { read: (uri) => files[uri] };
    return loadProgram(host, Object.keys(files)[0] ?? '');
}

/**
 * The program of the last text: some tests run one again and again, with other seeds. A run does not change its
 * program.
 */
let last: { readonly text: string; readonly program: Program } | undefined;

/** A program that is a text, or texts by name of which the first one is the main file. */
export function programOf(texts: string | Readonly<Record<string, string>>): Program {
    if (typeof texts !== 'string') {
        return loaded(texts);
    }
    if (last?.text !== texts) {
        last = { text: texts, program: loaded({ 'test.lus': texts }) };
    }
    return last.program;
}

/** The same, of one text in which the checker must find no errors. */
export function correctProgram(text: string): Program {
    const program = programOf(text);
    assert.deepEqual(
        errorsOf(program).map((d) => d.message),
        [],
        text,
    );
    return program;
}

/** The same, of one text in which the checker must find nothing at all. */
export function cleanProgram(text: string): Program {
    const program = programOf(text);
    assert.deepEqual(findingsOf(program), []);
    return program;
}

/** The findings of the checker, as `line: CODE: message`. */
export function findingsOf(program: Program): string[] {
    return program.diagnostics.map((d) => {
        const line = (program.files.get(d.uri)?.text ?? '').slice(0, d.span.start).split('\n').length;
        return `${line}: ${d.code}: ${d.message}`;
    });
}

/** The shipped examples, by name, in the order of their names. */
export function examples(): Map<string, Program> {
    const folder = inRepository('extension/examples');
    const names = readdirSync(folder)
        .filter((f) => f.endsWith('.lus'))
        .sort();
    return new Map(names.map((name) => [name, loadProgram(diskHost, path.join(folder, name))]));
}
