/** What a failed allocation says. */
import assert from 'node:assert/strict';
import { programOf } from '../../../support/programs';
import { failureOf, passes } from '../../../support/runs';

suite('why an allocation failed', () => {
    test('is said by the call that fails', () => {
        const failure = failureOf(
            programOf(`machine { memory 2GiB }
                scenario "s" {
                    boot "7.2"
                    process p { s = open("/dev/liveupdate").create_session("a"); m = memfd_create("guest-ram"); m.truncate(64MiB) }
                    fill_memory(leave: 16MiB)
                    p { s.preserve_fd(m, token: 1) }
                }`),
        );
        assert.match(
            String(failure),
            /^s\.preserve_fd\(m, token: 1\) fails with ENOMEM\. If this is expected, append "fails ENOMEM"\. The kernel requested 4 KiB on any node \(not movable, so not in scratch\)\. Free: 0 bytes on node 0 and [\d.]+ MiB in scratch of node 0\. Most memory is held by other programs \(1\.\d GiB\), .+ and .+\.$/,
        );
    });

    test('names nodes, and stays readable until the next system call', () => {
        passes(`machine { memory 1GiB node 0; memory 1GiB node 1 }
            scenario "s" {
                boot "7.2"
                process p {
                    assert kernel.shortage == ""
                    s = open("/dev/liveupdate").create_session("a")
                    m = memfd_create("guest-ram")
                    m.truncate(64MiB)
                }
                fill_memory(leave: 4MiB)
                p {
                    r = try s.preserve_fd(m, token: 1)
                    why = kernel.shortage
                    m.pwrite("x", at: 0)
                    assert kernel.shortage == ""
                }
                assert p.r == -ENOMEM
            }`);
    });

    test('a full memory cgroup', () => {
        const failure = failureOf(
            programOf(
                `scenario "s" { boot "7.2"; process p { memory_max(1MiB); m = memfd_create("m"); m.write(pattern(1, 1MiB)); m.write("x") } }`,
            ),
        );
        assert.match(String(failure), /The memory cgroup is full: its limit is 1 MiB, and 1 MiB are charged to it\./);
    });

    test('a pool of huge pages', () => {
        const failure = failureOf(
            programOf(`machine { memory 2GiB }
                scenario "s" { boot "7.2" cmdline "hugepages=2"; process p { m = memfd_create("m", MFD_HUGETLB); m.truncate(8MiB); m.mmap_store(pattern(1, 6MiB), at: 0) } }`),
        );
        assert.match(
            String(failure),
            /The pool of huge pages of 2 MiB has too few: 3 are requested, and of its 2 pages 2 are free, 0 of them reserved\./,
        );
    });

    test('an injected failure', () => {
        const failure = failureOf(
            programOf(`scenario "s" {
                boot "7.2"
                inject ENOMEM into page_alloc
                process p { m = memfd_create("m"); m.write("x") }
            }`),
        );
        assert.match(String(failure), /This failure is injected\./);
    });
});
