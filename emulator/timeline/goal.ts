/** What a search backwards looks for among the statements of a run. */
import { depthOf, type Frame, type Thread } from '../runtime/code';
import type { Interpreter } from '../runtime/interpreter';
import { stepStops } from '../runtime/stepping';
import type { StepKind } from '../runtime/stop';
import type { Stacks } from './checkpoints';
import type { Ground } from './ground';

/** The statement at which a step backwards ends: the last one at which a step forwards of this kind would. */
export class Goal {
    private readonly thread: number;
    private readonly depth: number;
    /** Kernels that began before the search did, the first one last: beyond them less deep functions count. */
    private readonly jumps: { readonly at: number; readonly depth: number }[] = [];

    /**
     * @param run stands where the step begins
     * @param thread whose step it is, where it is one of several that take turns
     * @param lineOf for steps by lines: what must differ for a statement to count
     */
    constructor(
        run: Interpreter,
        private readonly kind: StepKind,
        thread: Thread,
        ground: Ground,
        readonly lineOf?: (thread: Thread) => string,
    ) {
        const whose = run.scheduler.threads.includes(thread) ? thread : run.current;
        this.thread = whose.id;
        // at the end of a run nothing is left on the stacks
        this.depth = Math.max(depthOf(whose), kind === 'out' ? 0 : 1);
        let depth = this.depth;
        for (const jump of ground.jumpsUpTo(run.ticks)) {
            depth = Math.min(depth, kind === 'out' ? jump.depth + 1 : jump.depth);
            this.jumps.push({ at: jump.at, depth });
        }
    }

    /** The run stands at the beginning of a statement. */
    isReached(run: Interpreter): boolean {
        return stepStops(run, this.kind, this.thread, this.depthAt(run.ticks));
    }

    /**
     * Whether no statement counts between two positions, of which these are the stacks at the later one: all along the
     * same function has been under way that is too deep.
     */
    skips(stacks: Stacks, from: number, to: number): boolean {
        if (this.kind !== 'next' && this.kind !== 'out') {
            return false;
        }
        const { current, turns } = stacks;
        const whose = turns.length === 0 ? current : turns.find((t) => t.id === this.thread);
        const tooDeep = this.depthAt(to - 1) + (this.kind === 'next' ? 1 : 0);
        const frame = whose && functionsOf(stacks, whose)[tooDeep - 1];
        return frame !== undefined && frame.born <= from;
    }

    private depthAt(position: number): number {
        let { depth } = this;
        for (const jump of this.jumps) {
            if (position < jump.at) {
                depth = jump.depth;
            }
        }
        return depth;
    }
}

/** The frames that {@link depthOf} counts, the outermost first. */
function functionsOf(stacks: Stacks, thread: Thread): Frame[] {
    const frames = stacks.of(thread);
    const waiter = frames.findLast((f) => f.waiter)?.waiter;
    return [
        ...(waiter ? functionsOf(stacks, waiter) : []),
        ...frames.filter((f) => !(f.waiter && f.code.kind === 'scenario')),
    ];
}
