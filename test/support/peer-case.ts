/** A case of another project's tests, and a suite of them. */

export interface PeerCase {
    readonly name: string;
    /** What it asserts, as facts: after "asserts that". */
    readonly asserts: string;
    /** Why no scenario can express it. Absent: there is one, and it passes. */
    readonly not?: string;
    /** What the scenario leaves out, or says in another way. */
    readonly differs?: string;
}

export interface PeerSuite {
    readonly title: string;
    /** Where it comes from: the file in the kernel's tree, or the series. */
    readonly source: string;
    /** `test/peers/FILE.lus`; absent if none of its cases can be said. */
    readonly file?: string;
    readonly cases: readonly PeerCase[];
}
