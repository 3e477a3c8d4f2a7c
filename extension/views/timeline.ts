/**
 * The timeline of a run, drawn on a canvas: phases on top with the blackout hatched, below them kernels, processes,
 * vCPUs and devices. It runs in a panel of VS Code, and in a page that stands alone (`lus view`).
 */
import type { Bar, Flag, Lane } from '../../emulator/trace/lanes';
import { duration } from '../../emulator/text/durations';
import type { ShowMessage, TimelineData, ViewMessage } from './timeline-data';

declare function acquireVsCodeApi(): { postMessage(message: ViewMessage): void };

const ROW = 18;
const GAP = 6;
const GROUP = 22;
const AXIS = 24;
const LABELS = 170;
/** The narrowest bar that has a name. Pixels. */
const NAMED = 30;
const ZOOM = 1.25;

interface Placed {
    readonly lane: Lane;
    readonly top: number;
}

/** What lies at a point. */
interface Hit {
    readonly text: string;
    readonly time: number;
}

class TimelineView {
    private data: TimelineData | undefined;
    private placed: Placed[] = [];
    private groups: { name: string; top: number }[] = [];
    private height = 0;
    /** The visible span, in nanoseconds. */
    private from = 0;
    private to = 1;
    private selected: { from: number; to: number } | undefined;
    private pending = false;
    private readonly canvas: HTMLCanvasElement;
    private readonly tip: HTMLElement;
    private readonly status: HTMLElement;
    private readonly list: HTMLElement;

    constructor(private readonly go: ((time: number) => void) | undefined) {
        this.canvas = element('canvas');
        this.tip = element('tip');
        this.status = element('status');
        this.list = element('list');
        this.canvas.tabIndex = 0;
        this.listen();
        new ResizeObserver(() => this.draw()).observe(element('stage'));
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    }

    show(data: TimelineData): void {
        const fresh = this.data === undefined;
        this.data = data;
        element('title').textContent = data.title;
        this.place(data);
        if (fresh) {
            this.from = 0;
            this.to = Math.max(1, data.lanes.end);
        }
        this.tellInWords(data);
        this.draw();
    }

    private place({ lanes }: TimelineData): void {
        let top = AXIS;
        let group: string | undefined;
        this.placed = [];
        this.groups = [];
        for (const lane of lanes.lanes) {
            if (lane.group !== group) {
                ({ group } = lane);
                this.groups.push({ name: group, top });
                top += GROUP;
            }
            this.placed.push({ lane, top });
            top += lane.rows * ROW + GAP;
        }
        this.height = top + GAP;
        this.canvas.style.height = `${this.height}px`;
    }

    // ------------------------------------------------------------ drawing

    private draw(): void {
        if (!this.pending) {
            this.pending = true;
            requestAnimationFrame(() => {
                this.pending = false;
                this.paint();
            });
        }
    }

    private get width(): number {
        return this.canvas.clientWidth - LABELS;
    }

    private x(time: number): number {
        return LABELS + ((time - this.from) / (this.to - this.from)) * this.width;
    }

    private time(x: number): number {
        return this.from + ((x - LABELS) / this.width) * (this.to - this.from);
    }

    private paint(): void {
        const { data, canvas } = this;
        const c = canvas.getContext('2d');
        if (!data || !c || this.width <= 0) {
            return;
        }
        const scale = devicePixelRatio;
        canvas.width = canvas.clientWidth * scale;
        canvas.height = this.height * scale;
        c.setTransform(scale, 0, 0, scale, 0, 0);
        const style = getComputedStyle(document.body);
        const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
        c.font = `12px ${style.fontFamily}`;
        c.textBaseline = 'middle';
        this.paintAxis(c, colour);
        this.paintBlackouts(c, data, colour);
        for (const { name, top } of this.groups) {
            c.fillStyle = colour('strong');
            c.font = `600 12px ${style.fontFamily}`;
            c.fillText(name, 6, top + GROUP / 2);
            c.font = `12px ${style.fontFamily}`;
        }
        for (const p of this.placed) {
            this.paintLane(c, p, colour);
        }
        if (this.selected) {
            c.fillStyle = colour('select');
            const [a, b] = [this.x(this.selected.from), this.x(this.selected.to)];
            c.fillRect(Math.min(a, b), 0, Math.max(1, Math.abs(b - a)), this.height);
        }
        if (data.now !== undefined) {
            c.fillStyle = colour('now');
            c.fillRect(this.x(data.now) - 1, 0, 2, this.height);
        }
    }

