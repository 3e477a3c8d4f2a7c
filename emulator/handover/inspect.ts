/**
 * Analyses a handover: from physical memory, or a core file of it, to sessions, files and folios. Accepts arbitrary
 * input.
 */
import { readCoreFile, type ByteSource, type CoreFile } from '../machine/core-file';
import type { Int } from '../machine/int';
import { PHYS_LIMIT } from '../machine/memory';
import { CoreMemory, type MemoryView } from '../machine/view';
import type { Area } from '../kernel/kho/env';
import { type FdtNode, fdtChild, fdtIsCompatible, fdtProperty, readFdt } from '../kernel/kho/fdt-read';
import { candidateAt, findHandover, scratchArrayOf, scratchEntries, type FoundHandover } from '../kernel/kho/find';
import { METADATA_SIZE, METADATA_SUBTREE } from '../kernel/kho/metadata';
import { RadixLayout, walkRadix } from '../kernel/kho/radix';
import { composed } from '../kernel/release/formats';
import { KHO_COMPATIBLE, PROP_DATA, PROP_MEMORY_MAP, PROP_SIZE, readNativeU64 } from '../kernel/kho/root-fdt';
import { SCRATCH_ENTRY } from '../kernel/kho/scratch';
import { LUO_SUBTREE } from '../kernel/luo/abi';
import { scratchAlign } from '../kernel/kho/fixed-bugs';
import type { HandoverFinding } from './findings';
import { readLuo } from './luo';
import type { HandoverView, LuoView, MetadataView } from './model';
import { pagesOfImage, readHandoverNote } from '../kernel/kho/note';
import { PreservedMemory } from '../kernel/kho/preserved';
import { Walk } from './walk';
import { counted, hex, sizeText } from '../text/text';
import { decodeName, printable } from '../text/utf8';

/** The format, as a string and as a composite string. */
const READABLE = [KHO_COMPATIBLE, composed(KHO_COMPATIBLE)];

export interface InspectOptions {
    /** The address of the root FDT; searched if it is left out. */
    readonly fdt?: number | undefined;
    /** The address of the array of scratch areas, and its size in bytes. */
    readonly scratch?: { readonly addr: number; readonly size: number } | undefined;
    /** Compatible strings that the next kernel has handlers for. Undefined: handlers are not checked. */
    readonly handlers?: readonly string[] | undefined;
    /** False: contents are not read and have no hashes, which is faster if only the findings are needed. */
    readonly contents?: boolean | undefined;
    /** The end of memory. Undefined: the end of the file's memory. */
    readonly end?: number | undefined;
}

export interface Inspection {
    readonly file: CoreFile;
    readonly memory: CoreMemory;
    readonly handover: HandoverView;
}

/** A handover in a core file. Findings about the file come first. */
export function inspectFile(source: ByteSource, options: InspectOptions = {}): Inspection {
    const file = readCoreFile(source);
    const memory = new CoreMemory(source, file.segments, pagesOfImage(file));
    const note = readHandoverNote(file.notes);
    const handover = inspect(memory, {
        ...options,
        fdt: options.fdt ?? note?.setup.fdt,
        scratch: options.scratch ?? (note && { addr: note.setup.scratch, size: note.setup.scratchSize }),
        end: options.end ?? note?.map.reduce((n, r) => Math.max(n, r.start + r.size), 0),
    });
    const outside =
        note && file.segments.find((s) => !note.map.some((r) => s.pa >= r.start && s.pa + s.size <= r.start + r.size));
    const damage: HandoverFinding[] = file.findings.map((f) => ({
        code: f.code,
        address: f.offset,
        text: f.text,
        consequence: 'none',
        effect: undefined,
    }));
    if (outside) {
        damage.push({
            code: 'segment-outside',
            address: outside.pa,
            text: `the segment ${hex(outside.pa)}-${hex(outside.pa + outside.size - 1)} is outside the memory of this machine`,
            consequence: 'none',
            effect: undefined,
        });
    }
    return { file, memory, handover: { ...handover, findings: [...damage, ...handover.findings] } };
}

