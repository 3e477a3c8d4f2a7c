/** The settings in the braces of `device nic0 at "0000:3b:00.0" { }`. */
import type { DriverChoice } from '../../machine/devices/device';
import type { DeviceKind } from '../../machine/devices/kinds';
import { number, oneOf, pciAddress, virtualFunction, type AnySetting, type ValuesOf } from './setting';

/** MSI-X tables have at most 2048 entries (PCI Express Base Specification 6.0, section 7.7.2.2). */
const MOST_VECTORS = 2048;
const MOST_QUEUES = 64;
/** 1 TiB: more than any card has. */
const MOST_VRAM = 2 ** 40;

export const DEVICE_SETTINGS = {
    kind: {
        takes: oneOf<DeviceKind>({
            nic: 'receives and sends frames through descriptor rings in memory; one interrupt per frame',
            nvme: 'takes commands from a submission queue, reads and writes pages, and replies in a completion queue',
            gpu: 'copies from the first half of its memory to the second, 64 KiB at a time',
            dma: 'writes 64 bytes at a time, from one end of its memory to the other',
        }),
        examples: ['kind nic'],
        doc: 'What the device does.',
    },
    queues: {
        takes: number('`queues` of a device', { least: 1, most: MOST_QUEUES }),
        examples: ['queues 2'],
        doc: 'The number of queues, each with its own rings. The default is 1.',
    },
    msix: {
        takes: number('`msix` of a device', { least: 0, most: MOST_VECTORS }),
        examples: ['msix 4'],
        doc: 'The number of interrupt vectors. The default is 1; `msix 0` means none.',
    },
    driver: {
        takes: oneOf<DriverChoice>({
            native: 'the driver of the kernel, which binds the device at boot (the default)',
            vfio: 'vfio-pci, which needs an enabled IOMMU; `/dev/vfio/devices/vfio0` is the first such device',
            none: 'no driver, unless code in a file kind or in `init` claims the device',
        }),
        examples: ['driver vfio'],
        doc: 'The driver of the device, from the first boot on.',
    },
    behind: {
        takes: pciAddress,
        examples: ['behind "0000:3a:00.0"'],
        doc: 'A bridge between the root port and the device.',
    },
    vf: {
        takes: virtualFunction,
        examples: ['vf of nic0'],
        doc: 'A virtual function of another device of the machine (SR-IOV), on the same bus.',
    },
    acs: {
        takes: oneOf({
            on: 'the bridge isolates the devices below it from each other (the default)',
            off: 'it does not, so they form one IOMMU group',
            quirk: 'it does in a way of its own, which only a quirk of the kernel knows',
        }),
        examples: ['acs off'],
        doc: 'Access Control Services (ACS) of the bridge above the device.',
    },
    ignores_bus_master: {
        takes: oneOf({
            on: 'its requests pass even if a bus master bit on their path is clear, as with faulty hardware',
            off: 'its requests need the bus master bits (the default)',
        }),
        examples: ['ignores_bus_master on'],
        doc: 'Whether the device ignores the bus master bits.',
    },
    ats: {
        takes: oneOf({
            on: 'the device caches translations until it receives an invalidation',
            off: 'it caches no translations (the default)',
            deaf: 'it acknowledges invalidations but keeps the translations, as faulty hardware does',
        }),
        examples: ['ats on'],
        doc: 'Address Translation Services (ATS) of the device.',
    },
    vram: {
        takes: number('`vram` of a device', { least: 1, most: MOST_VRAM }),
        examples: ['vram 16GiB'],
        doc: 'The size of memory on the device, which processors reach through a BAR. The default is none.',
    },
} as const satisfies Record<string, AnySetting>;

export type DeviceValues = ValuesOf<typeof DEVICE_SETTINGS>;
