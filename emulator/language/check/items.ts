/** Declarations by kind, in an order in which each finds what it depends on. */
import type { CallbackShape } from '../natives';
import type {
    FileDecl,
    FlbDecl,
    HandlerDecl,
    Item,
    KernelDecl,
    ScenarioDecl,
    ScenarioParam,
    Span,
} from '../syntax/ast';
import { ANY, INT, type Type } from '../types';
import { checkCompatible, checkHandlerHead, checkShapes, fileTypeOf } from './callbacks';
import { checkCallback, checkCode, checkFn, newContext } from './code';
import { checkedFirst } from './depth';
import { declare, processesOf } from './declarations';
import { checkExpectedFindings } from './expected-findings';
import type { CodeContext } from './context';
import { checkChoices } from './explore';
import { constantValue, fold } from './fold';
import { checkKernelEntries } from './kernel-entries';
import { checkKernel } from './kernels';
import { checkMachine } from './machine';
import { typeNamed } from './named-types';
import { quoted, type ProgramBuilder } from './program-builder';
import { checkStructs } from './structs';
import { assignable, describeType } from './types-of';

/**
 * Checks all files of the program.
 * @param chains how long the chains of declarations can be that need each other; those of the shipped code are short
 */
export function checkItems(program: ProgramBuilder, chains: 'of any length' | 'short' = 'of any length'): void {
    declare(program, program.files.values());
    const first = (names: Iterable<string>, astOf: Parameters<typeof checkedFirst>[1]): string[] =>
        chains === 'short' ? [] : checkedFirst(names, astOf);
    for (const name of first(program.consts.keys(), (n) => program.consts.get(n)?.decl.value)) {
        constantValue(program, name);
    }
    for (const name of program.consts.keys()) {
        constantValue(program, name);
    }
    checkStructs(program);
    for (const info of program.fns.values()) {
        for (const p of info.decl.params) {
            info.params.push(p.type ? typeNamed(program, info.uri, p.type) : ANY);
        }
    }
    const items = [...program.files.values()].flatMap(({ uri, items }) => items.map((item) => ({ uri, item })));
    for (const { uri, item } of items) {
        if (item.kind === 'file') {
            checkFields(program, uri, item);
        }
    }
    for (const name of first(program.fns.keys(), (n) => program.fns.get(n)?.decl.body)) {
        const info = program.fns.get(name);
        if (info) {
            checkFn(program, info);
        }
    }
    for (const info of program.fns.values()) {
        checkFn(program, info);
    }
    for (const { uri, item } of items) {
        checkItem(program, uri, item);
    }
}

function checkItem(program: ProgramBuilder, uri: string, item: Item): void {
    switch (item.kind) {
        case 'scenario':
            checkScenario(program, uri, item);
            break;
        case 'file':
            checkFile(program, uri, item);
            break;
        case 'flb':
            checkFlb(program, uri, item);
            break;
        case 'handler':
            checkHandler(program, uri, item);
            break;
        case 'machine':
            checkMachine(newContext(program, { uri, span: item, context: 'scenario' }), item);
            break;
        case 'kernel':
            checkKernelDecl(program, uri, item);
            break;
    }
}

function checkScenario(program: ProgramBuilder, uri: string, decl: ScenarioDecl): void {
    const processes = processesOf(decl.body, new Set());
    checkExpectedFindings(program, uri, decl.finds ?? []);
    checkChoices(program, uri, decl);
    const c = newContext(program, { uri, span: decl.body, context: 'scenario', processes });
    if (decl.param) {
        checkParameter(c, decl.param, decl.body);
    }
    checkCode(c, decl, decl.body, decl);
}

