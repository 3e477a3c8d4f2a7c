/**
 * Writes extension/docs/library.md: everything that the emulator provides to `.lus` code, from the tables that the
 * checker reads.
 */
import { DESCRIPTIONS } from '../../emulator/kernel/release/descriptions';
import { NATIVES } from '../../emulator/diagnosis/natives';
import type { Context } from '../../emulator/language/types';
import type { CallbackShape } from '../../emulator/language/natives';
import type { NativeField, NativeFunction, NativeGlobal, ObjectType } from '../../emulator/runtime/natives/native';
import { PAGES_4K } from '../../emulator/machine/arch';
import { callbackText, functionText, REPLY, typeText } from '../../emulator/services/signatures';

const INTRO = `# Library reference

The functions, objects and constants that \`.lus\` code can use. The language itself is described in
[the language reference](language.md). This page is generated from the tables that the checker and the editor read.

Notation: \`truncate(length: int)\` is called as \`ram.truncate(64MiB)\` or \`ram.truncate(length: 64MiB)\`. A parameter with \`=\` and a
value is optional; the value is its default. \`→\` precedes the type of the result. A call marked *can fail* fails with an error such as
\`EBUSY\`; the description lists the errors.

A call that takes \`with readonly_reply\` can be made with an argument in memory that the process may read but not write: the kernel's
reply then faults. A call \`with stalled_reply\` has its argument in a page that a userfaultfd holds back: the reply takes 1 s, and all
locks of the call stay held in the meantime.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');

function table(head: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
    return [
        `| ${head[0]} | ${head[1]} |`,
        '|---|---|',
        ...rows.map(([a, b]) => `| ${cell(a)} | ${cell(b)} |`),
        '',
    ].join('\n');
}

const byName = <T extends { readonly name: string }>(items: Iterable<T>): T[] =>
    [...items].sort((a, b) => (a.name < b.name ? -1 : 1));

function functions(list: Iterable<NativeFunction>): string {
    return table(
        ['call', 'description'],
        byName(list).map((f) => [
            `\`${functionText(f)}\``,
            `${f.doc}${f.params.some((p) => p.name === REPLY) ? ` Takes \`with ${REPLY}\`.` : ''}${f.fails ? ' *Can fail.*' : ''}`,
        ]),
    );
}

function fields(list: Iterable<NativeField>): string {
    return table(
        ['field', 'description'],
        byName(list).map((f) => [`\`${f.name}\` ${typeText(f.type)}${f.set ? ', can be assigned' : ''}`, f.doc]),
    );
}

function members(t: ObjectType): string {
    return [
        ...(t.fields.size > 0 ? [fields(t.fields.values())] : []),
        ...(t.methods.size > 0 ? [functions(t.methods.values())] : []),
    ].join('\n');
}

function inContext(...contexts: readonly Context[]): NativeFunction[] {
    return [...NATIVES.functions.values()].filter((f) => contexts.includes(f.context));
}

function globals(list: Iterable<NativeGlobal>): string {
    return table(
        ['name', 'description'],
        byName(list).map((g) => [`\`${g.name}\` ${typeText(g.type)}`, g.doc]),
    );
}

function callbacks(shapes: ReadonlyMap<string, CallbackShape>): string {
    return table(
        ['callback', 'description'],
        [...shapes].map(([name, s]) => [
            `\`${callbackText(name, s)}\`${s.required ? '' : ', optional'}`,
            `${s.doc}${s.result.k === 'bool' ? ' Returns `true` or `false`.' : ''}`,
        ]),
    );
}

export function libraryPage(): string {
    const n = NATIVES;
    const isErrno = (g: NativeGlobal): boolean => /^E[A-Z0-9]+$/.test(g.name);
    const all = [...n.globals.values()];
    const numberOf = (g: NativeGlobal): number => Number(g.constant?.(PAGES_4K));
    const errors = all.filter(isErrno).sort((a, b) => numberOf(a) - numberOf(b));
    return [
        INTRO,
        '## In a process',
        '',
        'System calls that are not methods of a descriptor.',
        '',
        functions(inContext('user')),
        '## Descriptors',
        '',
        "Every descriptor has these methods and fields. An operation that the file does not support fails with the kernel's error.",
        '',
        members(n.fd),
        '## Anywhere, and at scenario level',
        '',
        functions(inContext('any', 'scenario')),
        '## In the kernel',
        '',
        'For handlers, FLBs, file kinds and `init` blocks. The kernel code of the emulator uses the same functions, and [tracepoints](kernels.md).',
        '',
        functions(inContext('kernel')),
        '## Callbacks',
        '',
        '### Of a handler',
        '',
        callbacks(n.callbacks.handler),
        '### Of an FLB',
        '',
        callbacks(n.callbacks.flb),
        '### Of a file kind',
        '',
        callbacks(n.callbacks.file),
        '## Objects',
        '',
        ...byName(n.objects.values()).flatMap((t) => [
            `### ${t.name}`,
            '',
            `${t.doc}${t.ofKernel ? ' It ends with its kernel.' : ''}`,
            '',
            members(t),
        ]),
        '## Predefined names',
        '',
        globals(all.filter((g) => g.constant === undefined)),
        '### Constants',
        '',
        globals(all.filter((g) => g.constant !== undefined && !isErrno(g))),
        '### Errors',
        '',
        `${errors.map((g) => `\`${g.name}\` ${numberOf(g)}`).join(', ')}.`,
        '',
        '## File kinds of the kernel',
        '',
        table(
            ['name', 'description'],
            [...n.fileKinds].map(([name, doc]) => [`\`${name}\``, doc]),
        ),
        '## Injection points',
        '',
        table(
            ['name', 'what fails'],
            [...n.injectionPoints].map(([name, doc]) => [`\`${name}\``, doc]),
        ),
        '## Kernels',
        '',
        table(
            ['name', 'description'],
            [...DESCRIPTIONS.values()].map(({ name, summary }) => [`"${name}"`, summary]),
        ),
    ]
        .join('\n')
        .replace(/\n{3,}/g, '\n\n')
        .trimEnd()
        .concat('\n');
}
