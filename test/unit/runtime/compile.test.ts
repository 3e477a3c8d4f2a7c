/**
 * What the compiler makes of every kind of statement and expression, as `lus dump` prints it, and what holds of all
 * code that ships.
 */
import assert from 'node:assert/strict';
import type { Program } from '../../../emulator/language/program';
import type { Expr, Stmt } from '../../../emulator/language/syntax/ast';
import { LineMap } from '../../../emulator/language/syntax/positions';
import { DESCRIPTIONS } from '../../../emulator/kernel/release/descriptions';
import { codedIn, formOf } from '../../../emulator/runtime/compile/forms';
import type { CodeForm, Expression, Operation } from '../../../emulator/runtime/form/form';
import { printForm } from '../../../emulator/runtime/form/print';
import { targetsOf } from '../../../emulator/runtime/form/targets';
import { errorsOf } from '../../../emulator/run/load-program';
import { standardLibrary } from '../../../emulator/runtime/standard-library';
import { examples, programOf } from '../../support/programs';

/** Where the code of a case stands. */
type Place = 'scenario' | 'process' | 'kernel';

interface Case {
    readonly in: Place;
    readonly code: string;
    /** Its operations in order, and labels before those that are jumped to. */
    readonly made: readonly string[];
}

const KINDS = `
struct State { magic: u32; count: u64; ring: phys }
file f at "/dev/f" { n: u32 = 1 }
handler h "f-v1" for f {
    can_preserve(file) { return file.kind == f }
    preserve(args) { args.serialized_data = 1 }
    unpreserve(args) { }
    retrieve(args) { args.file = new f(n: 2) }
    finish(args) { }
}
kernel "k" from "7.2" { handlers + h }
machine { device nic0 at "0000:3b:00.0" { kind nic }; memory 2GiB }
fn twice(x) { return x + x }
const LIMIT = 3`;

const AROUND: Readonly<Record<Place, readonly [before: string, after: string, name: string]>> = {
    scenario: [`${KINDS}\nscenario "s" {\n    boot "k"; process p, q\n`, '\n}\n', 'scenario "s"'],
    process: [`${KINDS}\nscenario "s" {\n    boot "k"; process q; process p {\n`, '\n}}\n', 'scenario "s"'],
    kernel: [`${KINDS}\nfn it(a, args: luo_args, s: State) {\n`, '\n}\n', 'it'],
};

/** The operations of the lines of a case. */
function made({ in: place, code }: Case): string[] {
    const [before, after, name] = AROUND[place];
    const text = `${before}${code}${after}`;
    const program = programOf(text);
    assert.deepEqual(
        errorsOf(program).map((d) => d.message),
        [],
        code,
    );
    const form = codedIn(program, 'test.lus')
        .map((decl) => formOf(program, decl))
        .find((f) => f.name === name);
    assert.ok(form);
    const first = before.split('\n').length;
    const last = first + code.split('\n').length - 1;
    const lines = printForm(form, new LineMap(text), 'test.lus').split('\n');
    const lineOf = (l: string): number => Number(/^ *(\d+) \|/.exec(l)?.[1] ?? Number.NaN);
    let line = 0;
    return lines
        .filter((l) => {
            line = Number.isNaN(lineOf(l)) ? line : lineOf(l);
            return line >= first && line <= last;
        })
        .filter((l) => Number.isNaN(lineOf(l)))
        .map((l) =>
            l
                .trim()
                .replace(/^\d+ +/, '')
                .replace(/ +/g, ' '),
        )
        .filter((l) => l !== '');
}

