/** The goal of a search backwards: a statement of the run. */
import { depthOf, type Frame, type Thread } from '../runtime/code';
import type { Interpreter } from '../runtime/interpreter';
import { stepStops } from '../runtime/stepping';
import type { StepKind } from '../runtime/stop';
import type { Stacks } from './checkpoints';
import type { Ground } from './ground';

/** The target of a step backwards: the last statement at which a step forwards of the same kind would stop. */
export class Goal {
    private readonly thread: number;
    private readonly depth: number;
    /**
     * The kernels that began before the start of the search, the first one last: before each, functions of a lower
     * depth count.
     */
    private readonly jumps: { readonly at: number; readonly depth: number }[] = [];

    /**
     * @param run at the start of the step
     * @param thread the stepping thread, if several run in turns
     * @param lineOf for steps by lines: the line, which must differ for a statement to count
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
        // at the end of a run, the stacks are empty
        this.depth = Math.max(depthOf(whose), kind === 'out' ? 0 : 1);
        let depth = this.depth;
        for (const jump of ground.jumpsUpTo(run.ticks)) {
            depth = Math.min(depth, kind === 'out' ? jump.depth + 1 : jump.depth);
            this.jumps.push({ at: jump.at, depth });
        }
    }

    /** The run is at the beginning of a statement. */
    isReached(run: Interpreter): boolean {
        return stepStops(run, this.kind, this.thread, this.depthAt(run.ticks));
    }

    /**
     * True if no statement between two positions counts, given the stacks at the later one: the same function, which is
     * too deep, was running all the time.
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

/** The frames that {@link depthOf} counts, outermost first. */
function functionsOf(stacks: Stacks, thread: Thread): Frame[] {
    const frames = stacks.of(thread);
    const waiter = frames.findLast((f) => f.waiter)?.waiter;
    return [
        ...(waiter ? functionsOf(stacks, waiter) : []),
        ...frames.filter((f) => !(f.waiter && f.code.kind === 'scenario')),
    ];
}
