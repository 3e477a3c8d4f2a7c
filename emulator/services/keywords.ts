/**
 * The keywords of the language: the form that each belongs to, and its documentation. See extension/docs/language.md.
 */
import type { SourceFile, Span } from '../language/syntax/ast';
import type { Node, Place } from './nodes';

export interface Keyword {
    /** Its syntax. */
    readonly form: string;
    /** One sentence or two, in Markdown. */
    readonly doc: string;
}

export type Kind = Extract<Node, { readonly kind: string }>['kind'];
type Words = Readonly<Record<string, Keyword>>;

const FAILS: Keyword = {
    form: 'call  fails EBUSY',
    doc: 'The call must fail with this error, or with one of several.',
};
const MAY: Keyword = { form: 'call  may fail EIO', doc: 'The call may succeed, or fail with one of these errors.' };
const PANICS: Keyword = {
    form: 'reboot(KEXEC)  panics "incoming tree"',
    doc: 'The kernel, or the next one, must panic with a message that contains this text.',
};
const OOPSES: Keyword = {
    form: 'vm1.retrieve_fd(token: 1)  oopses "fd_install"',
    doc: 'The kernel must oops in the call, with a message that contains this: the process dies there, and the kernel goes on.',
};
const IMAGE: Keyword = {
    form: 'boot "7.2" from image "handover.elf.gz"',
    doc: 'The kernel takes over the handover in a memory image in the folder of the file.',
};
const IF: Keyword = {
    form: 'if condition { … } else { … }',
    doc: 'The condition must be a boolean: `if n != 0`, not `if n`.',
};
const FOR: Keyword = {
    form: 'for x in list { … }',
    doc: 'Runs the block for every element of a list, or of `from..to`.',
};
/** The entries of `explore`. */
const EXPLORE = {
    crash: { form: 'crash luod, vmm', doc: 'A process is killed after each of its system calls.' },
    fail: { form: 'fail memfd.*, page_alloc', doc: 'Callbacks, allocations and replies fail, each once.' },
    errors: { form: 'errors EIO, ENOMEM', doc: 'The errors that a callback fails with. Default: EIO.' },
    kernels: { form: 'kernels "7.2", "7.3"', doc: 'Each `kexec_file_load` loads these kernels, too.' },
    profile: { form: 'profile crashes', doc: '`crashes`, `failures`, `orders`, `losses`, `flips` or `all`.' },
    orders: { form: 'orders', doc: 'Every order of concurrent processes.' },
    timers: { form: 'timers', doc: 'Every order of timers that are due at the same moment.' },
    delays: { form: 'delays', doc: 'Events of devices and guests are early or late.' },
    panic: { form: 'panic', doc: 'The kernel panics after each system call and in each callback.' },
    power_cut: { form: 'power_cut', doc: 'The machine loses its power after each system call and in each callback.' },
    flips: {
        form: 'flips luo_session_ser.*',
        doc: 'The lowest and the highest bit of each field of what is handed over flips.',
    },
    faults: { form: 'faults 2', doc: 'The most faults of a course. Default: 1.' },
    switches: { form: 'switches 3', doc: 'The most switches from a process that could continue. Default: any number.' },
} as const;

const INJECT: Keyword = {
    form: 'inject EIO into memfd.freeze after 2 times 3 in next kernel',
    doc: 'Makes a callback, an allocation or a `should_fail()` fail; `inject no` makes a `can_…` callback refuse.',
};
const BOOLEAN: Keyword = { form: 'true, false', doc: 'The two booleans.' };

