/**
 * What an update does to virtual machines: guests that run into it, state and memory that do not come along, bytes that
 * are not the guest's.
 */
import type { Kernel } from '../kernel/kernel';
import type { Differing } from '../machine/guests';
import { duration } from '../text/durations';
import { hasRun, holdersOf, positionsOf, samePositions, type Guest, type Holder } from '../runtime/host/guests';
import type { HistoryLine } from '../findings/diagnosis';
import { ruleFile } from './rules';
import { counted, hex, listed, sizeText } from '../text/text';

const guestKey = (name: string): string => `guest ${name}`;

/** A guest at the moment when its kernel is about to go. */
interface AtEnd {
    readonly guest: Guest;
    readonly positions: readonly number[];
    /** vCPUs that still run. */
    readonly running: number;
    readonly memory: readonly Holder[];
}

export const guestRules = ruleFile(['LU1035', 'LU1036', 'LU1037', 'LU1038', 'LU1039'], ({ host, chronicle, say }) => {
    const { clock, history, owners, page } = host.machine;

    const historyOf = (name: string, pa = -1): HistoryLine[] => [
        ...chronicle.of(guestKey(name)),
        ...(pa < 0 ? [] : chronicle.ofAddress(pa)),
    ];

    /** Guests that are there, and those that were saved and whose VMM is gone already. */
    const goingOn = (kernel: Kernel): AtEnd[] =>
        host.guests.all.flatMap((guest): AtEnd[] => {
            const live = kernel.vms.items.find((v) => v.name === guest.name);
            if (live && !hasRun(live)) {
                return [];
            }
            if (live) {
                const running = live.vcpus.items.filter((v) => v.state === 'running').length;
                return [{ guest, positions: positionsOf(live), running, memory: holdersOf(live) }];
            }
            const { endOfVm, saved } = guest;
            return endOfVm?.boot === host.boot && saved?.boot === host.boot
                ? [{ guest, positions: endOfVm.positions, running: 0, memory: endOfVm.memory }]
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
        if (missing.length > 0) {
            tell('LU1038', {
                ...base,
                data: { guest: name, files: missing.map((m) => m.name) },
                message: `Memory of guest "${name}" is not handed over: ${listed(missing.map((m) => m.name))} ${missing.length === 1 ? 'is' : 'are'} in no session, so the next kernel takes ${missing.length === 1 ? 'its' : 'their'} pages for free.`,
            });
        } else if (running > 0) {
            tell('LU1036', {
                ...base,
                data: { guest: name, running, vcpus: positions.length, saved: known !== null },
                message: `Guest "${name}" is not paused: ${running} of ${counted(positions.length, 'vCPU')} run while the kernel goes down. ${
                    known
                        ? `Their state was saved ${duration(clock.now - known.time)} ago, and what they write from then on is in the memory that goes over.`
                        : 'Their state was never saved, while the memory that they write goes over.'
                }`,
            });
        } else if (positions.some((n) => n > 0) && (known === null || !kept.has(known.to.inode))) {
            tell('LU1037', {
                ...base,
                data: { guest: name, file: known?.to.name ?? null },
                message:
                    known === null
                        ? `The state of the vCPUs of guest "${name}" was not saved since it ran: its memory goes over, and nobody will know where its programs were.`
                        : `The saved state of the vCPUs of guest "${name}" is not handed over: ${known.to.name} is in no session.`,
            });
        } else if (known !== null && !samePositions(known.positions, positions)) {
            tell('LU1036', {
                ...base,
                data: { guest: name, running, vcpus: positions.length, saved: true },
                message: `Guest "${name}" has run after its state was saved, ${duration(clock.now - known.time)} ago: what it has written since then is in the memory that goes over, and not in the state.`,
            });
        }
    };

    /** Why memory is not as the guest left it, as far as can be seen. */
    const why = (guest: Guest, first: Differing): string => {
        const { endOfVm, loaded } = guest;
        if (endOfVm && loaded && !samePositions(endOfVm.positions, loaded)) {
            return 'The state that was loaded into its vCPUs is of another moment than its memory.';
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
                  : `memory of ${owners.name(host.kernel.memmap.ownerOf(Math.floor(was / page.size)))}`;
        if (first.pa < 0) {
            return `No page is there any more${now === '' ? '' : `: the one that the guest wrote, at ${hex(was)}, is ${now} now`}.`;
        }
        if (was >= 0 && Math.floor(was / page.size) !== Math.floor(first.pa / page.size)) {
            return `The guest wrote to the page at ${hex(was)}, which is ${now} now; the one that it finds there is another one, at ${hex(first.pa)}.`;
        }
        const restored = history
            .of(Math.floor(first.pa / page.size))
            .some((e) => e.kind === 'restored' && e.boot === host.machine.boots);
        return `It is the page at ${hex(first.pa)} that the guest wrote to${restored ? ', and it came over' : ''}: somebody else has written to it.`;
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
                message: `Guest "${name}" finds ${sizeText(first.bytes)} of its memory changed, first at its address ${hex(first.gpa)}: ${hex(first.found)} where it has left ${hex(first.expected)}. ${why(guest, first)}`,
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
                message: `Guest "${name}" begins anew: no state was loaded into its vCPUs, which were ${sizeText(endOfVm.positions.reduce((n, p) => n + p, 0) * page.size)} of writing along.`,
            });
            return;
        }
        if (!samePositions(endOfVm.positions, loaded)) {
            say('LU1037', {
                about: name,
                history: historyOf(name),
                data: { guest: name, file: null },
                message: `Guest "${name}" goes on from a state that is not its last one: its programs had written ${sizeText(endOfVm.positions.reduce((n, p) => n + p, 0) * page.size)}, and believe to have written ${sizeText(loaded.reduce((n, p) => n + p, 0) * page.size)}.`,
            });
        }
        const { first, bytes } = guest.whenResumed;
        if (first) {
            differs(name, { ...first, bytes });
        }
    };

    /** vCPUs that came out with a fault, and that no VMM has looked after since. */
    const forgotten = (kernel: Kernel, tell: typeof say): void => {
        for (const live of kernel.vms) {
            for (const v of live.vcpus) {
                if (v.state === 'faulted' && v.fault) {
                    const { gpa, why: reason } = v.fault;
                    tell('LU1039', {
                        about: `${live.name} ${v.index}`,
                        history: historyOf(live.name),
                        data: { guest: live.name, vcpu: v.index, gpa: hex(gpa), why: reason },
                        message: `vCPU ${v.index} of guest "${live.name}" has left it with a memory fault at ${hex(gpa)} (${reason}), and stands still since then.`,
                    });
                }
            }
        }
    };

    return {
        atEnd: forgotten,
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
            forgotten(kernel, tell);
            for (const at of goingOn(kernel)) {
                handedOver(kernel, at, tell);
            }
        },
    };
});
