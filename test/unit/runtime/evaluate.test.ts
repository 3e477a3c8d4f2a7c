/** Expressions and assignments in a stopped run. */
import assert from 'node:assert/strict';
import { assign, evaluate, holds } from '../../../emulator/runtime/evaluate';
import { parseEntry } from '../../../emulator/language/syntax/entry';
import { errorsOf, loadProgram } from '../../../emulator/run/load-program';
import { Run } from '../../../emulator/run/run';
import { format, ProgramError } from '../../../emulator/language/values';
import type { Vm } from '../../../emulator/runtime/interpreter';
import { Hasher } from '../../../emulator/machine/hash';
import { FOREVER } from '../../support/runs';

const SOURCE = `
const LIMIT = 4 * KILO
const KILO = 1024
struct State { magic: u32; wide: u64; ring_pa: phys }
file nic at "/dev/nic0" {
    queues: u32 = 2
    ring: folio
    open()    { ring = alloc_folio(order: 0) }
    release() { put_folio(ring) }
}
fn double(x) { return x * 2 }
fn broken() { ram = memfd_create("x"); ram.truncate(-1) }
fn endless() { while true { } }
handler nic_handler "nic-v1" for nic {
    can_preserve(file) { return file.kind == nic }
    preserve(args) {
        ser = kho.alloc_preserve(State)
        ser.magic = 0x4e49
        ser.wide = 0xffff_ffff_ffff_fff0
        ser.ring_pa = phys(args.file.ring)
        args.serialized_data = phys(ser)    // in the handler
    }
    unpreserve(args) { kho.unpreserve_free(at(State, args.serialized_data)) }
    retrieve(args) { return -EIO }
    finish(args) { }
}
kernel "nic" from "7.2" { handlers + nic_handler }
scenario "s" {
    count = double(4)
    boot "nic"
    process luod, vmm
    luod {
        lu = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        card = open("/dev/nic0")
        ram = memfd_create("ram")
        ram.truncate(64KiB)
        ram.pwrite("hello", at: 0)
        list = [1, 2, 3]
        vm1.preserve_fd(card, token: 0x10)
        log(list, lu)                       // in the process
    }
    assert count == 8                       // at scenario level
}
`;

/** Runs until the statement on the line that ends with this comment. */
function stoppedAt(comment: string): Vm {
    const uri = 'test:/s.lus';
    const program = loadProgram({ read: (u) => (u === uri ? SOURCE : undefined) }, uri);
    assert.deepEqual(errorsOf(program), []);
    const { vm } = Run.start(program);
    for (let steps = 0; steps < 2000; steps++) {
        const frame = vm.current.top;
        const place = frame && vm.placeOf(frame);
        const line = place ? SOURCE.slice(place.start, SOURCE.indexOf('\n', place.start)) : '';
        if (place?.uri === uri && line.trimEnd().endsWith(`// ${comment}`)) {
            return vm;
        }
        vm.step('in');
        const stop = vm.run(1e6);
        assert.equal(stop?.reason, 'step');
    }
    throw new Error(`never came to "${comment}"`);
}

function value(vm: Vm, text: string): string {
    const { value: v, type } = evaluate(vm, vm.current.top, text);
    return format(v, type);
}

function reason(vm: Vm, text: string): string {
    try {
        evaluate(vm, vm.current.top, text);
    } catch (e) {
        assert.ok(e instanceof ProgramError, String(e));
        return e.message;
    }
    throw new Error(`${text} has a value`);
}

function hashOf(vm: Vm): string {
    const hasher = new Hasher();
    vm.machine.hash(hasher);
    return String(hasher.num(vm.kernel?.ids.file ?? 0).num(vm.kernel?.log.length ?? 0).value);
}

