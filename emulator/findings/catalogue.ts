/** The catalogue of diagnoses. Codes are stable: scenarios, CI and documentation name them. */

import { CONTAINERS } from './catalogue-containers';
import { CRASH } from './catalogue-crash';
import { CONFIDENTIAL_GUESTS } from './catalogue-confidential-guests';
import { ORPHANS } from './catalogue-orphans';
import { DEVICE_MEMORY, PEERS } from './catalogue-device-memory';
import { FORMATS } from './catalogue-formats';
import { DEVICE_STATE } from './catalogue-device-state';

/** `error`: data or the machine is lost. `warning`: a mistake that costs memory or safety. `hint`: a possible risk. */
export type Severity = 'error' | 'warning' | 'hint';

/** Subjects of findings: the condition of the exception filter for diagnoses selects them. */
export const GROUPS = {
    memory: 'Preserved memory: leaks, use of pages that were not preserved, pages restored twice.',
    handover: 'Handover between kernels: formats, handlers, FLBs.',
    sessions: 'Sessions that are lost, never finished or unreachable.',
    devices: 'DMA, IOMMU tables, devices left running.',
    interrupts: 'Interrupts that are lost, spurious or misrouted.',
    guests: 'Virtual machines: effects of an update on their guests.',
} as const;

export type Group = keyof typeof GROUPS;

interface Entry {
    readonly severity: Severity;
    readonly group: Group;
    /** The finding in a few words. */
    readonly title: string;
    /** What to do. A rule may give more specific advice. */
    readonly advice: string;
}

