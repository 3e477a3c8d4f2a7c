/** Runs with a timeline in the test's own process, and what going back must come to, found in the simplest way. */
import assert from 'node:assert/strict';
import { Breakpoints } from '../../debug-adapter/breakpoints/breakpoints';
import { HitCounts } from '../../debug-adapter/breakpoints/conditions/hit-count';
import { Sources } from '../../debug-adapter/source';
import type { Program } from '../../emulator/language/program';
import { LineMap } from '../../emulator/language/syntax/positions';
import { Run, type RunOptions } from '../../emulator/run/run';
import { depthOf, placeOf } from '../../emulator/runtime/code';
import type { Host } from '../../emulator/runtime/host/host';
import type { StepKind, Stop } from '../../emulator/runtime/stop';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';
import { Timeline } from '../../emulator/timeline/timeline';
import type { Travel } from '../../emulator/timeline/travel';
import { FOREVER } from './runs';

const MIB = 2 ** 20;

/** A run that can be gone back and forth in. */
export interface Travelled {
    readonly host: Host;
    readonly timeline: Timeline;
    readonly breakpoints: Breakpoints;
    /** What reporters were told: the kernel's log and what `log()` prints. */
    readonly told: string[];
    /** What log points have printed. */
    readonly printed: string[];
}

export interface TravelOptions {
    /** Of the timeline, in bytes. */
    readonly budget?: number;
    /** Operations between two checkpoints. */
    readonly period?: number;
    /** What the time is measured by instead, in milliseconds. */
    readonly now?: () => number;
}

export function travelled(
    program: Program,
    options: RunOptions = {},
    { budget = 256 * MIB, period = 500, now }: TravelOptions = {},
): Travelled {
    const { host } = Run.start(program, options);
    const told: string[] = [];
    const printed: string[] = [];
    host.listeners.report({ log: ({ text }) => void told.push(text) });
    const sources = new Sources({ toUri: (p) => p, toPath: (u) => u }, () => program.files);
    const breakpoints = new Breakpoints(sources, {
        logged: (line) => void printed.push(line),
        complained: (line) => void printed.push(line),
    });
    const counts = new HitCounts(host.machine.journal);
    const timeline = new Timeline(host, {
        budget,
        // two milliseconds are a period
        now: now ?? ((): number => (host.interpreter.ticks * 2) / period),
        traps: breakpoints,
    });
    breakpoints.bind({ host, counts, timeline });
    return { host, timeline, breakpoints, told, printed };
}

/** Goes through a travel at once. */
export function arrived<T>(travel: Travel<T>): T {
    for (;;) {
        const { done, value } = travel.next();
        if (done === true) {
            return value;
        }
    }
}

/** Goes on until something stops the run. */
export function onwards({ timeline }: Travelled): Stop {
    arrived(timeline.prepare());
    for (;;) {
        const stop = timeline.run(FOREVER);
        if (stop) {
            return stop;
        }
    }
}

/** A statement that the run has come to. */
interface Visit {
    readonly at: number;
    readonly thread: number;
    readonly depth: number;
    /** The threads that take turns. */
    readonly turns: readonly number[];
    /** Which kernel runs, and how deep the scenario was where it began. */
    readonly boots: number;
    readonly line: string;
    /** The file and the offset of the statement. */
    readonly uri: string;
    readonly start: number;
    /** It is in the kernel code that ships. */
    readonly shipped: boolean;
}

/** A breakpoint on a statement. */
export interface Wanted {
    readonly uri: string;
    readonly start: number;
    /** It stops every so many times; 1: always. */
    readonly every: number;
}

/** A run statement by statement, from its beginning to its end. */
export class Visits {
    readonly all: readonly Visit[];
    readonly end: number;
    /** How deep the scenario was where a kernel began, by its number. */
    private readonly depths = new Map<number, number>();

