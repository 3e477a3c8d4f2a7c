/**
 * The examples that ship: each passes, is free of diagnoses but for what it is about, and would fail if that were
 * different.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Diagnosis } from '../../emulator/findings/diagnosis';
import type { Program } from '../../emulator/language/program';
import { examples, findingsOf, programOf } from '../support/programs';
import { failuresOf } from '../support/runs';
import { Outcomes } from '../support/outcomes';
import { inRepository } from '../support/repository';

const FOLDER = inRepository('extension', 'examples');
const PROGRAMS = examples();
const outcomes = new Outcomes();

const read = (name: string): string => readFileSync(`${FOLDER}/${name}.lus`, 'utf8');

/** The failures of an example after one change, which must be possible exactly once. */
function changed(name: string, from: string, to: string): string {
    const text = read(name);
    assert.equal(text.split(from).length, 2, `"${from}" is not there once`);
    const program = programOf({ [`${name}.lus`]: text.replace(from, to) });
    assert.deepEqual(
        program.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
        [],
    );
    return failuresOf(program).join('\n');
}

suite('examples', () => {
    test('the list in the documentation is complete', () => {
        const page = readFileSync(inRepository('extension', 'docs', 'examples.md'), 'utf8');
        const listed = [...page.matchAll(/^\| \[([^\]]+\.lus)\]/gm)].map((m) => m[1]).sort();
        assert.deepEqual(listed, [...PROGRAMS.keys()]);
    });

    test('the recording is one of those that are compared with the emulator', () => {
        const recording = readFileSync(`${FOLDER}/real-retrieve-fails.jsonl`, 'utf8');
        assert.equal(
            recording,
            readFileSync(inRepository('test', 'conformance', 'recordings', 'case-retrieve-fails.jsonl'), 'utf8'),
        );
    });

    for (const [file, program] of PROGRAMS) {
        test(`${file} has no findings, passes and says what to look at`, () => {
            const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
            assert.match(text, /^(\/\/.*\n)+\/\/ What to look at\n(\/\/ +(- |\d\. ).*\n)/);
            assert.deepEqual(
                text.split('\n').filter((line) => line.length > 140),
                [],
            );
            assert.deepEqual(findingsOf(program), []);
            assert.ok(program.scenarios.length > 0);
            assert.deepEqual(outcomes.failuresOf(program), []);
        });
    }

    test('first-session: what is not preserved is not there', () => {
        assert.match(
            changed('first-session', 'vm1.preserve_fd(ram, token: 0x10)', 'log(vm1)'),
            /retrieve_fd\(token: 0x10\) fails with ENOENT/,
        );
    });

    test('first-session: the memory that comes back is the memory that went', () => {
        assert.match(
            changed('first-session', 'ram.pwrite("last words", at: 1MiB)', 'ram.pwrite("last wordS", at: 1MiB)'),
            /bytes\("last words"\)/,
        );
    });

    test('tour: both descriptors of the session matter', () => {
        assert.match(
            changed(
                'tour',
                '        exit                                    // its descriptors close; luod still holds the session\n',
                '        exit\n    }\n    luod { vm1.close()\n',
            ),
            /retrieve_session\("vm-1"\) fails with ENOENT/,
        );
    });

    test("several-sessions: without the agent's own descriptor a guest is lost with its monitor", () => {
        assert.match(
            changed(
                'several-sessions',
                'mine.preserve_fd(notes, token: 0)',
                'mine.preserve_fd(notes, token: 0)\n        vm2.close()',
            ),
            /none/,
        );
    });

    test('guest-under-load: what is forgotten is what is wrong', () => {
        assert.match(
            changed(
                'guest-under-load',
                'process vmm { leave(true, true) }\n    process vmm { arrive(true); sleep 200ms }',
                'process vmm { leave(true, false) }\n    process vmm { arrive(false); sleep 200ms }',
            ),
            /nothing is wrong: assertion failed: vm\("guest"\)\.wrong == 0/,
        );
        assert.match(
            changed('guest-under-load', 'process vmm { leave(false, true) }', 'process vmm { leave(true, true) }'),
            /a guest that was not paused: assertion failed: consequences/,
        );
    });

    test('guest-memfd: the VM must be there, and the pages before they are frozen', () => {
        assert.match(
            changed('guest-memfd', '        vm1.preserve_fd(guest, token: 3)\n', ''),
            /reboot\(KEXEC\) fails with ENOENT/,
        );
        assert.match(
            changed(
                'guest-memfd',
                '        ram.fallocate(0, 4MiB, keep_size: true)     // a frozen mapping takes no new pages\n',
                '',
            ),
            /guest\.written > before/,
        );
    });

    test('agent-crash: a second holder makes the difference', () => {
        assert.match(
            changed('agent-crash', 'send vm1 to systemd                     // FDSTORE=1', 'log("nobody else")'),
            /session\("vm-1"\)|ENOENT|none/,
        );
    });

    test('failed-freeze: without the injected failure the reboot goes through', () => {
        assert.match(
            changed(
                'failed-freeze',
                'inject EIO into gpu_handler.freeze after 2',
                'inject EIO into gpu_handler.freeze after 3',
            ),
            /reboot\(KEXEC\) should fail with EIO, but it succeeds/,
        );
    });

    test('failed-freeze: who is thawed depends on who fails', () => {
        assert.match(
            changed('failed-freeze', 'gpu_handler.freeze after 2', 'gpu_handler.freeze after 1'),
            /state_of\("vm-2", 0\)\.freezes == 1 && state_of\("vm-2", 0\)\.thaws == 1/,
        );
        assert.match(
            changed('failed-freeze', 'gpu_handler.freeze after 2', 'gpu_handler.freeze'),
            /state_of\("vm-1", 0\)\.freezes == 1 && state_of\("vm-1", 0\)\.thaws == 1/,
        );
    });

    test('close-hangs: it is the freeze that keeps the close waiting', () => {
        assert.match(
            changed(
                'close-hangs',
                '            log("never printed")\n',
                '            log("never printed")\n        }\n        process b {\n            assert vmm.state != "D"\n',
            ),
            /vmm\.state/,
        );
    });

    test('kernel-close-race: it is the release that makes the difference', () => {
        assert.match(
            changed('kernel-close-race', 'kernel "7.0-slow" from "7.0"', 'kernel "7.0-slow" from "7.2"'),
            /7\.0: .* should fail with EIO, but it succeeds/,
        );
    });

    test('slow-preserve: a guest of one folio delays nothing', () => {
        assert.match(
            changed(
                'slow-preserve',
                'ram.truncate(512MiB)                    // 256 folios, each pinned and preserved',
                'ram.truncate(4KiB)',
            ),
            /finds LU1031|ram\.size == 512MiB/,
        );
    });

    test('vetoed-finish: without the veto the session is gone', () => {
        assert.match(
            changed(
                'vetoed-finish',
                'can_finish(args) { return args.retrieve_status > 0 }',
                'can_finish(args) { return true }',
            ),
            /finish\(\) should fail with EBUSY, but it succeeds[\s\S]*Unable to finish session/,
        );
    });

    test('nic-handler: an undo that is missing leaks a page', () => {
        assert.match(
            changed(
                'nic-handler',
                'undo { kho.unpreserve_free(ser) }       // runs if this callback fails later on\n        kho.preserve_folio(args.file.ring)      // a failing call makes the callback return its errno\n        undo { kho.unpreserve_folio(args.file.ring) }',
                'kho.preserve_folio(args.file.ring)\n        if args.file.queues == 2 { return -EIO }',
            ),
            /preserve_fd/,
        );
    });

    test('nic-handler: an FLB that init does not ask for is not finished', () => {
        assert.match(
            changed(
                'nic-handler',
                'if (try nic_core.get_incoming()) == 0 { nic_core.put_incoming() }',
                'log("nothing")',
            ),
            /nic_core\.retrieved/,
        );
    });

    test('second-update: what is preserved again survives, so "forgotten" could have', () => {
        assert.match(
            changed(
                'second-update',
                '// "forgotten" is not retrieved.',
                'more = lu.retrieve_session("forgotten"); left = more.retrieve_fd(token: 1); more.finish(); again = lu.create_session("forgotten"); again.preserve_fd(left, token: 1)',
            ),
            /unclaimed > 2048|retrieve_session\("forgotten"\) should fail/,
        );
    });

    test('one-mistake: with the line that is missing there is nothing to find', () => {
        assert.match(
            changed(
                'one-mistake',
                'kho.preserve_folio(args.file.rx)        // the line for tx is missing',
                'kho.preserve_folio(args.file.rx); kho.preserve_folio(args.file.tx)',
            ),
            /should fail with EIO, but it succeeds/,
        );
    });

    test('missing-handler: with the handler nothing is wrong', () => {
        assert.match(
            changed('missing-handler', 'kexec_file_load("7.2")  ', 'kexec_file_load("7.2-modem")  '),
            /should fail with EIO, but it succeeds/,
        );
    });

    test('huge-folios: the order of the folios is what makes the count', () => {
        assert.match(
            changed('huge-folios', 'memfd_create("huge", huge: true)', 'memfd_create("huge", huge: false)'),
            /the left side is 16384 and the right side is 32/,
        );
    });

    test('bug-51-sessions: it takes exactly 51 and a duplicate', () => {
        assert.match(
            changed(
                'bug-51-sessions',
                'create_sessions(lu, 51)\n        lu.create_session("vm-3")',
                'create_sessions(lu, 52)\n        lu.create_session("vm-3")',
            ),
            /should panic/,
        );
        assert.match(
            changed(
                'bug-51-sessions',
                'lu.create_session("vm-3")  fails EEXIST\n        kexec',
                'log("no duplicate")\n        kexec',
            ),
            /should panic/,
        );
    });

    test('bug-flb-underflow: one get_incoming() is all that is missing', () => {
        assert.match(
            changed(
                'bug-flb-underflow',
                'boot "7.2-link"\n    process luod { preserve_link("7.2-link") }',
                'boot "7.2-link"\n    process luod { preserve_link("7.2-link-careful") }',
            ),
            /refcount_t: underflow/,
        );
    });

    test('bug-noexec-seal: the flag is what does it', () => {
        assert.match(
            changed(
                'bug-noexec-seal',
                'memfd_create("noexec", MFD_NOEXEC_SEAL)',
                'memfd_create("noexec", MFD_ALLOW_SEALING)',
            ),
            /noexec\.seals == F_SEAL_EXEC/,
        );
    });

    test('bug-reply-fault: with a reply that can be written the session is there', () => {
        assert.match(
            changed(
                'bug-reply-fault',
                'lu.retrieve_session("vm-1") with readonly_reply  fails EFAULT',
                'lu.retrieve_session("vm-1")',
            ),
            /should fail with ENOENT, but it fails with EINVAL/,
        );
    });

    test('device-keeps-writing: the driver that does it right needs both, the stop and the unmapping', () => {
        assert.match(
            changed(
                'device-keeps-writing',
                'release() { dma0.stop(); dma0.dma_unmap(iova); put_folio(buffer) }',
                'release() { dma0.dma_unmap(iova); put_folio(buffer) }',
            ),
            /stopped: assertion failed/,
        );
        assert.match(
            changed(
                'device-keeps-writing',
                'release() { dma0.stop(); dma0.dma_unmap(iova); put_folio(buffer) }',
                'release() { put_folio(buffer) }',
            ),
            /guest\.pread/,
        );
    });

    test('device-never-stops: it takes kept translation and a device that nobody resets', () => {
        assert.match(changed('device-never-stops', 'vfio_phase keep ', 'vfio_phase reset '), /gpu0\.running/);
        assert.match(
            changed(
                'device-never-stops',
                'ram.add_seals(F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)',
                'ram.add_seals(F_SEAL_GROW)',
            ),
            /EINVAL/,
        );
    });

    test('passthrough-update: interrupts that stay on fail the reboot, and without the layers nothing is taken', () => {
        assert.match(
            changed('passthrough-update', '        gpu.disable_irqs()\n', ''),
            /reboot\(KEXEC\) fails with EINVAL/,
        );
        assert.match(
            changed(
                'passthrough-update',
                '        nic.bind_iommufd(ioas)\n        gpu.bind_iommufd(ioas)\n        nic.set_irqs(msix: 2)\n        gpu.set_irqs(msix: 1)\n        start_devices()\n        vm1.finish()',
                '        vm1.finish()',
            ),
            /vm1\.finish\(\) fails with EBUSY/,
        );
    });

    test('stock-kexec-devices: what stops the GPU is its bus master bit', () => {
        assert.match(
            changed('stock-kexec-devices', 'msix 1; driver vfio }', 'msix 1; driver vfio; ignores_bus_master on }'),
            /nic0\.strays == 0 && gpu0\.strays == 0|no boot parameters at/,
        );
    });

    test('interrupts: with nothing put in the guest stalls, and with nothing preserved what was posted is lost', () => {
        assert.match(
            changed('interrupts', 'vfio.trigger_irq(0)   ', '//'),
            /turned off, .*: assertion failed: vm\("guest"\)\.stalled == 0/,
        );
        assert.match(
            changed('interrupts', 'layers pci, iommu, vfio, interrupts', 'layers pci, iommu, vfio'),
            /preserved, and found in memory: reboot\(KEXEC\) fails with EINVAL/,
        );
    });

    test('movable-memory: it is the pin that keeps the page', () => {
        assert.match(
            changed(
                'movable-memory',
                '        folio.put()                             // memfd_pin_folios() would have pinned it\n',
                '',
            ),
            /ram\.pread/,
        );
        assert.match(changed('movable-memory', 'fill_memory(leave: 4MiB)', 'fill_memory(leave: 64MiB)'), /in_scratch/);
    });

    test('huge-pages: without the layer the pool would be twice as large, and without the room there is none', () => {
        assert.match(
            changed(
                'huge-pages',
                'kernel "next" from "7.3" {                      // hugetlb: RFC of December 2025, in no released kernel\n    layers hugetlb\n',
                'kernel "next" from "7.3" {\n',
            ),
            /ENOENT/,
        );
        assert.match(
            changed(
                'huge-pages',
                'boot "7.2"\n    assert kho.scratch_size < 2GiB',
                'boot "stock"\n    assert kho.scratch_size < 2GiB',
            ),
            /scratch_size < 2147483648|scratch_size < 2GiB/,
        );
    });

    test('agent: the sessions live by the agent, and its notes by their session', () => {
        assert.match(
            changed('agent', 'kill vmm1\n    kill vmm2\n', 'kill luod\n    process luod { kexec_file_load("7.2") }\n'),
            /luod|ENOENT|agent/,
        );
        assert.match(
            changed('agent', '        luod_note(agent, "vm-2", "vcpus", 0x20)\n', ''),
            /retrieve_fd\(token: luod\.vcpus\) fails with ENOENT/,
        );
        assert.match(changed('agent', 'kill luod after 4 ', 'kill luod after 400 '), /EBUSY/);
    });

    test('database: what is not stored in preserved pages is not there', () => {
        assert.match(changed('database', '        put(table, 41, "value 41")\n', ''), /get\(table, key\)/);
        assert.match(
            changed(
                'database',
                '        session.preserve_fd(table, token: 1)    // preserved again at once, for the next update\n',
                '',
            ),
            /retrieve_fd\(token: 1\) fails with ENOENT/,
        );
    });

    test('container: the queue is one file for both', () => {
        assert.match(
            changed(
                'container',
                '    worker2 { work(state2, queue, 7) }\n',
                '    worker2 { queue = memfd_create("its own"); queue.write(bytes(20, 7)); work(state2, queue, 7) }\n',
            ),
            /every job was done once/,
        );
        assert.match(
            changed(
                'container',
                'copy = memfd_create("worker1, put down")\n        copy.write(state1.pread(1, at: 0))      // a copy instead of the file itself\n        session.preserve_fd(copy, token: 2)',
                'session.preserve_fd(state1, token: 2)',
            ),
            /five jobs were taken/,
        );
    });

    test('gpu-job: the tables that outlive the kernel are what lets it go on', () => {
        assert.match(changed('gpu-job', '    vfio_phase keep\n', ''), /gpu0\.running/);
        assert.match(changed('gpu-job', '        hwpt.mark_preserve(token: 1)\n', ''), /preserve_fd|gpu0|retrieve_fd/);
    });
});

