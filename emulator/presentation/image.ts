/** The scopes of an image: what it hands over, taken apart. */
import type { FdtNode } from '../kernel/kho/fdt-read';
import { PAGE_SIZE } from '../machine/memory';
import type { Int } from '../machine/int';
import type { MemoryView } from '../machine/view';
import { CONSEQUENCE_TEXT, type Finding } from '../handover/findings';
import type { Inspection } from '../handover/inspect';
import { propertyText } from '../handover/json';
import { printable } from '../handover/luo';
import type { FileView, FlbView, HandoverView, LuoView, MemfdView, SessionView, VmallocView } from '../handover/model';
import { ROW, rowsOf } from './bytes';
import { group, leaf, listing, type Item } from './item';
import { countOf, hex, rangeText, sizeText } from '../text/text';

/** Bytes of a struct or a page as rows. */
function bytesItem(memory: MemoryView, pa: number, size: number, name = 'bytes'): Item {
    if (!memory.has(pa, size)) {
        return leaf(name, `not in the image (${hex(pa)})`);
    }
    const rows = rowsOf(
        size,
        (at) => hex(pa + at),
        (at, n) => memory.read(pa + at, Math.min(n, ROW)),
    );
    return { name, value: sizeText(size), children: rows, address: pa, kind: 'virtual' };
}

/** An address, which unfolds into the page there where the image has it. */
function addressItem(memory: MemoryView, name: string, pa: Int): Item {
    if (typeof pa !== 'number' || pa === 0) {
        return leaf(name, pa === 0 ? 'none' : hex(pa));
    }
    const inside = memory.has(pa, 1);
    return {
        name,
        value: hex(pa),
        ...(inside
            ? { address: pa, children: { named: () => [bytesItem(memory, pa, PAGE_SIZE - (pa % PAGE_SIZE))] } }
            : {}),
    };
}

// ------------------------------------------------------------ Live Update

/** The scope *Live Update*. */
export function imageLiveUpdate({ handover, memory }: Inspection): Item[] {
    const { luo } = handover;
    if (!luo) {
        return [leaf('sessions', 'none: there is no LUO data')];
    }
    return [
        listing('sessions', 'session', luo.sessions.length, (i) => sessionItem(memory, luo.sessions[i])),
        listing('FLBs', 'FLB', luo.flbs.length, (i) => flbItem(memory, luo.flbs[i])),
        stateItem(memory, luo),
    ];
}

function stateItem(memory: MemoryView, luo: LuoView): Item {
    return {
        name: 'luo_ser',
        value: `"${printable(luo.compatible)}", update ${luo.number}`,
        type: 'luo_ser',
        address: luo.addr,
        children: {
            named: () => [
                leaf('compatible', JSON.stringify(luo.compatible)),
                leaf('liveupdate_num', String(luo.number)),
                addressItem(memory, 'sessions_pa', luo.sessionsPa),
                addressItem(memory, 'flbs_pa', luo.flbsPa),
                bytesItem(memory, luo.addr, 32),
            ],
        },
    };
}

/** Up to so many files stand first in their session; more are read in pages. */
const FEW = 100;

function sessionItem(memory: MemoryView, session: SessionView | undefined): Item {
    if (!session) {
        return leaf('none', '');
    }
    const { files } = session;
    const many = files.length > FEW;
    return {
        name: JSON.stringify(session.name),
        value: countOf(files.length, 'file'),
        type: 'luo_session_ser',
        address: session.addr,
        children: {
            named: () => [
                ...(many ? [] : files.map((f) => fileItem(memory, f))),
                leaf('count', String(session.count)),
                addressItem(memory, 'files', session.filesPa),
                bytesItem(memory, session.addr, 80),
            ],
            ...(many ? { indexed: { count: files.length, item: (i) => fileItem(memory, files[i]) } } : {}),
        },
    };
}

