/** Command line parameters for memfds: transparent_hugepage_shmem=, sysctl.vm.memfd_noexec=. */
import type { SetupsOf } from '../command-line/setup';
import { leadingNumber } from '../release/parameter-values';

/** The part of a kernel's configuration that files depend on. */
export interface FileConfig {
    /**
     * vm.memfd_noexec at boot: 0 executable by default, 1 MFD_NOEXEC_SEAL by default, 2 MFD_EXEC refused.
     */
    readonly memfdNoexec: 0 | 1 | 2;
    /** `transparent_hugepage_shmem=always`: shmem is allocated in folios of 2 MiB if possible. */
    readonly thpShmem: boolean;
}

export interface FileSettings {
    readonly files: FileConfig;
}

export const FILE_DEFAULTS: FileSettings = { files: { memfdNoexec: 0, thpShmem: false } };

const SHMEM_HUGE: ReadonlyMap<string | undefined, boolean> = new Map([
    ['never', false],
    ['always', true],
    ['within_size', false],
    ['advise', false],
    ['deny', false],
    ['force', true],
]);

export const FILE_SETUPS: SetupsOf<'files', FileSettings> = {
    transparent_hugepage_shmem: (value, { files }) => {
        const thpShmem = SHMEM_HUGE.get(value);
        return thpShmem === undefined ? undefined : { files: { ...files, thpShmem } };
    },
    'sysctl.vm.memfd_noexec': (value = '', { files }) => {
        const { value: memfdNoexec, length } = leadingNumber(value);
        const known = memfdNoexec === 0 || memfdNoexec === 1 || memfdNoexec === 2;
        return known && length > 0 && length === value.length ? { files: { ...files, memfdNoexec } } : undefined;
    },
};
