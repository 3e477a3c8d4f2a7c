/** What parameters of the command line do to a kernel: memory, panics. */
import assert from 'node:assert/strict';
import type { Host } from '../../../emulator/runtime/host/host';
import { Run } from '../../../emulator/run/run';
import { programOf } from '../../support/programs';
import { FOREVER, passed, passes } from '../../support/runs';

const MiB = 2 ** 20;

const booted = (cmdline: string, memory = '4GiB', arch = ''): Host =>
    passed(programOf(`machine { ${arch} memory ${memory} }\nscenario "s" { boot "7.2" cmdline "${cmdline}" }\n`));

const logOf = (host: Host, of: RegExp): string[] =>
    host.running.log.items.filter((l) => of.test(l.text)).map((l) => `${l.level}: ${l.text}`);

suite('parameters for memory', () => {
    test('mem= and memmap= take memory from the kernel, and the log says what is left', () => {
        const all = booted('').running.pages.managedPages;
        const less = booted('mem=1G memmap=64M$512M');
        assert.equal(less.machine.ramSize, 960 * MiB - (booted('').machine.ram[1]?.start ?? 0) + 0x9fc00 - 0x1000);
        assert.ok(less.running.pages.managedPages < all / 4);
        assert.deepEqual(logOf(less, /^user: /), [
            'info: user: [mem 0x0000000000001000-0x000000000009fbff] usable',
            'info: user: [mem 0x0000000000100000-0x000000001fffffff] usable',
            'info: user: [mem 0x0000000024000000-0x000000003fffffff] usable',
        ]);
    });

    test('the next kernel has all memory again', () => {
        const host = passed(
            programOf(
                'machine { memory 4GiB }\nscenario "s" { boot "7.2" cmdline "mem=1G"\n' +
                    'process p { kexec_file_load("7.2"); reboot(KEXEC) } }',
            ),
        );
        assert.equal(host.machine.map, host.machine.ram);
    });

    test('what is preserved in a reserved range comes back, where struct pages exist', () => {
        passes(`machine { memory 4GiB }
            scenario "s" {
                boot "7.2"
                process p {
                    s = open("/dev/liveupdate").create_session("a")
                    ram = memfd_create("ram")
                    ram.write(pattern(1, 16MiB))
                    s.preserve_fd(ram, token: 1)
                    kexec_file_load("7.2", cmdline: "memmap=8M$32M")
                    reboot(KEXEC)
                }
                process q {
                    s = open("/dev/liveupdate").retrieve_session("a")
                    ram = s.retrieve_fd(token: 1)
                    assert ram.pread(16MiB, at: 0) == pattern(1, 16MiB)
                    s.finish()
                }
            }`);
    });

    test('numa=off: all memory is one node', () => {
        const host = booted('numa=off', '2GiB node 0; memory 2GiB node 1');
        assert.deepEqual([host.machine.nodes, host.running.kho.scratch.length], [[0], 3]);
        assert.equal(booted('', '2GiB node 0; memory 2GiB node 1').running.kho.scratch.length, 4);
    });

    test('crashkernel= makes the scratch area of its zone grow by twice its size', () => {
        const scratch = (cmdline: string): number[] =>
            booted(cmdline, '8GiB').running.kho.scratch.map(({ size }) => size / MiB);
        const [low = 0, global = 0, node = 0] = scratch('');
        assert.deepEqual(scratch('crashkernel=256M'), [low + 512, global, node]);
    });

    test('swiotlb= sets how many bounce buffers there are, which scratch areas are sized by', () => {
        const low = (cmdline: string, memory = '8GiB', arch = ''): number =>
            (booted(cmdline, memory, arch).running.kho.scratch[0]?.size ?? 0) / MiB;
        // 64 MiB unless something else is asked for, twice over as scratch; the descriptors of the slots go elsewhere
        const none = low('swiotlb=noforce');
        assert.deepEqual(
            ['', 'swiotlb=65536', 'swiotlb=65500,1', 'swiotlb=65536,noforce', 'swiotlb=force', 'iommu=off'].map(
                (line) => low(line) - none,
            ),
            [128, 256, 256, 0, 128, 0],
        );
        assert.equal(low('swiotlb=noforce swiotlb=force'), none);
        assert.equal(low('iommu=off swiotlb=force'), low(''));
        // there is none on a machine whose devices reach all memory, but with force
        assert.equal(low('swiotlb=force', '2GiB') - low('', '2GiB'), 128);
        // arm64 always has some for small buffers, a 1024th of memory, unless a number is given
        assert.equal(low('swiotlb=65536', '2GiB', 'arch arm64;') - low('swiotlb=noforce', '2GiB', 'arch arm64;'), 260);
    });

    test('crashkernel= in its forms', () => {
        const reserved = (cmdline: string, memory = '8GiB'): string[] =>
            logOf(booted(`kho=off ${cmdline}`, memory), /^crashkernel|^cannot|^cma/);
        assert.deepEqual(reserved('crashkernel=256M'), [
            'info: crashkernel reserved: 0x00000000af000000 - 0x00000000bf000000 (256 MB)',
        ]);
        assert.deepEqual(reserved('crashkernel=64M@16M crashkernel=64M@512M'), [
            'info: crashkernel reserved: 0x0000000020000000 - 0x0000000024000000 (64 MB)',
        ]);
        assert.deepEqual(reserved('crashkernel=64M@16M'), ['warn: crashkernel reservation failed - memory is in use.']);
        assert.deepEqual(reserved('crashkernel=512M,high'), [
            'info: crashkernel low memory reserved: 0xaf000000 - 0xbf000000 (256 MB)',
            'info: crashkernel reserved: 0x000000021f000000 - 0x000000023f000000 (512 MB)',
        ]);
        assert.deepEqual(reserved('crashkernel=1G-4G:192M,4G-64G:320M,64G-:576M', '2GiB'), [
            'info: crashkernel reserved: 0x0000000073000000 - 0x000000007f000000 (192 MB)',
        ]);
        assert.deepEqual(reserved('crashkernel=1G-2G:64M'), []);
        assert.deepEqual(reserved('crashkernel=1G-:9G'), ['warn: crashkernel: invalid size']);
        assert.deepEqual(reserved('crashkernel=2G-1G:64M'), ['warn: crashkernel: end <= start']);
        assert.deepEqual(reserved('crashkernel=64Mx'), ['warn: crashkernel: unrecognized char: x']);
        assert.deepEqual(reserved('crashkernel=7G', '8GiB'), ['warn: cannot allocate crashkernel (size:0x1c0000000)']);
        assert.deepEqual(reserved('crashkernel=64M crashkernel=32M,cma'), [
            'info: crashkernel reserved: 0x00000000bb000000 - 0x00000000bf000000 (64 MB)',
            'info: cma: Reserved 32 MiB at 0x0000000100000000',
            'info: crashkernel CMA reserved: 32 MB in 1 ranges',
        ]);
    });

    test('cma= is memory for movable pages only', () => {
        const free = (cmdline: string): number => booted(cmdline, '2GiB').running.pages.freeCmaPages() * 4096;
        assert.equal(free('kho=off cma=64M') - free('kho=off'), 64 * MiB);
        const logged = (cmdline: string): string[] => logOf(booted(`kho=off ${cmdline}`, '2GiB'), /^cma/);
        assert.deepEqual(logged('cma=64M@1G'), ['info: cma: Reserved 64 MiB at 0x0000000040000000']);
        assert.deepEqual(logged('cma=64M@0-1G'), ['info: cma: Reserved 64 MiB at 0x000000003c000000']);
        assert.deepEqual(logged('cma=64M@16M'), ['err: cma: Failed to reserve 64 MiB']);
        assert.deepEqual(logged('cma=0'), []);
        assert.deepEqual(logged('cma=4G'), [
            'err: cma: Size (0x0000000100000000) of region at 0x0000000000000000 exceeds limit (0x0000000080000000)',
            'err: cma: Failed to reserve 4096 MiB',
        ]);
    });

    test('of arm64', () => {
        const host = booted('mem=2G crashkernel=64M', '4GiB', 'arch arm64;');
        assert.deepEqual(logOf(host, /^Memory limited|^crashkernel/), [
            'notice: Memory limited to 2048MB',
            'info: crashkernel reserved: 0x00000000bba00000 - 0x00000000bfa00000 (64 MB)',
        ]);
    });
});

