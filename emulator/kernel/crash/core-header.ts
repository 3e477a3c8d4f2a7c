/**
 * The description of a kernel's memory for the kernel that captures it: an ELF core header (arch/x86/kernel/crash.c,
 * prepare_elf_headers(); arch/arm64/kernel/machine_kexec_file.c) that `elfcorehdr=` leads to (fs/proc/vmcore.c).
 */
import type { PageGeometry } from '../../machine/arch';
import { type ByteSource, type CoreContent, type CoreNote, coreHeaders, readCoreFile } from '../../machine/core-file';
import type { Machine } from '../../machine/machine';
import { PHYS_LIMIT } from '../../machine/memory';
import { encodeText } from '../../text/utf8';
import type { Area } from '../kho/env';

/** Bytes that are read to find out how long a header is; larger headers are read in pieces. */
const HEADER_LIMIT = 2 ** 26;

/** The note of kdump (Documentation/admin-guide/kdump/vmcoreinfo.rst), as far as an emulated kernel has the values. */
function vmcoreinfo(release: string | undefined, page: PageGeometry): CoreNote {
    const first = release === undefined ? '' : `OSRELEASE=${release}\n`;
    return { name: 'VMCOREINFO', type: 0, content: encodeText(`${first}PAGESIZE=${page.size}\n`) };
}

/**
 * @param areas the memory of `crashkernel=`, which is not part of the dump
 * @param release that of the kernel that crashes; undefined: not known
 */
export function coreHeader(machine: Machine, areas: readonly Area[], release?: string): Uint8Array {
    return coreHeaders(
        machine.arch === 'arm64' ? 'arm64' : 'x86-64',
        dumped(machine, areas),
        [vmcoreinfo(release, machine.page)],
        true,
    );
}

/** All memory of the machine except for some areas. */
function dumped({ ram }: Machine, areas: readonly Area[]): CoreContent[] {
    let runs: CoreContent[] = ram.map((r) => ({ pa: r.start, size: r.size }));
    for (const { addr, size } of areas) {
        runs = runs.flatMap(({ pa, size: length }) => {
            const before = Math.min(addr, pa + length) - pa;
            const behind = pa + length - Math.max(addr + size, pa);
            return [
                ...(before > 0 ? [{ pa, size: before }] : []),
                ...(behind > 0 ? [{ pa: pa + length - behind, size: behind }] : []),
            ];
        });
    }
    return runs;
}

/** What the header at an address says. */
export interface OldMemory {
    readonly runs: readonly CoreContent[];
    readonly notes: readonly CoreNote[];
}

/** @returns undefined if there is no core header at this address: then there is no /proc/vmcore */
export function readCoreHeader(machine: Machine, at: number): OldMemory | undefined {
    // offsets in the header are physical addresses, except for those of the header itself and of its notes
    const file: ByteSource = {
        length: PHYS_LIMIT,
        read: (offset, length) =>
            machine.isRam(at + offset)
                ? machine.memory.read(at + offset, Math.min(length, HEADER_LIMIT))
                : new Uint8Array(0),
    };
    const { segments, notes } = readCoreFile(file);
    return segments.length > 0 ? { runs: segments.map(({ pa, size }) => ({ pa, size })), notes } : undefined;
}
