/** What a diagnosis says: place, message, history and data; and where nothing is wrong. */
import assert from 'node:assert/strict';
import type { DiagnosisCode } from '../../../emulator/findings/catalogue';
import type { Diagnosis } from '../../../emulator/findings/diagnosis';
import type { Program } from '../../../emulator/language/program';
import { Run } from '../../../emulator/run/run';
import type { Host } from '../../../emulator/runtime/host/host';
import { correctProgram, programOf } from '../../support/programs';
import { FOREVER, passed } from '../../support/runs';
import { sections } from '../../support/diagnoses-page';
import { Chronicle } from '../../../emulator/diagnosis/chronicle';
import { Diagnoses } from '../../../emulator/diagnosis/diagnoses';
const ran = (program: Program, scenario?: string): Host => passed(program, { scenario });

function found(host: Host): readonly Diagnosis[] {
    return Diagnoses.of(host)?.found.items ?? [];
}

const codes = (host: Host): string[] => found(host).map((d) => d.code);

/** The text at a place. */
function textAt(program: Program, place: Diagnosis['place']): string | undefined {
    return place && program.files.get(place.uri)?.text.slice(place.start, place.end);
}

const page = sections();
const documented = (code: DiagnosisCode): Program => programOf(page.get(code)?.text ?? '');

/** The first diagnosis with this code in the first scenario of its example. */
function example(code: DiagnosisCode): { readonly program: Program; readonly host: Host; readonly d: Diagnosis } {
    const program = documented(code);
    const host = ran(program);
    const d = found(host).find((x) => x.code === code);
    assert.ok(d, code);
    return { program, host, d };
}

