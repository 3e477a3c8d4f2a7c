/**
 * Code of processes and of callbacks, made at random and mostly without errors of types: statements, and calls of every
 * native that a process can call.
 */
import * as fc from 'fast-check';
import { NATIVES } from '../../emulator/diagnosis/natives';
import type { FunctionShape, NativeParam } from '../../emulator/language/natives';
import type { Type } from '../../emulator/language/types';
import { ERRNO } from '../../emulator/kernel/release/errno';
import { ABSURD_NUMBERS } from './inputs';

/** The kinds of values that expressions are made for. */
type Kind = 'int' | 'string' | 'bytes' | 'bool' | 'fd' | 'list';
const KINDS: readonly Kind[] = ['int', 'string', 'bytes', 'bool', 'fd', 'list'];

/** Variables by what they hold; the code before them gives each a value. */
const VARIABLES: Readonly<Record<Kind, readonly string[]>> = {
    int: ['a', 'b', 'c'],
    string: ['t'],
    bytes: ['data'],
    bool: ['ok'],
    fd: ['lu', 's', 'ram', 'dev'],
    list: ['all'],
};

/** The values that variables begin with. */
export const BEGINNING = 'a = 1; b = 4096; c = 0; t = "x"; data = zeros(16); ok = true; all = [1, 2]';

const error = fc.constantFrom(...Object.keys(ERRNO));
/** Those that are integers of 64 bits. */
const INTEGERS = ABSURD_NUMBERS.filter((n) => n !== '1e308' && !n.startsWith('1_0000_') && n !== '16384TiB');

const LITERALS: Readonly<Record<Kind, readonly string[]>> = {
    int: [...INTEGERS, '2', '3', '7', '4096', '2MiB', '1GiB', '10us', 'PAGE_SIZE', 'KEXEC', 'MFD_HUGETLB', 'O_RDWR'],
    string: [
        '""',
        '"x"',
        '"vm-1"',
        '"/dev/liveupdate"',
        '"/dev/gadget0"',
        '"7.2"',
        '"7.3"',
        '"made"',
        '"\\xff"',
        '"\\x1b[2J"',
    ],
    bytes: ['zeros(0)', 'zeros(2GiB)', 'pattern(7, 3MiB)', 'pattern(1, 5, 3)', 'bytes("ab")', 'bytes(1, "c")'],
    bool: ['true', 'false'],
    fd: ['descriptor(-1)', 'descriptor(3)', 'descriptor(100000)'],
    list: ['[7]', '[1, 2, 3]'],
};

function kindOf(type: Type): Kind | undefined {
    return type.k === 'phys' ? 'int' : KINDS.find((k) => k === type.k);
}

const callable = (f: FunctionShape): boolean => f.context === 'user' || f.context === 'any';
const made = (p: NativeParam): boolean => p.type.k === 'any' || kindOf(p.type) !== undefined;
/** Calls that code of processes can make with values of these kinds. */
const FUNCTIONS = [...NATIVES.functions.values()].filter(
    (f) => callable(f) && f.params.every(made) && !f.params.some((p) => p.name === 'type'),
);
const METHODS = [...NATIVES.fd.methods.values()].filter((f) => callable(f) && f.params.every(made));
const FIELDS = [...NATIVES.fd.fields.values()];

type Grammar = { readonly [K in Kind]: string } & { readonly statement: string; readonly block: string };
type Tie = <K extends keyof Grammar>(key: K) => fc.Arbitrary<Grammar[K]>;

function argument(tie: Tie, param: NativeParam): fc.Arbitrary<string> {
    const kind = kindOf(param.type);
    return kind ? tie(kind) : fc.oneof(...KINDS.map((k) => tie(k)));
}

function argumentsOf(tie: Tie, { params }: FunctionShape): fc.Arbitrary<string> {
    const required = params.filter((p) => p.default === undefined);
    return fc.tuple(fc.tuple(...params.map((p) => argument(tie, p))), fc.nat(params.length)).map(([values, more]) =>
        values
            .slice(0, Math.max(required.length, more))
            .map((value, i) => (i === 0 || params[i]?.rest === true ? value : `${params[i]?.name ?? ''}: ${value}`))
            .join(', '),
    );
}

const variable = (kind: Kind): fc.Arbitrary<string> => fc.constantFrom(...VARIABLES[kind]);

const callOf = (tie: Tie): fc.Arbitrary<readonly [FunctionShape, string]> =>
    fc.oneof(
        fc
            .constantFrom(...FUNCTIONS)
            .chain((f) => argumentsOf(tie, f).map((args) => [f, `${f.name}(${args})`] as const)),
        fc
            .tuple(variable('fd'), fc.constantFrom(...METHODS))
            .chain(([object, f]) => argumentsOf(tie, f).map((args) => [f, `${object}.${f.name}(${args})`] as const)),
    );

/** A call as a statement: its result goes to a variable of its kind, its error to one for integers. */
const callStatement = (tie: Tie): fc.Arbitrary<string> =>
    fc.tuple(callOf(tie), fc.nat(9), error, fc.nat(9)).map(([[f, call], how, errno, which]) => {
        const kind = kindOf(f.result);
        const names = kind ? VARIABLES[kind] : [];
        const name = names[which % names.length];
        const to = name === undefined ? '' : `${name} = `;
        if (!f.fails) {
            return `${to}${call}`;
        }
        switch (how) {
            case 0:
                return `${call} fails ${errno}`;
            case 1:
                return `${to}${call} may fail ${errno}`;
            case 2:
                return `${call} panics`;
            case 3:
                return `${to}${call}`;
            default:
                return kind === 'int' || kind === 'fd' || f.result.k === 'none' ? `a = try ${call}` : `${to}${call}`;
        }
    });

