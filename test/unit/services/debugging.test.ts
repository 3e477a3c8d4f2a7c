/** What the language services know for a debugger: inline values, and callbacks to stop at. */
import assert from 'node:assert/strict';
import { breakableOwners } from '../../../emulator/services/breakable';
import { inlineValues } from '../../../emulator/services/inline-values';
import { marked, programOf, URI } from '../../support/services';

const HANDLER = `file box at "/dev/box" {
    count: u64 = 1
    release() { log(count) }
}
flb shared "shared-v1" {
    preserve(args) { args.data = 1 }
    finish(args) { }
}
handler box_handler "box-v1" for box uses shared {
    can_preserve(file) { return file.kind == box }
    preserve(args) { args.serialized_data = 1 }
    finish(args) { }
}
`;

/** The expressions with their lines, of a text in which ‸ is at the statement of the stop. */
function shown(text: string): string[] {
    const { program, offset, text: plain } = marked(text);
    const lineOf = (at: number): number => plain.slice(0, at).split('\n').length;
    return inlineValues(program, URI, { start: 0, end: plain.length }, offset, lineOf).map(({ span, expression }) => {
        assert.equal(plain.slice(span.start, span.end), expression);
        return `${lineOf(span.start)} ${expression}`;
    });
}

suite('inline values', () => {
    test('are those of a function from its parameters to the line of the stop', () => {
        const text =
            'const LIMIT = 3\nfn sum(list, other) {\n    total = LIMIT\n    for n in list {\n        ‸total += n\n    }\n    return other\n}';
        assert.deepEqual(shown(text), ['2 list', '2 other', '3 total', '4 n', '4 list', '5 total', '5 n']);
    });

    test('of a process are those of its block, not of the scenario around it', () => {
        const text =
            'scenario "s" {\n    seen = 1\n    boot "7.2"\n    process luod {\n        ram = memfd_create("a")\n        ‸ram.truncate(seen)\n    }\n}';
        assert.deepEqual(shown(text), ['5 ram', '6 ram', '6 seen']);
        const outside = text.replace('‸', '').replace('seen = 1', '‸seen = 1');
        assert.deepEqual(shown(outside), ['2 seen']);
    });

    test('a scenario shows none of its process blocks', () => {
        const text =
            'scenario "s" {\n    seen = 1\n    boot "7.2"\n    process luod { inner = 2; log(inner) }\n    ‸seen += 1\n}';
        assert.deepEqual(shown(text), ['2 seen', '5 seen']);
    });

    test('fields of a file kind are variables in its callbacks', () => {
        assert.deepEqual(shown(HANDLER.replace('log(count)', '‸log(count)')), ['3 count']);
    });

    test('outside of code there are none', () => {
        assert.deepEqual(shown('‸const A = 1\nscenario "s" { x = 1 }'), []);
    });

    test('are limited to the range that the editor shows', () => {
        const { program, offset, text } = marked('fn f(a) {\n    b = a\n    ‸return b\n}');
        const within = { start: text.indexOf('return'), end: text.length };
        const lineOf = (at: number): number => text.slice(0, at).split('\n').length;
        assert.deepEqual(
            inlineValues(program, URI, within, offset, lineOf).map((v) => v.expression),
            ['b'],
        );
    });
});

suite('callbacks to stop at', () => {
    test("are the file's own first, then those of the shipped kernel code", () => {
        const owners = breakableOwners(programOf(HANDLER));
        assert.deepEqual(owners.slice(0, 3), [
            { name: 'box', kind: 'file', own: true, callbacks: ['release'] },
            { name: 'shared', kind: 'flb', own: true, callbacks: ['preserve', 'finish'] },
            { name: 'box_handler', kind: 'handler', own: true, callbacks: ['can_preserve', 'preserve', 'finish'] },
        ]);
        const memfd = owners.find((o) => o.name === 'memfd');
        assert.equal(memfd?.own, false);
        assert.ok(memfd.callbacks.includes('freeze'));
    });

    test('of a file with errors are there', () => {
        const owners = breakableOwners(programOf(`${HANDLER}\nhandler {`));
        assert.ok(owners.some((o) => o.name === 'box_handler'));
    });
});
