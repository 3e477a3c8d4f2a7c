/** What other languages write otherwise is met with one message, and the line is read as what was meant. */
import assert from 'node:assert/strict';
import { edited } from '../../../emulator/services/rename';
import { findingsOf, programOf } from '../../support/programs';

const inProcess = (line: string): string =>
    `scenario "s" {\n    boot "7.2"\n    process p {\n        n = 1\n        ram = memfd_create("ram")\n${line}\n        ram.truncate(n)\n        missing\n    }\n}\n`;

/** The findings but for that of the line behind, which no error may hide. */
function found(text: string): string[] {
    const all = findingsOf(programOf(text));
    const behind = all.filter((f) => f.includes('`missing` is not defined'));
    assert.equal(behind.length, 1, `the error behind is hidden: ${all.join(' | ')}`);
    return all.filter((f) => !f.includes('`missing`')).map((f) => f.replace(/^\d+: /, ''));
}

/** The text as the fix of its only error writes it. */
function mended(text: string): string[] {
    const [fix] = programOf(text).diagnostics.flatMap((d) => (d.code === 'LU0138' && d.fix ? [d.fix] : []));
    return found(edited(text, fix?.edits ?? []));
}

suite('foreign syntax', () => {
    for (const [line, message] of [
        ['int x = 3; log(x)', 'An assignment declares a variable. Write `x = …` without `int`.'],
        ['let x = 3; log(x)', 'An assignment declares a variable. Write `x = …` without `let`.'],
        ['n++', 'There is no `++`. Write `+= 1`.'],
        ['n--', 'There is no `--`. Write `-= 1`.'],
        ['x := 3; log(x)', 'An assignment uses `=`.'],
        ['log(ram->size)', 'A member follows a `.`.'],
        ["log('a')", 'A string needs double quotes.'],
        ['# a comment', 'A comment begins with `//`.'],
        ['printf("a")', 'Write `log(…)`.'],
        ['print("a")', 'Write `log(…)`.'],
        ['x = NULL; log(x)', 'Write `none`.'],
        ['x = null; log(x)', '`null` is the file kind of `/dev/null`. The absent object is `none`.'],
        ['log(True)', 'Write `true`.'],
        ['if n == 1 and ram.size == 0 { log("a") }', 'Write `&&`.'],
        ['if n == 1 or ram.size == 0 { log("a") }', 'Write `||`.'],
    ] as const) {
        test(`${line}: one message, and its fix writes what is meant`, () => {
            const text = inProcess(line);
            assert.deepEqual(found(text), [`LU0138: ${message}`]);
            assert.deepEqual(mended(text), []);
        });
    }

    test('comments between other marks, on one line and on several, and loops with three parts: one message', () => {
        const comment = ['LU0138: A comment begins with `//` and ends with its line.'];
        assert.deepEqual(found(inProcess('/* a comment */')), comment);
        assert.deepEqual(found(inProcess('n = 2 /* a comment\n   of two lines */\n')), comment);
        assert.deepEqual(found(inProcess('for (int i = 0; i < 4; i++) { log("a") }')), [
            'LU0138: A loop iterates over a range or a list: `for i in 0..4 { }`.',
        ]);
    });

    test('functions of other languages: one message each, and the declarations behind are read', () => {
        for (const head of ['def f(a):', 'function f(a) {', 'int f(int a) {']) {
            const text = `${head}\n    return a\n${head.endsWith('{') ? '}\n' : ''}const M = 1\nconst M = 2\n`;
            assert.deepEqual(
                findingsOf(programOf(text)).map((f) => f.replace(/^\d+: (LU\d+).*/, '$1')),
                ['LU0138', 'LU0204'],
            );
        }
    });

    test('what is an operator, a name or a call here stays one', () => {
        for (const line of ['x = n - -n; log(x)', 'and = 3; log(and)', 'int = 3; log(int)', 'x = -(-n); log(x)']) {
            assert.deepEqual(found(inProcess(line)), [], line);
        }
    });
});
