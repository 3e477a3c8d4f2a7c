/** Draws physical memory: the bands of each node, pointers between them, and what devices reach. */
import { KIND_TEXT, KINDS, type Kind } from '../../emulator/presentation/memory/map';
import type { Band, Picture, Window } from '../../emulator/presentation/memory/picture';
import type { Pointer } from '../../emulator/presentation/memory/pointers';
import type { DeviceReach } from '../../emulator/presentation/memory/reach';
import type { Piece, Share } from '../../emulator/presentation/memory/window';
import { hex, rangeText, sizeText } from '../../emulator/text/text';
import type { Colours, Surface } from './surface';

export const LABELS = 150;
const HEAD = 24;
const AXIS = 18;
const BAND = 36;
/** Between the bands: pointers, and where the bands differ. */
const LINKS = 56;
const CHANGES = 4;
const DEVICE = 14;
const GAP = 16;
/** The narrowest piece with a name, and the room for an address on the axis. Pixels. */
const NAMED = 34;
const TICK = 130;
/** How far from an arrow, in pixels, the pointer may be. */
const NEAR = 4;
/** The least height of a kind in a piece with several. Pixels. */
const LEAST = 3;
/** The most arrows that are drawn; wrong ones come first. */
const ARROWS = 250;
/** The most devices that have a lane. */
export const DEVICES = 8;

/** The visible part. */
export interface View {
    readonly width: number;
    readonly height: number;
    readonly scrolled: number;
    /** Of each node, in bytes. */
    readonly windows: readonly Window[];
    /** The address that is chosen. */
    readonly chosen: number | undefined;
}

export interface Hit {
    readonly text: string;
    readonly address: number;
}

interface NodeRows {
    readonly index: number;
    readonly top: number;
    readonly bands: readonly number[];
    readonly links: number;
    readonly devices: number;
    readonly bottom: number;
}

export class MemoryPicture {
    readonly height: number;
    private readonly rows: readonly NodeRows[];
    private readonly devices: readonly DeviceReach[];

    constructor(readonly data: Picture) {
        this.devices = data.reach.slice(0, DEVICES);
        let top = 0;
        this.rows = data.nodes.map((_, index) => {
            const begin = top;
            const first = begin + HEAD + AXIS;
            const second = first + BAND + LINKS;
            const two = data.bands.length > 1;
            const devices = (two ? second + BAND : second) + 2;
            top = devices + this.devices.length * DEVICE + GAP;
            return {
                index,
                top: begin,
                bands: two ? [first, second] : [first],
                links: first + BAND,
                devices,
                bottom: top,
            };
        });
        this.height = top;
    }

    draw(on: Surface, colour: Colours, view: View): void {
        const { data } = this;
        for (const rows of this.rows) {
            const window = view.windows[rows.index];
            const top = rows.top - view.scrolled;
            if (window && top < view.height && rows.bottom - view.scrolled > 0) {
                this.drawNode(on, colour, view, rows, window);
            }
        }
        on.within(LABELS, 0, view.width, Math.min(view.height, this.height), () => {
            const arrows = data.pointers.list.slice(0, ARROWS);
            // wrong ones are drawn last, above all others
            for (const p of arrows.toReversed()) {
                this.drawArrow(on, colour, view, p);
            }
        });
    }

    at(view: View, x: number, y: number): Hit | undefined {
        const { data } = this;
        const below = y + view.scrolled;
        const rows = this.rows.find((r) => below >= r.top && below < r.bottom);
        const window = rows && view.windows[rows.index];
        if (!rows || !window || x < LABELS) {
            return undefined;
        }
        const address = addressAt(view, window, x);
        const arrow = data.pointers.list.slice(0, ARROWS).find((p) => this.isNear(view, p, x, y));
        const band = rows.bands.findIndex((top) => below >= top && below < top + BAND);
        if (arrow && band < 0) {
            return { text: pointerText(arrow), address: arrow.target };
        }
        const device = this.devices[Math.floor((below - rows.devices) / DEVICE)];
        if (device && below >= rows.devices) {
            return { text: deviceAt(device, address) ?? `${device.device} does not reach ${hex(address)}`, address };
        }
        if (band < 0) {
            return undefined;
        }
        const text = this.bandText(rows.index, band, address);
        return text === undefined ? undefined : { text, address };
    }

