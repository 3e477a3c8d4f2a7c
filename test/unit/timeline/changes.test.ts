/** What the user changes is an input of the run: made again wherever it comes by, and taken back with all it led to. */
import assert from 'node:assert/strict';
import { parseEntry } from '../../../emulator/language/syntax/entry';
import { assign, evaluate, viewpointOf } from '../../../emulator/runtime/evaluate';
import type { Host } from '../../../emulator/runtime/host/host';
import { inOrder } from '../../../emulator/timeline/futures';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';
import { arrived, lineAt, onwards, travelled, type Travelled } from '../../support/timelines';

const PROGRAM = programOf(`scenario "s" {
    boot "7.2"
    process luod {
        n = 1
        log("first ", n)
        lu = open("/dev/liveupdate")
        n = n * 2
        log("second ", n)
        if n > 100 { s = lu.create_session("many") }
        n = n + 1
        log("third ", n)
    }
}`);

function goToLine(t: Travelled, line: number): void {
    while (!lineAt(t.host).endsWith(`:${line}`)) {
        t.host.interpreter.step('next');
        assert.notEqual(onwards(t).reason, 'end');
    }
}

/** As the console assigns. */
function set(t: Travelled, text: string): boolean {
    return t.timeline.change(text, (host: Host) => {
        assign(host, viewpointOf(host, host.frame), parseEntry(text));
    }).cutsOff;
}

const lines = ({ told }: Travelled): readonly string[] => told.filter((l) => /^(first|second|third)/.test(l));

suite('changes', () => {
    test('at the end of what is known a change cuts nothing off, and is made again', () => {
        const t = travelled(PROGRAM);
        goToLine(t, 7);
        assert.equal(set(t, 'n = 20'), false);
        onwards(t);
        assert.deepEqual(lines(t), ['first 1', 'second 40', 'third 41']);
        const end = fingerprint(t.host);
        arrived(t.timeline.goTo(0));
        onwards(t);
        assert.equal(fingerprint(t.host), end);
        assert.deepEqual(lines(t), ['first 1', 'second 40', 'third 41']);
    });

    test('in the past it cuts the future off; undoing it brings that back', () => {
        const t = travelled(PROGRAM);
        onwards(t);
        const written = { end: fingerprint(t.host), at: t.timeline.position, mark: t.timeline.mark() };
        const events = [...arrived(t.timeline.past.allEvents()).all];
        arrived(t.timeline.goTo(0));
        goToLine(t, 7);
        const here = t.timeline.mark();
        const before = fingerprint(t.host);
        assert.ok(t.timeline.inThePast);
        assert.equal(set(t, 'n = 60'), true);
        assert.ok(!t.timeline.inThePast);
        assert.deepEqual([t.timeline.reaches(here), t.timeline.reaches(written.mark)], [true, false]);
        assert.ok(inOrder(here, written.mark) < 0);
        onwards(t);
        const first = ['first 1', 'second 2', 'third 3'];
        assert.deepEqual(lines(t), [...first, 'second 120', 'third 121']);
        const changed = { end: fingerprint(t.host), at: t.timeline.position };
        assert.ok(
            arrived(t.timeline.past.allEvents()).all.some(({ text }) => text.startsWith('create_session("many") = ')),
        );
        // a second change, behind it
        arrived(t.timeline.goTo(t.timeline.position - 5));
        set(t, 'n = 7');
        onwards(t);
        assert.notEqual(fingerprint(t.host), changed.end);
        assert.equal(t.timeline.lastChange?.text, 'n = 7');
        arrived(t.timeline.undo());
        onwards(t);
        assert.deepEqual([fingerprint(t.host), t.timeline.position], [changed.end, changed.at]);
        // and both again and again
        arrived(t.timeline.goTo(0));
        onwards(t);
        assert.equal(fingerprint(t.host), changed.end);
        arrived(t.timeline.undo());
        assert.equal(t.timeline.position, here.at);
        assert.equal(fingerprint(t.host), before);
        assert.ok(t.timeline.inThePast && t.timeline.reaches(written.mark));
        const told = lines(t).length;
        onwards(t);
        assert.deepEqual([fingerprint(t.host), t.timeline.position], [written.end, written.at]);
        assert.equal(lines(t).length, told, 'nothing is told twice');
        assert.deepEqual(arrived(t.timeline.past.allEvents()).all, events);
        assert.equal(t.timeline.lastChange, undefined);
    });

    test('a step over a place where something was changed goes on to its end', () => {
        const t = travelled(PROGRAM, {}, { period: 3 });
        goToLine(t, 3);
        goToLine(t, 7);
        set(t, 'n = evaluates() + 30'.replace('evaluates()', 'lu'));
        onwards(t);
        const end = fingerprint(t.host);
        arrived(t.timeline.goTo(0));
        t.host.interpreter.step('next');
        onwards(t);
        assert.equal(lineAt(t.host), 'test.lus:3');
        t.host.interpreter.step('out');
        assert.equal(onwards(t).reason, 'end');
        assert.equal(fingerprint(t.host), end);
    });

    test('one that cannot be made changes nothing', () => {
        const t = travelled(PROGRAM);
        onwards(t);
        arrived(t.timeline.goTo(0));
        const { end } = t.timeline;
        assert.throws(() => set(t, 'nosuch = 1'), /There is no variable `nosuch`/);
        assert.equal(t.timeline.end, end);
        assert.equal(t.timeline.lastChange, undefined);
    });

    test('two at one place are made in their order', () => {
        const t = travelled(PROGRAM, {}, { period: 3 });
        goToLine(t, 7);
        set(t, 'n = 5');
        set(t, 'n *= 10');
        assert.equal(evaluate(t.host, t.host.frame, 'n').value, 50);
        onwards(t);
        arrived(t.timeline.goTo(0));
        onwards(t);
        assert.deepEqual(lines(t), ['first 1', 'second 100', 'third 101']);
        arrived(t.timeline.undo());
        assert.equal(evaluate(t.host, t.host.frame, 'n').value, 5);
    });
});