suite('diagnoses: the examples', () => {
    for (const [name, program] of PROGRAMS) {
        for (const scenario of program.scenarios) {
            const key = `${name}: ${scenario.name.value}`;
            test(`${key}: has the findings that it announces, and no other`, () => {
                const { failure, found } = outcomes.of(program, scenario);
                assert.equal(failure, undefined);
                const announced = asked(program, scenario);
                const names = new Set(scenario.finds?.map((f) => f.name));
                const silent = found.filter((d) => !announced.includes(d.code) && !names.has(rootOf(d).code));
                assert.deepEqual(
                    silent.map((d) => `${d.code}: ${d.message}`),
                    [],
                );
                assert.deepEqual(
                    announced.filter((code) => !found.some((d) => d.code === code)),
                    [],
                );
            });
        }
    }

    const rootOf = (d: Diagnosis): Diagnosis => (d.cause ? rootOf(d.cause) : d);

    /** What a scenario says of itself: `finds …`, `assert diagnosed("…")`. */
    function asked(program: Program, { start, end, finds }: Program['scenarios'][number]): string[] {
        const text = program.files.get(program.main)?.text.slice(start, end) ?? '';
        return (finds ?? [])
            .map((f) => f.name)
            .concat(
                [...text.matchAll(/^[^/\n]*?(?<!!)diagnosed\("(LU\d{4})"\)(?:.*?diagnosed\("(LU\d{4})"\))?/gm)]
                    .flatMap((m) => m.slice(1))
                    .filter((c) => c !== undefined),
            );
    }
});
