/** Compiles `concurrently`: blocks of processes that run at the same time. */
import type { Block, ConcurrentlyStmt, Ident } from '../../language/syntax/ast';
import { Frame } from '../code';
import { startedProcess, startProcess } from '../host/processes';
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
    const { run, host } = c;
    const e = c.emitter;
    e.statement({ start: s.start, end: s.start + 'concurrently'.length });
    const statement = e.statementIndex;
    const end = e.label();
    const parts = partsOf(s).map((part) => ({ ...part, begin: e.label() }));
    e.emit((f) => {
        const frames = parts.map(({ process: { name }, starts, begin }) => {
            const { thread } = starts ? startProcess(host, name) : startedProcess(host, name);
            const frame = new Frame(f.code, 'user', f.slots, -1, null, run.current);
            frame.pc = begin.pc;
            return { thread, frame };
        });
        f.pc = end.pc;
        return frames.length > 0 ? host.interpreter.runBlocks(frames) : f.pc;
    });
    for (const { process, body, begin } of parts) {
        e.place(begin);
        e.statement({ start: process.start, end: process.end });
        e.emit((f) => f.pc + 1);
        compileBlock(c, body);
        // the frame that waits for the blocks stands behind the last of these: it is in the statement itself
        e.belong(statement);
        e.emit(() => run.ret(undefined));
    }
    e.place(end);
}
