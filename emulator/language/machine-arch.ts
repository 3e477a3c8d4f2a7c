/** The architecture and page size of the machine that a program describes. */
import { PAGE_GEOMETRIES, type ArchName, type PageGeometry } from '../machine/arch';
import type { MachineDecl, SourceFile } from './syntax/ast';

/** The default is x86-64. */
export function archOf(machine: MachineDecl | undefined): ArchName {
    const value = machine?.entries.find((e) => e.key.name === 'arch')?.args[0];
    return value?.kind === 'name' && value.name === 'arm64' ? 'arm64' : 'x86-64';
}

/** The machine that files declare; the main file comes first. */
export function machineIn(files: Iterable<SourceFile>): MachineDecl | undefined {
    return [...files].flatMap((f) => f.items).find((item) => item.kind === 'machine');
}

/**
 * The page size of its kernels: that of its entry `page`, if the architecture has it, otherwise the default. The layout
 * of structs and constants depend on it, so it is read before constants are known: it must be a literal.
 */
export function pageOf(machine: MachineDecl | undefined): PageGeometry {
    const sizes = PAGE_GEOMETRIES[archOf(machine)];
    const value = machine?.entries.find((e) => e.key.name === 'page')?.args[0];
    return sizes.find((page) => value?.kind === 'int' && value.value === page.size) ?? sizes[0];
}
