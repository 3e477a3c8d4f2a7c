/**
 * The words of the language itself: the form that each belongs to, and what it does. See extension/docs/language.md.
 */
import type { SourceFile, Span } from '../language/syntax/ast';
import type { Node, Place } from './nodes';

export interface Keyword {
    /** How it is written. */
    readonly form: string;
    /** One sentence or two, in Markdown. */
    readonly doc: string;
}

type Kind = Extract<Node, { readonly kind: string }>['kind'];
type Words = Readonly<Record<string, Keyword>>;

const FAILS: Keyword = {
    form: 'call  fails EBUSY',
    doc: 'The call must fail, with this error or one of several.',
};
const MAY: Keyword = { form: 'call  may fail EIO', doc: 'The call may succeed, or fail with one of these errors.' };
const PANICS: Keyword = {
    form: 'reboot(KEXEC)  panics "incoming tree"',
    doc: 'The kernel, or the next one, must panic with a message that contains this.',
};
const OOPSES: Keyword = {
    form: 'vm1.retrieve_fd(token: 1)  oopses "fd_install"',
    doc: 'The kernel must oops in the call, with a message that contains this: the process dies there, and the kernel goes on.',
};
const IMAGE: Keyword = {
    form: 'boot "7.2" from image "handover.elf.gz"',
    doc: 'The kernel takes over what a memory image, which lies beside the file, hands over.',
};
const IF: Keyword = {
    form: 'if condition { … } else { … }',
    doc: 'The condition is a boolean: `if n != 0`, not `if n`.',
};
const FOR: Keyword = { form: 'for x in list { … }', doc: 'Once for every element of a list, or of `from..to`.' };
const INJECT: Keyword = {
    form: 'inject EIO into memfd.freeze after 2 times 3 in next kernel',
    doc: 'Lets a callback, an allocation or a `should_fail()` fail on demand; a callback that answers yes or no says `no`.',
};
const BOOLEAN: Keyword = { form: 'true, false', doc: 'The two booleans.' };

