/**
 * Physical memory by owner: each node before and after the kexec, pointers in what is handed over, and what devices
 * reach. It runs in an editor of VS Code, and in a page that stands alone (`lus view`).
 */
import type { Picture, Wanted, Window } from '../../emulator/presentation/memory/picture';
import { hex } from '../../emulator/text/text';
import { Board, element, saveSvg } from './board';
import { MemoryAlone } from './memory-alone';
import type { FromMemoryView, PageShown, Question, Reason, ToMemoryView } from './memory-data';
import { addressAt, LABELS, MemoryPicture, type Hit, type View } from './memory-picture';
import { historyText, legendOf, listOf, pageLines, summaryOf } from './memory-words';

declare function acquireVsCodeApi(): EditorApi;

interface EditorApi {
    postMessage(message: FromMemoryView): void;
    getState(): Saved | undefined;
    setState(state: Saved): void;
}

/** What outlives the page. */
interface Saved {
    readonly picture?: Picture | undefined;
    readonly windows: readonly Window[];
    readonly chosen: number | undefined;
    readonly following: boolean;
}

/** What answers the view: the extension, or the data in the page. */
interface Answerer {
    readonly editor: EditorApi | undefined;
    ask(question: Question): void;
}

const ZOOM = 1.5;
/** Pages of the narrowest window. */
const NARROWEST = 16;
/** Pixels of a piece at least, when there are more pieces than fit. */
const PIECE = 2;
/** How long the pointer rests before the history of a page is asked for. Milliseconds. */
const REST = 150;
const SVG_WIDTH = 1200;

class MemoryView {
    private picture: MemoryPicture | undefined;
    private windows: readonly Window[] = [];
    private chosen: number | undefined;
    private following = false;
    private page: PageShown | undefined;
    private hovered: { readonly hit: Hit; readonly x: number; readonly y: number } | undefined;
    private rest: ReturnType<typeof setTimeout> | undefined;
    /** The windows that were asked for last; undefined: the answer has come. */
    private asked: readonly Window[] | undefined;
    private readonly stage = element('m-stage');
    private readonly board = new Board(element<HTMLCanvasElement>('m-canvas'), this.stage, 'm-', () => {
        const { picture, view } = this;
        return (
            picture &&
            view && {
                width: LABELS + view.width,
                height: view.height,
                draw: (surface, colour) => {
                    picture.draw(surface, colour, view);
                    document.body.dataset['memoryPainted'] = 'true';
                },
            }
        );
    });
    private readonly tip = element('m-tip');

    constructor(private readonly answerer: Answerer) {
        this.listen();
        const saved = answerer.editor?.getState();
        if (saved?.picture) {
            this.windows = saved.windows;
            this.chosen = saved.chosen;
            this.following = saved.following;
            this.show(saved.picture);
        }
    }

    // ------------------------------------------------------------ what is shown

    show(picture: Picture): void {
        const before = this.picture?.data;
        this.picture = new MemoryPicture(picture);
        if (this.windows.length !== picture.nodes.length || (before && !sameNodes(before, picture))) {
            this.windows = picture.nodes.map(({ from, to }) => ({ from, to }));
        }
        element('m-title').textContent = picture.title;
        element('m-summary').textContent = summaryOf(picture);
        element('m-legend').replaceChildren(...legendOf(picture));
        element('m-list').replaceChildren(...listOf(picture, { choose: (address) => this.choose(address) }));
        element('m-spacer').style.height = `${this.picture.height}px`;
        const answered = this.asked;
        this.asked = undefined;
        this.save();
        this.board.draw();
        if (answered && answered.length > 0 && answered !== this.windows) {
            this.refresh();
        }
    }

    showNothing(why: string): void {
        this.asked = undefined;
        if (!this.picture) {
            element('m-summary').textContent = why;
        }
    }

    /** The run stands elsewhere, or this view is new. */
    refresh(): void {
        if (this.asked === undefined) {
            this.asked = this.windows;
            this.answerer.ask({ type: 'picture', wanted: this.wanted });
        }
    }

