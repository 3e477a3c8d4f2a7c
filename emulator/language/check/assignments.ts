/** Assignments: to variables, which the first one declares, and to fields and elements. */
import { changeTo, replaceWith } from '../check-finding';
import type { NameMeaning } from '../program';
import type { AssignStmt, Expr, NameExpr, Span } from '../syntax/ast';
import { ANY, type Type } from '../types';
import type { CodeContext } from './context';
import { withExpectation } from './expectations';
import { findMember } from './members';
import { kindField, readableNames } from './names';
import { quoted } from './program-builder';
import type { Var } from './scope';
import { assignable, describeType, isIntLike } from './types-of';

export function checkAssign(c: CodeContext, s: AssignStmt): void {
    const type = withExpectation(c, s.value, s.expect, s);
    if (type.k === 'none' && s.value.kind !== 'error') {
        c.error(
            'LU0413',
            s.value,
            `${c.text(s.value)} has no result to assign. Remove the variable.`,
            replaceWith('Remove the variable', { start: s.target.start, end: s.value.start }, ''),
        );
    }
    const { target } = s;
    const stored = type.k === 'none' || isForeignNull(c, s.value) ? ANY : type;
    if (target.kind === 'name') {
        c.typed(target, assignName(c, s, target, stored));
    } else if (target.kind === 'member') {
        assignMember(c, s, stored);
    } else if (target.kind === 'index') {
        fits(c, s, c.expr(target), stored);
    } else if (target.kind !== 'error') {
        c.expr(target);
        c.error('LU0309', target, `${c.text(target)} cannot be assigned. Only variables, fields and elements can.`);
    }
}

/** `x = null` as in other languages. Here `null` is the kind of `/dev/null`, which is not useful as a value. */
function isForeignNull(c: CodeContext, value: Expr): boolean {
    if (value.kind !== 'name' || value.name !== 'null' || c.program.names.get(value)?.kind !== 'builtin-file') {
        return false;
    }
    c.error(
        'LU0138',
        value,
        '`null` is the file kind of `/dev/null`. The absent object is `none`.',
        changeTo(value, 'none'),
    );
    return true;
}

function assignMember(c: CodeContext, s: AssignStmt, type: Type): void {
    const { target } = s;
    if (target.kind !== 'member') {
        return;
    }
    const found = findMember(c, target);
    if (!found) {
        c.typed(target, ANY);
        return;
    }
    if ('method' in found) {
        c.typed(target, ANY);
        c.error('LU0309', target.member, `${quoted(target.member.name)} is a method and cannot be assigned.`);
        return;
    }
    c.typed(target, found.type);
    const meaning = c.program.members.get(target);
    if (meaning?.kind === 'process-var') {
        c.error(
            'LU0309',
            target,
            `A variable of ${quoted(meaning.process)} can be assigned only in a block \`${meaning.process} { }\`.`,
        );
    } else if (!found.writable) {
        c.error('LU0309', target.member, `${quoted(target.member.name)} is read-only.`);
    } else {
        fits(c, s, found.type, type);
    }
}

/** Reports an error if the type of the value does not fit that of the target. */
function fits(c: CodeContext, s: AssignStmt, target: Type, value: Type, since?: Span): void {
    const where = since ? ` (since line ${c.line(since)})` : '';
    if (s.op === '=') {
        if (!assignable(value, target)) {
            c.error(
                'LU0301',
                s.value,
                `${c.text(s.target)} is ${describeType(target)}${where}. It cannot be assigned ${describeType(value)}.`,
            );
        }
        return;
    }
    const joins = s.op === '+=' && (target.k === 'string' || (target.k === 'bytes' && assignable(value, target)));
    if (!joins && !(isIntLike(target) && isIntLike(value))) {
        c.error(
            'LU0303',
            s,
            `${quoted(s.op)} needs integers, not ${describeType(isIntLike(target) ? value : target)}.`,
        );
    }
}