const simple = (kind: Kind): fc.Arbitrary<string> =>
    fc.oneof({ arbitrary: variable(kind), weight: 3 }, fc.constantFrom(...LITERALS[kind]));

const { block } = fc.letrec<Grammar>((tie) => ({
    int: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        simple('int'),
        fc
            .tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%', '<<', '>>', '&', '|', '^'), tie('int'))
            .map(([l, op, r]) => `(${l} ${op} ${r})`),
        fc.tuple(fc.constantFrom('-', '~'), tie('int')).map(([op, e]) => `${op}${e}`),
        fc
            .tuple(
                variable('fd'),
                fc.constantFrom(...FIELDS.filter((f) => kindOf(f.type) === 'int').map((f) => f.name)),
            )
            .map(([v, f]) => `${v}.${f}`),
        fc.tuple(tie('list'), tie('int')).map(([l, i]) => `${l}[${i}]`),
        fc.oneof(tie('bytes'), tie('list')).map((e) => `${e}.length`),
    ),
    string: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        simple('string'),
        fc.tuple(tie('string'), tie('string')).map(([l, r]) => `(${l} + ${r})`),
        fc.tuple(tie('int'), tie('string')).map(([l, r]) => `str(${l}, ${r})`),
        tie('bytes').map((b) => `text_of(${b})`),
    ),
    bytes: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        simple('bytes'),
        fc.tuple(tie('int'), tie('int')).map(([s, n]) => `pattern(${s}, ${n})`),
        tie('int').map((n) => `zeros(${n})`),
        fc.tuple(tie('bytes'), tie('bytes')).map(([l, r]) => `(${l} + ${r})`),
    ),
    bool: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        simple('bool'),
        fc
            .tuple(tie('int'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('int'))
            .map(([l, op, r]) => `(${l} ${op} ${r})`),
        fc.tuple(tie('bytes'), tie('bytes')).map(([l, r]) => `(${l} == ${r})`),
        fc.tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool')).map(([l, op, r]) => `(${l} ${op} ${r})`),
        tie('bool').map((e) => `!${e}`),
    ),
    fd: simple('fd'),
    list: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        simple('list'),
        fc.array(tie('int'), { minLength: 1, maxLength: 3 }).map((all) => `[${all.join(', ')}]`),
    ),
    statement: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        { arbitrary: callStatement(tie), weight: 10 },
        { arbitrary: fc.tuple(variable('int'), tie('int')).map(([v, e]) => `${v} = ${e}`), weight: 2 },
        fc.tuple(variable('string'), tie('string')).map(([v, e]) => `${v} = ${e}`),
        fc.tuple(variable('bytes'), tie('bytes')).map(([v, e]) => `${v} = ${e}`),
        fc.tuple(variable('list'), tie('list')).map(([v, e]) => `${v} = ${e}`),
        fc
            .tuple(variable('int'), fc.constantFrom('+=', '-=', '*=', '/=', '%=', '<<=', '|='), tie('int'))
            .map((all) => all.join(' ')),
        tie('bool').map((e) => `assert ${e} || true`),
        fc.oneof(tie('int'), tie('string'), tie('bytes'), tie('list')).map((e) => `log(${e})`),
        fc.tuple(tie('bool'), tie('block'), tie('block')).map(([e, x, y]) => `if ${e} {\n${x}\n} else {\n${y}\n}`),
        fc.tuple(tie('bool'), tie('block')).map(([e, b]) => `while ${e} {\n${b}\n}`),
        fc.tuple(tie('int'), tie('int'), tie('block')).map(([l, r, b]) => `for i in ${l}..${r} {\n${b}\n}`),
        fc.tuple(tie('list'), tie('block')).map(([l, b]) => `for i in ${l} {\n${b}\n}`),
        fc.constantFrom('10us', '1', '0', '3s', '100_000s').map((e) => `sleep ${e}`),
        fc.constant('exit'),
    ),
    block: fc.array(tie('statement'), { maxLength: 6 }).map((all) => all.join('\n')),
}));

/** Statements of a process, in which {@link VARIABLES} have values. */
export const processCode: fc.Arbitrary<string> = block;

const size = fc.constantFrom(...INTEGERS, '2', '9', '4096');

/** A statement of a callback in a kernel. */
const kernelStatement = fc.oneof(
    size.map(
        (n) =>
            `f = alloc_folio(order: ${n}); kho.preserve_folio(f); if f.order > 3 { kho.unpreserve_folio(f); put_folio(f) }`,
    ),
    size.map((n) => `v = vcalloc(Pair, ${n}); vfree(v)`),
    size.map((n) => `m = mutex("m${n}"); m.lock(); sleep ${n === '9' ? '9us' : '1us'}; m.unlock()`),
    size.map((n) => `f = alloc_folio(); kho.preserve_pages(f, ${n})`),
    size.map((n) => `klog_info("n ", ${n})`),
    size.map((n) => `x = at(Pair, ${n}); x.a = ${n}; log(x.b)`),
    size.map((n) => `return -should_fail("p${n}")`),
    fc.constantFrom('return -EIO', 'return -EBUSY', 'panic("made")', 'core = kho.alloc_preserve(Pair); core.a = 5'),
    fc.constant('fdt = fdt_create(); fdt.begin_node(""); fdt.property_u64("x", 5); fdt.end_node()'),
);

/** Statements of a callback that may fail. */
export const callbackCode: fc.Arbitrary<string> = fc
    .array(kernelStatement, { maxLength: 4 })
    .map((all) => all.join('\n'));
