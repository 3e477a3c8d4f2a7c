/** The IOMMU and iommufd for kernel code: what std/iommu.lus and std/iommufd.lus are written with. */
import { Domain } from '../../kernel/devices/domain';
import { Hwpt } from '../../kernel/devices/hwpt';
import { Iommufd, openIommufd } from '../../kernel/devices/iommufd';
import { IommuUnit } from '../../kernel/devices/iommu-unit';
import { err } from '../../kernel/release/errno';
import { O_RDWR } from '../../kernel/fs/fcntl';
import { OpenFile } from '../../kernel/fs/file';
import { FolioRef } from '../../kernel/mm/file-folios';
import { Device } from '../../machine/devices/device';
import { BOOL, INT, listOf, objectOf, PHYS, type Value } from '../../language/types';
import type { NativeFunction } from './native';
import { asInt, asNumber } from '../../language/values';
import { code, expect, fn, Members, nothing, param } from './define';
import { boundOf, deviceObject, hwptObject } from './devices';

const KERNEL = 'kernel' as const;
const FOLIOS = objectOf('folios');
const DEVICE = [param('device', objectOf('device'))];

const device = (v: Value): Device => expect(Device, v, 'a device');
const hwpt = (v: Value): Hwpt => expect(Hwpt, v, 'a hardware page table');

export const iommuUnit = new Members(IommuUnit, 'iommu_unit', 'The IOMMU, as its driver sees it.')
    .field(
        'wanted',
        BOOL,
        'There is one, something is behind it, and the command line does not say that it stay off.',
        (u) => u.wanted,
    )
    .field('type', INT, 'Whose it is: 1 Intel, 2 AMD, 3 Arm.', (u) => u.type)
    .field('registers', PHYS, 'Where its registers are.', (u) => u.registers)
    .field('root', PHYS, 'Where its root table, device table or stream table is.', (u) => u.root)
    .field('devices', listOf(objectOf('device')), 'The devices behind it.', (u, vm) => vm.list(u.all))
    .method(
        'start',
        [],
        { context: KERNEL },
        'New tables, in which every device has a domain; then translation is turned on.',
        (u) => nothing(u.start()),
    )
    .method('stop', [], { context: KERNEL }, 'Translation ends.', (u) => nothing(u.stop()))
    .method(
        'tables_at',
        [param('root', PHYS)],
        { context: KERNEL, result: FOLIOS },
        'The tables below a root table, itself included, that belong to no single device or domain.',
        (u, [root]) => u.tablesAt(asNumber(root, 'the address')),
    )
    .method(
        'tables_of',
        DEVICE,
        { context: KERNEL, result: FOLIOS },
        'Tables of one device alone: the context descriptor of an SMMU; others have none.',
        (u, [d]) => u.tablesOf(device(d)),
    )
    .method('clear', DEVICE, { context: KERNEL }, 'Clears the entry of a device, which then sees nothing.', (u, [d]) =>
        nothing(u.clear(device(d))),
    )
    .method('flush', [], { context: KERNEL }, 'Global invalidation of all that the hardware has cached.', (u) =>
        nothing(u.flush()),
    )
    .method(
        'flush_domain',
        [param('domain', INT)],
        { context: KERNEL },
        'Invalidates what the hardware has cached of a domain.',
        (u, [id]) => nothing(u.flushDomain(asNumber(id, 'the domain'))),
    )
    .method(
        'restore_domain',
        [param('top', PHYS), param('levels', INT), param('domain', INT)],
        { context: KERNEL, result: objectOf('iommu_domain'), fails: true },
        'A domain around tables that another kernel has made, under the id that its devices are tagged with: EINVAL (they make no sense), EBUSY (the id is taken).',
        (u, [top, levels, id], vm) =>
            u.restoreDomain(
                asNumber(top, 'the address'),
                asNumber(levels, 'the levels'),
                asNumber(id, 'the domain'),
                vm.running.desc.flaws.has('iommu_upper_tables'),
            ),
    )
    .method(
        'keep',
        [param('folio', objectOf('folio'))],
        { context: KERNEL },
        "A restored folio is a table of this kernel's from now on.",
        (u, [f]) => nothing(u.keep(expect(FolioRef, f, 'a folio').pfn)),
    )
    .method(
        'device_at',
        [param('segment', INT), param('requester', INT)],
        { context: KERNEL, result: objectOf('device'), fails: true },
        'The device that has these numbers: ENODEV.',
        (u, [segment, requester]) => u.deviceAt(asNumber(segment, 'the segment'), asNumber(requester, 'the requester')),
    )
    .method(
        'restore_device',
        [param('device', objectOf('device')), param('top', PHYS)],
        { context: KERNEL, fails: true },
        'A device goes on by the restored domain with this topmost table, and is claimed: EINVAL.',
        (u, [d, top]) => u.restoreDevice(device(d), asNumber(top, 'the address')),
    )
    .method(
        'resume',
        [param('root', PHYS)],
        { context: KERNEL },
        'Goes on with the tables that the hardware has; devices that did not come along get domains of their own in them.',
        (u, [root]) => nothing(u.resume(asNumber(root, 'the address'))),
    );

