/** Huge pages on the kernel's command line (Documentation/admin-guide/kernel-parameters.txt: hugepages=, hugepagesz=, default_hugepagesz=). */

/** How many pages of one size are asked for. */
export interface HugePagesWanted {
    /** Bytes of a page. */
    readonly size: number;
    /** On whichever nodes; undefined where nodes are named. */
    readonly total: number | undefined;
    /** By node. */
    readonly nodes: ReadonlyMap<number, number>;
}

const SIZES: ReadonlyMap<string, number> = new Map([
    ['2M', 2 ** 21],
    ['2048K', 2 ** 21],
    ['1G', 2 ** 30],
    ['1024M', 2 ** 30],
]);

/**
 * What a command line asks for, in its order; the last one of a size counts. `hugepages=` before any `hugepagesz=` means the default size,
 * 2 MiB unless `default_hugepagesz=` says otherwise. Sizes that there are not, and what is no number, is ignored, as the kernel does.
 */
export function hugePagesWanted(cmdline: string): readonly HugePagesWanted[] {
    const words = cmdline.split(/\s+/).map((word) => /^(default_hugepagesz|hugepagesz|hugepages)=(.*)$/.exec(word));
    const byDefault = words.findLast(
        (w) => w?.[1] === 'default_hugepagesz' && SIZES.has((w[2] ?? '').toUpperCase()),
    )?.[2];
    let size: number | undefined = SIZES.get((byDefault ?? '2M').toUpperCase());
    const wanted = new Map<number, HugePagesWanted>();
    for (const word of words) {
        const value = word?.[2] ?? '';
        if (word?.[1] === 'hugepagesz') {
            size = SIZES.get(value.toUpperCase());
        } else if (word?.[1] === 'hugepages' && size !== undefined) {
            const asked = countsOf(size, value);
            if (asked) {
                wanted.set(size, asked);
            }
        }
    }
    return [...wanted.values()];
}

/** `16`, or by node `0:8,1:8`. */
function countsOf(size: number, text: string): HugePagesWanted | undefined {
    if (/^[0-9]+$/.test(text)) {
        return { size, total: Number(text), nodes: new Map() };
    }
    if (!/^[0-9]+:[0-9]+(?:,[0-9]+:[0-9]+)*$/.test(text)) {
        return undefined;
    }
    return {
        size,
        total: undefined,
        nodes: new Map(
            text
                .split(',')
                .map((part) => part.split(':').map(Number))
                .map(([node = 0, count = 0]) => [node, count]),
        ),
    };
}
