/**
 * The device nodes and debugfs files of the kernel itself: the node at a path, and the file that opening it creates.
 */
import { cpuAt, openCpu } from './devices/cpu-file';
import { IOMMU_PATH, openIommufd } from './devices/iommufd';
import { openVfio, vfioDeviceAt } from './devices/vfio';
import { containerOpener, groupOpener } from './devices/vfio-group';
import { deviceFile, deviceOps } from './fs/anon';
import { O_RDONLY, O_RDWR } from './fs/fcntl';
import type { FileOps, OpenFile } from './fs/file';
import { FINALIZE_PATH, hasFinalizeFile, openFinalizeFile } from './kho/debugfs';
import { khoDebugContent, openKhoDebugFile } from './kho/debugfs-blobs';
import type { Kernel } from './kernel';
import { hasSeries } from './release/layers';

/** The misc device of LUO (kernel/liveupdate/luo_core.c). */
const LUO_PATH = '/dev/liveupdate';

interface DeviceNode {
    readonly kind: string;
    /** The file that opening a node creates, before its open() runs; undefined if there is no such node at the path. */
    readonly opener: (kernel: Kernel, path: string) => (() => OpenFile) | undefined;
}

const NODES: readonly DeviceNode[] = [
    {
        kind: 'liveupdate',
        opener: (kernel, path) =>
            path === LUO_PATH && kernel.luo.ready
                ? () => deviceFile(kernel, 'liveupdate', path, O_RDWR, 0o600, luoOps(kernel))
                : undefined,
    },
    {
        kind: 'kho_finalize',
        opener: (kernel, path) =>
            path === FINALIZE_PATH && hasFinalizeFile(kernel) ? () => openFinalizeFile(kernel, O_RDWR) : undefined,
    },
    {
        kind: 'kho_debugfs',
        opener: (kernel, path) =>
            khoDebugContent(kernel, path) === undefined ? undefined : () => openKhoDebugFile(kernel, path, O_RDONLY),
    },
    {
        kind: 'iommu',
        opener: (kernel, path) =>
            path === IOMMU_PATH && kernel.devices.iommu?.enabled === true
                ? () => openIommufd(kernel, O_RDWR)
                : undefined,
    },
    {
        kind: 'cpu',
        opener: (kernel, path) => {
            const cpu = hasSeries(kernel.desc.layers, 'cpu_preserve') ? cpuAt(kernel, path) : undefined;
            return cpu === undefined ? undefined : () => openCpu(kernel, cpu);
        },
    },
    { kind: 'vfio_container', opener: containerOpener },
    { kind: 'vfio_group', opener: groupOpener },
    {
        kind: 'vfio',
        opener: (kernel, path) => {
            const device = vfioDeviceAt(kernel, path);
            return device && (() => openVfio(kernel, device, path, O_RDWR));
        },
    },
];

function luoOps({ luo }: Kernel): FileOps {
    return { ...deviceOps, release: () => luo.deviceClosed() };
}

/** The kind of file at a path; undefined if none of the kernel's own nodes is there. */
export function deviceKindAt(kernel: Kernel, path: string): string | undefined {
    return NODES.find((node) => node.opener(kernel, path))?.kind;
}

/**
 * A file on the node at a path, with one reference, before its open() has run; undefined if there is none of this kind.
 */
export function openDeviceNode(kernel: Kernel, kind: string, path: string): OpenFile | undefined {
    return NODES.find((node) => node.kind === kind)?.opener(kernel, path)?.();
}
