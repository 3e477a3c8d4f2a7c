/** Findings about sessions: who has them open, what finishing them gives up, and where that was. */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../../emulator/diagnosis/diagnoses';
import type { Diagnosis } from '../../../emulator/findings/diagnosis';
import { Run } from '../../../emulator/run/run';
import { correctProgram } from '../../support/programs';
import { FOREVER } from '../../support/runs';

/** A session with a memfd that goes over, on some kernel; then what is said in the next one. */
const over = (kernel: string, after: string): string => `
fn update() {
    s = open("/dev/liveupdate").create_session("s")
    s.preserve_fd(memfd_create("ram"), token: 1)
    kexec_file_load("${kernel}")
    reboot(KEXEC)
}
scenario "s" {
    boot "${kernel}"
    process a { update() }
    ${after}
}`;

function found(text: string, seed = 0): readonly Diagnosis[] {
    const { host } = Run.start(correctProgram(text), { seed });
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    return Diagnoses.of(host)?.found.items ?? [];
}

suite('diagnoses: sessions', () => {
    test('LU1066 names who still has the session open', () => {
        const [d, ...more] = found(
            over(
                '7.2',
                `process a, b
    a {
        lu = open("/dev/liveupdate")
        s = lu.retrieve_session("s")
        ram = s.retrieve_fd(token: 1)
        send s to b
        s.finish()
        s.close()
        lu.retrieve_session("s")  fails EINVAL
    }`,
            ),
        );
        assert.deepEqual([d?.code, d?.data['processes'], more.length], ['LU1066', ['b'], 0]);
        assert.match(d?.message ?? '', /but b still has it open/);
    });

    test('where the last descriptor is being closed nobody has it open, and LU1066 is not said', () => {
        for (let seed = 0; seed < 12; seed++) {
            const codes = found(
                over(
                    '7.0',
                    `process a, b
    a { lu = open("/dev/liveupdate"); send lu to b; s = lu.retrieve_session("s") }
    concurrently {
        a { s.close() }
        b { r = try lu.retrieve_session("s") }
    }`,
                ),
                seed,
            ).map((d) => d.code);
            assert.ok(!codes.includes('LU1066'), `seed ${seed}`);
        }
    });

    suite('a retrieved file goes with its only owner', () => {
        const RETRIEVED =
            'process a, b\n a { s = open("/dev/liveupdate").retrieve_session("s"); ram = s.retrieve_fd(token: 1) }\n';
        const ways: readonly (readonly [name: string, after: string, lost: string | undefined])[] = [
            ['killed', 'kill a', 'kill a'],
            ['exits', 'a { exit }', 'exit'],
            ['another process has the session', 'a { send s to b }\n kill a', undefined],
            ['another process has the file', 'a { send ram to b }\n kill a', undefined],
            ['it was finished', 'a { s.finish() }\n kill a', undefined],
            ['both are closed', 'a { s.close(); ram.close() }\n kill a', undefined],
            ['the file is closed, and then it is killed', 'a { ram.close() }\n kill a', undefined],
        ];
        for (const [name, after, lost] of ways) {
            test(name, () => {
                const text = over('7.2', RETRIEVED + after);
                const said = found(text).filter((d) => d.code === 'LU1090');
                assert.equal(said.length, lost === undefined ? 0 : 1);
                assert.equal(said[0]?.place && text.slice(said[0].place.start, said[0].place.end), lost);
            });
        }
    });

    suite('what finishing gives up is said where user space asks for it', () => {
        /** A file of an own kind and a memfd, both given up by `after`; the body of the handler's finish(). */
        const givenUp = (finish: string, after: string): string => `
file card at "/dev/card" { }
handler cards "card-v1" for card {
    can_preserve(file) { return file.kind == card }
    preserve(args)     { args.serialized_data = 1 }
    unpreserve(args)   { }
    retrieve(args)     { args.file = new card() }
    can_finish(args)   { return true }
    finish(args)       { ${finish} }
}
kernel "k" from "7.2" { handlers + cards }
scenario "s" {
    boot "k"
    process a {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/card"), token: 1)
        s.preserve_fd(memfd_create("ram"), token: 2)
        kexec_file_load("k")
        reboot(KEXEC)
    }
    process a { s = open("/dev/liveupdate").retrieve_session("s") }
    ${after}
}`;
        const ways: readonly (readonly [code: string, after: string, at: string])[] = [
            ['LU1022', 'a { s.finish() }', 's.finish()'],
            ['LU1024', 'a { s.close() }', 's.close()'],
            ['LU1024', 'kill a', 'kill a'],
        ];
        for (const finish of ['', 'log("done with it")']) {
            for (const [code, after, at] of ways) {
                test(`${code} at ${at}, with a finish() that ${finish === '' ? 'is empty' : 'does something'}`, () => {
                    const text = givenUp(finish, after);
                    const [d, ...more] = found(text);
                    assert.deepEqual([d?.code, more.length], [code, 0]);
                    assert.equal(d?.place && text.slice(d.place.start, d.place.end), at);
                });
            }
        }

        test('and LU1022 says which handlers have let it through', () => {
            const [d] = found(givenUp('', 'a { s.finish() }'));
            assert.equal(
                d?.advice,
                'Retrieve every file before finish(). memfd has no can_finish() that could refuse it. can_finish() of cards allowed it.',
            );
        });

        test('an unpreserve() that is empty is not where the last holder ends', () => {
            const text = `
file card at "/dev/card" { }
handler cards "card-v1" for card {
    can_preserve(file) { return file.kind == card }
    preserve(args)     { args.serialized_data = 1 }
    unpreserve(args)   { }
    retrieve(args)     { args.file = new card() }
    finish(args)       { }
}
kernel "k" from "7.2" { handlers + cards }
scenario "s" {
    boot "k"
    process a {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/card"), token: 1)
    }
    kill a
}`;
            const [d, ...more] = found(text);
            assert.deepEqual([d?.code, more.length], ['LU1023', 0]);
            assert.equal(d?.place && text.slice(d.place.start, d.place.end), 'kill a');
        });
    });
});
