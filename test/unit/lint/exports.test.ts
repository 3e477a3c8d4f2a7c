/** The lint of test/lint/exports.ts finds exports that nobody imports, and none in the repository. */
import assert from 'node:assert/strict';
import { exportProblems, unusedExports } from '../../lint/exports';

suite('lint: exports', () => {
    test('every export has an import', () => {
        assert.deepEqual(exportProblems(), []);
    });

    test('what counts, and what does not', () => {
        const texts = new Map([
            ['a.ts', 'export const used = 1;\nexport const idle = 2;\nconst c = 3;\nexport { c as see };\n'],
            ['types.ts', 'export interface Given { }\nexport type Dead = 1;\nexport const give = (): Given => ({});\n'],
            ['b.ts', "import { used } from './a';\nimport * as types from './types';\ntypes.give();\n"],
        ]);
        const imports = [
            { from: 'b.ts', line: 1, to: 'a.ts', names: ['used'] },
            { from: 'b.ts', line: 2, to: 'types.ts', names: undefined },
        ];
        assert.deepEqual(
            unusedExports(texts, imports).map((p) => `${p.file}:${p.line} ${p.message}`),
            [
                'a.ts:2 no other file imports idle',
                'a.ts:4 no other file imports see',
                'types.ts:2 no other file imports Dead',
            ],
        );
    });
});
