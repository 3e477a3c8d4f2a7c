/** The handover in a memory image: the scopes of an attached image, and the output of `lus inspect`. */
import { CONSEQUENCE_TEXT, type HandoverFinding } from '../handover/findings';
import type { Inspection } from '../handover/inspect';
import type { HandoverView } from '../handover/model';
import type { Area } from '../kernel/kho/env';
import { counted, hex, rangeText, sizeText } from '../text/text';
import { addressItem, bytesAt, memoryOfImage, type VisibleMemory } from './bytes';
import { nodeItems } from './fdt';
import { blocksText } from './handover';
import { luoItems } from './image-luo';
import { group, leaf, listing, type Item } from './item';

/** The kernel that wrote the handover: `7.2.13, update 1`; undefined if its metadata cannot be read. */
export function originText({ metadata }: HandoverView): string | undefined {
    return metadata && `${metadata.release}, update ${metadata.count}`;
}

/** The scope *Live Update*. */
export function imageLiveUpdate({ handover, memory }: Inspection): Item[] {
    return handover.luo
        ? luoItems(memoryOfImage(memory), handover.luo)
        : [leaf('sessions', 'none: the image has no LUO data')];
}

/** The scope *Handover*. */
export function imageHandover({ handover: h, memory: view }: Inspection): Item[] {
    const memory = memoryOfImage(view);
    const origin = originText(h);
    return [
        rootFdtItem(memory, h),
        ...(origin === undefined ? [] : [leaf('from', origin)]),
        preservedItem(memory, h),
        listing('scratch areas', 'area', h.scratch.length, (i) => scratchAreaItem(i, h.scratch[i])),
        ...(h.scratchAddr === undefined ? [] : [addressItem(memory, 'scratch array', h.scratchAddr)]),
        listing('findings', 'finding', h.findings.length, (i) => findingItem(memory, i, h.findings[i])),
    ];
}

/** The scope *Image*: the memory in the image. */
export function imageMemory({ file, memory: view }: Inspection): Item[] {
    const memory = memoryOfImage(view);
    return [
        leaf('machine', file.machine),
        listing('segments', 'segment', file.segments.length, (i) => {
            const s = file.segments[i];
            return s
                ? {
                      name: `[${i}]`,
                      value: rangeText(s.pa, s.size),
                      address: s.pa,
                      children: { named: () => [bytesAt(memory, s.pa, s.size)] },
                  }
                : leaf(`[${i}]`, '');
        }),
    ];
}

export function rootFdtItem(memory: VisibleMemory, { fdt, fdtAddr, fdtSize }: HandoverView): Item {
    return fdt && fdtAddr !== undefined
        ? {
              name: 'FDT',
              value: `at ${hex(fdtAddr)}, ${counted(fdtSize, 'byte')}`,
              address: fdtAddr,
              children: { named: () => nodeItems(memory, fdt) },
              kind: 'virtual',
          }
        : leaf('FDT', 'none');
}

/** The areas are in the order of early boot: for memory below 4 GiB, for all nodes, for each node. */
export function scratchAreaItem(index: number, area: Area | undefined): Item {
    const name = ['lowmem', 'global'][index] ?? `node ${index - 2}`;
    return area ? { name, value: rangeText(area.addr, area.size), address: area.addr } : leaf(name, '');
}

function preservedItem(memory: VisibleMemory, h: HandoverView): Item {
    return group('preserved memory', preservedText(h), () => {
        const runs = h.preserved.runs();
        return [
            ...preservedParts(h),
            listing('ranges', 'range', runs.length, (i) => {
                const run = runs[i];
                const pa = (run?.pfn ?? 0) * h.page.size;
                const size = run ? run.blocks * h.page.size * 2 ** run.order : 0;
                return run
                    ? { name: `[${i}]`, value: `${rangeText(pa, size)}, order ${run.order}`, address: pa }
                    : leaf(`[${i}]`, '');
            }),
            listing('tree', 'page', h.radixNodes.length, (i) => addressItem(memory, `[${i}]`, h.radixNodes[i] ?? 0)),
        ];
    });
}

/** `2068 pages, 8.1 MiB` */
export function preservedText({ preserved: { pages }, page }: HandoverView): string {
    return `${counted(pages, 'page')}, ${sizeText(pages * page.size)}`;
}

/** Preserved memory by order, and the pages that no known structure refers to. */
export function preservedParts(h: HandoverView): Item[] {
    return [
        ...[...h.preserved.byOrder()].map(([order, blocks]) =>
            leaf(`order ${order}`, blocksText(h.page, order, blocks)),
        ),
        ...(h.unknownPages > 0
            ? [leaf('unknown', `${counted(h.unknownPages, 'page')} of handlers, or without an owner`)]
            : []),
    ];
}

function findingItem(memory: VisibleMemory, index: number, f: HandoverFinding | undefined): Item {
    if (!f) {
        return leaf('none', '');
    }
    const place = f.address === undefined ? [] : [addressItem(memory, 'address', f.address)];
    const effect = f.effect === undefined ? [] : [leaf('effect', f.effect)];
    return {
        name: f.code,
        value: f.text,
        // there may be several findings of one code
        key: `${index} ${f.code}`,
        children: { named: () => [leaf('consequence', CONSEQUENCE_TEXT[f.consequence]), ...effect, ...place] },
    };
}

/**
 * The consequence of a finding: `a call fails in the next kernel: RETRIEVE_FD fails with EIO`; undefined if it has
 * none.
 */
export function consequenceText({ consequence, effect }: HandoverFinding): string | undefined {
    if (consequence === 'none') {
        return effect;
    }
    return `${CONSEQUENCE_TEXT[consequence]}${effect === undefined ? '' : `: ${effect}`}`;
}
