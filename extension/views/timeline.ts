/**
 * The timeline of a run, or of two that are compared: phases on top with the blackout hatched, below them kernels,
 * processes, vCPUs and devices. It runs in an editor of VS Code, and in a page that stands alone (`lus view`).
 */
import { duration } from '../../emulator/text/durations';
import { Board, element, saveSvg } from './board';
import { Picture, timeOf, LABELS, type Hit, type Window } from './picture';
import { ownTimes } from './rows';
import type { FromView, TimelineData, TimelineRun, ToView } from './timeline-data';

declare function acquireVsCodeApi(): EditorApi;

interface EditorApi {
    postMessage(message: FromView): void;
    getState(): Saved | undefined;
    setState(state: Saved): void;
}

/** What outlives the page. */
interface Saved {
    readonly data?: TimelineData | undefined;
    readonly from: number;
    readonly to: number;
}

const ZOOM = 1.25;
/** Pixels of the pointer before a press is a drag. */
const DRAG = 3;
/** The most names of a span's parts, for each lane. */
const PARTS = 3;
/** Entries of the list in words. */
const TOLD = 1000;
/** The widest data that is kept for a page that comes back, in characters. */
const KEPT = 2_000_000;
const SVG_WIDTH = 1200;

class TimelineView {
    private picture: Picture | undefined;
    private data: TimelineData | undefined;
    /** The visible span on the axis, in nanoseconds. */
    private from = 0;
    private to = 1;
    private selected: { from: number; to: number } | undefined;
    private readonly stage: HTMLElement = element('stage');
    private readonly board = new Board(element<HTMLCanvasElement>('canvas'), this.stage, '', () => {
        const { picture, window } = this;
        return (
            picture &&
            window && {
                width: LABELS + window.width,
                height: window.height,
                draw: (surface, colour) => {
                    picture.draw(surface, colour, window);
                    document.body.dataset['painted'] = 'true';
                },
            }
        );
    });
    private readonly tip: HTMLElement = element('tip');

    constructor(private readonly editor: EditorApi | undefined) {
        this.listen();
        const saved = editor?.getState();
        if (saved?.data) {
            this.show(saved.data);
            this.span(saved.from, saved.to);
        }
    }

    show(data: TimelineData): void {
        const before = this.picture;
        const picture = new Picture(data);
        this.data = data;
        this.picture = picture;
        if (!before || before.begin !== picture.begin) {
            this.from = picture.begin;
            this.to = picture.end;
            this.selected = undefined;
        }
        element('title').textContent = data.runs.map((r) => r.title).join(' ↔ ');
        element('difference').textContent = differenceOf(data.runs);
        element('spacer').style.height = `${picture.height}px`;
        this.tellInWords(data, picture);
        this.save();
        this.board.draw();
    }

    svg(): string {
        const { picture } = this;
        const width = this.window?.width ?? SVG_WIDTH - LABELS;
        if (!picture) {
            return '';
        }
        const window = { from: this.from, to: this.to, width, scrolled: 0, height: picture.height };
        const { height } = picture;
        return this.board.svg(
            { width: LABELS + width, height, draw: (surface, colour) => picture.draw(surface, colour, window) },
            element('title').textContent ?? '',
        );
    }

    private get window(): Window | undefined {
        const width = this.stage.clientWidth - LABELS;
        const { from, to, selected } = this;
        const { scrollTop: scrolled, clientHeight: height } = this.stage;
        return width > 0 ? { from, to, width, scrolled, height, selected } : undefined;
    }

    // ------------------------------------------------------------ input

