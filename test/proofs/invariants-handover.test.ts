/**
 * Invariants of the way from one kernel to the next: what is said before the kexec is what happens behind it, and
 * nothing else happens.
 */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { DESCRIPTIONS } from '../../emulator/kernel/release/descriptions';
import { PAGES_4K } from '../../emulator/machine/arch';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { correctProgram, programOf } from '../support/programs';
import { FOREVER } from '../support/runs';
import { Random } from '../support/random';

const PAGE_SIZE = PAGES_4K.size;

/** Runs a scenario whose kernels may panic. */
function ran(text: string): Host {
    const { host } = Run.start(correctProgram(text));
    host.kernelState.toleratePanic(true);
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined, text);
    return host;
}

const found = (
    host: Host,
    code: string,
): { readonly boot: number; readonly data: Readonly<Record<string, unknown>> }[] =>
    (Diagnoses.of(host)?.found.items ?? []).filter((d) => d.code === code);

suite('invariants: scratch memory holds what is loaded and what is allocated early', () => {
    test('a kernel is said to find no room exactly where it panics, with its own words', () => {
        const panics = new Set<boolean>();
        for (let seed = 0; seed < 60; seed++) {
            const random = new Random(seed);
            const mib = (...of: number[]): string => `${random.pick(of)}M`;
            const text = `
machine { memory ${random.pick([1, 2, 4])}GiB; ${random.below(2) === 0 ? '' : 'memory 1GiB node 1'} }
kernel "next" from "${random.pick(['7.2', '7.3'])}" { early_memory ${random.pick([2, 8, 40, 100, 200])}MiB; image_size ${random.pick([8, 24, 60])}MiB; initrd ${random.pick([4, 32])}MiB }
scenario "s" {
    boot "7.2" cmdline "kho_scratch=${mib(32, 48, 64, 128, 256)},${mib(4, 32, 64, 128)},${mib(4, 16, 64, 128)}"
    process p {
        lu = open("/dev/liveupdate")
        for i in 0..${random.below(4)} { m = memfd_create("m"); m.truncate(${random.pick([1, 16, 64])}MiB); lu.create_session(str("s", i)).preserve_fd(m, token: 1) }
        if (try kexec_file_load("next")) == 0 { reboot(KEXEC) }
    }
}`;
            const host = ran(text);
            const panicked = host.panicMessage.startsWith('Failed to allocate');
            panics.add(panicked);
            assert.deepEqual(
                found(host, 'LU1060').map((d) => d.data['panic']),
                panicked ? [host.panicMessage] : [],
                text,
            );
        }
        assert.equal(panics.size, 2, 'some have room and some have not');
    }).timeout(60_000);

    test('preserved pages in scratch are those that counting finds there', () => {
        let inside = 0;
        for (let seed = 0; seed < 30; seed++) {
            const random = new Random(seed);
            // the allocator gives the lowest free memory first: from there on ranges reach up into scratch, or do not
            const steps = Array.from(
                { length: 1 + random.below(3) },
                (_, i) => `
                f${i} = alloc_folio(order: ${7 + random.below(4)})
                n${i} = ${random.below(3) === 0 ? 7 : 440_000 + random.below(80_000)}
                if f${i}.pfn + n${i} < ${(2 * 2 ** 30) / PAGE_SIZE} { kho.preserve_pages(f${i}, n${i}); klog_info("range ", f${i}.pfn, " ", n${i}) }`,
            );
            const text = `
kernel "k" from "6.17" {
    init { if kernel.boot == 0 {${steps.join('\n')}
    } }
}
scenario "s" {
    boot "k"
    process p { open("/sys/kernel/debug/kho/out/finalize", 1).write("1"); kexec_file_load("k") }
}`;
            const host = ran(text);
            const kernel = host.running;
            const ranges = kernel.log.items.flatMap((l) => {
                const [, pfn, n] = /^range (\d+) (\d+)$/.exec(l.text) ?? [];
                return pfn === undefined ? [] : [{ start: Number(pfn), end: Number(pfn) + Number(n) }];
            });
            const expected = new Set<number>();
            for (const { addr, size } of kernel.kho.scratch) {
                for (const r of ranges) {
                    for (
                        let pfn = Math.max(r.start, addr / PAGE_SIZE);
                        pfn < Math.min(r.end, (addr + size) / PAGE_SIZE);
                        pfn++
                    ) {
                        expected.add(pfn);
                    }
                }
            }
            const again = ran(text.replace('kexec_file_load("k") }', 'kexec_file_load("k"); reboot(KEXEC) }'));
            const said = new Set<number>();
            for (const { boot, data } of found(again, 'LU1013')) {
                const start = Number(data['address']) / PAGE_SIZE;
                for (let pfn = start; boot === 0 && pfn < start + Number(data['pages']); pfn++) {
                    said.add(pfn);
                }
            }
            inside += expected.size > 0 ? 1 : 0;
            assert.equal(said.size, expected.size, text);
            assert.ok(
                [...expected].every((pfn) => said.has(pfn)),
                text,
            );
        }
        assert.ok(inside > 10 && inside < 30, 'some reach into scratch, and some do not');
    }).timeout(60_000);
});