export const iommuDomain = new Members(Domain, 'iommu_domain', 'A domain: what some devices see at which addresses.')
    .field('id', INT, 'With which the IOMMU tags what it has cached.', (d) => d.id)
    .field('table_pages', FOLIOS, 'Every page of its tables, the topmost first.', (d, vm) =>
        vm.running.devices.unit.tablesRestored(d),
    );

// What kernel code sees of hardware page tables and devices beyond what a scenario reads of them.
hwptObject
    .field(
        'preserved',
        PHYS,
        'Its entry for the next kernel; 0: it is not preserved. Kernel code assigns it.',
        (h) => h.preserved,
        (h, v, vm) => {
            vm.machine.journal.edit(h).preserved = asNumber(v, 'preserved');
        },
    )
    .field('top', PHYS, 'Its topmost table.', (h) => h.domain.root)
    .field('levels', INT, 'How many levels its tables have.', (h) => h.domain.levels)
    .field('table_pages', FOLIOS, 'Every page of its tables that the hardware can reach, the topmost first.', (h, vm) =>
        vm.running.devices.unit.tablesOfDomain(h.domain),
    )
    .field('upper_tables', FOLIOS, 'Those of the upper two levels.', (h, vm) =>
        vm.running.devices.unit.tablesOfDomain(h.domain, true),
    )
    .field(
        'sealed',
        BOOL,
        'All that it maps was sealed against changes of its size (F_SEAL_SEAL, F_SEAL_GROW, F_SEAL_SHRINK) when it was mapped.',
        (h) => h.ioas?.mappings.items.every((m) => m.sealed) ?? false,
    )
    .field('backing', listOf(objectOf('file')), 'The files whose memory it maps.', (h, vm) =>
        vm.list([...new Set(h.ioas?.mappings.items.map((m) => m.file))]),
    )
    .field(
        'file',
        objectOf('file'),
        "The open `/dev/iommu` that it belongs to; `none` for one of the previous kernel's.",
        (h) => h.ioas?.iommufd.file ?? null,
    );

deviceObject
    .field('requester', INT, 'Bus, device and function in 16 bits, which all its requests carry.', (d) => d.requester)
    .field('segment', INT, 'The PCI domain that it is in.', (d) => d.segment)
    .field(
        'hwpt',
        objectOf('hwpt'),
        'What user space has attached it to; `none`: nothing.',
        (d, vm) => vm.running.devices.of(d)?.hwpt ?? null,
    )
    .field(
        'attachment',
        PHYS,
        'The entry about it for the next kernel; 0: it is not preserved. Kernel code assigns it.',
        (d, vm) => vm.running.devices.of(d)?.preserved ?? 0,
        (d, v, vm) => {
            vm.machine.journal.edit(boundOf(vm, d)).preserved = asNumber(v, 'attachment');
        },
    );

export const iommufdObject = new Members(Iommufd, 'iommufd', 'What an open `/dev/iommu` holds.')
    .field('marked', listOf(objectOf('hwpt')), 'Hardware page tables that are marked for the next kernel.', (i, vm) =>
        vm.list(i.marked),
    )
    .field(
        'incoming',
        listOf(objectOf('hwpt')),
        "Those of the previous kernel's that nobody has taken over.",
        (i, vm) => vm.list([...i.incoming]),
    )
    .method(
        'receive',
        [param('top', PHYS), param('token', INT)],
        { context: KERNEL, fails: true },
        'The restored domain with this topmost table is found by a token here: ENOENT.',
        (i, [top, token], vm) => {
            const domain = vm.running.devices.unit.restored.items.find((d) => d.root === asNumber(top, 'the address'));
            if (!domain) {
                return err('ENOENT');
            }
            i.receive(domain, asInt(token, 'the token'));
            return undefined;
        },
    )
    .method(
        'drop',
        [param('hwpt', objectOf('hwpt'))],
        { context: KERNEL },
        "A domain of the previous kernel's goes: its tables and its id are given back.",
        (i, [h], vm) => {
            const old = hwpt(h);
            i.incoming.remove(old);
            vm.running.devices.unit.restored.remove(old.domain);
            return nothing(vm.running.devices.destroyDomain(old.domain, false));
        },
    );

const ATTACHED = [param('args', objectOf('luo_args')), ...DEVICE];

export const iommuFunctions: readonly NativeFunction[] = [
    code(
        'iommu_preserve_device',
        ATTACHED,
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
        (_vm, [f]) => {
            const { priv } = expect(OpenFile, f, 'a file');
            return priv instanceof Iommufd ? priv : err('ENOTTY');
        },
    ),
    fn('iommufd_alloc_file', [], { result: objectOf('file') }, 'An open `/dev/iommu` without a descriptor.', (vm) =>
        openIommufd(vm.running, O_RDWR),
    ),
];
