/** The diagnoses about features and composite strings, by which kernels negotiate formats; see {@link CATALOGUE}. */
export const FORMATS = {
    LU1132: {
        severity: 'error',
        group: 'handover',
        title: 'the next kernel does not support a required feature',
        advice: 'Add a feature in two steps: first run kernels that support it and do not use it, and require it only when every kernel that may be next supports it.',
    },
    LU1133: {
        severity: 'warning',
        group: 'handover',
        title: 'the next kernel ignores a feature',
        advice: 'If the data of the feature is needed, require it; if it is not, keep it optional. Boot a kernel that supports it.',
    },
    LU1134: {
        severity: 'error',
        group: 'handover',
        title: 'formats of a composite string out of order',
        advice: 'Sort the formats after the first semicolon, and name each one once: the string is compared as a whole.',
    },
} as const;
