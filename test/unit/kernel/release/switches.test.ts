/**
 * Parts of kernels that a scenario switches: memory reserved by name, handlers in modules, files of debugfs, no KHO
 * at all, old mistakes; and kernels that crash.
 */
import assert from 'node:assert/strict';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { earlyMarks, marksTooEarly, reservedPages } from '../../../../emulator/kernel/kho/fixed-bugs';
import { Machine, pcMemory } from '../../../../emulator/machine/machine';
import { Run } from '../../../../emulator/run/run';
import { programOf } from '../../../support/programs';
import { FOREVER, passes } from '../../../support/runs';

function fails(text: string): string {
    const { host } = Run.start(programOf(text));
    host.interpreter.run(FOREVER);
    return host.interpreter.outcome?.failure?.message ?? '';
}

suite('reserve_mem=', () => {
    const boot = (cmdline: string, asserts: string): void =>
        passes(`scenario "s" { boot "7.2" cmdline "${cmdline}"\n${asserts} }\n`);

    test('several regions, with their alignment; what is malformed, twice, or too many is left out', () => {
        boot(
            'reserve_mem=4M:2M:a reserve_mem=64K:4K:b',
            'a = kernel.reserve_mem("a"); b = kernel.reserve_mem("b"); assert a != 0 && a % 2MiB == 0 && b != 0 && b % 4KiB == 0 && a != b; assert kernel.reserve_mem("c") == 0',
        );
        boot('reserve_mem=4M:4K:a reserve_mem=8M:4K:a', 'assert kernel.reserve_mem("a") != 0');
        boot(
            'reserve_mem=0:4K:a reserve_mem=4K:4K: reserve_mem=4K:4K:a-name-that-is-too-long',
            'assert kernel.reserve_mem("a") == 0 && kernel.reserve_mem("") == 0 && kernel.reserve_mem("a-name-that-is-too-long") == 0',
        );
        const nine = Array.from({ length: 9 }, (_, i) => `reserve_mem=4K:4K:r${i}`).join(' ');
        boot(nine, 'assert kernel.reserve_mem("r7") != 0 && kernel.reserve_mem("r8") == 0');
    });

    test('over several kernels it stays where it is, and nothing leaks', () => {
        const next =
            'process p { kexec_file_load("7.2", "reserve_mem=4M:4K:a"); reboot(KEXEC) }\nassert kernel.reserve_mem("a") == first && kho.incoming.unclaimed == 0\n';
        boot('reserve_mem=4M:4K:a', `first = kernel.reserve_mem("a")\n${next}${next}${next}`);
    });

    test('another alignment, another name, or none at all: the old region is held, and said to be', () => {
        const next = (cmdline: string, asserts: string): void =>
            passes(
                'scenario "s" finds LU1068 { boot "7.2" cmdline "reserve_mem=64K:4K:a"; first = kernel.reserve_mem("a"); assert first % 1GiB != 0\n' +
                    `process p { kexec_file_load("7.2", "${cmdline}"); reboot(KEXEC) }\n${asserts}; assert kho.incoming.unclaimed == 16 }\n`,
            );
        next('reserve_mem=64K:1G:a', 'assert kernel.reserve_mem("a") != first');
        next('reserve_mem=64K:4K:b', 'assert kernel.reserve_mem("b") != 0 && kernel.reserve_mem("a") == 0');
        next('', 'assert kernel.reserve_mem("a") == 0');
    });
});

suite('modules', () => {
    const CARD = `file card at "/dev/card0" { open() { } }
handler h "card-v1" for card { can_preserve(file) { return file.kind == card }; preserve(args) { }; unpreserve(args) { }; retrieve(args) { args.file = new card() }; finish(args) { } }
kernel "k" from "7.2" { handlers + h; modules h }
`;
    const inP = (body: string): string => `${CARD}scenario "s" { boot "k"; process p { ${body} } }\n`;

    test('a handler is there from modprobe to rmmod', () => {
        passes(
            inP(
                's = open("/dev/liveupdate").create_session("s"); c = open("/dev/card0"); s.preserve_fd(c, token: 1) fails ENOENT; rmmod("h") fails ENOENT; modprobe("h"); modprobe("h") fails EEXIST\n' +
                    's.preserve_fd(c, token: 1); rmmod("h") fails EAGAIN; s.close(); rmmod("h"); modprobe("h")',
            ),
        );
    });

    test('without live update there is nothing to register with', () => {
        passes(
            `${CARD}scenario "s" { boot "k" cmdline "liveupdate=off"; process p { modprobe("h") fails EOPNOTSUPP } }\n`,
        );
    });

    test('what is no module of this kernel is a mistake of the scenario', () => {
        assert.match(fails(inP('modprobe("memfd")')), /^"k" has no module with the handler memfd: its modules are h$/);
        assert.match(
            fails('scenario "s" { boot "7.2"; process p { rmmod("h") } }\n'),
            /list it after `modules` in the declaration of the kernel$/,
        );
    });
});

