/** A handover, taken apart: what is in memory at the jump from one kernel to the next. Addresses and sizes in bytes. */
import type { PageGeometry } from '../machine/arch';
import type { Int } from '../machine/int';
import type { Area } from '../kernel/kho/env';
import type { FdtNode } from '../kernel/kho/fdt-read';
import type { HandoverFinding } from './findings';
import type { FolioList } from './folio-list';
import type { PreservedMemory } from '../kernel/kho/preserved';

export interface HandoverView {
    /** How large the pages are of the kernel that it is of. */
    readonly page: PageGeometry;
    /** The root FDT; undefined if there is none. */
    readonly fdtAddr: number | undefined;
    readonly fdt: FdtNode | undefined;
    /** Bytes of the FDT that are in use. */
    readonly fdtSize: number;
    /** Where other root FDTs are: those that this kernel was given itself, or that are left of earlier ones. */
    readonly otherFdts: readonly number[];
    /** The array of scratch areas. */
    readonly scratchAddr: number | undefined;
    readonly scratch: readonly Area[];
    /** How the scratch areas were found. */
    readonly scratchFrom: 'setup data' | 'note' | 'search' | undefined;
    readonly metadata: MetadataView | undefined;
    readonly radixRoot: Int | undefined;
    /** Physical addresses of the tree's pages, the root first. */
    readonly radixNodes: readonly number[];
    readonly preserved: PreservedMemory;
    readonly luo: LuoView | undefined;
    /**
     * Preserved pages that nothing leads to that is known here: of handlers and subtrees that only their kernel can
     * read, or nobody's.
     */
    readonly unknownPages: number;
    readonly findings: readonly HandoverFinding[];
}

/** struct kho_kexec_metadata. */
export interface MetadataView {
    readonly addr: number;
    readonly version: number;
    readonly release: string;
    readonly count: number;
}

/** struct luo_ser and what hangs on it. */
export interface LuoView {
    readonly addr: number;
    readonly compatible: string;
    readonly number: Int;
    readonly sessionsPa: Int;
    readonly flbsPa: Int;
    /** Addresses of the blocks that hold the sessions. */
    readonly blocks: readonly number[];
    readonly sessions: readonly SessionView[];
    readonly flbs: readonly FlbView[];
}

export interface SessionView {
    /** Of its entry. */
    readonly addr: number;
    readonly name: string;
    readonly filesPa: Int;
    /** What the entry says; {@link files} is what there is. */
    readonly count: Int;
    readonly blocks: readonly number[];
    readonly files: readonly FileView[];
}

export interface FileView {
    /** Of its entry. */
    readonly addr: number;
    readonly compatible: string;
    readonly data: Int;
    readonly token: Int;
    /** Where the file is a memfd and its data points to memory that is there. */
    readonly memfd: MemfdView | undefined;
}

export interface FlbView {
    readonly addr: number;
    readonly name: string;
    readonly data: Int;
    readonly count: Int;
}

/** struct kho_vmalloc and what it stands for. */
export interface VmallocView {
    readonly first: Int;
    readonly totalPages: number;
    readonly flags: number;
    readonly order: number;
    readonly chunks: readonly number[];
    /** Physical addresses of the area's pages, in order. */
    readonly pages: readonly number[];
}

/** struct memfd_luo_ser and what it stands for. */
export interface MemfdView {
    readonly addr: number;
    readonly pos: Int;
    readonly size: Int;
    readonly seals: number;
    readonly flags: number;
    readonly nrFolios: Int;
    readonly vmalloc: VmallocView;
    readonly folios: FolioList;
    readonly content: ContentView | undefined;
}

/** The contents of a memfd, where all of them are there. */
export interface ContentView {
    /** 64-bit FNV-1a over all of [0, size), 16 hexadecimal digits. */
    readonly fnv1a64: string;
    /** The first 16 bytes, or as many as there are. */
    readonly head: Uint8Array;
}
