/** System calls by which a process looks at another one: pidfds, kcmp, tee, dup2, fdinfo, the freezer of cgroups. */
import assert from 'node:assert/strict';
import { programOf } from '../../../support/programs';
import { failureOf, failuresOf, passes } from '../../../support/runs';

/** Statements in process `p`, beside a process `other` whose descriptors 3 to 6 are a memfd, a pipe and an eventfd. */
function scenario(statements: string): string {
    return `
fn write_to(d: fd, text: string) { d.write(text) }
fn read_from(d: fd) { return text_of(d.read(100)) }
scenario "s" {
    boot "7.3"
    process other, p
    other {
        memfd_create("ram").write("abc")
        pipe()
        eventfd(5, flags: EFD_SEMAPHORE | EFD_CLOEXEC)
    }
    p {
${statements}
    }
}`;
}

const inProcess = (statements: string): void => passes(scenario(statements));

suite('other processes', () => {
    test('pidfd_open and pidfd_getfd', () => {
        inProcess(`
        pidfd_open(0)  fails EINVAL
        pidfd_open(9999)  fails ESRCH
        pidfd = pidfd_open(other.pid)
        assert readlink(str("/proc/self/fd/", pidfd)) == "anon_inode:[pidfd]"
        pidfd_getfd(pidfd, 99)  fails EBADF
        pidfd_getfd(0, 3)  fails EBADF
        pidfd_getfd(77, 3)  fails EBADF
        ram = pidfd_getfd(pidfd, 3)
        assert ram.getfd() == FD_CLOEXEC
        assert text_of(ram.pread(3, at: 0)) == "abc"
        assert kcmp(p.pid, other.pid, ram, 3) == 0
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(pidfd, token: 1)  fails ENOENT
        setrlimit_nofile(4)
        pidfd_getfd(pidfd, 3)  fails EMFILE`);
    });

    test('a process that has ended has no files, until it is reaped', () => {
        const program = programOf(`
scenario "s" {
    boot "7.3"
    process other, p
    p { pidfd = pidfd_open(other.pid) }
    kill other
    p { pidfd_getfd(pidfd, 0)  fails ESRCH }
}`);
        assert.deepEqual(failuresOf(program), []);
    });

    test('kcmp tells open files apart, not inodes', () => {
        inProcess(`
        assert kcmp(other.pid, other.pid, 3, 3) == 0
        assert kcmp(other.pid, other.pid, 3, 4) + kcmp(other.pid, other.pid, 4, 3) == 3
        kcmp(other.pid, 9999, 3, 3)  fails ESRCH
        kcmp(other.pid, other.pid, 3, 50)  fails EBADF`);
    });

    test('dup2 closes what had the number', () => {
        inProcess(`
        a = memfd_create("a")
        b = pipe()
        assert a.dup2(b[1]) == b[1]
        assert readlink(str("/proc/self/fd/", b[1])) == "/memfd:a (deleted)"
        assert b[0].read(1).length == 0, "its write end was the only one"
        assert a.dup2(a) == a
        a.dup2(-1)  fails EBADF
        a.dup2(1024)  fails EBADF
        a.close()
        a.dup2(9)  fails EBADF
        a.dup2(a)  fails EBADF`);
    });

    test('tee leaves the bytes where they are', () => {
        inProcess(`
        a = pipe()
        b = pipe()
        a[0].tee(b[1], 10)  fails EAGAIN
        a[1].write("hello")
        assert a[0].tee(b[1], 3) == 3
        assert text_of(b[0].read(10)) == "hel" && text_of(a[0].read(10)) == "hello"
        a[0].tee(a[1], 10)  fails EINVAL
        a[1].tee(b[1], 10)  fails EBADF
        a[0].tee(b[0], 10)  fails EBADF
        a[0].tee(memfd_create("m"), 10)  fails EINVAL
        a[1].write("x")
        b[1].write(zeros(65536))
        a[0].tee(b[1], 1)  fails EAGAIN
        b[0].close()
        a[0].tee(b[1], 1)  fails EPIPE
        a[1].close()
        assert a[0].tee(b[1], 0) == 0`);
    });

    test('/proc/PID/fd and fdinfo', () => {
        inProcess(`
        assert proc_fds(other.pid) == [0, 1, 2, 3, 4, 5, 6]
        proc_fds(9999)  fails ENOENT
        proc_fdinfo(other.pid, 9)  fails ENOENT
        assert proc_fdinfo(other.pid, 3).pos == 3
        info = proc_fdinfo(other.pid, 6)
        assert info.eventfd_count == 5 && info.eventfd_semaphore == 1
        assert info.flags & O_CLOEXEC == O_CLOEXEC
        assert proc_fdinfo(other.pid, 4).ino == proc_fdinfo(other.pid, 5).ino`);
    });

    test('a frozen process makes no system call, can be killed, and goes on when it is thawed', () => {
        inProcess(`
        cgroup_freeze(9999, true)  fails ENOENT
        cgroup_freeze(other.pid, true)
        cgroup_freeze(other.pid, false)`);
        const frozen = (then: string): string | undefined =>
            failureOf(
                programOf(`
scenario "s" {
    boot "7.3"
    process other, p
    p { cgroup_freeze(other.pid, true) }
    ${then}
}`),
            );
        assert.match(frozen('other { pipe() }') ?? '', /other is frozen \(cgroup\.freeze\)/);
        assert.equal(frozen('kill other'), undefined);
        assert.equal(frozen('p { cgroup_freeze(other.pid, false) }\n    other { pipe() }'), undefined);
    });
});
