/**
 * The documentation is right: every block of code in it is checked, and most are run. What stands behind ```lus says
 * how:
 *
 *     lus                    a file without findings, whose scenarios, if it has any, pass
 *     lus run                the same; says so where the scenarios are the point
 *     lus scenario           statements at scenario level, with a kernel booted; they pass
 *     lus process            statements in a process; they pass
 *     … error LU0208         has exactly these findings instead
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { NATIVES } from '../../emulator/diagnosis/natives';
import { withCosts } from '../support/cost-table';
import { blocksOf, DIAGNOSES, fileOf, PAGES, titleOf } from '../support/documentation';
import { libraryPage } from '../support/library-page';
import { inRepository } from '../support/repository';
import { findingsOf, programOf } from '../support/programs';
import { failuresOf } from '../support/runs';

/** The catalogue of failures has a test of its own, which runs its scenarios. So has the page of diagnoses. */
const FAILURES = 'extension/docs/failures.md';

const blocks = PAGES.filter((p) => p !== FAILURES).flatMap(blocksOf);

suite('documentation', () => {
    test('there is something to test', () => {
        const kinds = new Set(blocks.map((b) => b.kind));
        for (const kind of ['file', 'run', 'scenario', 'process']) {
            assert.ok(kinds.has(kind), kind);
        }
        assert.deepEqual(
            [...kinds].filter((k) => !['file', 'run', 'scenario', 'process'].includes(k)),
            [],
        );
    });

    for (const block of blocks.filter((b) => !b.name.startsWith(DIAGNOSES))) {
        test(titleOf(block), () => {
            const program = programOf({ 'block.lus': fileOf(block) });
            if (block.errors.length > 0) {
                assert.deepEqual(
                    program.diagnostics.map((d) => d.code),
                    block.errors,
                    findingsOf(program).join('\n'),
                );
                return;
            }
            assert.deepEqual(findingsOf(program), []);
            assert.deepEqual(failuresOf(program), []);
        });
    }

    test('the page of natives is what the tables say (UPDATE_DOCS=1 writes it)', () => {
        const file = inRepository('extension', 'docs', 'library.md');
        if (process.env['UPDATE_DOCS'] === '1') {
            writeFileSync(file, libraryPage());
        }
        assert.equal(readFileSync(file, 'utf8'), libraryPage());
    });

    test('the page of time has the table of costs (UPDATE_DOCS=1 writes it)', () => {
        const file = inRepository('extension', 'docs', 'time.md');
        const page = readFileSync(file, 'utf8');
        if (process.env['UPDATE_DOCS'] === '1') {
            writeFileSync(file, withCosts(page));
            return;
        }
        assert.equal(page, withCosts(page));
    });

    test('the page of natives mentions every one of them', () => {
        const page = readFileSync(inRepository('extension', 'docs', 'library.md'), 'utf8');
        const objects = [...NATIVES.objects.values(), NATIVES.fd];
        const names = [
            ...NATIVES.functions.keys(),
            ...NATIVES.globals.keys(),
            ...NATIVES.fileKinds.keys(),
            ...NATIVES.injectionPoints.keys(),
            ...objects.flatMap((o) => [...o.fields.keys(), ...o.methods.keys()]),
            ...Object.values(NATIVES.callbacks).flatMap((c) => [...c.keys()]),
        ];
        assert.deepEqual(
            names.filter((n) => !page.includes(`\`${n}\``) && !page.includes(`\`${n}(`)),
            [],
        );
    });

    test('every code of a finding is in the reference', () => {
        const page = readFileSync(inRepository('extension', 'docs', 'language.md'), 'utf8');
        const listed = new Set<string>();
        for (const [, from, to] of page.matchAll(/^\| LU(\d{4})(?: – LU(\d{4}))?[^\n]*$/gm)) {
            for (let n = Number(from); n <= Number(to ?? from); n++) {
                listed.add(`LU${String(n).padStart(4, '0')}`);
            }
        }
        for (const [, code] of page.matchAll(/^\| LU\d{4}, LU(\d{4})/gm)) {
            listed.add(`LU${code}`);
        }
        const folder = inRepository('emulator');
        const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
        const used = new Set(
            sources.flatMap((f) =>
                [...readFileSync(`${folder}/${f}`, 'utf8').matchAll(/'(LU0\d{3})'/g)].map((m) => m[1] ?? ''),
            ),
        );
        assert.ok(used.size > 40);
        assert.deepEqual([...used].filter((c) => !listed.has(c)).sort(), []);
    });

    test('links lead somewhere', () => {
        const broken: string[] = [];
        for (const page of PAGES) {
            const text = readFileSync(inRepository(page), 'utf8');
            for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
                const [file, anchor] = (target ?? '').split('#');
                if (/^https?:/.test(target ?? '')) {
                    continue;
                }
                const url = new URL(file === '' || file === undefined ? '' : file, `file://${inRepository(page)}`);
                const linked = file === '' ? text : readOrNothing(url);
                const headings = (linked ?? '').match(/^#+ .*$/gm)?.map((h) =>
                    h
                        .replace(/^#+ /, '')
                        .toLowerCase()
                        .replace(/[^\w\s-]/g, '')
                        .replaceAll(' ', '-'),
                );
                if (linked === undefined || (anchor !== undefined && headings?.includes(anchor) !== true)) {
                    broken.push(`${page}: ${target}`);
                }
            }
        }
        assert.deepEqual(broken, []);
    });
});

function readOrNothing(url: URL): string | undefined {
    try {
        return readFileSync(url, 'utf8');
    } catch {
        return undefined;
    }
}