    private listen(): void {
        const { stage } = this;
        const { canvas } = this.board;
        let down: { x: number; moved: boolean } | undefined;
        stage.addEventListener(
            'wheel',
            (e) => {
                const { window } = this;
                if (!window) {
                    return;
                }
                if (e.ctrlKey || e.metaKey) {
                    e.preventDefault();
                    this.zoom(e.deltaY < 0 ? 1 / ZOOM : ZOOM, timeOf(window, e.offsetX));
                } else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
                    e.preventDefault();
                    this.pan((e.deltaX || e.deltaY) / window.width);
                }
            },
            { passive: false },
        );
        canvas.addEventListener('pointerdown', (e) => {
            down = { x: e.offsetX, moved: false };
            canvas.setPointerCapture(e.pointerId);
        });
        canvas.addEventListener('pointermove', (e) => {
            const { window } = this;
            if (window && down && Math.abs(e.offsetX - down.x) > DRAG) {
                down.moved = true;
                const times = [timeOf(window, down.x), timeOf(window, e.offsetX)];
                this.selected = { from: Math.min(...times), to: Math.max(...times) };
                this.tellSpan();
                this.board.draw();
            }
            this.point(e.offsetX, e.offsetY);
        });
        canvas.addEventListener('pointerup', (e) => {
            if (down?.moved) {
                this.tellParts();
            } else if (down) {
                this.selected = undefined;
                this.tellParts();
                this.board.draw();
                const hit = this.at(e.offsetX, e.offsetY);
                if (hit) {
                    this.go(hit);
                }
            }
            down = undefined;
        });
        canvas.addEventListener('pointerleave', () => {
            this.tip.hidden = true;
        });
        this.board.onKeys(() => {
            const { from, to, picture } = this;
            return {
                ArrowLeft: () => this.pan(-0.1),
                ArrowRight: () => this.pan(0.1),
                ArrowUp: () => stage.scrollBy(0, -40),
                ArrowDown: () => stage.scrollBy(0, 40),
                '+': () => this.zoom(1 / ZOOM, (from + to) / 2),
                '-': () => this.zoom(ZOOM, (from + to) / 2),
                '0': () => picture && this.span(picture.begin, picture.end),
                Enter: () => this.selected && this.span(this.selected.from, this.selected.to),
            };
        });
        canvas.addEventListener('dblclick', () => this.selected && this.span(this.selected.from, this.selected.to));
        const compare = element('compare');
        compare.hidden = this.editor === undefined;
        compare.addEventListener('click', () => this.editor?.postMessage({ type: 'compare' }));
        element('svg').addEventListener('click', () => this.hand(this.svg()));
    }

    /** The picture goes to the clipboard of the editor; a page that stands alone saves it as a file. */
    private hand(text: string): void {
        if (this.editor) {
            this.editor.postMessage({ type: 'svg', text });
        } else {
            saveSvg(text, 'timeline.svg');
        }
    }

    private pan(part: number): void {
        const by = (this.to - this.from) * part;
        this.span(this.from + by, this.to + by);
    }

    private zoom(factor: number, around: number): void {
        this.span(around - (around - this.from) * factor, around + (this.to - around) * factor);
    }

    private span(from: number, to: number): void {
        const { picture } = this;
        if (!picture) {
            return;
        }
        const all = picture.end - picture.begin;
        const length = Math.min(Math.max(to - from, 10), all * 1.1);
        this.from = Math.max(picture.begin - all * 0.05, Math.min(from, picture.end + all * 0.05 - length));
        this.to = this.from + length;
        this.save();
        this.board.draw();
    }

    private save(): void {
        const { data, from, to } = this;
        this.editor?.setState({ data: data && sizeOf(data) <= KEPT ? data : undefined, from, to });
    }

    private point(x: number, y: number): void {
        const hit = this.at(x, y);
        this.tip.hidden = hit === undefined;
        if (hit) {
            this.tip.textContent = hit.text;
            this.tip.style.left = `${Math.max(0, Math.min(x + 14, this.stage.clientWidth - 260))}px`;
            this.tip.style.top = `${this.stage.offsetTop + y + 16}px`;
        }
    }

    private at(x: number, y: number): Hit | undefined {
        return this.window && this.picture?.at(this.window, x, y);
    }

    private go({ run, time }: { readonly run: TimelineRun; readonly time: number }): void {
        if (run.now !== undefined) {
            this.editor?.postMessage({ type: 'go', time });
        }
    }

    // ------------------------------------------------------------ the same in words

    private tellSpan(): void {
        const { selected } = this;
        element('span').textContent = selected ? duration(selected.to - selected.from) : '';
    }

    /** What the selected span is made of: for each lane, the names with the most time of their own. */
    private tellParts(): void {
        const { selected, picture } = this;
        this.tellSpan();
        const told = (selected && picture?.lanes) ?? [];
        const { from = 0, to = 0 } = selected ?? {};
        const runs = this.data?.runs ?? [];
        element('parts').replaceChildren(
            ...runs.flatMap((run) => [
                ...(selected && runs.length > 1 ? [item(`${run.title}:`)] : []),
                ...told
                    .filter((l) => l.run === run)
                    .flatMap(({ lane, zero }) => partsOf(run, lane, from + zero, to + zero)),
            ]),
        );
    }

    /** A list for screen readers: phases, callbacks and findings in the order of time. */
    private tellInWords({ runs }: TimelineData, picture: Picture): void {
        const told = runs.flatMap((run) => {
            const events = picture.lanes.filter((l) => l.run === run).flatMap(({ lane }) => eventsOf(run, lane));
            return [
                ...(runs.length > 1 ? [item(run.title)] : []),
                ...events
                    .sort((a, b) => a.at - b.at)
                    .slice(0, TOLD)
                    .map(({ at, text }) => this.told(run, at, text)),
            ];
        });
        element('list').replaceChildren(...told);
    }

    private told(run: TimelineRun, at: number, text: string): HTMLElement {
        const line = `${duration(at)}: ${text}`;
        if (run.now === undefined) {
            return item(line);
        }
        const button = document.createElement('button');
        button.textContent = line;
        button.addEventListener('click', () => this.go({ run, time: at }));
        const entry = item('');
        entry.append(button);
        return entry;
    }
}

