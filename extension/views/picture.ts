/** Draws runs on lanes over one axis of time: one run, or two that are aligned at their first kexec. */
import { duration } from '../../emulator/text/durations';
import type { Row } from '../../emulator/trace/packed-lanes';
import { barAt, firstFrom, flagAt, lanesOf, NO_BARS, type ViewLane } from './rows';
import type { Colours, Surface } from './surface';
import type { TimelineData, TimelineRun } from './timeline-data';

const ROW = 18;
const GAP = 6;
const GROUP = 22;
const AXIS = 24;
export const LABELS = 170;
/** The narrowest bar that has a name. Pixels. */
const NAMED = 30;
/** How far from a flag, in pixels, the pointer may be. */
const NEAR = 5;

/** A run, at its place on the axis. */
interface ShownRun {
    readonly run: TimelineRun;
    readonly lanes: readonly ViewLane[];
    /** What is 0 on the axis. Nanoseconds of the run. */
    readonly zero: number;
    /** Pixels. */
    readonly top: number;
    readonly bottom: number;
}

interface Heading {
    readonly text: string;
    readonly top: number;
}

interface Placed {
    readonly shown: ShownRun;
    readonly lane: ViewLane;
    readonly top: number;
}

/** What lies at a point. */
export interface Hit {
    readonly text: string;
    /** A moment of its run, in nanoseconds. */
    readonly time: number;
    readonly run: TimelineRun;
}

/** The visible part: a span on the axis in nanoseconds, and the pixels above it. */
export interface Window {
    readonly from: number;
    readonly to: number;
    readonly width: number;
    readonly scrolled: number;
    readonly height: number;
    readonly selected?: { readonly from: number; readonly to: number } | undefined;
}

const KINDS: ReadonlySet<string> = new Set([
    'phase',
    'handler',
    'flb',
    'guest',
    'device',
    'stage',
    'kernel',
    'syscall',
    'wait',
    'state',
]);

export class Picture {
    readonly height: number;
    /** The ends of the axis. */
    readonly begin: number;
    readonly end: number;
    private readonly runs: readonly ShownRun[];
    private readonly headings: readonly Heading[];
    private readonly placed: readonly Placed[];

    constructor(data: TimelineData) {
        const comparing = data.runs.length > 1;
        const headings: Heading[] = [];
        const placed: Placed[] = [];
        let top = AXIS;
        this.runs = data.runs.map((run) => {
            const begin = top;
            if (comparing) {
                headings.push({ text: run.title, top });
                top += GROUP;
            }
            const lanes = [...markLanes(run), ...lanesOf(run.lanes)];
            const tops: [ViewLane, number][] = [];
            let group: string | undefined;
            for (const lane of lanes) {
                if (lane.group !== group) {
                    ({ group } = lane);
                    headings.push({ text: group, top });
                    top += GROUP;
                }
                tops.push([lane, top]);
                top += lane.rows.length * ROW + GAP;
            }
            top += comparing ? GAP : 0;
            const zero = comparing ? (run.lanes.kexecs[0] ?? 0) : 0;
            const shown: ShownRun = { run, lanes, zero, top: begin, bottom: top };
            placed.push(...tops.map(([lane, at]) => ({ shown, lane, top: at })));
            return shown;
        });
        this.headings = headings;
        this.placed = placed;
        this.height = top + GAP;
        this.begin = Math.min(0, ...this.runs.map((r) => -r.zero));
        this.end = Math.max(1, ...this.runs.map((r) => r.run.lanes.end - r.zero));
    }

    /** Where a moment of the run that is debugged lies on the axis; undefined if no run is. */
    get now(): number | undefined {
        const shown = this.runs.find((r) => r.run.now !== undefined);
        return shown?.run.now === undefined ? undefined : shown.run.now - shown.zero;
    }

    /** The lanes, with the times on the axis that their times are moved by. */
    get lanes(): readonly { readonly lane: ViewLane; readonly run: TimelineRun; readonly zero: number }[] {
        return this.placed.map(({ lane, shown }) => ({ lane, run: shown.run, zero: shown.zero }));
    }

