/** The picture of the timeline: what lies where, two runs aligned at the kexec, and the parts of a span. */
import assert from 'node:assert/strict';
import { lanesOf } from '../../../emulator/trace/lanes';
import { packed, unpackedRow } from '../../../emulator/trace/packed-lanes';
import { Picture, LABELS, type Window } from '../../../extension/views/picture';
import { barAt, lanesOf as viewLanes, ownTimes } from '../../../extension/views/rows';
import { SvgSurface } from '../../../extension/views/surface';
import type { TimelineRun } from '../../../extension/views/timeline-data';
import { bar, named } from '../../support/trace-events';

/** A run whose kernel 2 begins at a time, in microseconds. */
function run(title: string, kexec: number, now?: number): TimelineRun {
    const events = [
        ...named(1, 1, 'live updates', 'update 1'),
        ...named(2, 1, 'kernel 1 (Linux 7.2)', 'luod'),
        ...named(3, 1, 'kernel 2 (Linux 7.2)', 'luod'),
        bar(1, 1, 'Blackout', kexec - 20, 60, 'phase'),
        bar(2, 1, 'preserve_fd', 10, 40),
        bar(2, 1, 'memfd.preserve', 20, 10, 'handler'),
        bar(2, 1, 'waits for luo', 60, 30, 'wait', { 'held by': 'vmm' }),
        bar(3, 1, 'open', kexec, 100),
    ];
    return { title, lanes: packed(lanesOf(events)), ...(now === undefined ? {} : { now }) };
}

const WIDTH = 1000;
const windowOn = ({ begin, end, height }: Picture): Window => ({
    from: begin,
    to: end,
    width: WIDTH,
    scrolled: 0,
    height,
});
const colour = (name: string): string => (name === 'bar-border' ? '' : name);

function svgOf(picture: Picture, window: Window): string {
    const surface = new SvgSurface((text) => text.length * 7, 'sans');
    picture.draw(surface, colour, window);
    return surface.svg(LABELS + WIDTH, window.height, 'white', 'a <run>');
}

suite('the picture of the timeline', () => {
    test('packed lanes have the same bars', () => {
        const { lanes } = lanesOf([...named(2, 1, 'kernel 1', 'luod'), bar(2, 1, 'a', 1.5, 2), bar(2, 1, 'b', 4, 1)]);
        const small = packed({ end: 0, blackouts: [], kexecs: [], lanes });
        const row = unpackedRow(small.lanes[0]?.rows[0] ?? '');
        assert.deepEqual([...row.begins], [1500, 4000]);
        assert.deepEqual([...row.ends], [3500, 5000]);
        assert.deepEqual(
            [...row.labels].map((l) => small.labels[l]),
            [
                ['a', 'syscall'],
                ['b', 'syscall'],
            ],
        );
        assert.throws(() => unpackedRow('AAAA'), /damaged/);
    });

    test('a point of a bar says what it is and when', () => {
        const picture = new Picture({ runs: [run('r', 200, 250_000)] });
        const window = windowOn(picture);
        const found = new Set<string>();
        for (let y = 0; y < picture.height; y += 6) {
            for (let x = LABELS; x < LABELS + WIDTH; x += 4) {
                found.add(picture.at(window, x, y)?.text.split('\n')[0] ?? '');
            }
        }
        for (const name of ['Blackout', 'preserve_fd', 'memfd.preserve', 'waits for luo', 'open']) {
            assert.ok(found.has(name), name);
        }
        assert.equal(picture.now, 250_000);
        assert.equal(picture.at(window, LABELS - 1, 60), undefined);
    });

    test('two runs are aligned at the kexec, wherever it was', () => {
        const picture = new Picture({ runs: [run('before', 200), run('after', 500)] });
        assert.equal(picture.begin, -500_000);
        const window = windowOn(picture);
        const lefts = [...svgOf(picture, window).matchAll(/<rect x="([\d.]+)"[^>]*fill="syscall"/g)].map((m) =>
            Number(m[1]),
        );
        // of each run preserve_fd, and open, which begins with kernel 2
        assert.equal(lefts.length, 4);
        assert.equal(lefts[1], lefts[3]);
        assert.notEqual(lefts[0], lefts[2]);
    });

    test('the SVG has the names, the length of the blackout, the holder of a lock, and escapes texts', () => {
        const picture = new Picture({ runs: [run('r', 200, 250_000)] });
        const svg = svgOf(picture, windowOn(picture));
        for (const text of ['Blackout 60 µs', 'kernel 1 (Linux 7.2)', 'a &lt;run>']) {
            assert.ok(svg.includes(text), text);
        }
        const near = svgOf(picture, { ...windowOn(picture), from: 50_000, to: 100_000 });
        assert.ok(near.includes('waits for luo, held by: vmm'));
        assert.ok(svg.includes('fill="now"'), 'the line of the stop');
    });

    test('marks of the session are flags on a lane of their own', () => {
        const picture = new Picture({ runs: [{ ...run('r', 200), marks: [{ name: 'here', at: 100_000 }] }] });
        const [first] = picture.lanes;
        assert.deepEqual([first?.lane.group, first?.lane.flags[0]?.name], ['marks', 'here']);
    });

    test('the parts of a span: each bar without those in it, and only what lies within', () => {
        const { lanes } = run('r', 200);
        const luod = viewLanes(lanes).find((l) => l.group.startsWith('kernel 1'));
        assert.ok(luod);
        const times = [...ownTimes(luod, 25_000, 70_000)].map(([label, ns]) => [lanes.labels[label]?.[0], ns]);
        assert.deepEqual(times, [
            ['preserve_fd', 20_000],
            ['waits for luo', 10_000],
            ['memfd.preserve', 5000],
        ]);
        const [row] = luod.rows;
        assert.ok(row);
        assert.equal(barAt(row, 54_000, 3999), -1);
        assert.equal(barAt(row, 54_000, 4000), 0);
    });

    test('a hundred thousand bars in a window cost as many rectangles as it has pixels', () => {
        const many = Array.from({ length: 100_000 }, (_, i) => bar(2, 1, `call ${i % 7}`, i, 0.9));
        const lanes = packed(lanesOf([...named(2, 1, 'kernel 1', 'luod'), ...many]));
        const picture = new Picture({ runs: [{ title: 'r', lanes }] });
        const rects = svgOf(picture, windowOn(picture)).match(/<rect/g)?.length ?? 0;
        assert.ok(rects > WIDTH / 2 && rects < WIDTH * 1.2, String(rects));
    });
});
