/** SESSION_FREEZE: the cases of the ioctl, and what the reboot and a close do with a session that it has frozen. */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../../../support/programs';
import { failuresOf } from '../../../support/runs';

const HEAD = `
struct part_ser { kept: u64 }
file part at "/dev/part" { froze: int = 0; thawed: int = 0 }
handler keep_part "part-v1" for part {
    can_preserve(file) { return file.kind == part }
    preserve(args) { args.serialized_data = phys(kho.alloc_preserve(part_ser)) }
    unpreserve(args) { kho.unpreserve_free(at(part_ser, args.serialized_data)) }
    freeze(args) { args.file.froze = args.file.froze + 1 }
    unfreeze(args) { args.file.thawed = args.file.thawed + 1 }
    retrieve(args) { args.file = new part() }
    finish(args) { kho.restore_free(at(part_ser, args.serialized_data)) }
}
fn froze(name: string, i: int) {
    file = session(name).files[i].file
    if file.kind == part { return file.froze }
    return -1
}
fn thawed(name: string, i: int) {
    file = session(name).files[i].file
    if file.kind == part { return file.thawed }
    return -1
}
kernel "next" from "7.3" { layers session_freeze; handlers + keep_part }
`;

function passes(text: string): void {
    const program = programOf({ 'test.lus': HEAD + text });
    assert.deepEqual(findingsOf(program), []);
    assert.deepEqual(failuresOf(program), []);
}

suite('SESSION_FREEZE', () => {
    test('a frozen session takes no file and is frozen once; only outgoing sessions can be frozen', () =>
        passes(`
scenario "cases" {
    boot "next"
    process p {
        lu  = open("/dev/liveupdate")
        s   = lu.create_session("s")
        ram = memfd_create("ram")
        s.preserve_fd(ram, token: 1)
        s.ioctl(0x44, size: 8, data: bytes(1, 0, 0, 0))  fails EINVAL
        s.ioctl(0x44, size: 4, data: bytes())  fails EINVAL
        lu.freeze()  fails EINVAL
        s.freeze()
        assert session("s").frozen && handed_over_count() == 1
        s.freeze()  fails EBUSY
        s.preserve_fd(memfd_create("more"), token: 2)  fails EBUSY
        assert s.get_name() == "s"
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process p {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.freeze()  fails EINVAL
        s.retrieve_fd(token: 1)
        s.finish()
    }
}
fn handed_over_count() { return session("s").count }
scenario "a release has no such ioctl" {
    boot "7.3"
    process p { s = open("/dev/liveupdate").create_session("s"); s.freeze()  fails EINVAL }
}`));

    test('the reboot skips a frozen session, and leaves it frozen if it fails', () =>
        passes(`
scenario "reboot" {
    boot "next"
    process p {
        lu    = open("/dev/liveupdate")
        early = lu.create_session("early")
        late  = lu.create_session("late")
        a     = open("/dev/part")
        b     = open("/dev/part")
        early.preserve_fd(a, token: 1)
        late.preserve_fd(b, token: 1)
        early.freeze()
        assert froze("early", 0) == 1 && froze("late", 0) == 0
        kexec_file_load("next")
    }
    inject EIO into keep_part.freeze
    p { reboot(KEXEC)  fails EIO; assert froze("early", 0) == 1 && thawed("early", 0) == 0 && session("early").frozen }
    at handover {
        assert handed_over("early").count == 1 && handed_over("late").count == 1
        assert froze("early", 0) == 1 && froze("late", 0) == 1
    }
    p { reboot(KEXEC) }
    process p {
        lu = open("/dev/liveupdate")
        for name in ["early", "late"] {
            s = lu.retrieve_session(name)
            s.retrieve_fd(token: 1)
            s.finish()
        }
    }
}`));

    test('a failed freeze unfreezes the files before it, and the session can be used; a close unfreezes', () =>
        passes(`
scenario "errors" {
    boot "next"
    process p {
        lu = open("/dev/liveupdate")
        s = lu.create_session("s")
        a = open("/dev/part")
        b = open("/dev/part")
        s.preserve_fd(a, token: 1)
        s.preserve_fd(b, token: 2)
    }
    inject EIO into keep_part.freeze after 1
    p {
        s.freeze()  fails EIO
        assert froze("s", 0) == 1 && thawed("s", 0) == 1 && froze("s", 1) == 0 && !session("s").frozen
        s.preserve_fd(memfd_create("ram"), token: 3)
        s.freeze()
        s.close()
        assert session("s") == none
        s = lu.create_session("s")
        s.preserve_fd(a, token: 1)
        s.preserve_fd(b, token: 2)
        assert thawed("s", 0) == 2 && thawed("s", 1) == 1
    }
}`));

    test('a position that is set after the freeze is lost, the memory is not', () =>
        passes(`
scenario "position" finds LU1070 {
    boot "next"
    process p {
        s   = open("/dev/liveupdate").create_session("s")
        ram = memfd_create("ram")
        ram.write("0123456789")
        s.preserve_fd(ram, token: 1)
        s.freeze()
        ram.pwrite("later", at: 0)
        ram.lseek(4)
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process p {
        s   = open("/dev/liveupdate").retrieve_session("s")
        ram = s.retrieve_fd(token: 1)
        assert ram.pos == 10 && text_of(ram.pread(10, at: 0)) == "later56789"
        s.finish()
    }
}`));
});