export const CATALOGUE = {
    LU1001: {
        severity: 'warning',
        group: 'memory',
        title: 'preserved memory never claimed',
        advice: 'Restore in retrieve() or finish() everything that preserve() preserved. Memory that is not restored is held until the next boot.',
    },
    LU1002: {
        severity: 'warning',
        group: 'sessions',
        title: 'incoming session never retrieved',
        advice: 'Retrieve the session and its files. To free the memory without using it, retrieve the session and finish it.',
    },
    LU1003: {
        severity: 'error',
        group: 'sessions',
        title: 'incoming session lost at the next kexec',
        advice: 'Only sessions created in this kernel are handed over. Retrieve the files, finish the session, and preserve the files again in a new session.',
    },
    LU1004: {
        severity: 'warning',
        group: 'sessions',
        title: 'unreachable session',
        advice: 'Before the last descriptor of the session is closed, retrieve the files that its handlers require and call finish().',
    },
    LU1005: {
        severity: 'hint',
        group: 'sessions',
        title: 'session held by a single process',
        advice: "Give a second process a descriptor of the session (the agent, or systemd's file descriptor store). A session lives until its last descriptor is closed.",
    },
    LU1006: {
        severity: 'warning',
        group: 'handover',
        title: 'FLB reference count underflow',
        advice: 'Call get_incoming() and put_incoming() of the FLB while the kernel boots. Only get_incoming() loads the count.',
    },
    LU1007: {
        severity: 'warning',
        group: 'handover',
        title: 'FLB reference never dropped',
        advice: 'Call put_incoming() for each get_incoming(), put_outgoing() for each get_outgoing(), and in the next kernel put_incoming() for each get_outgoing() that was outstanding at the kexec.',
    },
    LU1008: {
        severity: 'error',
        group: 'handover',
        title: 'empty block in a handed-over set',
        advice: 'Before the kexec, close a session and create it again. This frees the empty block.',
    },
    LU1009: {
        severity: 'error',
        group: 'memory',
        title: 'preserved page restored twice',
        advice: 'Restore each block once and keep the folio that restore_folio() returns.',
    },
    LU1010: {
        severity: 'warning',
        group: 'memory',
        title: 'preserved page not restored by its file',
        advice: 'Restore the page in retrieve(), and in finish() if the file was not retrieved.',
    },
    LU1011: {
        severity: 'error',
        group: 'memory',
        title: 'use of a page that was not preserved',
        advice: 'Preserve the page, with its whole folio, before the kexec. The next kernel reuses every page that is not preserved.',
    },
    LU1012: {
        severity: 'error',
        group: 'memory',
        title: 'pointer to a page that is not preserved',
        advice: 'Preserve the memory that the pointer leads to, or do not hand the pointer over. The next kernel reuses the page.',
    },
    LU1013: {
        severity: 'error',
        group: 'memory',
        title: 'preserved memory in scratch',
        advice: 'Preserve only memory of the page allocator, not memory of early boot or of CMA. Memfds are safe: pinning moves their folios out of scratch.',
    },
    LU1014: {
        severity: 'error',
        group: 'handover',
        title: 'the next kernel has no handler for a preserved file',
        advice: 'Boot a kernel that registers a handler with this compatible string, or close the session before the kexec.',
    },
    LU1015: {
        severity: 'error',
        group: 'handover',
        title: 'the next kernel does not know an FLB',
        advice: 'Boot a kernel in which a handler uses an FLB with this compatible string. No other code reads the data of the FLB.',
    },
    LU1016: {
        severity: 'error',
        group: 'handover',
        title: 'the kernels use different formats',
        advice: 'Kernels do not negotiate formats. Update to a kernel with the same compatible strings, or preserve nothing.',
    },
    LU1017: {
        severity: 'warning',
        group: 'handover',
        title: 'callback returns a positive value',
        advice: 'Return 0 on success and a negative error number on failure.',
    },
    LU1018: {
        severity: 'error',
        group: 'handover',
        title: 'image loaded without handover while files are preserved',
        advice: 'Load the kernel with kexec_file_load() (kexec -s). kexec_load() hands nothing over.',
    },
    LU1019: {
        severity: 'error',
        group: 'sessions',
        title: 'session discarded because its reply faulted',
        advice: 'Pass writable memory to RETRIEVE_SESSION. The session cannot be retrieved again.',
    },
    LU1020: {
        severity: 'warning',
        group: 'memory',
        title: 'memfd retrieved with seals against writing',
        advice: 'Create memory that must stay writable without MFD_NOEXEC_SEAL, and with vm.memfd_noexec=0.',
    },
    LU1021: {
        severity: 'warning',
        group: 'memory',
        title: 'seal not handed over',
        advice: 'Add seals before the file is preserved: preserve() records the seals of that moment.',
    },
    LU1022: {
        severity: 'error',
        group: 'sessions',
        title: 'finish() discards files that were not retrieved',
        advice: 'Retrieve every file before finish(). A handler without can_finish(), such as that of memfds, does not refuse.',
    },
    LU1023: {
        severity: 'error',
        group: 'sessions',
        title: 'outgoing session lost with its only process',
        advice: 'Give a second process a descriptor of the session. When the last descriptor is closed, every file is unpreserved.',
    },
    LU1024: {
        severity: 'error',
        group: 'sessions',
        title: 'retrieved session closed before its files were retrieved',
        advice: 'Retrieve every file right after the session, or keep a second descriptor of the session in another process. The last close finishes the session, which cannot be undone.',
    },
    LU1025: {
        severity: 'error',
        group: 'handover',
        title: 'live update is off in the next kernel',
        advice: 'Boot the next kernel with kho=on liveupdate=on.',
    },
    LU1026: {
        severity: 'error',
        group: 'memory',
        title: 'memory preserved twice',
        advice: 'Preserve each block once. KHO keeps no count: one unpreserve undoes both preservations, and of two restores the second fails.',
    },
    LU1027: {
        severity: 'error',
        group: 'devices',
        title: 'DMA to memory not assigned to the device',
        advice: 'Before the memory is reused, stop the device, or unmap the memory and flush what the IOMMU has cached.',
    },
    LU1028: {
        severity: 'error',
        group: 'devices',
        title: 'translation through a page that is no longer a table',
        advice: "Keep every table that the hardware can reach, on all levels, until its entry is cleared and the IOMMU's caches are flushed.",
    },
    LU1029: {
        severity: 'error',
        group: 'devices',
        title: 'DMA while translation is off',
        advice: 'Stop every device before translation is disabled. Without translation, device addresses are taken for physical addresses.',
    },
    LU1030: {
        severity: 'error',
        group: 'devices',
        title: 'device left running by a previous kernel',
        advice: 'Stop or reset the device before the kexec. If its driver has no shutdown(), the kernel only clears the bus master bit.',
    },
    LU1031: {
        severity: 'warning',
        group: 'sessions',
        title: 'reboot waits for a system call',
        advice: 'Preserve everything before reboot() is called, and let the agent wait for the answers of all its VMMs.',
    },
    LU1032: {
        severity: 'warning',
        group: 'sessions',
        title: 'process blocked until the jump',
        advice: 'Close sessions before the reboot or not at all, and stop every process that may use one before rebooting. A process that is blocked here cannot be killed.',
    },
    LU1033: {
        severity: 'error',
        group: 'sessions',
        title: 'lock held at the return to user space',
        advice: 'Release the lock on every path out of the callback: take it with guard(), or call unlock() both in an undo block and at the end.',
    },
    LU1035: {
        severity: 'error',
        group: 'guests',
        title: 'guest memory differs from what the guest wrote',
        advice: "Preserve all of the guest's memory, map it at the same guest addresses, and load the state that was saved after the last vCPU was paused. The history says what happened to the page.",
    },
    LU1036: {
        severity: 'error',
        group: 'guests',
        title: 'guest runs after its state was saved',
        advice: 'Pause every vCPU, then save their state, then reboot. The kernel does not check this order, and it hands guest memory over as it is at the jump.',
    },
    LU1037: {
        severity: 'error',
        group: 'guests',
        title: 'guest without its vCPU state',
        advice: "Save the state of the vCPUs into a memfd that is preserved in a session like the guest's memory, and load the state before the vCPUs run again.",
    },
    LU1038: {
        severity: 'error',
        group: 'guests',
        title: 'guest memory not handed over',
        advice: 'Before the kexec, preserve every file that backs guest memory. The next kernel reuses memory that is in no session.',
    },
    LU1039: {
        severity: 'warning',
        group: 'guests',
        title: 'vCPU stopped by a memory fault',
        advice: 'Give the guest memory at this address, or populate it before the file is frozen: a frozen mapping takes no new pages.',
    },
    LU1040: {
        severity: 'error',
        group: 'devices',
        title: 'device has two owners',
        advice: 'Bind vfio-pci to the device in the next kernel, too (driver_override, vfio-pci.ids=). The PCI core lets any driver bind to an incoming device.',
    },
    LU1041: {
        severity: 'error',
        group: 'devices',
        title: 'preserved device removed',
        advice: 'Close the session before the device is unplugged, and plug or unplug nothing between preserve and finish.',
    },
    LU1042: {
        severity: 'error',
        group: 'devices',
        title: 'bus number of a running device changes',
        advice: 'Hand the devices over with the PCI core (layer `pci`), so that the next kernel keeps all bus numbers, or boot without pci=assign-busses.',
    },
    LU1043: {
        severity: 'error',
        group: 'devices',
        title: 'preserved device no longer works',
        advice: 'Keep reset quirks, power management and drivers of the next kernel away from preserved devices until their sessions are finished.',
    },
    LU1045: {
        severity: 'warning',
        group: 'devices',
        title: 'table of a running device not preserved',
        advice: 'Preserve every page that the IOMMU reads for a device that keeps running: root table, context tables, and the page tables of its domain on all levels.',
    },
    LU1046: {
        severity: 'warning',
        group: 'devices',
        title: 'memory that a running device can write to is not preserved',
        advice: 'Preserve all memory that is mapped for a device that keeps running, in the same session, or unmap it before the kexec.',
    },
    LU1047: {
        severity: 'error',
        group: 'devices',
        title: 'stale translation cached under a reused domain id',
        advice: 'Flush what the IOMMU has cached under a domain id before the id is reused.',
    },
    LU1048: {
        severity: 'error',
        group: 'devices',
        title: 'running device without a domain',
        advice: 'Attach the device to a domain, or stop it before it is detached. The IOMMU finds the entry of a device by its bus number, which must not change over a kexec.',
    },
    LU1049: {
        severity: 'error',
        group: 'devices',
        title: 'FLB finished while devices use it',
        advice: 'Drop only references that you have taken. The last put finishes the FLB, even if devices still depend on it.',
    },
    LU1050: {
        severity: 'error',
        group: 'memory',
        title: 'folio changed after it was preserved',
        advice: 'Pin the folios before you preserve them, as memfd_pin_folios() does: pinned folios are neither moved nor split. Freeze the mapping, so that it cannot be truncated.',
    },
    LU1051: {
        severity: 'warning',
        group: 'memory',
        title: 'huge pages missing from their pool',
        advice: 'Restore every huge page in retrieve() and finish(), and return it to its pool. The kernel allocated that many pages less at boot, so they are missing until the next boot.',
    },
    LU1052: {
        severity: 'error',
        group: 'sessions',
        title: 'file lost to a memory cgroup limit',
        advice: 'Retrieve in a process whose cgroup limit covers what it retrieves, and send the descriptor to the process that needs it. A failed retrieve cannot be repeated.',
    },
    LU1055: {
        severity: 'error',
        group: 'interrupts',
        title: 'driver waits for a lost interrupt',
        advice: 'After the update, inject one interrupt for each vector of the device into the guest (`trigger_irq`). Its drivers then look for completed work and continue.',
    },
    LU1056: {
        severity: 'hint',
        group: 'interrupts',
        title: 'spurious interrupt in a guest',
        advice: 'Most drivers ignore a spurious interrupt. For a driver that does not, preserve the interrupts instead of injecting one for each vector.',
    },
    LU1057: {
        severity: 'error',
        group: 'interrupts',
        title: 'interrupt delivered to no handler or to the wrong one',
        advice: "Turn the device's interrupts off before the kexec, or hand over its remapping entries together with the vectors that they lead to.",
    },
    LU1058: {
        severity: 'warning',
        group: 'interrupts',
        title: 'interrupts of a running device not handed over',
        advice: "Turn the device's interrupts off before the kexec, or use a kernel that preserves them (`layers interrupts`).",
    },
    LU1059: {
        severity: 'error',
        group: 'interrupts',
        title: 'interrupt delivered through a reused page',
        advice: 'Keep interrupt remapping tables and posted-interrupt descriptors until no entry of the hardware leads to them.',
    },
    LU1060: {
        severity: 'error',
        group: 'handover',
        title: 'scratch memory too small for the next kernel',
        advice: 'Switch the machine on with a larger kho_scratch=. Kernels that are started by kexec inherit the areas.',
    },
    LU1061: {
        severity: 'error',
        group: 'sessions',
        title: 'kernel ends without a kexec while files are preserved',
        advice: 'Only reboot(KEXEC) hands preserved files over. Reboot soon after preserving, and keep what must survive a crash on disk or on another host.',
    },
    LU1062: {
        severity: 'warning',
        group: 'memory',
        title: 'restore fails half way',
        advice: 'Hand over exactly what was preserved: every page, and their number. Do not retry: let the retrieve fail permanently.',
    },
    LU1063: {
        severity: 'error',
        group: 'handover',
        title: 'handover affected by a known kernel bug',
        advice: 'Update from and to kernels in which the bug is fixed. The documentation page about known bugs names them.',
    },
    LU1064: {
        severity: 'warning',
        group: 'memory',
        title: 'debugfs file shows reused memory',
        advice: 'Read what was handed over from a memory image, or in the old kernel under out/. In the new kernel, LUO frees its page before the debugfs file exists.',
    },
    LU1065: {
        severity: 'error',
        group: 'handover',
        title: 'kexec without live update although a process tried to use it',
        advice: 'Boot every kernel of the host with kho=on liveupdate=on, and do not reboot if /dev/liveupdate cannot be opened.',
    },
    LU1066: {
        severity: 'warning',
        group: 'sessions',
        title: 'finished session still open',
        advice: 'Close the descriptor of a session after finish(). The session is removed with its last descriptor.',
    },
    LU1067: {
        severity: 'error',
        group: 'handover',
        title: 'handover not finalized',
        advice: 'Up to 6.18, write 1 to /sys/kernel/debug/kho/out/finalize before the reboot. In 6.19 and 7.0, LUO finalizes the handover if LUO is on. From 7.1 on, nothing has to be finalized.',
    },
    LU1068: {
        severity: 'warning',
        group: 'memory',
        title: 'reserved memory not recovered',
        advice: 'Give every kernel of the host the same reserve_mem= parameter: size, alignment and name.',
    },
    LU1069: {
        severity: 'error',
        group: 'handover',
        title: 'module of preserved files unloaded',
        advice: 'Keep the module loaded until the sessions are closed or the kexec is done, or use a kernel that counts the users of the module.',
    },
    LU1070: {
        severity: 'error',
        group: 'handover',
        title: 'state changed after the freeze',
        advice: 'Stop every process that uses a file before the reboot. Of the changes made after freeze(), only those to memory contents are handed over.',
    },
    LU1071: {
        severity: 'error',
        group: 'memory',
        title: 'page written after its flags were recorded',
        advice: 'Between preserve and kexec, write only to pages that were written before, or use a kernel that marks every page as written when it preserves it (7.0 and later).',
    },
    LU1072: {
        severity: 'error',
        group: 'memory',
        title: 'file only partly preserved',
        advice: 'Keep the memory in several files of less than 16 TiB each.',
    },
    LU1073: {
        severity: 'warning',
        group: 'handover',
        title: 'state of an open file not handed over',
        advice: 'Set the flags of the descriptor again after retrieve_fd(), and rely on no file position other than that of the preserved descriptor.',
    },
    LU1074: {
        severity: 'warning',
        group: 'sessions',
        title: 'file preserved although the call failed',
        advice: 'Pass writable memory to PRESERVE_FD. After EFAULT, treat the file as preserved: only closing the whole session unpreserves it.',
    },
    LU1075: {
        severity: 'error',
        group: 'handover',
        title: 'file still frozen in a kernel that continues',
        advice: 'Close the session, which unpreserves its files, and preserve them again; or use a kernel in which nothing can fail after the last freeze (7.1 and later).',
    },
    LU1076: {
        severity: 'error',
        group: 'handover',
        title: 'sessions cannot be read',
        advice: 'Nothing can be recovered. Find out what wrote to the blocks after the freeze, or laid them out in a form that the next kernel rejects.',
    },
    LU1077: {
        severity: 'error',
        group: 'sessions',
        title: 'session lost after an earlier error',
        advice: 'Reboot after the first EIO of /dev/liveupdate. If the device opens later, it offers only a part of what was handed over.',
    },
    LU1078: {
        severity: 'warning',
        group: 'handover',
        title: 'FLB exists twice',
        advice: 'Finish every session of the previous kernel before the first file is preserved for the next update.',
    },
    LU1079: {
        severity: 'hint',
        group: 'sessions',
        title: 'retrieved file not preserved again',
        advice: 'After finish(), preserve the file again in a session of this kernel before the reboot. If the file is not needed any more, close it.',
    },
    LU1080: {
        severity: 'error',
        group: 'devices',
        title: 'IOMMU translation cannot be restored',
        advice: 'Find out why the FLB, or what it points to, cannot be read: a kernel of another version, memory that was not preserved, an IOMMU that is missing. The devices keep running until the machine is reset.',
    },
    LU1085: {
        severity: 'error',
        group: 'handover',
        title: 'object of the kernel used after it was freed',
        advice: 'Use a release that has the fix; the page of known bugs says which.',
    },
    LU1086: {
        severity: 'error',
        group: 'handover',
        title: 'callback that makes the kernel oops',
        advice: 'End retrieve() with args.file set and 0, or with a negative error number and everything cleaned up.',
    },
    LU1090: {
        severity: 'error',
        group: 'sessions',
        title: 'retrieved file lost with its only process',
        advice: 'Have a second process hold the session until finish(): until then the kernel holds every file, and each process with a descriptor of the session can retrieve it again.',
    },
    LU1091: {
        severity: 'error',
        group: 'handover',
        title: 'kexec without LIVEUPDATE_PREPARE',
        advice: 'Write LIVEUPDATE_PREPARE to /dev/liveupdate before the reboot: the series v4 freezes and hands over only what is prepared. From 6.19 on the reboot needs no preparation.',
    },
    LU1092: {
        severity: 'error',
        group: 'handover',
        title: 'the kernels use different layouts of a struct',
        advice: 'If the layout of a struct changes, change the compatible string of the handler too; or keep the offsets of its fields, add new ones at the end, and have the reader check a size or a version field.',
    },
    LU1093: {
        severity: 'hint',
        group: 'handover',
        title: 'unknown kernel parameter',
        advice: 'Correct the name on the command line. A kernel ignores parameters that it does not know, logs them once and passes them to user space.',
    },
    LU1094: {
        severity: 'error',
        group: 'handover',
        title: 'preserved memory hidden from the next kernel',
        advice: 'Remove mem= and memmap= from the command line of the next kernel, or boot both kernels with the same ones: a kernel preserves only memory that it uses.',
    },
    LU1095: {
        severity: 'warning',
        group: 'memory',
        title: 'no memory outside of scratch',
        advice: 'Make the scratch areas smaller with kho_scratch=, or allocate the memory of devices and guests before the host fills up. Scratch is for movable memory only: pinned pages and memory of the kernel cannot be in it.',
    },
    LU1096: {
        severity: 'hint',
        group: 'memory',
        title: 'large scratch areas that nothing uses',
        advice: 'Boot a machine that hands nothing over with kho=off, or make its scratch areas smaller with kho_scratch=.',
    },
    LU1097: {
        severity: 'error',
        group: 'guests',
        title: 'guest memory without its VM',
        advice: 'Retrieve the descriptor of the VM too, before finish(), and keep it open as long as its memory is used.',
    },
    LU1098: {
        severity: 'hint',
        group: 'memory',
        title: 'holes filled by preserve',
        advice: 'Plan for the full size of every file that is preserved, or shrink it before the update.',
    },
    LU1099: {
        severity: 'error',
        group: 'memory',
        title: 'memory overwritten with a table of the interrupt controller',
        advice: 'Start the machine with UEFI, which keeps these tables reserved in all kernels that follow; or let every kernel of the chain use the message interrupts (no irqchip.gicv3_nolpi).',
    },
    LU1100: {
        severity: 'warning',
        group: 'interrupts',
        title: 'interrupt controller uses memory that is not reserved',
        advice: 'Start the machine with UEFI, which keeps the tables of the interrupt controller reserved in all kernels that follow.',
    },
    ...ORPHANS,
    ...CONFIDENTIAL_GUESTS,
    ...DEVICE_STATE,
    ...CONTAINERS,
    ...DEVICE_MEMORY,
    ...FORMATS,
    ...PEERS,
    ...CRASH,
    LU1145: {
        severity: 'error',
        group: 'handover',
        title: 'files frozen by a kexec that returns',
        advice: 'Close the sessions before a kexec that returns, or use a kernel that does not call LUO for it (7.2 and later). For a live update, load the kernel with kexec_file_load().',
    },
} as const satisfies Readonly<Record<string, Entry>>;

export type DiagnosisCode = keyof typeof CATALOGUE;

export function isDiagnosisCode(text: string): text is DiagnosisCode {
    return Object.hasOwn(CATALOGUE, text);
}
