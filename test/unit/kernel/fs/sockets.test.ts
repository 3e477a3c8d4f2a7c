/** Pairs of Unix sockets: what a read and a write find, and the layer that carries them over a kexec. */
import { passes } from '../../../support/runs';

suite('pairs of sockets', () => {
    test('bytes go both ways, and stay when the sender closes', () =>
        passes(`
scenario "s" {
    boot "7.3"
    process p {
        ends = socketpair()
        ends[0].read(5)  fails EAGAIN
        ends[0].pread(5, at: 0)  fails ESPIPE
        assert ends[0].write("hello ") == 6 && ends[0].write("you") == 3 && ends[1].write("x") == 1
        assert text_of(ends[1].read(7)) == "hello y"
        assert text_of(ends[0].read(7)) == "x"
        assert ends[0].write("") == 0
        assert ends[0].write(zeros(300000)) == SOCKET_CAPACITY - 2
        ends[0].write("x")  fails EAGAIN
        ends[0].close()
        assert ends[1].read(300000).length == SOCKET_CAPACITY
        assert ends[1].read(1).length == 0
        ends[1].write("x")  fails EPIPE
    }
}`));

    test('an end that is closed with unread bytes resets the other one, once', () =>
        passes(`
scenario "s" {
    boot "7.3"
    process p {
        ends = socketpair()
        ends[1].write("lost")
        ends[0].write("kept")
        ends[0].close()
        assert text_of(ends[1].read(10)) == "kept"
        ends[1].read(10)  fails ECONNRESET
        assert ends[1].read(10).length == 0
        ends[1].write("x")  fails EPIPE
        setrlimit_nofile(5)
        socketpair()  fails EMFILE
        assert proc_fds(p.pid) == [0, 1, 2, 4]
        lone = socket()
        lone.read(1)  fails EINVAL
        lone.write("x")  fails ENOTCONN
    }
}`));

    const order = (first: number, second: number): string => `
kernel "next" from "7.3" { layers unix_socket }
scenario "s" {
    boot "next"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(socket(), token: 9)  fails ENOENT
        ends = socketpair()
        s.preserve_fd(ends[0], token: 1)
        s.preserve_fd(ends[1], token: 2)
        s.preserve_fd(ends[1], token: 3)  fails EBUSY
        ends[0].write(pattern(1, 200000))
        ends[1].write("b")
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process p {
        s = open("/dev/liveupdate").retrieve_session("s")
        e${first} = s.retrieve_fd(token: ${first})
        e${second} = s.retrieve_fd(token: ${second})
        s.finish()
        assert e2.read(300000) == pattern(1, 200000)
        assert text_of(e1.read(10)) == "b"
        e1.write("c")
        e2.write("d")
        assert text_of(e2.read(10)) == "c" && text_of(e1.read(10)) == "d"
        e1.close()
        assert e2.read(1).length == 0
    }
    assert kho.incoming.unclaimed == 0
}`;

    test('the layer carries both queues, whichever end comes first', () => {
        passes(order(1, 2));
        passes(order(2, 1));
    });

    test('ends in two sessions are found, and so is one that is not retrieved', () =>
        passes(`
kernel "next" from "7.3" { layers unix_socket }
scenario "s" finds LU1121, LU1022 {
    boot "next"
    process p {
        lu = open("/dev/liveupdate")
        a = lu.create_session("a")
        b = lu.create_session("b")
        ends = socketpair()
        ends[1].write("x")
        a.preserve_fd(ends[0], token: 1)
        b.preserve_fd(ends[1], token: 2)
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process p {
        lu = open("/dev/liveupdate")
        a = lu.retrieve_session("a")
        e = a.retrieve_fd(token: 1)
        a.finish()
        lu.retrieve_session("b").finish()
        assert text_of(e.read(5)) == "x"
        e.write("x")  fails EPIPE
    }
    assert kho.incoming.unclaimed == 0
}`));
});
