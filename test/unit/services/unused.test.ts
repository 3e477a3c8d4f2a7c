/** Which declarations editors fade. */
import assert from 'node:assert/strict';
import { parse } from '../../../emulator/language/syntax/parser';
import { unusedNames } from '../../../emulator/services/unused';

const names = (text: string): string[] => unusedNames(parse('a.lus', text).file).map((n) => n.name);

suite('services: unused declarations', () => {
    const SCENARIO = 'scenario "s" {\n    boot "7.2"\n    process p {\n        log(LIMIT, f(1))\n    }\n}\n';

    test('functions, constants, structs, handlers, FLBs and file kinds', () => {
        const declared = `const LIMIT = 1
const OTHER = 2
struct State { n: u32 }
fn f(n) { return n }
fn g() { }
file ring { }
handler h for ring { }
flb b { }
`;
        assert.deepEqual(names(declared + SCENARIO), ['OTHER', 'State', 'g', 'h', 'b']);
    });

    test('comments do not use anything; strings, types and other declarations do', () => {
        const declared = `// LIMIT and g are named here
const LIMIT = 1
fn f(n) { return n }
struct Inner { n: u32 }
struct Outer { inner: Inner }
fn g() { }
fn h() { }
`;
        assert.deepEqual(names(`${declared}${SCENARIO.replace('log(', 'log("{h} // ", Outer, ')}`), ['g']);
    });

    test('a file without scenarios is for others', () => {
        assert.deepEqual(names('fn f(n) { return n }\n'), []);
    });
});
