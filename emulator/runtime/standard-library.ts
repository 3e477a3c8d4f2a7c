/** The checked standard library of each release: the part of the kernel that is written in `.lus`. */
import { LIBRARY_7_2 } from '../kernel/release/descriptions';
import { layersOf, withLayers, type Library } from '../kernel/release/layers';
import { checkStd } from '../language/check/check';
import { PAGE_GEOMETRIES } from '../machine/arch';
import { KERNEL_NATIVES } from './natives/tracepoints';
import type { Program } from '../language/program';
import { parse, type ParsedFile } from '../language/syntax/parser';
import { LIBRARY_TEXTS, stdUri } from '../std/texts';
import { TREES } from '../std/trees';

const checked = new Map<string, Program>();

/**
 * The checked standard library of a release on a machine with these pages; the same object for every program. Without a
 * release: that of the default kernel, against which programs are checked.
 */
export function standardLibrary(library: Library = LIBRARY_7_2, page = PAGE_GEOMETRIES['x86-64'][0]): Program {
    const key = `${library.join(' ')} ${page.size}`;
    let program = checked.get(key);
    if (!program) {
        program = checkStd(
            library.map((name) => ({ uri: stdUri(name), text: LIBRARY_TEXTS[name] ?? '' })),
            KERNEL_NATIVES,
            page,
            treeOf,
        );
        checked.set(key, program);
    }
    return program;
}

/** The tree of a shipped file, which has no errors: from emulator/std/trees.ts if the bundle contains it. */
function treeOf(uri: string, text: string): ParsedFile {
    const json = TREES[uri.slice(uri.lastIndexOf('/') + 1).replace(/\.lus$/, '')];
    return json === undefined ? parse(uri, text) : { file: { ...JSON.parse(json), uri, text }, diagnostics: [] };
}

/**
 * The files that a program is checked against: those of the default kernel, with the layers that any of the program's
 * kernels has.
 */
export function libraryWith(layers: ReadonlySet<string>): Library {
    return withLayers(LIBRARY_7_2, layersOf(layers));
}
