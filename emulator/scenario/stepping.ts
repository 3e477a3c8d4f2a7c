/** Steps: from a statement to the next one that counts. */
import type { StepKind } from './run_state';
import type { Thread } from './thread';
import type { Vm } from './vm';

export interface Step {
    readonly kind: StepKind;
    readonly thread: Thread;
    /** Functions deep where it began. */
    depth: number;
    /** It has left the statement where it began. */
    moved: boolean;
}

/** Whether a step ends at the statement that the run has come to. It stays in its thread for as long as that has something to do. */
export function stepDone(vm: Vm, { kind, thread, depth }: Step): boolean {
    if (kind !== 'any' && thread !== vm.current && vm.scheduler.threads.includes(thread)) {
        return false;
    }
    switch (kind) {
        case 'any':
        case 'in':
            return true;
        case 'next':
            return vm.depth() <= depth;
        case 'out':
            return vm.depth() < depth;
    }
}