    constructor(host: Host) {
        const { interpreter } = host;
        const all: Visit[] = [];
        host.listeners.report({
            phase: (phase) => {
                if (phase === 'boot') {
                    this.depths.set(host.machine.boots, interpreter.scenarioThread.frames.length);
                }
            },
        });
        const here = (): void => {
            all.push({
                at: interpreter.ticks,
                thread: interpreter.current.id,
                depth: depthOf(interpreter.current),
                turns: interpreter.scheduler.threads.map((t) => t.id),
                boots: host.machine.boots,
                line: lineAt(host),
                uri: host.frame?.code.uri ?? '',
                start: (host.frame && placeOf(host.frame)?.start) ?? -1,
                shipped: host.frame?.mode === 'kernel' && SHIPPED_SOURCES.has(host.frame.code.uri),
            });
        };
        here();
        for (;;) {
            interpreter.step('any');
            const stop = interpreter.run(FOREVER);
            if (stop?.reason !== 'step') {
                assert.ok(stop && interpreter.outcome, 'nothing else stops it');
                break;
            }
            here();
        }
        this.all = all;
        this.end = interpreter.ticks;
    }

    /** Where breakpoints stop, in ascending order. */
    stops(breakpoints: readonly Wanted[]): number[] {
        const counts = breakpoints.map(() => 0);
        return this.all
            .filter(({ uri, start }) => {
                let stops = false;
                for (const [i, b] of breakpoints.entries()) {
                    if (b.uri === uri && b.start === start) {
                        const count = (counts[i] ?? 0) + 1;
                        counts[i] = count;
                        stops ||= count % b.every === 0;
                    }
                }
                return stops;
            })
            .map(({ at }) => at);
    }

    /** Where a step backwards comes to, from a run that stands somewhere; −1: it begins there. */
    before(host: Host, kind: Exclude<StepKind, 'any'>, thread: number, byLine = false): number {
        const { interpreter } = host;
        const whose = interpreter.scheduler.threads.find((t) => t.id === thread) ?? interpreter.current;
        const depth = Math.max(depthOf(whose), kind === 'out' ? 0 : 1);
        const { boots } = host.machine;
        const counting = this.all.filter((v) => {
            if (v.at >= interpreter.ticks || (v.turns.includes(whose.id) && v.thread !== whose.id)) {
                return false;
            }
            const scenario = [...this.depths].filter(([b]) => b > v.boots && b <= boots).map(([, d]) => d);
            const limit = Math.min(depth, ...scenario.map((d) => (kind === 'out' ? d + 1 : d)));
            return kind === 'next' || kind === 'out'
                ? v.depth < limit + (kind === 'next' ? 1 : 0)
                : kind === 'in' || !v.shipped;
        });
        let found = counting.length - 1;
        const sameLine = (a: Visit | undefined, b: Visit | undefined): boolean =>
            a?.line === b?.line && a?.depth === b?.depth && a?.thread === b?.thread;
        while (byLine && found > 0 && sameLine(counting[found - 1], counting[found])) {
            found--;
        }
        return counting[found]?.at ?? -1;
    }
}

/** Other breakpoints than before. */
export function setBreakpoints({ breakpoints, host }: Travelled, wanted: readonly Wanted[]): void {
    for (const uri of host.declarations.program.files.keys()) {
        const lines = new LineMap(host.declarations.program.files.get(uri)?.text ?? '');
        breakpoints.setInSource(
            uri,
            wanted
                .filter((w) => w.uri === uri)
                .map(({ start, every }) => {
                    const { line, column } = lines.position(start);
                    const hitCondition = every === 1 ? undefined : `% ${every}`;
                    return { kind: 'line', uri, line: line - 1, column: column - 1, hitCondition };
                }),
        );
    }
}

const lineMaps = new Map<string, LineMap>();

function linesOf({ declarations }: Host, uri: string): LineMap {
    const text = declarations.program.files.get(uri)?.text ?? SHIPPED_SOURCES.get(uri) ?? '';
    let lines = lineMaps.get(uri);
    if (lines?.text !== text) {
        lines = new LineMap(text);
        lineMaps.set(uri, lines);
    }
    return lines;
}

/** The line that the run stands on. */
export function lineAt(host: Host): string {
    const { frame } = host;
    const statement = frame?.code.statements[frame.code.statementAt[frame.pc] ?? -1];
    return frame && statement
        ? `${frame.code.uri}:${linesOf(host, frame.code.uri).position(statement.span.start).line}`
        : '';
}