suite('expressions in a stopped run', () => {
    test('operators, units, constants, error names', () => {
        const vm = stoppedAt('at scenario level');
        assert.equal(value(vm, '2 + 3 * 4'), '14');
        assert.equal(value(vm, '64KiB == 65536 && !(1 > 2)'), 'true');
        assert.equal(value(vm, 'false && nosuch'), 'false');
        assert.equal(value(vm, 'LIMIT'), '4096');
        assert.equal(value(vm, '-EBUSY'), '-16');
        assert.equal(value(vm, '"a" + 1'), '"a1"');
        assert.equal(value(vm, 'count'), '8');
        assert.equal(value(vm, '[1, count][1]'), '8');
    });

    test('variables of processes: their own by name, those of others by their process', () => {
        const outside = stoppedAt('at scenario level');
        assert.equal(value(outside, 'luod.list[2]'), '3');
        assert.match(reason(outside, 'list'), /Nothing is called `list` here/);
        const inside = stoppedAt('in the process');
        assert.equal(value(inside, 'list.length'), '3');
        assert.equal(value(inside, 'ram.size'), '65536');
        assert.deepEqual(evaluate(inside, inside.current.top, 'ram').type, { k: 'fd' });
        assert.equal(value(inside, 'luod.vm1 == vm1'), 'true');
    });

    test('the arguments and structures of a callback, and what is in memory', () => {
        const vm = stoppedAt('in the handler');
        assert.equal(value(vm, 'args.file.queues'), '2');
        assert.equal(value(vm, 'ser.wide == 0xffff_ffff_ffff_fff0'), 'true');
        assert.equal(value(vm, 'ser.magic & 0xff'), '73');
        assert.equal(value(vm, 'at(State, phys(ser)).magic == ser.magic'), 'true');
        assert.equal(value(vm, 'ser.ring_pa == phys(args.file.ring)'), 'true');
        assert.equal(evaluate(vm, vm.current.top, 'ser.ring_pa').type.k, 'phys');
        assert.equal(value(vm, 'luo.outgoing.find("vm-1").name'), '"vm-1"');
        assert.equal(value(vm, 'nic_handler.compatible'), '"nic-v1"');
    });

    test('system calls are tried out, and what they did is taken back', () => {
        const vm = stoppedAt('in the process');
        const before = hashOf(vm);
        const frame = vm.current.top;
        assert.equal(value(vm, 'ram.pread(5, at: 0) == "hello" || ram.pread(5, at: 0).length == 5'), 'true');
        assert.equal(value(vm, 'try ram.truncate(1)'), '0');
        assert.equal(value(vm, 'ram.size'), '65536');
        assert.equal(value(vm, 'memfd_create("other")'), '7');
        assert.equal(value(vm, 'try lu.truncate(0)'), '-22');
        assert.match(reason(vm, 'lu.truncate(0)'), /fails with EINVAL/);
        assert.equal(value(vm, 'open("/dev/null")'), '7');
        assert.equal(value(vm, 'try open("/dev/liveupdate")'), '-16');
        assert.equal(value(vm, 'try vm1.finish()'), '-22');
        assert.equal(value(vm, 'vm1.preserve_fd(ram, token: 5)'), '0');
        assert.equal(value(vm, 'double(list[2]) + double(1)'), '8');
        assert.match(reason(vm, 'lu.create_session("vm-1")'), /fails with EEXIST/);
        assert.match(reason(vm, 'broken()'), /ram.truncate\(-1\) fails with EINVAL/);
        assert.match(reason(vm, 'endless()'), /too long/);
        assert.equal(hashOf(vm), before);
        assert.equal(vm.current.top, frame);
        assert.equal(vm.run(FOREVER)?.reason, 'end');
        assert.equal(vm.outcome?.passed, true);
    });

    test('what has no value says why, in one sentence', () => {
        const vm = stoppedAt('in the process');
        assert.match(reason(vm, 'lits'), /Nothing is called `lits` here. Did you mean `list`\?/);
        assert.match(reason(vm, ''), /no expression/);
        assert.match(reason(vm, '1 +'), /missing/);
        assert.match(reason(vm, '1 2'), /does not belong/);
        assert.match(reason(vm, 'panic("x")'), /does something/);
        assert.match(reason(vm, 'list[3]'), /outside of this list/);
        assert.match(reason(vm, '1 / 0'), /division by zero/);
        assert.match(reason(vm, 'list = 3'), /write == to compare/);
        assert.match(reason(vm, 'vm1.get_name'), /method/);
    });

    test('assigning variables, fields of structures and of files', () => {
        const vm = stoppedAt('in the handler');
        const set = (text: string): void => void assign(vm, vm.current.top, parseEntry(text));
        set('ser.magic = 7');
        set('ser.magic += 1');
        assert.equal(value(vm, 'ser.magic'), '8');
        set('args.file.queues = 5');
        assert.equal(value(vm, 'args.file.queues'), '5');
        assert.throws(() => set('ser.magic = 0x1_0000_0000'), /does not fit/);
        assert.throws(() => set('LIMIT = 1'), /no variable/);
        assert.throws(() => set('nosuch = 1'), /No variable is called `nosuch`/);
    });

    test('an assigned variable decides how the run goes on', () => {
        const vm = stoppedAt('at scenario level');
        assign(vm, vm.current.top, parseEntry('count = 9'));
        assert.equal(vm.run(FOREVER)?.reason, 'exception');
        assert.match(vm.outcome?.failure?.message ?? '', /count == 8/);
    });

    test('a condition holds for anything but false, 0 and nothing', () => {
        assert.deepEqual([true, 1, 'x', 5n].map(holds), [true, true, true, true]);
        assert.deepEqual([false, 0, null, undefined].map(holds), [false, false, false, false]);
    });
});
