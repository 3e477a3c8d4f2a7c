/** Oopses: a process dies in the kernel with what it holds, and the kernel goes on. */
import assert from 'node:assert/strict';
import { errorsOf } from '../../../emulator/run/load-program';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';
import { failureOf, passes } from '../../support/runs';
import { run } from '../../support/slow-handler';

/** A handler whose retrieve() ends so. */
const linkWith = (end: string): string => `file link at "/dev/link0" { }
handler link_handler "link-v1" for link {
    can_preserve(file) { return file.kind == link }
    preserve(args) { args.serialized_data = 1 }
    unpreserve(args) { }
    retrieve(args) { ${end} }
    finish(args) { log("finish") }
}
fn update(name) {
    vm1 = open("/dev/liveupdate").create_session("vm-1")
    vm1.preserve_fd(open("/dev/link0"), token: 1)
    kexec_file_load(name)
    reboot(KEXEC)
}
kernel "7.1-link" from "7.1" { handlers + link_handler }
kernel "7.2-link" from "7.2" { handlers + link_handler }
`;
/** The next kernel, in which luod has the session, and `does` with it. */
const next = (series: string, does: string, behind = ''): string => `scenario "s" {
    boot "${series}-link"
    process luod { update("${series}-link") }
    process luod, other
    luod {
        lu = open("/dev/liveupdate")
        send lu to other
        vm1 = lu.retrieve_session("vm-1")
        ${does}
    }
    ${behind}
}
`;
const POSITIVE = linkWith('return 1');
const NOTHING = linkWith('');

suite('oopses', () => {
    test('nobody has announced it: the scenario fails there', () => {
        assert.equal(
            failureOf(programOf(POSITIVE + next('7.2', 'vm1.retrieve_fd(token: 1)'))),
            'kernel oops: kernel NULL pointer dereference in fd_install',
        );
        assert.equal(
            failureOf(programOf(NOTHING + next('7.2', 'vm1.retrieve_fd(token: 1)'))),
            'kernel oops: kernel NULL pointer dereference in luo_retrieve_file',
        );
    });

    test('another one was announced, or none comes', () => {
        assert.match(
            failureOf(programOf(POSITIVE + next('7.2', 'vm1.retrieve_fd(token: 1)  oopses "elsewhere"'))) ?? '',
            /in fd_install/,
        );
        assert.equal(
            failureOf(
                programOf('scenario "s" {\n    boot "7.2"\n    process p { memfd_create("m")  oopses "x" }\n}\n'),
            ),
            'memfd_create("m") should end in an oops, but it returns.',
        );
    });

    test('the process is gone, the log says why, and the others go on', () => {
        const text =
            POSITIVE +
            next(
                '7.2',
                'vm1.retrieve_fd(token: 1)  oopses "fd_install"',
                'assert kernel.logged("BUG: kernel NULL pointer dereference in fd_install") && session("vm-1") == none\n    other { m = memfd_create("m"); m.pwrite("x", at: 0); lu.retrieve_session("vm-1")  fails ENOENT }\n    process luod { log("again") }',
            );
        const { host, failure, log } = run(text);
        assert.equal(failure, '');
        assert.deepEqual(log, ['finish', 'again']);
        assert.deepEqual(
            host.processes.items.map((p) => p.name),
            ['other', 'luod'],
        );
        assert.equal(fingerprint(host), fingerprint(run(text).host));
    });

    test('the checker: nothing behind it runs, and it stands behind a call of a process', () => {
        const codes = (text: string): string[] => programOf(text).diagnostics.map((d) => d.code);
        assert.deepEqual(codes(POSITIVE + next('7.2', 'vm1.retrieve_fd(token: 1)  oopses ""; log(1)')), ['LU0406']);
        assert.deepEqual(errorsOf(programOf('scenario "s" {\n    boot "7.2"  oopses "x"\n}\n')).length > 0, true);
        assert.deepEqual(
            errorsOf(
                programOf(`${POSITIVE}fn f() { open("/dev/link0")  oopses "" }\nscenario "s" { boot "7.2"; f() }\n`),
            ).map((d) => d.code),
            ['LU0401'],
        );
    });

    test('from 7.2 on the serialize lock is left taken: the next reboot waits for ever', () => {
        assert.match(
            failureOf(
                programOf(
                    POSITIVE +
                        next(
                            '7.2',
                            'vm1.retrieve_fd(token: 1)  oopses "fd_install"',
                            'other { kexec_file_load("7.2-link"); reboot(KEXEC) }',
                        ),
                ),
            ) ?? '',
            /waits for the serialize lock, held by luod, which is dead/,
        );
    });

    test('up to 7.1 the mutex of the session is: the exit hangs, and whoever asks for the session', () => {
        passes(
            POSITIVE +
                next(
                    '7.1',
                    'vm1.retrieve_fd(token: 1)  oopses "fd_install"',
                    'assert session("vm-1").retrieved && session("vm-1").count == 1',
                ),
        );
        assert.match(
            failureOf(
                programOf(
                    POSITIVE +
                        next(
                            '7.1',
                            'vm1.retrieve_fd(token: 1)  oopses "fd_install"',
                            'other { lu.retrieve_session("vm-1") }',
                        ),
                ),
            ) ?? '',
            /waits for the mutex of session "vm-1", held by luod/,
        );
    });
});
