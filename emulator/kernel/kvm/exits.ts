/** Reasons for which a vCPU leaves the guest, and the periods in which a guest's program causes them. */

/** Their numbers are places in the table of the caretaker (std/caretaker.lus). */
export const EXIT_REASONS = [
    'hlt',
    'cpuid',
    'msr',
    'uart',
    'invd',
    'ipi',
    'mmio',
    'pio',
    'hypercall',
    'timer',
    'machine_check',
] as const;

export type ExitReason = (typeof EXIT_REASONS)[number];

export function isExitReason(name: string): name is ExitReason {
    return EXIT_REASONS.some((r) => r === name);
}

/** A program leaves the guest for this reason again and again. Nanoseconds. */
export interface ExitSource {
    readonly reason: ExitReason;
    readonly every: number;
    /** The time of the next one. */
    readonly next: number;
}

/** LOCAL_TIMER_VECTOR (arch/x86/include/asm/irq_vectors.h), as Linux guests use it. */
export const TIMER_VECTOR = 0xec;

/** The source that is due first; undefined: there is none. */
export function firstDue(sources: readonly ExitSource[]): ExitSource | undefined {
    return sources.reduce<ExitSource | undefined>((first, s) => (first && first.next <= s.next ? first : s), undefined);
}

/** The sources after exits of `source`. */
export function afterExit(sources: readonly ExitSource[], source: ExitSource, times = 1): ExitSource[] {
    return sources.map((s) => (s === source ? { ...s, next: s.next + s.every * times } : s));
}

/** The sources of a program that stood still until now: a whole period passes before the next exit. */
export function restarted(sources: readonly ExitSource[], now: number): ExitSource[] {
    return sources.map((s) => (s.next > now ? s : { ...s, next: now + s.every }));
}
