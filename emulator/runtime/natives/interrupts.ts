/** Interrupts of devices for kernel code: what std/interrupts.lus is written with. */
import { KernelInterrupts } from '../../kernel/devices/interrupts';
import { Irq } from '../../kernel/devices/irq';
import { PciDev } from '../../kernel/devices/pci';
import { FolioRef } from '../../kernel/mm/file-folios';
import { Device } from '../../machine/devices/device';
import { PAGE_SIZE } from '../../machine/memory';
import { ANY, BOOL, INT, listOf, objectOf, PHYS, STRING, type Value } from '../../language/types';
import type { NativeGlobal } from './native';
import { asBool, asNumber, ProgramError } from '../../language/values';
import { View } from '../view';
import { expect, Members, nothing, param } from './define';

const KERNEL = 'kernel' as const;
const DEV = [param('dev', objectOf('pci_dev'))];

/** The device behind a PCI function; bridges raise no interrupts here. */
function deviceOf(v: Value): Device {
    const { fn } = expect(PciDev, v, 'a PCI function');
    if (!(fn instanceof Device)) {
        throw new ProgramError(`${fn.name} is a bridge, and has no interrupts`);
    }
    return fn;
}

export const irqType = new Members(Irq, 'irq', 'An interrupt of a device, as the running kernel has set it up.')
    .field('name', STRING, 'As /proc/interrupts shows it.', (i) => i.name)
    .field('index', INT, "Which entry of the device's MSI-X table it is.", (i) => i.index)
    .field('cpu', INT, 'The processor that it comes to.', (i) => i.to.cpu)
    .field('vector', INT, 'The vector there.', (i) => i.to.vector)
    .field('entry', INT, "The entry of the IOMMU's remapping table that leads there; −1: none.", (i) => i.entry)
    .field('count', INT, 'Times that it came to the kernel.', (i) => i.count)
    .field('posted', BOOL, 'The IOMMU leaves it in a descriptor of a VM, past the kernel.', (i) => i.posted)
    .field('guest_vector', INT, "The vector of the guest's; 0: it goes to no guest.", (i) => i.line?.vector ?? 0)
    .field('descriptor', PHYS, 'Where it is posted to; 0: it is not.', (i) =>
        i.posted && i.vm?.posted && i.line ? i.vm.posted.addressOf(i.line.vcpu) : 0,
    )
    .field(
        'descriptors',
        objectOf('folio'),
        'The memory of the descriptors of that VM; `none` where it is not posted.',
        (i) => (i.posted && i.vm?.posted ? new FolioRef(i.vm.posted.pa / PAGE_SIZE) : null),
    )
    .field(
        'preserved',
        BOOL,
        'The next kernel is told of it. Kernel code assigns it.',
        (i) => i.preserved,
        (i, v, vm) => {
            vm.machine.journal.edit(i).preserved = asBool(v, 'preserved');
        },
    );

export const irqObject = new Members(KernelInterrupts, 'interrupts', 'Interrupts of devices in the running kernel.')
    .field(
        'table',
        objectOf('folio'),
        'The remapping table of the IOMMU; `none` where there is not one for all devices.',
        (i) => (i.table === undefined ? null : new FolioRef(i.table)),
    )
    .method(
        'of',
        DEV,
        { context: KERNEL, result: listOf(objectOf('irq')) },
        'What is set up of a device; nothing of one that was pulled out.',
        (i, [d], vm) => vm.list(d === null ? [] : i.of(deviceOf(d))),
    )
    .method(
        'folio',
        [param('address', PHYS)],
        { context: KERNEL, result: objectOf('folio') },
        'The folio that begins at an address.',
        (_i, [pa]) => new FolioRef(asNumber(pa, 'the address') / PAGE_SIZE),
    )
    .method(
        'setup',
        [],
        { context: KERNEL },
        'Processors take interrupts, and the IOMMU remaps them by a new table, where it is on.',
        (i) => nothing(i.setup()),
    )
    .method(
        'resume',
        [param('table', PHYS)],
        { context: KERNEL },
        'Processors take interrupts, and the IOMMU goes on with the table that it has.',
        (i, [table]) => nothing(i.resume(asNumber(table, 'the address'))),
    )
    .method(
        'restore',
        [...DEV, param('entry', ANY)],
        { context: KERNEL, fails: true },
        "An interrupt of the previous kernel's, as its `irq_ser` says: entry and vector are reserved. ENODEV (its processor does not run), EBUSY (its vector is taken).",
        (i, [d, entry]) => {
            const ser = expect(View, entry, 'an irq_ser');
            const number = (field: string): number => asNumber(ser.get(ser.field(field)), field);
            return i.restore(
                deviceOf(d),
                number('index'),
                number('entry'),
                { cpu: number('cpu'), vector: number('vector') },
                { descriptor: number('descriptor'), guestVector: number('guest_vector') },
            );
        },
    )
    .method(
        'clear_others',
        [],
        { context: KERNEL },
        'Entries of the table that nobody has reserved lead nowhere.',
        (i) => nothing(i.clearOthers()),
    )
    .method(
        'give_up',
        DEV,
        { context: KERNEL },
        'What came along for a device and nobody has set up is given back.',
        (i, [d]) => nothing(d === null ? undefined : i.giveUp(deviceOf(d))),
    );

export const interruptGlobals: readonly NativeGlobal[] = [
    {
        name: 'irq',
        type: objectOf('interrupts'),
        context: 'kernel',
        doc: 'Interrupts of devices.',
        get: (vm) => vm.running.devices.interrupts,
    },
];
