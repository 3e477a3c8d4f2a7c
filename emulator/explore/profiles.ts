/** What an exploration tries, by name. */
import type { ProfileName } from '../language/syntax/explore';
import { type Tried, NOTHING } from '../run/tried';

/** Callbacks that fail with an error fail with this one. */
const ERRORS = ['EIO'] as const;

/** The names of profiles, and what each tries. */
export const PROFILES = {
    crashes: { crash: ['*'] },
    failures: { fail: ['*'] },
    orders: { orders: true, timers: true },
    losses: { panic: true, power: true },
    flips: { flips: ['*'] },
    all: { crash: ['*'], fail: ['*'], orders: true, timers: true, panic: true, power: true },
} as const satisfies Readonly<Record<ProfileName, Partial<Tried>>>;

export function isProfile(name: string): name is ProfileName {
    return Object.hasOwn(PROFILES, name);
}

/** All of these together. */
export function together(parts: readonly Partial<Tried>[]): Tried {
    return {
        orders: parts.some((p) => p.orders),
        timers: parts.some((p) => p.timers),
        delays: parts.some((p) => p.delays),
        crash: parts.flatMap((p) => p.crash ?? []),
        fail: parts.flatMap((p) => p.fail ?? []),
        errors: parts.some((p) => p.errors) ? parts.flatMap((p) => p.errors ?? []) : ERRORS,
        kernels: parts.flatMap((p) => p.kernels ?? []),
        panic: parts.some((p) => p.panic),
        power: parts.some((p) => p.power),
        flips: parts.flatMap((p) => p.flips ?? []),
    };
}

/** Whether nothing is tried. */
export function isNothing(tried: Tried): boolean {
    const { orders, timers, delays, crash, fail, kernels, panic, power, flips } = { ...NOTHING, ...tried };
    return !orders && !timers && !delays && !panic && !power && [...crash, ...fail, ...kernels, ...flips].length === 0;
}