/** By the node that a word belongs to. */
export const KEYWORDS: Readonly<Partial<Record<Kind, Words>>> = {
    import: {
        import: {
            form: 'import "nic.lus"',
            doc: 'Brings in the declarations of a file beside this one; `import <luod>` a program that ships with the emulator.',
        },
    },
    const: {
        const: {
            form: 'const NAME = expression',
            doc: 'A name for a number, a string or a boolean that never changes.',
        },
    },
    machine: {
        machine: { form: 'machine { memory 2GiB }', doc: 'What the scenarios run on: memory, processors, devices.' },
    },
    scenario: {
        scenario: {
            form: 'scenario "what it shows" { … }',
            doc: 'Something that can be run, on a machine of its own.',
        },
        finds: {
            form: 'scenario "…" finds LU1023 { … }',
            doc: 'It is about a mistake: it passes only if these are its root findings.',
        },
    },
    struct: {
        struct: {
            form: 'struct Name { field: u64 }',
            doc: 'A structure in memory: packed, little-endian, in this order.',
        },
    },
    file: {
        file: { form: 'file nic at "/dev/nic0" { … }', doc: 'A kind of file, with fields and callbacks.' },
        at: { form: 'file nic at "/dev/nic0"', doc: 'The device file that `open` opens.' },
    },
    flb: {
        flb: {
            form: 'flb name "compatible" { … }',
            doc: 'File-lifecycle-bound state: there from the first file that uses it to the last.',
        },
    },
    handler: {
        handler: {
            form: 'handler name "compatible" for kind { … }',
            doc: 'A file handler of LUO, with its callbacks.',
        },
        for: { form: 'handler … for kind', doc: 'The kind of file that it takes.' },
        uses: { form: 'handler … uses flb, flb', doc: 'The FLBs that its files depend on.' },
    },
    kernel: {
        kernel: { form: 'kernel "name" from "7.2" { … }', doc: "A kernel of one's own: another one with changes." },
        from: { form: 'kernel "name" from "7.2"', doc: 'The kernel that it is made from.' },
    },
    init: {
        init: { form: 'init { … }', doc: 'Runs in the kernel when it comes up, after its handlers are registered.' },
    },
    fn: {
        fn: {
            form: 'fn name(a, b: string) { … }',
            doc: 'A function. What it does decides where it can be called: at scenario level, in processes, in the kernel.',
        },
        label: { form: 'fn name(a) label("freeze ", a) { … }', doc: 'What the call stack shows for the function.' },
    },
    boot: {
        boot: { form: 'boot "7.2"', doc: 'Switches the machine on with this kernel; its memory holds nothing.' },
        from: IMAGE,
        image: IMAGE,
        cmdline: { form: 'boot "7.2" cmdline "…"', doc: "Goes behind the kernel's own command line." },
    },
    process: {
        process: {
            form: 'process luod, vmm',
            doc: 'Starts processes; with a block behind it, it runs in the process.',
        },
    },
    concurrently: {
        concurrently: {
            form: 'concurrently { luod { … } vmm { … } }',
            doc: 'Blocks of processes that run at the same time, in an order that the seed picks.',
        },
    },
    send: {
        send: { form: 'send vm1 to vmm', doc: 'Passes a descriptor to another process (SCM_RIGHTS).' },
        to: { form: 'send vm1 to vmm', doc: 'The process that gets it.' },
        as: { form: 'send vm1 to vmm as session', doc: 'The variable that it gets there; left out, the same name.' },
    },
    exit: { exit: { form: 'exit', doc: 'Ends the process, and closes its descriptors.' } },
    kill: {
        kill: { form: 'kill luod', doc: 'SIGKILL; it takes effect when the process returns to user mode.' },
        after: { form: 'kill luod after 3', doc: 'When it is back from so many more system calls.' },
    },
    inject: {
        inject: INJECT,
        into: INJECT,
        no: INJECT,
        after: { form: 'inject EIO into memfd.preserve after 2', doc: 'So many calls run before it.' },
        times: { form: 'inject EIO into memfd.preserve times 3', doc: 'So many calls fail, instead of one.' },
        in: { form: 'inject … in next kernel', doc: 'Meant for the kernel after the next kexec.' },
        next: { form: 'inject … in next kernel', doc: 'Meant for the kernel after the next kexec.' },
        kernel: { form: 'inject … in next kernel', doc: 'Meant for the kernel after the next kexec.' },
    },
    at: {
        at: {
            form: 'at handover { … }',
            doc: 'Runs after the last freeze, when nothing can fail any more, and before the jump.',
        },
        handover: {
            form: 'at handover { … }',
            doc: 'Runs after the last freeze, when nothing can fail any more, and before the jump.',
        },
    },
    corrupt: {
        corrupt: { form: 'corrupt x.field xor 0x01', doc: 'Flips bits of a field in memory.' },
        xor: { form: 'corrupt x.field xor 0x01', doc: 'Which bits.' },
    },
    assert: {
        assert: {
            form: 'assert condition, "message"',
            doc: 'Stops the scenario where the condition is false, and says what both sides of a comparison were.',
        },
    },
    if: { if: IF, else: IF },
    while: { while: { form: 'while condition { … }', doc: 'As long as the condition, a boolean, holds.' } },
    for: { for: FOR, in: FOR },
    return: { return: { form: 'return value', doc: 'Leaves the function or callback; `return -EIO` fails.' } },
    break: { break: { form: 'break', doc: 'Leaves the innermost loop.' } },
    continue: { continue: { form: 'continue', doc: 'Goes on with the next round of the innermost loop.' } },
    undo: { undo: { form: 'undo { … }', doc: 'Runs if the callback or function fails later on, newest first.' } },
    sleep: { sleep: { form: 'sleep 50ms', doc: 'Lets virtual time pass.' } },
    cost: { cost: { form: 'cost copy 200us', doc: 'What a piece of work takes from here on.' } },
    fails: { fails: FAILS },
    may: { may: MAY, fail: MAY },
    panics: { panics: PANICS },
    oopses: { oopses: OOPSES },
    try: {
        try: {
            form: 'r = try call',
            doc: '`r` is what the call gives, 0 where that is nothing, or the negative error number.',
        },
    },
    new: { new: { form: 'new nic(queues: 2)', doc: 'Makes a file of a kind that a `file` declares.' } },
    call: {
        with: {
            form: 'call(…) with readonly_reply',
            doc: 'The reply goes to memory that the process may read but not write, so it faults; `with stalled_reply` it takes 1 s.',
        },
    },
    bool: { true: BOOLEAN, false: BOOLEAN },
};

/** A keyword where it stands. */
export interface KeywordAt extends Keyword {
    readonly word: string;
    readonly span: Span;
}

/** @param place the innermost node there; undefined between declarations */
export function keywordAt(file: SourceFile, place: Place | undefined, offset: number): KeywordAt | undefined {
    const span = wordAt(file.text, offset);
    if (!place || !span || file.comments.some((c) => c.start <= offset && offset < c.end)) {
        return undefined;
    }
    const word = file.text.slice(span.start, span.end);
    if ('kind' in place.node && place.node.kind === 'string') {
        return undefined;
    }
    for (const node of [place.node, ...place.above]) {
        const words = 'kind' in node ? KEYWORDS[node.kind] : undefined;
        if (words && Object.hasOwn(words, word)) {
            const keyword = words[word];
            return keyword && { ...keyword, word, span };
        }
    }
    return undefined;
}

/** The letters around an offset. */
function wordAt(text: string, offset: number): Span | undefined {
    const before = /[A-Za-z_0-9]*$/.exec(text.slice(Math.max(0, offset - 64), offset))?.[0].length ?? 0;
    const behind = /^[A-Za-z_0-9]*/.exec(text.slice(offset, offset + 64))?.[0].length ?? 0;
    return before + behind === 0 ? undefined : { start: offset - before, end: offset + behind };
}