suite('diagnoses: place, history and data', () => {
    test('a pointer that dangles is said at the reboot, with its path and the history of the page', () => {
        const { program, d } = example('LU1012');
        assert.match(textAt(program, d.place) ?? '', /^reboot\(KEXEC\)/);
        assert.match(
            d.message,
            /^Queues\.tx of token 0x1 of session "vm-1" \(card-v1\) points to 0x[0-9a-f]+, which is not preserved \(memory of tx queue of card0\)/,
        );
        assert.equal(d.data['pointer'], 'Queues.tx');
        assert.deepEqual(
            d.history.map((h) => h.text),
            ['preserve_fd(token: 0x1)', 'allocated: tx queue of card0'],
        );
        assert.match(textAt(program, d.history[0]?.place) ?? '', /^vm1\.preserve_fd\(/);
        assert.equal(d.boot, 0);
    });

    test('the history of a device is its own, and what it suffers stands where the kernel was left', () => {
        for (const code of ['LU1040', 'LU1041', 'LU1042', 'LU1043'] as const) {
            const { d } = example(code);
            assert.match(d.history[0]?.text ?? '', /\.preserve for token 0x[0-9a-f]+ of session "/, code);
            assert.ok(
                d.history.every((h) => !/^(allocated|reserved|released|inherited)/.test(h.text)),
                code,
            );
        }
        const { program, d } = example('LU1043');
        assert.match(textAt(program, d.place) ?? '', /^reboot\(KEXEC\)/);
    });

    test('the history of a page leaves out what lay there before anybody allocated it', () => {
        // all memory is used, that of the initial RAM disk, too
        const host = passed(correctProgram('machine { memory 256MiB }\nscenario "s" { boot "7.2"\n fill_memory() }'));
        const { history, owners } = host.machine;
        const chronicle = new Chronicle(host, () => undefined);
        let reused = 0;
        for (let i = 0; i < history.length; i++) {
            const { kind, pfn } = history.at(i);
            const [first, second, third] = history.of(pfn);
            if (kind === 'allocated' && first && second?.kind === 'released') {
                assert.match(owners.name(first.owner), /initrd/);
                assert.match(chronicle.ofPage(pfn)[0]?.text ?? '', new RegExp(`^${third?.kind}: `));
                reused++;
            }
        }
        assert.ok(reused > 0, 'pages of the initrd are allocated later');
    });

    test('a leak names who preserved it, and stands where that was', () => {
        const { program, d } = example('LU1001');
        assert.deepEqual([d.data['pages'], d.data['preservedBy']], [1, ['leaky_bus.preserve']]);
        assert.match(textAt(program, d.place) ?? '', /^vm1\.preserve_fd\(/);
        assert.deepEqual(
            d.history.map((h) => `${h.boot} ${h.text}`),
            [
                '0 allocated: leaky_bus.preserve: BusState in leaky_bus.preserve',
                '0 preserved: leaky_bus.preserve: BusState in leaky_bus.preserve',
                '1 inherited: preserved by the previous kernel',
            ],
        );
    });

    test('files whose pages are neighbours leak each its own', () => {
        const host = passed(
            correctProgram(`
struct Counter { count: u64 }
file counter at "/dev/counter" { count: int = 0 }
handler counters "counter-v1" for counter {
    can_preserve(file) { return file.kind == counter }
    preserve(args)   { args.serialized_data = phys(kho.alloc_preserve(Counter)) }
    unpreserve(args) { kho.unpreserve_free(at(Counter, args.serialized_data)) }
    retrieve(args)   { args.file = new counter() }
    finish(args)     { }
}
kernel "k" from "7.2" { handlers + counters }
scenario "leaks" finds LU1010 {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        for i in 0..5 { s.preserve_fd(open("/dev/counter"), token: i) }
        kexec_file_load("k")
        reboot(KEXEC)
    }
    process p {
        s = open("/dev/liveupdate").retrieve_session("s")
        for i in 0..5 { s.retrieve_fd(token: i) }
        s.finish()
    }
}
`),
        );
        assert.deepEqual(
            found(host).map(({ code, data }) => [code, data['token'], data['pages']]),
            ['0x4', '0x3', '0x2', '0x1', '0x0'].map((token) => ['LU1010', token, 1]),
        );
        // at least two of them lie side by side
        const at = found(host).map(({ data }) => Number(data['address']));
        assert.ok(at.some((a) => at.includes(a + 4096)));
    });

    test('a second restore says who has the page', () => {
        const { program, d } = example('LU1009');
        assert.match(d.message, /restored a second time: it is now memory of bad_card\.retrieve/);
        assert.match(textAt(program, d.place) ?? '', /^kho\.restore_folio/);
        assert.deepEqual(
            d.history.map((h) => h.text.split(':')[0]),
            ['allocated', 'preserved', 'inherited', 'restored'],
        );
    });

    test('what is lost at the next kexec says how it came', () => {
        const program = programOf(
            page
                .get('LU1003')
                ?.text.replace(
                    'kexec_file_load("7.2"); reboot(KEXEC) }',
                    'lu = open("/dev/liveupdate"); lu.close(); kexec_file_load("7.2"); reboot(KEXEC) }',
                ) ?? '',
        );
        const [d] = found(ran(program));
        assert.equal(d?.code, 'LU1003');
        assert.match(d.message, /was never retrieved: this kexec drops it/);
        assert.deepEqual(
            d.history.map((h) => h.text),
            ['create_session("vm-1")', 'preserve_fd(token: 0x1)'],
        );
        assert.deepEqual(d.data, { session: 'vm-1', files: 1, tokens: ['0x1'] });
    });

    test('formats that differ are named', () => {
        const { d } = example('LU1016');
        assert.deepEqual([d.data['from'], d.data['to']], ['kho-v4', 'kho-v3']);
        assert.match(d.message, /"kho-v4".*"kho-v3"/);
    });

    test('an FLB without a counterpart is said before the kexec, and by the kernel that does not know it', () => {
        const { host } = example('LU1015');
        assert.deepEqual(
            found(host)
                .filter((d) => d.code === 'LU1015')
                .map((d) => [d.boot, d.data['compatible']]),
            [
                [0, 'bus-v1'],
                [1, 'bus-v1'],
            ],
        );
    });

    test('the refused name that left the empty block is in the history', () => {
        const { program, d } = example('LU1008');
        assert.match(textAt(program, d.history[0]?.place) ?? '', /^lu\.create_session\("vm-3"\)/);
    });

    test('a close that is the last statement of its block is the place', () => {
        const { program, d } = example('LU1004');
        assert.match(textAt(program, d.place) ?? '', /^vm1\.close\(\)/);
    });
});

const CARD = `
struct Rings { first: phys; more: phys[2] }
struct Entry { number: u64; page: phys }
struct State { rings: phys Rings; list: vmalloc; inner: Rings }
file card at "/dev/card0" {
    a: folio
    b: folio
    open()    { a = alloc_folio(owner: "a"); b = alloc_folio(owner: "b") }
    release() { put_folio(a); put_folio(b) }
}
`;

/** The pointers that dangle after a preserve() with this body. */
function dangling(body: string): string[] {
    return handingOver(body)
        .filter((d) => d.code === 'LU1012')
        .map((d) => String(d.data['pointer']));
}

/** What is said of a preserve() with this body and the kexec after it. */
function handingOver(body: string): readonly Diagnosis[] {
    const program = programOf(`${CARD}
handler h "h-v1" for card {
    can_preserve(file) { return file.kind == card }
    preserve(args) {
        ser = kho.alloc_preserve(State)
        args.serialized_data = phys(ser)
        ${body}
    }
    unpreserve(args) { }
    retrieve(args)   { return -EIO }
    finish(args)     { }
}
kernel "k" from "7.2" { handlers + h }
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/card0"), token: 1)
        kexec_file_load("k")
        reboot(KEXEC)
    }
}`);
    assert.deepEqual(
        program.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
        [],
    );
    return found(ran(program)).filter((d) => d.boot === 0);
}

suite('diagnoses: memory preserved twice', () => {
    const twice = (body: string): unknown[] =>
        handingOver(body).map((d) => [d.code, d.data['pages'], d.data['handedOver']]);
    const [p, u] = ['kho.preserve_folio(args.file.a);', 'kho.unpreserve_folio(args.file.a);'];

    test('and handed over', () => {
        assert.deepEqual(twice(p + p), [['LU1026', 1, true]]);
    });

    test('and unpreserved once: nobody has it, though somebody counts on it', () => {
        assert.deepEqual(twice(p + p + u), [['LU1026', 1, false]]);
        assert.match(handingOver(p + p + u)[0]?.message ?? '', /was preserved twice and unpreserved once/);
    });

    test('and unpreserved as often, or preserved again afterwards: nothing is wrong', () => {
        assert.deepEqual(twice(p + p + u + u), []);
        assert.deepEqual(twice(p + u + p), []);
        assert.deepEqual(twice(p + p + u + u + p), []);
    });

    test('in part, as the inside of a larger block', () => {
        assert.deepEqual(twice('f = alloc_folio(order: 3); kho.preserve_folio(f); kho.preserve_pages(f, 2)'), [
            ['LU1026', 2, true],
        ]);
    });

    test('after it was freed: it has no owner', () => {
        const host = ran(
            correctProgram(`file gpu at "/dev/gpu" { }
handler gpus "gpu-v1" for gpu {
    can_preserve(file) { return file.kind == gpu }
    preserve(args) {
        f = alloc_folio(order: 3)
        f.put()
        kho.preserve_folio(f)
        kho.preserve_folio(f)
        args.serialized_data = 1
    }
    unpreserve(args) { }
    retrieve(args)   { args.file = new gpu() }
    finish(args)     { }
}
kernel "k" from "7.2" { handlers + gpus }
scenario "s" {
    boot "k"
    process p {
        kexec_file_load("k")
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/gpu"), token: 1)
        reboot(KEXEC)
    }
}`),
        );
        const d = found(host).find((x) => x.code === 'LU1026');
        assert.match(d?.message ?? '', /^1 page \(4 KiB\) without an owner is preserved twice/);
    });
});

suite('diagnoses: scratch', () => {
    test('a kernel that does not check preserves it, which is said before the kexec', () => {
        const program = programOf(
            'kernel "k" from "6.17" { init { f = alloc_folio(order: 10); kho.preserve_pages(f, 500000) } }\n' +
                'scenario "s" { boot "k"; process p { open("/sys/kernel/debug/kho/out/finalize", 1).write("1"); kexec_file_load("k"); reboot(KEXEC) } }',
        );
        const made = found(ran(program)).filter((d) => d.code === 'LU1013');
        assert.ok(made.length > 0);
        for (const d of made) {
            assert.equal(d.data['address'], d.data['scratch'], 'the range runs into the area from below');
            assert.match(textAt(program, d.place) ?? '', /^reboot\(KEXEC\)/);
        }
    });
});

suite('diagnoses: pointers', () => {
    test('arrays and nested structs', () => {
        assert.deepEqual(dangling('ser.inner.more[1] = phys(args.file.a); ser.inner.first = phys(args.file.b)'), [
            'State.inner.first',
            'State.inner.more[1]',
        ]);
    });

    test('what a typed pointer leads to is followed', () => {
        assert.deepEqual(
            dangling(
                'kho.preserve_folio(args.file.a); ser.rings = phys(args.file.a); at(Rings, ser.rings).first = phys(args.file.b)',
            ),
            ['Rings.first'],
        );
    });

    test('arrays that are not contiguous, element by element', () => {
        const body = (preserve: string): string =>
            `array = vcalloc(Entry, 300); array[290].page = phys(args.file.a); ${preserve} kho.preserve_vmalloc(array, ser.list)`;
        assert.deepEqual(dangling(body('')), ['State.list[290].page']);
        assert.deepEqual(dangling(body('kho.preserve_folio(args.file.a);')), []);
    });

    test('a descriptor whose chunk is gone', () => {
        assert.deepEqual(
            dangling(
                'array = vcalloc(Entry, 3); kho.preserve_vmalloc(array, ser.list); copy = kho.alloc_preserve(State); copy.list = ser.list; ' +
                    'kho.unpreserve_vmalloc(ser.list); args.serialized_data = phys(copy)',
            ),
            ['State.list.first'],
        );
    });

    test('serialized data that is the address of a page that is not preserved', () => {
        assert.deepEqual(dangling('args.serialized_data = phys(args.file.a)'), ['serialized data']);
    });

    test('circles end, what is no memory is let be, and what is preserved is right', () => {
        assert.deepEqual(
            dangling(
                'r = kho.alloc_preserve(Rings); r.first = phys(r); r.more[0] = phys(ser); ser.rings = phys(r); ser.inner.first = 0xffff_ffff_0000_0000',
            ),
            [],
        );
    });

    test("a struct that was freed says nothing about the page's next owner", () => {
        assert.deepEqual(
            dangling(
                'old = kho.alloc_preserve(Rings); old.first = phys(args.file.b); kho.unpreserve_free(old); f = alloc_folio(); ' +
                    'kho.preserve_folio(f); at(Entry, phys(f)).page = phys(f); ser.inner.first = phys(f)',
            ),
            [],
        );
    });

    test('a blob in the FDT', () => {
        const program = programOf(
            'struct Blob { x: u64 }\nkernel "k" from "7.2" { init { f = alloc_folio(); kho.add_subtree("mine", phys(f), 8) } }\n' +
                'scenario "s" { boot "k"; process p { kexec_file_load("k"); reboot(KEXEC) } }',
        );
        const [d] = found(ran(program));
        assert.equal(d?.code, 'LU1012');
        assert.match(d.message, /^The blob of the subtree "mine" at 0x[0-9a-f]+ is not preserved \(memory of kernel\)/);
    });
});

suite('diagnoses: looking changes nothing', () => {
    test('asking in an expression remembers nothing', () => {
        const program = programOf(
            'scenario "s" { boot "7.2"; process p { s = open("/dev/liveupdate").create_session("s"); s.preserve_fd(memfd_create("m"), token: 1); kexec_file_load("7.2"); reboot(KEXEC) }\n' +
                'assert diagnosed("LU1002"); process q { s = open("/dev/liveupdate").retrieve_session("s"); s.retrieve_fd(token: 1); s.finish() } }',
        );
        assert.deepEqual(codes(ran(program)), []);
    });

    test('an unknown code is said', () => {
        const { host } = Run.start(programOf('scenario "s" { boot "7.2"; assert diagnosed("LU9999") }'));
        host.interpreter.run(FOREVER);
        assert.match(host.interpreter.outcome?.failure?.message ?? '', /unknown diagnosis "LU9999"/);
    });
});
