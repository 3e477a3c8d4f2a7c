/** The pieces of which the command's reports are made. */
import assert from 'node:assert/strict';
import { excerpt } from '../../../emulator/cli/excerpt';
import { junitReporter } from '../../../emulator/cli/report/junit';
import type { FileResult, ScenarioResult, Where } from '../../../emulator/cli/results';
import { COLOURED, PLAIN, styleFor } from '../../../emulator/cli/style';
import { callStack } from '../../../emulator/runtime/call-stack';
import { LineMap } from '../../../emulator/language/syntax/positions';
import { Run } from '../../../emulator/run/run';
import { programOf } from '../../support/programs';
import { Random } from '../../support/random';

const at = (line: number, column: number, endLine: number, endColumn: number): Where => ({
    file: 'a.lus',
    line,
    column,
    endLine,
    endColumn,
});

suite('lines and columns', () => {
    test('of empty texts, ends of lines and ends of texts', () => {
        assert.deepEqual(new LineMap('').position(0), { line: 1, column: 1 });
        const map = new LineMap('ab\r\nc\n');
        assert.equal(map.lines, 3);
        assert.deepEqual(
            [0, 2, 3, 4, 5, 6].map((o) => Object.values(map.position(o))),
            [
                [1, 1],
                [1, 3],
                [1, 4],
                [2, 1],
                [2, 2],
                [3, 1],
            ],
        );
        assert.deepEqual(map.position(99), { line: 3, column: 1 });
        assert.deepEqual(
            [0, 1, 2, 3, 4].map((n) => map.line(n)),
            ['', 'ab', 'c', '', ''],
        );
        assert.deepEqual(
            [map.offset(1, 2), map.offset(2, 1), map.offset(1, 99), map.offset(9, 9), map.offset(0, 0)],
            [1, 4, 2, 6, 0],
        );
    });

    test('every offset that is in a line comes back from its position', () => {
        const random = new Random(1);
        for (let i = 0; i < 50; i++) {
            const text = Array.from({ length: random.below(40) }, () => 'ab\n'[random.below(3)] ?? '').join('');
            const map = new LineMap(text);
            for (let o = 0; o <= text.length; o++) {
                const { line, column } = map.position(o);
                assert.equal(text.slice(0, o).split('\n').length, line);
                assert.equal(map.offset(line, column), o);
            }
        }
    });
});

suite('source excerpts', () => {
    test('the place is underlined, below tabs too', () => {
        const lines = new LineMap('one\n\tif x {\n\t\ttwo()\n');
        assert.deepEqual(excerpt(lines, at(3, 3, 3, 8), PLAIN, 1), [
            '  2 |     if x {',
            '> 3 |         two()',
            '    |         ^^^^^',
        ]);
    });

    test('what spans lines is underlined to the end of its first, and an empty place still shows', () => {
        const lines = new LineMap('a {\n}\n');
        assert.deepEqual(excerpt(lines, at(1, 1, 2, 2), PLAIN), ['> 1 | a {', '    | ^^^']);
        assert.deepEqual(excerpt(lines, at(3, 1, 3, 1), PLAIN), ['> 3 |', '    | ^']);
    });
});

suite('colours', () => {
    test('NO_COLOR, FORCE_COLOR and dumb terminals', () => {
        const cases: [boolean, Record<string, string>, boolean][] = [
            [true, {}, true],
            [false, {}, false],
            [true, { NO_COLOR: '1' }, false],
            [true, { NO_COLOR: '' }, true],
            [false, { FORCE_COLOR: '1' }, true],
            [true, { FORCE_COLOR: '0' }, false],
            [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, true],
            [true, { TERM: 'dumb' }, false],
        ];
        for (const [isTTY, env, coloured] of cases) {
            assert.equal(styleFor({ isTTY }, env), coloured ? COLOURED : PLAIN, JSON.stringify([isTTY, env]));
        }
    });
});

suite('JUnit XML', () => {
    test('holds any text', () => {
        let out = '';
        const reporter = junitReporter((text) => {
            out += text;
        });
        const where = at(1, 1, 1, 2);
        const nasty = 'a\u0000b <&>"\n\ud800 \u{1f600} ]]>';
        const result: ScenarioResult = {
            name: nasty,
            where,
            passed: false,
            seed: 7,
            seeds: null,
            timeNs: 0,
            boots: 0,
            updates: [],
            diagnoses: [],
            output: [{ level: 'log', text: nasty, timeNs: 0, boot: 0 }],
            failure: { kind: 'failed-call', message: nasty, where, stack: [], cause: null, waiting: [], kernelLog: [] },
        };
        const file: FileResult = { file: 'a.lus', errors: [], scenarios: [result] };
        reporter.start(1);
        reporter.scenario('a.lus', result, 0.5);
        reporter.end({ files: [file], skipped: 0, comparison: null });
        assert.ok(out.includes('name="a\ufffdb &lt;&amp;&gt;&quot;&#10;\ufffd \u{1f600} ]]&gt;"'), out);
        assert.ok(out.includes('<system-out>a\ufffdb &lt;&amp;&gt;"\n\ufffd \u{1f600} ]]&gt;</system-out>'), out);
        assert.ok(out.includes('time="0.500"'));
        assert.ok(out.includes('<property name="seed" value="7"/>'));
    });
});

suite('call stacks', () => {
    test('lead from a callback through the kernel to the line of the scenario', () => {
        const text =
            'scenario "s" {\n    boot "7.2"\n    process luod {\n        lu = open("/dev/liveupdate")\n        vm1 = lu.create_session("vm-1")\n' +
            '        vm1.preserve_fd(memfd_create("ram"), token: 5)\n        kexec_file_load("7.2")\n        reboot(KEXEC)\n    }\n}\n';
        const { host } = Run.start(programOf({ 'a.lus': text }));
        let labels: string[] = [];
        host.listeners.report({
            callbackEntered(call) {
                if (call.name === 'memfd.freeze') {
                    labels = callStack(host.interpreter.current).map((e) => e.label);
                }
            },
        });
        host.interpreter.run(1 << 24);
        assert.deepEqual(labels, [
            'memfd.freeze',
            'freeze session "vm-1" (file 1 of 1)',
            'luo_session_serialize',
            'liveupdate_reboot',
            'reboot(KEXEC)',
            'luod, scenario',
            'scenario "s"',
        ]);
    });
});
