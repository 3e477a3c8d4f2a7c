/** The diagnoses about capture kernels: a part of the catalogue. */

export const CRASH = {
    LU1140: {
        severity: 'error',
        group: 'handover',
        title: 'capture kernel given a handover',
        advice: 'Use a kernel that gives no handover to its capture kernel (7.0.11, 7.1 and later), or start the host with kho=off.',
    },
    LU1141: {
        severity: 'warning',
        group: 'memory',
        title: 'scratch in the memory of a capture kernel',
        advice: 'Load the capture kernel with kho=off, or use 7.3, which turns KHO off if elfcorehdr= is on the command line.',
    },
    LU1142: {
        severity: 'warning',
        group: 'memory',
        title: 'no memory for a capture kernel',
        advice: 'Make crashkernel= smaller, or scratch larger (kho_scratch=): behind a live update the memory must fit into a scratch area.',
    },
    LU1143: {
        severity: 'warning',
        group: 'handover',
        title: 'panic without a capture kernel',
        advice: 'Load the capture kernel again after every live update: kexec_file_load() with crash: true (kexec -p -s).',
    },
    LU1144: {
        severity: 'warning',
        group: 'devices',
        title: 'request aborted in a capture kernel',
        advice: 'Let the capture kernel reset the device before it uses it. The drivers of VT-d and AMD-Vi go on with the tables of the crashed kernel; that of SMMUv3 does not.',
    },
} as const;