    stopped(): void {
        this.asked = undefined;
        this.refresh();
        if (this.chosen !== undefined) {
            this.answerer.ask({ type: 'page', address: this.chosen, reason: 'chosen' });
        }
    }

    showPage(page: PageShown, reason: Reason): void {
        if (reason === 'hover') {
            const { hovered } = this;
            if (hovered && hovered.hit.address >= page.address && hovered.hit.address < page.address + page.size) {
                this.showTip(
                    hovered.x,
                    hovered.y,
                    [hovered.hit.text, historyText(page)].filter((t) => t !== '').join('\n'),
                );
            }
            return;
        }
        const known = this.page?.address === page.address ? this.page.history.length : page.history.length;
        this.page = page;
        this.chosen = page.address;
        element('m-page').hidden = false;
        element('m-page-title').textContent =
            `Page ${hex(page.address)}${page.node === undefined ? '' : `, node ${page.node}`}`;
        element('m-page-lines').replaceChildren(
            ...pageLines(page, known, {
                choose: (address) => this.choose(address),
                open: (source, line) => this.answerer.editor?.postMessage({ type: 'source', source, line }),
            }),
        );
        element('m-follow').setAttribute('aria-pressed', String(this.following));
        if (this.following) {
            this.reveal(page.address);
        }
        this.save();
        this.board.draw();
    }

    /** Marks the page of an address and says what is known of it. */
    choose(address: number): void {
        this.chosen = address;
        this.reveal(address);
        this.answerer.ask({ type: 'page', address, reason: 'chosen' });
        this.board.draw();
    }

    /** Chooses the page of the last finding with a code. */
    chooseFinding(code: string): void {
        const found = this.picture?.data.findings.find((f) => f.code === code);
        if (found) {
            this.choose(found.address);
        }
    }

    svg(): string {
        const { picture } = this;
        if (!picture) {
            return '';
        }
        const view = this.view ?? {
            width: SVG_WIDTH - LABELS,
            scrolled: 0,
            height: 0,
            windows: this.windows,
            chosen: this.chosen,
        };
        const whole = { ...view, scrolled: 0, height: picture.height };
        return this.board.svg(
            {
                width: LABELS + view.width,
                height: picture.height,
                draw: (surface, colour) => picture.draw(surface, colour, whole),
            },
            picture.data.title,
        );
    }

    private get wanted(): Wanted {
        const { windows } = this;
        const buckets = Math.max(100, Math.floor((this.view?.width ?? SVG_WIDTH) / PIECE));
        return { buckets, ...(windows.length > 0 ? { windows } : {}) };
    }

    private save(): void {
        const { windows, chosen, following } = this;
        this.answerer.editor?.setState({ picture: this.picture?.data, windows, chosen, following });
    }

    private get view(): View | undefined {
        const width = this.stage.clientWidth - LABELS;
        const { windows, chosen } = this;
        const { scrollTop: scrolled, clientHeight: height } = this.stage;
        return width > 0 ? { width, scrolled, height, windows, chosen } : undefined;
    }

    // ------------------------------------------------------------ input

