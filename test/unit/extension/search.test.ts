/** The search in the shipped documentation: what people look for is found, at its own section. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { find, sectionsOf } from '../../../extension/find-in-pages';
import { PAGES } from '../../support/documentation';
import { inRepository } from '../../support/repository';

const sections = PAGES.filter((p) => p !== 'README.md').flatMap((p) =>
    sectionsOf(path.basename(p), readFileSync(inRepository(p), 'utf8')),
);

/** The first places that are found, as `page#anchor`. */
const found = (query: string): string[] => find(sections, query, 5).map(({ section: s }) => `${s.page}#${s.anchor}`);

suite('search in the documentation', () => {
    test('a code is found at its own section first', () => {
        assert.match(found('LU1003')[0] ?? '', /#lu1003-incoming-session-lost-at-the-next-kexec$/);
        assert.match(found('lu0203')[0] ?? '', /^errors\.md#lu0203/);
    });

    test('the words of a query may stand in any order and in any case', () => {
        assert.deepEqual(found('BREAKPOINTS name by'), found('by name breakpoints'));
        assert.match(found('handlers flbs')[0] ?? '', /^language\.md#handlers-and-flbs/);
    });

    test('a section is found by what it says, with the line', () => {
        const [first] = find(sections, 'SCM_RIGHTS', 1);
        assert.match(first?.line ?? '', /SCM_RIGHTS/);
    });

    test('what is in no page is not found, and nothing is found for nothing', () => {
        assert.deepEqual(found('zyzzogeton'), []);
        assert.deepEqual(found('  '), []);
    });

    test('code is not taken for headings', () => {
        const page = '# Title\n\n```sh\n# a comment\n```\n\n## Part\n\ntext\n';
        assert.deepEqual(
            sectionsOf('x.md', page).map((s) => s.heading),
            ['Title', 'Part'],
        );
    });
});
