/** Blocks: a list of statements with its own scope. */
import type { Block } from '../syntax/ast';
import type { CodeContext } from './context';
import type { ScopeKind } from './scope';

/** The statements of a block, in the scope that is current. */
export function checkStatements(c: CodeContext, block: Block): void {
    let warned = false;
    for (const s of block.statements) {
        if (c.flow.ended !== undefined && !warned) {
            warned = true;
            c.report('warning', 'LU0406', c.head(s), `This never runs: ${c.flow.ended}.`);
        }
        c.statement(s);
    }
}

/** A block with its own scope. */
export function checkBlock(c: CodeContext, block: Block, how: ScopeKind = {}): void {
    c.vars.enter(block, how);
    checkStatements(c, block);
    c.vars.leave();
}

/** Checks code that does not run here, so it does not change the flow. */
export function aside(c: CodeContext, check: () => void): void {
    const before = c.flow;
    const { loops } = c;
    c.loops = 0;
    c.flow = before.copy();
    check();
    c.flow = before;
    c.loops = loops;
}
