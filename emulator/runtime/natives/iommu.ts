/** The IOMMU and iommufd for kernel code: what std/iommu.lus and std/iommufd.lus are written with. */
import { Domain } from '../../kernel/devices/domain';
import { Hwpt } from '../../kernel/devices/hwpt';
import { IommuUnit } from '../../kernel/devices/iommu-unit';
import { Iommufd, openIommufd } from '../../kernel/devices/iommufd';
import { O_RDWR } from '../../kernel/fs/fcntl';
import { privOf } from '../../kernel/fs/process';
import { BOOL, INT, listOf, objectOf, PHYS, type Value } from '../../language/types';
import { asInt, asNumber } from '../../language/values';
import { Device } from '../../machine/devices/device';
import { expect, fileArg, folioArg } from './arguments';
import { code, fn, global, Members, nothing, param, RecordMembers } from './define';
import { boundOf } from './devices';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

const FOLIOS = objectOf('folios');
const DEVICE = [param('device', objectOf('device'))];

const deviceArg = (v: Value): Device => expect(Device, v, 'a device');

export const iommuUnit = new Members(IommuUnit, 'iommu_unit', 'The IOMMU, as its driver sees it.')
    .field(
        'wanted',
        BOOL,
        'There is one, something is behind it, and the command line does not say that it stay off.',
        (unit) => unit.wanted,
    )
    .field('type', INT, 'Whose it is: 1 Intel, 2 AMD, 3 Arm.', (unit) => unit.type)
    .field('registers', PHYS, 'Where its registers are.', (unit) => unit.registers)
    .field('root', PHYS, 'Where its root table, device table or stream table is.', (unit) => unit.root)
    .field('devices', listOf(objectOf('device')), 'The devices behind it.', (unit, context) => context.list(unit.all))
    .method('start', [], {}, 'New tables, in which every device has a domain; then translation is turned on.', (unit) =>
        nothing(unit.start()),
    )
    .method('stop', [], {}, 'Translation ends.', (unit) => nothing(unit.stop()))
    .method(
        'tables_at',
        [param('root', PHYS)],
        { result: FOLIOS },
        'The tables below a root table, itself included, that belong to no single device or domain.',
        (unit, [root]) => unit.tablesAt(asNumber(root, 'the address')),
    )
    .method(
        'tables_of',
        DEVICE,
        { result: FOLIOS },
        'Tables of one device alone: the context descriptor of an SMMU; others have none.',
        (unit, [device]) => unit.tablesOf(deviceArg(device)),
    )
    .method('clear', DEVICE, {}, 'Clears the entry of a device, which then sees nothing.', (unit, [device]) =>
        nothing(unit.clear(deviceArg(device))),
    )
    .method('flush', [], {}, 'Global invalidation of all that the hardware has cached.', (unit) =>
        nothing(unit.flush()),
    )
    .method(
        'flush_domain',
        [param('domain', INT)],
        {},
        'Invalidates what the hardware has cached of a domain.',
        (unit, [id]) => nothing(unit.flushDomain(asNumber(id, 'the domain'))),
    )
    .method(
        'restore_domain',
        [param('top', PHYS), param('levels', INT), param('domain', INT)],
        { result: objectOf('iommu_domain'), fails: true },
        'A domain around tables that another kernel has made, under the id that its devices are tagged with: EINVAL (they make no sense), EBUSY (the id is taken).',
        (unit, [top, levels, id]) =>
            unit.restoreDomain(
                asNumber(top, 'the address'),
                asNumber(levels, 'the levels'),
                asNumber(id, 'the domain'),
            ),
    )
    .method(
        'keep',
        [param('folio', objectOf('folio'))],
        {},
        "A restored folio is a table of this kernel's from now on.",
        (unit, [folio]) => nothing(unit.keep(folioArg(folio))),
    )
    .method(
        'device_at',
        [param('segment', INT), param('requester', INT)],
        { result: objectOf('device'), fails: true },
        'The device that has these numbers: ENODEV.',
        (unit, [segment, requester]) =>
            unit.deviceAt(asNumber(segment, 'the segment'), asNumber(requester, 'the requester')),
    )
    .method(
        'restore_device',
        [param('device', objectOf('device')), param('top', PHYS)],
        { fails: true },
        'A device goes on by the restored domain with this topmost table, and is claimed: EINVAL.',
        (unit, [device, top]) => unit.restoreDevice(deviceArg(device), asNumber(top, 'the address')),
    )
    .method(
        'resume',
        [param('root', PHYS)],
        {},
        'Goes on with the tables that the hardware has; devices that did not come along get domains of their own in them.',
        (unit, [root]) => nothing(unit.resume(asNumber(root, 'the address'))),
    );

export const iommuGlobals: readonly NativeGlobal<NativeContext>[] = [
    global(
        'iommu_unit',
        objectOf('iommu_unit'),
        'kernel',
        'The IOMMU, as its driver sees it.',
        ({ running }) => running.devices.unit,
    ),
];

