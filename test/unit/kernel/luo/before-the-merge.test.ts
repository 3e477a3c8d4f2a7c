/** LUO before the merge: states, events of sessions, subsystems. */
import assert from 'node:assert/strict';
import { Run } from '../../../../emulator/run/run';
import { findingsOf, programOf } from '../../../support/programs';
import { failuresOf, passes, runToEnd } from '../../../support/runs';

/** What the scenario's kernels said about themselves, in order. */
function said(text: string): string[] {
    const program = programOf({ 'test.lus': text });
    assert.deepEqual(
        findingsOf(program).filter((f) => !/LU02(09|10)/.test(f)),
        [],
    );
    const { host } = Run.start(program);
    const lines: string[] = [];
    host.listeners.report({
        log: (l) => {
            if (l.text.startsWith('@')) {
                lines.push(l.text.slice(1));
            }
        },
    });
    runToEnd(host);
    assert.equal(host.interpreter.outcome?.passed === false ? host.interpreter.outcome.failure?.message : '', '');
    return lines;
}

const DRIVERS = `
file nic at "/dev/nic0" { }
flb one "one-v1" {
    preserve(args)   { klog_info("@one prepare"); args.data = 11 }
    unpreserve(args) { klog_info("@one cancel ", args.data) }
    freeze(args)     { klog_info("@one freeze ", args.data); args.data = 12 }
    retrieve(args)   { klog_info("@one boot ", args.data); args.obj = args.data }
    finish(args)     { klog_info("@one finish") }
}
flb two "two-v1" {
    preserve(args)   { klog_info("@two prepare"); args.data = 21 }
    unpreserve(args) { klog_info("@two cancel ", args.data) }
    retrieve(args)   { klog_info("@two boot ", args.data); args.obj = args.data }
    finish(args)     { klog_info("@two finish") }
}
handler nic_handler "nic-v1" for nic uses one, two {
    can_preserve(file) { return file.kind == nic }
    preserve(args)   { klog_info("@nic prepare"); args.serialized_data = 5 }
    unpreserve(args) { klog_info("@nic cancel") }
    freeze(args)     { klog_info("@nic freeze") }
    retrieve(args)   { klog_info("@nic retrieve ", args.serialized_data); args.file = new nic() }
    finish(args)     { klog_info("@nic finish ", args.retrieve_status) }
}
kernel "v4" from "luo-v4" { handlers + nic_handler }
`;

const SETUP = `
    boot "v4"
    process p {
        lu = open("/dev/liveupdate")
        s  = lu.create_session("s")
        s.preserve_fd(open("/dev/nic0"), token: 1)`;