    private listen(): void {
        const { stage } = this;
        const { canvas } = this.board;
        stage.addEventListener('wheel', (e) => this.wheel(e), { passive: false });
        canvas.addEventListener('pointermove', (e) => this.point(e.offsetX, e.offsetY));
        canvas.addEventListener('pointerleave', () => this.leave());
        canvas.addEventListener('click', (e) => {
            const hit = this.at(e.offsetX, e.offsetY);
            if (hit) {
                this.choose(hit.address);
            }
        });
        this.board.onKeys(() => this.keys);
        const { editor } = this.answerer;
        const send = (id: string, message: () => FromMemoryView | undefined): void => {
            const button = element(id);
            button.hidden = editor === undefined;
            button.addEventListener('click', () => {
                const made = message();
                if (made) {
                    editor?.postMessage(made);
                }
            });
        };
        const atPage = (make: (address: number) => FromMemoryView) => (): FromMemoryView | undefined =>
            this.chosen === undefined ? undefined : make(this.chosen);
        send('m-compare', () => ({ type: 'compare' }));
        send(
            'm-bytes',
            atPage((address) => ({ type: 'bytes', address })),
        );
        send(
            'm-last',
            atPage((address) => ({ type: 'change', address, next: false })),
        );
        send(
            'm-next',
            atPage((address) => ({ type: 'change', address, next: true })),
        );
        const follow = element('m-follow');
        follow.hidden = editor === undefined;
        follow.addEventListener('click', () => this.toggleFollowing());
        element('m-svg').addEventListener('click', () => this.hand(this.svg()));
        element<HTMLFormElement>('m-find').addEventListener('submit', (e) => {
            e.preventDefault();
            const text = element<HTMLInputElement>('m-address').value.trim();
            if (/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) {
                this.choose(Number(text));
            } else if (text !== '') {
                editor?.postMessage({ type: 'find', text });
            }
        });
    }

    private readonly keys: Readonly<Record<string, () => void>> = {
        ArrowLeft: () => this.pan(this.node, -0.1),
        ArrowRight: () => this.pan(this.node, 0.1),
        ArrowUp: () => this.stage.scrollBy(0, -40),
        ArrowDown: () => this.stage.scrollBy(0, 40),
        '+': () => this.zoom(this.node, 1 / ZOOM, this.middle),
        '-': () => this.zoom(this.node, ZOOM, this.middle),
        '0': () => this.zoom(this.node, Number.POSITIVE_INFINITY, 0),
        n: () => this.step(1),
        p: () => this.step(-1),
        f: () => this.toggleFollowing(),
    };

