/** A handover as JSON. Addresses and 64-bit handles are hexadecimal strings, sizes and counts numbers. */
import type { Int } from '../machine/int';
import type { FdtNode } from '../kernel/kho/fdt-read';
import type { HandoverFinding } from './findings';
import type { FolioList } from './folio-list';
import type { FileView, HandoverView, LuoView, MemfdView, SessionView } from './model';
import { hex, hexBytes } from '../text/text';
import { decodeText } from '../text/utf8';

/** Sizes beyond 2^53 as strings, because not every JSON reader keeps such numbers exact. */
const number = (value: Int): number | string => (typeof value === 'number' ? value : hex(value));

/** Properties by path: `:compatible`, `/LUO:blob-size`. */
function fdtProperties(node: FdtNode, path: string, into: Record<string, string>): Record<string, string> {
    for (const { name, value } of node.properties) {
        into[`${path}:${name}`] = propertyText(value);
    }
    for (const child of node.children) {
        fdtProperties(child, `${path}/${child.name}`, into);
    }
    return into;
}

/** A string property as a string, 8 bytes as a native u64, everything else as bytes. */
function propertyText(value: Uint8Array): string {
    const text = value.subarray(0, -1);
    if (value.length > 1 && value[value.length - 1] === 0 && text.every((b) => b >= 0x20 && b < 0x7f)) {
        return decodeText(text);
    }
    if (value.length === 8) {
        return hex(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
    }
    return hexBytes(value, '');
}

function orders(counts: ReadonlyMap<number, number>): Record<string, number> {
    return Object.fromEntries([...counts].map(([order, n]) => [String(order), n]));
}

/** The most runs that are listed for a file; `folio_orders` has the number of all folios. */
const RUNS_LIMIT = 1000;

/** Adjacent folios of one order as one run. */
function folioRuns(folios: FolioList): object[] {
    const runs: { index: number; pfn: number; order: number; count: number }[] = [];
    for (const { index, pfn, order } of folios) {
        const last = runs[runs.length - 1];
        const pages = last ? last.count * 2 ** Math.max(0, last.order) : 0;
        if (last && last.order === order && last.index + pages === index && last.pfn + pages === pfn) {
            last.count++;
        } else if (runs.push({ index, pfn, order, count: 1 }) > RUNS_LIMIT) {
            runs.pop();
            break;
        }
    }
    return runs.map((r) => ({ ...r, pfn: hex(r.pfn) }));
}

function memfdJson(m: MemfdView): object {
    const first = m.folios.at(0);
    return {
        pos: number(m.pos),
        size: number(m.size),
        seals: m.seals,
        flags: m.flags,
        nr_folios: number(m.nrFolios),
        ...(m.nrFolios === 0
            ? {}
            : {
                  folios_vmalloc: {
                      first: hex(m.vmalloc.first),
                      total_pages: m.vmalloc.totalPages,
                      flags: m.vmalloc.flags,
                      order: m.vmalloc.order,
                  },
                  folio_orders: orders(m.folios.byOrder()),
                  folio_runs: folioRuns(m.folios),
                  first_folio: first && {
                      pfn: hex(first.pfn),
                      flags: first.flags,
                      index: first.index,
                      order: first.order,
                  },
              }),
        // Only for files with complete, non-empty contents.
        ...(m.content && m.nrFolios !== 0
            ? { content_fnv1a64: m.content.fnv1a64, content_head: hexBytes(m.content.head, '') }
            : {}),
    };
}

function fileJson(f: FileView): object {
    return {
        compatible: f.compatible,
        data: hex(f.data),
        token: hex(f.token),
        ...(f.memfd ? { memfd: memfdJson(f.memfd) } : {}),
    };
}

function sessionJson(s: SessionView): object {
    return { name: s.name, count: number(s.count), files: s.files.map(fileJson) };
}

function luoJson(luo: LuoView): object {
    return {
        compatible: luo.compatible,
        liveupdate_num: number(luo.number),
        sessions_pa: hex(luo.sessionsPa),
        flbs_pa: hex(luo.flbsPa),
        sessions: luo.sessions.map(sessionJson),
        flbs: luo.flbs.map((f) => ({ name: f.name, data: hex(f.data), count: number(f.count) })),
    };
}

function findingJson(f: HandoverFinding): object {
    return {
        code: f.code,
        ...(f.address === undefined ? {} : { address: hex(f.address) }),
        text: f.text,
        consequence: f.consequence,
        ...(f.effect === undefined ? {} : { effect: f.effect }),
    };
}

/** The output of `lus inspect --format json`, documented in extension/docs/images.md. */
export function handoverJson(h: HandoverView): object {
    return {
        fdt_addr: h.fdtAddr === undefined ? null : hex(h.fdtAddr),
        fdt_size: h.fdtSize,
        other_fdts: h.otherFdts.map(hex),
        scratch_addr: h.scratchAddr === undefined ? null : hex(h.scratchAddr),
        scratch_found_by: h.scratchFrom ?? null,
        scratch: h.scratch.map((a) => [hex(a.addr), hex(a.size)]),
        fdt: h.fdt ? fdtProperties(h.fdt, '', {}) : {},
        metadata: h.metadata
            ? { version: h.metadata.version, release: h.metadata.release, kexec_count: h.metadata.count }
            : null,
        luo: h.luo ? luoJson(h.luo) : null,
        radix_pages: h.radixNodes.length,
        preserved_pages: h.preserved.pages,
        preserved_entries: h.preserved.entries,
        preserved_by_order: orders(h.preserved.byOrder()),
        unknown_pages: h.unknownPages,
        findings: h.findings.map(findingJson),
    };
}
