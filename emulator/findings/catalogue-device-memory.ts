/** The diagnoses about memory on devices, disks and their requests over a live update; see {@link CATALOGUE}. */
export const DEVICE_MEMORY = {
    LU1125: {
        severity: 'error',
        group: 'devices',
        title: 'old completion taken for a new one',
        advice: 'Clear the memory of a completion queue before the queue is created: the phase of an old entry is that of the first pass through a new queue.',
    },
    LU1126: {
        severity: 'warning',
        group: 'devices',
        title: 'request executed, but not answered',
        advice: 'Keep the completion queue, and its head and phase, with the device, and read the queue to its end in the next kernel. After a reset, submit again what has no answer.',
    },
    LU1127: {
        severity: 'error',
        group: 'devices',
        title: 'request lost',
        advice: 'Wait for all requests before the device is frozen, or note them where the next kernel finds them, and submit again what has no answer.',
    },
    LU1128: {
        severity: 'error',
        group: 'devices',
        title: 'old write executed over a newer one',
        advice: 'Submit requests again in their first order, before any new request, and no request that may have been executed before a later one.',
    },
    LU1129: {
        severity: 'error',
        group: 'devices',
        title: 'disk differs from what its user was told',
        advice: 'Answer a write only after a completion that the disk has written for it.',
    },
    LU1130: {
        severity: 'error',
        group: 'devices',
        title: 'memory of a device used after a reset',
        advice: 'Keep a copy of what is in the memory of the device in memory that is preserved, and upload it again after the reset, or keep the device running.',
    },
    LU1131: {
        severity: 'error',
        group: 'devices',
        title: 'request to another device not answered',
        advice: 'Preserve both devices in the same session and keep both running, or stop transfers between devices before the reboot.',
    },
} as const;

/** Of requests from device to device. */
export const PEERS = {
    LU1135: {
        severity: 'warning',
        group: 'devices',
        title: 'request between devices without the IOMMU',
        advice: 'Turn on request redirect (ACS) in the bridges above, or give these devices to one user only.',
    },
} as const;
