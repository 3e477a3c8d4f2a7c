/** What is tried out in a stopped run leaves no trace, however far other threads have come meanwhile. */
import assert from 'node:assert/strict';
import { FIRST } from '../../../emulator/machine/chooser';
import { Run } from '../../../emulator/run/run';
import { evaluate } from '../../../emulator/runtime/evaluate';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';

const SOURCE = `scenario "s" {
    boot "7.2"
    process a { device = open("/dev/liveupdate"); s = device.create_session("a") }
    process b { m = memfd_create("b") }
    a { send s to b }
    concurrently {
        a { for i in 0..5 { n = i; s.preserve_fd(memfd_create("x"), token: i) } }
        b { for i in 0..5 { k = i; s.preserve_fd(m, token: 100) may fail EEXIST, EBUSY } }
    }
}`;

suite('trying out', () => {
    test('a system call after which others would run: they stand where they stood', () => {
        // the first alternative is always somebody else: whoever can be overtaken is
        const { host } = Run.start(programOf(SOURCE), { chooser: () => FIRST });
        let tried = 0;
        while (host.interpreter.outcome === null) {
            host.interpreter.step('any');
            host.interpreter.run(1e6);
            const { frame, scheduler } = host.interpreter;
            if (scheduler.active && frame?.mode === 'user') {
                const before = fingerprint(host);
                const { value } = evaluate(host, frame, 's.preserve_fd(memfd_create("y"), token: 77)');
                assert.equal(value, 0);
                assert.equal(fingerprint(host), before);
                tried++;
            }
        }
        assert.ok(host.interpreter.outcome.passed, host.interpreter.outcome.failure?.message);
        assert.ok(tried > 10, `${tried} places`);
    });
});
