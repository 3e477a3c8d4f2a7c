/**
 * The model of a handover: the data in memory at the jump from one kernel to the next. Addresses and sizes in bytes.
 */
import type { PageGeometry } from '../machine/arch';
import type { Int } from '../machine/int';
import type { Area } from '../kernel/kho/env';
import type { FdtNode } from '../kernel/kho/fdt-read';
import type { HandoverFinding } from './findings';
import type { FolioList } from './folio-list';
import type { PreservedMemory } from '../kernel/kho/preserved';

export interface HandoverView {
    /** The page size of the kernel that wrote it. */
    readonly page: PageGeometry;
    /** The root FDT; undefined if there is none. */
    readonly fdtAddr: number | undefined;
    readonly fdt: FdtNode | undefined;
    /** Bytes of the FDT that are in use. */
    readonly fdtSize: number;
    /** The addresses of other root FDTs: that of the previous kernel, or remains of earlier ones. */
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
     * The number of preserved pages that no known structure refers to: pages of handlers and subtrees in unknown
     * formats, or pages without an owner.
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

/** struct luo_ser and the structures it refers to. */
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
    /** The count in the entry; {@link files} are the actual files. */
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
    /** Set if the file is a memfd and its data points to existing memory. */
    readonly memfd: MemfdView | undefined;
}

export interface FlbView {
    readonly addr: number;
    readonly name: string;
    readonly data: Int;
    readonly count: Int;
}

/** struct kho_vmalloc and its pages. */
export interface VmallocView {
    readonly first: Int;
    readonly totalPages: number;
    readonly flags: number;
    readonly order: number;
    readonly chunks: readonly number[];
    /** Physical addresses of the area's pages, in order. */
    readonly pages: readonly number[];
}

/** struct memfd_luo_ser and its folios. */
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

/** The contents of a memfd, if they are complete. */
export interface ContentView {
    /** 64-bit FNV-1a over all of [0, size), 16 hexadecimal digits. */
    readonly fnv1a64: string;
    /** The first 16 bytes, or all if there are fewer. */
    readonly head: Uint8Array;
}
