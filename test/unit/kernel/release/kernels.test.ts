/** The kernels around 7.2: what each does differently, and what comes of an update from one to another. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DESCRIPTIONS } from '../../../../emulator/kernel/release/descriptions';
import { matrixOf } from '../../../../emulator/cli/compat';
import { Files } from '../../../../emulator/cli/files';
import { checkedFirst } from '../../../../emulator/language/check/depth';
import { loadProgram } from '../../../../emulator/run/load-program';
import { standardLibrary } from '../../../../emulator/runtime/standard-library';
import { inRepository } from '../../../support/repository';
import { passes } from '../../../support/runs';

/** One session with a memfd of 1 MiB, on this kernel. */
const withGuest = (kernel: string, more: string): string => `scenario "s" {
    boot "${kernel}"
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        ram = memfd_create("ram", MFD_ALLOW_SEALING)
        ram.truncate(1MiB)
        ram.pwrite("guest", at: 0)
${more}
    }
}`;

suite('kernels', () => {
    test('the code of every kernel is without findings', () => {
        for (const { name, library } of DESCRIPTIONS.values()) {
            const program = standardLibrary(library);
            assert.deepEqual(
                program.diagnostics.map((d) => `${name} ${d.uri}: ${d.code} ${d.message}`),
                [],
            );
        }
    });

    test('their declarations need each other in short chains only, as the checker takes for granted', () => {
        for (const { name, library } of DESCRIPTIONS.values()) {
            const { fns } = standardLibrary(library);
            assert.ok(fns.size > 50);
            assert.deepEqual(
                checkedFirst(fns.keys(), (fn) => fns.get(fn)?.body),
                [],
                name,
            );
        }
    });

    test('the page about kernels says what of them is inferred', () => {
        const page = readFileSync(inRepository('extension/docs/kernels.md'), 'utf8');
        const sentences = [...DESCRIPTIONS.values()].flatMap((d) => d.inferred);
        assert.ok(sentences.length > 5);
        assert.deepEqual(
            sentences.filter((s) => !page.includes(`| ${s} |`)),
            [],
        );
        assert.deepEqual(
            [...DESCRIPTIONS.keys()].filter((name) => !page.includes(`\`${name}\``)),
            [],
        );
    });

    test('what comes of an update is what the strings say', () => {
        const files = new Files();
        const program = loadProgram(files, files.open(inRepository('extension/examples/first-session.lus')));
        const [scenario] = program.scenarios;
        assert.ok(scenario);
        const kernels = ['6.17', '6.19', '7.0', '7.1', '7.2', '7.3', 'luo-v4'];
        const { cells } = matrixOf(files, program, scenario, kernels);
        const rows = kernels.map((from) =>
            cells
                .filter((c) => c.from === from)
                .map((c) => c.outcome)
                .join(' '),
        );
        assert.deepEqual(rows, [
            'unsuited unsuited unsuited unsuited unsuited unsuited unsuited',
            'fails works panic lost lost lost panic',
            // the page of the FLBs is no business of 6.19's, and the scenario notices that nobody claims it
            'fails fails works lost lost lost panic',
            'lost lost lost works lost lost lost',
            'lost lost lost lost works works lost',
            'lost lost lost lost works works lost',
            // without PREPARE nothing is handed over
            'lost lost lost lost lost lost lost',
        ]);
        const reason = (from: string, to: string): string | undefined =>
            cells.find((c) => c.from === from && c.to === to)?.reason;
        assert.equal(reason('7.1', '7.2'), 'kho-v3, not kho-v4');
        assert.equal(reason('6.19', '7.0'), 'no luo-flb');
        assert.equal(reason('luo-v4', '6.19'), 'no PREPARE');
        assert.equal(reason('6.17', '7.2'), '6.17 has no LUO');
        assert.equal(reason('7.2', '7.3'), '');
    });

    test('a handler that the next kernel has in another version: EIO', () => {
        passes(`
handler old "ram-v1" for memfd {
    can_preserve(file) { return file.is_shmem }
    preserve(args) { args.serialized_data = 1 }
    unpreserve(args) { }
    retrieve(args) { return -EIO }
    finish(args) { }
}
kernel "a" from "7.2" { handlers - memfd ; handlers + old }
scenario "s" {
    boot "a"
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        vm1.preserve_fd(memfd_create("ram"), token: 1)
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
    process luod {
        open("/dev/liveupdate")  fails EIO
        open("/dev/liveupdate")  fails EIO
    }
    assert kernel.logged("No registered handler for compatible 'ram-v1'")
    assert diagnosed("LU1014")
}`);
    });

    test("a kernel of the program keeps what it adds when another description takes its base's place", () => {
        const files = new Files();
        const program = loadProgram(files, files.open(inRepository('extension/examples/nic-handler.lus')));
        const [scenario] = program.scenarios;
        assert.ok(scenario);
        const { cells } = matrixOf(files, program, scenario, ['7.2', '7.3']);
        assert.deepEqual(
            cells.map((c) => `${c.outcome} ${c.message ?? ''}`.trim()),
            ['works', 'works', 'works', 'works'],
        );
    });

    suite('6.19 to 7.1', () => {
        for (const kernel of ['6.19', '7.0', '7.1']) {
            test(`${kernel}: 819 sessions and 128 files in each`, () => {
                passes(`scenario "s" {
    boot "${kernel}"
    process luod {
        setrlimit_nofile(2000)
        lu = open("/dev/liveupdate")
        for i in 0..819 { lu.create_session(str("s", i)) }
        lu.create_session("s0")      fails ENOMEM   // the limit comes before the name
        lu.create_session("one more")  fails ENOMEM
    }
    boot "${kernel}"
    process luod {
        lu = open("/dev/liveupdate")
        s  = lu.create_session("s")
        for i in 0..128 { s.preserve_fd(memfd_create("m"), token: i) }
        s.preserve_fd(-1, token: 5)    fails EEXIST
        s.preserve_fd(-1, token: 128)  fails ENOSPC
    }
}`);
            });

            test(`${kernel}: nobody asks which kind of session this is, and any name will do`, () => {
                passes(
                    withGuest(
                        kernel,
                        `
        vm1.preserve_fd(ram, token: 1)
        vm1.get_name()         fails EINVAL
        lu.create_session("")
        vm1.finish()                            // finishes what was never handed over
        ram.truncate(2MiB)     fails EPERM`,
                    ),
                );
            });
        }

        test('7.2 does ask', () => {
            passes(
                withGuest(
                    '7.2',
                    `
        vm1.preserve_fd(ram, token: 1)
        vm1.finish()           fails EINVAL
        lu.create_session("")  fails EINVAL`,
                ),
            );
        });

        test('7.1 has one claim to a file, 7.0 as many as one likes', () => {
            passes(
                withGuest(
                    '7.1',
                    `        vm1.preserve_fd(ram, token: 1)
        vm1.preserve_fd(ram, token: 2)  fails EBUSY`,
                ),
            );
            passes(
                withGuest(
                    '7.0',
                    `        vm1.preserve_fd(ram, token: 1)
        vm1.preserve_fd(ram, token: 2)`,
                ),
            );
        });

        test('memfd-v1 loses seals, memfd-v2 does not', () => {
            const crossing = (kernel: string, seals: string): string => `${withGuest(
                kernel,
                `        ram.add_seals(F_SEAL_GROW)
        vm1.preserve_fd(ram, token: 1)
        kexec_file_load("${kernel}")
        reboot(KEXEC)`,
            ).slice(0, -1)}
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.retrieve_session("vm-1")
        ram = vm1.retrieve_fd(token: 1)
        assert ram.pread(5, at: 0) == bytes("guest")
        assert ram.seals == ${seals}
    }
}`;
            passes(crossing('7.0', '0'));
            passes(crossing('7.1', 'F_SEAL_GROW'));
        });

        test('6.19 loses what is written to a page after it was preserved empty', () => {
            const crossing = (kernel: string, text: string): string => `scenario "s" {
    boot "${kernel}"
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        ram = memfd_create("ram")
        ram.truncate(8KiB)
        ram.fallocate(0, 8KiB)
        vm1.preserve_fd(ram, token: 1)
        ram.pwrite("late", at: 0)
        kexec_file_load("${kernel}")
        reboot(KEXEC)
    }
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.retrieve_session("vm-1")
        ram = vm1.retrieve_fd(token: 1)
        assert ram.pread(4, at: 0) == ${text}
    }
}`;
            passes(crossing('6.19', 'bytes(0, 0, 0, 0)'));
            passes(crossing('7.0', 'bytes("late")'));
        });

        test('an allocation that fails in the first open is forgotten up to 7.0', () => {
            const crossing = (kernel: string, second: string): string => `${withGuest(
                kernel,
                `        vm1.preserve_fd(ram, token: 1)
        kexec_file_load("${kernel}")
        reboot(KEXEC)`,
            ).slice(0, -1)}
    inject ENOMEM into luo_session
    process luod {
        open("/dev/liveupdate")  fails EIO
${second}
    }
}`;
            const half = `        lu = open("/dev/liveupdate")
        lu.retrieve_session("vm-1")  fails ENOENT`;
            passes(crossing('6.19', half));
            passes(crossing('7.0', half));
            passes(crossing('7.1', '        open("/dev/liveupdate")  fails EIO'));
        });

        test('where KHO cannot be finalized the reboot fails, and the files stay frozen', () => {
            const program = (kernel: string): string => `${withGuest(
                kernel,
                `        vm1.preserve_fd(ram, token: 1)
        kexec_file_load("${kernel}")`,
            ).slice(0, -1)}
    inject ENOMEM into page_alloc
    luod {
        reboot(KEXEC)       fails EAGAIN
        ram.truncate(2MiB)  fails EPERM
        reboot(KEXEC)
    }
    assert kho.incoming.present
}`;
            passes(program('6.19'));
            passes(program('7.0'));
        });
    });

    test('an FLB that nobody asks for is not finished, and 7.0 does not even warn', () => {
        const text = (kernel: string): string => `
file nic at "/dev/nic0" { }
flb core "core-v1" {
    preserve(args) { args.data = 1 }
    unpreserve(args) { }
    retrieve(args) { args.obj = 1 }
    finish(args) { klog_info("core: finish") }
}
handler nic_handler "nic-v1" for nic uses core {
    can_preserve(file) { return file.kind == nic }
    preserve(args) { args.serialized_data = 1 }
    unpreserve(args) { }
    retrieve(args) { args.file = new nic() }
    finish(args) { }
}
kernel "k" from "${kernel}" { handlers + nic_handler }
scenario "s" {
    boot "k"
    process p {
        lu = open("/dev/liveupdate")
        s  = lu.create_session("s")
        s.preserve_fd(open("/dev/nic0"), token: 1)
        kexec_file_load("k")
        reboot(KEXEC)
    }
    process p {
        lu = open("/dev/liveupdate")
        s  = lu.retrieve_session("s")
        s.retrieve_fd(token: 1)
        s.finish()
    }
    assert !kernel.logged("core: finish")
    assert kernel.logged("underflow") == ${kernel === '7.2'}
}`;
        passes(text('7.0'));
        passes(text('7.1'));
        passes(text('7.2'));
    });

    test('7.3 allocates early wherever a whole GiB is not preserved, 7.2 in scratch only', () => {
        const text = (kernel: string, then: string): string => `
machine { memory 5GiB }
kernel "debug" from "${kernel}" { early_memory 400MiB }
scenario "s" {
    boot "7.2"
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        ram = memfd_create("ram")
        ram.truncate(64MiB)
        ram.pwrite(pattern(7, 64MiB), at: 0)
        vm1.preserve_fd(ram, token: 1)
        kexec_file_load("debug")
        reboot(KEXEC)  ${then}`;
        passes(text('7.2', 'panics "Failed to allocate"\n    }\n}'));
        passes(
            text(
                '7.3',
                `
    }
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.retrieve_session("vm-1")
        ram = vm1.retrieve_fd(token: 1)
        assert ram.pread(64MiB, at: 0) == pattern(7, 64MiB)
        vm1.finish()
    }
    assert kho.incoming.unclaimed == 0
}`,
            ),
        );
    });

    test("a struct of the kernel's own has the layout of the kernel that runs", () => {
        for (const kernel of ['7.2', '7.1', '7.0', '6.19']) {
            passes(
                withGuest(
                    kernel,
                    `        vm1.preserve_fd(ram, token: 1)
    }
    ser = at(memfd_luo_ser, session("vm-1").files[0].serialized_data)
    assert ser.size == 1MiB && ser.nr_folios == 256
    assert ser.folios.total_pages == 1
    luod {
        vm1.close()`,
                ),
            );
        }
    });

    test('a node without memory turns KHO off up to 6.19', () => {
        const text = (kernel: string, on: boolean): string => `
machine { memory 2GiB; node 1 }
scenario "s" {
    boot "${kernel}"
    assert kho.enabled == ${on}
    assert kernel.logged("failed to reserve scratch area of node 1") == ${!on}
    process p { open("/dev/liveupdate")${on ? '' : '  fails ENOENT'} }
}`;
        passes(text('6.19', false));
        passes(text('7.0', true));
        passes(text('7.2', true));
    });

    test('6.17 has no LUO, and nothing can be preserved while it is finalized', () => {
        passes(`
struct Note { text: string[32] }
kernel "notes" from "6.17" { init {
    note = kho.alloc_preserve(Note)
    kho.add_subtree("note", phys(note), sizeof(Note))
} }
kernel "late" from "6.17" { init {
    kho.finalize()
    assert (try kho.alloc_preserve(Note)) == -EBUSY
    assert (try kho.finalize()) == -EEXIST
    kho.abort_finalize()
    assert (try kho.abort_finalize()) == -ENOENT
    note = kho.alloc_preserve(Note)
    klog_info("after abort: ", kho.outgoing.pages, " ", phys(note) != 0)
} }
scenario "s" {
    boot "notes"
    process p {
        open("/dev/liveupdate")  fails ENOENT
        f = open("/sys/kernel/debug/kho/out/finalize")
        f.pwrite("nonsense", at: 0)  fails EINVAL
        f.pwrite("0", at: 0)         fails ENOENT
        f.pwrite("1", at: 0)
        f.pwrite("1", at: 0)         fails EEXIST
        assert f.pread(2, at: 0) == bytes("1", 10)
    }
    boot "late"
    assert kernel.logged("after abort: 1 true")
    boot "7.0"
    process p { open("/sys/kernel/debug/kho/out/finalize").pwrite("0", at: 0)  fails EINVAL }
    boot "7.2"
    process p { open("/sys/kernel/debug/kho/out/finalize")  fails ENOENT }
}`);
    });
});
