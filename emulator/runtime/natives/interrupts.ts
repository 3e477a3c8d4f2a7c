/** Interrupts of devices for kernel code: what std/interrupts.lus is written with. */
import { KernelInterrupts } from '../../kernel/devices/interrupts';
import { Irq } from '../../kernel/devices/irq';
import { PciDev } from '../../kernel/devices/pci';
import { FolioRef } from '../../kernel/mm/file-folios';
import { ANY, BOOL, INT, listOf, objectOf, PHYS, STRING, type Value } from '../../language/types';
import { asBool, asNumber, ProgramError } from '../../language/values';
import { Device } from '../../machine/devices/device';
import { View } from '../view';
import { expect } from './arguments';
import { global, Members, nothing, param, RecordMembers } from './define';
import type { NativeContext, NativeGlobal } from './native';

const DEV = [param('dev', objectOf('pci_dev'))];

/** The device behind a PCI function; bridges raise no interrupts here. */
function deviceOf(v: Value): Device {
    const { fn } = expect(PciDev, v, 'a PCI function');
    if (!(fn instanceof Device)) {
        throw new ProgramError(`${fn.name} is a bridge, and has no interrupts`);
    }
    return fn;
}

/** The folio at an address; `none` where there is no such address. */
function folioAt({ machine: { page } }: NativeContext, address: number | undefined): FolioRef | null {
    return address === undefined ? null : new FolioRef(address / page.size, page);
}

export const irqType = new RecordMembers(Irq, 'irq', 'An interrupt of a device, as the running kernel has set it up.')
    .field('name', STRING, 'As /proc/interrupts shows it.', (irq) => irq.name)
    .field('index', INT, "Which entry of the device's MSI-X table it is.", (irq) => irq.index)
    .field('cpu', INT, 'The processor that it comes to.', (irq) => irq.to.cpu)
    .field('vector', INT, 'The vector there.', (irq) => irq.to.vector)
    .field('entry', INT, "The entry of the IOMMU's remapping table that leads there; −1: none.", (irq) => irq.entry)
    .field('count', INT, 'Times that it came to the kernel.', (irq) => irq.count)
    .field('posted', BOOL, 'The IOMMU leaves it in a descriptor of a VM, past the kernel.', (irq) => irq.posted)
    .field('guest_vector', INT, "The vector of the guest's; 0: it goes to no guest.", (irq) => irq.line?.vector ?? 0)
    .field('descriptor', PHYS, 'Where it is posted to; 0: it is not.', (irq) => irq.descriptor)
    .field(
        'descriptors',
        objectOf('folio'),
        'The memory of the descriptors of that VM; `none` where it is not posted.',
        (irq, context) => folioAt(context, irq.descriptors),
    )
    .journaled('preserved', 'preserved', BOOL, 'The next kernel is told of it. Kernel code assigns it.', asBool);

export const irqObject = new Members(KernelInterrupts, 'interrupts', 'Interrupts of devices in the running kernel.')
    .field(
        'table',
        objectOf('folio'),
        'The remapping table of the IOMMU; `none` where there is not one for all devices.',
        ({ table }, { machine }) => (table === undefined ? null : new FolioRef(table, machine.page)),
    )
    .method(
        'of',
        DEV,
        { result: listOf(objectOf('irq')) },
        'What is set up of a device; nothing of one that was pulled out.',
        (interrupts, [dev], context) => context.list(dev === null ? [] : interrupts.of(deviceOf(dev))),
    )
    .method(
        'folio',
        [param('address', PHYS)],
        { result: objectOf('folio') },
        'The folio that begins at an address.',
        (_interrupts, [address], context) => folioAt(context, asNumber(address, 'the address')),
    )
    .method(
        'setup',
        [],
        {},
        'Processors take interrupts, and the IOMMU remaps them by a new table, where it is on.',
        (interrupts) => nothing(interrupts.setup()),
    )
    .method(
        'resume',
        [param('table', PHYS)],
        {},
        'Processors take interrupts, and the IOMMU goes on with the table that it has.',
        (interrupts, [table]) => nothing(interrupts.resume(asNumber(table, 'the address'))),
    )
    .method(
        'restore',
        [...DEV, param('entry', ANY)],
        { fails: true },
        "An interrupt of the previous kernel's, as its `irq_ser` says: entry and vector are reserved. ENODEV (its processor does not run), EBUSY (its vector is taken).",
        (interrupts, [dev, entry]) => {
            const ser = expect(View, entry, 'an irq_ser');
            const number = (field: string): number => asNumber(ser.get(ser.field(field)), field);
            return interrupts.restore(
                deviceOf(dev),
                number('index'),
                number('entry'),
                { cpu: number('cpu'), vector: number('vector') },
                { descriptor: number('descriptor'), guestVector: number('guest_vector') },
            );
        },
    )
    .method('clear_others', [], {}, 'Entries of the table that nobody has reserved lead nowhere.', (interrupts) =>
        nothing(interrupts.clearOthers()),
    )
    .method(
        'give_up',
        DEV,
        {},
        'What came along for a device and nobody has set up is given back.',
        (interrupts, [dev]) => nothing(dev === null ? undefined : interrupts.giveUp(deviceOf(dev))),
    );

export const interruptGlobals: readonly NativeGlobal<NativeContext>[] = [
    global(
        'irq',
        objectOf('interrupts'),
        'kernel',
        'Interrupts of devices.',
        ({ running }) => running.devices.interrupts,
    ),
];
