/** Arrays of processes: `process vmm[4]`. */
import assert from 'node:assert/strict';
import { Run } from '../../../emulator/run/run';
import { evaluate } from '../../../emulator/runtime/evaluate';
import { failureOf, passed, passes, runToEnd } from '../../support/runs';
import { findingsOf, programOf } from '../../support/programs';

const scenario = (body: string): string => `scenario "s" {\n    boot "7.2"\n${body}\n}`;
const failure = (body: string): string | undefined => failureOf(programOf(scenario(body)));
const findings = (body: string): readonly string[] => findingsOf(programOf(scenario(body)));

suite('arrays of processes', () => {
    test('each has its variables and descriptors', () => {
        passes(
            scenario(`
    process vmm[3], luod
    for i in 0..3 {
        vmm[i] {
            ram = memfd_create(str("ram-", i))
            ram.truncate((i + 1) * 1MiB)
            mine = i
        }
    }
    vmm[1] { assert mine == 1 && ram.size == 2MiB }
    assert vmm[0].mine == 0 && vmm[2].mine == 2 && vmm[1].state == "S"
    luod { lu = open("/dev/liveupdate"); for i in 0..3 { s = lu.create_session(str("vm-", i)); send s to vmm[i] } }
    for i in 0..3 { vmm[i] { s.preserve_fd(ram, token: i) } }
    assert session("vm-2").files.length == 1`),
        );
    });

    test('a process block can be a line, next to an element that is assigned', () => {
        passes(scenario('process vmm[2]\nl = [0]\nl[0] = 1\nvmm[l[0]] { x = l[0] }\nassert vmm[1].x == 1'));
    });

    test('one that was killed is started again, with the others as they are', () => {
        passes(
            scenario(`
    process vmm[3]
    for i in 0..3 { vmm[i] { x = i } }
    kill vmm[1]
    vmm[2] { exit }
    process vmm[3]
    vmm[1] { x = 7 }
    assert vmm[0].x == 0 && vmm[1].x == 7 && vmm[2].x == -1`),
        );
        assert.equal(
            failure('process vmm[2]\nvmm[0] { if 1 == 2 { exit } }\nprocess vmm[2]'),
            'the processes vmm[0] to vmm[1] are already running',
        );
    });

    test('run concurrently', () => {
        passes(
            scenario(`
    process vmm[4]
    concurrently {
        for i in 0..4 { vmm[i] { n = 0; for k in 0..3 { sleep 1ms; n += i }; at = i } }
    }
    for i in 0..4 { assert vmm[i].n == 3 * i && vmm[i].at == i }
    concurrently {
        vmm[0] { n = 100 }
        vmm[1] { n = 101 }
    }
    assert vmm[0].n == 100 && vmm[1].n == 101
    names = [3, 2]
    concurrently { for which in names { vmm[which] { n = which } } }
    assert vmm[3].n == 3 && vmm[2].n == 2`),
        );
        assert.match(
            failure('process vmm[2]\nconcurrently { for i in 0..2 { vmm[0] { sleep 1ms } } }') ?? '',
            /^a process runs one block/,
        );
    });

    test('survive no kexec', () => {
        passes(
            scenario(`
    process vmm[2]
    process luod { kexec_file_load("7.2"); reboot(KEXEC) }
    process vmm[2]
    vmm[1] { x = 1 }`),
        );
        assert.deepEqual(
            findings(
                'process vmm[2]\nvmm[0] { x = 1 }\nprocess luod { kexec_file_load("7.2"); reboot(KEXEC) }\nvmm[0] { log(x) }',
            ),
            [
                '6: LU0206: The process `vmm` is no longer running: the `reboot(KEXEC)` on line 5 ended it. Start it again with `process vmm`.',
            ],
        );
    });

    test('the index says which one', () => {
        assert.deepEqual(findings('process vmm[2], p\nvmm { _x = 1 }\np[0] { _y = 1 }\nassert vmm._x == 1\nkill vmm'), [
            '4: LU0205: `vmm` is an array of processes. Select one: `vmm[0]`.',
            '5: LU0316: `p` is a single process, without an index.',
            '6: LU0203: `vmm` is an array of processes. Select one: `vmm[0]`.',
            '7: LU0205: `vmm` is an array of processes. Select one: `vmm[0]`.',
        ]);
        assert.deepEqual(findings('process vmm[0]\nprocess m[2] { }\nprocess k["a"]'), [
            '3: LU0311: The number of processes must be from 1 to 256.',
            '4: LU0127: An array of processes is started without a block. Write `m[0] { }` after it.',
            '5: LU0301: The number of processes must be an integer, not a string.',
        ]);
        assert.equal(
            failure('process vmm[2]\nvmm[2] { log("x") }'),
            'the process vmm[2] is not running. Start it with "process vmm[2]"',
        );
    });

    test('also in functions of the scenario', () => {
        passes(`
fn start(n: int) {
    process vmm[n]
    for i in 0..n { vmm[i] { x = i } }
}
scenario "s" {
    boot "7.2"
    start(2)
    assert vmm[1].x == 1
    kill vmm[0] after 1
    vmm[0] { memfd_create("a") }
}`);
    });

    test('the console knows them', () => {
        const host = passed(programOf(scenario('process vmm[2]\nvmm[1] { x = 42 }\nassert vmm[1].x == 42')));
        assert.equal(evaluate(host, undefined, 'vmm[1].x').value, 42);
        assert.throws(() => evaluate(host, undefined, 'vmm[2].x'), /`vmm\[2\]` is not running/);
    });

    test('with a seed, the same schedule comes again', () => {
        const text = scenario(
            'process vmm[3]\nconcurrently { for i in 0..3 { vmm[i] { for k in 0..5 { log(i, ":", k); memfd_create("m").close() } } } }',
        );
        const told = (seed: number): string => {
            const { host } = Run.start(programOf(text), { seed });
            const lines: string[] = [];
            host.listeners.report({ log: (line) => void lines.push(line.text) });
            runToEnd(host);
            return lines.join(' ');
        };
        assert.equal(told(7), told(7));
        assert.notEqual(told(7), told(8));
    });
});