/** A handover in physical memory. */
export function inspect(view: MemoryView, options: InspectOptions = {}): HandoverView {
    const preserved = new PreservedMemory(view.page);
    const walk = new Walk(view, preserved, options.contents ?? true);
    const given = options.fdt !== undefined && options.scratch !== undefined;
    const found: FoundHandover = given ? { fdts: [], setups: new Map(), arrays: [] } : findHandover(view);
    const addr = options.fdt ?? found.fdts[0]?.pa;
    const empty = {
        page: view.page,
        fdtAddr: addr,
        fdt: undefined,
        fdtSize: 0,
        otherFdts: [],
        scratchAddr: undefined,
        scratch: [],
        scratchFrom: undefined,
        metadata: undefined,
        radixRoot: undefined,
        radixNodes: [],
        preserved,
        luo: undefined,
        unknownPages: 0,
    };
    if (addr === undefined) {
        walk.findings.add('no-fdt', undefined, 'there is no KHO root FDT in this memory', 'lost');
        return { ...empty, findings: walk.findings.list() };
    }
    const fdt = rootFdt(walk, addr);
    if (!fdt) {
        return { ...empty, findings: walk.findings.list() };
    }
    const { root, size } = fdt;
    const tree = readTree(walk, root, options.end);
    if (tree.nodes.length > 0 && !preserved.covers(addr)) {
        walk.findings.add(
            'fdt-not-preserved',
            addr,
            `the root FDT at ${hex(addr)} is not preserved`,
            'corrupt',
            'the kernel may reuse its page before it reads the FDT',
        );
    }
    const scratch = findScratch(walk, addr, found, options.scratch);
    checkPreserved(walk, scratch.areas, options.end);
    walk.claim(addr);
    const metadata = readMetadata(walk, root);
    const luo = luoOf(walk, root, options.handlers);
    return {
        page: view.page,
        fdtAddr: addr,
        fdt: root,
        fdtSize: size,
        otherFdts: found.fdts.map((f) => f.pa).filter((pa) => pa !== addr),
        scratchAddr: scratch.addr,
        scratch: scratch.areas,
        scratchFrom: scratch.from,
        metadata,
        radixRoot: tree.root,
        radixNodes: tree.nodes,
        preserved,
        luo,
        unknownPages: Math.max(0, preserved.pages - walk.claimedPages),
        findings: walk.findings.list(),
    };
}

function rootFdt(walk: Walk, addr: number): { root: FdtNode; size: number } | undefined {
    const { findings, view } = walk;
    const { size: page } = view.page;
    if (!view.has(addr, page)) {
        findings.add('fdt-outside', addr, `the address of the root FDT, ${hex(addr)}, is not memory`, 'lost');
        return undefined;
    }
    const { root, findings: damage, size } = readFdt(view.read(addr, page));
    for (const d of damage) {
        findings.add(
            root ? 'fdt-damaged' : 'fdt-invalid',
            addr + d.offset,
            `the root FDT: ${d.text}`,
            root ? 'none' : 'lost',
        );
    }
    if (!root) {
        return undefined;
    }
    if (!READABLE.some((compatible) => fdtIsCompatible(root, compatible))) {
        const said = candidateAt(view, addr)?.compatible;
        findings.add(
            'fdt-incompatible',
            addr,
            `the root FDT is ${said === undefined ? 'not compatible with KHO' : `"${printable(said)}"`}; lus reads it as "${KHO_COMPATIBLE}"`,
            'lost',
            'the kernel refuses it as incompatible',
        );
    }
    return { root, size };
}

