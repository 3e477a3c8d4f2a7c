/** `fails`, `may fail` and `try` behind calls of functions of the program. */
import assert from 'node:assert/strict';
import { failureOf, passes } from '../../support/runs';
import { findingsOf, programOf } from '../../support/programs';

/** A set-up that scenarios share: it fails if a session of this name exists. */
const SETUP = `
fn session(lu: fd, name: string) {
    return lu.create_session(name)
}
fn twice(lu: fd, name: string) {
    session(lu, name)
    session(lu, name)
    assert false, "never reached"
}
`;

const run = (body: string, more = ''): string =>
    `${SETUP}${more}\nscenario "s" {\n    boot "7.2"\n    process luod {\n    lu = open("/dev/liveupdate")\n${body}\n    }\n}`;

const failure = (text: string): string | undefined => failureOf(programOf(text));

suite('a call of a function that fails', () => {
    test('ends the functions up to the statement that accepts it', () => {
        passes(
            run(`
        twice(lu, "a")  fails EEXIST
        session(lu, "b")  may fail EEXIST
        session(lu, "b")  may fail EEXIST
        r = try session(lu, "b")
        assert r == -EEXIST
        fd = session(lu, "c")
        fd = session(lu, "c")  fails EEXIST
        assert fd >= 0 && session(lu, "d") > fd
        assert (try twice(lu, "e")) == -EEXIST`),
        );
    });

    test('its effects stay, and the process continues', () => {
        passes(run('twice(lu, "a")  fails EEXIST\nlu.create_session("a")  fails EEXIST'));
    });

    test('another error, or none, stops the scenario', () => {
        assert.equal(
            failure(run('twice(lu, "a")  fails EIO')),
            'twice(lu, "a") should fail with EIO, but it fails with EEXIST.',
        );
        assert.equal(
            failure(run('session(lu, "a")  fails EIO')),
            'session(lu, "a") should fail with EIO, but it succeeds.',
        );
    });

    test('without an expectation, the call in the function is what fails', () => {
        assert.match(failure(run('twice(lu, "a")')) ?? '', /^lu\.create_session\(name\) fails with EEXIST\./);
    });

    test('an expectation in the function comes first', () => {
        passes(
            run(
                'careful(lu, "a")\nagain(lu, "a")  fails EEXIST',
                `
fn careful(lu: fd, name: string) { session(lu, name); session(lu, name)  fails EEXIST }
fn again(lu: fd, name: string) { session(lu, name) }
`,
            ),
        );
    });

    test('a function of the scenario with process blocks ends too', () => {
        passes(`${SETUP}
fn update() {
    process vmm { _x = 1 }
    luod { twice(lu, "a") }
    assert false, "never reached"
}
scenario "s" {
    boot "7.2"
    process luod { lu = open("/dev/liveupdate") }
    update()  fails EEXIST
    luod { session(lu, "a")  fails EEXIST }
    vmm { log("it still runs") }
}`);
    });

    test('a kexec in a function that must fail, but does not, stops the scenario', () => {
        const update = 'fn update() { kexec_file_load("7.2"); reboot(KEXEC) }';
        assert.equal(
            failure(run('update()  fails EBUSY', update)),
            'update() should fail with EBUSY, but it succeeds.',
        );
    });

    test('a failed kexec is an error like others', () => {
        passes(`
fn update() { kexec_file_load("7.2"); reboot(KEXEC) }
scenario "s" {
    boot "7.2"
    process luod {
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        vm1.preserve_fd(memfd_create("m"), token: 1)
    }
    inject EIO into memfd.freeze
    luod { update()  fails EIO; vm1.close() }
}`);
    });

    test('a failed assertion is not an error of the kernel', () => {
        assert.match(
            failure(run('wrong()  may fail EIO', 'fn wrong() { memfd_create("m"); assert 1 == 2 }')) ?? '',
            /^assertion failed: 1 == 2/,
        );
    });

    test('a function without a call that can fail takes no `fails`', () => {
        assert.deepEqual(findingsOf(programOf('fn f() { return 1 }\nscenario "s" { f()  fails EIO }')), [
            '2: LU0402: `f` cannot fail. Remove the `fails`.',
        ]);
    });
});
