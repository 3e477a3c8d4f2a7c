/** The call graph: functions, scenarios, callbacks, and the kernel code that calls callbacks. */
import type { Program } from '../language/program';
import type { CallExpr, MemberExpr, SourceFile, Span } from '../language/syntax/ast';
import { childrenOf, isKind, placeAt, type Node } from './nodes';

/** A piece of code that calls or is called. */
export interface Callable {
    readonly name: string;
    readonly kind: 'function' | 'callback' | 'scenario' | 'init';
    readonly uri: string;
    readonly whole: Span;
    readonly nameSpan: Span;
}

export interface Call {
    readonly other: Callable;
    /** The places of the calls, in the caller. */
    readonly spans: readonly Span[];
}

interface Code extends Callable {
    readonly node: Node;
    /**
     * The object whose method of the callback's name calls it: `luo_handler`; empty for code that is called by its
     * name.
     */
    readonly by: string;
}

/** The function or callback whose name is at an offset, or whose code contains it. */
export function callableAt(program: Program, uri: string, offset: number): Callable | undefined {
    const file = program.files.get(uri);
    const place = file && placeAt(file, offset);
    if (!place) {
        return undefined;
    }
    const called = place.above.find((n) => isKind(n, 'call'));
    const all = codeOf(program);
    if (isKind(called, 'call') && offset <= called.callee.end) {
        const [target] = targetsOf(program, called, all);
        if (target) {
            return plain(target);
        }
    }
    const around = [place.node, ...place.above];
    const found = all.find((c) => c.uri === uri && around.includes(c.node));
    return found && plain(found);
}

export function incomingCalls(program: Program, callable: Callable): Call[] {
    const all = codeOf(program);
    return all.flatMap((caller) => {
        const spans = callsIn(caller.node)
            .filter((call) => targetsOf(program, call, all).some((t) => same(t, callable)))
            .map(calleeSpan);
        return spans.length > 0 ? [{ other: plain(caller), spans }] : [];
    });
}

export function outgoingCalls(program: Program, callable: Callable): Call[] {
    const all = codeOf(program);
    const caller = all.find((c) => same(c, callable));
    const found = new Map<Code, Span[]>();
    for (const call of caller ? callsIn(caller.node) : []) {
        for (const target of targetsOf(program, call, all)) {
            found.set(target, [...(found.get(target) ?? []), calleeSpan(call)]);
        }
    }
    return [...found].map(([target, spans]) => ({ other: plain(target), spans }));
}

const same = (a: Callable, b: Callable): boolean => a.uri === b.uri && a.whole.start === b.whole.start;

const plain = ({ name, kind, uri, whole, nameSpan }: Code): Callable => ({ name, kind, uri, whole, nameSpan });

function calleeSpan({ callee }: CallExpr): Span {
    return isKind(callee, 'member') ? callee.member : callee;
}

/** All code of a program. */
function codeOf(program: Program): Code[] {
    return [...program.files.values()].flatMap((file) => codeIn(file));
}

function codeIn({ uri, items }: SourceFile): Code[] {
    return items.flatMap((item): Code[] => {
        switch (item.kind) {
            case 'fn':
                return [
                    {
                        name: item.name.name,
                        kind: 'function',
                        uri,
                        whole: item,
                        nameSpan: item.name,
                        node: item,
                        by: '',
                    },
                ];
            case 'scenario':
                return [
                    {
                        name: item.name.value,
                        kind: 'scenario',
                        uri,
                        whole: item,
                        nameSpan: item.name,
                        node: item,
                        by: '',
                    },
                ];
            case 'handler':
            case 'flb':
            case 'file':
                return item.callbacks.map((c) => ({
                    name: `${item.name.name}.${c.name.name}`,
                    kind: 'callback',
                    uri,
                    whole: c,
                    nameSpan: c.name,
                    node: c,
                    by: item.kind === 'file' ? '' : `luo_${item.kind}`,
                }));
            case 'kernel':
                return item.entries
                    .filter((e) => e.kind === 'init')
                    .map((e) => ({
                        name: `init of ${item.name.value}`,
                        kind: 'init',
                        uri,
                        whole: e,
                        nameSpan: e,
                        node: e,
                        by: '',
                    }));
            default:
                return [];
        }
    });
}

function callsIn(node: Node): CallExpr[] {
    return childrenOf(node).flatMap((child) => [...(isKind(child, 'call') ? [child] : []), ...callsIn(child)]);
}

/** The targets of a call: a function, or, if the kernel calls a method of a handler or an FLB, each such callback. */
function targetsOf(program: Program, { callee }: CallExpr, all: readonly Code[]): Code[] {
    if (isKind(callee, 'name')) {
        const meaning = program.names.get(callee);
        return meaning?.kind === 'fn' ? all.filter((c) => c.node === meaning.decl) : [];
    }
    if (!isKind(callee, 'member')) {
        return [];
    }
    const { name } = callee.member;
    const owner = ownerOf(program, callee);
    return owner === undefined ? [] : all.filter((c) => c.by === owner && c.name.endsWith(`.${name}`));
}

/** Kernel code has handlers and FLBs in variables with these names, whose types are known only during a run. */
const OWNERS: Readonly<Record<string, string>> = { handler: 'luo_handler', flb: 'luo_flb' };

function ownerOf(program: Program, callee: MemberExpr): string | undefined {
    const member = program.members.get(callee);
    if (member?.kind === 'dynamic') {
        const { object } = callee;
        return OWNERS[isKind(object, 'member') ? object.member.name : isKind(object, 'name') ? object.name : ''];
    }
    const method = member?.kind === 'method' ? member.method : undefined;
    return (
        method &&
        Object.values(OWNERS).find((name) => program.natives.objects.get(name)?.methods.get(method.name) === method)
    );
}
