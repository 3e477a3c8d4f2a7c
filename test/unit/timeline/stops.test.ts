/**
 * Running back stops where running forward did: breakpoints with all their conditions, exceptions, and the beginning.
 */
import assert from 'node:assert/strict';
import type { StopsAt } from '../../../emulator/runtime/stop';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { examples, programOf } from '../../support/programs';
import { arrived, lineAt, onwards, travelled, type Travelled } from '../../support/timelines';

const SOURCE = `fn work(n) {
    while n > 0 {
        n -= 1
        log("n ", n)
    }
    return n
}
scenario "s" {
    for i in 0..5 {
        work(i)
    }
    boot "7.2"
    process luod {
        lu = open("/dev/liveupdate")
        s = lu.create_session("s")
        r = try s.retrieve_fd(token: 1)
        s.close()
    }
    work(2)
}`;
const URI = 'test.lus';
const PROGRAM = programOf(SOURCE);

const lineOf = (text: string): number => SOURCE.split('\n').findIndex((l) => l.includes(text));

/** Where it stops on the way forward, as `position reason ids`. */
function forward(t: Travelled): string[] {
    const stops: string[] = [];
    for (;;) {
        const stop = onwards(t);
        if (stop.reason === 'end') {
            return stops;
        }
        stops.push(shown(t, stop));
    }
}

/** Where it stops on the way back. */
function backward(t: Travelled): string[] {
    const stops: string[] = [];
    for (;;) {
        const stop = arrived(t.timeline.runBack());
        if (!stop) {
            return stops.reverse();
        }
        stops.push(shown(t, stop));
    }
}

function shown({ host }: Travelled, stop: ReturnType<typeof onwards>): string {
    const what =
        stop.reason === 'breakpoint' ? stop.ids.join() : stop.reason === 'exception' ? stop.exception.message : '';
    return `${host.interpreter.ticks} ${lineAt(host)} ${stop.reason} ${what}`;
}

function set({ breakpoints }: Travelled): void {
    breakpoints.setInSource(URI, [
        { kind: 'line', uri: URI, line: lineOf('n -= 1'), column: undefined, condition: 'n % 2 == 1' },
        { kind: 'line', uri: URI, line: lineOf('while'), column: undefined, hitCondition: '% 3' },
        { kind: 'line', uri: URI, line: lineOf('log('), column: undefined, logMessage: 'at {n}' },
        { kind: 'line', uri: URI, line: lineOf('s.close'), column: undefined },
        {
            kind: 'line',
            uri: URI,
            line: lineOf('return n'),
            column: undefined,
            condition: 'n == 0',
            hitCondition: '>= 3',
        },
    ]);
    breakpoints.setFunctions([
        { kind: 'function', name: 'work' },
        { kind: 'function', name: 'luo_session_release', hitCondition: '1' },
    ]);
}

suite('running back', () => {
    test('stops at the places where it stopped, with the same breakpoints; log points print once', () => {
        const t = travelled(PROGRAM);
        set(t);
        const stops = forward(t);
        assert.ok(stops.length > 15, stops.join('\n'));
        const [printed, told] = [[...t.printed], [...t.told]];
        assert.deepEqual(printed.filter((l) => l === 'at 0').length, 5);
        const end = fingerprint(t.host);
        assert.deepEqual(backward(t), stops);
        assert.equal(t.timeline.position, 0);
        assert.deepEqual(
            forward(t),
            stops.filter((s) => !s.startsWith('0 ')),
        );
        assert.equal(fingerprint(t.host), end);
        assert.deepEqual([t.printed, t.told], [printed, told]);
    });

    test('also where they were not there on the way forward', () => {
        const with_ = travelled(PROGRAM);
        set(with_);
        const stops = forward(with_);
        const t = travelled(PROGRAM);
        assert.equal(onwards(t).reason, 'end');
        set(t);
        assert.deepEqual(backward(t), stops);
        assert.deepEqual(t.printed, []);
        // a log point that has not been there prints on its first way over known ground
        assert.deepEqual(
            forward(t),
            stops.filter((s) => !s.startsWith('0 ')),
        );
        assert.deepEqual(t.printed, with_.printed);
    });

    test('a hit count that is set in the middle counts from the beginning', () => {
        const t = travelled(PROGRAM);
        t.breakpoints.setInSource(URI, [{ kind: 'line', uri: URI, line: lineOf('boot'), column: undefined }]);
        onwards(t);
        t.breakpoints.setInSource(URI, [
            { kind: 'line', uri: URI, line: lineOf('n -= 1'), column: undefined, hitCondition: '12' },
        ]);
        assert.equal(onwards(t).reason, 'breakpoint');
        const second = fingerprint(t.host);
        assert.equal(
            t.host.interpreter.scenarioThread.top?.slots[0],
            1,
            'ten before the boot, the second one after it',
        );
        assert.equal(arrived(t.timeline.runBack()), null);
        assert.equal(onwards(t).reason, 'breakpoint');
        assert.equal(fingerprint(t.host), second);
    });

    test('exceptions, by the filters of the moment', () => {
        const program = examples().get('one-mistake.lus');
        assert.ok(program);
        const asked: readonly StopsAt[] = ['diagnosis', 'diagnosis-warning', 'callback-error'];
        const t = travelled(program);
        for (const a of asked) {
            t.host.interpreter.filters.add(a);
        }
        const stops = forward(t);
        assert.ok(stops.length >= 3, stops.join('\n'));
        assert.match(stops.join('\n'), /exception LU1012/);
        // without them the run is the same, and they can be asked for behind it
        const silent = travelled(program);
        assert.equal(onwards(silent).reason, 'end');
        assert.equal(silent.timeline.position, t.timeline.position);
        silent.host.interpreter.filters.add('LU1011');
        assert.deepEqual(
            backward(silent),
            stops.filter((s) => s.includes('exception LU1011')),
        );
        onwards(silent);
        for (const a of asked) {
            silent.host.interpreter.filters.add(a);
        }
        arrived(silent.timeline.goTo(silent.timeline.end));
        assert.deepEqual(backward(silent), stops);
    });
});
