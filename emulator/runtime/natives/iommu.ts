/** The IOMMU and iommufd for kernel code (std/iommu.lus and std/iommufd.lus). */
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

export const iommuUnit = new Members(IommuUnit, 'iommu_unit', 'The IOMMU, as used by its driver.')
    .field(
        'wanted',
        BOOL,
        'Whether there is an IOMMU with devices behind it that the command line does not turn off.',
        (unit) => unit.wanted,
    )
    .field('type', INT, 'Its vendor: 1 Intel, 2 AMD, 3 Arm.', (unit) => unit.type)
    .field('registers', PHYS, 'The address of its registers.', (unit) => unit.registers)
    .field('root', PHYS, 'The address of its root table, device table or stream table.', (unit) => unit.root)
    .field('devices', listOf(objectOf('device')), 'The devices behind it.', (unit, context) => context.list(unit.all))
    .method(
        'start',
        [],
        {},
        'Builds new tables in which every device has a domain, and turns translation on.',
        (unit) => nothing(unit.start()),
    )
    .method('stop', [], {}, 'Turns translation off.', (unit) => nothing(unit.stop()))
    .method(
        'tables_at',
        [param('root', PHYS)],
        { result: FOLIOS },
        'The root table and the tables below it that do not belong to a single device or domain.',
        (unit, [root]) => unit.tablesAt(asNumber(root, 'the address')),
    )
    .method(
        'tables_of',
        DEVICE,
        { result: FOLIOS },
        'The tables of a single device: the context descriptor of an SMMU; other IOMMUs have none.',
        (unit, [device]) => unit.tablesOf(deviceArg(device)),
    )
    .method(
        'clear',
        DEVICE,
        {},
        'Clears the entry of a device, which then has no access to memory.',
        (unit, [device]) => nothing(unit.clear(deviceArg(device))),
    )
    .method('flush', [], {}, "Global invalidation of the hardware's caches.", (unit) => nothing(unit.flush()))
    .method(
        'flush_domain',
        [param('domain', INT)],
        {},
        'Invalidates the cached translations of a domain.',
        (unit, [id]) => nothing(unit.flushDomain(asNumber(id, 'the domain'))),
    )
    .method(
        'restore_domain',
        [param('top', PHYS), param('levels', INT), param('domain', INT)],
        { result: objectOf('iommu_domain'), fails: true },
        'Creates a domain from the tables of another kernel, with the id that its devices are tagged with. EINVAL (invalid tables), EBUSY (the id is taken).',
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
        'Makes a restored folio a table of this kernel.',
        (unit, [folio]) => nothing(unit.keep(folioArg(folio))),
    )
    .method(
        'device_at',
        [param('segment', INT), param('requester', INT)],
        { result: objectOf('device'), fails: true },
        'The device with this segment and requester id. ENODEV.',
        (unit, [segment, requester]) =>
            unit.deviceAt(asNumber(segment, 'the segment'), asNumber(requester, 'the requester')),
    )
    .method(
        'restore_device',
        [param('device', objectOf('device')), param('top', PHYS)],
        { fails: true },
        'Attaches a device to the restored domain with this top-level table, and claims it. EINVAL.',
        (unit, [device, top]) => unit.restoreDevice(deviceArg(device), asNumber(top, 'the address')),
    )
    .method(
        'resume',
        [param('root', PHYS)],
        {},
        "Continues with the hardware's current tables; devices that were not preserved get their own domains.",
        (unit, [root]) => nothing(unit.resume(asNumber(root, 'the address'))),
    );

export const iommuGlobals: readonly NativeGlobal<NativeContext>[] = [
    global(
        'iommu_unit',
        objectOf('iommu_unit'),
        'kernel',
        'The IOMMU, as used by its driver.',
        ({ running }) => running.devices.unit,
    ),
];

export const iommuDomain = new Members(Domain, 'iommu_domain', 'A domain: the address translation of some devices.')
    .field('id', INT, 'The id that tags its cached translations.', (domain) => domain.id)
    .field('table_pages', FOLIOS, 'Every page of its tables, the top level first.', (domain, { running }) =>
        running.devices.unit.tablesRestored(domain),
    );

