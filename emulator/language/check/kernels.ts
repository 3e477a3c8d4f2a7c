/**
 * Rules for kernels: their base kernel and the names in their lists exist, and no two handlers share a compatible
 * string.
 */
import { DESCRIPTIONS, descriptionOf } from '../../kernel/release/descriptions';
import { layerWith } from '../../kernel/release/layers';
import { listed } from '../../text/text';
import type { Ident, KernelDecl } from '../syntax/ast';
import { checkFlaws } from './flaw-rules';
import { checkLayers, seriesOfLine, missingLayer } from './layer-rules';
import { quoted, type ProgramBuilder } from './program-builder';

/**
 * The base kernel and the names in the lists of a kernel exist, and no two of its handlers (or FLBs) share a
 * compatible string.
 */
export function checkKernel(program: ProgramBuilder, uri: string, decl: KernelDecl): void {
    const { from } = decl;
    if (from && from.start < from.end && !program.kernels.has(from.value) && descriptionOf(from.value) === undefined) {
        const known = [...DESCRIPTIONS.keys(), ...program.kernels.keys()].filter((k) => k !== decl.name.value);
        program.unknown(
            'LU0213',
            uri,
            from,
            from.value,
            `There is no kernel "${from.value}". Expected ${listed(
                known.map((k) => `"${k}"`),
                'or',
            )}, or a stable release such as "7.2.3".`,
            [],
        );
    }
    const line = descentOf(program, decl);
    if (line.length === 0) {
        program.report(
            'error',
            'LU0213',
            uri,
            from ?? decl.name,
            `The kernel "${decl.name.value}" is based on itself, or on a chain of more than ${MOST_DERIVED} kernels. Base it on a kernel of the emulator.`,
        );
    }
    checkLayers(program, uri, decl, line);
    checkFlaws(program, uri, decl, line);
    for (const entry of decl.entries) {
        for (const name of entry.kind === 'list' && (entry.key.name === 'handlers' || entry.key.name === 'modules')
            ? entry.names
            : []) {
            nameInList(program, uri, name, line);
        }
    }
    const seen = new Map<string, string>();
    for (const { name, added } of handlersOf(program, decl)) {
        const d = program.handler(name);
        const other = d && seen.get(d.compatible.value);
        if (d && other !== undefined && other !== name && added) {
            program.report(
                'error',
                'LU0410',
                uri,
                added,
                `${quoted(name)} and ${quoted(other)} have the same compatible string "${d.compatible.value}". A kernel registers only one of them. Remove the other with \`handlers - ${other}\`.`,
            );
        } else if (d) {
            seen.set(d.compatible.value, name);
        }
    }
}

function nameInList(program: ProgramBuilder, uri: string, name: Ident, line: readonly KernelDecl[]): void {
    const handler = program.handler(name.name);
    const layer = layerWith(name.name);
    if (handler) {
        program.names.set(name, { kind: 'handler', decl: handler });
        if (layer && !program.handlers.has(name.name) && !seriesOfLine(line).includes(layer.series)) {
            program.report(
                'error',
                'LU0415',
                uri,
                name,
                `${quoted(name.name)} belongs to the layer ${quoted(layer.series)}, which this kernel does not have. Add \`layers ${[...layer.needs, layer.series].join(', ')}\`.`,
            );
        }
    } else if (name.name !== '') {
        program.unknown(
            'LU0212',
            uri,
            name,
            name.name,
            `There is no handler ${quoted(name.name)}.${missingLayer(name.name)}`,
            program.declared('handlers'),
        );
    }
}

/** The most declared kernels in a chain of bases. */
const MOST_DERIVED = 64;

/**
 * The declared kernels that a kernel is based on, the oldest first, itself last; empty if it is based on itself or on
 * too many.
 */
function descentOf(program: ProgramBuilder, decl: KernelDecl): KernelDecl[] {
    const line: KernelDecl[] = [];
    for (let k: KernelDecl | undefined = decl; k; k = k.from && program.kernels.get(k.from.value)) {
        if (line.length === MOST_DERIVED || line.includes(k)) {
            return [];
        }
        line.unshift(k);
    }
    return line;
}

/** The handlers of a kernel in order; `added` if this declaration adds it. */
function handlersOf(
    program: ProgramBuilder,
    decl: KernelDecl,
): { readonly name: string; readonly added: Ident | undefined }[] {
    const line = descentOf(program, decl);
    const layers = seriesOfLine(line);
    const shipped = [...(program.std?.handlers.keys() ?? [])].filter(
        (name) => layers.includes(layerWith(name)?.series ?? name) || !layerWith(name),
    );
    let handlers: { name: string; added: Ident | undefined }[] = shipped.map((name) => ({ name, added: undefined }));
    for (const k of line) {
        for (const e of k.entries) {
            if (e.kind === 'list' && e.key.name === 'handlers') {
                const names = new Set(e.names.map((n) => n.name));
                handlers = handlers.filter((m) => !names.has(m.name));
                if (e.sign !== '-') {
                    handlers.push(...e.names.map((n) => ({ name: n.name, added: k === decl ? n : undefined })));
                }
            }
        }
    }
    return handlers;
}
