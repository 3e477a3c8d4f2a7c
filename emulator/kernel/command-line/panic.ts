/** Command line parameters for panics: panic=, panic_on_warn=, oops=. */
import type { SetupsOf } from './setup';

export interface PanicSettings {
    /** Seconds from a panic to the restart of the machine; 0: it stands still, below 0: it restarts at once. */
    readonly panicTimeout: number;
    readonly panicOnWarn: boolean;
    readonly panicOnOops: boolean;
}

/** CONFIG_PANIC_TIMEOUT is 0. */
export const PANIC_DEFAULTS: PanicSettings = { panicTimeout: 0, panicOnWarn: false, panicOnOops: false };

/** param_set_int(): kstrtoint() with base 0. Undefined: EINVAL or ERANGE. */
function int(value = ''): number | undefined {
    const sign = /^[+-]/.exec(value)?.[0] ?? '';
    const digits = value.slice(sign.length);
    if (!/^(?:0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\n?$/i.test(digits)) {
        return undefined;
    }
    const octal = /^0[0-7]/.test(digits);
    const n = (octal ? parseInt(digits, 8) : Number(digits)) * (sign === '-' ? -1 : 1);
    return n >= -(2 ** 31) && n < 2 ** 31 ? n : undefined;
}

export const PANIC_SETUPS: SetupsOf<'panic', PanicSettings> = {
    panic: (value) => {
        const panicTimeout = int(value);
        return panicTimeout === undefined ? undefined : { panicTimeout };
    },
    panic_on_warn: (value) => {
        const n = int(value);
        return n === undefined ? undefined : { panicOnWarn: n !== 0 };
    },
    oops: (value) => (value === undefined ? undefined : value === 'panic' ? { panicOnOops: true } : {}),
};