function fileItem(memory: MemoryView, file: FileView | undefined): Item {
    if (!file) {
        return leaf('none', '');
    }
    const { memfd } = file;
    const summary = memfd ? `, ${typeof memfd.size === 'number' ? sizeText(memfd.size) : hex(memfd.size)}` : '';
    return {
        name: `token ${hex(file.token)}`,
        value: `${printable(file.compatible)}${summary}`,
        type: 'luo_file_ser',
        address: file.addr,
        children: {
            named: () => [
                ...(memfd ? memfdItems(memory, memfd) : []),
                leaf('compatible', JSON.stringify(file.compatible)),
                addressItem(memory, 'data', file.data),
                leaf('token', hex(file.token)),
                bytesItem(memory, file.addr, 64),
            ],
        },
    };
}

function memfdItems(memory: MemoryView, memfd: MemfdView): Item[] {
    const ser: Item = {
        name: 'serialized',
        value: `memfd_luo_ser at ${hex(memfd.addr)}`,
        type: 'memfd_luo_ser',
        address: memfd.addr,
        children: {
            named: () => [
                leaf('pos', String(memfd.pos)),
                leaf('size', String(memfd.size)),
                leaf('seals', hex(memfd.seals)),
                leaf('flags', hex(memfd.flags)),
                leaf('nr_folios', String(memfd.nrFolios)),
                vmallocItem(memory, memfd.vmalloc),
                bytesItem(memory, memfd.addr, 48),
            ],
        },
    };
    const content = memfd.content ? [leaf('contents', `FNV-1a ${memfd.content.fnv1a64}`)] : [];
    return [ser, listing('folios', 'folio', memfd.folios.length, (i) => folioItem(memory, memfd, i)), ...content];
}

function vmallocItem(memory: MemoryView, v: VmallocView): Item {
    return {
        name: 'folios',
        value: `${countOf(v.totalPages, 'page')}, flags ${hex(v.flags)}, order ${v.order}`,
        type: 'kho_vmalloc',
        children: {
            named: () => [
                addressItem(memory, 'first', v.first),
                listing('chunks', 'chunk', v.chunks.length, (i) => addressItem(memory, `[${i}]`, v.chunks[i] ?? 0)),
                listing('pages', 'page', v.pages.length, (i) => addressItem(memory, `[${i}]`, v.pages[i] ?? 0)),
            ],
        },
    };
}

function folioItem(memory: MemoryView, memfd: MemfdView, i: number): Item {
    const folio = memfd.folios.at(i);
    if (!folio) {
        return leaf(`[${i}]`, '');
    }
    const pa = folio.pfn * PAGE_SIZE;
    const size = PAGE_SIZE * 2 ** Math.max(0, folio.order);
    const flags = [...((folio.flags & 1) !== 0 ? ['dirty'] : []), ...((folio.flags & 2) !== 0 ? ['uptodate'] : [])];
    return {
        name: `[${i}]`,
        value: `${sizeText(size)} at ${hex(pa)}`,
        address: pa,
        children: {
            named: () => [
                leaf('pfn', hex(folio.pfn)),
                leaf('order', folio.order < 0 ? 'not preserved' : String(folio.order)),
                leaf('index', String(folio.index)),
                leaf('flags', flags.join(', ') || 'none'),
                bytesItem(memory, pa, size),
            ],
        },
    };
}

function flbItem(memory: MemoryView, flb: FlbView | undefined): Item {
    if (!flb) {
        return leaf('none', '');
    }
    return {
        name: JSON.stringify(flb.name),
        value: `count ${flb.count}, data ${hex(flb.data)}`,
        type: 'luo_flb_ser',
        address: flb.addr,
        children: {
            named: () => [
                leaf('count', String(flb.count)),
                addressItem(memory, 'data', flb.data),
                bytesItem(memory, flb.addr, 64),
            ],
        },
    };
}

// ------------------------------------------------------------ Handover

