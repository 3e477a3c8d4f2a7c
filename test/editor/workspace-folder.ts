/** What every editor test needs on disk: a workspace to open, and the suite's bundle. */
import { cpSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { buildForTests } from '../../esbuild.config.mjs';
import { inRepository } from '../support/repository';

/** A fresh copy of test/editor/fixtures, or of another folder. The caller removes it. */
export function makeWorkspace(original = inRepository('test', 'editor', 'fixtures')): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'lus-workspace-'));
    cpSync(original, folder, { recursive: true });
    return folder;
}

/** Bundles the suite of the extension host. @returns the path for `extensionTestsPath` */
export async function buildSuite(): Promise<string> {
    const folder = path.join('test', 'editor', 'suite');
    const tests = readdirSync(inRepository(folder)).filter((f) => f.endsWith('.test.ts'));
    const [entry] = await buildForTests(['index.ts', ...tests].map((f) => path.join(folder, f)));
    if (entry === undefined) {
        throw new Error('the suite was not built');
    }
    return entry;
}
