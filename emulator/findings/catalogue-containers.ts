/** The diagnoses about what the kernel keeps for processes that are built again in the next one. */

export const CONTAINERS = {
    LU1120: {
        severity: 'warning',
        group: 'sessions',
        title: 'end of a pipe or socket left behind',
        advice: 'Preserve both ends in one session, or close the other end before.',
    },
    LU1121: {
        severity: 'error',
        group: 'sessions',
        title: 'ends of a pipe or socket in different sessions',
        advice: 'Preserve all ends in one session: only there they find each other. After the update, send the descriptors to their processes.',
    },
    LU1122: {
        severity: 'error',
        group: 'sessions',
        title: 'process went on after it was dumped',
        advice: 'Keep a process frozen from its dump to the kexec, or end it. Dump it again if it has to go on.',
    },
    LU1123: {
        severity: 'error',
        group: 'sessions',
        title: 'retrieved mount closed before it was attached',
        advice: 'Attach the mount with move_mount() before you call finish() and before you close its descriptor.',
    },
    LU1124: {
        severity: 'error',
        group: 'sessions',
        title: 'file of a preserved mount lost',
        advice: 'Preserve each file of its root directory in its session.',
    },
} as const;
