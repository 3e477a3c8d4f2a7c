/** The page about images names every finding that there is, and no others. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { inRepository } from '../../support/repository';

/** Codes as the sources write them; those of chains of blocks are put together from a prefix. */
function codesInSources(): Set<string> {
    const codes = new Set<string>();
    const folder = inRepository('emulator/handover');
    const texts = readdirSync(folder)
        .filter((f) => f.endsWith('.ts'))
        .map((f) => readFileSync(`${folder}/${f}`, 'utf8'));
    const text = texts.join('\n');
    for (const [, code] of text.matchAll(/(?:findings\.add|fail)\(\s*'([a-z-]+)'/g)) {
        codes.add(code ?? '');
    }
    // Chosen by a condition: fail(… ? 'chunk-loop' : 'chunk-not-preserved').
    for (const [, yes, no] of text.matchAll(/\? '([a-z]+(?:-[a-z]+)+)' : '([a-z]+(?:-[a-z]+)+)'/g)) {
        codes.add(yes ?? '').add(no ?? '');
    }
    for (const [, code] of text.matchAll(/: d\.fatal \? '([a-z-]+)'|code: '([a-z-]+)'/g)) {
        if (code !== undefined) {
            codes.add(code);
        }
    }
    const suffixes = [...text.matchAll(/`\$\{code\}(-[a-z-]+)`/g)].map(([, suffix]) => suffix ?? '');
    for (const prefix of ['session-blocks', 'file-blocks']) {
        for (const suffix of suffixes) {
            codes.add(prefix + suffix);
        }
    }
    const core = readFileSync(inRepository('emulator/machine/core-file.ts'), 'utf8');
    for (const [, code] of core.matchAll(/code: '([a-z-]+)', offset/g)) {
        codes.add(code ?? '');
    }
    return codes;
}

suite('findings about images', () => {
    test('each is on the page', () => {
        const page = readFileSync(inRepository('extension/docs/images.md'), 'utf8');
        const [, section = ''] = page.split('| codes | subject |');
        const listed = new Set([...(section.split('\n\n')[0] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, code]) => code));
        const known = codesInSources();
        assert.ok(known.size > 60, `${known.size}`);
        assert.deepEqual(
            [...known].filter((c) => !listed.has(c)),
            [],
        );
    });
});
