/** A handover for people: the items of an attached image, as text. */
import type { HandoverFinding } from '../../handover/findings';
import type { Inspection } from '../../handover/inspect';
import { shapeOf, shapeText } from '../../handover/shape';
import { printable } from '../../text/utf8';
import type { FileView, HandoverView, LuoView } from '../../handover/model';
import type { FdtNode } from '../../kernel/kho/fdt-read';
import { memoryOfImage, type VisibleMemory } from '../../presentation/bytes';
import { propertyItem } from '../../presentation/fdt';
import {
    consequenceText,
    originText,
    preservedParts,
    preservedText,
    rootFdtItem,
    scratchAreaItem,
} from '../../presentation/image';
import { contentItems, fileItem, flbItem, sessionItem } from '../../presentation/image-luo';
import type { Item } from '../../presentation/item';
import { counted, hex, sizeText } from '../../text/text';
import type { Style } from '../style';

const rowOf = ({ name, value }: Item): string[] => [name, value];

/** Columns of text, each as wide as its widest cell. */
function columns(rows: readonly (readonly string[])[], indent: string): string[] {
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => r[i]?.length ?? 0)));
    return rows.map((r) =>
        `${indent}${r.map((cell, i) => (i === r.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')}`.trimEnd(),
    );
}

/** @param name of the file */
export function handoverReport(name: string, inspection: Inspection, style: Style): string {
    const { file, memory: view, handover: h } = inspection;
    const memory = memoryOfImage(view);
    const machine = file.machine === 'other' ? 'core file' : `${file.machine} core file`;
    const about = `${machine}, ${counted(file.segments.length, 'segment')}, ${sizeText(view.size)} of memory`;
    const lines = [`${style.strong(name)}  ${style.dim(about)}`];
    if (h.fdt) {
        lines.push('', ...root(h, memory, style), '', ...scratch(h, style), '', ...preserved(h, style));
    }
    if (h.luo) {
        lines.push('', ...luo(h.luo, memory, style));
    }
    const shape = shapeOf(inspection);
    if (shape && h.fdt) {
        lines.push(
            '',
            style.strong('A machine like it'),
            ...shapeText(shape)
                .split('\n')
                .map((l) => `  ${l}`),
        );
    }
    lines.push('', ...findings(h.findings, style));
    return `${lines.join('\n')}\n`;
}

function root(h: HandoverView, memory: VisibleMemory, style: Style): string[] {
    const origin = originText(h);
    const properties = (node: FdtNode | undefined): Item[] =>
        (node?.properties ?? []).map((p) => propertyItem(memory, p));
    const nodes = (h.fdt?.children ?? []).map((node) => [
        `${node.name}/`,
        properties(node)
            .map((i) => rowOf(i).join(' '))
            .reverse()
            .join(', '),
    ]);
    const others = h.otherFdts.map(hex).join(', ');
    return [
        `${style.strong('Handover')}${origin === undefined ? '' : ` from ${origin}`}`,
        `  root FDT ${rootFdtItem(memory, h).value}`,
        ...columns([...properties(h.fdt).map(rowOf), ...nodes], '    '),
        ...(others === '' ? [] : [style.dim(`  older FDTs at ${others}`)]),
    ];
}

function scratch(h: HandoverView, style: Style): string[] {
    if (h.scratchAddr === undefined) {
        return [`${style.strong('Scratch')}  the array of scratch areas cannot be found`];
    }
    const how =
        h.scratchFrom === 'search'
            ? ', found by its contents'
            : `, named by ${h.scratchFrom === 'note' ? 'the image' : 'setup data'}`;
    const rows = h.scratch.map((area, i) => rowOf(scratchAreaItem(i, area)));
    return [`${style.strong('Scratch')}  array at ${hex(h.scratchAddr)}${how}`, ...columns(rows, '  ')];
}

function preserved(h: HandoverView, style: Style): string[] {
    const { radixNodes } = h;
    const tree =
        radixNodes.length > 0 ? `, in a tree of ${counted(radixNodes.length, 'page')} at ${hex(h.radixRoot ?? 0)}` : '';
    return [
        `${style.strong('Preserved memory')}  ${preservedText(h)}${tree}`,
        ...columns(preservedParts(h).map(rowOf), '  '),
    ];
}

function luo(view: LuoView, memory: VisibleMemory, style: Style): string[] {
    const files = view.sessions.reduce((n, s) => n + s.files.length, 0);
    const about = `${counted(view.sessions.length, 'session')}, ${counted(files, 'file')}`;
    const lines = [`${style.strong('Live update')} ${view.number} (${printable(view.compatible)})  ${about}`];
    for (const session of view.sessions) {
        const { name, value } = sessionItem(memory, session);
        lines.push(`  session ${style.strong(name)}  ${style.dim(value)}`);
        lines.push(
            ...columns(
                session.files.flatMap((f) => fileRows(f, memory)),
                '    ',
            ),
        );
    }
    if (view.flbs.length > 0) {
        const rows = view.flbs.map((f) => rowOf(flbItem(memory, f)));
        lines.push(`  FLBs at ${hex(view.flbsPa)}`, ...columns(rows, '    '));
    }
    return lines;
}

/** A file, and below it the folios and the contents of a memfd. */
function fileRows(f: FileView, memory: VisibleMemory): string[][] {
    const { name, value } = fileItem(memory, f);
    const more = f.memfd && f.memfd.folios.length > 0 ? contentItems(memory, f.memfd) : [];
    return [
        [name, `data ${hex(f.data)}`, value],
        ...more.map((i) => ['', '', i.name === 'folios' ? i.value : rowOf(i).join(' ')]),
    ];
}

function findings(list: readonly HandoverFinding[], style: Style): string[] {
    if (list.length === 0) {
        return [`${style.good('✓')} no errors found`];
    }
    const lines = list.map((f) => {
        const mark =
            f.consequence === 'none' ? style.dim('·') : f.consequence === 'held' ? style.warn('!') : style.bad('✗');
        const what = consequenceText(f);
        const place = f.address === undefined ? '' : ` at ${hex(f.address)}`;
        return `  ${mark} ${f.text}${what === undefined ? '' : `\n      ${what}`}  ${style.dim(`[${f.code}${place}]`)}`;
    });
    return [`${style.strong('Findings')}  ${list.length}`, ...lines];
}
