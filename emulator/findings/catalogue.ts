/** Every diagnosis there is. Codes are stable: scenarios, CI and documentation name them. */

/** `error`: data or the machine is lost. `warning`: a mistake that costs memory or safety. `hint`: worth a thought. */
export type Severity = 'error' | 'warning' | 'hint';

/** What findings are about, for those who want to be stopped by some of them only. */
export const GROUPS = {
    memory: 'Preserved memory: leaks, what was not preserved, what is restored twice.',
    handover: 'What one kernel hands to the next: formats, handlers, FLBs.',
    sessions: 'Sessions that are lost, forgotten or out of reach.',
    devices: 'DMA, IOMMU tables, devices that nobody knows.',
    interrupts: 'Interrupts that are lost, spurious or misrouted.',
    guests: 'Virtual machines: what their guests see of an update.',
} as const;

export type Group = keyof typeof GROUPS;

interface Entry {
    readonly severity: Severity;
    readonly group: Group;
    /** What it is, in a few words. */
    readonly title: string;
    /** What to do, where the rule knows nothing better. */
    readonly advice: string;
}

export const CATALOGUE = {
    LU1001: {
        severity: 'warning',
        group: 'memory',
        title: 'preserved memory that nobody claims',
        advice: 'Restore in retrieve() or finish() whatever preserve() has preserved; what is not restored is held until the next boot.',
    },
    LU1002: {
        severity: 'warning',
        group: 'sessions',
        title: 'incoming session never retrieved',
        advice: 'Retrieve the session and its files, or retrieve it and finish it to give its memory back.',
    },
    LU1003: {
        severity: 'error',
        group: 'sessions',
        title: 'incoming session lost at the next kexec',
        advice: 'Only sessions created in this kernel are handed on. Retrieve its files, finish it, and preserve them again in a new session.',
    },
    LU1004: {
        severity: 'warning',
        group: 'sessions',
        title: 'session that nobody can reach',
        advice: 'Retrieve what its handlers wait for and call finish() before the last descriptor of the session is closed.',
    },
    LU1005: {
        severity: 'hint',
        group: 'sessions',
        title: 'session held by one process only',
        advice: "Let a second process hold a descriptor of the session (systemd's file descriptor store, the agent): it lives as long as anybody does.",
    },
    LU1006: {
        severity: 'warning',
        group: 'handover',
        title: 'FLB reference count underflows',
        advice: 'Call get_incoming() and put_incoming() of the FLB while the kernel comes up: only that loads its count.',
    },
    LU1007: {
        severity: 'warning',
        group: 'handover',
        title: 'FLB reference never dropped',
        advice: 'For each get_incoming() call put_incoming(), for each get_outgoing() put_outgoing(), and one put_incoming() for each get_outgoing() that was outstanding at the kexec.',
    },
    LU1008: {
        severity: 'error',
        group: 'handover',
        title: 'empty block in a set that is handed over',
        advice: 'Close a session and create it again before the kexec: that gives the empty block back.',
    },
    LU1009: {
        severity: 'error',
        group: 'memory',
        title: 'preserved page restored twice',
        advice: 'Restore each block once, and keep what restore_folio() gave.',
    },
    LU1010: {
        severity: 'warning',
        group: 'memory',
        title: 'preserved page that its file never restored',
        advice: 'Restore it in retrieve(), and in finish() where the file was never retrieved.',
    },
    LU1011: {
        severity: 'error',
        group: 'memory',
        title: 'page read that was not preserved',
        advice: 'Preserve the page before the kexec, with its folio as a whole; what is not preserved belongs to the next kernel.',
    },
    LU1012: {
        severity: 'error',
        group: 'memory',
        title: 'pointer to a page that is not preserved',
        advice: 'Preserve what it points to, or do not hand the pointer over: the next kernel gives that page to somebody else.',
    },
    LU1013: {
        severity: 'error',
        group: 'memory',
        title: 'preserved memory in scratch',
        advice: "Preserve memory of the page allocator only, not of early boot or of CMA; a memfd's folios are moved out of scratch when they are pinned.",
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
        advice: 'Boot a kernel in which a handler uses an FLB with this compatible string: nobody else looks at its data.',
    },
    LU1016: {
        severity: 'error',
        group: 'handover',
        title: 'the kernels do not agree on the format',
        advice: 'There is no negotiation: update to a kernel with the same compatible strings, or without preserving anything.',
    },
    LU1017: {
        severity: 'warning',
        group: 'handover',
        title: 'callback that returns a positive value',
        advice: 'Return 0 for success and a negative error number else.',
    },
    LU1018: {
        severity: 'error',
        group: 'handover',
        title: 'image without handover while files are preserved',
        advice: 'Load the kernel with kexec_file_load() (kexec -s): kexec_load() hands nothing over.',
    },
    LU1019: {
        severity: 'error',
        group: 'sessions',
        title: 'reply that faults discards a session',
        advice: 'Pass RETRIEVE_SESSION memory that can be written; there is no second try.',
    },
    LU1020: {
        severity: 'warning',
        group: 'memory',
        title: 'memfd that comes back sealed against writing',
        advice: 'Make memory that is to be written again without MFD_NOEXEC_SEAL (and with vm.memfd_noexec=0).',
    },
    LU1021: {
        severity: 'warning',
        group: 'memory',
        title: 'seal that is not handed over',
        advice: 'Add seals before the file is preserved: preserve() takes a snapshot of them.',
    },
    LU1022: {
        severity: 'error',
        group: 'sessions',
        title: 'finish discards files that were never retrieved',
        advice: "Retrieve every file before finish(); a memfd's handler has no can_finish() that would object.",
    },
    LU1023: {
        severity: 'error',
        group: 'sessions',
        title: 'process ends with the only descriptor of a session to be handed over',
        advice: 'Let a second process hold a descriptor of the session: the last one to go unpreserves every file.',
    },
    LU1024: {
        severity: 'error',
        group: 'sessions',
        title: 'retrieved session closed before its files were retrieved',
        advice: 'Retrieve every file at once after the session, or keep a second descriptor of it elsewhere: the last close finishes it, for good.',
    },
    LU1025: {
        severity: 'error',
        group: 'handover',
        title: 'the next kernel does not take part in live update',
        advice: 'Boot the next kernel with kho=on liveupdate=on.',
    },
    LU1026: {
        severity: 'error',
        group: 'memory',
        title: 'memory preserved twice',
        advice: 'Preserve each block once: bits are not counted, so one unpreserve takes it away, and of two restores one fails.',
    },
    LU1027: {
        severity: 'error',
        group: 'devices',
        title: 'DMA to memory that was not given to the device',
        advice: 'Stop the device, or take its mapping away and have the IOMMU forget it, before the memory goes to somebody else.',
    },
    LU1028: {
        severity: 'error',
        group: 'devices',
        title: 'translation through a page that is no table any more',
        advice: "Keep every table that the hardware can reach, on all levels, until its entry is cleared and the IOMMU's caches are flushed.",
    },
    LU1029: {
        severity: 'error',
        group: 'devices',
        title: 'DMA while translation is off',
        advice: 'Have every device stop before translation is disabled: what it then sends goes to physical memory as it is.',
    },
    LU1030: {
        severity: 'error',
        group: 'devices',
        title: 'running device that the kernel does not know',
        advice: 'Stop or reset the device before the kexec: clearing the bus master bit is all that a kernel does for devices whose driver has no shutdown().',
    },
    LU1031: {
        severity: 'warning',
        group: 'sessions',
        title: 'reboot that waits for a system call',
        advice: 'Preserve everything before the reboot is asked for, and let the agent wait for the answers of all its VMMs.',
    },
    LU1032: {
        severity: 'warning',
        group: 'sessions',
        title: 'process that hangs until the jump',
        advice: 'Close sessions before the reboot or not at all, and have whoever may still use one stopped by then: no signal gets it out.',
    },
    LU1033: {
        severity: 'error',
        group: 'sessions',
        title: 'lock that is held at the return to user space',
        advice: 'Give the lock up on every way out of the callback: take it with guard(), or put unlock() into an undo block and at the end.',
    },
    LU1035: {
        severity: 'error',
        group: 'guests',
        title: 'guest memory that is not as the guest left it',
        advice: "Preserve all of the guest's memory, map it at the same addresses, and load the state that was saved after the last vCPU was paused. The history says what became of the page.",
    },
    LU1036: {
        severity: 'error',
        group: 'guests',
        title: 'guest that runs after its state was saved',
        advice: 'Pause every vCPU, then save their state, then reboot: the kernel does not check it, and guest memory is carried over as it is at the very end.',
    },
    LU1037: {
        severity: 'error',
        group: 'guests',
        title: 'guest without the state of its vCPUs',
        advice: "Save the state of the vCPUs into a memfd that is preserved in a session as the guest's memory is, and load it before they run again.",
    },
    LU1038: {
        severity: 'error',
        group: 'guests',
        title: 'guest memory that is not handed over',
        advice: "Preserve every file that is memory of the guest before the kexec: what is in no session is the next kernel's.",
    },
    LU1039: {
        severity: 'warning',
        group: 'guests',
        title: 'vCPU that stops with a memory fault',
        advice: 'Give the guest memory at this address, or have it populated before it is frozen: a frozen mapping takes no new pages.',
    },
    LU1040: {
        severity: 'error',
        group: 'devices',
        title: 'two owners of a device',
        advice: 'Bind vfio-pci to the device in the next kernel, too (driver_override, vfio-pci.ids=): the PCI core keeps no driver away from an incoming device.',
    },
    LU1041: {
        severity: 'error',
        group: 'devices',
        title: 'preserved device that is not there any more',
        advice: 'Close the session before the device is pulled out, and do not plug anything between preserve and finish.',
    },
    LU1042: {
        severity: 'error',
        group: 'devices',
        title: 'bus numbers that change under a running device',
        advice: 'Hand the devices over with the PCI core (layer `pci`), so that the next kernel keeps all bus numbers, or do without pci=assign-busses.',
    },
    LU1043: {
        severity: 'error',
        group: 'devices',
        title: 'preserved device that does not work any more',
        advice: 'Keep reset quirks, power management and drivers of the next kernel away from devices that came along, until their sessions are finished.',
    },
    LU1045: {
        severity: 'warning',
        group: 'devices',
        title: 'table that a running device needs is not preserved',
        advice: 'Preserve every page that the IOMMU reads for a device that keeps running: root table, context tables, and the page tables of its domain on all levels.',
    },
    LU1046: {
        severity: 'warning',
        group: 'devices',
        title: 'memory that a running device can write to is not preserved',
        advice: 'Preserve all memory that is mapped for a device that keeps running, in the same session, or unmap it before.',
    },
    LU1047: {
        severity: 'error',
        group: 'devices',
        title: 'translation that is cached under the id of a domain that is gone',
        advice: 'Flush what the IOMMU has cached under the id of a domain before the id is given out again.',
    },
    LU1048: {
        severity: 'error',
        group: 'devices',
        title: 'running device without a domain',
        advice: 'Attach the device to a domain, or stop it before it is detached. One that came over a kexec finds its entry by its bus number, which must stay.',
    },
    LU1049: {
        severity: 'error',
        group: 'devices',
        title: 'FLB finished under a live device',
        advice: 'Drop a reference of an FLB only where one was taken: it is finished with its last one, and devices may still go by it.',
    },
    LU1050: {
        severity: 'error',
        group: 'memory',
        title: 'folio that changes after it was preserved',
        advice: 'Pin the folios before they are preserved, as memfd_pin_folios() does: what is pinned is neither moved nor split. Freeze the mapping, so that nobody truncates it.',
    },
    LU1051: {
        severity: 'warning',
        group: 'memory',
        title: 'huge pages that no pool has back',
        advice: 'Have retrieve() and finish() restore every huge page and give it back to its pool: boot has taken that many less, so they are missing until the next boot.',
    },
    LU1052: {
        severity: 'error',
        group: 'sessions',
        title: 'file lost to a memory cgroup',
        advice: 'Retrieve in a process whose cgroup is as large as what it retrieves, and send the descriptor to whom it belongs: there is no second try.',
    },
    LU1055: {
        severity: 'error',
        group: 'interrupts',
        title: 'lost interrupt that a driver waits for',
        advice: 'Put one interrupt into the guest for each of its vectors after the update (`trigger_irq`): its drivers look at what is done, and go on.',
    },
    LU1056: {
        severity: 'hint',
        group: 'interrupts',
        title: 'interrupt at which a guest finds nothing',
        advice: 'Most drivers shrug it off. Where one does not, its interrupts have to be preserved instead of being put in blindly.',
    },
    LU1057: {
        severity: 'error',
        group: 'interrupts',
        title: 'interrupt that goes to nobody, or to somebody else',
        advice: "Turn the device's interrupts off before the kexec, or hand over its remapping entries with the vectors that they lead to.",
    },
    LU1058: {
        severity: 'warning',
        group: 'interrupts',
        title: 'interrupts of a device that goes on are not handed over',
        advice: "Turn the device's interrupts off before the kexec, or have a kernel that preserves them (`layers interrupts`).",
    },
    LU1059: {
        severity: 'error',
        group: 'interrupts',
        title: 'interrupt through a page that is something else by now',
        advice: 'Keep the tables of remapping entries and the posted-interrupt descriptors that the hardware can reach, until no entry leads to them.',
    },
    LU1060: {
        severity: 'error',
        group: 'handover',
        title: 'scratch memory without room for the next kernel',
        advice: 'Switch the machine on with a larger kho_scratch=: later kernels inherit the areas.',
    },
    LU1061: {
        severity: 'error',
        group: 'sessions',
        title: 'kernel that ends otherwise than by a kexec while files are preserved',
        advice: 'What is preserved exists in this kernel only until reboot(KEXEC): keep the time between as short as it can be, and what must survive a crash on disk or on another host.',
    },
    LU1062: {
        severity: 'warning',
        group: 'memory',
        title: 'restore that fails half way',
        advice: 'Hand over exactly what was preserved: every page of it, and its number. Do not try again: fail the retrieve for good.',
    },
    LU1063: {
        severity: 'error',
        group: 'handover',
        title: 'handover that a kernel is known to get wrong',
        advice: 'Update from and to kernels in which it is fixed; the page of known bugs says which.',
    },
    LU1064: {
        severity: 'warning',
        group: 'memory',
        title: 'file of debugfs that shows memory of somebody else',
        advice: 'Read what was handed over from a memory image, or in the old kernel under out/: in the new one LUO has given its page back before the file is there.',
    },
    LU1065: {
        severity: 'error',
        group: 'handover',
        title: 'kexec without live update, though somebody wanted it',
        advice: 'Boot every kernel of the host with kho=on liveupdate=on, and do not reboot where /dev/liveupdate cannot be opened.',
    },
    LU1066: {
        severity: 'warning',
        group: 'sessions',
        title: 'finished session that is still open',
        advice: 'Close the descriptor of a session after finish(): the session goes with the last one.',
    },
    LU1067: {
        severity: 'error',
        group: 'handover',
        title: 'handover that nobody has finalized',
        advice: 'Up to 6.18 write 1 to /sys/kernel/debug/kho/out/finalize before the reboot; in 6.19 and 7.0 LUO does it, where it is on. From 7.1 on there is nothing to finalize.',
    },
    LU1068: {
        severity: 'warning',
        group: 'memory',
        title: 'reserved memory that could not be revived',
        advice: 'Give every kernel of the host the same reserve_mem= parameter: size, alignment and name.',
    },
    LU1069: {
        severity: 'error',
        group: 'handover',
        title: 'module unloaded that preserved files need',
        advice: 'Keep the module loaded until the sessions are closed or the kexec is done; use a kernel that counts its users.',
    },
    LU1070: {
        severity: 'error',
        group: 'handover',
        title: 'state changed after the freeze',
        advice: 'Stop whoever uses a file before the reboot: what is done to it behind its freeze() goes along only where it is memory.',
    },
    LU1071: {
        severity: 'error',
        group: 'memory',
        title: 'page written after its flags were taken',
        advice: 'Write nothing between preserve and kexec to pages that were not written before, or use a kernel that marks every page as written when it preserves it (7.0 and later).',
    },
    LU1072: {
        severity: 'error',
        group: 'memory',
        title: 'file that is preserved in part only',
        advice: 'Keep the memory in several files, each of less than 16 TiB.',
    },
    LU1073: {
        severity: 'warning',
        group: 'handover',
        title: 'what an open file loses on the way',
        advice: 'Set the flags of the descriptor again after retrieve_fd(), and rely on no position but that of the descriptor which was preserved.',
    },
    LU1074: {
        severity: 'warning',
        group: 'sessions',
        title: 'file preserved although the call failed',
        advice: 'Pass PRESERVE_FD memory that can be written. After EFAULT take the file for preserved: it is taken out again only with its whole session.',
    },
    LU1075: {
        severity: 'error',
        group: 'handover',
        title: 'file that stays frozen in a kernel that goes on',
        advice: 'Close the session, which unpreserves its files, and preserve them anew; or use a kernel that has nothing left to do behind the last freeze (7.1 and later).',
    },
    LU1076: {
        severity: 'error',
        group: 'handover',
        title: 'sessions that cannot be read',
        advice: 'Nothing can be got back. Look for what has written to the blocks after the freeze, or has laid them out in a way that the next kernel does not take.',
    },
    LU1077: {
        severity: 'error',
        group: 'sessions',
        title: 'session lost to a forgotten error',
        advice: 'Take the first EIO of /dev/liveupdate for the last word and reboot: what opens afterwards is a part of what was handed over.',
    },
    LU1078: {
        severity: 'warning',
        group: 'handover',
        title: 'FLB that exists twice',
        advice: 'Finish every session that came from the previous kernel before the first file is preserved for the next update.',
    },
    LU1079: {
        severity: 'hint',
        group: 'sessions',
        title: 'file that is not handed on',
        advice: 'After finish() preserve the file again in a session of this kernel, before the reboot. If it is not needed any more, close it.',
    },
    LU1080: {
        severity: 'error',
        group: 'devices',
        title: 'translation that the next kernel cannot restore',
        advice: 'Find out why the FLB or what it points to cannot be read: a kernel of another version, memory that was not preserved, an IOMMU that is not there. Until the machine is reset the devices go on.',
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
} as const satisfies Readonly<Record<string, Entry>>;

export type DiagnosisCode = keyof typeof CATALOGUE;

export function isDiagnosisCode(text: string): text is DiagnosisCode {
    return Object.hasOwn(CATALOGUE, text);
}
