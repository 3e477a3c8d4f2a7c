/** SIGKILL to a process that is in its own block, or in a system call. */
import { passes } from '../../support/runs';

suite('kill: a process that does not stand still', () => {
    test('one that kills itself does nothing more, and its descriptors close', () => {
        passes(`
scenario "s" {
    boot "7.2"
    process luod {
        lu = open("/dev/liveupdate")
        _s = lu.create_session("vm-1")
        kill luod
        assert false
    }
    process luod {
        lu = open("/dev/liveupdate")
        _s = lu.create_session("vm-1")
    }
}`);
    });

    test('also in a function that it has called', () => {
        passes(`
fn end() { kill a; assert false }
scenario "s" {
    boot "7.2"
    process a { end() }
    process a { m = memfd_create("m") }
    assert a.m >= 0
}`);
    });

    test('one that is in reboot() is not back in user mode before the jump', () => {
        passes(`
scenario "s" {
    boot "7.2"
    process luod { kexec_file_load("7.2") }
    at handover { kill luod }
    luod { reboot(KEXEC) }
    process luod { _lu = open("/dev/liveupdate") }
}`);
    });

    test('a block of the process that reboots runs at the handover, as another thread of it would', () => {
        passes(`
scenario "s" {
    boot "7.2"
    process luod { kexec_file_load("7.2"); m = memfd_create("m"); m.truncate(1) }
    at handover { luod { m.truncate(2); log(m.size) } }
    luod { reboot(KEXEC) }
}`);
    });
});