function readTree(
    walk: Walk,
    root: FdtNode,
    end: number | undefined,
): { root: Int | undefined; nodes: readonly number[] } {
    const { findings, view, preserved } = walk;
    const nodes: number[] = [];
    const property = fdtProperty(root, PROP_MEMORY_MAP);
    const map = readNativeU64(property?.value);
    if (map === undefined) {
        findings.add(
            'map-missing',
            undefined,
            property
                ? `"${PROP_MEMORY_MAP}" has ${counted(property.value.length, 'byte')}, not 8`
                : `the root FDT has no "${PROP_MEMORY_MAP}"`,
            'lost',
        );
        return { root: undefined, nodes };
    }
    if (map === 0) {
        findings.add('map-null', undefined, `"${PROP_MEMORY_MAP}" is 0: the handover was not finalized`, 'lost');
        return { root: map, nodes };
    }
    if (typeof map !== 'number' || map >= PHYS_LIMIT) {
        findings.add(
            'radix-node-outside',
            map,
            `the tree of preserved memory is at ${hex(map)}, beyond physical memory`,
            'panic',
            'the kernel faults while it reads the tree',
        );
        return { root: map, nodes };
    }
    const damage = walkRadix(
        view,
        new RadixLayout(view.page),
        map,
        (pa, n) => view.has(pa, n),
        (pfn, order) => preserved.add(pfn, order),
        (pa) => nodes.push(pa),
    );
    preserved.finish();
    for (const d of damage) {
        const code = d.text.includes('twice')
            ? 'radix-node-twice'
            : d.text.includes('outside')
              ? 'radix-node-outside'
              : d.fatal
                ? 'radix-entry'
                : 'radix-key';
        const outside =
            code === 'radix-node-outside' && (end === undefined || d.pa < end) ? ' (or is not in the image)' : '';
        findings.add(
            code,
            d.pa,
            `the tree of preserved memory: ${d.text}${outside}`,
            d.fatal ? 'panic' : 'held',
            d.fatal ? 'the kernel faults while it reads the tree' : 'memory that was not preserved stays reserved',
        );
    }
    if (preserved.full) {
        findings.add(
            'radix-large',
            map,
            'the tree of preserved memory is larger than any real one; lus has read only a part of it',
            'panic',
            'the kernel has no memory left to boot',
        );
    }
    return { root: map, nodes };
}

function findScratch(
    walk: Walk,
    fdt: number,
    found: FoundHandover,
    given: InspectOptions['scratch'],
): { addr: number | undefined; areas: Area[]; from: HandoverView['scratchFrom'] } {
    const { findings, view, preserved } = walk;
    const array = scratchArrayOf(view, found, fdt, preserved, given);
    const areas: Area[] = [];
    if (!array) {
        findings.add('scratch-unknown', undefined, 'the array of scratch areas cannot be found', 'none');
        return { addr: undefined, areas, from: undefined };
    }
    if (!view.has(array.addr, array.size)) {
        findings.add(
            'scratch-outside',
            array.addr,
            `the address of the array of scratch areas, ${hex(array.addr)}, is not memory`,
            'lost',
        );
        return { ...array, areas };
    }
    const align = scratchAlign(view.page);
    for (const [i, { addr, size }] of scratchEntries(view, array.addr, array.size).entries()) {
        const at = array.addr + i * SCRATCH_ENTRY;
        if (typeof addr !== 'number' || typeof size !== 'number' || addr + size > PHYS_LIMIT) {
            findings.add(
                'scratch-entry',
                at,
                `scratch area ${i}, ${hex(addr)} + ${hex(size)}, is not memory`,
                'lost',
                'the kernel cannot use the scratch area',
            );
            continue;
        }
        if (addr % align !== 0 || size % align !== 0) {
            findings.add(
                'scratch-aligned',
                at,
                `scratch area ${i}, ${hex(addr)} + ${hex(size)}, is not aligned to ${sizeText(align)}`,
                'corrupt',
                'the page allocator merges it with adjacent memory',
            );
        }
        areas.push({ addr, size });
    }
    return { ...array, areas };
}

