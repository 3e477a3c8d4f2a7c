/** Versions of Linux, in the order in which they were released: 7.2-rc6, 7.2, 7.2.4, 7.3-rc1. */

export interface Version {
    readonly major: number;
    readonly minor: number;
    /** Of a release candidate its number; undefined: a release. */
    readonly candidate: number | undefined;
    /** Of a stable release its number; 0: the first release. */
    readonly stable: number;
}

/** @returns undefined where the text is no version */
export function parseVersion(text: string): Version | undefined {
    const found = /^(\d+)\.(\d+)(?:-rc(\d+)|\.(\d+))?$/.exec(text);
    const [, major, minor, candidate, stable] = found ?? [];
    return found === null
        ? undefined
        : {
              major: Number(major),
              minor: Number(minor),
              candidate: candidate === undefined ? undefined : Number(candidate),
              stable: Number(stable ?? 0),
          };
}

/** `7.2`: what a version and its stable releases and release candidates have in common. */
export function seriesOf({ major, minor }: Version): string {
    return `${major}.${minor}`;
}

/** Below 0: the first is older. */
export function compareVersions(a: Version, b: Version): number {
    return (
        a.major - b.major ||
        a.minor - b.minor ||
        (a.candidate ?? Number.MAX_SAFE_INTEGER) - (b.candidate ?? Number.MAX_SAFE_INTEGER) ||
        a.stable - b.stable
    );
}

/** Versions from one on up to those in which something is fixed. */
export interface Span {
    readonly since: string;
    /** The first version of Linus Torvalds's tree without it. */
    readonly fixed: string;
    /** The first stable release of a series without it, as far as that is known. */
    readonly stable?: readonly string[];
}

/** @throws RangeError where the text is no version */
function version(text: string): Version {
    const parsed = parseVersion(text);
    if (!parsed) {
        throw new RangeError(`${text} is no version`);
    }
    return parsed;
}

/** Whether a version lies in a span: stable releases of older series get fixes after newer ones have appeared. */
export function isIn({ since, fixed, stable = [] }: Span, v: Version): boolean {
    return (
        compareVersions(v, version(since)) >= 0 &&
        compareVersions(v, version(fixed)) < 0 &&
        !stable.map(version).some((s) => seriesOf(s) === seriesOf(v) && compareVersions(v, s) >= 0)
    );
}
