/**
 * What a retrieve charges to the memory cgroup of its caller. Recorded on Linux 7.2.13 for x86-64 with CONFIG_MEMCG: a
 * memfd of 4 MiB, retrieved by a process with `oom_score_adj` -1000 whose cgroup has room for it, or has 2 MiB.
 */
import assert from 'node:assert/strict';
import { programOf } from '../support/programs';
import { failureOf } from '../support/runs';

/** `memory.current` before and after the retrieve, in a cgroup with room. */
const ROOM = { before: 262144, after: 4456448 };
/** The same in a cgroup of 2 MiB: what the retrieve returns, and a second one after `memory.max` was raised. */
const NO_ROOM = { limit: 2097152, first: 'ENOMEM', left: 20480, second: 'ENOMEM', finish: 0 };
/** A process has more than its files: less than this in both cgroups. */
const OF_PROCESS = 2 ** 19;

const SIZE = 4 * 2 ** 20;

const failure = (statements: string): string | undefined =>
    failureOf(
        programOf(`scenario "s" {
    boot "7.2.13"
    process a {
        s = open("/dev/liveupdate").create_session("vm-1")
        m = memfd_create("m")
        m.pwrite(pattern(7, ${SIZE}), at: 0)
        s.preserve_fd(m, token: 1)
        kexec_file_load("7.2.13")
        reboot(KEXEC)
    }
    process b {
        s = open("/dev/liveupdate").retrieve_session("vm-1")
        ${statements}
    }
}`),
    );

suite('a retrieve and the memory cgroup of its caller', () => {
    test('the whole file is charged', () => {
        assert.ok(ROOM.before < OF_PROCESS);
        assert.equal(
            failure(`memory_max(64MiB)
        before = memory_current()
        s.retrieve_fd(token: 1)
        assert memory_current() - before == ${ROOM.after - ROOM.before}`),
            undefined,
        );
    });

    test('above the limit nothing stays charged, and the error is remembered', () => {
        assert.ok(NO_ROOM.left < OF_PROCESS);
        assert.equal(NO_ROOM.finish, 0);
        assert.equal(
            failure(`memory_max(${NO_ROOM.limit})
        before = memory_current()
        s.retrieve_fd(token: 1)  fails ${NO_ROOM.first}
        assert memory_current() == before
        memory_max(64MiB)
        s.retrieve_fd(token: 1)  fails ${NO_ROOM.second}
        s.finish()
        assert memory_current() == before`),
            undefined,
        );
    });
});