/** By the node that a word belongs to. */
export const KEYWORDS: Readonly<Partial<Record<Kind, Words>>> = {
    import: {
        import: {
            form: 'import "nic.lus"',
            doc: 'Imports the declarations of a file in the same folder; `import <luod>` imports a program of the emulator.',
        },
    },
    const: {
        const: {
            form: 'const NAME = expression',
            doc: 'A constant: a number, a string or a boolean.',
        },
    },
    machine: {
        machine: { form: 'machine { memory 2GiB }', doc: 'The machine of the scenarios: memory, processors, devices.' },
    },
    scenario: {
        scenario: {
            form: 'scenario "what it shows" { … }',
            doc: 'A test that runs on its own machine.',
        },
        finds: {
            form: 'scenario "…" finds LU1023 { … }',
            doc: 'The scenario passes only if its root findings are exactly these.',
        },
        choosing: {
            form: 'scenario "…" choosing "schedule #7: luod" { … }',
            doc: 'The choices of its run that differ from the usual ones, as `lus explore` prints them.',
        },
        avoidable_until: {
            form: 'scenario "…" choosing "schedule #7: luod" avoidable_until "schedule #5" { … }',
            doc: 'The last choice at which the failure could still be avoided. The debugger sets a mark there.',
        },
        for: {
            form: 'scenario "…" for ram in [1GiB, 8GiB] { … }',
            doc: 'The scenario runs once for each value of its parameter.',
        },
        in: {
            form: 'scenario "…" for ram in [1GiB, 8GiB] { … }',
            doc: 'The values of the parameter: constants of one type.',
        },
    },
    struct: {
        struct: {
            form: 'struct Name { field: u64 }',
            doc: 'A structure in memory: packed, little-endian, in this order.',
        },
    },
    file: {
        file: { form: 'file nic at "/dev/nic0" { … }', doc: 'A file kind with fields and callbacks.' },
        at: { form: 'file nic at "/dev/nic0"', doc: 'The path of the device file, for `open`.' },
    },
    flb: {
        flb: {
            form: 'flb name "compatible" { … }',
            doc: 'File-lifecycle-bound state: exists from the first file that uses it to the last.',
        },
    },
    handler: {
        handler: {
            form: 'handler name "compatible" for kind { … }',
            doc: 'A file handler of LUO, with its callbacks.',
        },
        for: { form: 'handler … for kind', doc: 'The kind of file that the handler preserves.' },
        uses: { form: 'handler … uses flb, flb', doc: 'The FLBs that the files depend on.' },
    },
    kernel: {
        kernel: { form: 'kernel "name" from "7.2" { … }', doc: 'A kernel based on another one, with changes.' },
        from: { form: 'kernel "name" from "7.2"', doc: 'The base kernel.' },
    },
    init: {
        init: { form: 'init { … }', doc: 'Runs in the kernel during boot, after its handlers are registered.' },
    },
    fn: {
        fn: {
            form: 'fn name(a, b: string) { … }',
            doc: 'A function. The calls in it decide where it can be called: at scenario level, in processes or in the kernel.',
        },
        label: { form: 'fn name(a) label("freeze ", a) { … }', doc: 'The name of the function in the call stack.' },
    },
    boot: {
        boot: { form: 'boot "7.2"', doc: 'Switches the machine on and boots this kernel. Memory is empty.' },
        from: IMAGE,
        image: IMAGE,
        cmdline: { form: 'boot "7.2" cmdline "…"', doc: 'Appended to the command line of the kernel.' },
    },
    process: {
        process: {
            form: 'process luod, vmm[4]',
            doc: 'Starts processes; with a number, an array of them. A block after a single name runs in the process.',
        },
    },
    concurrently: {
        concurrently: {
            form: 'concurrently { luod { … } vmm { … } }',
            doc: 'Process blocks that run concurrently; the seed decides the schedule.',
        },
    },
    send: {
        send: { form: 'send vm1 to vmm', doc: 'Passes a descriptor to another process (SCM_RIGHTS).' },
        to: { form: 'send vm1 to vmm', doc: 'The receiving process.' },
        as: { form: 'send vm1 to vmm as session', doc: 'The variable of the receiver. Default: the same name.' },
    },
    exit: { exit: { form: 'exit', doc: 'Ends the process and closes its descriptors.' } },
    kill: {
        kill: { form: 'kill luod', doc: 'Sends SIGKILL, which takes effect when the process returns to user mode.' },
        after: { form: 'kill luod after 3', doc: 'After the process has returned from this number of system calls.' },
    },
    inject: {
        inject: INJECT,
        into: INJECT,
        no: INJECT,
        after: { form: 'inject EIO into memfd.preserve after 2', doc: 'The number of calls that succeed first.' },
        times: { form: 'inject EIO into memfd.preserve times 3', doc: 'The number of calls that fail. Default: 1.' },
        in: { form: 'inject … in next kernel', doc: 'Takes effect in the kernel after the next kexec.' },
        next: { form: 'inject … in next kernel', doc: 'Takes effect in the kernel after the next kexec.' },
        kernel: { form: 'inject … in next kernel', doc: 'Takes effect in the kernel after the next kexec.' },
    },
    at: {
        at: {
            form: 'at handover { … }',
            doc: 'Runs after the last freeze and before the jump, when the kexec can no longer fail.',
        },
        always: {
            form: 'always { assert … }',
            doc: 'Must hold whenever a system call or a callback begins or ends.',
        },
        finally: {
            form: 'finally { … }',
            doc: 'Runs at every end of the scenario, also after a fault of an exploration that the scenario cannot go on after.',
        },
        handover: {
            form: 'at handover { … }',
            doc: 'Runs after the last freeze and before the jump, when the kexec can no longer fail.',
        },
    },
    explore: {
        explore: {
            form: 'explore { crash luod; fail memfd.*; orders; faults 2 }',
            doc: 'What `lus explore` tries with this scenario; with a name, `explore nightly { … }`, what it tries with `--profile nightly`.',
        },
        ...EXPLORE,
    },
    corrupt: {
        corrupt: { form: 'corrupt x.field xor 0x01', doc: 'Flips bits of a field in memory.' },
        xor: { form: 'corrupt x.field xor 0x01', doc: 'The bits to flip.' },
    },
    assert: {
        assert: {
            form: 'assert condition, "message"',
            doc: 'Stops the scenario if the condition is false, and shows both sides of a comparison.',
        },
    },
    if: { if: IF, else: IF },
    while: {
        while: { form: 'while condition { … }', doc: 'Repeats the block while the condition, a boolean, is true.' },
    },
    for: { for: FOR, in: FOR },
    return: { return: { form: 'return value', doc: 'Returns from the function or callback; `return -EIO` fails.' } },
    break: { break: { form: 'break', doc: 'Leaves the innermost loop.' } },
    continue: { continue: { form: 'continue', doc: 'Continues with the next iteration of the innermost loop.' } },
    undo: {
        undo: {
            form: 'undo { … }',
            doc: 'Runs if the callback or function fails later. The newest `undo` block runs first.',
        },
    },
    sleep: { sleep: { form: 'sleep 50ms', doc: 'Lets virtual time pass.' } },
    cost: { cost: { form: 'cost copy 200us', doc: 'Sets the time that an operation takes from here on.' } },
    fails: { fails: FAILS },
    may: { may: MAY, fail: MAY },
    panics: { panics: PANICS },
    oopses: { oopses: OOPSES },
    try: {
        try: {
            form: 'r = try call',
            doc: '`r` is the result of the call (0 if it has none), or the negative error number.',
        },
    },
    new: { new: { form: 'new nic(queues: 2)', doc: 'Creates a file of a declared kind.' } },
    call: {
        with: {
            form: 'call(…) with readonly_reply',
            doc: 'The reply goes to memory that the process may read but not write, and faults. `with stalled_reply`, it takes 1 s.',
        },
    },
    bool: { true: BOOLEAN, false: BOOLEAN },
};

/** A keyword at its place. */
export interface KeywordAt extends Keyword {
    readonly word: string;
    readonly span: Span;
    /** Of the node that it belongs to. */
    readonly of: Kind;
}

/** @param place the innermost node at the offset; undefined between declarations */
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
        if ('kind' in node && words && Object.hasOwn(words, word)) {
            const keyword = words[word];
            return keyword && { ...keyword, word, span, of: node.kind };
        }
    }
    return undefined;
}

/** The word around an offset. */
function wordAt(text: string, offset: number): Span | undefined {
    const before = /[A-Za-z_0-9]*$/.exec(text.slice(Math.max(0, offset - 64), offset))?.[0].length ?? 0;
    const behind = /^[A-Za-z_0-9]*/.exec(text.slice(offset, offset + 64))?.[0].length ?? 0;
    return before + behind === 0 ? undefined : { start: offset - before, end: offset + behind };
}