    draw(on: Surface, colour: Colours, window: Window): void {
        const { width, scrolled, height, selected } = window;
        const x = (time: number): number => xOf(window, time);
        on.within(0, AXIS, LABELS + width, height - AXIS, () => {
            this.drawRules(on, colour, window);
            for (const shown of this.runs) {
                this.drawBlackouts(on, colour, window, shown);
            }
            for (const { text, top } of this.headings) {
                const y = top - scrolled + GROUP / 2;
                if (y > 0 && y < height + GROUP) {
                    on.text(text, 6, y, colour('strong'), true);
                }
            }
            for (const p of this.placed) {
                const top = p.top - scrolled;
                if (top < height && top + p.lane.rows.length * ROW > AXIS) {
                    drawLane(on, colour, window, p);
                }
            }
            if (selected) {
                const [a, b] = [x(selected.from), x(selected.to)];
                on.rect(Math.min(a, b), AXIS, Math.max(1, Math.abs(b - a)), height, colour('select'));
            }
            for (const { run, zero, top, bottom } of this.runs) {
                if (run.now !== undefined && x(run.now - zero) >= LABELS) {
                    on.rect(x(run.now - zero) - 1, top - scrolled, 2, bottom - top, colour('now'));
                }
            }
        });
        this.drawAxis(on, colour, window);
    }

    at(window: Window, x: number, y: number): Hit | undefined {
        const below = y + window.scrolled;
        const found = this.placed.find(({ lane, top }) => below >= top && below < top + lane.rows.length * ROW);
        if (!found || x < LABELS || y < AXIS) {
            return undefined;
        }
        const { lane, shown, top } = found;
        const { run, zero } = shown;
        const pixel = (window.to - window.from) / window.width;
        const time = timeOf(window, x) + zero;
        const flag = flagAt(lane.flags, time, pixel * NEAR);
        if (flag) {
            return { text: [flag.name, duration(flag.at), ...flag.details].join('\n'), time: flag.at, run };
        }
        const row = lane.rows[Math.floor((below - top) / ROW)];
        const bar = row ? barAt(row, time, pixel) : -1;
        const [begin, end] = [row?.begins[bar], row?.ends[bar]];
        if (!row || begin === undefined || end === undefined) {
            return undefined;
        }
        const text = [
            run.lanes.labels[row.labels[bar] ?? 0]?.[0],
            `${duration(end - begin)}, from ${duration(begin)}`,
            run.lanes.details[row.details[bar] ?? 0],
        ];
        return { text: text.filter((t) => t !== undefined && t !== '').join('\n'), time: begin, run };
    }

    private drawRules(on: Surface, colour: Colours, window: Window): void {
        for (const t of ticks(window)) {
            on.rect(xOf(window, t), AXIS, 1, window.height - AXIS, colour('rule'));
        }
    }

    private drawAxis(on: Surface, colour: Colours, window: Window): void {
        for (const t of ticks(window)) {
            const text =
                t === 0 ? (this.runs.length > 1 ? 'kexec' : '0') : `${t < 0 ? '−' : ''}${duration(Math.abs(t))}`;
            on.text(text, xOf(window, t) + 3, AXIS / 2, colour('faint'));
        }
    }

    private drawBlackouts(on: Surface, colour: Colours, window: Window, shown: ShownRun): void {
        const { run, zero, top, bottom } = shown;
        const right = LABELS + window.width;
        for (const { begin, end } of run.lanes.blackouts) {
            const a = Math.max(xOf(window, begin - zero), LABELS);
            const b = Math.min(xOf(window, end - zero), right);
            const [y, to] = [Math.max(top - window.scrolled, AXIS), Math.min(bottom - window.scrolled, window.height)];
            if (b > a && to > y) {
                on.hatch(a, y, b - a, to - y, colour('hatch'));
            }
        }
    }
}

function xOf({ from, to, width }: Window, time: number): number {
    return LABELS + ((time - from) / (to - from)) * width;
}

export function timeOf({ from, to, width }: Window, x: number): number {
    return from + ((x - LABELS) / width) * (to - from);
}

