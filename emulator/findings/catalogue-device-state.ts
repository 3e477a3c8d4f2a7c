/** The diagnoses about the state of devices and drivers that kernels save for the next one; see {@link CATALOGUE}. */
export const DEVICE_STATE = {
    LU1115: {
        severity: 'error',
        group: 'devices',
        title: 'device resumed with wrong registers',
        advice: 'Do not hand over a struct that belongs to a driver alone. Describe what is handed over, with a version: a file handler with a compatible string, or fields of KSTATE.',
    },
    LU1116: {
        severity: 'error',
        group: 'handover',
        title: 'KSTATE loads a newer version than it knows',
        advice: 'Add fields as a subsection if an older kernel must be able to load the state. An older kernel ignores subsections that it does not know.',
    },
    LU1117: {
        severity: 'warning',
        group: 'devices',
        title: 'register lost in a reset between suspend and resume',
        advice: 'Save every register that a reset clears, even if the device keeps it in its sleep states.',
    },
    LU1118: {
        severity: 'hint',
        group: 'handover',
        title: 'no value for a field of KSTATE',
        advice: 'Make sure that the driver works with the default of the field, or read the value from the device.',
    },
    LU1119: {
        severity: 'warning',
        group: 'devices',
        title: 'suspended device not resumed',
        advice: 'Boot a kernel that restores the state of the device (the same layer), or stop the device before the kexec as in an ordinary reboot.',
    },
} as const;
