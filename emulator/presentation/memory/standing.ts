/** The memory of a run where it stands, and that of a memory image, as a view shows it. */
import { Diagnoses } from '../../diagnosis/diagnoses';
import type { HandoverFinding } from '../../handover/findings';
import type { Diagnosis } from '../../findings/diagnosis';
import type { Host } from '../../runtime/host/host';
import type { MemoryMap } from './map';
import { momentOf, type Moment } from './moments';
import { pictureOf, type FoundAt, type NamedMoment, type Picture, type Wanted } from './picture';
import { NO_POINTERS, pointersNow, type Pointers } from './pointers';
import { reachOf, type DeviceReach } from './reach';

/** The memory of a run where it stands. */
export interface Standing {
    readonly now: Moment;
    /** The kexec that led to the running kernel. */
    readonly before: Moment | undefined;
    /** Those of the last kexec, with what they lead to now, or those of this kernel. */
    readonly pointers: Pointers;
    readonly reach: readonly DeviceReach[];
    readonly findings: readonly FoundAt[];
}

/** Made once at a stop: it reads the page metadata of all memory. @param before the kexec that led to the kernel */
export function standingOf(host: Host, before: Moment | undefined): Standing {
    const now = momentOf(host, before);
    return {
        now,
        before,
        pointers: before ? pointersNow(host, before.pointers, now.map) : now.pointers,
        reach: reachOf(host.machine),
        findings: findingsOf(Diagnoses.of(host)?.found.items ?? []),
    };
}

/** The most findings of a picture. */
const MOST_FINDINGS = 100;
/** Where findings have the address that they are about. */
const ADDRESSES = ['address', 'target', 'at', 'table'];

function findingsOf(all: readonly Diagnosis[]): FoundAt[] {
    const found = all.flatMap(({ code, message, data }): FoundAt[] => {
        const text = ADDRESSES.map((name) => data[name]).find((d) => typeof d === 'string' && d.startsWith('0x'));
        return typeof text === 'string' ? [{ code, message, address: Number(text) }] : [];
    });
    return found.reverse().slice(0, MOST_FINDINGS);
}

/** The picture of a run where it stands. @param other the moment that it is compared with; default: the kexec before */
export function runPicture(
    title: string,
    { now, before, pointers, reach, findings }: Standing,
    other: NamedMoment | undefined,
    wanted: Wanted,
): Picture {
    const earlier: NamedMoment | undefined = other ?? (before && { ...before, name: 'before the kexec' });
    const late = { ...now, name: 'now' };
    const moments = !earlier ? [late] : (earlier.time ?? 0) > now.time ? [late, earlier] : [earlier, late];
    return pictureOf(title, moments, pointers, reach, findings, wanted);
}

/** Findings about a memory image that are about an address. */
export function imageFindings(all: readonly HandoverFinding[]): FoundAt[] {
    return all
        .flatMap(({ code, text, address }) => (typeof address === 'number' ? [{ code, message: text, address }] : []))
        .slice(0, MOST_FINDINGS);
}

/** The picture of a memory image. */
export function imagePicture(
    title: string,
    map: MemoryMap,
    pointers: Pointers,
    findings: readonly FoundAt[],
    wanted: Wanted,
): Picture {
    const moment: NamedMoment = {
        name: 'at the handover',
        kernel: 0,
        release: '',
        time: undefined,
        map,
        pointers: NO_POINTERS,
    };
    return pictureOf(title, [moment], pointers, [], findings, wanted);
}
