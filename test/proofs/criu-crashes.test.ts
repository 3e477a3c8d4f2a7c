/**
 * CRIU is killed after each of its system calls, while it dumps and while it restores. Before the kexec nothing is
 * lost: another criu dumps the same tree. After it, the tree is there for another criu, or a finding says that it is
 * lost, or the tasks get an error; none gets a part of it.
 */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import { Err } from '../../emulator/kernel/release/errno';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { findingsOf, programOf } from '../support/programs';
import { failuresOf, FOREVER } from '../support/runs';

const HEAD = `
import <criu>

const QUEUE = 3
const INPUT = 4
const BELL  = 5

fn dump(producer_pid: int, consumer_pid: int) {
    tree = criu_tree()
    criu_dump_task(tree, "producer", producer_pid)
    criu_dump_task(tree, "consumer", consumer_pid)
    assert criu_dump(tree, open("/dev/liveupdate"), "tree")
}

fn write_job(queue: fd, text: string) { queue.write(text) }
fn report(out: fd, bell: fd, text: string) {
    out.write(text)
    bell.eventfd_write(1)
}
fn content(queue: fd) { return text_of(queue.pread(100, at: 0)) }
fn reports(input: fd, bell: fd) { return str(bell.eventfd_read(), ": ", text_of(input.read(100))) }
fn reboot_next() {
    kexec_file_load("7.3")
    reboot(KEXEC)
}
`;

/** The tree: a queue that both have open, a pipe and an eventfd between them. */
const START = `
    boot "7.3"
    process producer, consumer, supervisor, criu
    producer {
        queue = memfd_create("queue")       // 3
        queue.write("job 1 ")
        ends  = pipe()                      // 4 and 5
        bell  = eventfd()                   // 6
    }
    producer { send queue to consumer; send ends[0] to consumer as input; send bell to consumer; report(ends[1], bell, "done 1 ") }
`;

const REBUILT = `
    producer { criu_task(criu.pid, "producer") }
    consumer { criu_task(criu.pid, "consumer") }
    kill criu
    consumer { assert content(QUEUE) == "JOBS" && reports(INPUT, BELL) == "REPORTS" }
    producer { write_job(QUEUE, "job 3 ") }
    consumer { assert content(QUEUE) == "JOBSjob 3 " }
    assert kho.incoming.unclaimed == 0
`;

const rebuilt = (jobs: string, reports: string): string => REBUILT.replaceAll('JOBS', jobs).replace('REPORTS', reports);

/** Killed while it dumps; the tasks go on, and another criu dumps them. */
const dumped = (n: number): string => `${HEAD}
scenario "s" {${START}
    kill criu after ${n}
    criu { dump(producer.pid, consumer.pid) }
    supervisor {
        for pid in [producer.pid, consumer.pid] { cgroup_freeze(pid, false) }
    }
    producer { queue.write("job 2 "); report(ends[1], bell, "done 2 ") }
    process criu
    criu { dump(producer.pid, consumer.pid) }
    criu { reboot_next() }
    process criu, producer, consumer
    criu { criu_restore(open("/dev/liveupdate"), "tree") }
${rebuilt('job 1 job 2 ', '2: done 1 done 2 ')}
}
`;

const restored = (kill: string, after: string): string => `${HEAD}
scenario "s" {${START}
    criu { dump(producer.pid, consumer.pid) }
    criu { reboot_next() }
    process producer, consumer, criu
    number = criu.pid
    ${kill}
    criu { criu_restore(open("/dev/liveupdate"), "tree") }
${after}
}
`;

interface Ran {
    readonly host: Host;
    /** How many system calls criu makes in each kernel, before its reboot. */
    readonly calls: readonly [number, number];
    /** After which of them something was done last: `finish`. */
    readonly done: ReadonlyMap<string, number>;
}

