/** Checkpoints stay within their budget, lie closer the nearer they are, and are never needed. */
import assert from 'node:assert/strict';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';
import { arrived, onwards, travelled } from '../../support/timelines';

const KIB = 1024;

const PROGRAM = programOf(`scenario "s" {
    boot "7.2"
    process p {
        m = memfd_create("m")
        m.truncate(64KiB)
        for i in 0..4000 { m.pwrite(pattern(i, 4KiB), at: i % 16 * 4096) }
    }
}`);

suite('the budget of a timeline', () => {
    test('is kept, and what is near is near', () => {
        const budget = 300 * KIB;
        const t = travelled(PROGRAM, {}, { budget, period: 60 });
        const { timeline, host } = t;
        let most = 0;
        for (let n = 0; n < 10_000 && !host.interpreter.outcome; n++) {
            timeline.run(40);
            most = Math.max(most, timeline.kept.bytes);
        }
        assert.ok(host.interpreter.outcome?.passed);
        const { bytes, checkpoints } = timeline.kept;
        assert.ok(most < budget + 64 * KIB, `${most} bytes at most`);
        assert.ok(bytes > budget / 4 && checkpoints > 5, `${bytes} bytes, ${checkpoints} checkpoints`);
        // how many operations it takes to go to a position from the end
        const end = { at: timeline.position, print: fingerprint(host) };
        const costOf = (at: number): number => {
            arrived(timeline.goTo(end.at));
            assert.equal(fingerprint(host), end.print);
            const before = executed;
            arrived(timeline.goTo(at));
            return executed - before;
        };
        const run = host.interpreter.run.bind(host.interpreter);
        let executed = 0;
        host.interpreter.run = (n) => {
            const before = host.interpreter.ticks;
            const stop = run(n);
            executed += host.interpreter.ticks - before;
            return stop;
        };
        const near = costOf(end.at - 100);
        const far = costOf(Math.floor(end.at * 0.9));
        assert.ok(near <= 400, `${near} operations for what is near`);
        assert.ok(far < end.at * 0.1, `${far} operations for what is a tenth of ${end.at} back`);
    });

    test('where it is nothing, the beginning stays and everything can be reached', () => {
        const t = travelled(PROGRAM, {}, { budget: 0, period: 60 });
        onwards(t);
        const { timeline, host } = t;
        assert.ok(timeline.kept.checkpoints <= 2, `${timeline.kept.checkpoints} checkpoints`);
        const whole = travelled(PROGRAM);
        onwards(whole);
        for (const part of [0.9, 0.5, 0.1]) {
            const at = Math.floor(timeline.end * part);
            arrived(timeline.goTo(at));
            arrived(whole.timeline.goTo(at));
            assert.equal(fingerprint(host), fingerprint(whole.host));
        }
    });
});
