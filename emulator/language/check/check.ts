/** The checker: from files to a program and its errors and warnings. */
import type { PageGeometry } from '../../machine/arch';
import { load, type SourceHost } from '../load';
import { machineIn, pageOf } from '../machine-arch';
import type { NativeShapes } from '../natives';
import { uriBeside } from '../paths';
import type { Program } from '../program';
import type { Parse } from '../syntax/parse-cache';
import { parse } from '../syntax/parser';
import { checkItems } from './items';
import { layersIn } from './layer-rules';
import type { Probe } from './probe';
import { ProgramBuilder } from './program-builder';

/** The checked standard library with the layers that a program's kernels have, for a machine with these pages. */
export type StandardLibrary = (layers: ReadonlySet<string>, page: PageGeometry) => Program;

/**
 * Reads and checks a file and its imports. The program is complete if no finding is an error; otherwise it has the
 * parts that could be understood.
 * @param std the checked standard library: its handlers, FLBs, file kinds and structs can be used, its functions not
 * @param parseFile returns the trees of files, if the caller caches them
 * @param probe records the names in scope at a place
 */
export function check(
    host: SourceHost,
    uri: string,
    natives: NativeShapes,
    std?: Program | StandardLibrary,
    parseFile: Parse = parse,
    probe?: Probe,
): Program {
    const program = new ProgramBuilder(natives);
    program.probe = probe;
    program.fileExists = (from, path) => host.exists?.(uriBeside(from, path)) ?? true;
    load(program, host, parseFile, uri);
    program.layers = layersIn(program.files.values());
    program.page = pageOf(machineIn(program.files.values()));
    program.std = typeof std === 'function' ? std(program.layers, program.page) : std;
    checkItems(program);
    return { ...program.finish(uri), readBytes: (from, path) => host.readBytes?.(uriBeside(from, path)) };
}

/** Checks the standard library for machines with these pages: several files that see each other's declarations. */
export function checkStd(
    files: readonly { readonly uri: string; readonly text: string }[],
    natives: NativeShapes,
    page: PageGeometry,
    parseFile: Parse = parse,
): Program {
    const program = new ProgramBuilder(natives);
    program.page = page;
    for (const { uri, text } of files) {
        const { file, diagnostics } = parseFile(uri, text);
        program.files.set(uri, file);
        program.diagnostics.push(...diagnostics);
    }
    checkItems(program, 'short');
    return program.finish(files[0]?.uri ?? '');
}
