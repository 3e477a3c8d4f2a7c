/** Compiles `concurrently`: blocks of processes that run at the same time. */
import type { Block, ConcurrentlyStmt, Ident } from '../../language/syntax/ast';
import { Frame } from '../code';
import { runBlocks, startProcess } from '../host/processes';
import { ProgramError } from '../../language/values';
import type { FnCompiler } from './function';

/** The block of a process, and whether it starts that. */
interface Part {
    readonly process: Ident;
    readonly body: Block;
    readonly starts: boolean;
}

function partsOf(s: ConcurrentlyStmt): Part[] {
    return s.body.statements.flatMap((p): Part[] => {
        if (p.kind === 'in') {
            return [{ process: p.process, body: p.body, starts: false }];
        }
        const [process] = p.kind === 'process' ? p.names : [];
        return p.kind === 'process' && p.body && process ? [{ process, body: p.body, starts: true }] : [];
    });
}

/** @param compileBlock compiles the statements of a block */
export function compileConcurrently(
    c: FnCompiler,
    s: ConcurrentlyStmt,
    compileBlock: (c: FnCompiler, block: Block) => void,
): void {
    const e = c.emitter;
    e.statement({ start: s.start, end: s.start + 'concurrently'.length });
    const statement = e.statementIndex;
    const end = e.label();
    const parts = partsOf(s).map((part) => ({ ...part, begin: e.label() }));
    e.emit((f, vm) => {
        const frames = parts.map(({ process: { name }, starts, begin }) => {
            const user = starts ? startProcess(vm, name) : vm.userNamed(name);
            if (!user) {
                throw new ProgramError(`no process ${name} runs: start it with "process ${name}"`);
            }
            const frame = new Frame(f.code, 'user', f.slots, -1, null, vm.current);
            frame.pc = begin.pc;
            return { user, frame };
        });
        f.pc = end.pc;
        return frames.length > 0 ? runBlocks(vm, frames) : f.pc;
    });
    for (const { process, body, begin } of parts) {
        e.place(begin);
        e.statement({ start: process.start, end: process.end });
        e.emit((f) => f.pc + 1);
        compileBlock(c, body);
        // the frame that waits for the blocks stands behind the last of these: it is in the statement itself
        e.belong(statement);
        e.emit((_f, vm) => vm.ret(undefined));
    }
    e.place(end);
}