suite('a kernel that ends', () => {
    test('by a crash: nothing is left of it, and the machine can be booted', () => {
        passes(
            'scenario "s" { boot "7.2"; process p { log("runs") }\ncrash("Fatal machine check"); assert panicked == "Fatal machine check"\nboot "7.2"; assert panicked == ""; process p { open("/dev/liveupdate") } }\n',
        );
        assert.match(fails('scenario "s" { crash() }\n'), /no kernel is running/);
    });

    test('what came from the kernel before is lost as well', () => {
        passes(
            'scenario "s" finds LU1061 { boot "7.2"; process p { s = open("/dev/liveupdate").create_session("s"); s.preserve_fd(memfd_create("m"), token: 1); kexec_file_load("7.2"); reboot(KEXEC) }\n' +
                'process p { open("/dev/liveupdate") }\ncrash() }\n',
        );
    });
});

suite('a kernel without KHO', () => {
    test('preserves nothing, and hands nothing over', () => {
        passes(
            'kernel "plain" from "7.2" { kho off }\nscenario "s" { boot "plain"; assert !kho.enabled; process p { open("/dev/liveupdate") fails ENOENT; kexec_file_load("7.2"); reboot(KEXEC) }\nassert !kho.incoming.present && kho.enabled }\n',
        );
    });
});

suite('debugfs of KHO', () => {
    test('files are there as long as what they show', () => {
        passes(
            'scenario "s" { boot "7.2"; process p { open("/sys/kernel/debug/kho/in/fdt") fails ENOENT; open("/sys/kernel/debug/kho/out/sub_fdts/LUO"); open("/sys/kernel/debug/kho/out/sub_fdts/nobody") fails ENOENT\n' +
                'f = open("/sys/kernel/debug/kho/out/fdt"); f.write("x") fails EBADF; magic = f.pread(4, at: 0); assert magic == bytes(0xd0, 0x0d, 0xfe, 0xed)\n' +
                'len = open("/sys/kernel/debug/kho/out/scratch_len").pread(100, at: 0); assert len.length > 4\n' +
                'g = open("/sys/kernel/debug/kho/out/scratch_len"); assert bytes(g.read(3), g.read(100), g.read(1)) == len } }\n',
        );
        passes(
            'scenario "s" { boot "7.2" cmdline "kho=off"; process p { open("/sys/kernel/debug/kho/out/fdt") fails ENOENT } }\n',
        );
    });
});

suite('old mistakes', () => {
    test('sizes in 32 bits: blocks of 2 GiB and more', () => {
        const pages = (order: number): number[] =>
            [new Set(['kho_int_sizes']), new Set<string>()].map((flaws) => reservedPages(flaws, PAGES_4K, order));
        assert.deepEqual(pages(0), [1, 1]);
        assert.deepEqual(pages(18), [2 ** 18, 2 ** 18]);
        assert.deepEqual(pages(19), [Infinity, 2 ** 19], 'the sign is misread: all that lies above');
        assert.deepEqual(pages(20), [1, 2 ** 20]);
        assert.deepEqual(pages(33), [2, 2 ** 33]);
    });

    test('marks before their struct pages: beyond the first section of a node', () => {
        const machine = new Machine({
            ranges: pcMemory([
                { size: 2 ** 30, node: 0 },
                { size: 2 ** 30, node: 1 },
            ]),
        });
        const flaws = new Set(['kho_deferred_init']);
        const second = (machine.map.find((r) => r.node === 1)?.start ?? 0) / 4096;
        assert.deepEqual(
            [100, 2 ** 15 + 1].map((pfn) => marksTooEarly({ flaws, numa: true }, machine, pfn)),
            [false, true],
        );
        assert.deepEqual(
            [second, second + 2 ** 15].map((pfn) => marksTooEarly({ flaws, numa: true }, machine, pfn)),
            [false, true],
        );
        assert.equal(marksTooEarly({ flaws: new Set(), numa: true }, machine, 2 ** 20), false);
        assert.equal(earlyMarks(flaws), 'kho_deferred_init');
        assert.equal(earlyMarks(new Set()), undefined);
    });
});