/** The parameter is the first variable of the scenario. Its values are constants of one type. */
function checkParameter(c: CodeContext, { variable, values }: ScenarioParam, body: Span): void {
    const items = values.kind === 'list' ? values.items : [];
    const types = items.map((value) => {
        const type = c.expr(value);
        if (type.k !== 'any' && fold(c.program, c.unit.uri, value) === undefined) {
            c.error('LU0312', value, 'A value of a parameter is a constant: a number, a string, true or false.');
        }
        return type;
    });
    const [first = ANY] = types;
    items.forEach((value, i) => {
        const type = types[i] ?? ANY;
        if (!assignable(type, first) || !assignable(first, type)) {
            c.error(
                'LU0301',
                value,
                `The values must have one type: ${describeType(first)}, not ${describeType(type)}.`,
            );
        }
    });
    if (items.length === 0 && values.kind === 'list') {
        c.report('warning', 'LU0419', variable, 'This scenario never runs: its parameter has no value.');
    }
    c.mean(variable, c.vars.declare(variable.name, first, variable, body.start, false).meaning);
}

function checkFile(program: ProgramBuilder, uri: string, decl: FileDecl): void {
    const shapes = program.natives.callbacks.file;
    checkShapes(program, uri, decl, shapes, 'A file kind');
    for (const callback of decl.callbacks) {
        checkCallback(program, uri, callback, shapes, { fileKind: decl });
    }
}

function checkFlb(program: ProgramBuilder, uri: string, decl: FlbDecl): void {
    const shapes = program.natives.callbacks.flb;
    checkCompatible(program, uri, decl.compatible);
    checkShapes(program, uri, decl, shapes, 'An FLB');
    for (const callback of decl.callbacks) {
        checkCallback(program, uri, callback, shapes);
    }
}

function checkHandler(program: ProgramBuilder, uri: string, decl: HandlerDecl): void {
    checkCompatible(program, uri, decl.compatible);
    checkHandlerHead(program, uri, decl);
    checkShapes(program, uri, decl, program.natives.callbacks.handler, 'A handler');
    const fileType = fileTypeOf(program, decl);
    for (const callback of decl.callbacks) {
        checkCallback(
            program,
            uri,
            callback,
            handlerShapes(program, fileType),
            callback.name.name === 'can_preserve' || !fileType ? {} : { fileType },
        );
    }
}

/** get_id() is called only for files that can_preserve() accepted, so the kind is known there. */
function handlerShapes(program: ProgramBuilder, fileType: Type | undefined): ReadonlyMap<string, CallbackShape> {
    const shapes = program.natives.callbacks.handler;
    const shape = shapes.get('get_id');
    return fileType && shape
        ? new Map([...shapes, ['get_id', { ...shape, params: shape.params.map((p) => ({ ...p, type: fileType })) }]])
        : shapes;
}

function checkKernelDecl(program: ProgramBuilder, uri: string, decl: KernelDecl): void {
    checkKernelEntries(newContext(program, { uri, span: decl, context: 'scenario' }), decl);
    checkKernel(program, uri, decl);
    for (const entry of decl.entries) {
        if (entry.kind === 'init') {
            const c = newContext(program, { uri, span: entry.body, context: 'kernel', result: INT });
            checkCode(c, { kind: 'init', kernel: decl }, entry.body, entry);
        }
    }
}

/** The fields of a file kind. */
function checkFields(program: ProgramBuilder, uri: string, decl: FileDecl): void {
    const seen = new Set<string>();
    const file = program.natives.objects.get('file');
    for (const f of decl.fields) {
        const { name } = f.name;
        if (seen.has(name)) {
            program.report(
                'error',
                'LU0204',
                uri,
                f.name,
                `${quoted(decl.name.name)} has two fields ${quoted(name)}. Rename one of them.`,
            );
        }
        seen.add(name);
        if (file?.fields.has(name) || file?.methods.has(name)) {
            program.report(
                'error',
                'LU0204',
                uri,
                f.name,
                `Every file already has a field ${quoted(name)}. Choose another name for this one.`,
            );
        }
        const type = f.type && typeNamed(program, uri, f.type);
        const init = f.init && newContext(program, { uri, span: f, context: 'kernel' }).expr(f.init);
        if (f.init && type && init && !assignable(init, type)) {
            program.report(
                'error',
                'LU0301',
                uri,
                f.init,
                `${quoted(name)} must be ${describeType(type)}, not ${describeType(init)}.`,
            );
        }
    }
}
