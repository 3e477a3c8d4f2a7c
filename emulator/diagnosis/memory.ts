/** Preserved memory in the next kernel: leaked, restored twice, or used although it was not preserved. */
import type { Kernel } from '../kernel/kernel';
import { JournaledList } from '../machine/journal';
import type { Int } from '../machine/int';
import type { HistoryLine } from '../findings/diagnosis';
import { callbackAtWork, subjectSaid } from '../runtime/at-work';
import type { CallbackCall } from '../runtime/purpose';
import { fileData, fileKey, type Preserving } from './chronicle';
import { ruleFile } from './rules';
import { hasUnread } from './unread-sessions';
import { be, pagesText, some } from './wording';
import { hex } from '../text/text';

/** Callbacks that work on data of the previous kernel. */
const INCOMING: readonly string[] = ['retrieve', 'can_finish', 'finish'];

/** The effect in kernels that do not mark preserved pages. */
const SECOND_OWNER = 'this kernel gives it to a second owner';

/** Owners of pages that no callback uses. */
const FOREIGN = /^(page cache|memfd|tmpfs|kexec image|KHO radix tree)/;

/** Number of runs of unclaimed blocks that are examined at most; a leak has few. */
const RUNS_LIMIT = 4096;

interface Finished {
    readonly session: string;
    readonly token: string;
}

/** Pages [start, end) that were reported. */
interface Span {
    readonly start: number;
    readonly end: number;
}

