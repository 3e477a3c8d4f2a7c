/** Command line parameters for memory that is handed over: kho=, kho_scratch=, elfcorehdr=, reserve_mem=. */
import type { Build, SetupsOf } from '../command-line/setup';
import { kstrtobool, memparse } from '../release/parameter-values';
import { regionWanted, type WantedRegion, withRegion } from './reserve-mem';
import { DEFAULT_SCRATCH, parseScratch, type ScratchSizes } from './scratch';

export interface KhoSettings {
    readonly kho: boolean;
    readonly khoScratch: ScratchSizes;
    /** is_kdump_kernel(): `elfcorehdr=` gives the address of the description of a crashed kernel's memory. */
    readonly crashKernel: boolean;
    /** That address; 0: none is given. */
    readonly coreHeader: number;
    readonly reserveMem: readonly WantedRegion[];
}

export const KHO_DEFAULTS: KhoSettings = {
    kho: false,
    khoScratch: DEFAULT_SCRATCH,
    crashKernel: false,
    coreHeader: 0,
    reserveMem: [],
};

/** The sizes of scratch, under either of the two names of the parameter. */
function scratch(value: string | undefined, _given: KhoSettings, build: Build): Partial<KhoSettings> | undefined {
    const khoScratch = parseScratch(value ?? '', build.zeroScratchSizes);
    return khoScratch && { khoScratch };
}

export const KHO_SETUPS: SetupsOf<'kho' | 'memblock', KhoSettings> = {
    kho: (value) => {
        const kho = kstrtobool(value);
        return kho === undefined ? undefined : { kho };
    },
    kho_scratch: scratch,
    kho_bootmem: scratch,
    // an address that cannot be parsed is address 0, which is valid
    elfcorehdr: (value) => (value === undefined ? undefined : { crashKernel: true, coreHeader: memparse(value).value }),
    reserve_mem: (value, { reserveMem }) => {
        const region = regionWanted(value ?? '');
        return region && { reserveMem: withRegion(reserveMem, region) };
    },
};
