/**
 * Findings about what comes too late or is only half done (LU1070 to LU1079): where the border lies between what is
 * said and what is not.
 */
import { Diagnoses } from '../../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { Run } from '../../../emulator/run/run';
import type { Diagnosis } from '../../../emulator/findings/diagnosis';
import { correctProgram, findingsOf, programOf } from '../../support/programs';
import { FOREVER } from '../../support/runs';

function run(text: string): { readonly found: readonly Diagnosis[]; readonly failure: string | undefined } {
    const { host } = Run.start(correctProgram(text));
    host.interpreter.run(FOREVER);
    return { found: Diagnoses.of(host)?.found.items ?? [], failure: host.interpreter.outcome?.failure?.message };
}

/** What is found, but for sessions that these short scenarios do not ask for at their end. */
function found(text: string): readonly Diagnosis[] {
    const { found: all, failure } = run(text);
    assert.equal(failure, undefined);
    return all.filter((d) => d.code !== 'LU1002');
}

const said = (text: string): string[] => found(text).map((d) => `${d.code} ${d.cause?.code ?? ''}`.trim());

/** A file of a declared kind with a field, whose handler freezes and thaws; `freeze` is what its freeze() does. */
const GPU = (freeze: string): string => `
file gpu at "/dev/gpu" { rings: int = 1 }
handler gpus "gpu-v1" for gpu {
    can_preserve(file) { return file.kind == gpu }
    preserve(args)     { args.serialized_data = 1 }
    unpreserve(args)   { }
    freeze(args)       { ${freeze} }
    unfreeze(args)     { }
    retrieve(args)     { args.file = new gpu() }
    finish(args)       { }
}
kernel "k" from "7.2" { handlers + gpus }
`;

suite('diagnoses: behind the freeze', () => {
    test('what freeze() itself changes is what it writes down', () => {
        assert.deepEqual(
            said(`${GPU('args.file.rings += 1')}
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/gpu"), token: 1)
        s.preserve_fd(open("/dev/gpu"), token: 2)
        kexec_file_load("k")
        reboot(KEXEC)
    }
}`),
            [],
        );
    });

    test('memory goes along, positions do not; said once a file, at the call', () => {
        const all = found(`scenario "s" {
    boot "7.2"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        m = memfd_create("m")
        m.truncate(4KiB)
        s.preserve_fd(m, token: 1)
        m.lseek(8)
        kexec_file_load("7.2")
    }
    at handover { p { m.pwrite("memory", at: 0); m.lseek(9); m.lseek(10) } }
    p { reboot(KEXEC) }
}`);
        assert.deepEqual(
            all.map((d) => [d.code, d.data['was'], d.data['is']]),
            [['LU1070', '8', '9']],
        );
    });

    test('what a handler has written down is not changed by anybody else', () => {
        const text = (hook: string): string => `
struct State { rings: u64; more: u64 }
file gpu at "/dev/gpu" { }
handler gpus "gpu-v1" for gpu {
    can_preserve(file) { return file.kind == gpu }
    preserve(args)     { args.serialized_data = phys(kho.alloc_preserve(State)) }
    unpreserve(args)   { }
    freeze(args)       { state = at(State, args.serialized_data); state.rings = 2 }
    retrieve(args)     { state = at(State, args.serialized_data); kho.restore_free(state); args.file = new gpu() }
    finish(args)       { }
}
kernel "k" from "7.2" { handlers + gpus }
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/gpu"), token: 1)
        kexec_file_load("k")
    }
    ${hook}
    p { reboot(KEXEC) }
}`;
        const [d, ...more] = found(
            text('at handover { corrupt at(State, session("s").files[0].serialized_data).more xor 1 }'),
        );
        assert.deepEqual([d?.code, d?.data['token'], more.length], ['LU1070', '0x1', 0]);
        assert.match(
            d?.message ?? '',
            /^The State at 0x[0-9a-f]+, which token 0x1 of session "s" hands over, changed after gpus\.freeze ran/,
        );
        assert.deepEqual(
            d?.history.map((h) => h.text),
            ['create_session("s")', 'preserve_fd(token: 0x1)', 'frozen (gpus)', 'corrupted by the scenario'],
        );
        assert.deepEqual(said(text('at handover { p { open("/dev/gpu") } }')), []);
    });

    test('a reboot that failed has frozen nothing', () => {
        assert.deepEqual(
            said(`${GPU('if should_fail("busy") != 0 { return -EBUSY }')}
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        m = memfd_create("m")
        m.truncate(4KiB)
        s.preserve_fd(m, token: 1)
        s.preserve_fd(open("/dev/gpu"), token: 2)
        s.preserve_fd(open("/dev/gpu"), token: 3)
        kexec_file_load("k")
    }
    inject EBUSY into "busy" after 1
    p { reboot(KEXEC)  fails EBUSY; m.lseek(8); reboot(KEXEC) }
}`),
            [],
            'the first gpu was thawed, the second has not been frozen, and the position may change again',
        );
    });
});

