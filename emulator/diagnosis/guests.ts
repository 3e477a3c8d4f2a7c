/**
 * Effects of an update on virtual machines: guests that still run, vCPU state and memory that are not handed over, and
 * guest memory that changes.
 */
import type { Kernel } from '../kernel/kernel';
import { GuestMemfdInode } from '../kernel/kvm/guest-memfd';
import type { Differing } from '../machine/guests';
import { duration } from '../text/durations';
import { hasRun, holdersOf, positionsOf, samePositions, type Guest, type Holder } from '../runtime/host/guests';
import type { HistoryLine } from '../findings/diagnosis';
import { ruleFile } from './rules';
import { be } from './wording';
import { counted, hex, listed, sizeText } from '../text/text';

const guestKey = (name: string): string => `guest ${name}`;

/** A guest when its kernel is about to end. */
interface AtEnd {
    readonly guest: Guest;
    readonly positions: readonly number[];
    /** vCPUs that still run. */
    readonly running: number;
    /** Sessions have all its vCPUs. */
    readonly carried: boolean;
    /** Some of them go on; what they use is not checked here. */
    readonly orphaned: boolean;
    readonly memory: readonly Holder[];
}

export const guestRules = ruleFile(
    ['LU1035', 'LU1036', 'LU1037', 'LU1038', 'LU1039', 'LU1097'],
    ({ host, chronicle, say }) => {
        const { clock, history, owners, page } = host.machine;

        const historyOf = (name: string, pa = -1): HistoryLine[] => [
            ...chronicle.of(guestKey(name)),
            ...(pa < 0 ? [] : chronicle.ofAddress(pa)),
        ];

        /** Guests that have a VM, and guests that were saved and whose VM was closed in this kernel. */
        const carriedOver = (kernel: Kernel): AtEnd[] =>
            host.guests.all.flatMap((guest): AtEnd[] => {
                const live = kernel.vms.items.find((v) => v.name === guest.name);
                if (live && !hasRun(live)) {
                    return [];
                }
                if (live) {
                    const running = live.vcpus.items.filter((v) => v.state === 'running').length;
                    const carried = live.vcpus.items.every((v) => v.preserved);
                    const orphaned = guest.orphans.length > 0;
                    return [
                        { guest, positions: positionsOf(live), running, carried, orphaned, memory: holdersOf(live) },
                    ];
                }
                const { endOfVm, saved } = guest;
                return endOfVm?.boot === host.boot && saved?.boot === host.boot
                    ? [
                          {
                              guest,
                              positions: endOfVm.positions,
                              running: 0,
                              carried: false,
                              orphaned: false,
                              memory: endOfVm.memory,
                          },
                      ]
                    : [];
            });

        const preserved = (kernel: Kernel): Set<number> =>
            new Set(
                [...kernel.luo.outgoing.sessions].flatMap((s) =>
                    s.files.items.flatMap((f) => (f.file ? [f.file.inode.ino] : [])),
                ),
            );

        const handedOver = (kernel: Kernel, at: AtEnd, tell: typeof say): void => {
            const { guest, positions, running } = at;
            const { name, saved } = guest;
            const kept = kernel.kexecImage?.kho ? preserved(kernel) : new Set<number>();
            const missing = at.memory.filter((m) => !kept.has(m.inode));
            const known = saved?.boot === host.boot ? saved : null;
            const base = { about: name, history: historyOf(name) };
            if (missing.length > 0 && !at.orphaned) {
                tell('LU1038', {
                    ...base,
                    data: { guest: name, files: missing.map((m) => m.name) },
                    message: `Memory of guest "${name}" is not handed over: ${listed(missing.map((m) => m.name))} ${be(missing.length)} in no session, so the next kernel reuses ${missing.length === 1 ? 'its' : 'their'} pages.`,
                });
            } else if (at.carried) {
                return;
            } else if (running > 0) {
                tell('LU1036', {
                    ...base,
                    data: { guest: name, running, vcpus: positions.length, saved: known !== null },
                    message: `Guest "${name}" is not paused: ${running} of ${counted(positions.length, 'vCPU')} ${running === 1 ? 'runs' : 'run'} while the kernel shuts down. ${
                        known
                            ? `The vCPU state was saved ${duration(clock.now - known.time)} ago, but the memory that is handed over contains all later writes.`
                            : 'The vCPU state was never saved, but the memory with all writes is handed over.'
                    }`,
                });
            } else if (positions.some((n) => n > 0) && (known === null || !kept.has(known.to.inode))) {
                tell('LU1037', {
                    ...base,
                    data: { guest: name, file: known?.to.name ?? null },
                    message:
                        known === null
                            ? `The vCPU state of guest "${name}" was not saved after the guest last ran: its memory is handed over, but not the point that its programs had reached.`
                            : `The saved vCPU state of guest "${name}" is not handed over: ${known.to.name} is in no session.`,
                });
            } else if (known !== null && !samePositions(known.positions, positions)) {
                tell('LU1036', {
                    ...base,
                    data: { guest: name, running, vcpus: positions.length, saved: true },
                    message: `Guest "${name}" ran after its state was saved ${duration(clock.now - known.time)} ago: its later writes are in the memory that is handed over, but not in the saved state.`,
                });
            }
        };

        /** Why memory differs from what the guest wrote, as far as can be told. */
        const why = (guest: Guest, first: Differing): string => {
            const { endOfVm, loaded } = guest;
            if (endOfVm && loaded && !samePositions(endOfVm.positions, loaded)) {
                return 'The state that was loaded into its vCPUs and its memory are from different moments.';
            }
            const before =
                endOfVm?.boot === host.boot - 1
                    ? endOfVm.pieces.find((p) => first.gpa >= p.gpa && first.gpa < p.gpa + p.length)
                    : undefined;
            const was = before && before.pa >= 0 ? before.pa + first.gpa - before.gpa : -1;
            const now =
                was < 0 || !host.kernel
                    ? ''
                    : host.kernel.memmap.stateOf(Math.floor(was / page.size)) === 'free'
                      ? 'free memory'
                      : `memory${owners.of(host.kernel.memmap.ownerOf(Math.floor(was / page.size)))}`;
            if (first.pa < 0) {
                return `There is no page at this address any more${now === '' ? '' : `: the page that the guest wrote to, at ${hex(was)}, is now ${now}`}.`;
            }
            if (was >= 0 && Math.floor(was / page.size) !== Math.floor(first.pa / page.size)) {
                return `The guest wrote to the page at ${hex(was)}${now === '' ? '' : `, which is now ${now}`}; it now has another page at this address, at ${hex(first.pa)}.`;
            }
            const restored = history
                .of(Math.floor(first.pa / page.size))
                .some((e) => e.kind === 'restored' && e.kernel === host.machine.boots);
            return `The page at ${hex(first.pa)} is the one that the guest wrote to${restored ? ', and was handed over' : ''}: its contents were overwritten.`;
        };

        const differs = (name: string, first: Differing): void => {
            const guest = host.guests.of(name);
            if (guest) {
                say('LU1035', {
                    about: name,
                    history: historyOf(name, first.pa),
                    data: {
                        guest: name,
                        gpa: hex(first.gpa),
                        address: first.pa < 0 ? null : hex(first.pa),
                        expected: first.expected,
                        found: first.found,
                        bytes: first.bytes,
                    },
                    message: `Guest "${name}" finds ${sizeText(first.bytes)} of its memory changed, first at guest address ${hex(first.gpa)}: ${hex(first.found)} instead of ${hex(first.expected)}. ${why(guest, first)}`,
                });
            }
        };

        const resumed = (guest: Guest): void => {
            const { name, endOfVm, loaded } = guest;
            const { live } = guest;
            if (!live || !endOfVm || endOfVm.boot >= host.boot || live.vcpus.items.some((v) => v.state !== 'running')) {
                return;
            }
            if (loaded === null) {
                say('LU1037', {
                    about: name,
                    history: historyOf(name),
                    data: { guest: name, file: null },
                    message: `Guest "${name}" starts over: no state was loaded into its vCPUs, whose programs had written ${sizeText(endOfVm.positions.reduce((n, p) => n + p, 0) * page.size)} before the update.`,
                });
                return;
            }
            if (!samePositions(endOfVm.positions, loaded)) {
                say('LU1037', {
                    about: name,
                    history: historyOf(name),
                    data: { guest: name, file: null },
                    message: `Guest "${name}" resumes from a state that is not its last one: its programs had written ${sizeText(endOfVm.positions.reduce((n, p) => n + p, 0) * page.size)}, but the loaded state is from when they had written ${sizeText(loaded.reduce((n, p) => n + p, 0) * page.size)}.`,
                });
            }
            const { first, bytes } = guest.whenResumed;
            if (first) {
                differs(name, { ...first, bytes });
            }
        };

        /** LU1039: vCPUs that exited with a memory fault that no VMM has handled. */
        const unhandledFaults = (kernel: Kernel, tell: typeof say): void => {
            for (const live of kernel.vms) {
                for (const v of live.vcpus) {
                    if (v.state === 'faulted' && v.fault) {
                        const { gpa, why: reason } = v.fault;
                        tell('LU1039', {
                            about: `${live.name} ${v.index}`,
                            history: historyOf(live.name),
                            data: { guest: live.name, vcpu: v.index, gpa: hex(gpa), why: reason },
                            message: `vCPU ${v.index} of guest "${live.name}" stopped with a memory fault at guest address ${hex(gpa)} (${reason}) and has not run since.`,
                        });
                    }
                }
            }
        };

        /** LU1097: memory that a process retrieved and still has, whose VM it did not retrieve. */
        const withoutVm = (kernel: Kernel, tell: typeof say): void => {
            const seen = new Set<GuestMemfdInode>();
            for (const process of kernel.processes) {
                for (const [fd, { inode }] of process.fds.entries()) {
                    if (!(inode instanceof GuestMemfdInode) || !inode.vm.gone || seen.has(inode)) {
                        continue;
                    }
                    seen.add(inode);
                    const { name } = inode.vm;
                    tell('LU1097', {
                        about: `${name} ${inode.ino}`,
                        history: historyOf(name),
                        data: { guest: name, process: process.name, fd, size: Number(inode.size) },
                        message: `Descriptor ${fd} of ${process.name} is ${sizeText(Number(inode.size))} of memory of guest "${name}", whose VM no longer exists: a guest_memfd can be used only by the VM that it belongs to.`,
                    });
                }
            }
        };

        const atEnd = (kernel: Kernel, tell: typeof say): void => {
            unhandledFaults(kernel, tell);
            withoutVm(kernel, tell);
        };

        return {
            atEnd,
            guestCreated: (name) => chronicle.note(guestKey(name), 'created'),
            guestSaved: (name) =>
                chronicle.note(guestKey(name), `state saved to ${host.guests.of(name)?.saved?.to.name ?? 'a file'}`),
            guestLoaded: (name) => chronicle.note(guestKey(name), 'state loaded'),
            guestDiffers: differs,
            guestFaulted: (name, index, gpa, reason) =>
                chronicle.note(guestKey(name), `vCPU ${index} faults at ${hex(gpa)}: ${reason}`),
            vcpu(name, index, state): void {
                const guest = host.guests.of(name);
                if (!guest) {
                    return;
                }
                if (index === (guest.live?.vcpus.length ?? guest.vcpus) - 1 && state !== 'gone') {
                    chronicle.note(guestKey(name), state === 'running' ? 'runs' : state);
                }
                if (state === 'running') {
                    resumed(guest);
                }
            },
            handingOver(kernel, tell): void {
                atEnd(kernel, tell);
                for (const at of carriedOver(kernel)) {
                    handedOver(kernel, at, tell);
                }
            },
        };
    },
);
