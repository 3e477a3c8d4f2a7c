/** Expressions and assignments in a stopped run. */
import { placeOf } from '../../../emulator/runtime/code';
import assert from 'node:assert/strict';
import { assign, evaluate, holds } from '../../../emulator/runtime/evaluate';
import { parseEntry } from '../../../emulator/language/syntax/entry';
import { errorsOf, loadProgram } from '../../../emulator/run/load-program';
import { Run } from '../../../emulator/run/run';
import { format, ProgramError } from '../../../emulator/language/values';
import type { Host } from '../../../emulator/runtime/host/host';
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
function stoppedAt(comment: string): Host {
    const uri = 'test:/s.lus';
    const program = loadProgram({ read: (u) => (u === uri ? SOURCE : undefined) }, uri);
    assert.deepEqual(errorsOf(program), []);
    const { host } = Run.start(program);
    for (let steps = 0; steps < 2000; steps++) {
        const frame = host.interpreter.current.top;
        const place = frame && placeOf(frame);
        const line = place ? SOURCE.slice(place.start, SOURCE.indexOf('\n', place.start)) : '';
        if (place?.uri === uri && line.trimEnd().endsWith(`// ${comment}`)) {
            return host;
        }
        host.interpreter.step('in');
        const stop = host.interpreter.run(1e6);
        assert.equal(stop?.reason, 'step');
    }
    throw new Error(`never came to "${comment}"`);
}

function value(host: Host, text: string): string {
    const { value: v, type } = evaluate(host, host.interpreter.current.top, text);
    return format(v, type);
}

function reason(host: Host, text: string): string {
    try {
        evaluate(host, host.interpreter.current.top, text);
    } catch (e) {
        assert.ok(e instanceof ProgramError, String(e));
        return e.message;
    }
    throw new Error(`${text} has a value`);
}

function hashOf(host: Host): string {
    const hasher = new Hasher();
    host.machine.hash(hasher);
    return String(hasher.num(host.kernel?.ids.file ?? 0).num(host.kernel?.log.length ?? 0).value);
}