/** The scope *Handover*. */
export function imageHandover({ handover: h, memory }: Inspection): Item[] {
    return [
        ...(h.fdt && h.fdtAddr !== undefined
            ? [
                  {
                      ...fdtItem(memory, 'FDT', h.fdt),
                      value: `${countOf(h.fdt.children.length, 'subtree')}, ${sizeText(h.fdtSize)} at ${hex(h.fdtAddr)}`,
                      address: h.fdtAddr,
                  },
              ]
            : [leaf('FDT', 'none')]),
        ...(h.metadata ? [leaf('from', `${h.metadata.release}, update ${h.metadata.count}`)] : []),
        preservedItem(memory, h),
        listing('scratch areas', 'area', h.scratch.length, (i) => {
            const area = h.scratch[i];
            return leaf(['lowmem', 'global'][i] ?? `node ${i - 2}`, area ? rangeText(area.addr, area.size) : '');
        }),
        ...(h.scratchAddr === undefined ? [] : [addressItem(memory, 'scratch array', h.scratchAddr)]),
        listing('findings', 'finding', h.findings.length, (i) => findingItem(memory, h.findings[i])),
    ];
}

function fdtItem(memory: MemoryView, name: string, node: FdtNode): Item {
    return {
        name,
        value: countOf(node.properties.length, 'property'),
        kind: 'virtual',
        children: {
            named: () => [
                ...node.properties.map(({ name: key, value }) => propertyItem(memory, key, value)),
                ...node.children.map((child) => fdtItem(memory, child.name, child)),
            ],
        },
    };
}

function propertyItem(memory: MemoryView, name: string, value: Uint8Array): Item {
    const text = propertyText(value);
    const pa = value.length === 8 && text.startsWith('0x') ? Number(text) : NaN;
    if (Number.isSafeInteger(pa) && pa > 0 && pa % PAGE_SIZE === 0) {
        return addressItem(memory, name, pa);
    }
    return leaf(name, value.length === 8 && Number.isSafeInteger(pa) ? String(pa) : text);
}

function preservedItem(memory: MemoryView, h: HandoverView): Item {
    const { preserved } = h;
    return group(
        'preserved memory',
        `${countOf(preserved.pages, 'page')}, ${sizeText(preserved.pages * PAGE_SIZE)}`,
        () => {
            const runs = preserved.runs();
            return [
                ...[...preserved.byOrder()].map(([order, blocks]) =>
                    leaf(`order ${order}`, `${blocks} × ${sizeText(PAGE_SIZE * 2 ** order)}`),
                ),
                listing('ranges', 'range', runs.length, (i) => {
                    const run = runs[i];
                    const size = run ? run.blocks * PAGE_SIZE * 2 ** run.order : 0;
                    return {
                        name: `[${i}]`,
                        value: run ? `${rangeText(run.pfn * PAGE_SIZE, size)}, order ${run.order}` : '',
                        ...(run ? { address: run.pfn * PAGE_SIZE } : {}),
                    };
                }),
                listing('tree', 'page', h.radixNodes.length, (i) =>
                    addressItem(memory, `[${i}]`, h.radixNodes[i] ?? 0),
                ),
            ];
        },
    );
}

function findingItem(memory: MemoryView, f: Finding | undefined): Item {
    if (!f) {
        return leaf('none', '');
    }
    const place = f.address === undefined ? [] : [addressItem(memory, 'address', f.address)];
    const effect = f.effect === undefined ? [] : [leaf('effect', f.effect)];
    return {
        name: f.code,
        value: f.text,
        children: { named: () => [leaf('consequence', CONSEQUENCE_TEXT[f.consequence]), ...effect, ...place] },
    };
}

// ------------------------------------------------------------ Image

/** The scope *Image*: what memory it has. */
export function imageMemory({ file, memory }: Inspection): Item[] {
    return [
        leaf('machine', file.machine),
        listing('segments', 'segment', file.segments.length, (i) => {
            const s = file.segments[i];
            return s
                ? {
                      name: `[${i}]`,
                      value: rangeText(s.pa, s.size),
                      address: s.pa,
                      children: { named: () => [bytesItem(memory, s.pa, s.size)] },
                  }
                : leaf(`[${i}]`, '');
        }),
    ];
}
