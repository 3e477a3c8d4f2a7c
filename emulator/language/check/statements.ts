/** Statements of every kind. */
import type {
    AssertStmt,
    AtStmt,
    BreakStmt,
    ContinueStmt,
    CorruptStmt,
    CostStmt,
    ExitStmt,
    InjectStmt,
    SleepStmt,
    Stmt,
    UndoStmt,
} from '../syntax/ast';
import { replaceWith } from '../check-finding';
import { checkCostName } from './arguments';
import { checkAssign } from './assignments';
import { aside, checkBlock } from './blocks';
import { checkCondition } from './conditions';
import type { CodeContext } from './context';
import { checkFor, checkIf, checkReturn, checkWhile } from './control';
import { checkExprStmt } from './expectations';
import { checkInjection } from './injections';
import { checkBoot, endKernel } from './kernel-end';
import { checkConcurrently, checkInProcess, checkKill, checkProcess, checkSend } from './processes';
import { quoted } from './program-builder';
import { assignable, describeType, isIntLike } from './types-of';
import { scopeOf } from './visible-names';

export function checkStatement(c: CodeContext, s: Stmt): void {
    const { probe } = c.program;
    if (probe?.isIn(c.unit.uri, s)) {
        probe.scope = scopeOf(c);
    }
    c.kernelEnd = undefined;
    byKind(c, s);
    if (c.kernelEnd) {
        endKernel(c, c.kernelEnd);
    }
    c.kernelEnd = undefined;
}

function byKind(c: CodeContext, s: Stmt): void {
    switch (s.kind) {
        case 'boot':
            checkBoot(c, s);
            break;
        case 'process':
            checkProcess(c, s);
            break;
        case 'in':
            checkInProcess(c, s);
            break;
        case 'concurrently':
            checkConcurrently(c, s);
            break;
        case 'assign':
            checkAssign(c, s);
            break;
        case 'expr':
            checkExprStmt(c, s);
            break;
        case 'send':
            checkSend(c, s);
            break;
        case 'exit':
            checkExit(c, s);
            break;
        case 'kill':
            checkKill(c, s);
            break;
        case 'inject':
            checkInject(c, s);
            break;
        case 'at':
            checkAt(c, s);
            break;
        case 'corrupt':
            checkCorrupt(c, s);
            break;
        case 'assert':
            checkAssert(c, s);
            break;
        case 'if':
            checkIf(c, s);
            break;
        case 'while':
            checkWhile(c, s);
            break;
        case 'for':
            checkFor(c, s);
            break;
        case 'return':
            checkReturn(c, s);
            break;
        case 'break':
        case 'continue':
            checkLeave(c, s);
            break;
        case 'undo':
            checkUndo(c, s);
            break;
        case 'cost':
            checkCost(c, s);
            break;
        case 'sleep':
            checkSleep(c, s);
    }
}

function checkExit(c: CodeContext, s: ExitStmt): void {
    c.require('user', s, '`exit`');
    if (c.process !== undefined) {
        c.flow.end(c.process, `the \`exit\` on line ${c.line(s)}`);
    }
    c.escapes.push(c.flow.copy());
    c.flow.ended = `the process exits on line ${c.line(s)}`;
}

function checkUndo(c: CodeContext, s: UndoStmt): void {
    c.require('kernel', { start: s.start, end: s.start + 'undo'.length }, '`undo`');
    aside(c, () => checkBlock(c, s.body));
}

function checkSleep(c: CodeContext, s: SleepStmt): void {
    const type = c.expr(s.duration);
    const { duration } = s;
    if (duration.kind === 'int' && duration.unit === undefined && duration.value > 0 && duration.value < 1000) {
        const text = c.program.textOf(c.unit.uri, duration);
        c.report(
            'warning',
            'LU0418',
            duration,
            `This means ${text} ns. Write the unit: ${quoted(`${text}ms`)} or ${quoted(`${text}ns`)}.`,
            replaceWith(`Write ${text}ms`, duration, `${text}ms`),
        );
    }
    if (!isIntLike(type)) {
        c.error(
            'LU0301',
            s.duration,
            `The time to sleep must be a number of nanoseconds (\`50ms\`), not ${describeType(type)}.`,
        );
    }
}

function checkCost(c: CodeContext, s: CostStmt): void {
    c.notInKernel(s, '`cost`');
    checkCostName(c, s.cost);
    const type = c.expr(s.value);
    if (!isIntLike(type)) {
        c.error('LU0301', s.value, `A cost must be a number of nanoseconds (\`200us\`), not ${describeType(type)}.`);
    }
}

function checkInject(c: CodeContext, s: InjectStmt): void {
    c.notInKernel(s, '`inject`');
    checkInjection(c.program, c.unit.uri, s);
    for (const n of [s.after, s.times]) {
        const type = n && c.expr(n);
        if (n && type && !isIntLike(type)) {
            c.error('LU0301', n, `The number of calls must be an integer, not ${describeType(type)}.`);
        }
    }
}

function checkAt(c: CodeContext, s: AtStmt): void {
    c.notInKernel(s, '`at`');
    if (s.event.name !== 'handover' && s.event.name !== '') {
        c.unknown(
            'LU0201',
            s.event,
            s.event.name,
            `There is no event ${quoted(s.event.name)}. Expected \`at handover { }\`.`,
            ['handover'],
        );
    }
    aside(c, () => {
        const { context, process } = c;
        c.context = 'scenario';
        c.process = undefined;
        checkBlock(c, s.body);
        c.context = context;
        c.process = process;
    });
}

function checkCorrupt(c: CodeContext, { target, xor }: CorruptStmt): void {
    c.notInKernel(target, '`corrupt`');
    c.expr(target);
    const type = c.expr(xor);
    if (!isIntLike(type)) {
        c.error('LU0301', xor, `The bits to flip must be an integer, not ${describeType(type)}.`);
    }
}

/** `break` and `continue` */
function checkLeave(c: CodeContext, s: BreakStmt | ContinueStmt): void {
    if (c.loops === 0) {
        c.error(
            'LU0407',
            s,
            c.process === undefined
                ? `${quoted(s.kind)} can only be used in a loop.`
                : `${quoted(s.kind)} can only be used in a loop, and cannot leave a process block.`,
        );
    }
    c.flow.ended = `the ${quoted(s.kind)} on line ${c.line(s)} leaves before it`;
}

function checkAssert(c: CodeContext, s: AssertStmt): void {
    checkCondition(c, s.condition, c.expr(s.condition), 'The condition of an assertion');
    const type = s.message && c.expr(s.message);
    if (s.message && type && !assignable(type, { k: 'string' })) {
        c.error('LU0301', s.message, `The message must be a string, not ${describeType(type)}.`);
    }
}
