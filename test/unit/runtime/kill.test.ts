/** SIGKILL to a process that is in its own block, or in a system call. */
import assert from 'node:assert/strict';
import { programOf } from '../../support/programs';
import { failureOf, passes } from '../../support/runs';

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

    test('a block of it cannot begin meanwhile', () => {
        const text = `
scenario "s" {
    boot "7.2"
    process luod { kexec_file_load("7.2") }
    at handover { luod { _m = memfd_create("m") } }
    luod { reboot(KEXEC) }
}`;
        assert.equal(
            failureOf(programOf(text)),
            'the process luod is in a system call. Its next block can begin when the call has returned',
        );
    });
});
