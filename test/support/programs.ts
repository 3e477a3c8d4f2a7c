/** Programs from files of the repository, for tests that run the engine in their own process. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { SourceHost } from '../../emulator/language/load';
import type { Program } from '../../emulator/language/program';
import { loadProgram } from '../../emulator/run/load-program';
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

/** A program that is a text of the test. */
export function programOf(text: string): Program {
    return loadProgram({ read: (uri) => (uri === 'test.lus' ? text : undefined) }, 'test.lus');
}

/** The shipped examples, by name, in the order of their names. */
export function examples(): Map<string, Program> {
    const folder = inRepository('extension/examples');
    const names = readdirSync(folder)
        .filter((f) => f.endsWith('.lus'))
        .sort();
    return new Map(names.map((name) => [name, loadProgram(diskHost, path.join(folder, name))]));
}