    /** The part of the last band behind or before an address that has another owner, in its window. */
    neighbour(address: number, step: 1 | -1): Piece | undefined {
        const pieces = this.data.bands.at(-1)?.windows.flat() ?? [];
        const here = pieces.findIndex((p) => address < p.to);
        const found =
            here < 0 ? pieces.length - 1 : address < (pieces[here]?.from ?? 0) && step > 0 ? here : here + step;
        return pieces[found];
    }

    /** Index of the node at a height of the picture; -1: none. */
    rowAt({ scrolled }: View, y: number): number {
        return this.rows.findIndex((r) => y + scrolled >= r.top && y + scrolled < r.bottom);
    }

    /** Index of the node with an address; -1: none. */
    nodeOf(address: number): number {
        return this.data.nodes.findIndex((n) => address >= n.from && address < n.to);
    }

    // ------------------------------------------------------------ a node

    private drawNode(on: Surface, colour: Colours, view: View, rows: NodeRows, window: Window): void {
        const { data } = this;
        const node = data.nodes[rows.index];
        const [y, right] = [-view.scrolled, LABELS + view.width];
        const { width } = view;
        if (!node) {
            return;
        }
        const part = window.from > node.from || window.to < node.to ? `, of it ${range(window)}` : '';
        on.text(`Node ${node.node}: ${sizeText(node.size)}${part}`, 6, y + rows.top + HEAD / 2, colour('strong'), true);
        for (const tick of ticks(view, window)) {
            const x = xOf(view, window, tick);
            on.rect(x, y + rows.top + HEAD + AXIS - 5, 1, 5, colour('faint'));
            if (x + TICK * 0.7 < right) {
                on.text(hex(tick), x + 4, y + rows.top + HEAD + AXIS / 2, colour('faint'));
            }
        }
        for (const [i, band] of data.bands.entries()) {
            const top = y + (rows.bands[i] ?? 0);
            on.text(band.name, 6, top + BAND / 2 - 7, colour('text'), true);
            on.text(kernelText(band), 6, top + BAND / 2 + 8, colour('faint'));
            on.within(LABELS, top, width, BAND, () => {
                on.rect(LABELS, top, width, BAND, colour('hole'));
                drawPieces(on, colour, view, window, band.windows[rows.index] ?? [], top);
            });
        }
        for (const change of data.changes[rows.index] ?? []) {
            const [a, b] = span(view, window, change.from, change.to);
            on.rect(
                Math.floor(a),
                y + (rows.bands[1] ?? 0) - CHANGES - 2,
                Math.ceil(b - a),
                CHANGES,
                colour('changed'),
            );
        }
        for (const [i, device] of this.devices.entries()) {
            this.drawDevice(on, colour, view, window, device, y + rows.devices + i * DEVICE);
        }
        if (view.chosen !== undefined && view.chosen >= window.from && view.chosen < window.to) {
            const x = Math.floor(xOf(view, window, view.chosen));
            on.rect(
                x - 1,
                y + (rows.bands[0] ?? 0) - 4,
                3,
                rows.bottom - GAP - (rows.bands[0] ?? 0) + 4,
                colour('chosen'),
            );
        }
    }

    private drawDevice(
        on: Surface,
        colour: Colours,
        view: View,
        window: Window,
        device: DeviceReach,
        top: number,
    ): void {
        on.text(`${device.device}${device.fault === undefined ? '' : ': none'}`, 6, top + DEVICE / 2, colour('faint'));
        on.rect(LABELS, top + DEVICE / 2, view.width, 1, colour('rule'));
        on.within(LABELS, top, view.width, DEVICE, () => {
            for (const r of device.ranges) {
                if (r.pa < window.to && r.pa + r.length > window.from) {
                    const [a, b] = span(view, window, r.pa, r.pa + r.length);
                    on.rect(a, top + 3, b - a, DEVICE - 6, colour('device'));
                }
            }
        });
    }

    // ------------------------------------------------------------ pointers

    /** The ends of an arrow: from the first band to the last one. */
    private endsOf(view: View, { at, target }: Pointer): readonly (readonly [number, number])[] | undefined {
        const [from, to] = [this.rows[this.nodeOf(at)], this.rows[this.nodeOf(target)]];
        const [a, b] = [from && view.windows[from.index], to && view.windows[to.index]];
        if (!from || !to || !a || !b) {
            return undefined;
        }
        const [x0, x1] = [xOf(view, a, at), xOf(view, b, target)];
        if (Math.max(x0, x1) < LABELS || Math.min(x0, x1) > LABELS + view.width) {
            return undefined;
        }
        const [y0, y1] = [from.links - view.scrolled, to.links - view.scrolled];
        return to.bands.length > 1
            ? [
                  [x0, y0],
                  [x1, y1 + LINKS],
              ]
            : [
                  [x0, y0],
                  [(x0 + x1) / 2, Math.max(y0, y1) + LINKS * 0.7],
                  [x1, y1],
              ];
    }

