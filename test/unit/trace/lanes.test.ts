/** A trace as lanes: nesting, order, blackouts. */
import assert from 'node:assert/strict';
import { lanesOf } from '../../../emulator/trace/lanes';
import { timelinePage } from '../../../emulator/trace/timeline-page';
import type { TraceEvent } from '../../../emulator/trace/trace';
import { bar, named } from '../../support/trace-events';

suite('lanes of a trace', () => {
    test('bars nest, lanes are in the order of their processes and threads, empty ones are left out', () => {
        const { lanes, end } = lanesOf([
            ...named(3, 2, 'kernel 2', 'vmm'),
            ...named(2, 1, 'kernel 1', 'luod'),
            ...named(2, 5, 'kernel 1', 'idle'),
            bar(3, 2, 'later', 50, 1.5),
            bar(2, 1, 'inner', 11, 2),
            bar(2, 1, 'outer', 10, 10),
            bar(2, 1, 'second inner', 14, 1),
            bar(2, 1, 'innermost', 11.5, 0.25),
            bar(2, 1, 'next', 20, 1),
        ]);
        assert.equal(end, 51_500);
        assert.deepEqual(
            lanes.map((l) => [l.group, l.name, l.rows]),
            [
                ['kernel 1', 'luod', 3],
                ['kernel 2', 'vmm', 1],
            ],
        );
        assert.deepEqual(
            lanes[0]?.bars.map((b) => [b.name, b.begin, b.end, b.depth]),
            [
                ['outer', 10_000, 20_000, 0],
                ['inner', 11_000, 13_000, 1],
                ['innermost', 11_500, 11_750, 2],
                ['second inner', 14_000, 15_000, 1],
                ['next', 20_000, 21_000, 0],
            ],
        );
        assert.deepEqual(lanes[0].bars[0]?.details, ['result: ok']);
    });

    test('blackouts, findings as flags, and no lines of the log', () => {
        const instant = (name: string, cat: string): TraceEvent => ({
            ph: 'i',
            name,
            cat,
            pid: 2,
            tid: 1,
            ts: 7,
            s: 't',
            args: {},
        });
        const { lanes, blackouts } = lanesOf([
            ...named(1, 1, 'live updates', 'update 1'),
            ...named(2, 1, 'kernel 1', 'luod'),
            bar(1, 1, 'Pre-Blackout', 0, 5, 'phase'),
            bar(1, 1, 'Blackout', 5, 3, 'phase'),
            instant('LU1003', 'diagnosis'),
            instant('KHO: found', 'log'),
        ]);
        assert.deepEqual(blackouts, [{ begin: 5000, end: 8000 }]);
        assert.deepEqual(
            lanes[1]?.flags.map((f) => [f.name, f.at]),
            [['LU1003', 7000]],
        );
    });

    test('the page that stands alone holds any text', () => {
        const page = timelinePage({ text: 'draw()', data: { title: '</script><b>' } });
        assert.match(page, /id="data">\{"title":"\\u003c\/script>\\u003cb>"\}<\/script>/);
        assert.match(page, /<script>draw\(\)<\/script>/);
    });
});
