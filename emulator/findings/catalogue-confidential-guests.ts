/** The diagnoses about confidential guests; see {@link CATALOGUE}. */
export const CONFIDENTIAL_GUESTS = {
    LU1108: {
        severity: 'error',
        group: 'guests',
        title: 'private memory handed back as shared',
        advice: 'Hand over which ranges are private together with the memory, and set them in the next kernel before the first access.',
    },
    LU1109: {
        severity: 'error',
        group: 'guests',
        title: 'page of a confidential guest not preserved',
        advice: 'Preserve all pages that the firmware or the module has: contexts, the state of vCPUs, tables of guest addresses, and for TDX the PAMT.',
    },
    LU1110: {
        severity: 'error',
        group: 'guests',
        title: 'ASID or KeyID used twice',
        advice: 'Hand over which ASIDs or KeyIDs are in use, and reserve them in the next kernel before it creates a guest.',
    },
    LU1111: {
        severity: 'error',
        group: 'guests',
        title: 'conversion pending at the kexec',
        advice: 'Complete the conversions that a guest has asked for before its memory is preserved; or preserve the memory again afterwards.',
    },
    LU1112: {
        severity: 'error',
        group: 'guests',
        title: 'confidential guest launched again',
        advice: 'Retrieve the descriptor of the VM instead of creating a VM: a new launch has a new key and another identity.',
    },
    LU1113: {
        severity: 'error',
        group: 'guests',
        title: 'host writes memory of a confidential guest',
        advice: 'Find out why the kernel takes this page for its own: it was not preserved, or it was freed before it was given back.',
    },
    LU1114: {
        severity: 'error',
        group: 'guests',
        title: 'confidential guest left behind',
        advice: 'Preserve the VM, or close it before the kexec. The firmware or the module keeps the guest and its pages until the machine is reset.',
    },
} as const;
