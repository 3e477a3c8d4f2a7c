/**
 * What an IOMMU's driver does with the tables of a kernel that has crashed, when it finds translation on in a capture
 * kernel: VT-d copies the root table and the context tables (drivers/iommu/intel/iommu.c, copy_translation_tables()),
 * AMD-Vi copies the device table up to 6.17 and goes on with it from 6.18 (drivers/iommu/amd/init.c). The page tables
 * below stay where they are. SMMUv3 starts anew and so aborts what is in flight (arm_smmu_device_reset()).
 */
import type { Iommu } from '../../machine/iommu/iommu';
import { addressIn, entryOf, IO_PAGE, readEntry } from '../../machine/iommu/tables';
import type { IommuVendor } from '../../machine/iommu/unit';
import type { Machine } from '../../machine/machine';
import { compareVersions, type Version } from '../release/version';
import type { IommuTables } from './tables';

/** What becomes of the tables of a crashed kernel. */
export type CrashedTables = 'copied' | 'reused' | 'replaced';

/** Bytes of a device table of AMD-Vi: an entry of 32 bytes for each requester. */
const DEVICE_TABLE = 0x10000 * 32;
const ROOT_ENTRY = 16;
const BUSES = 256;
const PRESENT = 1;
/** The first release whose AMD driver goes on with the table that it finds. */
const AMD_REUSES: Version = { major: 6, minor: 18, candidate: 1, stable: 0 };

export function fateOfTables(vendor: IommuVendor, version: Version): CrashedTables {
    switch (vendor) {
        case 'vtd':
            return 'copied';
        case 'amd':
            return compareVersions(version, AMD_REUSES) >= 0 ? 'reused' : 'copied';
        case 'smmuv3':
            return 'replaced';
    }
}

/** Copies the tables that lead to the entries of devices. @returns the new root; −1: no memory */
export function copyTables(machine: Machine, { format, root }: Iommu, tables: IommuTables): number {
    const { memory } = machine;
    if (format.vendor === 'amd') {
        const copy = tables.allocate(DEVICE_TABLE, 'device table');
        if (copy >= 0) {
            memory.writeBytes(copy, memory.readBytes(root, DEVICE_TABLE));
        }
        return copy;
    }
    const copy = format.makeRoot(tables);
    for (let bus = 0; copy >= 0 && bus < BUSES; bus++) {
        const entry = readEntry(memory, root + bus * ROOT_ENTRY);
        if ((entry.low & PRESENT) !== 0) {
            const contexts = tables.allocate(IO_PAGE, 'context table');
            if (contexts < 0) {
                return -1;
            }
            memory.writeBytes(contexts, memory.readBytes(addressIn(entry), IO_PAGE));
            tables.write(copy + bus * ROOT_ENTRY, entryOf(contexts, PRESENT));
        }
    }
    return copy;
}

/** What the kernel's log says of it. */
export const CRASHED_TABLES_LOG: Readonly<Record<IommuVendor, Readonly<Record<CrashedTables, string>>>> = {
    vtd: {
        copied: 'DMAR: Copied translation tables from previous kernel for dmar0',
        reused: '',
        replaced: 'DMAR: Failed to copy translation tables from previous kernel for dmar0',
    },
    amd: {
        copied: 'AMD-Vi: Copied DEV table from previous kernel.',
        reused: 'AMD-Vi: Reused DEV table from previous kernel.',
        replaced: 'AMD-Vi: Failed to copy DEV table from previous kernel.',
    },
    smmuv3: { copied: '', reused: '', replaced: 'arm-smmu-v3: SMMU currently enabled! Resetting...' },
};
