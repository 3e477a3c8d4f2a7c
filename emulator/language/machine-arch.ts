/** The architecture of the machine that a program describes, and how large the pages of its kernels are. */
import { PAGE_GEOMETRIES, type ArchName, type PageGeometry } from '../machine/arch';
import type { MachineDecl, SourceFile } from './syntax/ast';

/** x86-64 where nothing is said. */
function archOf(machine: MachineDecl | undefined): ArchName {
    const value = machine?.entries.find((e) => e.key.name === 'arch')?.args[0];
    return value?.kind === 'name' && value.name === 'arm64' ? 'arm64' : 'x86-64';
}

/** The machine of some files, of which the main one comes first. */
export function machineIn(files: Iterable<SourceFile>): MachineDecl | undefined {
    return [...files].flatMap((f) => f.items).find((item) => item.kind === 'machine');
}

export function pageOf(machine: MachineDecl | undefined): PageGeometry {
    return PAGE_GEOMETRIES[archOf(machine)][0];
}
