/** Live updates of a run as plain data, and in words. */
import { type Update, Updates } from './updates';
import { duration } from '../text/durations';
import type { Host } from '../runtime/host/host';

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
    /** The blackout's parts; the first one only where there are guests. */
    readonly pausingNs: number;
    readonly kernelShutdownNs: number;
    readonly kernelStartupNs: number | null;
    readonly userspaceNs: number | null;
    readonly postBlackoutNs: number | null;
    /** What the blackout went to, the largest first, by the keys of the table of costs. */
    readonly madeOf: readonly { readonly cost: string; readonly ns: number }[];
    /** How long each guest stood still that went through it; null: it does to the end. */
    readonly guests: readonly { readonly name: string; readonly blackoutNs: number | null }[];
}

/** How many things a blackout is said to be made of. */
const LARGEST = 3;

export function updatesOf(host: Host): UpdateReport[] {
    return (Updates.of(host)?.done ?? []).map(reportOf);
}

function reportOf(u: Update): UpdateReport {
    return {
        number: u.number,
        from: u.from,
        to: u.to,
        sessions: u.sessions,
        files: u.files,
        preBlackoutNs: u.preBlackout,
        blackoutNs: u.ended === null ? null : u.blackout,
        pausingNs: u.pausing,
        kernelShutdownNs: u.kernelShutdown,
        kernelStartupNs: u.up === null ? null : u.kernelStartup,
        userspaceNs: u.ended === null ? null : u.userspace,
        postBlackoutNs: u.finished === null || u.ended === null ? null : u.postBlackout,
        madeOf: u.shares,
        guests: u.guests.map((p) => ({ name: p.guest, blackoutNs: p.end === null ? null : p.length })),
    };
}

/** `blackout 230 ms: boot_initcalls 70 ms, boot_userspace 60 ms, purgatory 36 ms`; with guests, whose it is. */
export function updateLine(u: UpdateReport, updates: readonly UpdateReport[]): string {
    const which = updates.length > 1 ? `update ${u.number}: ` : '';
    const stuck = u.guests.find((g) => g.blackoutNs === null);
    if (u.blackoutNs === null) {
        return `${which}the blackout never ended: ${stuck ? `guest "${stuck.name}" was not resumed` : 'nothing was retrieved'}`;
    }
    return `${which}blackout ${duration(u.blackoutNs)}${slowestOf(u)}: ${largest(u)}`;
}

function slowestOf({ guests, blackoutNs }: UpdateReport): string {
    const slowest = guests.find((g) => g.blackoutNs === blackoutNs);
    if (!slowest) {
        return '';
    }
    return guests.length === 1
        ? ` of guest "${slowest.name}"`
        : ` of guest "${slowest.name}", the longest of ${guests.length}`;
}

/** What took most of a blackout. */
export function largest(u: UpdateReport): string {
    return u.madeOf
        .slice(0, LARGEST)
        .map((s) => `${s.cost} ${duration(s.ns)}`)
        .join(', ');
}