function checkPreserved(walk: Walk, scratch: readonly Area[], end: number | undefined): void {
    const { findings, view, preserved } = walk;
    const { size } = view.page;
    const ranges = preserved.ranges();
    for (const area of scratch) {
        const hit = preserved.overlap(area.addr, area.size);
        if (hit) {
            const at = Math.max(hit.start * size, area.addr);
            findings.add(
                'preserved-in-scratch',
                at,
                `the preserved memory at ${hex(at)} is in the scratch area ${hex(area.addr)} + ${hex(area.size)}`,
                'corrupt',
                'early boot overwrites it',
            );
        }
    }
    const inRanges = ranges.reduce((n, r) => n + r.end - r.start, 0);
    if (inRanges < preserved.pages) {
        findings.add(
            'preserved-overlap',
            undefined,
            `${counted(preserved.pages - inRanges, 'page')} ${preserved.pages - inRanges === 1 ? 'is' : 'are'} preserved by more than one block`,
            'corrupt',
            'restoring the larger block returns fewer pages',
        );
    }
    const missing = ranges.filter((r) => !view.has(r.start * size, (r.end - r.start) * size));
    for (const r of missing) {
        const from = r.start * size;
        const beyond = end !== undefined && r.end * size > end;
        findings.add(
            beyond ? 'preserved-outside' : 'preserved-missing',
            from,
            `a part of the preserved memory ${hex(from)}-${hex(r.end * size - 1)} is not ${beyond ? 'memory' : 'in the image'}`,
            beyond ? 'panic' : 'none',
            beyond ? 'the kernel faults while it reserves the memory' : undefined,
        );
    }
}

function readMetadata(walk: Walk, root: FdtNode): MetadataView | undefined {
    const { findings, view } = walk;
    const child = fdtChild(root, METADATA_SUBTREE);
    if (!child) {
        findings.add(
            'no-metadata',
            undefined,
            `there is no subtree "${METADATA_SUBTREE}"`,
            'none',
            'the number of updates restarts at 0',
        );
        return undefined;
    }
    const phys = readNativeU64(fdtProperty(child, PROP_DATA)?.value);
    const size = readNativeU64(fdtProperty(child, PROP_SIZE)?.value);
    const addr = phys === undefined ? undefined : walk.address(phys, METADATA_SIZE);
    if (addr === undefined || size === undefined || size < METADATA_SIZE) {
        findings.add(
            'metadata-damaged',
            phys,
            'the metadata of the kexec cannot be read',
            'none',
            'the number of updates restarts at 0',
        );
        return undefined;
    }
    if (walk.claim(addr) !== 'restored') {
        findings.add(
            'metadata-not-preserved',
            addr,
            `the metadata of the kexec at ${hex(addr)} is not preserved`,
            'corrupt',
            'the number of updates may be wrong',
        );
    }
    const version = walk.u32(addr);
    if (version !== 1) {
        findings.add(
            'metadata-version',
            addr,
            `the metadata of the kexec has version ${version}`,
            'none',
            'the number of updates restarts at 0',
        );
    }
    const release = view.read(addr + 4, METADATA_SIZE - 8);
    return {
        addr,
        version,
        release: printable(decodeName(release)),
        count: walk.u32(addr + METADATA_SIZE - 4),
    };
}

function luoOf(walk: Walk, root: FdtNode, handlers: readonly string[] | undefined): LuoView | undefined {
    const { findings } = walk;
    const child = fdtChild(root, LUO_SUBTREE);
    if (!child) {
        findings.add('no-luo', undefined, `there is no subtree "${LUO_SUBTREE}"`, 'lost', 'no session is handed over');
        return undefined;
    }
    const phys = readNativeU64(fdtProperty(child, PROP_DATA)?.value);
    const size = readNativeU64(fdtProperty(child, PROP_SIZE)?.value);
    if (phys === undefined || size === undefined) {
        findings.add(
            'luo-subtree',
            undefined,
            `the subtree "${LUO_SUBTREE}" has no address or no size`,
            'panic',
            '"The incoming tree failed to initialize properly"',
        );
        return undefined;
    }
    return readLuo(walk, phys, size, handlers);
}
