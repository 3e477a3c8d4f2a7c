/**
 * Writes extension/docs/library.md: everything that the emulator provides to `.lus` code, from the tables that the
 * checker reads.
 */
import { NATIVES } from '../../emulator/diagnosis/natives';
import type { Context } from '../../emulator/language/types';
import type { CallbackShape } from '../../emulator/language/natives';
import type { NativeField, NativeFunction, NativeGlobal, ObjectType } from '../../emulator/runtime/natives/native';
import { PAGES_4K } from '../../emulator/machine/arch';
import { callbackText, functionText, REPLY, typeText } from '../../emulator/services/signatures';

const INTRO = `# What the emulator provides

Functions, objects and constants of \`.lus\` code; the language itself is described in [the language reference](language.md). This
page is made from the tables that the checker and the editor's help read.

How to read it: \`truncate(length: int)\` is called as \`ram.truncate(64MiB)\` or \`ram.truncate(length: 64MiB)\`; a parameter with a
value behind \`=\` may be left out; \`→\` is what the call gives. A call marked *can fail* fails with an error name such as \`EBUSY\`. What
takes \`with readonly_reply\` can be called so that the process may read but not write the memory of its argument: the kernel's
reply faults. \`with stalled_reply\` it is a page that a userfaultfd keeps away: the reply takes 1 s, and what is locked stays so meanwhile.
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
        ['call', 'what it does'],
        byName(list).map((f) => [
            `\`${functionText(f)}\``,
            `${f.doc}${f.params.some((p) => p.name === REPLY) ? ` Takes \`with ${REPLY}\`.` : ''}${f.fails ? ' *Can fail.*' : ''}`,
        ]),
    );
}

function fields(list: Iterable<NativeField>): string {
    return table(
        ['field', 'meaning'],
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
        ['name', 'meaning'],
        byName(list).map((g) => [`\`${g.name}\` ${typeText(g.type)}`, g.doc]),
    );
}

function callbacks(shapes: ReadonlyMap<string, CallbackShape>): string {
    return table(
        ['callback', 'what it is for'],
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
        "Every descriptor has these methods and fields. What the file behind it cannot do fails with the kernel's error.",
        '',
        members(n.fd),
        '## Anywhere, and at scenario level',
        '',
        functions(inContext('any', 'scenario')),
        '## In the kernel',
        '',
        'For handlers, FLBs, file kinds and `init` blocks. The shipped kernel code uses nothing else, except for its [tracepoints](kernels.md).',
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
            `${t.doc}${t.ofKernel ? ' It dies with its kernel.' : ''}`,
            '',
            members(t),
        ]),
        '## Names that are always there',
        '',
        globals(all.filter((g) => g.constant === undefined)),
        '### Constants',
        '',
        globals(all.filter((g) => g.constant !== undefined && !isErrno(g))),
        '### Errors',
        '',
        `${errors.map((g) => `\`${g.name}\` ${numberOf(g)}`).join(', ')}.`,
        '',
        '## File kinds that come with the kernel',
        '',
        table(
            ['name', 'what it is'],
            [...n.fileKinds].map(([name, doc]) => [`\`${name}\``, doc]),
        ),
        '## What else an injection can make fail',
        '',
        table(
            ['name', 'what fails'],
            [...n.injectionPoints].map(([name, doc]) => [`\`${name}\``, doc]),
        ),
        '## Kernels',
        '',
        table(
            ['name', 'what it is'],
            [...n.kernels].map(([name, doc]) => [`"${name}"`, doc]),
        ),
    ]
        .join('\n')
        .replace(/\n{3,}/g, '\n\n')
        .trimEnd()
        .concat('\n');
}
