/** Live updates of a run as plain data, and in words. */
import type { Update } from '../scenario/updates';
import type { Vm } from '../scenario/vm';

/** A live update in time. Nanoseconds; null: it never came to that. */
export interface UpdateReport {
    /** From 1. */
    readonly number: number;
    /** The kernels' names. */
    readonly from: string;
    readonly to: string;
    /** What was handed over. */
    readonly sessions: number;
    readonly files: number;
    readonly preBlackoutNs: number;
    readonly blackoutNs: number | null;
    /** The blackout's parts. */
    readonly kernelShutdownNs: number;
    readonly kernelStartupNs: number | null;
    readonly userspaceNs: number | null;
    readonly postBlackoutNs: number | null;
    /** What the blackout went to, the largest first, by the keys of the table of costs. */
    readonly madeOf: readonly { readonly cost: string; readonly ns: number }[];
}

/** How many things a blackout is said to be made of. */
const LARGEST = 3;

export function updatesOf(vm: Vm): UpdateReport[] {
    return (vm.updates?.done ?? []).map(reportOf);
}

function reportOf(u: Update): UpdateReport {
    return {
        number: u.number, from: u.from, to: u.to, sessions: u.sessions, files: u.files,
        preBlackoutNs: u.preBlackout,
        blackoutNs: u.resumed === null ? null : u.blackout,
        kernelShutdownNs: u.kernelShutdown,
        kernelStartupNs: u.up === null ? null : u.kernelStartup,
        userspaceNs: u.resumed === null ? null : u.userspace,
        postBlackoutNs: u.finished === null ? null : u.postBlackout,
        madeOf: u.shares,
    };
}

/** `blackout 230 ms: boot_initcalls 70 ms, boot_userspace 60 ms, purgatory 36 ms` */
export function updateLine(u: UpdateReport, updates: readonly UpdateReport[]): string {
    const which = updates.length > 1 ? `update ${u.number}: ` : '';
    return u.blackoutNs === null ? `${which}the blackout never ended: nothing was retrieved` : `${which}blackout ${duration(u.blackoutNs)}: ${largest(u)}`;
}

/** What took most of a blackout. */
export function largest(u: UpdateReport): string {
    return u.madeOf.slice(0, LARGEST).map((s) => `${s.cost} ${duration(s.ns)}`).join(', ');
}

/** Three digits, and the unit that suits: `231 ms`, `1.25 s`, `80 ns`. */
export function duration(ns: number): string {
    const units = [['s', 1e9], ['ms', 1e6], ['µs', 1e3]] as const;
    // what rounds up to a thousand of a unit is one of the next
    const [unit, size] = units.find(([, n]) => ns >= n * 0.9995) ?? ['ns', 1];
    const n = ns / size;
    return `${Number(n.toPrecision(n >= 100 ? Math.max(3, String(Math.round(n)).length) : 3))} ${unit}`;
}
