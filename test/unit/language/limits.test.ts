/** Texts that are deep, long or large: they are checked, or refused in so many words. */
import assert from 'node:assert/strict';
import { check } from '../../../emulator/language/check/check';
import { NATIVES } from '../../../emulator/diagnosis/natives';
import { failureOf } from '../../support/runs';
import { findingsOf, programOf } from '../../support/programs';

const lines = (count: number, line: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n');

suite('limits of the language', () => {
    test('functions that call each other in a long chain', () => {
        const text = `${lines(3000, (i) => `fn f${i}() { return f${i + 1}() }`)}
fn f3000() { return 7 }
scenario "s" { boot "7.2"; assert f0() == 7 }`;
        const program = programOf(text);
        assert.deepEqual(findingsOf(program), []);
        assert.equal(failureOf(program), undefined);
    });

    test('functions that call each other in circles', () => {
        const text = `${lines(500, (i) => `fn f${i}(n) { if n == 0 { return 1 }; return f${(i + 1) % 500}(n - 1) }`)}
scenario "s" { boot "7.2"; assert f0(3) == 1 }`;
        assert.deepEqual(findingsOf(programOf(text)), []);
    });

    test('constants that need each other in a long chain', () => {
        const text = `${lines(5000, (i) => `const c${i} = c${i + 1} + 1`)}
const c5000 = 0
scenario "s" { boot "7.2"; assert c0 == 5000 }`;
        const program = programOf(text);
        assert.deepEqual(findingsOf(program), []);
        assert.equal(failureOf(program), undefined);
    });

    test('a constant that is too long is said once, not again by those that need it', () => {
        const text = `const c0 = "0123456789abcdef"
${lines(26, (i) => `const c${i + 1} = c${i} + c${i}`)}
scenario "s" { boot "7.2"; log(c26) }`;
        assert.deepEqual(findingsOf(programOf(text)), [
            '22: LU0311: `c20 + c20` has no value: a text has at most 16777216 characters.',
        ]);
    });

    test('texts and byte strings that grow without end', () => {
        const grows = (value: string): string | undefined =>
            failureOf(programOf(`scenario "s" { boot "7.2"; process p { s = ${value}; while true { s = s + s } } }`));
        assert.equal(grows('"x"'), 'a text has at most 16777216 characters');
        assert.equal(grows('pattern(1, 1) + pattern(2, 1)'), 'a byte string is made of at most 1048576 pieces');
    });

    test('files that import each other in a long chain', () => {
        const program = check({ read: (uri) => `import "${uri}x"` }, 'a.lus', NATIVES);
        assert.deepEqual(
            program.diagnostics.map((d) => `${d.uri.length} ${d.code}: ${d.message}`),
            ['104 LU0215: Imports are nested at most 100 files deep.'],
        );
    });

    test('memory of a machine', () => {
        const codes = (machine: string): string[] =>
            findingsOf(programOf(`machine { ${machine} }\nscenario "s" { boot "7.2" }`));
        assert.deepEqual(codes('memory 64TiB'), []);
        assert.deepEqual(codes('memory 64TiB + 1'), [
            '1: LU0311: The memory of a machine must be between 8 KiB and 64 TiB.',
        ]);
        assert.deepEqual(codes('map 0x1000 .. 0x8000_0000_1000'), [
            '1: LU0311: Memory must be below 0x800000000000 (128 TiB).',
        ]);
        const tooMuch = '1: LU0311: A machine has at most 64 TiB of memory; with this it has more.';
        assert.deepEqual(codes('memory 40TiB; memory 24TiB'), []);
        assert.deepEqual(codes('memory 40TiB; memory 24TiB; memory 8KiB; memory 8KiB'), [tooMuch]);
        assert.deepEqual(codes('map 0 .. 0x3000_0000_0000; map 0x3000_0000_0000 .. 0x5000_0000_0000'), [tooMuch]);
        assert.deepEqual(codes('map 0x8000 .. 0xa000; map 0x1000 .. 0x9000; map 0xa000 .. 0xb000; memory 64TiB'), [
            '1: LU0311: This range overlaps `0x1000 .. 0x9000`.',
        ]);
    });

    test('names that nobody reads, and kernels that are made one from the other', () => {
        const text = `${lines(100, (i) => `kernel "k${i}" from "${i === 0 ? '7.2' : `k${i - 1}`}" { }`)}
scenario "s" { boot "7.2"; process p { count = 1; log(count); counts = 2; other = 3 } }`;
        const found = findingsOf(programOf(text));
        assert.equal(found.filter((f) => f.includes('on a chain')).length, 100 - 64);
        assert.deepEqual(found.slice(-2), [
            '101: LU0210: `counts` is never read. Did you mean `count`?',
            '101: LU0209: `other` is never read. Remove it, or rename it to `_other` to keep it.',
        ]);
    });
});
