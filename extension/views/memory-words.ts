/** The picture of physical memory in words, as parts of the page: the legend, the list, and what is known of a page. */
import { KIND_TEXT, KINDS } from '../../emulator/presentation/memory/map';
import type { Picture } from '../../emulator/presentation/memory/picture';
import { duration } from '../../emulator/text/durations';
import { counted, hex, sizeText } from '../../emulator/text/text';
import type { PageShown } from './memory-data';
import { DEVICES, ownerText, pointerText } from './memory-picture';

/** Entries of a part of the list. */
const MOST = 200;

/** What a user can do in the words. */
export interface Actions {
    choose(address: number): void;
    open(source: object, line: number): void;
}

/** Each kind with its colour, and its bytes in each band: `free 1.7 GiB → 1.8 GiB`. */
export function legendOf({ bands }: Picture): HTMLElement[] {
    return KINDS.filter((kind) => bands.some((b) => b.totals[kind] > 0)).map((kind) => {
        const swatch = tag('span', '');
        swatch.className = `m-swatch m-${kind}`;
        const sizes = bands.map((b) => (b.totals[kind] > 0 ? sizeText(b.totals[kind]) : '0'));
        const entry = item(text(`${KIND_TEXT[kind]} `));
        const size = tag('b', sizes.join(' → '));
        entry.prepend(swatch);
        entry.append(size);
        return entry;
    });
}

/** All that the picture says. */
export function listOf(picture: Picture, { choose }: Pick<Actions, 'choose'>): HTMLElement[] {
    const { bands, pointers, reach, findings, changes, nodes } = picture;
    const at = (address: number, text: string): HTMLElement => button(text, () => choose(address));
    const changed = changes.flat().reduce((sum, c) => sum + c.bytes, 0);
    return [
        ...part('Nodes', nodes, (n) => text(`Node ${n.node}: ${hex(n.from)}–${hex(n.to - 1)}, ${sizeText(n.size)}`)),
        ...bands.flatMap((band) =>
            part(`Owners ${band.name}`, band.owners, ({ kind, owner, bytes }) =>
                text(`${sizeText(bytes)}: ${ownerText(kind, owner)}`),
            ),
        ),
        ...(bands.length > 1
            ? [tag('p', `${sizeText(changed)} of what is shown have another owner than before.`)]
            : []),
        ...part('Findings', findings, (f) => at(f.address, `${f.code} at ${hex(f.address)}: ${f.message}`)),
        ...part('Pointers of what is handed over', pointers.list, (p) => at(p.target, pointerText(p)), pointers.more),
        ...part('What devices reach', reach, (r) =>
            r.fault === undefined
                ? text(`${r.device} → ${r.through}: ${counted(r.ranges.length + r.more, 'range')} in what is shown`)
                : text(`${r.device} reaches nothing: ${r.fault}`),
        ),
        ...(reach.length > DEVICES ? [tag('p', `The picture has the first ${DEVICES} devices.`)] : []),
    ];
}

/** What the picture says first: what is wrong, and the moments. */
export function summaryOf({ bands, pointers }: Picture): string {
    const wrong = pointers.list.filter((p) => p.wrong !== undefined).length;
    const unclaimed = bands.at(-1)?.totals.unclaimed ?? 0;
    return [
        ...bands.flatMap((b) => (b.time === undefined ? [] : [`${b.name}: ${duration(b.time)}`])),
        ...(unclaimed > 0 ? [`${sizeText(unclaimed)} preserved and unclaimed`] : []),
        ...(wrong > 0 ? [`${counted(wrong, 'wrong pointer')}`] : []),
        ...(bands.some((b) => b.grain > 0x10000) ? ['small parts are joined'] : []),
    ].join(' · ');
}

/** One line for each fact about a page. @param known the entries of its history that were shown before */
export function pageLines(page: PageShown, known: number, { open, choose }: Actions): HTMLElement[] {
    const { before, paths, pointers, history } = page;
    return [
        text(page.text),
        ...(before ? [text(`before, in kernel ${before.kernel}: ${ownerText(before.kind, before.owner)}`)] : []),
        ...history.map((line, i) => {
            const { source } = line;
            const words = `kernel ${line.kernel}: ${line.text}`;
            const entry = source ? button(words, () => open(source, line.line ?? 1)) : text(words);
            entry.classList.toggle('m-new', i >= known);
            return entry;
        }),
        ...paths.map(({ device, iova, through, tables, write }) =>
            text(
                `${device} reaches it at its address ${hex(iova)}${write ? '' : ', for reading'}: ${[device, through, ...tables.map(hex), hex(page.address)].join(' → ')}`,
            ),
        ),
        ...pointers.map((p) =>
            button(pointerText(p), () =>
                choose(p.target >= page.address && p.target < page.address + page.size ? p.at : p.target),
            ),
        ),
    ].map(item);
}

/** The same for the tooltip, below what the picture says. */
export function historyText({ history }: PageShown): string {
    return history.map((line) => `kernel ${line.kernel}: ${line.text}`).join('\n');
}

function part<T>(title: string, all: readonly T[], make: (one: T) => HTMLElement, more = 0): HTMLElement[] {
    if (all.length === 0) {
        return [];
    }
    const list = tag('ul', '');
    const left = all.length - MOST + more;
    list.append(...all.slice(0, MOST).map((one) => item(make(one))));
    return [tag('h2', title), list, ...(left > 0 ? [tag('p', `and ${left} more`)] : [])];
}

function item(content: HTMLElement): HTMLElement {
    const entry = tag('li', '');
    entry.append(content);
    return entry;
}

function text(words: string): HTMLElement {
    return tag('span', words);
}

function button(words: string, click: () => void): HTMLElement {
    const made = tag('button', words);
    made.type = 'button';
    made.addEventListener('click', click);
    return made;
}

function tag<K extends keyof HTMLElementTagNameMap>(name: K, words: string): HTMLElementTagNameMap[K] {
    const made = document.createElement(name);
    made.textContent = words;
    return made;
}