/** Assigns a variable, or declares it. Returns its type. */
function assignName(c: CodeContext, s: AssignStmt, target: NameExpr, type: Type): Type {
    const v = assignedTo(c, target);
    if (v) {
        if ('index' in v) {
            fits(c, s, v.type, type);
            return v.type;
        }
        c.mean(target, v.meaning);
        fits(c, s, v.type, type, v.span);
        c.flow.assigned.delete(v);
        c.flow.narrowed.delete(v);
        remember(c, v);
        return v.type;
    }
    if (c.program.consts.has(target.name)) {
        c.error('LU0309', target, `${quoted(target.name)} is a constant and cannot be assigned. Choose another name.`);
    }
    if (s.op !== '=') {
        c.unknown(
            'LU0201',
            target,
            target.name,
            `${quoted(target.name)} has no value for \`${s.op}\` to change. Assign it with \`=\` first.`,
            readableNames(c),
        );
    }
    const fails = s.expect?.kind === 'fails';
    c.mean(target, declare(c, target.name, type, target, s.end, fails).meaning);
    return type;
}

function assignedTo(
    c: CodeContext,
    target: NameExpr,
): Var | { readonly index: number; readonly type: Type } | undefined {
    if (c.process !== undefined) {
        return c.vars.find(target.name, true) ?? c.processVar(c.process, target.name);
    }
    const local = c.vars.find(target.name);
    const field = local ? undefined : kindField(c, target);
    return field ? { index: 0, type: field } : local;
}

/** Records the kernel in which a variable was assigned a kernel object. */
function remember(c: CodeContext, v: Var): void {
    if (c.process === undefined && c.unit.result === undefined && diesWithKernel(c, v.type)) {
        c.flow.assigned.set(v, c.flow.kernel);
    }
}

/** A new variable: in a process block one of the process, elsewhere a local one. */
function declare(c: CodeContext, name: string, type: Type, span: Span, from: number, exempt: boolean): Var {
    if (c.process === undefined) {
        const v = c.vars.declare(name, type, span, from, exempt);
        remember(c, v);
        return v;
    }
    const isRead = readsOuterInLoop(c, c.process, name, span);
    return declareIn(c, c.process, name, type, span, exempt || isRead);
}

/** Reports a loop that makes a variable of a process, but reads the scenario's variable of this name in every round. */
function readsOuterInLoop(c: CodeContext, process: string, name: string, assigned: Span): boolean {
    // each round of a loop around the block may execute it for another process of the array
    const around = c.isArray(process) ? c.loopStarts.length - c.loops : 0;
    const begin = c.loopStarts[around];
    const read = c.outerReads.find(
        (r) => r.process === process && r.at.name === name && r.at.start >= (begin ?? Infinity),
    );
    if (read) {
        const here = quoted(name);
        c.error(
            'LU0207',
            read.at,
            `Every round of the loop reads the variable ${here} of the scenario, but line ${c.line(assigned)} assigns a variable of the process ${quoted(process)}. Assign it before the loop: \`${name} = ${name}\`.`,
        );
    }
    return read !== undefined;
}

export function declareIn(c: CodeContext, process: string, name: string, type: Type, span: Span, exempt: boolean): Var {
    const meaning: NameMeaning = { kind: 'process-var', process, name, type };
    const v: Var = {
        name,
        type,
        span: { start: span.start, end: span.end },
        meaning,
        reads: 0,
        exempt: exempt || c.unit.fn !== undefined,
        process,
    };
    c.flow.procs.get(process)?.vars.set(name, v);
    c.vars.all.push(v);
    if (c.unit.fn) {
        const known = c.program.fnProcessVars.get(process) ?? new Map<string, Type>();
        known.set(name, type);
        c.program.fnProcessVars.set(process, known);
    }
    return v;
}

/** True if values of the type refer to an object of a kernel, which the end of that kernel invalidates. */
function diesWithKernel(c: CodeContext, t: Type): boolean {
    switch (t.k) {
        case 'object':
            return c.program.natives.objects.get(t.name)?.ofKernel === true;
        case 'list':
            return diesWithKernel(c, t.of);
        case 'record':
            return [...(t.fields?.values() ?? [])].some((f) => diesWithKernel(c, f));
        case 'view':
        case 'kind':
        case 'fd':
            return true;
        default:
            return false;
    }
}
