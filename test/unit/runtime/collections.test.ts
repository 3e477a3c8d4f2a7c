/** Lists that grow, and records. */
import assert from 'node:assert/strict';
import { Run } from '../../../emulator/run/run';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { failureOf, FOREVER, passes } from '../../support/runs';
import { findingsOf, programOf } from '../../support/programs';

const scenario = (body: string): string => `scenario "s" {\n${body}\n}`;
const failure = (body: string): string | undefined => failureOf(programOf(scenario(body)));
const findings = (body: string): readonly string[] => findingsOf(programOf(scenario(body)));

suite('lists', () => {
    test('grow', () => {
        passes(
            scenario(`
    squares = [0]
    for i in 1..5 { squares.push(i * i) }
    assert squares == [0, 1, 4, 9, 16] && squares.length == 5
    names = []
    names.push("a")
    names.push(1)
    assert names == ["a", 1]
    boot "7.2"
    process p { fds = []; for i in 0..3 { fds.push(memfd_create(str("m", i))) }; fds[2].truncate(1) }
    assert p.fds.length == 3`),
        );
    });

    test('a function changes the list that it gets', () => {
        passes(
            `fn add(to: list, n: int) { for i in 0..n { to.push(i) } }\n${scenario('l = [7]; add(l, 2); assert l == [7, 0, 1]')}`,
        );
    });

    test('take elements of their type only', () => {
        assert.deepEqual(findings('l = [1]; l.push("a"); log(l)'), [
            '2: LU0301: `element` of `push` must be an integer, not a string.',
        ]);
    });

    test('have an end', () => {
        assert.equal(failure('l = [1]; while true { l.push(1) }'), 'a list has at most 1048576 elements');
    });

    test('of the kernel, and arrays in memory, do not grow', () => {
        assert.match(failure('boot "7.2"\nluo.handlers.push(luo.handlers[0])') ?? '', /^this must be a list/);
    });

    test('may contain themselves', () => {
        const program = programOf(scenario('l = []; l.push(l); m = []; m.push(m); log(l, m)\nassert l == m'));
        assert.match(failureOf(program) ?? '', /nested more than 200 deep/);
    });
});

suite('records', () => {
    test('have fields that can be read and assigned', () => {
        passes(
            scenario(`
    vm = record(name: "vm-1", ram: 64MiB, tokens: [1])
    vm.ram += 1MiB
    vm.tokens.push(2)
    assert vm.name == "vm-1" && vm.ram == 65MiB && vm.tokens == [1, 2]
    assert vm == record(ram: 65MiB, tokens: [1, 2], name: "vm-1")
    assert vm != record(ram: 65MiB, tokens: [1, 2], name: "vm-2")
    same = vm
    same.name = "vm-2"
    assert vm.name == "vm-2"`),
        );
    });

    test('hold what belongs together, in processes and their functions', () => {
        passes(`
fn guest(name: string, ram: int) {
    memory = memfd_create(name)
    memory.truncate(ram)
    return record(name: name, memory: memory)
}
fn sizeOf(vm: record) { return vm.memory.size }
scenario "s" {
    boot "7.2"
    process vmm {
        vms = []
        for i in 0..3 { vms.push(guest(str("vm-", i), (i + 1) * 1MiB)) }
        for vm in vms { log(vm.name, ": ", sizeOf(vm)) }
        assert sizeOf(vms[2]) == 3MiB
    }
    assert vmm.vms[0].name == "vm-0"
}`);
    });

    test('are printed as they are written', () => {
        assert.equal(
            failure('vm = record(name: "a", at: 1); assert vm == record(name: "b", at: 1)'),
            'assertion failed: vm == record(name: "b", at: 1), but the left side is record(name: "a", at: 1) and the right side is record(name: "b", at: 1)',
        );
    });

    test('have no other fields, and fields of one type', () => {
        assert.deepEqual(findings('r = record(name: "a"); r.nam = "b"; r.name = 1; r.token = 2; log(r)'), [
            '2: LU0203: A record with name has no `nam`. Did you mean `name`?',
            '2: LU0301: `r.name` is a string. It cannot be assigned an integer.',
            '2: LU0203: A record with name has no `token`.',
        ]);
        assert.deepEqual(findings('log(record(1, a: 2, a: 3))'), [
            '2: LU0306: `record` needs a name for every field: `name: value`.',
            '2: LU0307: `record` is given `a` twice. Remove one of them.',
        ]);
        assert.equal(failure('l = []; l.push(record(a: 1)); log(l[0].b)'), 'record(a: 1) has no field b');
    });

    test('record is a name like others', () => {
        passes(
            'fn record(x: int) { return x }\nscenario "s" { assert record(2) == 2; record = 1; push = 2; assert record < push }',
        );
    });

    test('objects of an ended kernel in them are gone, and the record is the same', () => {
        const program = programOf(
            scenario(`
    boot "7.2"
    r = record(kernel: none, n: 1)
    l = [r]
    process p { s = open("/dev/liveupdate").create_session("a") }
    r.kernel = session("a")
    boot "7.2"
    l[0].n = 2
    assert r.n == 2
    log(r.kernel.name)`),
        );
        assert.match(failureOf(program) ?? '', /of the previous kernel/);
    });
});

test('checkpoints restore lists and records, and fingerprints tell them apart', () => {
    const program = programOf(
        scenario(`
    l = [record(n: 0)]
    for i in 0..20 { l.push(record(n: i)); l[0].n = i }`),
    );
    const { host } = Run.start(program);
    const { interpreter } = host;
    const prints = new Map<number, string>();
    interpreter.run(30);
    const checkpoint = interpreter.checkpoint();
    for (let i = 0; i < 30; i++) {
        prints.set(interpreter.ticks, fingerprint(host));
        interpreter.run(1);
    }
    assert.equal(new Set(prints.values()).size, 30);
    interpreter.restore(checkpoint);
    for (const [ticks, print] of prints) {
        assert.equal(interpreter.ticks, ticks);
        assert.equal(fingerprint(host), print);
        interpreter.run(1);
    }
    interpreter.run(FOREVER);
    assert.equal(interpreter.outcome?.passed, true);
});