    private paintAxis(c: CanvasRenderingContext2D, colour: (name: string) => string): void {
        const span = this.to - this.from;
        const step = niceStep((span / this.width) * 110);
        c.fillStyle = colour('faint');
        c.strokeStyle = colour('rule');
        for (let t = Math.ceil(this.from / step) * step; t <= this.to; t += step) {
            const x = this.x(t);
            c.fillText(t === 0 ? '0' : duration(t), x + 3, AXIS / 2);
            c.beginPath();
            c.moveTo(x, 0);
            c.lineTo(x, this.height);
            c.stroke();
        }
    }

    private paintBlackouts(
        c: CanvasRenderingContext2D,
        { lanes }: TimelineData,
        colour: (name: string) => string,
    ): void {
        c.save();
        c.beginPath();
        c.rect(LABELS, 0, this.width, this.height);
        c.clip();
        c.strokeStyle = colour('hatch');
        for (const { begin, end } of lanes.blackouts) {
            const [a, b] = [this.x(begin), this.x(end)];
            if (b < LABELS || a > LABELS + this.width) {
                continue;
            }
            const [left, right] = [Math.max(a, LABELS), Math.min(b, LABELS + this.width)];
            c.save();
            c.beginPath();
            c.rect(left, AXIS, right - left, this.height);
            c.clip();
            c.beginPath();
            for (let x = left - this.height; x < right; x += 9) {
                c.moveTo(x, this.height);
                c.lineTo(x + this.height, 0);
            }
            c.stroke();
            c.restore();
        }
        c.restore();
    }

    private paintLane(c: CanvasRenderingContext2D, { lane, top }: Placed, colour: (name: string) => string): void {
        c.fillStyle = colour('text');
        c.fillText(clipped(c, lane.name, LABELS - 16), 12, top + ROW / 2);
        c.save();
        c.beginPath();
        c.rect(LABELS, top, this.width, lane.rows * ROW);
        c.clip();
        const perPixel = (this.to - this.from) / this.width;
        /** The right edge of what is drawn in each row: bars narrower than a pixel are drawn once. */
        const drawn: number[] = [];
        for (let i = firstEnding(lane.bars, this.from); i < lane.bars.length; i++) {
            const bar = lane.bars[i];
            if (!bar || bar.begin > this.to) {
                break;
            }
            const a = Math.max(this.x(bar.begin), LABELS - 1);
            const b = Math.min(this.x(bar.end), LABELS + this.width + 1);
            if (b < (drawn[bar.depth] ?? 0) && bar.end - bar.begin < perPixel) {
                continue;
            }
            drawn[bar.depth] = Math.ceil(b);
            const y = top + bar.depth * ROW;
            c.fillStyle = colour(bar.name === 'paused' ? 'paused' : KINDS.has(bar.kind) ? bar.kind : 'syscall');
            c.fillRect(a, y + 1, Math.max(1, b - a), ROW - 2);
            if (b - a > NAMED) {
                c.fillStyle = colour('on-bar');
                c.fillText(clipped(c, bar.name, b - a - 6), a + 3, y + ROW / 2);
            }
        }
        for (const flag of lane.flags) {
            const x = this.x(flag.at);
            if (x >= LABELS && x <= LABELS + this.width) {
                c.fillStyle = colour(flag.kind === 'diagnosis' ? 'flag' : 'mark');
                c.beginPath();
                c.moveTo(x, top + ROW - 2);
                c.lineTo(x - 5, top + 2);
                c.lineTo(x + 5, top + 2);
                c.closePath();
                c.fill();
            }
        }
        c.restore();
    }