/** Members of hardware page tables for kernel code only. */
export const hwptInKernel = new RecordMembers(Hwpt, 'hwpt', '')
    .journaled(
        'preserved',
        'preserved',
        PHYS,
        'The address of its entry for the next kernel; 0 if it is not preserved. Kernel code assigns it.',
        asNumber,
    )
    .field('top', PHYS, 'The address of its top-level table.', (hwpt) => hwpt.domain.root)
    .field('levels', INT, 'The number of levels of its tables.', (hwpt) => hwpt.domain.levels)
    .field('width', INT, 'The width in bits of the addresses that its tables translate.', (hwpt) => hwpt.domain.width)
    .field(
        'table_pages',
        FOLIOS,
        'Every page of its tables that the hardware can reach, the top level first.',
        (hwpt, { running }) => running.devices.unit.tablesOfDomain(hwpt.domain),
    )
    .field('upper_tables', FOLIOS, 'The pages of the upper two levels.', (hwpt, { running }) =>
        running.devices.unit.tablesOfDomain(hwpt.domain, true),
    )
    .field(
        'sealed',
        BOOL,
        'Whether all files that it maps were sealed against size changes (F_SEAL_SEAL, F_SEAL_GROW, F_SEAL_SHRINK) when they were mapped.',
        (hwpt) => hwpt.sealed,
    )
    .field('backing', listOf(objectOf('file')), 'The files whose memory it maps.', (hwpt, context) =>
        context.list(hwpt.backing),
    )
    .field(
        'file',
        objectOf('file'),
        'The open `/dev/iommu` that it belongs to; `none` for one of the previous kernel.',
        (hwpt) => hwpt.ioas?.iommufd.file ?? null,
    );

/** Members of devices for kernel code only. */
export const deviceInKernel = new Members(Device, 'device', '')
    .field(
        'requester',
        INT,
        'The requester id of its requests: bus, device and function in 16 bits.',
        (device) => device.requester,
    )
    .field('segment', INT, 'Its PCI domain.', (device) => device.segment)
    .field(
        'hwpt',
        objectOf('hwpt'),
        'The hardware page table that user space has attached it to; `none` if there is none.',
        (device, { running }) => running.devices.of(device)?.hwpt ?? null,
    )
    .field(
        'attachment',
        PHYS,
        'The address of its entry for the next kernel; 0 if it is not preserved. Kernel code assigns it.',
        (device, { running }) => running.devices.of(device)?.preserved ?? 0,
        (device, entry, context) => {
            context.machine.journal.edit(boundOf(context, device)).preserved = asNumber(entry, 'attachment');
        },
    );

export const iommufdObject = new Members(Iommufd, 'iommufd', 'The objects of an open `/dev/iommu`.')
    .field(
        'marked',
        listOf(objectOf('hwpt')),
        'The hardware page tables that are marked for preservation.',
        (iommufd, context) => context.list(iommufd.marked),
    )
    .field(
        'incoming',
        listOf(objectOf('hwpt')),
        'The hardware page tables of the previous kernel that are not taken over yet.',
        (iommufd, context) => context.list([...iommufd.incoming]),
    )
    .method(
        'receive',
        [param('top', PHYS), param('token', INT)],
        { fails: true },
        'Registers the restored domain with this top-level table under a token. ENOENT.',
        (iommufd, [top, token]) => iommufd.receive(asNumber(top, 'the address'), asInt(token, 'the token')),
    )
    .method(
        'drop',
        [param('hwpt', objectOf('hwpt'))],
        {},
        'Frees a domain of the previous kernel with its tables and its id.',
        (iommufd, [hwpt]) => nothing(iommufd.drop(expect(Hwpt, hwpt, 'a hardware page table'))),
    );

export const iommuFunctions: readonly NativeFunction<NativeContext>[] = [
    code(
        'iommu_preserve_device',
        [param('args', objectOf('luo_args')), ...DEVICE],
        {},
        "Keeps the device's address translation over the kexec. For handlers of devices, in preserve. EINVAL (user space has attached nothing, or it is not preserved in the same session), EBUSY (preserved already), ENOMEM. Does nothing in kernels without the layer `iommu`.",
        'iommu_preserve_device',
    ),
    code(
        'iommu_unpreserve_device',
        DEVICE,
        { fails: false },
        'Undoes iommu_preserve_device().',
        'iommu_unpreserve_device',
    ),
    fn(
        'iommufd_of',
        [param('file', objectOf('file'))],
        { result: objectOf('iommufd'), fails: true },
        'The objects of an open `/dev/iommu`. ENOTTY on other files.',
        (_context, [file]) => privOf(fileArg(file), Iommufd),
    ),
    fn(
        'iommufd_alloc_file',
        [],
        { result: objectOf('file') },
        'Opens `/dev/iommu` without a descriptor.',
        ({ running }) => openIommufd(running, O_RDWR),
    ),
];
