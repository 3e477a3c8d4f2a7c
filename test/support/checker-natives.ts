/** A small table of natives for the tests of the checker: only shapes, nothing that runs. */
import {
    ANY,
    BOOL,
    BYTES,
    FD,
    INT,
    NONE,
    PHYS,
    STRING,
    listOf,
    objectOf,
    type Context,
    type Type,
    type Value,
} from '../../emulator/language/types';
import type {
    CallbackShape,
    FieldShape,
    FunctionShape,
    NativeParam,
    NativeShapes,
    ObjectShape,
} from '../../emulator/language/natives';

const param = (name: string, type: Type, fallback?: Value): NativeParam =>
    fallback === undefined ? { name, type } : { name, type, default: fallback };

function fn(
    name: string,
    params: NativeParam[],
    result: Type,
    context: Context,
    fails: boolean,
    more: Partial<FunctionShape> = {},
): FunctionShape {
    return { name, params, result, context, fails, doc: `${name}.`, ...more };
}

const byName = <T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> =>
    new Map(items.map((i) => [i.name, i]));

function field(name: string, type: Type, writable = false): FieldShape {
    return { name, type, doc: `${name}.`, writable };
}

function object(name: string, fields: FieldShape[], methods: FunctionShape[] = [], ofKernel = true): ObjectShape {
    return { name, doc: name, fields: byName(fields), methods: byName(methods), ofKernel };
}

const syscall = (name: string, params: NativeParam[], result: Type): FunctionShape =>
    fn(name, params, result, 'user', true, { syscall: true });

const STRUCT: Type = { k: 'decl', of: 'struct', name: '' };

const shape = (name: string, params: NativeParam[], required: boolean, result: Type = INT): [string, CallbackShape] => [
    name,
    { params, result, required, doc: name },
];

const luo = [param('args', objectOf('luo_args'))];
const flb = [param('args', objectOf('flb_args'))];

export const NATIVES: NativeShapes = {
    functions: byName([
        fn('open', [param('path', STRING)], FD, 'user', true),
        fn('memfd_create', [param('name', STRING), param('flags', INT, 0)], FD, 'user', true),
        fn('kexec_file_load', [param('kernel', STRING), param('cmdline', STRING, '')], NONE, 'user', true),
        fn('reboot', [param('command', INT)], NONE, 'user', true),
        fn('pattern', [param('seed', INT), param('length', INT)], BYTES, 'any', false),
        fn('log', [{ name: 'values', type: listOf(ANY), rest: true }], NONE, 'any', false),
        fn('at', [param('type', STRUCT), param('address', PHYS)], ANY, 'kernel', false, { resultOfArg: 0 }),
        fn('phys', [param('of', ANY)], PHYS, 'kernel', false),
        fn('session', [param('name', STRING)], objectOf('luo_session'), 'any', false),
        fn('alloc_folio', [param('order', INT, 0)], objectOf('folio'), 'kernel', true),
        fn('put_folio', [param('folio', objectOf('folio'))], NONE, 'kernel', false),
    ]),
    objects: byName([
        object(
            'kho',
            [field('incoming', objectOf('kho_incoming'))],
            [
                fn('alloc_preserve', [param('type', STRUCT)], ANY, 'kernel', true, { resultOfArg: 0 }),
                fn('unpreserve_free', [param('of', ANY)], NONE, 'kernel', false),
                fn('restore_free', [param('of', ANY)], NONE, 'kernel', false),
                fn('preserve_folio', [param('folio', objectOf('folio'))], NONE, 'kernel', true),
                fn('unpreserve_folio', [param('folio', objectOf('folio'))], NONE, 'kernel', false),
                fn('restore_folio', [param('address', PHYS)], objectOf('folio'), 'kernel', true),
            ],
            false,
        ),
        object('kho_incoming', [field('unclaimed', INT)]),
        object('folio', [field('order', INT), field('refs', INT)]),
        object('file', [field('kind', { k: 'decl', of: 'file', name: '' }), field('size', INT)]),
        object('luo_session', [field('name', STRING), field('files', listOf(objectOf('file')))]),
        object('luo_args', [
            field('handler', { k: 'decl', of: 'handler', name: '' }),
            field('file', objectOf('file'), true),
            field('serialized_data', PHYS, true),
            field('private_data', ANY, true),
            field('retrieve_status', INT),
        ]),
        object('flb_args', [
            field('flb', { k: 'decl', of: 'flb', name: '' }),
            field('data', PHYS, true),
            field('obj', ANY, true),
        ]),
        object('flb', [], [fn('get_incoming', [], ANY, 'kernel', true), fn('put_incoming', [], NONE, 'kernel', false)]),
        object('process', [field('pid', INT)]),
    ]),
    globals: byName([
        { name: 'KEXEC', type: INT, context: 'any', doc: '' },
        { name: 'kho', type: objectOf('kho'), context: 'any', doc: '' },
    ]),
    fd: object(
        'fd',
        [field('size', INT)],
        [
            syscall('create_session', [param('name', STRING)], FD),
            syscall('retrieve_session', [param('name', STRING)], FD),
            syscall('preserve_fd', [param('fd', FD), param('token', INT)], NONE),
            syscall('retrieve_fd', [param('token', INT)], FD),
            syscall('finish', [], NONE),
            syscall('truncate', [param('size', INT)], NONE),
            syscall('pwrite', [param('data', BYTES), param('at', INT)], INT),
            syscall('pread', [param('length', INT), param('at', INT)], BYTES),
            syscall('close', [], NONE),
        ],
        false,
    ),
    fileKinds: new Map([
        ['memfd', 'anonymous memory'],
        ['pipe', 'a pipe'],
    ]),
    injectionPoints: new Map([['page_alloc', 'the page allocator']]),
    callbacks: {
        handler: new Map([
            shape('can_preserve', [param('file', objectOf('file'))], true, BOOL),
            shape('preserve', luo, true),
            shape('freeze', luo, false),
            shape('unfreeze', luo, false),
            shape('unpreserve', luo, true),
            shape('retrieve', luo, true),
            shape('can_finish', luo, false, BOOL),
            shape('finish', luo, true),
        ]),
        flb: new Map(['preserve', 'unpreserve', 'retrieve', 'finish'].map((name) => shape(name, flb, true))),
        file: new Map([shape('open', [], false), shape('release', [], false)]),
    },
    kernels: new Map([['7.2', 'Linux 7.2']]),
    kernelNamed: (name) => (name === '7.2' ? 'Linux 7.2' : undefined),
};

/** A standard library with a handler and a function that users must not see. */
export const STD = `struct MemfdState { size: u64 }
fn memfd_helper(file) { return 0 }
handler memfd "memfd-v2" for memfd {
    can_preserve(file) { return file.kind == memfd }
    preserve(args) { s = kho.alloc_preserve(MemfdState); s.size = args.file.size; args.serialized_data = phys(s) }
    unpreserve(args) { kho.unpreserve_free(at(MemfdState, args.serialized_data)) }
    freeze(args) { memfd_helper(args.file) }
    retrieve(args) { }
    finish(args) { }
}
`;