suite('LUO before the merge', () => {
    test('an update: every subsystem takes part in every event, in the order of registration', () => {
        assert.deepEqual(
            said(`${DRIVERS}scenario "s" {${SETUP}
        lu.set_event(LIVEUPDATE_PREPARE)
        kexec_file_load("v4")
        reboot(KEXEC)
    }
    process p {
        lu = open("/dev/liveupdate")
        s  = lu.retrieve_session("s")
        s.retrieve_fd(token: 1)
        lu.set_event(LIVEUPDATE_FINISH)
    }
}`),
            [
                'one prepare',
                'two prepare',
                'nic prepare',
                'one freeze 11',
                'nic freeze',
                'one boot 12',
                'two boot 21',
                'nic retrieve 5',
                'one finish',
                'two finish',
                'nic finish 1',
            ],
        );
    });

    test('a subsystem that cannot prepare: the ones before it are cancelled, and the state is NORMAL', () => {
        assert.deepEqual(
            said(`${DRIVERS}scenario "s" {${SETUP}
    }
    inject EIO into two.preserve
    p {
        lu.set_event(LIVEUPDATE_PREPARE)  fails EIO
        assert lu.get_state() == LIVEUPDATE_STATE_NORMAL
    }
}`),
            ['one prepare', 'one cancel 11'],
        );
    });

    test('a file that cannot prepare: everything is cancelled, once', () => {
        assert.deepEqual(
            said(`${DRIVERS}scenario "s" {${SETUP}
        s.preserve_fd(open("/dev/nic0"), token: 2)
    }
    inject EIO into nic_handler.preserve after 1
    p {
        lu.set_event(LIVEUPDATE_PREPARE)  fails EIO
        assert s.get_state() == LIVEUPDATE_STATE_NORMAL
    }
}`),
            ['one prepare', 'two prepare', 'nic prepare', 'nic cancel', 'one cancel 11', 'two cancel 21'],
        );
    });

    test('CANCEL: sessions, then subsystems', () => {
        assert.deepEqual(
            said(`${DRIVERS}scenario "s" {${SETUP}
        lu.set_event(LIVEUPDATE_CANCEL)  fails EINVAL
        lu.set_event(LIVEUPDATE_PREPARE)
        lu.set_event(LIVEUPDATE_PREPARE)  fails EINVAL
        lu.set_event(LIVEUPDATE_CANCEL)
    }
}`),
            ['one prepare', 'two prepare', 'nic prepare', 'nic cancel', 'one cancel 11', 'two cancel 21'],
        );
    });

    test('events of one session: in the wrong state EBUSY', () => {
        passes(`${DRIVERS}scenario "s" {${SETUP}
        s.set_event(LIVEUPDATE_FREEZE)   fails EBUSY
        s.set_event(LIVEUPDATE_CANCEL)   fails EBUSY
        s.set_event(LIVEUPDATE_FINISH)   fails EBUSY
        s.set_event(9)                   fails EINVAL
        s.set_event(LIVEUPDATE_PREPARE)
        assert s.get_state() == LIVEUPDATE_STATE_PREPARED
        assert lu.get_state() == LIVEUPDATE_STATE_NORMAL
        s.set_event(LIVEUPDATE_PREPARE)  fails EBUSY
        s.unpreserve_fd(token: 1)        fails EBUSY
        s.set_event(LIVEUPDATE_FREEZE)
        s.set_event(LIVEUPDATE_CANCEL)
        s.unpreserve_fd(token: 1)
        s.unpreserve_fd(token: 1)        fails ENOENT
    }
}`);
    });

    test('a session that is closed after PREPARE does not arrive; the others do', () => {
        passes(`${DRIVERS}scenario "s" {${SETUP}
        t = lu.create_session("t")
        t.preserve_fd(open("/dev/nic0"), token: 1)
        lu.set_event(LIVEUPDATE_PREPARE)
        s.close()
        kexec_file_load("v4")
        reboot(KEXEC)
    }
    process p {
        lu = open("/dev/liveupdate")
        lu.retrieve_session("s")  fails ENOENT
        t  = lu.retrieve_session("t")
        lu.create_session("t")    fails EEXIST    // one list for all
        t.retrieve_fd(token: 2)   fails ENOENT
        t.retrieve_fd(token: 1)
        t.finish()
    }
}`);
    });

    test('what nobody has asked for by FINISH is gone', () => {
        passes(`${DRIVERS}scenario "s" {${SETUP}
        lu.set_event(LIVEUPDATE_PREPARE)
        kexec_file_load("v4")
        reboot(KEXEC)
    }
    process p {
        lu = open("/dev/liveupdate")
        lu.set_event(LIVEUPDATE_FINISH)
        lu.retrieve_session("s")  fails EAGAIN
        lu.set_event(LIVEUPDATE_FINISH)  fails EINVAL
    }
    assert kernel.logged("never retrieved")
}`);
    });

    test('a handler that is missing in the next kernel is fatal', () => {
        const program = programOf({
            'test.lus': `${DRIVERS}scenario "s" {${SETUP}
        lu.set_event(LIVEUPDATE_PREPARE)
        kexec_file_load("luo-v4")
        reboot(KEXEC)
    }
    process p { lu = open("/dev/liveupdate") }
}`,
        });
        assert.deepEqual(failuresOf(program), [
            's: kernel panic: luo: the sessions of the previous kernel cannot be restored',
        ]);
    });

    test("today's kernels have no states", () => {
        passes(`scenario "s" {
    boot "7.2"
    process p {
        lu = open("/dev/liveupdate")
        s  = lu.create_session("s")
        lu.get_state()  fails EINVAL
        lu.set_event(LIVEUPDATE_PREPARE)  fails EINVAL
        s.unpreserve_fd(token: 1)         fails EINVAL
        memfd_create("m").get_state()     fails ENOTTY
    }
}`);
    });

    test('a driver asks what was preserved for a handler, while the kernel comes up and later', () => {
        const ASKING = `${DRIVERS}
fn ask() {
    for i in 0..3 {
        r = try liveupdate_fd_data_query("nic-v1", i)
        if i < 2 { klog_info("@", r[0], " ", r[1], " ", r[2]) } else { klog_info("@", r) }
    }
}
kernel "asks" from "v4" { init { ask() } }
kernel "7.2-asks" from "7.2" { init { r = try liveupdate_fd_data_query("nic-v1", 0); klog_info("@", r) } }
`;
        const lines = said(`${ASKING}
scenario "s" {
    boot "v4"
    process p {
        lu = open("/dev/liveupdate")
        a  = lu.create_session("a")
        b  = lu.create_session("b")
        a.preserve_fd(open("/dev/nic0"), token: 7)
        b.preserve_fd(memfd_create("m"), token: 8)
        b.preserve_fd(open("/dev/nic0"), token: 9)
        lu.set_event(LIVEUPDATE_PREPARE)
        kexec_file_load("asks")
        reboot(KEXEC)
    }
}`);
        assert.deepEqual(lines.slice(-3), ['a 7 5', 'b 9 5', '-2']);
        assert.deepEqual(said(`${ASKING}\nscenario "s" { boot "7.2-asks" }`), ['-95']);
        assert.deepEqual(said(`${ASKING}\nscenario "s" { boot "v4" }`), []);
    });
});
