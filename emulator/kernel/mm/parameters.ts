/** Command line parameters for memory: mem=, memmap=, numa=, cma=, crashkernel=, swiotlb=. */
import type { SetupsOf } from '../command-line/setup';
import { leadingNumber, memparse, wordsOf } from '../release/parameter-values';

/**
 * A change of the firmware's memory map, in bytes. `remove` changes the memory known so far; `reserve` has priority
 * over memory that is added later, too.
 */
export type MapChange =
    | { readonly kind: 'exact' }
    | { readonly kind: 'add' | 'remove' | 'reserve'; readonly start: number; readonly size: number };

/** The default area of CMA: its size, and where it must lie. */
export interface CmaArea {
    readonly size: number;
    readonly start: number;
    /** Undefined: anywhere above `start`. */
    readonly end: number | undefined;
}

/** The values of `crashkernel=` by their suffix; of each, the last one counts. */
export interface CrashKernelValues {
    readonly plain?: string;
    readonly high?: string;
    readonly low?: string;
    readonly cma?: string;
}

/** What `swiotlb=` says of the buffers of the software IOTLB. */
export interface BounceBuffers {
    /** Of 2 KiB each (IO_TLB_SIZE); undefined: as many as 64 MiB have. */
    readonly slots: number | undefined;
    /** A power of two; 0: one for each processor. */
    readonly areas: number;
    /** Whether they exist: only if some memory is beyond the reach of devices, always, or never (which is stronger). */
    readonly when: 'needed' | 'force' | 'noforce';
}

export interface MemorySettings {
    /** Of `mem=` and `memmap=`, in their order. */
    readonly mapChanges: readonly MapChange[];
    /** `mem=` of arm64: the amount of memory, in bytes; 0: all. */
    readonly memoryLimit: number;
    readonly numaOff: boolean;
    readonly cma: CmaArea | undefined;
    readonly crashKernelMemory: CrashKernelValues;
    readonly bounceBuffers: BounceBuffers;
}

export const MEMORY_DEFAULTS: MemorySettings = {
    mapChanges: [],
    memoryLimit: 0,
    numaOff: false,
    cma: undefined,
    crashKernelMemory: {},
    bounceBuffers: { slots: undefined, areas: 0, when: 'needed' },
};

/** IO_TLB_SEGSIZE: slots are counted in segments. */
export const IOTLB_SEGMENT = 128;

/** E820_TYPE_RAM. */
const RAM = 1;

/** parse_memmap_one(). Nothing if it cannot be parsed, or changes no memory. */
function mapChange(text: string): MapChange[] {
    if (text.startsWith('exactmap')) {
        return [{ kind: 'exact' }];
    }
    const { value: size, length } = memparse(text);
    if (length === 0) {
        return [];
    }
    const how = text[length];
    const { value: start, length: read } = memparse(text.slice(length + 1));
    switch (how) {
        case '@':
            return [{ kind: 'add', start, size }];
        case '#':
        case '$':
        case '!':
            return [{ kind: 'reserve', start, size }];
        case '%':
            return retyped(text.slice(length + 1 + read), start, size);
        default:
            return [{ kind: 'remove', start: size, size: Infinity }];
    }
}

/** `-FROM+TO` after the address of a range: types of the firmware's map. */
function retyped(text: string, start: number, size: number): MapChange[] {
    const types = /^(?:-(\w*))?(?:\+(\w*))?$/.exec(text);
    const from = leadingNumber(types?.[1] ?? '').value;
    const to = leadingNumber(types?.[2] ?? '').value;
    if (!types || (from !== 0 && from !== RAM)) {
        return [];
    }
    if (to === RAM) {
        return from === RAM ? [] : [{ kind: 'add', start, size }];
    }
    return [{ kind: from === RAM || to === 0 ? 'remove' : 'reserve', start, size }];
}

const CRASH_SUFFIX = /,(high|low|cma)$/;

export const MEMORY_SETUPS: SetupsOf<'memory', MemorySettings> = {
    mem: (value, { mapChanges }, { arch, page }) => {
        if (value === undefined) {
            return undefined;
        }
        const { value: size } = memparse(value);
        if (arch === 'arm64') {
            return { memoryLimit: Math.floor(size / page.size) * page.size };
        }
        return size === 0 || value === 'nopentium'
            ? undefined
            : { mapChanges: [...mapChanges, { kind: 'remove', start: size, size: Infinity }] };
    },
    // parse_memmap_opt() ignores what parse_memmap_one() returns
    memmap: (value = '', { mapChanges }) => ({ mapChanges: [...mapChanges, ...wordsOf(value).flatMap(mapChange)] }),
    numa: (value, { numaOff }) => (value === undefined ? undefined : { numaOff: numaOff || value.startsWith('off') }),
    cma: (value) => {
        if (value === undefined) {
            return undefined;
        }
        const { value: size, length } = memparse(value);
        if (value[length] !== '@') {
            return { cma: { size, start: 0, end: undefined } };
        }
        const { value: start, length: read } = memparse(value.slice(length + 1));
        const rest = value.slice(length + 1 + read);
        return { cma: { size, start, end: rest.startsWith('-') ? memparse(rest.slice(1)).value : start + size } };
    },
    crashkernel: (value = '', { crashKernelMemory }) => ({
        crashKernelMemory: { ...crashKernelMemory, [CRASH_SUFFIX.exec(value)?.[1] ?? 'plain']: value },
    }),
    // setup_io_tlb_npages(): each part can be left out
    swiotlb: (value = '', { bounceBuffers }) => {
        const [, slots, areas, word] = /^(0x[0-9a-f]+|\d+)?,?(0x[0-9a-f]+|\d+)?,?(.*)$/is.exec(value) ?? [];
        const { slots: given, areas: givenAreas, when } = bounceBuffers;
        const count = areas === undefined ? givenAreas : leadingNumber(areas).value;
        const never = when === 'noforce' || word === 'noforce';
        return {
            bounceBuffers: {
                slots:
                    slots === undefined ? given : Math.ceil(leadingNumber(slots).value / IOTLB_SEGMENT) * IOTLB_SEGMENT,
                areas: count > 0 ? 2 ** Math.ceil(Math.log2(count)) : 0,
                when: never ? 'noforce' : word === 'force' ? 'force' : when,
            },
        };
    },
};