export const memoryRules = ruleFile(['LU1001', 'LU1009', 'LU1010', 'LU1011', 'LU1062'], (scene) => {
    const { host, chronicle, say } = scene;
    const { journal, history, owners, page } = host.machine;
    /** Files whose finish() has run in the current system call. */
    const finished = new JournaledList<Finished>(journal);
    /** Leaks that were reported as those of a file. */
    const told = new JournaledList<Span>(journal);

    /** LU1010: memory that preserve() of a file preserved and that is not restored after its finish(). */
    const leftBehind = (kernel: Kernel, file: Finished): void => {
        const mine = chronicle.preserverOf(file.session, file.token);
        if (!mine) {
            return;
        }
        const { pages, first } = stillMarked(kernel, mine);
        if (pages > 0) {
            say('LU1010', {
                about: fileKey(file.session, file.token),
                message: `${pagesText(page, pages)} that ${mine.callback} preserved for token ${file.token} of session "${file.session}" ${pages === 1 ? 'was' : 'were'} not restored although the file is finished, the first at ${hex(first * page.size)}.`,
                history: chronicle.ofPage(first),
                data: {
                    session: file.session,
                    token: file.token,
                    callback: mine.callback,
                    pages,
                    address: hex(first * page.size),
                    owner: owners.name(kernel.memmap.ownerOf(first)),
                },
            });
        }
    };

    const stillMarked = (kernel: Kernel, by: Preserving): { pages: number; first: number } => {
        let pages = 0;
        let first = 0;
        // a page that was preserved twice is in the history twice
        const counted = new Set<number>();
        for (let i = firstEntry(by); i < history.length; i++) {
            const e = history.at(i);
            if (e.kernel - 1 !== by.boot || e.firstStep > by.last) {
                break;
            }
            if (e.kind !== 'preserved' || e.lastStep > by.last || e.thread !== by.thread) {
                continue;
            }
            for (let pfn = e.pfn; pfn < e.pfn + e.count; ) {
                const order = kernel.memmap.khoOrder(pfn);
                const n = order < 0 ? 1 : 2 ** order;
                if (order >= 0 && !counted.has(pfn)) {
                    counted.add(pfn);
                    first ||= pfn;
                    pages += n;
                    told.push({ start: pfn, end: pfn + n });
                }
                pfn += n;
            }
        }
        return { pages, first };
    };

    /**
     * The index of the first entry of the history of pages that began during this callback or later: entries are in the
     * order of their first steps.
     */
    const firstEntry = (by: Preserving): number => {
        let low = 0;
        let high = history.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            const e = history.at(middle);
            if (e.kernel - 1 < by.boot || (e.kernel - 1 === by.boot && e.firstStep < by.first)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    };

    /** LU1001: memory is unclaimed, and no session is left that could claim it. */
    const leaked = (kernel: Kernel, sink: typeof say): void => {
        const { kho, luo } = kernel;
        if (!kho.isKhoBoot || kho.unclaimed <= 0 || !luo.enabled || (luo.deserialized !== 0 && hasUnread(kernel))) {
            return;
        }
        if ((luo.deserialized ?? 0) < 0 || luo.incoming.sessions.items.some((s) => s.files.length > 0)) {
            return;
        }
        const known = (pfn: number): boolean => told.items.some((t) => pfn >= t.start && pfn < t.end);
        const runs = kho
            .unclaimedRuns()
            .slice(0, RUNS_LIMIT)
            .filter((r) => !known(r.pfn));
        const [worst] = runs;
        if (!worst) {
            return;
        }
        const pages = runs.reduce((sum, r) => sum + r.blocks * 2 ** r.order, 0);
        const preservers = new Set<string>();
        const kernelCode = (owner: number): string => (owner === 0 ? 'kernel code' : owners.name(owner));
        for (const r of runs) {
            const event = history.of(r.pfn).findLast((e) => e.kind === 'preserved');
            const by = event && chronicle.preservingAt(event);
            preservers.add(by?.callback ?? (event ? kernelCode(event.owner) : r.owner));
        }
        sink('LU1001', {
            about: 'leak',
            message: `Every incoming session is finished, but ${pagesText(page, pages)} of the previous kernel ${be(pages)} still preserved (by ${some([...preservers])}), and no session is left that could claim ${pages === 1 ? 'it' : 'them'}.`,
            history: chronicle.ofPage(worst.pfn),
            data: { pages, preservedBy: [...preservers], address: hex(worst.pfn * page.size) },
        });
    };

    const notRestored = (address: Int, given = false): void => {
        const pfn = typeof address === 'number' ? Math.floor(address / page.size) : -1;
        const events = history.of(pfn).filter((e) => e.kernel - 1 === host.boot);
        const inherited = events.some((e) => e.kind === 'inherited');
        // one page of a callback is enough
        const call = callbackAtWork(host);
        const file = fileData(host);
        const data = { address: hex(address), callback: call?.name ?? null, ...file };
        const base = {
            about:
                call === null ? hex(address) : `${call.name} ${call.callback === 'retrieve' ? (file.token ?? '') : ''}`,
            history: pfn < 0 ? [] : chronicle.ofPage(pfn),
            data,
        };
        if (inherited && events.some((e) => e.kind === 'restored')) {
            say('LU1009', {
                ...base,
                message: `The page at ${hex(address)} is restored a second time: it is now ${stateText(pfn)}, and ${given ? SECOND_OWNER : 'the kernel refuses'}.`,
            });
        } else if (
            inherited &&
            history.of(pfn).some((e) => e.kernel === host.boot && e.kind === 'preserved' && e.pfn === pfn)
        ) {
            say('LU1011', {
                ...base,
                message: `The block at ${hex(address)} was preserved, but this kernel has lost its mark: the block cannot be restored.`,
                advice: 'The mark was lost while this kernel booted. Look for a finding about this memory before the kexec.',
            });
        } else if (inherited) {
            say('LU1011', {
                ...base,
                message: `No preserved block begins at ${hex(address)}: the page lies inside a larger block.`,
                advice: 'Hand over the address of the first page of the folio, and restore the whole folio.',
            });
        } else {
            say('LU1011', {
                ...base,
                message: `The page at ${hex(address)} is to be restored, but the previous kernel did not preserve it: ${pfn >= 0 && host.machine.isRam(pfn * page.size) ? `it is now ${stateText(pfn)}` : 'there is no memory at this address'}${given ? `, and ${SECOND_OWNER}` : ''}.`,
            });
        }
    };

    /** LU1062 */
    const halfRestored = (address: Int, pages: number): void => {
        const callback = callbackAtWork(host)?.name ?? null;
        say('LU1062', {
            about: hex(address),
            history: typeof address === 'number' ? chronicle.ofAddress(address) : [],
            data: { address: hex(address), pages, callback },
            message: `Restoring the memory from ${hex(address)} on failed half way: ${pagesText(page, pages)} ${be(pages)} restored but ${pages === 1 ? 'has' : 'have'} no owner, and a second attempt fails because ${pages === 1 ? 'its mark is' : 'their marks are'} gone.`,
        });
    };

    const ofFile = ({ session, token }: ReturnType<typeof fileData>): readonly HistoryLine[] =>
        session === undefined ? [] : chronicle.of(fileKey(session, token ?? ''));

    const stateText = (pfn: number): string => {
        const { memmap } = host.running;
        const state = memmap.stateOf(pfn);
        return state === 'free' ? 'free memory' : `memory${owners.of(memmap.ownerOf(pfn))}`;
    };

    return {
        callbackLeft(call): void {
            const said = call.kind === 'handler' && call.callback === 'finish' && call.args ? subjectSaid(host) : null;
            if (said && said.token !== null) {
                finished.push({ session: said.session.name, token: hex(said.token) });
            }
        },
        callReturned(): void {
            if (finished.length > 0) {
                const files = [...finished];
                finished.clear();
                if (host.kernel && host.kernel.kho.unclaimed > 0) {
                    for (const f of files) {
                        leftBehind(host.kernel, f);
                    }
                }
            }
        },
        notRestored,
        halfRestored,
        viewed(layout, pa): void {
            const call = callbackAtWork(host);
            if (!call || !host.kernel || !isIncoming(call)) {
                return;
            }
            const pfn = Math.floor(pa / page.size);
            const state = host.kernel.memmap.stateOf(pfn);
            if (state === 'preserved' || (state === 'allocated' && !isForeign(pfn))) {
                return;
            }
            const restored = history.of(pfn).some((e) => e.kernel - 1 === host.boot && e.kind === 'restored');
            const file = fileData(host);
            say('LU1011', {
                about: `read ${hex(pa)}`,
                message: `${call.name} reads a ${layout.name} at ${hex(pa)}, which ${restored ? 'was restored and freed before' : 'the previous kernel did not preserve'}: the page is now ${stateText(pfn)}.`,
                history: history.of(pfn).some((e) => e.kind === 'preserved')
                    ? chronicle.ofPage(pfn)
                    : [...ofFile(file), ...chronicle.damage(), ...chronicle.ofPage(pfn)],
                data: { address: hex(pa), struct: layout.name, callback: call.name, ...file },
                ...(restored
                    ? {
                          advice: 'Use preserved memory up only once: if a callback can run again, let it detect that it has already done so.',
                      }
                    : {}),
            });
        },
        /** LU1011: a handle leads to no memory and the kernel panics, while the callback is still on the stack. */
        kernelFault(target, struct): void {
            const call = callbackAtWork(host);
            if (call && isIncoming(call)) {
                const address = hex(target);
                const file = fileData(host);
                say('LU1011', {
                    about: `read ${address}`,
                    data: { address, struct, callback: call.name, ...file },
                    history: [...ofFile(file), ...chronicle.damage()],
                    message: `${call.name} reads a ${struct} at ${address}, where there is no memory: its handle is not the one that was handed over.`,
                    advice: 'Validate incoming data before you use it: check a magic number in front of the data, and check that addresses lie in preserved memory.',
                });
            }
        },
        handingOver: (kernel) => leaked(kernel, say),
        atEnd: leaked,
    };

    /**
     * The page was allocated in this boot by an owner that has no part in a handover. Other pages that kernel code has
     * allocated in this boot may be those that the callback itself works on.
     */
    function isForeign(pfn: number): boolean {
        const last = history
            .of(pfn)
            .findLast((e) => e.kernel - 1 === host.boot && (e.kind === 'allocated' || e.kind === 'restored'));
        return last?.kind === 'allocated' && FOREIGN.test(owners.name(last.owner));
    }
});

function isIncoming({ kind, callback }: CallbackCall): boolean {
    return (kind === 'handler' || kind === 'flb') && INCOMING.includes(callback);
}
