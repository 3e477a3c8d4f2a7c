/** Completions and help of the debug console, and the texts of values with units. */
import assert from 'node:assert/strict';
import { valueIn } from '../../../emulator/presentation/item';
import {
    aboutHelp,
    consoleOffers,
    helpText,
    withHandleType,
    withoutSuffix,
} from '../../../emulator/presentation/console';
import { itemOf } from '../../../emulator/presentation/values';
import { Run } from '../../../emulator/run/run';
import { evaluate, viewpointOf } from '../../../emulator/runtime/evaluate';
import type { Host } from '../../../emulator/runtime/host/host';
import type { Viewpoint } from '../../../emulator/runtime/names-in-scope';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';
import { FOREVER } from '../../support/runs';
import { lineAt } from '../../support/timelines';

const SOURCE = `const MAGIC = 0x4e49_4331
struct BoxState { count: u64 }
file box at "/dev/box" { count: u64 = 41 }
handler box_handler "box-v1" for box {
    can_preserve(file) { return file.kind == box }
    preserve(args) {
        ser = kho.alloc_preserve(BoxState)
        args.serialized_data = phys(ser)
        ser.count = args.file.count
    }
    unpreserve(args) { }
    retrieve(args) { args.file = new box() }
    finish(args) { }
}
kernel "7.2-box" from "7.2" { handlers + box_handler }
fn twice(number) { return number * 2 }
scenario "s" {
    boot "7.2-box"
    process luod {
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        ram = memfd_create("guest-ram")
        ram.truncate(2MiB)
        vm1.preserve_fd(open("/dev/box"), token: 7)
        log("done")
    }
}`;

/** A run that has stopped at a line. */
function at(line: number): { readonly host: Host; readonly here: Viewpoint } {
    const { host } = Run.start(programOf(SOURCE), {});
    const { interpreter } = host;
    while (lineAt(host) !== `test.lus:${line}`) {
        interpreter.step('in own code');
        assert.equal(interpreter.run(FOREVER)?.reason, 'step');
    }
    return { host, here: viewpointOf(host, host.frame) };
}

function offered(line: number, text: string): string[] {
    const { host, here } = at(line);
    return consoleOffers(host, here, text, text.length).offers.map((o) => o.name);
}

suite('console: completions', () => {
    test('of variables come first, then objects, functions and constants', () => {
        const all = offered(24, '');
        assert.deepEqual(all.slice(0, 2).sort(), ['ram', 'vm1']);
        for (const name of ['luod', 'kernel', 'update', 'twice', 'MAGIC', 'BoxState', 'at', 'EBUSY']) {
            assert.ok(all.includes(name), name);
        }
        assert.ok(!all.includes('log'), 'it has no value');
        assert.deepEqual(offered(24, 'twice(MAG'), ['MAGIC']);
    });

    test('behind a dot are the members of the value', () => {
        assert.ok(offered(24, 'ram.').includes('size'));
        assert.ok(offered(24, 'x = 1 + ram.tr').includes('truncate'));
        assert.deepEqual(offered(9, 'ser.'), ['count']);
        assert.ok(offered(9, 'args.').includes('serialized_data'));
        assert.deepEqual(offered(9, 'args.file.c').slice(0, 1), ['count']);
        assert.deepEqual(offered(24, 'open("/dev/box").create_s'), ['create_session']);
        assert.ok(offered(24, 'luod.').includes('vm1'));
    });

    test('of a descriptor, the calls that work on its file come first', () => {
        assert.deepEqual(offered(24, 'vm1.').slice(0, 3), ['preserve_fd', 'retrieve_fd', 'finish']);
        assert.deepEqual(offered(24, 'ram.').slice(0, 3), ['truncate', 'pwrite', 'pread']);
    });

    test('are none in strings, behind numbers and for what has no value', () => {
        for (const text of ['open("/dev', '12', 'nothing.', '.', 'ram.truncate(']) {
            const names = offered(24, text);
            assert.equal(names.length > 0, text.endsWith('('), text);
        }
    });

    test('tell the word that they replace, and change nothing', () => {
        const { host, here } = at(24);
        const before = fingerprint(host);
        const { start, offers } = consoleOffers(host, here, 'ram.trunc + 1', 9);
        assert.deepEqual([start, offers.map((o) => o.name)], [4, ['truncate']]);
        assert.match(offers[0]?.detail ?? '', /^truncate\(/);
        consoleOffers(host, here, 'vm1.preserve_fd(ram, token: 9).', 31);
        assert.equal(fingerprint(host), before);
    });
});

suite('console: help', () => {
    test('lists what one can type, and the names of the place', () => {
        const { host, here } = at(24);
        const text = helpText(host, here, '');
        assert.match(text, /Names here: .*vm1/);
        assert.match(text, /expression,x/);
    });

    test('describes functions, members and objects, without Markdown', () => {
        const { host, here } = at(24);
        assert.match(helpText(host, here, 'truncate'), /^truncate\(.*\n {2}\w/);
        assert.match(helpText(host, here, 'kho.alloc_preserve'), /^alloc_preserve\(/);
        assert.match(helpText(host, here, 'update'), /live update/);
        assert.doesNotMatch(helpText(host, here, 'update'), /\]\(/);
        assert.throws(() => helpText(host, here, 'nonsense'), /There is no help about nonsense/);
    });

    test('is asked for by the word, unless it is a variable', () => {
        const { host, here } = at(24);
        assert.equal(aboutHelp(host, here, ' help '), '');
        assert.equal(aboutHelp(host, here, 'help kho.fdt'), 'kho.fdt');
        assert.equal(aboutHelp(host, here, 'helper'), undefined);
        const own = Run.start(programOf('scenario "s" {\n    help = 1\n    log(help)\n}'), {});
        while (lineAt(own.host) !== 'test.lus:3') {
            own.host.interpreter.step('next');
            own.host.interpreter.run(FOREVER);
        }
        assert.equal(aboutHelp(own.host, viewpointOf(own.host, own.host.frame), 'help'), undefined);
    });
});

suite('console: values', () => {
    test('a suffix selects the number format', () => {
        assert.deepEqual(withoutSuffix('args.count,x'), { expression: 'args.count', asHex: true });
        assert.deepEqual(withoutSuffix('f(a, x) , d'), { expression: 'f(a, x)', asHex: false });
        assert.deepEqual(withoutSuffix('f(a,x)'), { expression: 'f(a,x)', asHex: undefined });
    });

    test('sizes and times have units, and integers have a hexadecimal form', () => {
        const { host, here } = at(24);
        const shown = (text: string, asHex: boolean): string =>
            valueIn(itemOf(host, text, evaluate(host, here, text)), asHex);
        assert.equal(shown('ram.size', false), '2097152 (2 MiB)');
        assert.equal(shown('ram.size', true), '0x200000');
        assert.equal(shown('MAGIC', false), '1313424177');
        assert.equal(shown('MAGIC', true), '0x4e494331');
        assert.match(shown('clock.now', false), /^\d+ \([\d.]+ m?s\)$/);
        assert.equal(shown('"text"', true), '"text"');
    });

    test('a handle whose type the callbacks tell is an address', () => {
        const { host, here } = at(9);
        const typed = (text: string): string =>
            itemOf(host, text, withHandleType(host, here, text, evaluate(host, here, text))).value;
        assert.match(typed('args.serialized_data'), /^0x[0-9a-f]+$/);
        assert.equal(typed('1 + args.file.count'), '42');
    });
});
