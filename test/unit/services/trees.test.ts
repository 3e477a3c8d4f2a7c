/** The syntax trees in the bundles are equal to those that the parser makes of the shipped texts. */
import assert from 'node:assert/strict';
import { LIBRARY_7_2 } from '../../../emulator/kernel/release/descriptions';
import { parse } from '../../../emulator/language/syntax/parser';
import { treesModule } from '../../../emulator/services/trees';
import { LIBRARY_TEXTS, stdUri } from '../../../emulator/std/texts';

function trees(): Readonly<Record<string, string>> {
    const exports: { TREES?: Readonly<Record<string, string>> } = {};
    new Function('exports', treesModule().replace('export const TREES =', 'exports.TREES ='))(exports);
    return exports.TREES ?? assert.fail('no TREES');
}

/** The objects in a tree. None may be in it twice: JSON would make two objects of it. */
function objectsIn(value: unknown, found: Set<object> = new Set()): Set<object> {
    if (typeof value === 'object' && value !== null) {
        assert.ok(!found.has(value), `twice in the tree: ${JSON.stringify(value)}`);
        found.add(value);
        for (const v of Object.values(value)) {
            objectsIn(v, found);
        }
    }
    return found;
}

suite('trees', () => {
    test('of every file that the default kernel consists of', () => {
        const onFile = trees();
        assert.deepEqual(Object.keys(onFile).sort(), [...LIBRARY_7_2].sort());
        for (const name of LIBRARY_7_2) {
            const uri = stdUri(name);
            const text = LIBRARY_TEXTS[name] ?? '';
            const { file, diagnostics } = parse(uri, text);
            assert.deepEqual(diagnostics, []);
            assert.ok(objectsIn(file).size > 1);
            assert.deepEqual({ ...JSON.parse(onFile[name] ?? ''), uri, text }, file, name);
        }
    });
});