function run(text: string): Ran {
    const program = programOf({ 'test.lus': text });
    assert.deepEqual(
        findingsOf(program).filter((f) => !/: LU02(09|10): /.test(f)),
        [],
        text,
    );
    const { host } = Run.start(program);
    const calls: [number, number] = [0, 0];
    const done = new Map<string, number>();
    host.listeners.report({
        kernelEntered({ kind, name }) {
            if (host.interpreter.current.name === 'criu' && kind !== 'release' && kind !== 'exit') {
                calls[host.boot === 0 ? 0 : 1] += name.startsWith('kexec') || kind === 'reboot' ? 0 : 1;
            }
        },
        kernelLeft({ kind }, result) {
            if (host.boot > 0 && !(result instanceof Err) && host.interpreter.current.name === 'criu') {
                done.set(kind, calls[1]);
            }
        },
    });
    host.interpreter.run(FOREVER);
    return { host, calls, done };
}

/** The codes of errors and warnings, without the hints. */
function codes(host: Host): string[] {
    return (Diagnoses.of(host)?.found.items ?? []).filter((d) => d.severity !== 'hint').map((d) => d.code);
}

suite('CRIU that is killed', () => {
    test('while it dumps: another one dumps the tree, with what happened since', () => {
        const { host, calls } = run(restored('', rebuilt('job 1 ', '1: done 1 ')));
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
        const [total] = calls;
        assert.ok(total > 40, String(total));
        let held = 0;
        for (let n = 1; n <= total; n++) {
            const killed = run(dumped(n));
            assert.equal(killed.host.interpreter.outcome?.failure?.message, undefined, `after ${n}`);
            const found = codes(killed.host);
            // the images that it had preserved are gone with its session, which is said
            held += found.length;
            assert.deepEqual(
                found.filter((c) => c !== 'LU1023'),
                [],
                `after ${n}`,
            );
        }
        assert.ok(held > 0);
    });

    test('while it restores: the tree is still there, or it is said to be lost; no task gets a part of it', () => {
        const { calls, done } = run(restored('', rebuilt('job 1 ', '1: done 1 ')));
        const [, total] = calls;
        const retrieved = done.get('retrieve_session') ?? assert.fail();
        // from here on criu has copied all images: they are lost with it, like all that a process has in memory
        const copied = done.get('retrieve_fd') ?? assert.fail();
        assert.ok(retrieved < copied && copied < total);
        const seen = { again: 0, found: 0, told: 0 };
        for (let n = 1; n <= total; n++) {
            const kill = `kill criu after ${n}`;
            if (n < retrieved) {
                // another criu finds the session
                const again = `
    process criu
    criu { criu_restore(open("/dev/liveupdate"), "tree") }
${rebuilt('job 1 ', '1: done 1 ')}`;
                const { host } = run(restored(kill, again));
                assert.equal(host.interpreter.outcome?.failure?.message, undefined, `after ${n}`);
                assert.deepEqual(codes(host), [], `after ${n}`);
                seen.again++;
                continue;
            }
            const told = `
    producer { criu_task(number, "producer")  fails ESRCH }
    consumer { criu_task(number, "consumer")  fails ESRCH }
    process criu
    criu { criu_restore(open("/dev/liveupdate"), "tree")  fails ENOENT }
    producer { assert proc_fds(producer.pid).length == 3 }
    assert kho.incoming.unclaimed == 0`;
            const { host } = run(restored(kill, told));
            assert.equal(host.interpreter.outcome?.failure?.message, undefined, `after ${n}`);
            const found = codes(host);
            if (n < copied) {
                assert.ok(
                    found.some((c) => c === 'LU1024' || c === 'LU1090'),
                    `after ${n}: ${found.join()}`,
                );
                seen.found++;
            } else {
                seen.told++;
            }
        }
        assert.ok(seen.again > 0 && seen.found > 0 && seen.told > 0, JSON.stringify(seen));
    });

    test('a criu that is not killed passes', () => {
        assert.deepEqual(failuresOf(programOf(restored('', rebuilt('job 1 ', '1: done 1 ')))), []);
    });
});
