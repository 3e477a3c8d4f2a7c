/** The debug console: completions and help from the state of a stopped run, and suffixes such as `,x`. */
import type { FunctionShape } from '../language/natives';
import { typeOfField } from '../language/check/types-of';
import type { Type, Value } from '../language/types';
import { binary, ProgramError, unary } from '../language/values';
import type { Expr } from '../language/syntax/ast';
import { parseEntry } from '../language/syntax/entry';
import { OpenFile } from '../kernel/fs/file';
import { ERRNO } from '../kernel/release/errno';
import { evaluate, type Evaluated } from '../runtime/evaluate';
import type { Host } from '../runtime/host/host';
import { processOf, ScenarioProcess } from '../runtime/host/scenario-process';
import { objectTypeOf } from '../runtime/members';
import { namesInScope, programsInSight, type NameInScope, type Viewpoint } from '../runtime/names-in-scope';
import { View } from '../runtime/view';
import { callsOf, orderIn } from '../services/completion/usual';
import { functionText, typeText } from '../services/signatures';
import { handleType } from './serialized';

export interface ConsoleOffer {
    readonly name: string;
    readonly kind: NameInScope['kind'] | 'method' | 'function' | 'constant' | 'type';
    /** A signature or a type. */
    readonly detail: string;
    /** In Markdown; empty: there is none. */
    readonly doc: string;
}

export interface ConsoleOffers {
    /** The offset of the word that an offer replaces. */
    readonly start: number;
    readonly offers: readonly ConsoleOffer[];
}

