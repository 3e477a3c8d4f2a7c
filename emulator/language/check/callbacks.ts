/** Rules for handlers, FLBs and file kinds: required callbacks, and no duplicates. */
import { counted, listed } from '../../text/text';
import type { Callback, FileDecl, FlbDecl, HandlerDecl, StringLit } from '../syntax/ast';
import type { Type } from '../types';
import { insertAt, replaceWith } from '../check-finding';
import type { CallbackShape } from '../natives';
import { objectOf } from '../types';
import { missingLayer } from './layer-rules';
import { quoted, type ProgramBuilder } from './program-builder';
import { encodeText } from '../../text/utf8';

/** A compatible string of the kernel is at most this long (include/linux/kho/abi/luo.h: 48 bytes with the NUL). */
const COMPATIBLE_MAX = 47;

export function checkCompatible(program: ProgramBuilder, uri: string, s: StringLit): void {
    const length = encodeText(s.value).length;
    if (s.start === s.end) {
        return;
    }
    if (length === 0) {
        program.report(
            'error',
            'LU0409',
            uri,
            s,
            'A compatible string must not be empty. It names the format, as in "nic-v1".',
        );
    } else if (length > COMPATIBLE_MAX) {
        program.report(
            'error',
            'LU0409',
            uri,
            s,
            `This compatible string has ${counted(length, 'byte')}. The limit is ${COMPATIBLE_MAX} bytes.`,
        );
    }
}

/** Reports callbacks that do not exist, exist twice, are missing or have the wrong parameters. */
export function checkShapes(
    program: ProgramBuilder,
    uri: string,
    decl: HandlerDecl | FlbDecl | FileDecl,
    shapes: ReadonlyMap<string, CallbackShape>,
    what: string,
): void {
    const seen = new Set<string>();
    for (const c of decl.callbacks) {
        const name = c.name.name;
        const shape = shapes.get(name);
        if (!shape) {
            program.unknown(
                'LU0216',
                uri,
                c.name,
                name,
                `${what} has no callback ${quoted(name)}. Expected ${listed([...shapes.keys()].map(quoted), 'or')}.`,
                shapes.keys(),
            );
        } else if (seen.has(name)) {
            program.report(
                'error',
                'LU0204',
                uri,
                c.name,
                `${quoted(decl.name.name)} already has a callback ${quoted(name)}. Remove one of them.`,
            );
        } else if (c.params.length !== shape.params.length) {
            checkParams(program, uri, c, shape);
        }
        seen.add(name);
    }
    const missing = [...shapes].filter(([name, shape]) => shape.required && !seen.has(name));
    if (missing.length > 0) {
        const names = missing.map(([name]) => quoted(name));
        const stubs = missing
            .map(
                ([name, shape]) =>
                    `    ${name}(${shape.params.map((p) => p.name).join(', ')}) { ${shape.result.k === 'bool' ? 'return true ' : ''}}\n`,
            )
            .join('');
        const end =
            program.files.get(uri)?.text.slice(decl.start, decl.end).endsWith('}') === true ? decl.end - 1 : decl.end;
        program.report(
            'error',
            'LU0403',
            uri,
            decl.name,
            `${what} needs the ${names.length === 1 ? 'callback' : 'callbacks'} ${listed(names)}. The kernel does not register it otherwise.`,
            {
                fix: insertAt(end, end < decl.end ? stubs : `\n${stubs}`, `Add ${names.join(', ')}`),
            },
        );
    }
}

function checkParams(program: ProgramBuilder, uri: string, c: Callback, shape: CallbackShape): void {
    const wanted = shape.params.map((p) => p.name).join(', ');
    const span = { start: c.name.end, end: c.body.start };
    program.report('error', 'LU0404', uri, span, `The parameters of ${quoted(c.name.name)} must be \`(${wanted})\`.`, {
        fix: replaceWith(`Change to \`(${wanted})\``, span, `(${wanted}) `),
    });
}

/**
 * The type of `args.file` in the callbacks of a handler; undefined if it can be any file.
 */
export function fileTypeOf(program: ProgramBuilder, decl: HandlerDecl): Type | undefined {
    const name = decl.forKind?.name;
    if (name === undefined) {
        return undefined;
    }
    if (program.fileKind(name)) {
        return { k: 'kind', name };
    }
    return program.natives.objects.has(name) ? objectOf(name) : undefined;
}

/** `for` and `uses` of a handler name things that exist. */
export function checkHandlerHead(program: ProgramBuilder, uri: string, decl: HandlerDecl): void {
    const kind = decl.forKind;
    const file = kind && program.fileKind(kind.name);
    if (kind && file) {
        program.names.set(kind, { kind: 'file', decl: file });
    } else if (kind && program.natives.fileKinds.has(kind.name)) {
        program.names.set(kind, { kind: 'builtin-file', name: kind.name });
    } else if (kind && kind.name !== '') {
        program.unknown(
            'LU0217',
            uri,
            kind,
            kind.name,
            `There is no file kind ${quoted(kind.name)}.`,
            program.declared('fileKinds'),
        );
    }
    const seen = new Set<string>();
    for (const used of decl.uses) {
        const flb = program.flb(used.name);
        if (flb) {
            program.names.set(used, { kind: 'flb', decl: flb });
        } else if (used.name !== '') {
            program.unknown(
                'LU0212',
                uri,
                used,
                used.name,
                `There is no FLB ${quoted(used.name)}.${missingLayer(used.name)}`,
                program.declared('flbs'),
            );
        }
        if (seen.has(used.name)) {
            program.report('error', 'LU0204', uri, used, `${quoted(used.name)} is listed twice. Remove one of them.`);
        }
        seen.add(used.name);
    }
}
