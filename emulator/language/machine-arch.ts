/** The architecture and page size of the machine that a program describes. */
import { PAGE_GEOMETRIES, type ArchName, type PageGeometry } from '../machine/arch';
import type { MachineDecl, SourceFile } from './syntax/ast';

/** The default is x86-64. */
function archOf(machine: MachineDecl | undefined): ArchName {
    const value = machine?.entries.find((e) => e.key.name === 'arch')?.args[0];
    return value?.kind === 'name' && value.name === 'arm64' ? 'arm64' : 'x86-64';
}

/** The machine that files declare; the main file comes first. */
export function machineIn(files: Iterable<SourceFile>): MachineDecl | undefined {
    return [...files].flatMap((f) => f.items).find((item) => item.kind === 'machine');
}

export function pageOf(machine: MachineDecl | undefined): PageGeometry {
    return PAGE_GEOMETRIES[archOf(machine)][0];
}
