/** VFIO's groups and containers for `.lus` code: `/dev/vfio/N` and `/dev/vfio/vfio`. */
import { containerOf, groupOf, VFIO_TYPE1v2_IOMMU, VfioGroup } from '../../kernel/devices/vfio-group';
import { OpenFile } from '../../kernel/fs/file';
import { fget, installNewFd, privOf } from '../../kernel/fs/process';
import { Err } from '../../kernel/release/errno';
import { FD, INT, objectOf, STRING } from '../../language/types';
import { asNumber, asString, ProgramError } from '../../language/values';
import { expect, fdArg } from './arguments';
import { fdMethodOn, fn, param } from './define';
import type { NativeContext, NativeFunction } from './native';

export const vfioGroupFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'vfio_group_open',
        [param('file', objectOf('file'))],
        { fails: true },
        'vfio_group_fops_open(): EBUSY if the group is open, or a device of it is bound through its own node.',
        (_context, [file]) => {
            const group = privOf(expect(OpenFile, file, 'a file'), VfioGroup);
            return group instanceof Err ? group : group.open();
        },
    ),
];

/** include/uapi/linux/vfio.h: unmapping may divide mappings. */
const VFIO_TYPE1_IOMMU = 1;

const onGroup = fdMethodOn(groupOf);
const onContainer = fdMethodOn(containerOf);

/** Ioctls of groups and containers: ENOTTY on any other descriptor. */
export const vfioGroupSyscalls: readonly NativeFunction<NativeContext>[] = [
    onGroup(
        'set_container',
        [param('container', FD)],
        {},
        '`VFIO_GROUP_SET_CONTAINER` on `/dev/vfio/N`, with a descriptor of `/dev/vfio/vfio` or `/dev/iommu`. EINVAL (it has a container), EPERM (a driver of the kernel has a device of the group), EBADF, EBADFD (neither of them), ENOMEM. ENOTTY on other files.',
        (group, [fd], { process }) => {
            const file = fget(process, fdArg(fd));
            if (file instanceof Err) {
                return file;
            }
            return group.setContainer(file);
        },
    ),
    onGroup(
        'get_status',
        [],
        { result: INT },
        '`VFIO_GROUP_GET_STATUS`: its flags, `VFIO_GROUP_FLAGS_VIABLE` if no driver of the kernel has a device of the group, and `VFIO_GROUP_FLAGS_CONTAINER_SET`. ENOTTY on other files.',
        (group) => group.status,
    ),
    onGroup(
        'unset_container',
        [],
        {},
        '`VFIO_GROUP_UNSET_CONTAINER`: EINVAL (it has none), EBUSY (a device of the group is open; not with `/dev/iommu`). ENOTTY on other files.',
        (group) => group.unsetContainer(),
    ),
    onGroup(
        'get_device_fd',
        [param('address', STRING)],
        { result: FD },
        '`VFIO_GROUP_GET_DEVICE_FD`: a descriptor of the device at this PCI address; the first one resets the device. ENODEV (not in the group), EINVAL (no container, or one without `set_iommu()`, which `/dev/iommu` does not need), EPERM (with `/dev/iommu`: another owner has a device of the group), EBUSY (preserved by the previous kernel), EMFILE. ENOTTY on other files.',
        (group, [address], { running, process }) => {
            const file = group.device(asString(address, 'the address'));
            return file instanceof Err ? file : installNewFd(running, process, file);
        },
    ),
    onContainer(
        'set_iommu',
        [param('type', INT, VFIO_TYPE1v2_IOMMU)],
        {},
        '`VFIO_SET_IOMMU` on `/dev/vfio/vfio`: with `VFIO_TYPE1v2_IOMMU` the devices of its groups share an address space; groups without an IOMMU need `VFIO_NOIOMMU_IOMMU`. EINVAL (no group, done already, or not the type for its groups), ENOMEM. On `/dev/iommu` it changes nothing: ENODEV if it was given to no group. ENOTTY on other files.',
        (container, [type]) => {
            const number = asNumber(type, 'the type');
            if (number === VFIO_TYPE1_IOMMU) {
                throw new ProgramError('VFIO_TYPE1_IOMMU is not emulated: use VFIO_TYPE1v2_IOMMU');
            }
            return container.setIommu(number);
        },
    ),
    onContainer(
        'map_dma',
        [param('fd', FD), param('iova', INT), param('length', INT), param('offset', INT, 0)],
        {},
        '`VFIO_IOMMU_MAP_DMA` of a range of a memfd that the process has mapped: its folios are pinned. EBADF, EINVAL (no `set_iommu()`; with `/dev/iommu` it is ENODEV, not a multiple of a page, the interrupt window, not a memfd), EEXIST, ENOMEM. ENOTTY on other files.',
        (container, [fd, iova, length, offset], { process }) => {
            const file = fget(process, fdArg(fd));
            return file instanceof Err
                ? file
                : container.map(
                      file,
                      asNumber(iova, 'the address'),
                      asNumber(length, 'the length'),
                      asNumber(offset, 'the offset'),
                  );
        },
    ),
    onContainer(
        'unmap_dma',
        [param('iova', INT), param('length', INT)],
        {},
        '`VFIO_IOMMU_UNMAP_DMA`: whole mappings only. EINVAL (no `set_iommu()`, part of a mapping). With `/dev/iommu` they are ENODEV and ENOENT. ENOTTY on other files.',
        (container, [iova, length]) => container.unmap(asNumber(iova, 'the address'), asNumber(length, 'the length')),
    ),
];
