/** The handover of the Live Update Orchestrator in an image: sessions, files with their folios and contents, FLBs. */
import { quoted } from '../text/utf8';
import { printable } from '../text/utf8';
import type { FileView, FlbView, LuoView, MemfdView, SessionView, VmallocView } from '../handover/model';
import { FILE_SER_SIZE, FLB_SER_SIZE, LUO_SER_SIZE, SESSION_SER_SIZE } from '../kernel/luo/abi';
import { counted, countOf, exactSize, hex, sizeText } from '../text/text';
import { addressItem, bytesAt, type VisibleMemory } from './bytes';
import { leaf, listing, type Item } from './item';

export function luoItems(memory: VisibleMemory, luo: LuoView): Item[] {
    return [
        listing('sessions', 'session', luo.sessions.length, (i) => sessionItem(memory, luo.sessions[i])),
        listing('FLBs', 'FLB', luo.flbs.length, (i) => flbItem(memory, luo.flbs[i])),
        stateItem(memory, luo),
    ];
}

function stateItem(memory: VisibleMemory, luo: LuoView): Item {
    return {
        name: 'luo_ser',
        value: `"${printable(luo.compatible)}", update ${luo.number}`,
        type: 'luo_ser',
        address: luo.addr,
        children: {
            named: () => [
                leaf('compatible', quoted(luo.compatible)),
                leaf('liveupdate_num', String(luo.number)),
                addressItem(memory, 'sessions_pa', luo.sessionsPa),
                addressItem(memory, 'flbs_pa', luo.flbsPa),
                bytesAt(memory, luo.addr, LUO_SER_SIZE),
            ],
        },
    };
}

/** The most files that are listed directly in their session; more are read in pages. */
const FEW = 100;

export function sessionItem(memory: VisibleMemory, session: SessionView | undefined): Item {
    if (!session) {
        return leaf('none', '');
    }
    const { files } = session;
    const many = files.length > FEW;
    return {
        name: quoted(session.name),
        value: countOf(files.length, 'file'),
        type: 'luo_session_ser',
        address: session.addr,
        children: {
            named: () => [
                ...(many ? [] : files.map((f) => fileItem(memory, f))),
                leaf('count', String(session.count)),
                addressItem(memory, 'files', session.filesPa),
                bytesAt(memory, session.addr, SESSION_SER_SIZE),
            ],
            ...(many ? { indexed: { count: files.length, item: (i) => fileItem(memory, files[i]) } } : {}),
        },
    };
}

export function fileItem(memory: VisibleMemory, file: FileView | undefined): Item {
    if (!file) {
        return leaf('none', '');
    }
    const { memfd } = file;
    return {
        name: `token ${hex(file.token)}`,
        value: `${printable(file.compatible)}${memfd ? `, ${memfdText(memfd)}` : ''}`,
        type: 'luo_file_ser',
        address: file.addr,
        children: {
            named: () => [
                ...(memfd ? memfdItems(memory, memfd) : []),
                leaf('compatible', quoted(file.compatible)),
                addressItem(memory, 'data', file.data),
                leaf('token', hex(file.token)),
                bytesAt(memory, file.addr, FILE_SER_SIZE),
            ],
        },
    };
}

/** F_SEAL_SEAL … F_SEAL_EXEC, by bit (include/uapi/linux/fcntl.h). */
const SEALS = ['seal', 'shrink', 'grow', 'write', 'future_write', 'exec'];

/** `3000 bytes, at position 1234, sealed (shrink, grow)` */
function memfdText({ size, pos, seals }: MemfdView): string {
    const named = SEALS.filter((_, i) => (seals & (2 ** i)) !== 0);
    return [
        exactSize(size),
        ...(pos === 0 ? [] : [`at position ${pos}`]),
        ...(named.length > 0 ? [`sealed (${named.join(', ')})`] : []),
    ].join(', ');
}

function memfdItems(memory: VisibleMemory, memfd: MemfdView): Item[] {
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
                bytesAt(memory, memfd.addr, 48),
            ],
        },
    };
    return [ser, ...contentItems(memory, memfd)];
}

/** The folios of a memfd and its contents; an empty memfd has neither. */
export function contentItems(memory: VisibleMemory, memfd: MemfdView): Item[] {
    const { folios, content } = memfd;
    const item = listing('folios', 'folio', folios.length, (i) => folioItem(memory, memfd, i));
    const first = folios.at(0);
    if (!first) {
        return [item];
    }
    return [
        { ...item, value: `${foliosText(memory, memfd)}, the first at ${hex(first.pfn * memory.page.size)}` },
        leaf('contents', content ? `FNV-1a ${content.fnv1a64}` : 'incomplete'),
    ];
}

/** `1024 folios of 4 KiB` */
function foliosText({ page }: VisibleMemory, { folios }: MemfdView): string {
    return [...folios.byOrder()]
        .map(([order, n]) =>
            order < 0
                ? `${counted(n, 'folio')} not preserved`
                : `${counted(n, 'folio')} of ${sizeText(page.size * 2 ** order)}`,
        )
        .join(', ');
}

function vmallocItem(memory: VisibleMemory, v: VmallocView): Item {
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

function folioItem(memory: VisibleMemory, memfd: MemfdView, i: number): Item {
    const folio = memfd.folios.at(i);
    if (!folio) {
        return leaf(`[${i}]`, '');
    }
    const pa = folio.pfn * memory.page.size;
    const size = memory.page.size * 2 ** Math.max(0, folio.order);
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
                bytesAt(memory, pa, size),
            ],
        },
    };
}

export function flbItem(memory: VisibleMemory, flb: FlbView | undefined): Item {
    if (!flb) {
        return leaf('none', '');
    }
    return {
        name: quoted(flb.name),
        value: `count ${flb.count}, data ${hex(flb.data)}`,
        type: 'luo_flb_ser',
        address: flb.addr,
        children: {
            named: () => [
                leaf('count', String(flb.count)),
                addressItem(memory, 'data', flb.data),
                bytesAt(memory, flb.addr, FLB_SER_SIZE),
            ],
        },
    };
}
