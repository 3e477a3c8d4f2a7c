/** Pipes, sockets and eventfds as the debugger shows them: every read and write is another row, and another state. */
import assert from 'node:assert/strict';
import { namedItems } from '../../../emulator/presentation/item';
import { processScope } from '../../../emulator/presentation/process';
import { Run } from '../../../emulator/run/run';
import { processOf } from '../../../emulator/runtime/host/scenario-process';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';

const TEXT = `
scenario "s" {
    boot "7.3"
    process other, p
    p {
        a = pipe()
        b = socketpair()
        c = eventfd(1)
        a[1].write("x")
        a[0].read(1)
        a[1].write("y")
        b[0].write("z")
        c.eventfd_write(4)
        cgroup_freeze(other.pid, true)
    }
    p { b[1].read(1) }
    p { cgroup_freeze(other.pid, false) }
}
`;

suite('connections in the debugger', () => {
    test('a descriptor shows what waits in its pipe, socket or eventfd; each content is a state of its own', () => {
        const { host } = Run.start(programOf({ 'test.lus': TEXT }));
        const rows = new Set<string>();
        const states = new Map<string, string>();
        while (!host.interpreter.outcome) {
            host.interpreter.step('next');
            host.interpreter.run(1_000_000);
            const process = processOf(host.interpreter.current);
            const { indexed } = processScope(host, process);
            const shown = Array.from({ length: indexed?.count ?? 0 }, (_, i) => indexed?.item(i).value ?? '').slice(3);
            if (shown.length === 5) {
                for (const row of shown) {
                    rows.add(row.replace(/^.*?, .*?, /, ''));
                }
                states.set(fingerprint(host), shown.join('\n'));
            }
        }
        assert.deepEqual([...rows].sort(), [
            '0 bytes to read, the other end is open',
            '0 of 65536 bytes, 1 for reading, 1 for writing',
            '1 byte to read, the other end is open',
            '1 of 65536 bytes, 1 for reading, 1 for writing',
            'count 1',
            'count 5',
        ]);
        assert.ok(states.size >= 6);
    });

    test('a frozen process says so', () => {
        const { host } = Run.start(programOf({ 'test.lus': TEXT }));
        host.interpreter.run(1e9);
        const user = host.processes.items.find((p) => p.name === 'other') ?? null;
        assert.equal(
            namedItems(processScope(host, user)).some((i) => i.name === 'frozen'),
            false,
        );
        assert.ok(user);
        host.machine.journal.edit(user.process).frozen = true;
        assert.equal(
            namedItems(processScope(host, user)).find((i) => i.name === 'frozen')?.value,
            'yes: its cgroup is frozen',
        );
    });
});
