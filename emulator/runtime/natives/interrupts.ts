/** Interrupts of devices for kernel code (std/interrupts.lus). */
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

/** The device of a PCI function; bridges raise no interrupts here. */
function deviceOf(v: Value): Device {
    const { fn } = expect(PciDev, v, 'a PCI function');
    if (!(fn instanceof Device)) {
        throw new ProgramError(`${fn.name} is a bridge and has no interrupts`);
    }
    return fn;
}

/** The folio at an address; `none` if there is no such address. */
function folioAt({ machine: { page } }: NativeContext, address: number | undefined): FolioRef | null {
    return address === undefined ? null : new FolioRef(address / page.size, page);
}

export const irqType = new RecordMembers(Irq, 'irq', 'An interrupt of a device that the running kernel has set up.')
    .field('name', STRING, 'The name that /proc/interrupts shows.', (irq) => irq.name)
    .field('index', INT, "Its index in the device's MSI-X table.", (irq) => irq.index)
    .field('cpu', INT, 'The target processor.', (irq) => irq.to.cpu)
    .field('vector', INT, 'The vector on that processor.', (irq) => irq.to.vector)
    .field('entry', INT, "The index in the IOMMU's remapping table; −1 if it has none.", (irq) => irq.entry)
    .field('count', INT, 'The number of times that the kernel received it.', (irq) => irq.count)
    .field('posted', BOOL, 'Whether the IOMMU posts it to a VM, bypassing the kernel.', (irq) => irq.posted)
    .field('guest_vector', INT, 'The vector of the guest; 0 if it has no guest.', (irq) => irq.line?.vector ?? 0)
    .field(
        'descriptor',
        PHYS,
        'The address of the descriptor that it is posted to; 0 if it is not posted.',
        (irq) => irq.descriptor,
    )
    .field(
        'descriptors',
        objectOf('folio'),
        'The memory of the descriptors of that VM; `none` if it is not posted.',
        (irq, context) => folioAt(context, irq.descriptors),
    )
    .journaled(
        'preserved',
        'preserved',
        BOOL,
        'Whether the next kernel is told about it. Kernel code assigns it.',
        asBool,
    );

export const irqObject = new Members(KernelInterrupts, 'interrupts', 'Interrupts of devices in the running kernel.')
    .field(
        'table',
        objectOf('folio'),
        'The remapping table of the IOMMU; `none` if there is no common table for all devices.',
        ({ table }, { machine }) => (table === undefined ? null : new FolioRef(table, machine.page)),
    )
    .method(
        'of',
        DEV,
        { result: listOf(objectOf('irq')) },
        'The interrupts of a device that are set up; none for a device that was unplugged.',
        (interrupts, [dev], context) => context.list(dev === null ? [] : interrupts.of(deviceOf(dev))),
    )
    .method(
        'folio',
        [param('address', PHYS)],
        { result: objectOf('folio') },
        'The folio that begins at an address.',
        (_interrupts, [address], context) => folioAt(context, asNumber(address, 'the address')),
    )
    .method('setup', [], {}, 'Enables interrupts; if the IOMMU is on, it remaps them with a new table.', (interrupts) =>
        nothing(interrupts.setup()),
    )
    .method(
        'resume',
        [param('table', PHYS)],
        {},
        'Enables interrupts; the IOMMU continues with its current table.',
        (interrupts, [table]) => nothing(interrupts.resume(asNumber(table, 'the address'))),
    )
    .method(
        'restore',
        [...DEV, param('entry', ANY)],
        { fails: true },
        'Restores an interrupt of the previous kernel from its `irq_ser`: reserves its entry and vector. ENODEV (its processor is offline), EBUSY (its vector is taken).',
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
    .method('clear_others', [], {}, 'Clears the table entries that are not reserved.', (interrupts) =>
        nothing(interrupts.clearOthers()),
    )
    .method('give_up', DEV, {}, 'Frees the incoming interrupts of a device that are not set up.', (interrupts, [dev]) =>
        nothing(dev === null ? undefined : interrupts.giveUp(deviceOf(dev))),
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