suite('invariants: both kernels speak the same formats', () => {
    const from = [...DESCRIPTIONS.values()].filter((d) => d.luo && d.kho.finalize !== 'prepare');

    for (const old of from) {
        test(`${old.name} to every other kernel: what is said is what the next kernel does`, () => {
            for (const next of DESCRIPTIONS.values()) {
                const host = ran(`scenario "s" {
    boot "${old.name}"
    process p {
        m = memfd_create("m")
        m.truncate(1MiB)
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(m, token: 1)
        if (try kexec_file_load("${next.name}")) == 0 { reboot(KEXEC) }
    }
    if panicked == "" {
        process q { lu = try open("/dev/liveupdate"); log(lu) }
    }
}`);
                const pair = `${old.name} to ${next.name}`;
                const lines = host.kernel?.log.items.map((l) => l.text).join('\n') ?? '';
                const lost = host.panicMessage !== '' || /is incompatible with/.test(lines) || next.luo === undefined;
                assert.equal(found(host, 'LU1016').length > 0, lost, `${pair}: ${lines}`);
                assert.equal(found(host, 'LU1014').length > 0, !lost && (host.kernel?.luo.deserialized ?? 0) < 0, pair);
                assert.equal(
                    host.panicMessage === '' && !lost && host.kernel?.luo.deserialized === 0,
                    host.kernel?.luo.incoming.sessions.items.some((s) => s.files.length === 1) === true,
                    pair,
                );
            }
        }).timeout(60_000);
    }
});

suite('invariants: what is damaged on the way is found', () => {
    /** Words of what LUO hands over, and how many of their bits are flipped. */
    const WORDS: readonly (readonly [expression: string, bits: number])[] = [
        ['luo.ser).w[0]', 48],
        ['luo.ser).w[1]', 64],
        ['luo.ser).w[2]', 48],
        ['luo.ser).w[3]', 48],
        ['luo.outgoing.blocks.head).w[0]', 48],
        ['luo.outgoing.blocks.head).w[1]', 64],
        ['luo.outgoing.blocks.head + 16).w[0]', 64],
        ['luo.outgoing.blocks.head + 16).w[8]', 48],
        ['luo.outgoing.blocks.head + 16).w[9]', 64],
        ['handed_over("s").files).w[0]', 48],
        ['handed_over("s").files).w[1]', 64],
        ['handed_over("s").files + 16).w[0]', 64],
        ['handed_over("s").files + 16).w[6]', 48],
        ['handed_over("s").files + 16).w[7]', 64],
    ];
    /** Words of what memfd's handler has written down: its structure, and the list of folios that this describes. */
    const HANDLERS: readonly (readonly [expression: string, bits: number])[] = [
        ['data()).w[0]', 64],
        ['data()).w[1]', 40],
        ['data()).w[2]', 64],
        ['data()).w[3]', 64],
        ['data()).w[4]', 48],
        ['data()).w[5]', 64],
        ['list()).w[0]', 54],
        ['list()).w[1]', 60],
    ];

    test('a bit of what LUO or a handler has written: where the agent does not get back what it had, there is a finding', () => {
        const outcomes = new Set<string>();
        for (let seed = 0; seed < 200; seed++) {
            const random = new Random(seed);
            const handlers = random.below(3) === 0;
            const [word, bits] = random.pick(handlers ? HANDLERS : WORDS);
            const text = `
struct Words { w: u64[10] }
fn data() { return session("s").files[0].serialized_data }
fn list() { return at(Words, at(Words, data()).w[4]).w[1] }
scenario "s" {
    boot "7.2"
    process p {
        m = memfd_create("m")
        m.truncate(12KiB)
        m.pwrite(pattern(3, 12KiB), at: 0)
        m.lseek(5)
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(m, token: 1)
        kexec_file_load("7.2")
    }
    at handover { corrupt at(Words, ${word} xor ${1n << BigInt(random.below(bits))} }
    p { reboot(KEXEC) }
    if panicked == "" {
        process q {
            s = try descriptor(try open("/dev/liveupdate")).retrieve_session("s")
            m = descriptor(try descriptor(s).retrieve_fd(token: 1))
            if m >= 0 {
                if m.size == 12KiB && m.pos == 5 && m.seals == F_SEAL_SEAL && m.pread(12KiB, at: 0) == pattern(3, 12KiB) { log("right") }
            }
            try descriptor(s).finish()
        }
    }
}`;
            const program = programOf(text);
            assert.deepEqual(
                program.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
                [],
                text,
            );
            const { host } = Run.start(program);
            let right = false;
            host.listeners.report({
                log: ({ text: line }) => {
                    right ||= line === 'right';
                },
            });
            host.kernelState.toleratePanic(true);
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure?.message, undefined, text);
            const codes = [...new Set((Diagnoses.of(host)?.found.items ?? []).map((d) => d.code))];
            outcomes.add(right ? 'right' : codes.join(' '));
            // a pointer to FLBs that is wrong harms nobody here, where there are none
            assert.equal(codes.includes('LU1070'), handlers, text);
            assert.ok(
                right ? codes.every((c) => c === 'LU1001' || c === 'LU1015' || c === 'LU1070') : codes.length > 0,
                `${codes.join(' ')}\n${text}`,
            );
        }
        assert.ok(outcomes.size > 5, [...outcomes].join(', '));
    }).timeout(60_000);
});
