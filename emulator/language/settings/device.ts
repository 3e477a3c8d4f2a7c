/** What stands in the braces of `device nic0 at "0000:3b:00.0" { }` in a machine. */
import type { DriverChoice } from '../../machine/devices/device';
import type { DeviceKind } from '../../machine/devices/kinds';
import { number, oneOf, pciAddress, virtualFunction, type AnySetting, type ValuesOf } from './setting';

/** MSI-X tables have at most 2048 entries (PCI Express Base Specification 6.0, section 7.7.2.2). */
const MOST_VECTORS = 2048;
const MOST_QUEUES = 64;

export const DEVICE_SETTINGS = {
    kind: {
        takes: oneOf<DeviceKind>({
            nic: 'receives and sends by descriptor rings in memory, an interrupt for each frame',
            nvme: 'takes commands from a submission queue, reads and writes pages, and answers in a completion queue',
            gpu: 'copies from the first half of its memory to the second, 64 KiB at a time',
            dma: 'writes 64 bytes and goes on to the next, from one end of its memory to the other',
        }),
        examples: ['kind nic'],
        doc: 'What the device does.',
    },
    queues: {
        takes: number('`queues` of a device', { least: 1, most: MOST_QUEUES }),
        examples: ['queues 2'],
        doc: 'How many queues it has, each with rings of its own; one where it is left out.',
    },
    msix: {
        takes: number('`msix` of a device', { least: 0, most: MOST_VECTORS }),
        examples: ['msix 4'],
        doc: 'How many interrupt vectors it has; one where it is left out, none with `msix 0`.',
    },
    driver: {
        takes: oneOf<DriverChoice>({
            native: 'the driver of the kernel, which takes the device at boot (the default)',
            vfio: 'vfio-pci, which needs an IOMMU that is on; `/dev/vfio/devices/vfio0` is the first such device',
            none: 'nobody, unless code in a file kind or in `init` takes it',
        }),
        examples: ['driver vfio'],
        doc: 'Who drives the device from the first boot on.',
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
            on: 'the bridge keeps the devices below it apart (the default)',
            off: 'it cannot, so they are one IOMMU group',
        }),
        examples: ['acs off'],
        doc: 'Access Control Services (ACS) of the bridge above the device.',
    },
    ignores_bus_master: {
        takes: oneOf({
            on: 'its requests come through whatever the bus master bits on their way say, as those of faulty hardware do',
            off: 'its requests need these bits (the default)',
        }),
        examples: ['ignores_bus_master on'],
        doc: 'Whether the device heeds the bus master bits.',
    },
    ats: {
        takes: oneOf({
            on: 'the device remembers translations until it is told to forget them',
            off: 'it remembers none (the default)',
            deaf: 'it says that it has forgotten them and has not, as faulty hardware does',
        }),
        examples: ['ats on'],
        doc: 'Address Translation Services (ATS) of the device.',
    },
} as const satisfies Record<string, AnySetting>;

export type DeviceValues = ValuesOf<typeof DEVICE_SETTINGS>;
