/** The shipped `.lus` sources, by name and by URI. */
import kernel from './kernel.lus';
import hugetlb from './hugetlb.lus';
import hugetlbNone from './hugetlb-none.lus';
import devicePm from './device-pm.lus';
import devicePmNone from './device-pm-none.lus';
import kstate from './kstate.lus';
import kstateNic from './kstate-nic.lus';
import kstateNone from './kstate-none.lus';
import eventfd from './eventfd.lus';
import pipe from './pipe.lus';
import unixSocket from './unix-socket.lus';
import tmpfs from './tmpfs.lus';
import guestMemfd from './guest-memfd.lus';
import iommu from './iommu.lus';
import iommufd from './iommufd.lus';
import iommuNone from './iommu-none.lus';
import interruptsNone from './interrupts-none.lus';
import tee from './tee.lus';
import teeNone from './tee-none.lus';
import interrupts from './interrupts.lus';
import caretakerNone from './caretaker-none.lus';
import caretaker from './caretaker.lus';
import cpuPreserveNone from './cpu-preserve-none.lus';
import cpuPreserve from './cpu-preserve.lus';
import kvm from './kvm.lus';
import vcpu from './vcpu.lus';
import lookupNone from './lookup-none.lus';
import lookup from './lookup.lus';
import luoAbi from './luo-abi.lus';
import luoCalls from './luo-calls.lus';
import luoFdt from './luo-fdt.lus';
import luoFlbFdt from './luo-flb-fdt.lus';
import luoFlb from './luo-flb.lus';
import luoNoFlb from './luo-no-flb.lus';
import luoNone from './luo-none.lus';
import luoV4Calls from './luo-v4-calls.lus';
import luoV4 from './luo-v4.lus';
import luoSer from './luo-ser.lus';
import luoSerComposite from './luo-ser-composite.lus';
import luoSerFeatures from './luo-ser-features.lus';
import featureWords from './feature-words.lus';
import luo from './luo.lus';
import memfdFolios from './memfd-folios.lus';
import memfdSparse from './memfd-sparse.lus';
import memfdDraft from './memfd-draft.lus';
import memfdV1 from './memfd-v1.lus';
import memfdFeatures from './memfd-features.lus';
import memfd from './memfd.lus';
import pciIsolationNone from './pci-isolation-none.lus';
import pciIsolation from './pci-isolation.lus';
import pciNone from './pci-none.lus';
import vfioRulesV4 from './vfio-rules-v4.lus';
import vfioRulesV5 from './vfio-rules-v5.lus';
import guestMemfdRulesV4 from './guest-memfd-rules-v4.lus';
import guestMemfdRulesRfc2 from './guest-memfd-rules-rfc2.lus';
import pciRulesV8 from './pci-rules-v8.lus';
import pciRulesV9 from './pci-rules-v9.lus';
import pci from './pci.lus';
import vfioNone from './vfio-none.lus';
import vfio from './vfio.lus';
import sessionFreezeNone from './session-freeze-none.lus';
import sessionFreeze from './session-freeze.lus';
import criu from './criu.lus';
import json from './json.lus';
import luod from './luod.lus';
import luotest from './luotest.lus';
import nvme from './nvme.lus';
import systemd from './systemd.lus';

/** The scheme of their URIs: `lus-std:/memfd.lus`. */
export const STD_SCHEME = 'lus-std:';

export function stdUri(name: string): string {
    return `${STD_SCHEME}/${name}.lus`;
}

/**
 * The standard library: the part of the kernel that is written in `.lus`. Each release has its own, put together from
 * these files.
 */
export const LIBRARY_TEXTS: Readonly<Record<string, string>> = {
    kernel,
    luo,
    memfd,
    'luo-ser': luoSer,
    'luo-ser-composite': luoSerComposite,
    'feature-words': featureWords,
    'luo-ser-features': luoSerFeatures,
    'memfd-features': memfdFeatures,
    'luo-abi': luoAbi,
    'luo-calls': luoCalls,
    'luo-flb': luoFlb,
    'luo-flb-fdt': luoFlbFdt,
    'luo-no-flb': luoNoFlb,
    'luo-none': luoNone,
    'luo-fdt': luoFdt,
    'memfd-folios': memfdFolios,
    'memfd-v1': memfdV1,
    'luo-v4': luoV4,
    'luo-v4-calls': luoV4Calls,
    'memfd-sparse': memfdSparse,
    'memfd-draft': memfdDraft,
    kvm,
    'guest-memfd': guestMemfd,
    hugetlb,
    eventfd,
    pipe,
    'unix-socket': unixSocket,
    tmpfs,
    'hugetlb-none': hugetlbNone,
    lookup,
    'lookup-none': lookupNone,
    pci,
    'pci-isolation-none': pciIsolationNone,
    'pci-isolation': pciIsolation,
    'pci-none': pciNone,
    'vfio-rules-v4': vfioRulesV4,
    'vfio-rules-v5': vfioRulesV5,
    'guest-memfd-rules-v4': guestMemfdRulesV4,
    'guest-memfd-rules-rfc2': guestMemfdRulesRfc2,
    'pci-rules-v8': pciRulesV8,
    'pci-rules-v9': pciRulesV9,
    vfio,
    'vfio-none': vfioNone,
    iommu,
    iommufd,
    'iommu-none': iommuNone,
    interrupts,
    'interrupts-none': interruptsNone,
    'device-pm': devicePm,
    'device-pm-none': devicePmNone,
    kstate,
    'kstate-nic': kstateNic,
    'kstate-none': kstateNone,
    'session-freeze': sessionFreeze,
    'session-freeze-none': sessionFreezeNone,
    tee,
    'tee-none': teeNone,
    vcpu,
    'cpu-preserve': cpuPreserve,
    'cpu-preserve-none': cpuPreserveNone,
    caretaker,
    'caretaker-none': caretakerNone,
};

/**
 * Programs of user space that ship with the emulator: `import <luod>` brings them in. They are part of the importing
 * program, not of any kernel.
 */
export const PROGRAM_TEXTS: ReadonlyMap<string, string> = new Map([
    ['luod', luod],
    ['systemd', systemd],
    ['json', json],
    ['criu', criu],
    ['nvme', nvme],
]);

/**
 * The test handlers of the kernel that the recordings were made with. No part of the standard library: only recordings
 * see them.
 */
export const LUOTEST_URI = stdUri('luotest');

function byUri(texts: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
    return new Map([...texts].map(([name, text]) => [stdUri(name), text] as const));
}

/** The files of all releases' standard libraries, by URI. */
export const LIBRARY_SOURCES = byUri(Object.entries(LIBRARY_TEXTS));

/** All that ship, by URI. */
export const SHIPPED_SOURCES: ReadonlyMap<string, string> = new Map([
    ...LIBRARY_SOURCES,
    ...byUri(PROGRAM_TEXTS),
    [LUOTEST_URI, luotest],
]);
