/** Data breakpoints, forwards and backwards, and the search for changes: all of them agree. */
import assert from 'node:assert/strict';
import { dataOfExpression } from '../../debug-adapter/data/watchable';
import { accessOf, subjectOf, watchOf } from '../../debug-adapter/data/subject';
import { dataIdText, type DataId } from '../../debug-adapter/data/data-id';
import type { Program } from '../../emulator/language/program';
import { Run } from '../../emulator/run/run';
import { viewpointOf } from '../../emulator/runtime/evaluate';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import type { Change, Subject } from '../../emulator/timeline/watch';
import { examples, programOf } from '../support/programs';
import { arrived, onwards, setBreakpoints, travelled, type Travelled } from '../support/timelines';

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

const LOOP = 'while i < 60 { i = i + 1; if i % 7 == 0 { n = n + i } }';

/** The watched variable is `n` of the frame that calls `here()`. */
const LOCALS: Readonly<Record<string, string>> = {
    'in a loop of its function': `fn here() { }
        scenario "s" { n = 1; i = 0; here(); ${LOOP} }`,
    'while another function runs a loop': `fn here() { }
        fn other(k) { n = k; i = 0; ${LOOP}; return n }
        scenario "s" { n = 1; here(); for k in 0..5 { n = n + other(k) }; other(9); n = other(3) }`,
    'in a block of a process': `fn here() { }
        scenario "s" { boot "7.2"; n = 1; i = 0; here()
        process p { n = n; i = i; ${LOOP} }
        n = 2; i = 0; ${LOOP} }`,
    'in a function that calls itself': `fn here() { }
        fn f(k) { n = k; if k == 3 { here() }; if k > 0 { n = n + f(k - 1) }; n = n * 2; n = n + 1; return n }
        scenario "s" { f(5); f(3) }`,
    'when a call fails': `fn here() { }
        scenario "s" { boot "7.2"; process p { n = 0; i = 0; here()
        lu = open("/dev/liveupdate"); n = try lu.retrieve_session("x"); n = 1; n = try open("/nothing"); ${LOOP} } }`,
};

/** The positions after operations that change the watched data, from a position on. */
function changesOneByOne(program: Program, from: number, subject: Subject): number[] {
    assert.ok(subject.kind === 'value');
    const { host } = Run.start(program, { hotAfter: Infinity });
    const { interpreter } = host;
    interpreter.run(from);
    const found: number[] = [];
    let before = interpreter.aside(() => subject.read(host));
    while (!interpreter.outcome) {
        interpreter.run(1);
        const value = interpreter.aside(() => subject.read(host));
        if (value !== undefined && value !== before) {
            before = value;
            found.push(interpreter.ticks);
        }
    }
    return found;
}

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

    for (const [what, text] of Object.entries(LOCALS)) {
        test(`a variable of a function stops where one operation at a time changes it: ${what}`, () => {
            const local = programOf(text);
            const stopped = [Infinity, 0].map((hotAfter) => {
                const t = travelled(local, { hotAfter });
                setBreakpoints(t, [{ uri: 'test.lus', start: text.lastIndexOf('here()'), every: 1 }]);
                assert.equal(onwards(t).reason, 'breakpoint');
                const data = dataOf(t, 'n');
                setBreakpoints(t, []);
                const expected = changesOneByOne(local, t.timeline.position, subjectOf(data));
                assert.ok(expected.length >= 3, `${expected.length} changes`);
                watch(t, data);
                const stops: number[] = [];
                for (let stop = onwards(t); stop.reason === 'breakpoint'; stop = onwards(t)) {
                    stops.push(t.timeline.position);
                }
                assert.deepEqual(stops, expected);
                const back: number[] = [];
                for (let stop = arrived(t.timeline.runBack()); stop; stop = arrived(t.timeline.runBack())) {
                    back.push(t.timeline.position);
                }
                assert.deepEqual(
                    back.reverse().filter((at) => at > (expected[0] ?? 0) - 1),
                    expected,
                );
                return stops;
            });
            assert.deepEqual(stopped[1], stopped[0]);
        });
    }

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