suite('expressions in a stopped run', () => {
    test('operators, units, constants, error names', () => {
        const host = stoppedAt('at scenario level');
        assert.equal(value(host, '2 + 3 * 4'), '14');
        assert.equal(value(host, '64KiB == 65536 && !(1 > 2)'), 'true');
        assert.equal(value(host, 'false && nosuch'), 'false');
        assert.equal(value(host, 'LIMIT'), '4096');
        assert.equal(value(host, '-EBUSY'), '-16');
        assert.equal(value(host, '"a" + 1'), '"a1"');
        assert.equal(value(host, 'count'), '8');
        assert.equal(value(host, '[1, count][1]'), '8');
    });

    test('variables of processes: their own by name, those of others by their process', () => {
        const outside = stoppedAt('at scenario level');
        assert.equal(value(outside, 'luod.list[2]'), '3');
        assert.match(reason(outside, 'list'), /`list` is not defined/);
        const inside = stoppedAt('in the process');
        assert.equal(value(inside, 'list.length'), '3');
        assert.equal(value(inside, 'ram.size'), '65536');
        assert.deepEqual(evaluate(inside, inside.interpreter.current.top, 'ram').type, { k: 'fd' });
        assert.equal(value(inside, 'luod.vm1 == vm1'), 'true');
    });

    test('the arguments and structures of a callback, and what is in memory', () => {
        const host = stoppedAt('in the handler');
        assert.equal(value(host, 'args.file.queues'), '2');
        assert.equal(value(host, 'ser.wide == 0xffff_ffff_ffff_fff0'), 'true');
        assert.equal(value(host, 'ser.magic & 0xff'), '73');
        assert.equal(value(host, 'at(State, phys(ser)).magic == ser.magic'), 'true');
        assert.equal(value(host, 'ser.ring_pa == phys(args.file.ring)'), 'true');
        assert.equal(evaluate(host, host.interpreter.current.top, 'ser.ring_pa').type.k, 'phys');
        assert.equal(value(host, 'luo.outgoing.find("vm-1").name'), '"vm-1"');
        assert.equal(value(host, 'nic_handler.compatible'), '"nic-v1"');
    });

    test('system calls are tried out, and what they did is taken back', () => {
        const host = stoppedAt('in the process');
        const before = hashOf(host);
        const frame = host.interpreter.current.top;
        assert.equal(value(host, 'ram.pread(5, at: 0) == "hello" || ram.pread(5, at: 0).length == 5'), 'true');
        assert.equal(value(host, 'try ram.truncate(1)'), '0');
        assert.equal(value(host, 'ram.size'), '65536');
        assert.equal(value(host, 'memfd_create("other")'), '7');
        assert.equal(value(host, 'try lu.truncate(0)'), '-22');
        assert.match(reason(host, 'lu.truncate(0)'), /fails with EINVAL/);
        assert.equal(value(host, 'open("/dev/null")'), '7');
        assert.equal(value(host, 'try open("/dev/liveupdate")'), '-16');
        assert.equal(value(host, 'try vm1.finish()'), '-22');
        assert.equal(value(host, 'vm1.preserve_fd(ram, token: 5)'), '0');
        assert.equal(value(host, 'double(list[2]) + double(1)'), '8');
        assert.match(reason(host, 'lu.create_session("vm-1")'), /fails with EEXIST/);
        assert.match(reason(host, 'broken()'), /ram.truncate\(-1\) fails with EINVAL/);
        assert.match(reason(host, 'endless()'), /too long/);
        assert.equal(hashOf(host), before);
        assert.equal(host.interpreter.current.top, frame);
        assert.equal(host.interpreter.run(FOREVER)?.reason, 'end');
        assert.equal(host.interpreter.outcome?.passed, true);
    });

    test('what has no value says why, in one sentence', () => {
        const host = stoppedAt('in the process');
        assert.match(reason(host, 'lits'), /`lits` is not defined. Did you mean `list`\?/);
        assert.match(reason(host, ''), /expression is empty/);
        assert.match(reason(host, '1 +'), /missing/);
        assert.match(reason(host, '1 2'), /does not belong/);
        assert.match(reason(host, 'panic("x")'), /has side effects/);
        assert.match(reason(host, 'list[3]'), /outside this list/);
        assert.match(reason(host, '1 / 0'), /division by zero/);
        assert.match(reason(host, 'list = 3'), /Use == to compare/);
        assert.match(reason(host, 'vm1.get_name'), /method/);
    });

    test('assigning variables, fields of structures and of files', () => {
        const host = stoppedAt('in the handler');
        const set = (text: string): void => void assign(host, host.interpreter.current.top, parseEntry(text));
        set('ser.magic = 7');
        set('ser.magic += 1');
        assert.equal(value(host, 'ser.magic'), '8');
        set('args.file.queues = 5');
        assert.equal(value(host, 'args.file.queues'), '5');
        assert.throws(() => set('ser.magic = 0x1_0000_0000'), /does not fit/);
        assert.throws(() => set('LIMIT = 1'), /is not a variable/);
        assert.throws(() => set('nosuch = 1'), /There is no variable `nosuch`/);
    });

    test('an assigned variable decides how the run goes on', () => {
        const host = stoppedAt('at scenario level');
        assign(host, host.interpreter.current.top, parseEntry('count = 9'));
        assert.equal(host.interpreter.run(FOREVER)?.reason, 'exception');
        assert.match(host.interpreter.outcome?.failure?.message ?? '', /count == 8/);
    });

    test('a condition holds for anything but false, 0 and nothing', () => {
        assert.deepEqual([true, 1, 'x', 5n].map(holds), [true, true, true, true]);
        assert.deepEqual([false, 0, null, undefined].map(holds), [false, false, false, false]);
    });
});
