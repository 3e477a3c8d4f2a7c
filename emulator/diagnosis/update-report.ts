/** Reports of the live updates of a run: as plain data, and as text. */
import { type Update, Updates } from './updates';
import { duration } from '../text/durations';
import type { Host } from '../runtime/host/host';

/** The times of a live update, in nanoseconds; null: it did not get that far. */
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
    /** The parts of the blackout; the first one only if there are guests. */
    readonly pausingNs: number;
    readonly kernelShutdownNs: number;
    readonly kernelStartupNs: number | null;
    readonly userspaceNs: number | null;
    readonly postBlackoutNs: number | null;
    /** The costs that make up the blackout, the largest first, by their names in the table of costs. */
    readonly madeOf: readonly { readonly cost: string; readonly ns: number }[];
    /** How long each guest was stopped that went through the update; null: it never ran again. */
    readonly guests: readonly { readonly name: string; readonly blackoutNs: number | null }[];
}

/** Number of costs that the text names. */
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

/** `blackout 230 ms: boot_initcalls 70 ms, boot_userspace 60 ms, purgatory 36 ms`; with guests, names the slowest. */
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

/** The largest costs of a blackout. */
export function largest(u: UpdateReport): string {
    return u.madeOf
        .slice(0, LARGEST)
        .map((s) => `${s.cost} ${duration(s.ns)}`)
        .join(', ');
}