suite('parameters for panics', () => {
    const WARNS =
        'kernel "warns" from "7.2" { init { klog_warn("WARNING: something is wrong"); klog_info("goes on") } }\n';

    test('panic_on_warn: a warning is a panic, and the code behind it does not run', () => {
        const run = Run.start(programOf(`${WARNS}scenario "s" { boot "warns" cmdline "panic_on_warn=1" }`));
        const lines: string[] = [];
        run.host.listeners.report({ log: ({ text }) => lines.push(text) });
        run.host.interpreter.run(FOREVER);
        assert.equal(run.host.interpreter.outcome?.failure?.message, 'kernel panic: kernel: panic_on_warn set ...');
        assert.ok(lines.includes('WARNING: something is wrong') && !lines.includes('goes on'));
        passes(`${WARNS}scenario "s" { boot "warns" cmdline "panic_on_warn=0 panic_on_warn" }`);
    });

    test('panic_on_warn inside of a system call', () => {
        passes(`machine { memory 2GiB }
            handler h "h-v1" {
                can_preserve(file) { return file.kind == memfd }
                preserve(args) { klog_warn("WARNING: in preserve") }
                unpreserve(args) { }
                retrieve(args) { }
                finish(args) { }
            }
            kernel "k" from "7.2" { handlers - memfd; handlers + h; cmdline "panic_on_warn=1" }
            scenario "s" {
                boot "k"
                process p {
                    s = open("/dev/liveupdate").create_session("a")
                    s.preserve_fd(memfd_create("m"), token: 1)  panics "panic_on_warn"
                }
            }`);
    });

    test('panic=: the machine restarts after that time', () => {
        const time = (cmdline: string): number => {
            const host = passed(programOf(`scenario "s" { boot "7.2" cmdline "${cmdline}"; crash() }`));
            return host.machine.clock.now;
        };
        const at = time('');
        assert.equal(time('panic=10') - at, 10e9);
        assert.equal(time('panic=-1') - at, 0);
        assert.equal(time('panic=ten') - at, 0);
        assert.deepEqual(logOf(booted('panic=ten panic'), /invalid/), [
            "err: Booting kernel: `ten' invalid for parameter `panic'",
            "err: Booting kernel: `' invalid for parameter `panic'",
        ]);
    });
});
