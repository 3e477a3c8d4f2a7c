/**
 * `layers pci, vfio` of a kernel: the layers exist, the base kernel supports them, and the layers they need are listed.
 */
import { descriptionOf } from '../../kernel/release/descriptions';
import { listed } from '../../text/text';
import {
    layerNamed,
    LAYERS,
    layersOf,
    layerWith,
    newestOf,
    OLDEST_WITH_LAYERS,
    takesLayers,
} from '../../kernel/release/layers';
import { KERNEL_SETTINGS } from '../settings/kernel';
import type { AnySetting } from '../settings/setting';
import type { Ident, KernelDecl, KernelList, SourceFile } from '../syntax/ast';
import { quoted, type ProgramBuilder } from './program-builder';
import { insertAt, replaceWith } from '../check-finding';

/** Settings of a kernel that need a layer. */
const SETTINGS: ReadonlyMap<string, AnySetting> = new Map(Object.entries(KERNEL_SETTINGS));

const isLayers = (e: KernelDecl['entries'][number]): e is KernelList => e.kind === 'list' && e.key.name === 'layers';

/** The layers that a kernel declaration lists itself. */
function layersNamed(decl: KernelDecl): Ident[] {
    return decl.entries.flatMap((e) => (isLayers(e) ? e.names : []));
}

/** The layers that a kernel has which comes with the emulator. */
const shipped = (kernel: string): readonly string[] => [...(descriptionOf(kernel)?.layers ?? [])];

/** A string that may name a version of Linux. */
const VERSION = /"(\d[\w.-]*)"/g;

/** The layers that any kernel has which these files declare or name; of several versions of a series, the newest. */
export function layersIn(files: Iterable<SourceFile>): ReadonlySet<string> {
    const named = [...files].flatMap(({ items, text }) => [
        ...items.flatMap((i) => (i.kind === 'kernel' ? layersNamed(i).map((n) => n.name) : [])),
        ...[...text.matchAll(VERSION)].flatMap(([, kernel = '']) => shipped(kernel)),
    ]);
    return new Set(layersOf(newestOf(named)).map((l) => l.name));
}

/**
 * The series of the layers of a kernel.
 * @param line the declared kernels that a kernel is made from, the oldest first, itself last
 */
export function seriesOfLine(line: readonly KernelDecl[]): string[] {
    const named = line.flatMap(layersNamed).map((n) => n.name);
    return layersOf([...shipped(line[0]?.from?.value ?? ''), ...named]).map((l) => l.series);
}

/** @param line the declared kernels that a kernel is based on, the oldest first, itself last */
export function checkLayers(program: ProgramBuilder, uri: string, decl: KernelDecl, line: readonly KernelDecl[]): void {
    const has = new Set(seriesOfLine(line));
    const seen = new Set<string>();
    for (const entry of decl.entries.filter(isLayers)) {
        if (entry.sign !== '') {
            const at = entry.names[0]?.start ?? entry.end;
            const start = entry.key.end;
            program.report(
                'error',
                'LU0218',
                uri,
                entry.key,
                'Layers take no sign: `layers pci, vfio`. To leave a layer out, do not list it.',
                { fix: replaceWith('Remove the sign', { start, end: at }, ' ') },
            );
        }
        for (const name of entry.names) {
            if (name.name !== '') {
                checkLayer(program, uri, name, entry, has);
            }
            const series = layerNamed(name.name)?.series ?? name.name;
            if (seen.has(series)) {
                program.report(
                    'error',
                    'LU0204',
                    uri,
                    name,
                    `The layer ${quoted(series)} is listed twice. Remove one of them.`,
                );
            }
            seen.add(series);
        }
    }
    for (const entry of decl.entries) {
        const layer = entry.kind === 'setting' ? SETTINGS.get(entry.key.name)?.layer : undefined;
        if (entry.kind === 'setting' && layer !== undefined && !has.has(layer)) {
            program.report(
                'error',
                'LU0415',
                uri,
                entry.key,
                `${quoted(entry.key.name)} needs the layer ${quoted(layer)}, which this kernel does not have.`,
            );
        }
    }
    checkBase(program, uri, decl, line);
}

function checkLayer(
    program: ProgramBuilder,
    uri: string,
    name: Ident,
    entry: KernelList,
    has: ReadonlySet<string>,
): void {
    const layer = layerNamed(name.name);
    if (!layer) {
        program.unknown(
            'LU0218',
            uri,
            name,
            name.name,
            `There is no layer ${quoted(name.name)}. Expected ${listed([...LAYERS.keys()].map(quoted), 'or')}.`,
            LAYERS.keys(),
        );
        return;
    }
    const missing = layer.needs.filter((n) => !has.has(n));
    if (missing.length > 0) {
        const first = entry.names[0]?.start ?? name.start;
        program.report(
            'error',
            'LU0415',
            uri,
            name,
            `The layer ${quoted(name.name)} needs ${listed(missing.map(quoted))}, which this kernel does not have. List ${missing.length === 1 ? 'it' : 'them'} too.`,
            { fix: insertAt(first, `${missing.join(', ')}, `) },
        );
    }
}

/** Layers need a release that has the functions they call. */
function checkBase(program: ProgramBuilder, uri: string, decl: KernelDecl, line: readonly KernelDecl[]): void {
    const [first] = layersNamed(decl);
    const base = descriptionOf(line[0]?.from?.value ?? '');
    if (first && base && !takesLayers(base.release)) {
        program.report(
            'error',
            'LU0415',
            uri,
            first,
            `Layers need "${OLDEST_WITH_LAYERS}" or later. "${base.name}" lacks the functions they call.`,
        );
    }
}

/** A sentence for the name of a handler or FLB of a layer that the program does not use; empty for other names. */
export function missingLayer(name: string): string {
    const layer = layerWith(name);
    return layer
        ? ` It belongs to the layer ${quoted(layer.name)}, which no kernel of this program has. Declare one: \`kernel "next" from "7.3" { layers ${[...layer.needs, layer.name].join(', ')} }\`.`
        : '';
}