function item(text: string): HTMLElement {
    const entry = document.createElement('li');
    entry.textContent = text;
    return entry;
}

/** The names with the most time of their own in a span of a lane. */
function partsOf(run: TimelineRun, lane: Picture['lanes'][number]['lane'], from: number, to: number): HTMLElement[] {
    const parts = [...ownTimes(lane, from, to)]
        .filter(([, ns]) => ns > 0)
        .sort((a, b) => b[1] - a[1])
        .slice(0, PARTS)
        .map(([label, ns]) => `${run.lanes.labels[label]?.[0] ?? ''} ${duration(ns)}`);
    return parts.length > 0 ? [item(`${lane.group}, ${lane.name}: ${parts.join(', ')}`)] : [];
}

const TOLD_KINDS: ReadonlySet<string> = new Set(['phase', 'handler', 'flb']);

function eventsOf(run: TimelineRun, lane: Picture['lanes'][number]['lane']): { at: number; text: string }[] {
    const events = lane.flags.map((f) => ({ at: f.at, text: `${f.name}, ${lane.name}` }));
    for (const { begins, ends, labels } of lane.rows) {
        // of each row only the first ones: more are not told
        const most = events.length + TOLD;
        for (let i = 0; i < begins.length && events.length < most; i++) {
            const [name, kind] = run.lanes.labels[labels[i] ?? 0] ?? ['', ''];
            if (TOLD_KINDS.has(kind)) {
                const at = begins[i] ?? 0;
                events.push({ at, text: `${name}, ${lane.name}, ${duration((ends[i] ?? 0) - at)}` });
            }
        }
    }
    return events;
}

/** The blackouts of two runs. */
function differenceOf([first, second]: readonly TimelineRun[]): string {
    if (!first || !second) {
        return '';
    }
    const [a, b] = [blackoutOf(first), blackoutOf(second)];
    const change = b === a ? 'the same' : `${duration(Math.abs(b - a))} ${b > a ? 'longer' : 'shorter'}`;
    return `Blackout: ${duration(a)} above, ${duration(b)} below, ${change}.`;
}

function blackoutOf({ lanes }: TimelineRun): number {
    return lanes.blackouts.reduce((sum, { begin, end }) => sum + end - begin, 0);
}

/** The characters of the data, roughly. */
function sizeOf({ runs }: TimelineData): number {
    return runs.reduce(
        (n, { lanes }) =>
            n +
            lanes.lanes.reduce((m, lane) => m + lane.rows.reduce((k, row) => k + row.length, 0), 0) +
            lanes.details.reduce((m, text) => m + text.length, 0),
        0,
    );
}

const alone = document.getElementById('data');
if (alone) {
    new TimelineView(undefined).show(JSON.parse(alone.textContent ?? '{}'));
} else {
    const editor = acquireVsCodeApi();
    const view = new TimelineView(editor);
    addEventListener('message', ({ data }: MessageEvent<ToView>) => {
        if (data.type === 'show') {
            view.show(data.data);
        } else {
            editor.postMessage({ type: 'svg', text: view.svg() });
        }
    });
    editor.postMessage({ type: 'ready' });
}