    // ------------------------------------------------------------ input

    private listen(): void {
        const { canvas } = this;
        let down: { x: number; moved: boolean } | undefined;
        canvas.addEventListener(
            'wheel',
            (e) => {
                e.preventDefault();
                if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
                    this.pan((e.deltaX || e.deltaY) / this.width);
                } else {
                    this.zoom(e.deltaY < 0 ? 1 / ZOOM : ZOOM, this.time(e.offsetX));
                }
            },
            { passive: false },
        );
        canvas.addEventListener('pointerdown', (e) => {
            down = { x: e.offsetX, moved: false };
            canvas.setPointerCapture(e.pointerId);
        });
        canvas.addEventListener('pointermove', (e) => {
            if (down && Math.abs(e.offsetX - down.x) > 3) {
                down.moved = true;
                this.select(this.time(down.x), this.time(e.offsetX));
            }
            this.point(e.offsetX, e.offsetY);
        });
        canvas.addEventListener('pointerup', (e) => {
            if (down && !down.moved) {
                this.selected = undefined;
                this.draw();
                const hit = this.at(e.offsetX, e.offsetY);
                if (hit && this.go) {
                    this.go(hit.time);
                }
            }
            down = undefined;
        });
        canvas.addEventListener('pointerleave', () => {
            this.tip.hidden = true;
        });
        canvas.addEventListener('keydown', (e) => {
            const moves: Readonly<Record<string, () => void>> = {
                ArrowLeft: () => this.pan(-0.1),
                ArrowRight: () => this.pan(0.1),
                '+': () => this.zoom(1 / ZOOM, (this.from + this.to) / 2),
                '-': () => this.zoom(ZOOM, (this.from + this.to) / 2),
                '0': () => this.span(0, this.data?.lanes.end ?? 1),
                Enter: () => this.selected && this.span(this.selected.from, this.selected.to),
            };
            const move = moves[e.key];
            if (move) {
                e.preventDefault();
                move();
            }
        });
        canvas.addEventListener('dblclick', () => this.selected && this.span(this.selected.from, this.selected.to));
    }

    private pan(part: number): void {
        const by = (this.to - this.from) * part;
        this.span(this.from + by, this.to + by);
    }

    private zoom(factor: number, around: number): void {
        this.span(around - (around - this.from) * factor, around + (this.to - around) * factor);
    }

    private span(from: number, to: number): void {
        const [a, b] = [Math.min(from, to), Math.max(from, to)];
        const end = Math.max(1, this.data?.lanes.end ?? 1);
        const length = Math.min(Math.max(b - a, 10), end * 1.1);
        this.from = Math.max(-end * 0.05, Math.min(a, end * 1.05 - length));
        this.to = this.from + length;
        this.draw();
    }

    /** A span, and what it is made of. */
    private select(from: number, to: number): void {
        const [a, b] = [Math.max(0, Math.min(from, to)), Math.max(from, to)];
        this.selected = { from: a, to: b };
        const shares = new Map<string, number>();
        for (const { lane } of this.placed) {
            for (const bar of lane.bars) {
                const inside = Math.min(bar.end, b) - Math.max(bar.begin, a);
                if (inside > 0 && bar.depth === lane.rows - 1) {
                    shares.set(bar.name, (shares.get(bar.name) ?? 0) + inside);
                }
            }
        }
        const largest = [...shares].sort((x, y) => y[1] - x[1]).slice(0, 4);
        this.status.textContent = `${duration(b - a)}${largest.length > 0 ? `: ${largest.map(([name, ns]) => `${name} ${duration(ns)}`).join(', ')}` : ''}`;
        this.draw();
    }

    private point(x: number, y: number): void {
        const hit = this.at(x, y);
        this.tip.hidden = hit === undefined;
        if (hit) {
            this.tip.textContent = hit.text;
            this.tip.style.left = `${Math.min(x + 14, this.canvas.clientWidth - 260)}px`;
            this.tip.style.top = `${y + 16}px`;
        }
    }

    private at(x: number, y: number): Hit | undefined {
        const found = this.placed.find(({ lane, top }) => y >= top && y < top + lane.rows * ROW);
        if (!found || x < LABELS) {
            return undefined;
        }
        const near = ((this.to - this.from) / this.width) * 5;
        const time = this.time(x);
        const flag = found.lane.flags.find((f) => Math.abs(f.at - time) <= near);
        if (flag) {
            return { text: textOf(flag), time: flag.at };
        }
        const depth = Math.floor((y - found.top) / ROW);
        const slack = near / 5;
        const bar = found.lane.bars.find((b) => b.depth === depth && b.begin <= time + slack && b.end >= time - slack);
        return bar && { text: textOf(bar), time: bar.begin };
    }

    // ------------------------------------------------------------ the same in words

    /** A list for screen readers: phases, callbacks and findings in the order of time. */
    private tellInWords({ lanes }: TimelineData): void {
        const told = lanes.lanes
            .flatMap((lane) => [
                ...lane.bars
                    .filter((b) => b.kind === 'phase' || b.kind === 'handler' || b.kind === 'flb')
                    .map((b) => ({ at: b.begin, text: `${b.name}, ${lane.name}, ${duration(b.end - b.begin)}` })),
                ...lane.flags.map((f) => ({ at: f.at, text: `${f.name}, ${lane.name}` })),
            ])
            .sort((a, b) => a.at - b.at)
            .slice(0, 1000);
        this.list.replaceChildren(
            ...told.map(({ at, text }) => {
                const item = document.createElement('li');
                const button = document.createElement('button');
                button.textContent = `${duration(at)}: ${text}`;
                button.addEventListener('click', () => this.go?.(at));
                item.append(this.go ? button : button.textContent);
                return item;
            }),
        );
    }
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
]);

