/** The diagnoses about vCPUs that go on while the kernel below them is replaced: a part of the catalogue. */

export const ORPHANS = {
    LU1101: {
        severity: 'error',
        group: 'guests',
        title: 'memory of an orphaned vCPU not preserved',
        advice: 'Preserve all memory of the guest in the session before its vCPUs, and keep every memory slot until the next kernel has them.',
    },
    LU1102: {
        severity: 'error',
        group: 'guests',
        title: 'processor of an orphaned vCPU started',
        advice: 'Boot a next kernel that knows processors which are set aside (layer cpu_preserve), or let the vCPUs stand still during the update.',
    },
    LU1103: {
        severity: 'warning',
        group: 'guests',
        title: 'orphaned vCPU waits at an exit',
        advice: 'Map all memory of the guest before its vCPUs are preserved (KVM_PRE_FAULT_MEMORY), and use devices that need no exit: passthrough with posted interrupts, virtualized IPIs.',
    },
    LU1104: {
        severity: 'error',
        group: 'guests',
        title: 'second-level tables of an orphaned vCPU not kept',
        advice: 'Preserve every page of the second-level tables when the VM is frozen, and free them only when no vCPU uses them.',
    },
    LU1105: {
        severity: 'error',
        group: 'interrupts',
        title: 'interrupt of an orphaned vCPU lost',
        advice: 'Use posted interrupts, and keep the remapping entries and descriptors over the kexec (layer interrupts). Inject nothing after the vCPUs are preserved.',
    },
    LU1106: {
        severity: 'hint',
        group: 'guests',
        title: 'preserved vCPU without a processor',
        advice: 'Preserve at least one processor in the session, before its vCPUs.',
    },
    LU1107: {
        severity: 'error',
        group: 'guests',
        title: 'vCPU ended in the caretaker',
        advice: 'All code and data that the caretaker uses must be in its own preserved section. A vCPU that has failed cannot be retrieved (EIO): start the guest again.',
    },
} as const;