suite('diagnoses: what comes back otherwise', () => {
    const update = (body: string): string => `scenario "s" {
    boot "7.2"
    process q
    process p {
        s = open("/dev/liveupdate").create_session("s")
        f = open("/dev/shm/f", O_RDWR | O_CREAT)
        f.write("0123456789")
        ${body}
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
}`;

    test('another open of the file with a position of its own', () => {
        const [d] = found(
            update('g = open("/dev/shm/f"); g.lseek(3); unlink("/dev/shm/f"); s.preserve_fd(f, token: 1)'),
        );
        assert.deepEqual([d?.code, d?.data['others'], d?.data['flags']], ['LU1073', 1, []]);
    });

    test('descriptors of one open file, and opens that are alike, lose nothing', () => {
        assert.deepEqual(
            said(
                update(
                    'g = f.dup(); h = open("/dev/shm/f"); h.lseek(10); unlink("/dev/shm/f"); g.lseek(10); s.preserve_fd(g, token: 1)',
                ),
            ),
            [],
        );
    });
});

suite('diagnoses: files between two updates', () => {
    const second = (body: string): string => `scenario "s" {
    boot "7.2"
    process p { s = open("/dev/liveupdate").create_session("s"); s.preserve_fd(memfd_create("m"), token: 1); kexec_file_load("7.2"); reboot(KEXEC) }
    process p {
        lu = open("/dev/liveupdate")
        s  = lu.retrieve_session("s")
        m  = s.retrieve_fd(token: 1)
        s.finish()
        ${body}
        reboot(KEXEC)
    }
}`;

    test('a file in use that no session has is a hint', () => {
        const [d] = found(second('kexec_file_load("7.2")'));
        assert.deepEqual(
            [d?.code, d?.severity, d?.history.map((h) => h.text)],
            [
                'LU1079',
                'hint',
                [
                    'create_session("s")',
                    'preserve_fd(token: 0x1)',
                    'retrieve_session("s")',
                    'retrieve_fd(token: 0x1)',
                    'finish()',
                ],
            ],
        );
    });

    test('one that was closed, or preserved through another descriptor, or a kernel that is handed nothing, is none', () => {
        for (const body of [
            'm.close(); kexec_file_load("7.2")',
            'lu.create_session("t").preserve_fd(m.dup(), token: 2); kexec_file_load("7.2")',
            'kexec_load("7.2")',
        ]) {
            assert.deepEqual(said(second(body)), [], body);
        }
    });
});

suite('panics and logs in scenarios', () => {
    const body = (text: string): string => `scenario "s" {
    boot "7.2"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(memfd_create("m"), token: 1)
        kexec_file_load("7.2")
    }
    at handover { corrupt at(Entry, handed_over("s").files + 16).data xor 0x4000_0000_0000 }
    p { reboot(KEXEC) }
    ${text}
}
struct Entry { compatible: string[48]; data: u64; token: u64 }`;

    test('a kernel that panics in a system call may do so where it is announced, and the scenario goes on', () => {
        assert.deepEqual(
            said(
                `${body(`process p { s = open("/dev/liveupdate").retrieve_session("s"); s.retrieve_fd(token: 1)  panics "page fault" }
    assert panicked != ""
    boot "7.2"
    process p { open("/dev/liveupdate") }`)}`,
            ),
            ['LU1011', 'LU1061 LU1011'],
        );
    });

    test('one that does not, or not with these words, fails the scenario', () => {
        const failure = (text: string): string | undefined => run(text).failure;
        assert.match(
            failure(body('process p { open("/dev/liveupdate")  panics }')) ?? '',
            /should end in a panic, but it returns/,
        );
        assert.match(
            failure(body('process p { open("/dev/nothing")  panics }')) ?? '',
            /should end in a panic, but it fails with ENOENT/,
        );
        assert.match(
            failure(
                body(
                    'process p { s = open("/dev/liveupdate").retrieve_session("s"); s.retrieve_fd(token: 1)  panics "tree" }',
                ),
            ) ?? '',
            /kernel panic: unable to handle page fault/,
        );
    });

    test('what stands behind it in the same block never runs; at scenario level no kernel panics', () => {
        const findings = findingsOf(
            programOf(
                'fn f() { log("x") }\nscenario "s" { boot "7.2"; process p { open("/dev/null")  panics; open("/dev/null") } }\nscenario "t" { f()  panics }',
            ),
        );
        assert.deepEqual(
            findings.map((f) => f.replace(/^(\d+: LU\d+).*/, '$1')),
            ['2: LU0406', '3: LU0402', '3: LU0402'],
        );
    });

    test('lines of the log in their order', () => {
        assert.deepEqual(
            said(`kernel "k" from "7.2" { init { klog_info("one"); klog_info("two"); klog_info("three") } }
scenario "s" {
    boot "k"
    assert kernel.logged_in_order(["one", "three"]) && kernel.logged_in_order([])
    assert !kernel.logged_in_order(["two", "one"]) && !kernel.logged_in_order(["one", "one"]) && !kernel.logged_in_order(["four"])
}`),
            [],
        );
    });
});
