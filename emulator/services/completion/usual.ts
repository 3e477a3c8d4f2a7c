/**
 * The usual words of a place, the most frequent first: the order in which possible words are offered. Words that are
 * not listed here follow in alphabetical order.
 */

/** The methods that work on a descriptor, by its kind of file. All descriptors have the same methods. */
export const CALLS_OF: Readonly<Record<string, readonly string[]>> = {
    liveupdate: ['create_session', 'retrieve_session', 'close', 'ioctl'],
    session: ['preserve_fd', 'retrieve_fd', 'finish', 'close', 'get_name', 'unpreserve_fd', 'dup', 'ioctl', 'setfd'],
    memfd: [
        ...['truncate', 'pwrite', 'pread', 'size', 'add_seals', 'close', 'mmap', 'fallocate', 'get_seals', 'seals'],
        ...[
            'write',
            'read',
            'lseek',
            'punch',
            'blocks',
            'stat',
            'mmap_store',
            'mmap_write',
            'fchmod',
            'in_scratch',
            'move_pages',
            'folio_at',
        ],
    ],
    iommufd: ['ioas_alloc', 'hwpt', 'close'],
    vfio: [
        ...[
            'bind_iommufd',
            'attach_iommufd_pt',
            'set_irqs',
            'trigger_irq',
            'disable_irqs',
            'detach_iommufd_pt',
            'close',
        ],
    ],
    vfio_group: ['set_container', 'get_device_fd', 'unset_container', 'close'],
    vfio_container: ['set_iommu', 'map_dma', 'unmap_dma', 'close'],
    vm: [
        ...['run', 'pause', 'resume', 'save', 'load', 'create_vcpus', 'set_memory', 'blackout', 'wrong', 'verify'],
        ...['get_state', 'running', 'written', 'vcpus', 'create_guest_memfd', 'remove_memory', 'inject', 'set_event'],
    ],
    guest_memfd: ['close', 'size', 'poison', 'set_private'],
};

/** The kinds of {@link CALLS_OF} by the kinds of files of a running kernel, where their names differ. */
const KIND_OF_FILE: Readonly<Record<string, string>> = { luo_session: 'session', kvm_vm: 'vm' };

/** The methods that work on an open file, the most frequent first. */
export function callsOf(fileKind: string): readonly string[] {
    return CALLS_OF[KIND_OF_FILE[fileKind] ?? fileKind] ?? [];
}

/** The kind of file of a descriptor, by the call that returns it. */
export const KIND_OF_CALL: Readonly<Record<string, string>> = {
    create_session: 'session',
    retrieve_session: 'session',
    luod_create: 'session',
    luod_hand_back: 'session',
    memfd_create: 'memfd',
    tmpfile: 'memfd',
    save: 'memfd',
    get_device_fd: 'vfio',
    create_vm: 'vm',
    create_guest_memfd: 'guest_memfd',
};

/** The same, by the path that `open` opens. */
export const KIND_OF_PATH: readonly (readonly [path: string, kind: string])[] = [
    ['/dev/liveupdate', 'liveupdate'],
    ['/dev/iommu', 'iommufd'],
    ['/dev/vfio/devices/', 'vfio'],
    ['/dev/vfio/vfio', 'vfio_container'],
    ['/dev/vfio/', 'vfio_group'],
];

/** The first words of statements, by context. */
export const STATEMENTS: Readonly<Record<'scenario' | 'user' | 'kernel' | 'any', readonly string[]>> = {
    scenario: [
        ...['process', 'assert', 'boot', 'inject', 'kill', 'at', 'concurrently', 'sleep', 'for', 'if', 'log', 'cost'],
        ...['while', 'compact_memory', 'fill_memory', 'power_cycle', 'reset'],
    ],
    user: [
        ...['assert', 'reboot', 'kexec_file_load', 'exit', 'open', 'send', 'kvm', 'log', 'for', 'sleep', 'if'],
        ...['memfd_create', 'while', 'inject', 'execve', 'modprobe', 'rmmod', 'setrlimit_nofile', 'memory_max'],
    ],
    kernel: ['kho', 'args', 'return', 'undo', 'if', 'put_folio', 'klog_info', 'for', 'while', 'log', 'sleep', 'assert'],
    any: ['return', 'assert', 'for', 'if', 'log', 'while', 'reboot', 'kexec_file_load', 'kho'],
};

/** Values of assignments. */
export const VALUES: Readonly<Record<'scenario' | 'user' | 'kernel' | 'any', readonly string[]>> = {
    scenario: ['kernel', 'session', 'luo', 'kho', 'update', 'clock', 'vm'],
    user: ['open', 'memfd_create', 'try', 'kvm', 'pattern', 'clock', 'descriptor', 'tmpfile', 'fields_of', 'make_fd'],
    kernel: ['kho', 'at', 'args', 'alloc_folio', 'try', 'phys', 'new', 'true', 'false'],
    any: ['open', 'at', 'kho', 'memfd_create', 'kernel', 'session', 'pattern', 'luo'],
};

