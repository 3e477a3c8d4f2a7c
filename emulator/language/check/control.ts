/** Branches, loops and `return`. */
import { isErrnoName } from '../../kernel/release/errno';
import { insertAt, replaceWith } from '../check-finding';
import type { Block, Expr, ForStmt, IfStmt, ReturnStmt, WhileStmt } from '../syntax/ast';
import { ANY, INT, type Type } from '../types';
import { checkBlock, checkStatements } from './blocks';
import { checkCondition } from './conditions';
import type { CodeContext } from './context';
import { Flow } from './flow';
import { fold } from './fold';
import { tableOf } from './members';
import { assume } from './narrowing';
import { quoted } from './program-builder';
import { assignable, describeType, isIntLike } from './types-of';

export function checkIf(c: CodeContext, s: IfStmt): void {
    checkCondition(c, s.condition, c.expr(s.condition), 'The condition');
    uncertain(c, () => branches(c, s));
}

/** A kernel that ends in `check` ends on some paths only. */
function uncertain(c: CodeContext, check: () => void): void {
    const { fn } = c.unit;
    const before = fn?.endsKernel;
    check();
    if (fn && before === 'no' && c.unit.fn?.endsKernel === 'always') {
        fn.endsKernel = 'maybe';
    }
}

function branches(c: CodeContext, s: IfStmt): void {
    const before = c.flow;
    c.flow = before.copy();
    assume(c, s.condition, true);
    checkBlock(c, s.then);
    const then = c.flow;
    c.flow = before;
    assume(c, s.condition, false);
    if (s.otherwise?.kind === 'if') {
        checkIf(c, s.otherwise);
    } else if (s.otherwise) {
        checkBlock(c, s.otherwise);
    }
    c.flow = Flow.join(then, c.flow);
}

export function checkWhile(c: CodeContext, s: WhileStmt): void {
    c.loopStarts.push(s.start);
    checkCondition(c, s.condition, c.expr(s.condition), 'The condition');
    c.loopStarts.pop();
    checkLoop(
        c,
        s.start,
        () => {
            assume(c, s.condition, true);
            checkBlock(c, s.body, { loop: s.body });
        },
        s.condition.kind === 'bool' && s.condition.value && !leaves(s.body),
    );
}

/** @param start the first position that every round executes again */
function checkLoop(c: CodeContext, start: number, body: () => void, forever: boolean): void {
    const before = c.flow.copy();
    c.loops++;
    c.loopStarts.push(start);
    uncertain(c, body);
    c.loopStarts.pop();
    c.loops--;
    if (forever) {
        c.flow.ended ??= 'the loop before it never ends';
        return;
    }
    c.flow.ended = undefined;
    c.flow = Flow.join(c.flow, before);
}

export function checkFor(c: CodeContext, s: ForStmt): void {
    const element = s.iterable.kind === 'range' ? rangeElement(c, s.iterable) : elementOf(c, s.iterable);
    checkLoop(
        c,
        s.body.start,
        () => {
            c.vars.enter(s.body, { loop: s.body });
            if (s.variable.name !== '') {
                c.mean(s.variable, c.vars.declare(s.variable.name, element, s.variable, s.body.start, true).meaning);
            }
            checkStatements(c, s.body);
            c.vars.leave();
        },
        false,
    );
}

function rangeElement(c: CodeContext, e: Extract<Expr, { kind: 'range' }>): Type {
    for (const side of [e.from, e.to]) {
        const type = c.expr(side);
        if (!isIntLike(type)) {
            c.error('LU0303', side, `The bounds of a range must be integers, not ${describeType(type)}.`);
        }
    }
    const bound = (side: Expr): number | undefined => {
        const value = fold(c.program, c.unit.uri, side, c.shadowed);
        return typeof value === 'number' ? value : undefined;
    };
    const [from, to] = [bound(e.from), bound(e.to)];
    if (from !== undefined && to !== undefined && from >= to) {
        const swapped =
            from > to
                ? ` Did you mean ${quoted(`${c.program.textOf(c.unit.uri, e.to)}..${c.program.textOf(c.unit.uri, e.from)}`)}?`
                : '';
        c.report(
            'warning',
            'LU0419',
            e,
            `This range is empty, so the loop never runs. The end of a range, here ${to}, is exclusive.${swapped}`,
        );
    }
    c.typed(e, { k: 'list', of: INT });
    return INT;
}

function elementOf(c: CodeContext, e: Expr): Type {
    const type = c.expr(e);
    switch (type.k) {
        case 'list':
            return type.of;
        case 'bytes':
            return INT;
        case 'object':
            return tableOf(c, type)?.element ?? ANY;
        case 'any':
            return ANY;
        default:
            c.error(
                'LU0310',
                e,
                isIntLike(type)
                    ? `A loop iterates over a list or a range, not ${describeType(type)}. Write \`0..${c.program.textOf(c.unit.uri, e)}\`.`
                    : `A loop iterates over a list or a range, not ${describeType(type)}.`,
                isIntLike(type) ? insertAt(e.start, '0..', 'Make it a range') : undefined,
            );
            return ANY;
    }
}

export function checkReturn(c: CodeContext, s: ReturnStmt): void {
    const type = s.value ? c.expr(s.value) : undefined;
    const wanted = c.unit.result;
    if (!wanted || c.process !== undefined) {
        c.error(
            'LU0407',
            s,
            c.process === undefined
                ? 'A scenario returns nothing. `return` is for functions and callbacks.'
                : '`return` cannot leave a process block.',
        );
    } else if (s.value && wanted.k === 'none') {
        c.error(
            'LU0422',
            s.value,
            'This callback is `void` in the kernel, so its result is ignored. Return without a value.',
            replaceWith('Return without a value', s, 'return'),
        );
    } else if (s.value && type && !c.unit.fn && !assignable(type, wanted)) {
        c.error(
            'LU0301',
            s.value,
            `This callback must return ${describeType(wanted)}${wanted.k === 'int' ? ' (0, or a negative error such as -EIO)' : ''}, not ${describeType(type)}.`,
        );
    }
    if (s.value && isErrno(c, s.value)) {
        if (c.unit.fn) {
            c.unit.fn.fails = true;
        }
    } else {
        c.returned.push(type ?? { k: 'none' });
        if (c.unit.fn && type && isIntLike(type)) {
            c.unit.fn.fails = true;
        }
    }
    c.flow.ended = `the \`return\` on line ${c.line(s)} leaves before it`;
}

/** `-EIO` */
function isErrno(c: CodeContext, e: Expr): boolean {
    return (
        e.kind === 'unary' &&
        e.op === '-' &&
        e.operand.kind === 'name' &&
        isErrnoName(e.operand.name) &&
        !c.shadowed(e.operand.name)
    );
}

/** True if a loop's body has a statement that leaves the loop. */
function leaves(block: Block): boolean {
    return block.statements.some((s) => {
        switch (s.kind) {
            case 'break':
            case 'return':
                return true;
            case 'if':
                return (
                    leaves(s.then) ||
                    (s.otherwise !== undefined &&
                        leaves(s.otherwise.kind === 'if' ? { ...block, statements: [s.otherwise] } : s.otherwise))
                );
            default:
                return false;
        }
    });
}