    private drawArrow(on: Surface, colour: Colours, view: View, pointer: Pointer): void {
        const ends = this.endsOf(view, pointer);
        const [before, tip] = ends?.slice(-2) ?? [];
        if (!ends || !before || !tip) {
            return;
        }
        const isWrong = pointer.wrong !== undefined;
        const line = colour(isWrong ? 'wrong' : 'pointer');
        on.line(ends, line, isWrong ? 2 : 1);
        const angle = Math.atan2(tip[1] - before[1], tip[0] - before[0]);
        const wing = (turn: number): readonly [number, number] => [
            tip[0] - 8 * Math.cos(angle + turn),
            tip[1] - 8 * Math.sin(angle + turn),
        ];
        on.shape([tip, wing(0.4), wing(-0.4)], line);
        if (isWrong) {
            on.text('✗', (before[0] + tip[0]) / 2 + 6, (before[1] + tip[1]) / 2, line, true);
        }
    }

    private isNear(view: View, pointer: Pointer, x: number, y: number): boolean {
        const ends = this.endsOf(view, pointer) ?? [];
        return ends.slice(1).some((to, i) => distance(ends[i] ?? to, to, x, y) <= NEAR);
    }

    // ------------------------------------------------------------ words

    /** A piece of a band, what the other band has at the address, and what reaches it. */
    private bandText(node: number, band: number, address: number): string | undefined {
        const { bands, reach, pointers } = this.data;
        const shown = bands[band];
        const piece = shown && pieceAt(shown, node, address);
        if (!shown || !piece) {
            return undefined;
        }
        const other = bands.length > 1 ? bands[1 - band] : undefined;
        const elsewhere = other && pieceAt(other, node, address);
        const wrong = pointers.list.find((p) => p.wrong !== undefined && p.target >= piece.from && p.target < piece.to);
        return [
            `${shown.name}${shown.kernel > 0 ? `, kernel ${shown.kernel}` : ''}: ${rangeText(piece.from, piece.to - piece.from)}`,
            ...sharesText(piece),
            ...(other && elsewhere ? [`${other.name}: ${sharesText(elsewhere).join('; ')}`] : []),
            ...(band === bands.length - 1 ? reach.flatMap((r) => deviceAt(r, address) ?? []) : []),
            ...(wrong ? [pointerText(wrong)] : []),
        ].join('\n');
    }
}

// ---------------------------------------------------------------- pieces

function drawPieces(
    on: Surface,
    colour: Colours,
    view: View,
    window: Window,
    pieces: readonly Piece[],
    top: number,
): void {
    const narrow: Piece[] = [];
    for (const piece of pieces) {
        if (piece.to <= window.from || piece.from >= window.to) {
            continue;
        }
        const [a, b] = span(view, window, piece.from, piece.to);
        if (b - a > 1) {
            drawPiece(on, colour, piece, a, b - a, top);
        } else {
            narrow.push(piece);
        }
    }
    // a piece of less than a pixel would lie under the one beside it
    for (const piece of narrow) {
        const [a] = span(view, window, piece.from, piece.to);
        drawPiece(on, colour, piece, Math.floor(a), 1, top);
    }
}

function drawPiece(on: Surface, colour: Colours, { shares }: Piece, x: number, width: number, top: number): void {
    const kinds = heightsOf(shares);
    let y = top;
    for (const [kind, height] of kinds) {
        on.rect(x, y, width, height, colour(kind));
        if (HATCHED.has(kind) && width > LEAST) {
            on.hatch(x, y, width, height, colour('hatch'));
        }
        y += height;
    }
    const border = colour('bar-border');
    if (border !== '' && width > LEAST) {
        on.outline(x, top, width, BAND, border);
    }
    const [only] = shares;
    if (only && shares.length === 1 && width > NAMED) {
        on.text(
            clipped(on, only.owner || KIND_TEXT[only.kind], width - 6),
            x + 3,
            top + BAND / 2,
            colour(`on-${only.kind}`),
        );
    }
}

