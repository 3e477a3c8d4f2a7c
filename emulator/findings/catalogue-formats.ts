/** The diagnoses about features and composite strings, by which kernels negotiate formats; see {@link CATALOGUE}. */
export const FORMATS = {
    LU1132: {
        severity: 'error',
        group: 'handover',
        title: 'the next kernel does not support a required feature',
        advice: 'First run kernels that support a feature and do not use it. Require it when every kernel that may be next supports it.',
    },
    LU1133: {
        severity: 'warning',
        group: 'handover',
        title: 'the next kernel ignores a feature',
        advice: 'Require a feature whose data is needed, or boot a kernel that supports it.',
    },
    LU1134: {
        severity: 'error',
        group: 'handover',
        title: 'formats of a composite string out of order',
        advice: 'Sort the formats after the first semicolon, and name each one once.',
    },
} as const;