/** Expressions of assertions and conditions. */
export const ASSERTED: readonly string[] = [
    ...['kho', 'session', 'kernel', 'vm', 'luo', 'update', 'hugepages', 'diagnosed', 'bytes', 'panicked', 'clock'],
];

/** Arguments, by call. */
export const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
    reboot: ['KEXEC'],
    add_seals: ['F_SEAL_SHRINK', 'F_SEAL_GROW', 'F_SEAL_SEAL', 'F_SEAL_WRITE', 'F_SEAL_FUTURE_WRITE'],
    eventfd: ['EFD_SEMAPHORE', 'EFD_CLOEXEC', 'EFD_NONBLOCK'],
    memfd_create: ['MFD_ALLOW_SEALING', 'MFD_CLOEXEC', 'MFD_NOEXEC_SEAL'],
    pwrite: ['pattern', 'bytes', 'zeros'],
    write: ['pattern', 'bytes', 'zeros'],
    setfd: ['FD_CLOEXEC'],
    lseek: ['SEEK_SET', 'SEEK_CUR', 'SEEK_END'],
    log: ['kernel', 'update', 'str', 'kho'],
    fill: ['pattern'],
    create_session: ['str'],
    retrieve_session: ['str'],
};

/** Members of objects. */
export const MEMBERS: Readonly<Record<string, readonly string[]>> = {
    kho: [
        ...['incoming', 'restore_free', 'alloc_preserve', 'unpreserve_free', 'restore_folio', 'preserve_folio'],
        ...[
            'has_subtree',
            'add_subtree',
            'retrieve_subtree',
            'unpreserve_folio',
            'outgoing',
            'scratch_size',
            'enabled',
        ],
        ...['preserve_pages', 'restore_pages', 'preserve_vmalloc', 'restore_vmalloc'],
    ],
    kho_side: ['unclaimed', 'pages', 'present'],
    luo_args: ['serialized_data', 'file', 'retrieve_status', 'private_data', 'handler'],
    luo_session: ['count', 'files', 'retrieved', 'finished'],
    luo_file: ['serialized_data', 'retrieve_status', 'compatible', 'token'],
    luo_flb: ['out_count', 'get_incoming', 'put_incoming', 'finished', 'in_count', 'get_outgoing', 'put_outgoing'],
    luo: ['outgoing', 'incoming', 'handlers', 'device_in_use', 'serialize'],
    flb_args: ['obj', 'data', 'flb'],
    kernel: ['logged', 'boot', 'logged_in_order', 'release', 'reserve_mem', 'name'],
    update: ['blackout', 'phase', 'spent', 'userspace', 'kernel_shutdown', 'kernel_startup', 'pausing', 'files'],
    file: ['kind', 'inode', 'size', 'is_shmem'],
    device: [
        ...['start_dma', 'strays', 'faults', 'running', 'writes', 'bus_master', 'stop', 'pci_dev', 'transferred'],
        ...['interrupts', 'dma_map', 'dropped', 'power', 'unplug', 'plug', 'bind'],
    ],
    ioas: ['map', 'hwpt_alloc', 'unmap'],
    hwpt: ['mark_preserve', 'reuse', 'devices'],
    guest: ['wrong', 'blackout', 'vectors', 'stalled', 'written', 'first_wrong', 'state'],
    process: ['state', 'waits_for'],
    huge_pages: ['nr', 'free', 'surplus', 'incoming', 'overcommit'],
    guest_line: ['spurious', 'lost', 'injected', 'delivered', 'stalled'],
    clock: ['now'],
    kvm: ['create_vm'],
};

/** Types, of fields of structs and of parameters. */
export const TYPES: readonly string[] = [
    'u64',
    'u32',
    'phys',
    'string',
    'int',
    'fd',
    'folio',
    'bytes',
    'bool',
    'u8',
    'u16',
];

/** Variables that scenarios usually have in processes. */
export const VARIABLES: readonly string[] = ['lu', 'vm1', 'ram'];

/** Errors of calls. */
export const ERRORS: readonly string[] = [
    ...['EBUSY', 'ENOENT', 'EINVAL', 'EIO', 'ENOMEM', 'EEXIST', 'EBADF', 'EPERM', 'ENOTTY', 'EOPNOTSUPP', 'EFAULT'],
];

/** Kernels, the newest releases first. */
export const KERNELS: readonly string[] = ['7.2', '7.3', '7.1', '7.0', '6.19', '6.17'];

/** Names of processes that scenarios usually have. */
export const PROCESSES: readonly string[] = ['luod', 'vmm', 'agent'];

/** The rank of a word in a list; words that it does not contain come after all others. */
export function orderIn(list: readonly string[], name: string): number {
    const at = list.indexOf(name);
    return at < 0 ? 60 : at;
}
