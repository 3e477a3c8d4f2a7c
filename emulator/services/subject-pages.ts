/** The sections of the documentation about the subjects of words, and about keywords. */
import { at, type DocPlace, pageOfCode } from './documentation';
import type { Node } from './nodes';
import type { CallbackOwner, ShippedKind, Subject } from './subjects';

const library = (heading: string): DocPlace => at('library.md', heading);
const language = (heading: string): DocPlace => at('language.md', heading);

const OF_SHIPPED: Readonly<Record<Exclude<ShippedKind, 'finding'>, DocPlace>> = {
    kernel: library('Kernels'),
    'file kind': library('File kinds of the kernel'),
    type: language('Structs'),
    layer: at('kernels.md', 'Proposed layers'),
    flaw: at('kernels.md', 'Bugs of old kernels'),
    cost: at('time.md', 'Costs'),
    'injection point': library('Injection points'),
};

const OF_CALLBACKS: Readonly<Record<CallbackOwner['kind'], DocPlace>> = {
    handler: library('Of a handler'),
    flb: library('Of an FLB'),
    file: library('Of a file kind'),
};

const OF_SETTINGS = {
    machine: language('Entries of a machine'),
    kernel: language('Entries of a kernel'),
    device: at('devices.md', 'In a machine'),
} as const;

/** The section about a subject; undefined for declarations of the program, which have only a comment. */
export function pageOfSubject(s: Subject): DocPlace | undefined {
    switch (s.kind) {
        case 'native':
        case 'parameter':
            return ofMember(s.owner, s.native.context);
        case 'field':
            return ofMember(s.owner, 'any');
        case 'global':
            return library(
                /^E[A-Z0-9]+$/.test(s.global.name)
                    ? 'Errors'
                    : s.global.constant === undefined
                      ? 'Predefined names'
                      : 'Constants',
            );
        case 'callback':
            return OF_CALLBACKS[s.owner.kind];
        case 'setting':
            return OF_SETTINGS[s.of];
        case 'shipped':
            return s.of === 'finding' ? pageOfCode(s.name) : OF_SHIPPED[s.of];
        default:
            return undefined;
    }
}

function ofMember(owner: string, context: string): DocPlace {
    if (owner !== '') {
        return library(owner === 'fd' ? 'Descriptors' : owner);
    }
    return library(
        context === 'user'
            ? 'In a process'
            : context === 'kernel'
              ? 'In the kernel'
              : 'Anywhere, and at scenario level',
    );
}

type Kind = Extract<Node, { readonly kind: string }>['kind'];

const OF_KEYWORDS: Readonly<Partial<Record<Kind, DocPlace>>> = {
    import: language('Files'),
    const: language('Files'),
    scenario: language('Files'),
    machine: language('Entries of a machine'),
    kernel: language('Entries of a kernel'),
    init: language('Entries of a kernel'),
    struct: language('Structs'),
    file: language('File kinds'),
    flb: language('Handlers and FLBs'),
    handler: language('Handlers and FLBs'),
    boot: language('Machine and kernels'),
    process: language('Where code runs'),
    concurrently: language('Concurrent processes'),
    send: language('Descriptors'),
    if: language('Control'),
    while: language('Control'),
    for: language('Control'),
    fails: language('Failure'),
    may: language('Failure'),
    panics: language('The kexec'),
    try: language('Failure'),
    undo: language('Failure'),
    inject: language('Failure'),
    kill: language('Failure'),
    sleep: at('time.md', 'In a scenario'),
    cost: at('time.md', 'Costs'),
};

/** The section about a keyword, by the node that it belongs to. */
export function pageOfKeyword(kind: Kind): DocPlace {
    return OF_KEYWORDS[kind] ?? { page: 'language.md', anchor: '' };
}
