/** The events that rules of diagnosis hear. */
import type { Kernel } from '../kernel/kernel';
import type { Say } from '../findings/diagnosis';
import type { Listener } from '../runtime/listener';

/** Some diagnoses that belong together. */
export interface Rules extends Omit<Listener, 'kernelLeft'> {
    /** {@link Listener.kernelLeft}, of what kernel code in frames has done and of {@link WATCHED} natives. */
    settled?: NonNullable<Listener['kernelLeft']>;
    /** The sessions are frozen and the loaded kernel is about to start; all of the old one is still there. */
    handingOver?(kernel: Kernel, say: Say): void;
    /** What would be wrong if this were the end. Must remember nothing. */
    atEnd?(kernel: Kernel, say: Say): void;
}
