/**
 * Confidential guests over a kexec: pages that must survive, memory whose state is handed over wrongly, ASIDs and
 * KeyIDs, conversions and identities.
 */
import type { Kernel } from '../kernel/kernel';
import { GuestMemfdInode } from '../kernel/kvm/guest-memfd';
import type { VirtualMachine } from '../kernel/kvm/vm';
import { JournaledMap } from '../machine/journal';
import type { PageUse } from '../machine/tee/entry';
import type { Tee, TeeEvent } from '../machine/tee/tee';
import { hex, listed } from '../text/text';
import { ruleFile } from './rules';
import { be, pagesText } from './wording';

const USE_TEXT: Readonly<Record<PageUse, string>> = {
    memory: 'guest memory',
    vcpu: 'the state of vCPUs',
    context: 'the context of the guest',
    table: 'tables of guest addresses',
};

export const confidentialRules = ruleFile(
    ['LU1108', 'LU1109', 'LU1110', 'LU1111', 'LU1112', 'LU1113', 'LU1114'],
    ({ host, chronicle, say }) => {
        const { machine } = host;
        const { page, tee } = machine;
        /** The boot in which a guest was last launched. */
        const launchedIn = new JournaledMap<string, number>(machine.journal);

        const guestOf = (slot: number): string => tee?.guests.get(slot)?.name ?? '';

        const launched = ({ guest, before }: TeeEvent & { kind: 'launched' }): void => {
            const earlier = launchedIn.get(guest.name);
            launchedIn.set(guest.name, host.boot);
            if (before > 0 && earlier !== undefined && earlier < host.boot) {
                say('LU1112', {
                    about: guest.name,
                    history: chronicle.of(`guest ${guest.name}`),
                    data: { guest: guest.name, identity: guest.identity, before },
                    message: `Guest "${guest.name}" is launched again, under another key: its reports now name launch ${guest.identity} instead of ${before}, so others do not take it for the same guest, and it cannot read its old memory.`,
                });
            }
        };

        const written = ({ pa, entry }: TeeEvent & { kind: 'written' }): void => {
            const name = entry ? guestOf(entry.slot) : '';
            const whose = entry
                ? `${USE_TEXT[entry.use]} of guest "${name}" (${tee?.slotName ?? ''} ${entry.slot})`
                : 'a part of the PAMT, which belongs to the TDX module';
            say('LU1113', {
                about: hex(pa),
                history: chronicle.ofPage(Math.floor(pa / page.size)),
                data: { guest: name, address: hex(pa), use: entry?.use ?? 'PAMT' },
                message: `The kernel writes the page at ${hex(pa)}, ${whose}. ${tee?.kind === 'snp' ? 'The hardware refuses it (RMP violation), and the kernel panics.' : 'The write takes place; the guest or the module gets a machine check when it uses the page.'}`,
            });
        };

        /** LU1108: pages that a kernel has as shared memory, and the hardware as memory of a guest. */
        const sharedPages = (kernel: Kernel, t: Tee, tell: typeof say): void => {
            for (const inode of memoryOf(kernel)) {
                let [pages, first] = [0, -1];
                for (let i = inode.cache.next(0, Infinity); i >= 0; i = inode.cache.next(i + 1, Infinity)) {
                    const pa = inode.cache.at(i) * page.size;
                    if (inode.isShared(i) && t.ownerOf(pa)) {
                        pages++;
                        first = first < 0 ? pa : first;
                    }
                }
                if (pages > 0) {
                    const { name } = inode.vm;
                    tell('LU1108', {
                        about: `${name} ${inode.ino}`,
                        history: chronicle.of(`guest ${name}`),
                        data: { guest: name, pages, address: hex(first) },
                        message: `${pagesText(page, pages)} of guest "${name}" ${be(pages)} private to the guest by the ${t.tableName}, but this kernel has them as shared memory, first the page at ${hex(first)}: the host reads ${t.kind === 'snp' ? 'ciphertext' : 'zeroes'}, and the guest stops with a memory fault.`,
                    });
                }
            }
        };

        const carried = (kernel: Kernel): Set<unknown> =>
            new Set([...kernel.luo.outgoing.sessions].flatMap((s) => s.files.items.map((f) => f.file)));

        /** LU1109 */
        const notPreserved = (kernel: Kernel, t: Tee, vm: VirtualMachine, tell: typeof say): void => {
            const kept = keptPages(kernel);
            const missing = [
                ...(vm.protection?.pages ?? []).map((p) => ({ pa: p.pa, what: USE_TEXT[p.use], pages: 1 })),
                ...t.pamt.flatMap((pa) => (pa > 0 ? [{ pa, what: 'the PAMT', pages: 1 }] : [])),
            ].filter(({ pa }) => !kept(Math.floor(pa / page.size)));
            const [first] = missing;
            if (first) {
                const what = [...new Set(missing.map((m) => m.what))];
                tell('LU1109', {
                    about: vm.name,
                    history: chronicle.ofPage(Math.floor(first.pa / page.size)),
                    data: { guest: vm.name, what, address: hex(first.pa), count: missing.length },
                    message: `Guest "${vm.name}" is handed over, but ${listed(what)} ${be(what.length)} not preserved, first at ${hex(first.pa)}: the next kernel reuses memory that it must not write.`,
                });
            }
        };

        const atEnd = (kernel: Kernel, tell: typeof say): void => {
            if (tee && tee.high > 0) {
                sharedPages(kernel, tee, tell);
            }
        };

        return {
            tee(event): void {
                switch (event.kind) {
                    case 'launched':
                        launched(event);
                        break;
                    case 'written':
                        if (host.kernel) {
                            atEnd(host.kernel, say);
                        }
                        written(event);
                        break;
                    case 'taken':
                        say('LU1110', {
                            about: event.name,
                            history: chronicle.of(`guest ${event.by.name}`),
                            data: { guest: event.name, slot: event.by.slot, by: event.by.name },
                            message: `This kernel gives ${tee?.slotName ?? ''} ${event.by.slot} to guest "${event.name}", but guest "${event.by.name}" has it since an earlier kernel: the launch fails.`,
                        });
                }
            },
            guestFaulted(): void {
                if (host.kernel) {
                    atEnd(host.kernel, say);
                }
            },
            atEnd,
            handingOver(kernel, tell): void {
                atEnd(kernel, tell);
                const files = carried(kernel);
                for (const vm of tee ? kernel.vms : []) {
                    const { protection, requests, name } = vm;
                    if (!tee || !protection) {
                        continue;
                    }
                    if (!files.has(vm.file)) {
                        if (kernel.tee?.carried === true || tee.kind === 'tdx') {
                            tell('LU1114', {
                                about: name,
                                history: chronicle.of(`guest ${name}`),
                                data: { guest: name, slot: protection.slot },
                                message: `Guest "${name}" is in no session, but the ${tee.kind === 'snp' ? 'firmware' : 'module'} keeps it: its ${protection.slotText} stays in use until the machine is reset, and its pages must not be written, which the next kernel does not know.`,
                            });
                        }
                        continue;
                    }
                    notPreserved(kernel, tee, vm, tell);
                    const [request] = requests;
                    if (request) {
                        tell('LU1111', {
                            about: name,
                            history: chronicle.of(`guest ${name}`),
                            data: { guest: name, gpa: hex(request.gpa), length: request.length },
                            message: `Guest "${name}" waits for the conversion of ${pagesText(page, request.length / page.size)} at guest address ${hex(request.gpa)} to ${request.isPrivate ? 'private' : 'shared'} memory: its memory was frozen before, and the request is not handed over.`,
                        });
                    }
                }
            },
        };
    },
);

/** The guest_memfds that processes have open, or that VMs use. */
function memoryOf(kernel: Kernel): Set<GuestMemfdInode> {
    const found = new Set<GuestMemfdInode>();
    const files = [
        ...kernel.vms.items.flatMap((vm) => vm.memoryFiles),
        ...kernel.processes.items.flatMap((p) => [...p.fds.entries()].map(([, file]) => file)),
    ];
    for (const { inode } of files) {
        if (inode instanceof GuestMemfdInode) {
            found.add(inode);
        }
    }
    return found;
}

/** Whether a page is preserved. */
function keptPages(kernel: Kernel): (pfn: number) => boolean {
    const runs = kernel.kho.outgoingRuns();
    return (pfn) => runs.some((r) => pfn >= r.pfn && pfn < r.pfn + r.blocks * 2 ** r.order);
}
