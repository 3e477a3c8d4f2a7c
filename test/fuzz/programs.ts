/** Programs made by a grammar, around a live update of a kernel with a handler of its own. */
import * as fc from 'fast-check';
import { DESCRIPTIONS } from '../../emulator/kernel/release/descriptions';
import { BEGINNING, callbackCode, processCode } from './grammar';
import { absurdNumber } from './inputs';
import { attemptSource } from './source-oracle';
import { target } from './target';

const HEAD = `struct Pair { a: u32; b: bytes[16]; c: phys }
file gadget at "/dev/gadget0" { id: u64 = 3 }
flb shared "shared-v1" {
    preserve(args)   { core = kho.alloc_preserve(Pair); args.data = phys(core); args.obj = core }
    unpreserve(args) { kho.unpreserve_free(args.obj) }
    retrieve(args)   { args.obj = at(Pair, args.data) }
    finish(args)     { kho.restore_free(args.obj) }
}
`;

const FILES = `lu = open("/dev/liveupdate"); s = lu.create_session("vm-1")
ram = memfd_create("ram"); ram.truncate(2MiB); dev = open("/dev/gadget0")`;

interface Parts {
    readonly machine: string;
    readonly cmdline: string;
    readonly kernel: string;
    readonly next: string;
    readonly preserve: string;
    readonly retrieve: string;
    readonly one: string;
    readonly two: string;
    readonly together: boolean;
    readonly before: string;
    readonly after: string;
    readonly last: string;
}

const setting = fc.oneof(
    absurdNumber.map((n) => `memory ${n}`),
    fc.tuple(absurdNumber, absurdNumber).map(([a, b]) => `map ${a} .. ${b}`),
    absurdNumber.map((n) => `cpus ${n}`),
    fc.constantFrom(
        'arch arm64',
        'page 64KiB',
        'page 16KiB',
        'iommu vtd',
        'iommu amd',
        'iommu smmuv3',
        'firmware none',
    ),
    fc.constantFrom('memory 2GiB', 'memory 1GiB node 1', 'memory 512MiB', 'memory 64TiB', 'cpus 8192'),
);

/** Statements outside of a process. */
const outside = fc
    .array(
        fc.oneof(
            fc.tuple(fc.constantFrom('one', 'two'), fc.nat(9)).map(([p, n]) => `kill ${p} after ${n}`),
            fc.constantFrom(
                'compact_memory()',
                'fill_memory(leave: 64MiB)',
                'empty_memory()',
                'sleep 1s',
                'log(kernel.name)',
            ),
            fc
                .constantFrom(
                    '"shared.preserve"',
                    '"made_handler.preserve"',
                    '"memfd.freeze"',
                    'page_alloc',
                    'copy_to_user',
                )
                .map((p) => `inject EIO into ${p}`),
            fc.constantFrom('always { assert kho.enabled || true }', 'finally { log(kernel.boot) }', 'crash("made")'),
        ),
        { maxLength: 3 },
    )
    .map((all) => all.join('\n'));

function textOf(p: Parts): string {
    const process = (name: string, body: string): string => `${name} {\n${BEGINNING}\n${FILES}\n${body}\n}`;
    const both = p.together
        ? `concurrently {\n${process('one', p.one)}\n${process('two', p.two.replaceAll('"vm-1"', '"vm-2"'))}\n}`
        : process('one', p.one);
    return `${HEAD}
machine { ${p.machine} }
handler made_handler "made-v1" for gadget uses shared {
    can_preserve(file) { return file.kind == gadget }
    preserve(args) {
${p.preserve}
args.serialized_data = 1
}
    unpreserve(args) { }
    retrieve(args) {
${p.retrieve}
args.file = new gadget(id: 4)
}
    finish(args) { }
}
kernel "made" from "${p.kernel}" { handlers + made_handler; cmdline "${p.cmdline}" }
kernel "next" from "${p.next}" { handlers + made_handler }
scenario "made" {
boot "made"
process one, two
${p.before}
${both}
process agent
agent {
${BEGINNING}
lu = open("/dev/liveupdate"); s = lu.create_session("agent"); ram = memfd_create("ram"); dev = open("/dev/gadget0")
a = try s.preserve_fd(ram, token: 1); a = try s.preserve_fd(dev, token: 2)
kexec_file_load("next"); reboot(KEXEC)
}
${p.after}
process agent
agent {
${BEGINNING}
lu = open("/dev/liveupdate"); s = lu.retrieve_session("agent"); ram = s.retrieve_fd(token: 1); dev = s.retrieve_fd(token: 2)
${p.last}
}
}
`;
}

const made: fc.Arbitrary<Parts> = fc.record({
    machine: fc.oneof(
        { arbitrary: fc.constant('memory 2GiB'), weight: 5 },
        fc.array(setting, { maxLength: 3 }).map((all) => all.join('; ')),
    ),
    cmdline: fc.oneof(
        { arbitrary: fc.constant(''), weight: 3 },
        fc.constantFrom(
            'kho=off',
            'liveupdate=off',
            'kho_scratch=16M,8M,4M',
            'mem=1G',
            'hugepages=4',
            'panic_on_warn=1',
        ),
    ),
    kernel: fc.constantFrom(...DESCRIPTIONS.keys()),
    next: fc.constantFrom(...DESCRIPTIONS.keys()),
    preserve: callbackCode,
    retrieve: callbackCode,
    one: processCode,
    two: processCode,
    together: fc.boolean(),
    before: outside,
    after: outside,
    last: processCode,
});

export const programs = target<Parts>({
    name: 'programs',
    what: 'programs made by a grammar',
    few: 60,
    inputs: made,
    attempt: (input) => attemptSource(textOf(input)),
    shown: textOf,
});
