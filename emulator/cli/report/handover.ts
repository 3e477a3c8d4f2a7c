/** A handover for people. */
import { PAGE_SIZE } from '../../machine/memory';
import { CONSEQUENCE_TEXT, type Finding } from '../../handover/findings';
import { propertyText } from '../../handover/json';
import { printable } from '../../handover/luo';
import type { FileView, HandoverView, LuoView, MemfdView } from '../../handover/model';
import type { Style } from '../style';
import { counted, exactSize, hex, sizeText } from '../../text/text';

export interface ImageTitle {
    readonly name: string;
    readonly machine: 'x86-64' | 'arm64' | 'other';
    readonly segments: number;
    /** Bytes of memory. */
    readonly size: number;
}

/** Columns of text, each as wide as its widest cell. */
function columns(rows: readonly (readonly string[])[], indent: string): string[] {
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => r[i]?.length ?? 0)));
    return rows.map((r) =>
        `${indent}${r.map((cell, i) => (i === r.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')}`.trimEnd(),
    );
}

export function handoverReport(title: ImageTitle, h: HandoverView, style: Style): string {
    const machine = title.machine === 'other' ? 'core file' : `${title.machine} core file`;
    const lines = [
        `${style.strong(title.name)}  ${style.dim(`${machine}, ${counted(title.segments, 'segment')}, ${sizeText(title.size)} of memory`)}`,
    ];
    if (h.fdt) {
        lines.push('', ...root(h, style), '', ...scratch(h, style), '', ...preserved(h, style));
    }
    if (h.luo) {
        lines.push('', ...luo(h.luo, style));
    }
    lines.push('', ...findings(h.findings, style));
    return `${lines.join('\n')}\n`;
}

function root(h: HandoverView, style: Style): string[] {
    const from = h.metadata ? ` from ${h.metadata.release}, update ${h.metadata.count}` : '';
    const rows = (h.fdt?.properties ?? []).map((p) => [p.name, propertyText(p.value)]);
    const children = (h.fdt?.children ?? []).map((c) => [
        `${c.name}/`,
        c.properties
            .map((p) => `${p.name} ${propertyText(p.value)}`)
            .reverse()
            .join(', '),
    ]);
    const others = h.otherFdts.length > 0 ? [style.dim(`  older ones at ${h.otherFdts.map(hex).join(', ')}`)] : [];
    return [
        `${style.strong('Handover')}${from}`,
        `  root FDT at ${hex(h.fdtAddr ?? 0)}, ${counted(h.fdtSize, 'byte')}`,
        ...columns([...rows, ...children], '    '),
        ...others,
    ];
}

function scratch(h: HandoverView, style: Style): string[] {
    if (h.scratchAddr === undefined) {
        return [`${style.strong('Scratch')}  its array cannot be found`];
    }
    const how =
        h.scratchFrom === 'search'
            ? ', found by what it looks like'
            : `, named by ${h.scratchFrom === 'note' ? 'the image' : 'setup data'}`;
    const rows = h.scratch.map((a, i) => [
        ['lowmem', 'global'][i] ?? `node area ${i - 2}`,
        a.size === 0 ? 'empty' : `${hex(a.addr)}-${hex(a.addr + a.size - 1)}`,
        a.size === 0 ? '' : exactSize(a.size),
    ]);
    return [`${style.strong('Scratch')}  array at ${hex(h.scratchAddr)}${how}`, ...columns(rows, '  ')];
}

function preserved(h: HandoverView, style: Style): string[] {
    const { preserved: p } = h;
    const rows = [...p.byOrder()].map(([order, blocks]) => [
        `order ${order}`,
        `${blocks} × ${exactSize(PAGE_SIZE * 2 ** order)}`,
    ]);
    const tree =
        h.radixNodes.length > 0
            ? `, in a tree of ${counted(h.radixNodes.length, 'page')} at ${hex(h.radixRoot ?? 0)}`
            : '';
    if (h.unknownPages > 0) {
        rows.push(['unknown', `${counted(h.unknownPages, 'page')} that only a handler, or nobody, knows`]);
    }
    return [
        `${style.strong('Preserved memory')}  ${counted(p.pages, 'page')}, ${sizeText(p.pages * PAGE_SIZE)}${tree}`,
        ...columns(rows, '  '),
    ];
}

function luo(view: LuoView, style: Style): string[] {
    const files = view.sessions.reduce((n, s) => n + s.files.length, 0);
    const lines = [
        `${style.strong('Live update')} ${view.number} (${printable(view.compatible)})  ${counted(view.sessions.length, 'session')}, ${counted(files, 'file')}`,
    ];
    for (const session of view.sessions) {
        lines.push(
            `  session ${style.strong(`"${printable(session.name)}"`)}${session.files.length === 0 ? style.dim('  no files') : ''}`,
        );
        lines.push(...columns(session.files.flatMap(fileRows), '    '));
    }
    if (view.flbs.length > 0) {
        lines.push(
            `  FLBs at ${hex(view.flbsPa)}`,
            ...columns(
                view.flbs.map((f) => [`"${printable(f.name)}"`, `data ${hex(f.data)}`, `count ${f.count}`]),
                '    ',
            ),
        );
    }
    return lines;
}

function fileRows(f: FileView): string[][] {
    const head = [hex(f.token), printable(f.compatible), `data ${hex(f.data)}`];
    return f.memfd ? [[...head, memfdText(f.memfd)], ...memfdMore(f.memfd).map((text) => ['', '', '', text])] : [head];
}

const SEALS = ['seal', 'shrink', 'grow', 'write', 'future_write', 'exec'];

function memfdText(m: MemfdView): string {
    const seals = SEALS.filter((_, i) => (m.seals & (2 ** i)) !== 0);
    return [
        exactSize(m.size),
        ...(m.pos === 0 ? [] : [`at position ${m.pos}`]),
        ...(seals.length > 0 ? [`sealed (${seals.join(', ')})`] : []),
    ].join(', ');
}

function memfdMore(m: MemfdView): string[] {
    const first = m.folios.at(0);
    if (!first) {
        return [];
    }
    const orders = [...m.folios.byOrder()].map(([order, n]) =>
        order < 0
            ? `${counted(n, 'folio')} not preserved`
            : `${counted(n, 'folio')} of ${exactSize(PAGE_SIZE * 2 ** order)}`,
    );
    const content = m.content ? `contents ${m.content.fnv1a64}` : 'contents not complete';
    return [`${orders.join(', ')}, the first at ${hex(first.pfn * PAGE_SIZE)}`, content];
}

function findings(list: readonly Finding[], style: Style): string[] {
    if (list.length === 0) {
        return [`${style.good('✓')} nothing wrong found`];
    }
    const lines = list.map((f) => {
        const mark =
            f.consequence === 'none' ? style.dim('·') : f.consequence === 'held' ? style.warn('!') : style.bad('✗');
        const what =
            f.consequence === 'none'
                ? f.effect
                : `${CONSEQUENCE_TEXT[f.consequence]}${f.effect === undefined ? '' : `: ${f.effect}`}`;
        const place = f.address === undefined ? '' : ` at ${hex(f.address)}`;
        return `  ${mark} ${f.text}${what === undefined ? '' : `\n      ${what}`}  ${style.dim(`[${f.code}${place}]`)}`;
    });
    return [`${style.strong('Findings')}  ${list.length}`, ...lines];
}
