/** Settings that user space changes while the kernel runs (kernel/sysctl.c). */
import { type Journal, JournaledRecord } from '../../machine/journal';

export class Sysctls extends JournaledRecord {
    /** vm.memfd_noexec: 0 executable by default, 1 MFD_NOEXEC_SEAL by default, 2 MFD_EXEC refused. */
    readonly memfdNoexec: number;

    constructor(journal: Journal, memfdNoexec: number) {
        super(journal);
        this.memfdNoexec = memfdNoexec;
    }
}
