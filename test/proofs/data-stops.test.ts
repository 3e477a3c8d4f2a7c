/** Data breakpoints, forwards and backwards, and the search for changes: all of them agree. */
import assert from 'node:assert/strict';
import { dataOfExpression } from '../../debug-adapter/data/watchable';
import { accessOf, subjectOf, watchOf } from '../../debug-adapter/data/subject';
import { dataIdText, type DataId } from '../../debug-adapter/data/data-id';
import { viewpointOf } from '../../emulator/runtime/evaluate';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import type { Change } from '../../emulator/timeline/watch';
import { examples, programOf } from '../support/programs';
import { arrived, onwards, travelled, type Travelled } from '../support/timelines';

/** Sets a data breakpoint, which stops at every change. */
function watch({ breakpoints }: Travelled, data: DataId): void {
    const [access, subject] = [accessOf(data, 'write'), subjectOf(data)];
    breakpoints.setData([{ kind: 'data', dataId: dataIdText(data), name: data.name, access, subject }]);
}

function dataOf({ host }: Travelled, expression: string): DataId {
    const data = dataOfExpression(host, viewpointOf(host, host.frame), expression);
    assert.ok(typeof data !== 'string', String(data));
    return data;
}

const place = ({ how, at, before, after, who }: Change): string => `${at}: ${how} ${before} → ${after} by ${who}`;

/** What can be watched in first-session.lus, from its end on. */
const WATCHED = ['memory(0x100000, 16KiB)', 'owner(0x200000, 1MiB)', 'luod.vm1', 'session("vm-1").files.length'];

suite('data of a run', () => {
    const program = examples().get('first-session.lus');
    assert.ok(program);

    for (const expression of WATCHED) {
        test(`${expression}: stops forwards, backwards, and the changes found by a search are the same`, function () {
            this.timeout(60_000);
            const t = travelled(program, {}, { period: 2000 });
            onwards(t);
            const end = fingerprint(t.host);
            const data = dataOf(t, expression);
            const { all } = arrived(t.timeline.past.changesOf(watchOf(data)));
            assert.ok(all.length >= 1, `${all.length} changes`);
            assert.equal(fingerprint(t.host), end, 'the search has come back');
            const positions = [...new Set(all.map(({ at }) => at))];

            // the last one before each, by one search each
            let last = arrived(t.timeline.past.lastChangeOf(watchOf(data)));
            for (const expected of all.filter((c, i) => all[i + 1]?.at !== c.at).reverse()) {
                assert.ok(last);
                assert.equal(place(last), place(expected));
                arrived(t.timeline.goTo(last.at - 1));
                last = arrived(t.timeline.past.lastChangeOf(watchOf(data)));
            }
            assert.equal(last, undefined);

            // forwards
            arrived(t.timeline.goTo(0));
            watch(t, data);
            const stops: number[] = [];
            for (let stop = onwards(t); stop.reason === 'breakpoint'; stop = onwards(t)) {
                stops.push(t.timeline.position);
            }
            assert.deepEqual(stops, positions);
            assert.equal(fingerprint(t.host), end, 'watching changes nothing');

            // backwards
            const back: number[] = [];
            for (let stop = arrived(t.timeline.runBack()); stop; stop = arrived(t.timeline.runBack())) {
                back.push(t.timeline.position);
            }
            assert.deepEqual(back.reverse(), positions);
        });
    }

    test('changes in a loop for which code is generated: each of them stops', () => {
        const loop = programOf(
            'scenario "s" { boot "7.2"; process p; p { n = 0; k = 0\nfor i in 0..40 { k = k + i; if i % 8 == 0 { n = n + 1 } } } }',
        );
        const [closures, generated] = [Infinity, 0].map((hotAfter) => {
            const t = travelled(loop, { hotAfter });
            onwards(t);
            const data = dataOf(t, 'p.n');
            arrived(t.timeline.goTo(0));
            watch(t, data);
            const stops: number[] = [];
            for (let stop = onwards(t); stop.reason === 'breakpoint'; stop = onwards(t)) {
                stops.push(t.timeline.position);
            }
            return stops;
        });
        assert.equal(closures?.length, 6);
        assert.deepEqual(generated, closures);
    });

    test('a run without watches has no watcher', () => {
        const t = travelled(program);
        onwards(t);
        const { interpreter, machine } = t.host;
        assert.deepEqual([interpreter.watch, machine.memory.watcher, machine.history.watcher], [null, null, null]);
        const data = dataOf(t, 'memory(0x100000, 16)');
        watch(t, data);
        arrived(t.timeline.runBack());
        t.breakpoints.setData([]);
        onwards(t);
        assert.deepEqual([interpreter.watch, machine.memory.watcher, machine.history.watcher], [null, null, null]);
    });
});