const STATEMENTS: Readonly<Record<Stmt['kind'], Case>> = {
    boot: {
        in: 'scenario',
        code: `boot "k" cmdline "quiet"`,
        made: ['boot "k" cmdline "quiet"', 'nothing', 'end'],
    },
    process: {
        in: 'scenario',
        code: `process a, b`,
        made: ['start a, b', 'end'],
    },
    in: {
        in: 'scenario',
        code: `p { n = 1 }`,
        made: ['enter p; then to L1', 'store p.n = 1', 'end', 'L1:', 'end'],
    },
    concurrently: {
        in: 'scenario',
        code: `concurrently { p { n = 1 } process c { m = 2 } }`,
        made: [
            'concurrently p at L1, start c at L2; then to L3',
            'L1:',
            'nothing',
            'store p.n = 1',
            'end',
            'L2:',
            'nothing',
            'store c.m = 2',
            'end',
            'L3:',
            'end',
        ],
    },
    assign: {
        in: 'kernel',
        code: `a += 2; s.count = a; args.file = none`,
        made: ['set a = a + 2', 'store s.count = a', 'store args.file = none', 'end 0'],
    },
    expr: {
        in: 'process',
        code: `memfd_create("x") fails EMFILE, ENOMEM`,
        made: ['native %0 = memfd_create("x", 0, none, none); fails EMFILE, ENOMEM to L1', 'L1:'],
    },
    send: {
        in: 'process',
        code: `m = memfd_create("x"); send m to q as ram may fail EMFILE`,
        made: [
            'native %0 = memfd_create("x", 0, none, none)',
            'store p.m = %0',
            'send p.m to q as ram; may fail EMFILE to L1',
            'L1:',
        ],
    },
    exit: {
        in: 'process',
        code: `exit`,
        made: ['exit', 'exited'],
    },
    kill: {
        in: 'scenario',
        code: `kill p after 3; kill q`,
        made: ['kill-later p after 3', 'kill q', 'reap q', 'end'],
    },
    inject: {
        in: 'scenario',
        code: `inject EIO into h.preserve after 1 times 2 in next kernel; inject no into h.can_preserve`,
        made: ['inject EIO into h.preserve after 1 times 2 in next kernel', 'inject no into h.can_preserve', 'end'],
    },
    at: {
        in: 'scenario',
        code: `at handover { log("now") }`,
        made: ['at handover; to L1', 'native %0 = log(["now"])', 'end', 'L1:', 'end'],
    },
    explore: { in: 'scenario', code: `log("now")\nexplore { orders }`, made: ['native %0 = log(["now"])', 'end'] },
    corrupt: {
        in: 'scenario',
        code: `at handover { corrupt handed_over("a").count xor 1 }`,
        made: [
            'at handover; to L1',
            'corrupt handed_over("a").count = handed_over("a").count ^ 1',
            'end',
            'L1:',
            'end',
        ],
    },
    assert: {
        in: 'scenario',
        code: `n = 1; assert n == 1, "one"; assert n < 2 || kernel.logged("x"); assert n > 0 && n != 7`,
        made: [
            'set n = 1',
            'assert n == 1, "one"',
            'assert n < 2 || kernel.logged("x")',
            'assert n > 0',
            'assert n != 7',
            'end',
        ],
    },
    if: {
        in: 'kernel',
        code: `if a == 1 { a = 2 } else if a == 3 { a = 4 } else { a = 5 }`,
        made: [
            'branch a == 1; else to L1',
            'set a = 2',
            'jump to L3',
            'L1:',
            'branch a == 3; else to L2',
            'set a = 4',
            'jump to L3',
            'L2:',
            'set a = 5',
            'L3:',
            'end 0',
        ],
    },
    while: {
        in: 'kernel',
        code: `while a < 3 { a += 1 }`,
        made: ['nothing', 'L1:', 'branch a < 3; else to L2', 'set a = a + 1', 'jump to L1', 'L2:', 'end 0'],
    },
    for: {
        in: 'kernel',
        code: `for i in 0..a { log(i) }
for x in [1, 2] { log(x) }`,
        made: [
            'range %5 = 0 - 1, %6 = a; to L2',
            'L1:',
            'native %7 = log([i])',
            'L2:',
            'next-number i = ++%5 below %6 to L1; else to L3',
            'L3:',
            'each %8 = -1, %9 = [1, 2]; to L5',
            'L4:',
            'native %10 = log([x])',
            'L5:',
            'next-element x = %9[++%8] to L4; else to L6',
            'L6:',
            'end 0',
        ],
    },
    return: {
        in: 'kernel',
        code: `if a == 0 { return -EIO }; return`,
        made: ['branch a == 0; else to L1', 'return -5', 'L1:', 'return 0', 'end 0'],
    },
    break: {
        in: 'kernel',
        code: `while true { break }`,
        made: ['nothing', 'L1:', 'branch true; else to L2', 'jump to L2', 'jump to L1', 'L2:', 'end 0'],
    },
    continue: {
        in: 'kernel',
        code: `while true { continue }`,
        made: ['nothing', 'L1:', 'branch true; else to L3', 'jump to L2', 'L2:', 'jump to L1', 'L3:', 'end 0'],
    },
    undo: {
        in: 'kernel',
        code: `for i in 0..a { m = i; undo { log(m) } }`,
        made: [
            'range %5 = 0 - 1, %6 = a; to L2',
            'L1:',
            'set m = i',
            'undo keeps i, m; to L2',
            'native %7 = log([m])',
            'undone',
            'L2:',
            'next-number i = ++%5 below %6 to L1; else to L3',
            'L3:',
            'end 0',
        ],
    },
    sleep: {
        in: 'scenario',
        code: `sleep 3ms`,
        made: ['wake-at %0 = now + 3000000', 'sleep until %0', 'end'],
    },
    cost: {
        in: 'scenario',
        code: `cost copy 200us`,
        made: ['cost copy 200000', 'end'],
    },
};

