/**
 * Command line parameters for devices: the IOMMU, interrupts and the processors that take them, the numbers of PCI
 * buses.
 */
import type { SetupsOf } from '../command-line/setup';
import { kstrtobool, leadingNumber, wordsOf } from '../release/parameter-values';

export interface DeviceSettings {
    /** `iommu=off`: no x86 IOMMU driver uses its hardware. */
    readonly iommuOff: boolean;
    readonly intelIommu: boolean;
    readonly amdIommu: boolean;
    /** Devices get identity domains. */
    readonly iommuPassthrough: boolean;
    /** VFIO takes devices that no IOMMU translates. */
    readonly vfioNoIommu: boolean;
    readonly interruptRemapping: boolean;
    /** Remapped interrupts can be posted to guests. */
    readonly interruptPosting: boolean;
    /** gic_dist_supports_lpis(): message interrupts of a GICv3 are used. */
    readonly lpis: boolean;
    /** nr_cpu_ids, if limited: the number of possible processors. */
    readonly nrCpus: number;
    /** Processors that are brought up at boot. */
    readonly maxCpus: number;
    readonly assignBuses: boolean;
}

/** The defaults of a kernel with CONFIG_INTEL_IOMMU_DEFAULT_ON and without CONFIG_IOMMU_DEFAULT_PASSTHROUGH. */
export const DEVICE_DEFAULTS: DeviceSettings = {
    iommuOff: false,
    intelIommu: true,
    amdIommu: true,
    iommuPassthrough: false,
    vfioNoIommu: false,
    interruptRemapping: true,
    interruptPosting: true,
    lpis: true,
    nrCpus: Infinity,
    maxCpus: Infinity,
    assignBuses: false,
};

type Words = readonly (readonly [begin: string, set: Partial<DeviceSettings>])[];

/** Compared as the kernel does: by the beginning of a word. The first match counts. */
function fromWords(value: string | undefined, words: Words): Partial<DeviceSettings> | undefined {
    if (value === undefined) {
        return undefined;
    }
    const found = wordsOf(value).map((word) => words.find(([begin]) => word.startsWith(begin))?.[1]);
    return Object.assign({}, ...found);
}

const REMAPPING_OFF: Partial<DeviceSettings> = { interruptRemapping: false, interruptPosting: false };

export const DEVICE_SETUPS: SetupsOf<'iommu' | 'interrupts' | 'processors' | 'pci', DeviceSettings> = {
    iommu: (value) =>
        fromWords(value, [
            ['off', { iommuOff: true }],
            ['pt', { iommuPassthrough: true }],
            ['nopt', { iommuPassthrough: false }],
        ]),
    'iommu.passthrough': (value) => {
        const iommuPassthrough = kstrtobool(value);
        return iommuPassthrough === undefined ? undefined : { iommuPassthrough };
    },
    'vfio.enable_unsafe_noiommu_mode': (value) => {
        const vfioNoIommu = value === undefined ? true : kstrtobool(value);
        return vfioNoIommu === undefined ? undefined : { vfioNoIommu };
    },
    intel_iommu: (value) =>
        fromWords(value, [
            ['on', { intelIommu: true }],
            ['off', { intelIommu: false }],
        ]),
    amd_iommu: (value) => fromWords(value, [['off', { amdIommu: false }]]),
    intremap: (value) =>
        fromWords(value, [
            ['on', { interruptRemapping: true, interruptPosting: true }],
            ['off', REMAPPING_OFF],
            ['nopost', { interruptPosting: false }],
        ]),
    nointremap: () => ({ interruptRemapping: false }),
    'irqchip.gicv3_nolpi': (value) => {
        const off = kstrtobool(value);
        return off === undefined ? undefined : { lpis: !off };
    },
    nr_cpus: (value = '', { nrCpus }) => {
        const { value: n } = leadingNumber(value);
        return { nrCpus: n > 0 ? Math.min(n, nrCpus) : nrCpus };
    },
    // text that is no number counts as 0, and 0 means the boot processor only
    maxcpus: (value = '') => (value === '' ? {} : { maxCpus: Math.max(1, leadingNumber(value).value) }),
    pci: (value = '') => (wordsOf(value).includes('assign-busses') ? { assignBuses: true } : {}),
};