/** Kinds that a pattern tells apart, too. */
const HATCHED: ReadonlySet<Kind> = new Set<Kind>(['unclaimed', 'scratch']);

/** The height of each kind in a piece: as much as its share, but enough to be seen. */
function heightsOf(shares: readonly Share[]): (readonly [Kind, number])[] {
    const bytes = new Map<Kind, number>();
    for (const { kind, bytes: n } of shares) {
        bytes.set(kind, (bytes.get(kind) ?? 0) + n);
    }
    const all = [...bytes.values()].reduce((sum, n) => sum + n, 0);
    const kinds = KINDS.filter((kind) => bytes.has(kind));
    const raised = kinds.map((kind) => Math.max(LEAST, ((bytes.get(kind) ?? 0) / all) * BAND));
    const sum = raised.reduce((a, b) => a + b, 0);
    return kinds.map((kind, i) => [kind, ((raised[i] ?? 0) / sum) * BAND] as const);
}

function pieceAt({ windows }: Band, node: number, address: number): Piece | undefined {
    return windows[node]?.find((p) => address >= p.from && address < p.to);
}

// ---------------------------------------------------------------- geometry

export function xOf({ width }: View, { from, to }: Window, address: number): number {
    return LABELS + ((address - from) / (to - from)) * width;
}

export function addressAt({ width }: View, { from, to }: Window, x: number): number {
    return Math.max(from, Math.min(to - 1, Math.floor(from + ((x - LABELS) / width) * (to - from))));
}

function span(view: View, window: Window, from: number, to: number): readonly [number, number] {
    const a = Math.max(xOf(view, window, from), LABELS - 1);
    return [a, Math.max(a + 1, Math.min(xOf(view, window, to), LABELS + view.width + 1))];
}

/** Addresses with a mark: powers of two apart. */
function ticks({ width }: View, { from, to }: Window): number[] {
    const step = 2 ** Math.ceil(Math.log2(((to - from) / width) * TICK));
    const first = Math.ceil(from / step);
    return Array.from({ length: Math.max(0, Math.ceil(to / step) - first) }, (_, i) => (first + i) * step);
}

/** From a point to a segment, in pixels. */
function distance(a: readonly [number, number], b: readonly [number, number], x: number, y: number): number {
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const along = Math.max(0, Math.min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy || 1)));
    return Math.hypot(a[0] + along * dx - x, a[1] + along * dy - y);
}

function clipped(on: Surface, text: string, width: number): string {
    const whole = on.widthOf(text);
    const length = whole <= width ? text.length : Math.floor((width / whole) * text.length) - 1;
    return length === text.length ? text : length < 3 ? '' : `${text.slice(0, length)}…`;
}

// ---------------------------------------------------------------- words

function range({ from, to }: Window): string {
    return rangeText(from, to - from);
}

/** `kernel 2, 7.2` */
function kernelText({ kernel, release }: Band): string {
    return kernel === 0 ? '' : release === '' ? `after kernel ${kernel}` : `kernel ${kernel}, ${release}`;
}

/** `guest: memfd guest-ram` */
export function ownerText(kind: Kind, owner: string): string {
    return owner === '' ? KIND_TEXT[kind] : `${KIND_TEXT[kind]}: ${owner}`;
}

function sharesText({ shares }: Piece): string[] {
    return shares.length === 1
        ? shares.map(({ kind, owner }) => ownerText(kind, owner))
        : shares.map(({ kind, owner, bytes }) => `${sizeText(bytes)} ${ownerText(kind, owner)}`);
}

/** `0x1000 → 0x2000: data of session "vm-1"` */
export function pointerText({ at, target, path, of, wrong }: Pointer): string {
    const text = `${path} of ${of} at ${hex(at)} points to ${hex(target)}`;
    return wrong === undefined ? text : `✗ ${text}: ${wrong}`;
}

/** The way of a device to an address; undefined: it does not reach it. */
function deviceAt({ device, through, ranges, fault }: DeviceReach, address: number): string | undefined {
    if (fault !== undefined) {
        return undefined;
    }
    const found = ranges.find((r) => address >= r.pa && address < r.pa + r.length);
    return (
        found &&
        `${device} reaches it at its address ${hex(found.iova + address - found.pa)}: ${device} → ${through} → ${hex(address)}`
    );
}
