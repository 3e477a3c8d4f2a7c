/** Back and forth in a run by random gestures, and what must hold wherever that leads. */
import assert from 'node:assert/strict';
import type { Program } from '../../emulator/language/program';
import { Run, type RunOptions } from '../../emulator/run/run';
import { calledNext } from '../../emulator/runtime/ahead';
import type { StepKind } from '../../emulator/runtime/stop';
import type { TimelineEvent } from '../../emulator/timeline/event-log';
import { Events } from '../../emulator/timeline/events';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { Random } from './random';
import { FOREVER } from './runs';
import { arrived, lineAt, onwards, setBreakpoints, travelled, Visits } from './timelines';

const KINDS: readonly Exclude<StepKind, 'any'>[] = ['in', 'in own code', 'next', 'out'];

/** More bytes are not saved between two checkpoints of these programs. */
const SINCE_LAST = 64 * 1024;

export interface Wandering {
    readonly gestures: number;
    readonly seed: number;
    /** Bytes. */
    readonly budget?: number;
    /** Operations between two checkpoints. */
    readonly period?: number;
    /** Places whose state is compared. */
    readonly places?: number;
}

/** @returns how many times it has gone back */
export function wander(program: Program, options: RunOptions, wish: Wandering): number {
    const random = new Random(wish.seed);
    const visits = new Visits(Run.start(program, options).host);
    const places = new Set(Array.from({ length: wish.places ?? 12 }, () => random.below(visits.end + 1)));
    const { states, events } = unmoved(
        program,
        options,
        [...places, 0, visits.end].sort((a, b) => a - b),
    );
    const own = visits.all.filter(({ uri }) => program.files.has(uri));
    const t = travelled(program, options, wish);
    const { host, timeline } = t;
    const { interpreter } = host;
    let stops: readonly number[] = [];
    let back = 0;
    for (let n = 0; n < wish.gestures; n++) {
        const from = interpreter.ticks;
        const what = random.below(9);
        const about = `seed ${wish.seed}, gesture ${n}: ${what} from ${from}`;
        if (what === 0) {
            const wanted = random.below(2) === 0 ? [...states.keys()] : visits.all.map(({ at }) => at);
            arrived(timeline.goTo(random.pick(wanted.filter((at) => at <= timeline.end))));
        } else if (what === 1) {
            const wanted = Array.from({ length: random.below(3) }, () => {
                const { uri, start } = random.pick(own);
                return { uri, start, every: random.pick([1, 1, 2, 3]) };
            });
            setBreakpoints(t, wanted);
            stops = visits.stops(wanted);
        } else if (what === 2) {
            const stop = onwards(t);
            assert.equal(interpreter.ticks, stops.find((s) => s > from) ?? visits.end, `${about}: ${stop.reason}`);
        } else if (what === 3) {
            if (!interpreter.outcome) {
                arrived(timeline.prepare());
                const before = fingerprint(host);
                calledNext(host, interpreter.current, random.below(2) === 0);
                assert.equal(fingerprint(host), before, `${about}: looking ahead changes nothing`);
                interpreter.step(random.pick(KINDS));
                onwards(t);
            }
        } else if (what === 4) {
            const stop = arrived(timeline.runBack());
            assert.equal(stop ? interpreter.ticks : -1, stops.findLast((s) => s < from) ?? -1, about);
            back++;
        } else if (what === 5) {
            const { all } = arrived(timeline.past.allEvents());
            assert.equal(interpreter.ticks, from, about);
            assert.deepEqual(
                all,
                events.filter(({ at }) => at <= timeline.end),
                about,
            );
        } else {
            const kind = random.pick(KINDS);
            const thread = random.pick([...interpreter.scheduler.threads, interpreter.current]);
            const byLine = random.below(3) === 0;
            const statement = visits.before(host, kind, thread.id, byLine);
            const expected = Math.max(statement, stops.findLast((s) => s < from) ?? -1);
            const stop = arrived(timeline.stepBack(kind, thread, byLine ? () => lineAt(host) : undefined));
            assert.equal(stop ? interpreter.ticks : -1, expected, `${about} ${kind}${byLine ? ' by lines' : ''}`);
            back++;
        }
        assert.equal(timeline.inThePast, interpreter.ticks < timeline.end);
        const state = states.get(interpreter.ticks);
        if (state !== undefined) {
            assert.equal(fingerprint(host), state.print, about);
        }
        if (!timeline.inThePast && state !== undefined) {
            assert.deepEqual(t.told, state.told, about);
        }
    }
    arrived(timeline.goTo(visits.end));
    const end = states.get(visits.end);
    assert.equal(fingerprint(host), end?.print, `seed ${wish.seed}, the end`);
    assert.deepEqual(t.told, end?.told, 'everything was told, and nothing twice');
    // what was saved since the last checkpoint comes on top
    assert.ok(timeline.kept.bytes <= (wish.budget ?? Infinity) + SINCE_LAST, `${timeline.kept.bytes} bytes are kept`);
    return back;
}

interface State {
    readonly print: string;
    readonly told: readonly string[];
}

/** For a run that never goes back: the state at positions, in ascending order, and the events. */
function unmoved(
    program: Program,
    options: RunOptions,
    positions: readonly number[],
): { readonly states: ReadonlyMap<number, State>; readonly events: readonly TimelineEvent[] } {
    const { host } = Run.start(program, options);
    const told: string[] = [];
    host.listeners.report({ log: ({ text }) => void told.push(text) });
    const events = new Events(host);
    host.listeners.report(events);
    const states = new Map<number, State>();
    for (const at of positions) {
        while (host.interpreter.ticks < at && !host.interpreter.outcome) {
            host.interpreter.run(at - host.interpreter.ticks);
        }
        states.set(at, { print: fingerprint(host), told: [...told] });
    }
    host.interpreter.run(FOREVER);
    return { states, events: events.all };
}
