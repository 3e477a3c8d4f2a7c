/**
 * What releases of Linux got wrong in kexec handover and live update, and where it was fixed: plain data, a row a fix.
 * Facts are from the commits, and from the lists of pulls of 6.18 to 7.3. Where the emulator does it, the row has a
 * flaw: every release in its spans has that, and any kernel can be given it, or be rid of it.
 */
import type { BuildOption, KnownBug } from './known-bug';
import { KHO_BUGS } from './known-bugs-kho';
import { LUO_BUGS } from './known-bugs-luo';
import { MEMFD_BUGS } from './known-bugs-memfd';
import { isIn, type Version } from './version';

/** The parts of the kernel that the rows are about, in the order of the page. */
export const KNOWN_BUGS: Readonly<Record<'KHO' | 'LUO' | 'memfd', readonly KnownBug[]>> = {
    KHO: KHO_BUGS,
    LUO: LUO_BUGS,
    memfd: MEMFD_BUGS,
};

const ALL: readonly KnownBug[] = Object.values(KNOWN_BUGS).flat();

/** The rows that are flaws of kernels, by name. */
export const BUG_FLAWS: ReadonlyMap<string, KnownBug> = new Map(
    ALL.filter((bug) => bug.flaw !== undefined).map((bug) => [bug.name, bug]),
);

export function hasBug(bug: KnownBug, version: Version): boolean {
    return bug.in.some((span) => isIn(span, version));
}

/** `6.19-rc1 to before 7.2-rc1`: the versions that have it. */
export function versionsWith(bug: KnownBug): string {
    return bug.in.map(({ since, fixed }) => `${since} to before ${fixed}`).join(', ');
}

/** The flaws that a version has where it is built with these options. */
export function flawsOf(version: Version, options: ReadonlySet<BuildOption>): ReadonlySet<string> {
    return new Set(
        [...BUG_FLAWS.values()]
            .filter((bug) => hasBug(bug, version))
            .filter(({ flaw }) => flaw?.needs === undefined || options.has(flaw.needs))
            .map((bug) => bug.name),
    );
}

/** Those that only kernels have that are built with an option. */
export function flawsNeeding(option: BuildOption, version: Version): string[] {
    return [...BUG_FLAWS.values()]
        .filter((bug) => bug.flaw?.needs === option && hasBug(bug, version))
        .map((bug) => bug.name);
}