/** The possible continuations of a text at an offset, those that begin with the word before it. */
export function consoleOffers(host: Host, at: Viewpoint, text: string, offset: number): ConsoleOffers {
    const before = text.slice(0, offset);
    const word = /[A-Za-z_]\w*$/.exec(before)?.[0] ?? '';
    const start = offset - word.length;
    const rest = before.slice(0, start);
    if (insideString(rest) || /[\w"]$/.test(rest)) {
        return { start, offers: [] };
    }
    const all = rest.endsWith('.') ? membersOf(host, at, rest.slice(0, -1)) : names(host, at);
    const matching = all.filter((o) => o.name.toLowerCase().startsWith(word.toLowerCase()));
    return { start, offers: [...new Map(matching.map((o) => [o.name, o])).values()] };
}

function insideString(text: string): boolean {
    return (text.replace(/\\./g, '').match(/"/g)?.length ?? 0) % 2 === 1;
}

// ------------------------------------------------------------ members

function membersOf(host: Host, at: Viewpoint, text: string): ConsoleOffer[] {
    const object = objectBefore(text);
    if (object === '') {
        return [];
    }
    try {
        const { value } = evaluate(host, at, object);
        return forFile(fileOf(value, at), membersOfValue(host, value));
    } catch (e) {
        if (e instanceof ProgramError) {
            return [];
        }
        throw e;
    }
}

/** The open file that a value refers to, of the process whose code has stopped. */
function fileOf(value: Value, { frame, thread }: Viewpoint): OpenFile | undefined {
    const process = frame?.mode === 'user' ? processOf(thread) : null;
    return typeof value === 'number' ? process?.process.fds.get(value) : undefined;
}

/** All descriptors have the same members: those that work on the file come first. */
function forFile(file: OpenFile | undefined, offers: readonly ConsoleOffer[]): ConsoleOffer[] {
    const usual = callsOf(file?.kind ?? '');
    return offers.toSorted((a, b) => orderIn(usual, a.name) - orderIn(usual, b.name));
}

const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** The expression that ends a text: names, members, and what is in brackets. */
function objectBefore(text: string): string {
    const open: string[] = [];
    let i = text.length;
    while (i > 0) {
        const c = text[i - 1] ?? '';
        const opening = CLOSING[c];
        if (opening !== undefined) {
            open.push(opening);
        } else if (c === open.at(-1)) {
            open.pop();
        } else if (open.length === 0 && !/[\w.]/.test(c)) {
            break;
        }
        i--;
    }
    return open.length > 0 ? '' : text.slice(i);
}

function membersOfValue(host: Host, value: Value): ConsoleOffer[] {
    if (value instanceof View) {
        return value.layout.fields.map((f) => field(f.name, typeOfField(f.type)));
    }
    if (value instanceof ScenarioProcess) {
        return [...value.vars.keys()].map((name) => ({ name, kind: 'variable', detail: '', doc: '' }));
    }
    const own = value instanceof OpenFile ? (host.declarations.fileKind(value.kind)?.decl.fields ?? []) : [];
    const type = objectTypeOf(host, value);
    return [
        ...own.map(
            (f): ConsoleOffer => ({ name: f.name.name, kind: 'field', detail: f.type?.name.name ?? '', doc: '' }),
        ),
        ...[...(type?.fields.values() ?? [])].map((f) => field(f.name, f.type, f.doc)),
        ...[...(type?.methods.values() ?? [])].filter(hasValue).map((m) => callable('method', m)),
    ];
}

function field(name: string, type: Type, doc = ''): ConsoleOffer {
    return { name, kind: 'field', detail: type.k === 'any' ? '' : typeText(type), doc };
}

function callable(kind: 'method' | 'function', shape: FunctionShape): ConsoleOffer {
    return { name: shape.name, kind, detail: functionText(shape), doc: shape.doc };
}

/** Calls without a value are not possible in expressions. */
function hasValue({ result, resultOfArg, syscall }: FunctionShape): boolean {
    return result.k !== 'none' || resultOfArg !== undefined || syscall === true;
}

// ------------------------------------------------------------ names

function names(host: Host, at: Viewpoint): ConsoleOffer[] {
    const { natives } = host;
    const declared = (kind: ConsoleOffer['kind'], of: Iterable<string>): ConsoleOffer[] =>
        [...of].map((name) => ({ name, kind, detail: '', doc: '' }));
    return [
        ...namesInScope(host, at).map(({ name, kind }): ConsoleOffer => {
            const global = kind === 'global' ? natives.globals.get(name) : undefined;
            return { name, kind, detail: global ? typeText(global.type) : '', doc: global?.doc ?? '' };
        }),
        ...programsInSight(host, at).flatMap((p) => [
            ...[...p.files.values()].flatMap(({ items }) =>
                declared(
                    'constant',
                    items.flatMap((i) => (i.kind === 'const' ? [i.name.name] : [])),
                ),
            ),
            ...[...p.fns.values()].map(({ name, params }): ConsoleOffer => {
                const detail = `${name.name}(${params.map((param) => param.name.name).join(', ')})`;
                return { name: name.name, kind: 'function', detail, doc: '' };
            }),
            ...declared('type', p.structs.keys()),
        ]),
        ...[...natives.functions.values()].filter(hasValue).map((f) => callable('function', f)),
        ...declared('constant', Object.keys(ERRNO)),
    ];
}

// ------------------------------------------------------------ help

const HELP = `Type an expression, such as kernel, update.blackout or vm1.files. An expression can contain system calls and calls of
functions; their effects are undone.
  x = 3             assigns a value to a variable, a field or an element
  expression,x      shows integers in hexadecimal
  help NAME         describes a function, a member or an object: help truncate, help kho.alloc_preserve`;

/** What `help NAME` asks about, empty for `help`; undefined for other texts, and where `help` is a variable. */
export function aboutHelp(host: Host, at: Viewpoint, text: string): string | undefined {
    const match = /^\s*help(?:\s+([\w.]*))?\s*$/.exec(text);
    return match && !namesInScope(host, at).some((n) => n.name === 'help') ? (match[1] ?? '') : undefined;
}

/** The text about a name; without a name, about the console itself. */
export function helpText(host: Host, at: Viewpoint, about: string): string {
    if (about === '') {
        const here = namesInScope(host, at).filter((n) => n.kind !== 'global');
        const listed = [...new Set(here.map((n) => n.name))].join(', ');
        return listed === '' ? HELP : `${HELP}\nNames here: ${listed}`;
    }
    const found = described(host, at, about);
    if (found.length === 0) {
        throw new ProgramError(`There is no help about ${about}.`);
    }
    return found
        .map(({ name, detail, doc }) => [detail === '' ? name : detail, plain(doc)].join('\n  ').trimEnd())
        .join('\n');
}

/** What has a name: a member of an object, a name, or a member of any object. */
function described(host: Host, at: Viewpoint, about: string): ConsoleOffer[] {
    const dot = about.lastIndexOf('.');
    if (dot > 0) {
        return membersOf(host, at, about.slice(0, dot)).filter((m) => m.name === about.slice(dot + 1));
    }
    const found = names(host, at).filter((n) => n.name === about);
    const type = host.natives.objects.get(about);
    const ofDescriptors = membersOfValue(host, 0).filter((m) => m.name === about);
    const all = [
        ...found,
        ...ofDescriptors,
        ...(type ? [{ name: about, kind: 'type', detail: '', doc: type.doc } as const] : []),
    ];
    return [...new Map(all.map((o) => [`${o.detail || o.name} ${o.doc}`, o])).values()];
}

/** Markdown as plain text. */
function plain(markdown: string): string {
    return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}

// ------------------------------------------------------------ results

/**
 * The value of an expression of numbers, for consoles without a run; undefined for names and calls.
 * @throws ProgramError for what is not an expression, or has no value
 */
export function arithmetic(text: string): Value {
    const { value, assign } = parseEntry(text);
    return assign ? undefined : computed(value);
}

function computed(e: Expr): Value {
    switch (e.kind) {
        case 'int':
            return e.value;
        case 'unary': {
            const operand = computed(e.operand);
            return operand === undefined ? undefined : unary(e.op, operand);
        }
        case 'binary': {
            const [left, right] = [computed(e.left), computed(e.right)];
            return left === undefined || right === undefined ? undefined : binary(e.op, left, right);
        }
        default:
            return undefined;
    }
}

/** An expression without the suffix that selects the number format of its result. */
export function withoutSuffix(text: string): { readonly expression: string; readonly asHex: boolean | undefined } {
    const [, expression, suffix] = /^(.*\S)\s*,\s*([xd])\s*$/s.exec(text) ?? [];
    return expression === undefined ? { expression: text, asHex: undefined } : { expression, asHex: suffix === 'x' };
}

/**
 * A result with the type that its callbacks tell: `args.serialized_data` is an address, although the kernel only has a
 * number.
 */
export function withHandleType(host: Host, at: Viewpoint, text: string, result: Evaluated): Evaluated {
    const [, object, name] = /^(.*)\.(\w+)$/s.exec(text.trim()) ?? [];
    if (object === undefined || name === undefined || result.type.k !== 'int' || objectBefore(object) !== object) {
        return result;
    }
    const { value } = evaluate(host, at, object);
    const type = typeof value === 'object' && value !== null ? handleType(host, value, name) : undefined;
    return type ? { value: result.value, type } : result;
}
