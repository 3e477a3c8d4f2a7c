/** The standard library: the part of the kernel that is written in `.lus`. Each release has its own, put together from these files. */
import { LIBRARY_7_2 } from '../kernel/release/descriptions';
import { layersOf, withLayers, type Library } from '../kernel/release/layers';
import { checkStd } from '../language/check/check';
import { NATIVES } from './natives';
import type { Program } from '../language/program';
import kernel from '../std/kernel.lus';
import hugetlb from '../std/hugetlb.lus';
import hugetlbNone from '../std/hugetlb-none.lus';
import guestMemfd from '../std/guest-memfd.lus';
import iommu from '../std/iommu.lus';
import iommufd from '../std/iommufd.lus';
import iommuNone from '../std/iommu-none.lus';
import interruptsNone from '../std/interrupts-none.lus';
import interrupts from '../std/interrupts.lus';
import kvm from '../std/kvm.lus';
import lookupNone from '../std/lookup-none.lus';
import lookup from '../std/lookup.lus';
import luoAbi from '../std/luo-abi.lus';
import luoCalls from '../std/luo-calls.lus';
import luoFdt from '../std/luo-fdt.lus';
import luoFlbFdt from '../std/luo-flb-fdt.lus';
import luoFlb from '../std/luo-flb.lus';
import luoNoFlb from '../std/luo-no-flb.lus';
import luoNone from '../std/luo-none.lus';
import luoV4Calls from '../std/luo-v4-calls.lus';
import luoV4 from '../std/luo-v4.lus';
import luo from '../std/luo.lus';
import memfdDraft from '../std/memfd-draft.lus';
import memfdV1 from '../std/memfd-v1.lus';
import memfd from '../std/memfd.lus';
import pciNone from '../std/pci-none.lus';
import pci from '../std/pci.lus';
import release619 from '../std/release-6.19.lus';
import release70 from '../std/release-7.0.lus';
import release71 from '../std/release-7.1.lus';
import vfioNone from '../std/vfio-none.lus';
import vfio from '../std/vfio.lus';
import { STD_SCHEME } from '../language/std-scheme';

export { STD_SCHEME };

const TEXTS: Readonly<Record<string, string>> = {
    kernel,
    luo,
    memfd,
    'luo-abi': luoAbi,
    'luo-calls': luoCalls,
    'luo-flb': luoFlb,
    'luo-flb-fdt': luoFlbFdt,
    'luo-no-flb': luoNoFlb,
    'luo-none': luoNone,
    'luo-fdt': luoFdt,
    'release-6.19': release619,
    'release-7.0': release70,
    'release-7.1': release71,
    'memfd-v1': memfdV1,
    'luo-v4': luoV4,
    'luo-v4-calls': luoV4Calls,
    'memfd-draft': memfdDraft,
    kvm,
    'guest-memfd': guestMemfd,
    hugetlb,
    'hugetlb-none': hugetlbNone,
    lookup,
    'lookup-none': lookupNone,
    pci,
    'pci-none': pciNone,
    vfio,
    'vfio-none': vfioNone,
    iommu,
    iommufd,
    'iommu-none': iommuNone,
    interrupts,
    'interrupts-none': interruptsNone,
};

const uriOf = (name: string): string => `${STD_SCHEME}/${name}.lus`;

/** All files of all releases, by URI. */
export const STD_SOURCES: ReadonlyMap<string, string> = new Map(
    Object.entries(TEXTS).map(([name, text]) => [uriOf(name), text]),
);

const checked = new Map<string, Program>();

/**
 * The checked standard library of a release; the same object for every program. Without one: that of the default kernel, which is
 * what programs are checked against.
 */
export function standardLibrary(library: Library = LIBRARY_7_2): Program {
    const key = library.join(' ');
    let program = checked.get(key);
    if (!program) {
        program = checkStd(
            library.map((name) => ({ uri: uriOf(name), text: TEXTS[name] ?? '' })),
            NATIVES,
        );
        checked.set(key, program);
    }
    return program;
}

/** The files that a program is checked against: those of the default kernel, with the layers that any of the program's kernels has. */
export function libraryWith(layers: ReadonlySet<string>): Library {
    return withLayers(LIBRARY_7_2, layersOf(layers));
}