const EXPRESSIONS: Readonly<Record<Exclude<Expr['kind'], 'error' | 'range'>, Case>> = {
    int: {
        in: 'kernel',
        code: `x = 64KiB; x = 0xffff_ffff_ffff_ffff`,
        made: ['set x = 65536', 'set x = 18446744073709551615', 'end 0'],
    },
    string: {
        in: 'kernel',
        code: `x = "a b"`,
        made: ['set x = "a b"', 'end 0'],
    },
    bool: {
        in: 'kernel',
        code: `x = true`,
        made: ['set x = true', 'end 0'],
    },
    name: {
        in: 'scenario',
        code: `p { n = 1 }; u = LIMIT; v = p; w = nic0; x = none; y = p.n`,
        made: [
            'enter p; then to L1',
            'store p.n = 1',
            'end',
            'L1:',
            'set u = 3',
            'set v = p',
            'set w = nic0',
            'set x = none',
            'set y = p.n',
            'end',
        ],
    },
    member: {
        in: 'kernel',
        code: `x = args.serialized_data; y = s.ring; z = a.whatever`,
        made: ['set x = args.serialized_data', 'set y = s.ring', 'set z = a.whatever', 'end 0'],
    },
    index: {
        in: 'kernel',
        code: `x = a[1]`,
        made: ['set x = a[1]', 'end 0'],
    },
    call: {
        in: 'process',
        code: `m = memfd_create("x", flags: MFD_CLOEXEC)
log(m, m.size)
x = twice(twice(1))
reboot(KEXEC) fails EINVAL
lu = open("/dev/liveupdate").create_session("s") panics "no"
lu.finish() oopses`,
        made: [
            'native %0 = memfd_create("x", 1, none, none)',
            'store p.m = %0',
            'native %1 = log([p.m, p.m.size])',
            'call %3 = twice(1)',
            'result %3',
            'call %2 = twice(%3)',
            'result %2',
            'store p.x = %2',
            'kernel %4 = sys_reboot(KEXEC); fails EINVAL to L1',
            'result %4; fails EINVAL to L1',
            'L1:',
            'expect-panic "no"',
            'kernel %5 = sys_open("/dev/liveupdate", 2)',
            'result %5',
            'kernel %6 = sys_create_session(%5, "s", false); panics',
            'result %6; panics',
            'store p.lu = %6',
            'expect-oops ""',
            'kernel %7 = sys_finish(p.lu, false); oopses',
            'result %7; oopses',
        ],
    },
    unary: {
        in: 'kernel',
        code: `x = -a; y = ~a; z = !(a == 1)`,
        made: ['set x = -a', 'set y = ~a', 'set z = !(a == 1)', 'end 0'],
    },
    binary: {
        in: 'kernel',
        code: `x = a * 2 + 1; y = a == 1 && args.file == none; z = a == 1 || twice(a) == 2`,
        made: [
            'set x = (a * 2) + 1',
            'set y = (a == 1) && (args.file == none)',
            'decide %6 = a == 1; true to L1',
            'call %7 = twice(a)',
            'result %7',
            'decided %6 = %7 == 2',
            'L1:',
            'set z = %6',
            'end 0',
        ],
    },
    try: {
        in: 'process',
        code: `r = try open("/dev/f")`,
        made: ['kernel %0 = sys_open("/dev/f", 2); try', 'result %0; try', 'store p.r = %0'],
    },
    list: {
        in: 'kernel',
        code: `x = [1, a, twice(a)]`,
        made: ['set %4 = a', 'call %5 = twice(a)', 'result %5', 'set x = [1, %4, %5]', 'end 0'],
    },
    new: {
        in: 'kernel',
        code: `x = new f(n: 3)`,
        made: ['set x = new f(n: 3)', 'end 0'],
    },
};

/** What calls and other statements come to that the cases above do not have. */
const CALLS: readonly Case[] = [
    {
        in: 'scenario',
        // the block is compiled before all statements, and run by an operation after them
        code: `finally { log("now") }\nlog("then")`,
        made: ['native %0 = log(["now"])', 'end', 'L1:', 'native %1 = log(["then"])', 'finally', 'end'],
    },
    {
        in: 'kernel',
        code: `a.whatever(1, offset: 2); h.preserve(args); s.magic`,
        made: [
            'set %4 = a',
            'method %3 = %4.whatever(1, offset: 2)',
            'result %3',
            'callback %5 = h.preserve(args)',
            'result %5',
            'evaluate s.magic',
            'end 0',
        ],
    },
];

/** Every kind of operation there is: the cases must have it. */
const OPERATIONS: Readonly<Record<Operation['op'], true>> = {
    set: true,
    finally: true,
    evaluate: true,
    store: true,
    decide: true,
    decided: true,
    nothing: true,
    jump: true,
    branch: true,
    range: true,
    each: true,
    'next-number': true,
    'next-element': true,
    return: true,
    end: true,
    undo: true,
    undone: true,
    assert: true,
    call: true,
    native: true,
    kernel: true,
    callback: true,
    method: true,
    result: true,
    'expect-panic': true,
    'expect-oops': true,
    start: true,
    enter: true,
    concurrently: true,
    exit: true,
    exited: true,
    kill: true,
    reap: true,
    'kill-later': true,
    send: true,
    boot: true,
    inject: true,
    at: true,
    corrupt: true,
    cost: true,
    'wake-at': true,
    sleep: true,
};

