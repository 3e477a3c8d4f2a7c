/** Processes: `process`, process blocks, `concurrently`, `kill` and `send`. */
import type { Block, ConcurrentlyStmt, Ident, KillStmt, ProcessBlock, ProcessStmt, SendStmt } from '../syntax/ast';
import { insertAt } from '../check-finding';
import { RESERVED, STATEMENT_WORDS } from '../syntax/words';
import { declareIn } from './assignments';
import { checkBlock } from './blocks';
import type { CodeContext } from './context';
import { checkErrors } from './expectations';
import { Flow, together } from './flow';
import { quoted } from './program-builder';
import { describeType, isIntLike } from './types-of';

export function checkProcess(c: CodeContext, s: ProcessStmt): void {
    c.require('scenario', c.head(s), '`process`');
    if (c.flow.kernel === 0 && c.unit.fn === undefined && c.context === 'scenario' && !c.warnedOfBoot) {
        c.warnedOfBoot = true;
        c.report(
            'warning',
            'LU0420',
            { start: s.start, end: s.start + 'process'.length },
            'A process cannot be started before a kernel is running. Boot one first: `boot "7.2"`.',
            insertAt(s.start, 'boot "7.2"\n    ', 'Boot a kernel'),
        );
    }
    for (const name of s.names) {
        if (name.name === '') {
            continue;
        }
        if (STATEMENT_WORDS.includes(name.name) || RESERVED.has(name.name)) {
            c.report(
                'warning',
                'LU0421',
                name,
                `${quoted(name.name)} starts a statement, so ${quoted(`${name.name} { }`)} would not be a process block. Choose another name.`,
            );
        }
        const before = c.flow.procs.get(name.name);
        if (before?.status === 'alive') {
            c.error(
                'LU0206',
                name,
                `The process ${quoted(name.name)} is already running. Write \`${name.name} { }\` to continue it, or choose another name.`,
            );
        }
        c.flow.start(name.name);
        c.unit.fn?.touches.add(name.name);
        c.mean(name, { kind: 'process', name: name.name });
    }
    const first = s.names[0];
    if (s.body && first) {
        inBlockOf(c, first.name, s.body);
    }
}

export function checkInProcess(c: CodeContext, s: ProcessBlock): void {
    c.require('scenario', s.process, 'A process block');
    processIdent(c, s.process, true);
    inBlockOf(c, s.process.name, s.body);
}

export function checkConcurrently(c: CodeContext, s: ConcurrentlyStmt): void {
    c.require('scenario', { start: s.start, end: s.start + 'concurrently'.length }, '`concurrently`');
    const before = c.flow.copy();
    const names = new Set<string>();
    const ways: Flow[] = [];
    for (const part of s.body.statements) {
        const process =
            part.kind === 'in' ? part.process : part.kind === 'process' && part.body ? part.names[0] : undefined;
        if (!process) {
            c.error('LU0416', c.head(part), 'Only process blocks can run concurrently. Put this into one: `luod { }`.');
        } else if (names.has(process.name) && process.name !== '') {
            c.error(
                'LU0416',
                process,
                `${quoted(process.name)} already has a block here. A process runs one block at a time: combine the two.`,
            );
        }
        names.add(process?.name ?? '');
        c.flow = before.copy();
        c.statement(part);
        ways.push(c.flow);
    }
    c.flow = together(before, ways);
}

/** A process block: an `exit` or the end of the kernel ends the block. */
function inBlockOf(c: CodeContext, name: string, body: Block): void {
    const { context, process, loops, escapes } = c;
    c.context = 'user';
    c.process = name;
    c.loops = 0;
    c.escapes = [];
    checkBlock(c, body, { process: name });
    for (const way of c.escapes) {
        c.flow = Flow.join(c.flow, way);
    }
    c.context = context;
    c.process = process;
    c.loops = loops;
    c.escapes = escapes;
    c.flow.ended = undefined;
}

/** The name of a process; reports an error if there is no such process, or if it is not running (`running`). */
function processIdent(c: CodeContext, e: Ident, running: boolean): void {
    if (e.name === '') {
        return;
    }
    c.mean(e, { kind: 'process', name: e.name });
    const proc = c.flow.procs.get(e.name);
    const known = c.unit.processes ?? c.program.processNames;
    if (!proc) {
        if (c.unit.fn && c.program.processNames.has(e.name)) {
            c.flow.start(e.name).open = true;
            return;
        }
        if (known.has(e.name)) {
            c.error(
                'LU0206',
                e,
                `The process ${quoted(e.name)} is not running yet. Start it first with \`process ${e.name}\`.`,
            );
        } else {
            c.unknown(
                'LU0205',
                e,
                e.name,
                `There is no process ${quoted(e.name)}. Start it with \`process ${e.name}\`.`,
                known,
            );
        }
        assume(c, e.name);
    } else if (running && proc.status === 'dead') {
        c.error(
            'LU0206',
            e,
            `The process ${quoted(e.name)} is no longer running: ${proc.why} ended it. Start it again with \`process ${e.name}\`.`,
        );
        proc.status = 'maybe';
    }
}

/** Assumes that the process is running, so that one mistake is reported once. */
function assume(c: CodeContext, name: string): void {
    c.flow.start(name).status = 'maybe';
}

export function checkKill(c: CodeContext, s: KillStmt): void {
    c.notInKernel(s, '`kill`');
    processIdent(c, s.process, true);
    const why = `the \`kill\` on line ${c.line(s)}`;
    if (s.after) {
        const type = c.expr(s.after);
        if (!isIntLike(type)) {
            c.error('LU0301', s.after, `The number of system calls must be an integer, not ${describeType(type)}.`);
        }
        c.flow.mayEnd(s.process.name, why);
    } else {
        c.flow.end(s.process.name, why);
    }
    c.unit.fn?.touches.add(s.process.name);
}

export function checkSend(c: CodeContext, s: SendStmt): void {
    c.require('user', s, '`send`');
    const type = c.expr(s.value);
    if (type.k !== 'fd' && type.k !== 'any' && type.k !== 'int') {
        c.error('LU0301', s.value, `Only descriptors can be sent, not ${describeType(type)}.`);
    }
    if (s.expect) {
        checkErrors(c, s.expect);
    }
    processIdent(c, s.to, true);
    const name =
        s.as ?? (s.value.kind === 'name' ? { ...s.value } : s.value.kind === 'member' ? s.value.member : undefined);
    if (!name) {
        c.error('LU0414', s.value, 'Name the variable of the receiver: `send … to vmm as name`.');
        return;
    }
    if (s.expect?.kind !== 'fails' && c.flow.procs.has(s.to.name)) {
        const there = c.processVar(s.to.name, name.name);
        const v = there ?? declareIn(c, s.to.name, name.name, type, name, true);
        if (s.as) {
            c.mean(s.as, v.meaning);
        }
    }
}