/** Moments with a mark on the axis. */
function ticks({ from, to, width }: Window): number[] {
    const step = niceStep(((to - from) / width) * 110);
    const first = Math.ceil(from / step);
    return Array.from({ length: Math.max(0, Math.floor(to / step) - first + 1) }, (_, i) => (first + i) * step);
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(at: number): number {
    const power = 10 ** Math.floor(Math.log10(Math.max(at, 1)));
    return (at <= power ? 1 : at <= 2 * power ? 2 : at <= 5 * power ? 5 : 10) * power;
}

function drawLane(on: Surface, colour: Colours, window: Window, { shown, lane, top }: Placed): void {
    const y = top - window.scrolled;
    on.text(clipped(on, lane.name, LABELS - 16), 12, y + ROW / 2, colour('text'));
    on.within(LABELS, y, window.width, lane.rows.length * ROW, () => {
        for (const [depth, row] of lane.rows.entries()) {
            drawRow(on, colour, window, shown, row, y + depth * ROW);
        }
        for (const flag of lane.flags) {
            const x = xOf(window, flag.at - shown.zero);
            if (x >= LABELS - NEAR && x <= LABELS + window.width + NEAR) {
                const points = [
                    [x, y + ROW - 2],
                    [x - NEAR, y + 2],
                    [x + NEAR, y + 2],
                ] as const;
                on.shape(points, colour(flag.kind === 'diagnosis' ? 'flag' : 'mark'));
            }
        }
    });
}

/** Bars that are narrower than a pixel are drawn once a pixel, so the cost depends on the width only. */
function drawRow(on: Surface, colour: Colours, window: Window, { run, zero }: ShownRun, row: Row, y: number): void {
    const right = LABELS + window.width;
    const border = colour('bar-border');
    let i = firstFrom(row, window.from + zero);
    while (i < row.begins.length) {
        const begin = xOf(window, (row.begins[i] ?? 0) - zero);
        if (begin > right) {
            return;
        }
        const end = xOf(window, (row.ends[i] ?? 0) - zero);
        const [name, kind] = run.lanes.labels[row.labels[i] ?? 0] ?? ['', ''];
        const fill = colour(name === 'paused' ? 'paused' : KINDS.has(kind) ? kind : 'syscall');
        if (end - begin < 1) {
            const pixel = Math.floor(begin);
            on.rect(pixel, y + 1, 1, ROW - 2, fill);
            i = Math.max(i + 1, firstFrom(row, timeOf(window, pixel + 1) + zero));
            continue;
        }
        const [a, b] = [Math.max(begin, LABELS - 1), Math.min(end, right + 1)];
        on.rect(a, y + 1, b - a, ROW - 2, fill);
        if (border !== '') {
            on.outline(a, y + 1, b - a, ROW - 2, border);
        }
        if (b - a > NAMED) {
            const [from = 0, to = 0] = [row.begins[i], row.ends[i]];
            const text = textOf(name, kind, to - from, run.lanes.details[row.details[i] ?? 0]);
            on.text(clipped(on, text, b - a - 6), a + 3, y + ROW / 2, colour('on-bar'));
        }
        i++;
    }
}

/** A phase with its length; waiting with the holder of the lock. */
function textOf(name: string, kind: string, length: number, details: string | undefined): string {
    if (kind === 'phase') {
        return `${name} ${duration(length)}`;
    }
    return kind === 'wait' && details !== undefined && details !== '' ? `${name}, ${details}` : name;
}

/** The marks of the user as a lane. */
function markLanes({ marks = [] }: TimelineRun): ViewLane[] {
    const flags = marks.map(({ name, at }) => ({ at, name, kind: 'mark', details: [] }));
    return flags.length > 0 ? [{ group: 'marks', name: 'of this session', rows: [NO_BARS], flags }] : [];
}

function clipped(on: Surface, text: string, width: number): string {
    const whole = on.widthOf(text);
    if (whole <= width) {
        return text;
    }
    let length = Math.max(0, Math.floor((width / whole) * text.length) - 1);
    while (length > 0 && on.widthOf(`${text.slice(0, length)}…`) > width) {
        length--;
    }
    return length === 0 ? '' : `${text.slice(0, length)}…`;
}