export const iommuDomain = new Members(Domain, 'iommu_domain', 'A domain: what some devices see at which addresses.')
    .field('id', INT, 'With which the IOMMU tags what it has cached.', (domain) => domain.id)
    .field('table_pages', FOLIOS, 'Every page of its tables, the topmost first.', (domain, { running }) =>
        running.devices.unit.tablesRestored(domain),
    );

/** What kernel code sees of hardware page tables beyond what a scenario reads of them. */
export const hwptInKernel = new RecordMembers(Hwpt, 'hwpt', '')
    .journaled(
        'preserved',
        'preserved',
        PHYS,
        'Its entry for the next kernel; 0: it is not preserved. Kernel code assigns it.',
        asNumber,
    )
    .field('top', PHYS, 'Its topmost table.', (hwpt) => hwpt.domain.root)
    .field('levels', INT, 'How many levels its tables have.', (hwpt) => hwpt.domain.levels)
    .field('width', INT, 'Bits of the addresses that its tables translate.', (hwpt) => hwpt.domain.width)
    .field(
        'table_pages',
        FOLIOS,
        'Every page of its tables that the hardware can reach, the topmost first.',
        (hwpt, { running }) => running.devices.unit.tablesOfDomain(hwpt.domain),
    )
    .field('upper_tables', FOLIOS, 'Those of the upper two levels.', (hwpt, { running }) =>
        running.devices.unit.tablesOfDomain(hwpt.domain, true),
    )
    .field(
        'sealed',
        BOOL,
        'All that it maps was sealed against changes of its size (F_SEAL_SEAL, F_SEAL_GROW, F_SEAL_SHRINK) when it was mapped.',
        (hwpt) => hwpt.sealed,
    )
    .field('backing', listOf(objectOf('file')), 'The files whose memory it maps.', (hwpt, context) =>
        context.list(hwpt.backing),
    )
    .field(
        'file',
        objectOf('file'),
        "The open `/dev/iommu` that it belongs to; `none` for one of the previous kernel's.",
        (hwpt) => hwpt.ioas?.iommufd.file ?? null,
    );

/** What kernel code sees of devices beyond that. */
export const deviceInKernel = new Members(Device, 'device', '')
    .field(
        'requester',
        INT,
        'Bus, device and function in 16 bits, which all its requests carry.',
        (device) => device.requester,
    )
    .field('segment', INT, 'The PCI domain that it is in.', (device) => device.segment)
    .field(
        'hwpt',
        objectOf('hwpt'),
        'What user space has attached it to; `none`: nothing.',
        (device, { running }) => running.devices.of(device)?.hwpt ?? null,
    )
    .field(
        'attachment',
        PHYS,
        'The entry about it for the next kernel; 0: it is not preserved. Kernel code assigns it.',
        (device, { running }) => running.devices.of(device)?.preserved ?? 0,
        (device, entry, context) => {
            context.machine.journal.edit(boundOf(context, device)).preserved = asNumber(entry, 'attachment');
        },
    );

export const iommufdObject = new Members(Iommufd, 'iommufd', 'What an open `/dev/iommu` holds.')
    .field(
        'marked',
        listOf(objectOf('hwpt')),
        'Hardware page tables that are marked for the next kernel.',
        (iommufd, context) => context.list(iommufd.marked),
    )
    .field(
        'incoming',
        listOf(objectOf('hwpt')),
        "Those of the previous kernel's that nobody has taken over.",
        (iommufd, context) => context.list([...iommufd.incoming]),
    )
    .method(
        'receive',
        [param('top', PHYS), param('token', INT)],
        { fails: true },
        'The restored domain with this topmost table is found by a token here: ENOENT.',
        (iommufd, [top, token]) => iommufd.receive(asNumber(top, 'the address'), asInt(token, 'the token')),
    )
    .method(
        'drop',
        [param('hwpt', objectOf('hwpt'))],
        {},
        "A domain of the previous kernel's goes: its tables and its id are given back.",
        (iommufd, [hwpt]) => nothing(iommufd.drop(expect(Hwpt, hwpt, 'a hardware page table'))),
    );

export const iommuFunctions: readonly NativeFunction<NativeContext>[] = [
    code(
        'iommu_preserve_device',
        [param('args', objectOf('luo_args')), ...DEVICE],
        {},
        'The device goes on seeing over the kexec what it sees now. For handlers of devices, in preserve: EINVAL (nothing is attached for user space, or what is attached is not preserved in the same session), EBUSY (preserved already), ENOMEM; nothing in kernels without the layer `iommu`.',
        'iommu_preserve_device',
    ),
    code(
        'iommu_unpreserve_device',
        DEVICE,
        { fails: false },
        'Takes iommu_preserve_device() back.',
        'iommu_unpreserve_device',
    ),
    fn(
        'iommufd_of',
        [param('file', objectOf('file'))],
        { result: objectOf('iommufd'), fails: true },
        'What an open `/dev/iommu` holds; ENOTTY of any other file.',
        (_context, [file]) => privOf(fileArg(file), Iommufd),
    ),
    fn(
        'iommufd_alloc_file',
        [],
        { result: objectOf('file') },
        'An open `/dev/iommu` without a descriptor.',
        ({ running }) => openIommufd(running, O_RDWR),
    ),
];