function element<E extends HTMLElement>(id: string): E;
function element(id: string): HTMLElement {
    const found = document.getElementById(id);
    if (!found) {
        throw new Error(`the page has no #${id}`);
    }
    return found;
}

function textOf(x: Bar | Flag): string {
    const time = 'at' in x ? duration(x.at) : `${duration(x.end - x.begin)}, from ${duration(x.begin)}`;
    return [x.name, time, ...x.details].join('\n');
}

/** The first bar, in the order of their begin, that may reach into the span: those before it end earlier. */
function firstEnding(bars: readonly Bar[], from: number): number {
    let low = 0;
    let high = bars.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if ((bars[middle]?.begin ?? 0) < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // bars around the span begin before it: the last one at depth 0, and what lies between
    while (low > 0) {
        low--;
        if (bars[low]?.depth === 0) {
            break;
        }
    }
    return low;
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(at: number): number {
    const power = 10 ** Math.floor(Math.log10(Math.max(at, 1)));
    return (at <= power ? 1 : at <= 2 * power ? 2 : at <= 5 * power ? 5 : 10) * power;
}

function clipped(c: CanvasRenderingContext2D, text: string, width: number): string {
    if (c.measureText(text).width <= width) {
        return text;
    }
    let length = Math.max(0, Math.floor((width / c.measureText(text).width) * text.length) - 1);
    while (length > 0 && c.measureText(`${text.slice(0, length)}…`).width > width) {
        length--;
    }
    return length === 0 ? '' : `${text.slice(0, length)}…`;
}

const alone = document.getElementById('data');
if (alone) {
    new TimelineView(undefined).show(JSON.parse(alone.textContent ?? '{}'));
} else {
    const editor = acquireVsCodeApi();
    const view = new TimelineView((time) => editor.postMessage({ type: 'go', time }));
    addEventListener('message', ({ data }: MessageEvent<ShowMessage>) => {
        if (data.type === 'show') {
            view.show(data.data);
        }
    });
    editor.postMessage({ type: 'ready' });
}
