/** `/dev/iommu` for processes: I/O address spaces and hardware page tables. */
import { Hwpt } from '../../kernel/devices/hwpt';
import { Ioas } from '../../kernel/devices/ioas';
import { iommufdOf } from '../../kernel/devices/iommufd';
import { VfioFile, vfioOf } from '../../kernel/devices/vfio';
import { fget } from '../../kernel/fs/process';
import { Err, err } from '../../kernel/release/errno';
import { FD, INT, objectOf } from '../../language/types';
import { asInt, asNumber } from '../../language/values';
import { expect, fdArg, isLeftOut } from './arguments';
import { fdMethodOn, param, RecordMembers, SYSCALL } from './define';
import type { NativeContext, NativeFunction } from './native';

export const ioasObject = new RecordMembers(
    Ioas,
    'ioas',
    'An I/O address space of `/dev/iommu`, for the devices that are attached to it.',
)
    .field('id', INT, 'Its number.', (space) => space.id)
    .field('mappings', INT, 'The number of mappings.', (space) => space.mappings.length)
    .field('devices', INT, 'The number of devices that are attached to it.', (space) => space.devices.length)
    .method(
        'map',
        [param('fd', FD), param('iova', INT), param('length', INT), param('offset', INT, 0)],
        SYSCALL,
        '`IOMMU_IOAS_MAP_FILE`: maps a range of a memfd, or of the memory of the device whose descriptor is passed. Folios are pinned as soon as a device is attached. EBADF, EINVAL (not a multiple of a page, the interrupt window, neither a memfd nor a device with `vram`), EEXIST, ENOMEM.',
        (space, [fd, iova, length, offset], { process }) => {
            const file = fget(process, fdArg(fd));
            if (file instanceof Err) {
                return file;
            }
            const device = file.priv instanceof VfioFile ? file.priv : null;
            return (
                device?.refusal ??
                space.map(
                    file,
                    asNumber(iova, 'the address'),
                    asNumber(length, 'the length'),
                    asNumber(offset, 'the offset'),
                    device?.device.device,
                )
            );
        },
    )
    .method(
        'hwpt_alloc',
        [param('vfio', FD)],
        { ...SYSCALL, result: objectOf('hwpt') },
        '`IOMMU_HWPT_ALLOC`: creates a hardware page table with all mappings of this address space, for a bound device. ENOENT (the device is not bound to this `/dev/iommu`), ENOMEM. ENOTTY if the descriptor is not a device.',
        (space, [fd], { process }) => {
            const vfio = vfioOf(process, fdArg(fd));
            return vfio instanceof Err ? vfio : space.iommufd.allocateHwpt(space, vfio.device);
        },
    )
    .method(
        'unmap',
        [param('iova', INT), param('length', INT)],
        SYSCALL,
        '`IOMMU_IOAS_UNMAP`: whole mappings only. ENOENT.',
        (space, [iova, length]) => space.unmap(asNumber(iova, 'the address'), asNumber(length, 'the length')),
    );

export const hwptObject = new RecordMembers(
    Hwpt,
    'hwpt',
    "A hardware page table of `/dev/iommu`, in the IOMMU's format, for the devices that are attached to it.",
)
    .field('id', INT, 'Its number.', (hwpt) => hwpt.id)
    .field('domain', INT, 'The id of its domain, which tags its cached translations.', (hwpt) => hwpt.domain.id)
    .field(
        'token',
        INT,
        'The token that identifies it in the next kernel; `none` if it is not marked.',
        (hwpt) => hwpt.token,
    )
    .field('devices', INT, 'The number of devices that are attached to it.', (hwpt) => hwpt.deviceCount)
    .field('tables', INT, 'The number of pages of its tables.', (hwpt) => hwpt.domain.tableCount)
    .method(
        'mark_preserve',
        [param('token', INT)],
        SYSCALL,
        '`IOMMU_HWPT_LIVEUPDATE_MARK_PRESERVE`, with the layer `iommu`: marks it for preservation together with its `/dev/iommu`; the token identifies it in the next kernel. EADDRINUSE (the token is taken), EINVAL (marked already). ENOTTY without the layer.',
        (hwpt, [token]) => hwpt.mark(asInt(token, 'the token')),
    )
    .method(
        'unmark_preserve',
        [],
        SYSCALL,
        'The same ioctl without its flag, with the layer `iommu` from v5 on: removes the mark. EINVAL (not marked), EBUSY (preserved already). ENOTTY without the layer, and with `iommu v4`.',
        (hwpt) => hwpt.unmark(),
    )
    .method(
        'reuse',
        [param('ioas', objectOf('ioas'))],
        SYSCALL,
        'Moves a hardware page table of the previous kernel into an I/O address space that maps exactly the same memory. Its devices continue to use it, and from then on it is an ordinary one. ENODEV while one of its devices is not bound, EINVAL if the address space maps other memory.',
        (hwpt, [ioas]) => {
            const space = expect(Ioas, ioas, 'an I/O address space');
            return space.iommufd.reuse(hwpt, space);
        },
    );

const onIommufd = fdMethodOn(iommufdOf);

/** Ioctls of the device file: ENOTTY on any other descriptor. */
export const iommufdSyscalls: readonly NativeFunction<NativeContext>[] = [
    onIommufd(
        'ioas_alloc',
        [],
        { result: objectOf('ioas') },
        '`IOMMU_IOAS_ALLOC` on `/dev/iommu`: creates an I/O address space. ENOTTY on other files.',
        (iommufd) => iommufd.allocate(),
    ),
    onIommufd(
        'vfio_ioas',
        [],
        { result: objectOf('ioas') },
        '`IOMMU_VFIO_IOAS` with `IOMMU_VFIO_IOAS_GET`: the I/O address space that it has as a container of groups. ENODEV. ENOTTY on other files.',
        (iommufd) => iommufd.compat ?? err('ENODEV'),
    ),
    onIommufd(
        'set_vfio_ioas',
        [param('ioas', objectOf('ioas'), null)],
        {},
        'The same with `IOMMU_VFIO_IOAS_SET`; without an argument `IOMMU_VFIO_IOAS_CLEAR`. ENOENT (of another `/dev/iommu`). ENOTTY on other files.',
        (iommufd, [ioas]) => iommufd.setCompat(isLeftOut(ioas) ? null : expect(Ioas, ioas, 'an I/O address space')),
    ),
    onIommufd(
        'hwpt',
        [param('token', INT)],
        { result: objectOf('hwpt') },
        'On a retrieved `/dev/iommu`, with the layer `iommu`: the preserved hardware page table with this token. ENOENT. ENOTTY on other files.',
        (iommufd, [token]) => iommufd.incomingOf(asInt(token, 'the token')),
    ),
];