function cases(): [string, Case][] {
    return [
        ...Object.entries(STATEMENTS).map(([k, c]): [string, Case] => [`statement ${k}`, c]),
        ...Object.entries(EXPRESSIONS).map(([k, c]): [string, Case] => [`expression ${k}`, c]),
        ...CALLS.map((c, i): [string, Case] => [`call ${i + 1}`, c]),
    ];
}

/** All programs that ship: examples, and the kernel code of every release. */
function shipped(): Program[] {
    return [...examples().values(), ...[...DESCRIPTIONS.values()].map((d) => standardLibrary(d.library))];
}

function formsOf(program: Program): CodeForm[] {
    return [...program.files.keys()].flatMap((uri) => codedIn(program, uri).map((decl) => formOf(program, decl)));
}

/** The statements of a tree, whatever they stand in. */
function* statementsIn(node: unknown): Generator<string> {
    if (typeof node !== 'object' || node === null) {
        return;
    }
    if ('kind' in node && node.kind === 'block' && 'statements' in node && Array.isArray(node.statements)) {
        for (const s of node.statements as unknown[]) {
            if (typeof s === 'object' && s !== null && 'kind' in s) {
                yield String(s.kind);
            }
        }
    }
    for (const child of Object.values(node)) {
        yield* statementsIn(child);
    }
}

suite('the compiler', () => {
    for (const [name, c] of cases()) {
        test(name, () => assert.deepEqual(made(c), c.made));
    }

    test('every kind of statement that ships has a case, and every kind of operation is in one', () => {
        const written = new Set(
            shipped().flatMap((p) => [...p.files.values()].flatMap((f) => [...statementsIn(f.items)])),
        );
        assert.deepEqual(
            [...written].filter((kind) => !(kind in STATEMENTS)),
            [],
        );
        const seen = new Set(cases().flatMap(([, c]) => c.made.map((l) => l.replace(/[ ].*/, ''))));
        assert.deepEqual(
            Object.keys(OPERATIONS).filter((op) => !seen.has(op)),
            [],
        );
    });

    test('all code that ships: operations go on inside of it, and have their values in its frame', () => {
        let operations = 0;
        for (const form of shipped().flatMap(formsOf)) {
            const { length } = form.operations;
            operations += length;
            assert.equal(form.statementAt.length, length);
            assert.equal(form.begins.length, length);
            assert.equal(form.operations.at(-1)?.op, 'end', `${form.name} ends`);
            for (const o of form.operations) {
                for (const target of targetsOf(o)) {
                    assert.ok(target >= 0 && target < length, `${form.name}: ${o.op} to ${target}`);
                }
                for (const slot of slotsIn(o)) {
                    assert.ok(slot >= 0 && slot < form.slots, `${form.name}: ${o.op} has slot ${slot}`);
                }
            }
        }
        assert.ok(operations > 5000, `${operations} operations`);
    });

    test('a form is data: what JSON keeps of it prints the same', () => {
        for (const form of shipped().flatMap(formsOf)) {
            const lines = new LineMap('');
            // no number of JSON is as large as the largest of the language
            const text = JSON.stringify(form, (_key, v: unknown) =>
                typeof v === 'bigint' ? { bigint: String(v) } : v,
            );
            const copy: CodeForm = JSON.parse(text, (_key, v: unknown) =>
                typeof v === 'object' && v !== null && 'bigint' in v ? BigInt(String(v.bigint)) : v,
            );
            assert.equal(printForm(copy, lines, form.uri), printForm(form, lines, form.uri));
        }
    });

    test('a program is compiled once for all of its runs', () => {
        const program = programOf('scenario "s" { boot "7.2" }');
        const [decl] = codedIn(program, 'test.lus');
        assert.ok(decl);
        assert.equal(formOf(program, decl), formOf(program, decl));
    });
});

/** The slots that an operation and its expressions name. */
function slotsIn(node: Operation | Expression | object): number[] {
    return Object.entries(node).flatMap(([key, value]: [string, unknown]): number[] => {
        if (typeof value === 'number') {
            return SLOT_KEYS.has(key) ? [value] : [];
        }
        if (key === 'captured' && Array.isArray(value)) {
            return value as number[];
        }
        return typeof value === 'object' && value !== null ? slotsIn(value) : [];
    });
}

const SLOT_KEYS = new Set(['slot', 'receiver', 'list', 'last', 'variable']);
