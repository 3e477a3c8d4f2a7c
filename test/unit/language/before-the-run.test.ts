/** Mistakes that a run would show, said before it; and what looks like one and is none. */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../../support/programs';

const codes = (text: string): string[] =>
    findingsOf(programOf(text)).map((f) => f.replace(/^(\d+): (LU\d+).*/, '$1 $2'));

const inScenario = (line: string): string => `scenario "s" {\n    boot "7.2"\n    ${line}\n}\n`;

suite('before the run', () => {
    test('a range that counts down, or has no elements', () => {
        assert.deepEqual(codes(inScenario('for i in 4..0 { log(i) }')), ['3 LU0419']);
        assert.match(findingsOf(programOf(inScenario('for i in 4..0 { log(i) }')))[0] ?? '', /Did you mean `0\.\.4`\?/);
        assert.deepEqual(codes(`const N = 2\n${inScenario('for i in N..2 { log(i) }')}`), ['4 LU0419']);
        assert.deepEqual(codes(inScenario('for i in 0..1 { log(i) }')), []);
        assert.deepEqual(
            codes(`const N = 2\nfn f(N) { for i in N..2 { log(i) } }\n`),
            [],
            'a parameter hides the constant',
        );
    });

    test('a time without a unit', () => {
        assert.deepEqual(codes(inScenario('sleep 3')), ['3 LU0418']);
        for (const fine of ['sleep 3ms', 'sleep 0', 'sleep 5000', 'n = 3; sleep n', 'sleep 3 * 1ms']) {
            assert.deepEqual(codes(inScenario(fine)), [], fine);
        }
    });

    test('two devices at one address, in whatever way it is written', () => {
        const machine = (a: string, b: string): string =>
            `machine {\n    device a at "${a}" { kind nic }\n    device b at "${b}" { kind nic }\n}\n`;
        assert.deepEqual(codes(machine('0000:3b:00.0', '0000:3b:00.0')), ['3 LU0417']);
        assert.deepEqual(codes(machine('0000:3b:00.0', '0000:3b:00.1')), []);
    });

    test('a process before any kernel: once, and not where a function may have booted', () => {
        assert.deepEqual(codes('scenario "s" {\n    process a { exit }\n    process b { exit }\n}\n'), ['2 LU0420']);
        assert.deepEqual(
            codes('fn start() { boot "7.2" }\nscenario "s" {\n    start()\n    process a { exit }\n}\n'),
            [],
        );
    });

    test('processes with names that begin statements', () => {
        assert.deepEqual(codes(inScenario('process exit')), ['3 LU0421']);
        assert.deepEqual(codes(inScenario('process exiting')), []);
    });
});