    private wheel(e: WheelEvent): void {
        const { view, picture } = this;
        const node = view && picture ? picture.rowAt(view, e.offsetY) : -1;
        const window = this.windows[node];
        if (!view || !window) {
            return;
        }
        if (e.ctrlKey || e.metaKey) {
            e.preventDefault();
            this.zoom(node, e.deltaY < 0 ? 1 / ZOOM : ZOOM, addressAt(view, window, e.offsetX));
        } else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
            e.preventDefault();
            this.pan(node, (e.deltaX || e.deltaY) / view.width);
        }
    }

    private toggleFollowing(): void {
        this.following = !this.following && this.chosen !== undefined;
        element('m-follow').setAttribute('aria-pressed', String(this.following));
        this.save();
    }

    /** The picture goes to the clipboard of the editor; a page that stands alone saves it as a file. */
    private hand(text: string): void {
        const { editor } = this.answerer;
        if (editor) {
            editor.postMessage({ type: 'svg', text });
        } else {
            saveSvg(text, 'memory.svg');
        }
    }

    /** Goes to the part of the last band behind or before the chosen page. */
    private step(by: 1 | -1): void {
        const piece = this.picture?.neighbour(this.chosen ?? this.windows[0]?.from ?? 0, by);
        if (piece) {
            this.choose(piece.from);
        }
    }

    // ------------------------------------------------------------ the visible part

    /** The node that keys move: that of the chosen page, otherwise the first one. */
    private get node(): number {
        return this.chosen === undefined ? 0 : Math.max(0, this.picture?.nodeOf(this.chosen) ?? 0);
    }

    private get middle(): number {
        const { from = 0, to = 0 } = this.windows[this.node] ?? {};
        const { chosen } = this;
        return chosen !== undefined && chosen >= from && chosen < to ? chosen : (from + to) / 2;
    }

    private pan(node: number, part: number): void {
        const window = this.windows[node];
        if (window) {
            const by = (window.to - window.from) * part;
            this.setWindow(node, window.from + by, window.to + by);
        }
    }

    private zoom(node: number, factor: number, around: number): void {
        const window = this.windows[node];
        const whole = this.picture?.data.nodes[node];
        if (window && whole) {
            const scale = Math.min(factor, (whole.to - whole.from) / (window.to - window.from));
            this.setWindow(node, around - (around - window.from) * scale, around + (window.to - around) * scale);
        }
    }

    /** Moves the window of a node so that an address is in it. */
    private reveal(address: number): void {
        const node = this.picture?.nodeOf(address) ?? -1;
        const window = this.windows[node];
        if (window && (address < window.from || address >= window.to)) {
            const half = (window.to - window.from) / 2;
            this.setWindow(node, address - half, address + half);
        }
    }

    private setWindow(node: number, from: number, to: number): void {
        const { picture } = this;
        const whole = picture?.data.nodes[node];
        if (!picture || !whole) {
            return;
        }
        const { page } = picture.data;
        const all = whole.to - whole.from;
        const length = Math.min(all, Math.max(to - from, Math.min(all, NARROWEST * page)));
        const begin = Math.max(whole.from, Math.min(Math.floor(from / page) * page, whole.to - length));
        const end = Math.min(whole.to, Math.ceil((begin + length) / page) * page);
        this.windows = this.windows.map((w, i) => (i === node ? { from: begin, to: end } : w));
        this.save();
        this.board.draw();
        this.refresh();
    }

    // ------------------------------------------------------------ the pointer

    private at(x: number, y: number): Hit | undefined {
        return this.view && this.picture?.at(this.view, x, y);
    }

    private point(x: number, y: number): void {
        const hit = this.at(x, y);
        this.leave();
        if (hit) {
            this.hovered = { hit, x, y };
            this.showTip(x, y, hit.text);
            this.rest = setTimeout(
                () => this.answerer.ask({ type: 'page', address: hit.address, reason: 'hover' }),
                REST,
            );
        }
    }

    private leave(): void {
        clearTimeout(this.rest);
        this.hovered = undefined;
        this.tip.hidden = true;
    }

    private showTip(x: number, y: number, text: string): void {
        const { tip, stage } = this;
        tip.hidden = false;
        tip.textContent = text;
        tip.style.left = `${Math.max(0, Math.min(x + 14, stage.clientWidth - tip.offsetWidth - 8))}px`;
        const below = stage.offsetTop + y + 16;
        tip.style.top = `${Math.max(0, Math.min(below, innerHeight - tip.offsetHeight - 4))}px`;
    }
}

function sameNodes(a: Picture, b: Picture): boolean {
    return (
        a.nodes.length === b.nodes.length &&
        a.nodes.every((n, i) => n.from === b.nodes[i]?.from && n.to === b.nodes[i]?.to)
    );
}

function receive(view: MemoryView, editor: EditorApi, message: ToMemoryView): void {
    switch (message.type) {
        case 'picture':
            view.show(message.picture);
            break;
        case 'page':
            view.showPage(message.page, message.reason);
            break;
        case 'stopped':
            view.stopped();
            break;
        case 'choose':
            view.choose(message.address);
            break;
        case 'finding':
            view.chooseFinding(message.code);
            break;
        case 'nothing':
            view.showNothing(message.why);
            break;
        case 'svg':
            editor.postMessage({ type: 'svg', text: view.svg() });
            break;
    }
}

const alone = document.getElementById('memory-data');
if (alone) {
    const data = new MemoryAlone(JSON.parse(alone.textContent ?? '{}'));
    const view: MemoryView = new MemoryView({
        editor: undefined,
        ask: (question) =>
            question.type === 'picture'
                ? view.show(data.picture(question.wanted))
                : view.showPage(data.page(question.address), question.reason),
    });
    data.offerMoments(element<HTMLSelectElement>('m-moment'), () => view.stopped());
    view.stopped();
} else {
    const editor = acquireVsCodeApi();
    const view = new MemoryView({ editor, ask: (question) => editor.postMessage(question) });
    addEventListener('message', ({ data }: MessageEvent<ToMemoryView>) => receive(view, editor, data));
    editor.postMessage({ type: 'ready' });
}
