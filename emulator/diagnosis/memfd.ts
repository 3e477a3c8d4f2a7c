/**
 * What a memfd loses in a handover (mm/memfd_luo.c): seals, pages written too late, pages beyond a limit, and the state
 * of its descriptors.
 */
import { Err } from '../kernel/release/errno';
import { pagesOf } from '../kernel/fs/offset';
import {
    O_ACCMODE,
    O_NONBLOCK,
    O_RDWR,
    F_SEAL_EXEC,
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
} from '../kernel/fs/fcntl';
import type { OpenFile } from '../kernel/fs/file';
import { FolioList } from '../kernel/mm/file-folios';
import type { Kernel } from '../kernel/kernel';
import type { LuoArgs, LuoFile, LuoSession } from '../kernel/luo/state';
import { orderPages, PG_DIRTY, PG_UPTODATE } from '../kernel/mm/memmap';
import { baseOf, MEMFD_BY_WORDS } from '../kernel/release/formats';
import { ShmemInode } from '../kernel/fs/shmem';
import { JournaledList } from '../machine/journal';
import type { CallbackCall } from '../runtime/purpose';
import { fileData } from './chronicle';
import { ruleFile } from './rules';
import { be, pagesText } from './wording';
import { hex, listed as listedWords } from '../text/text';

/** The formats that hand seals over, with the offset of the u32 `seals` in their struct memfd_luo_ser. */
const SEALS_AT: ReadonlyMap<string, number> = new Map([
    ['memfd-v2', 16],
    [MEMFD_BY_WORDS, 144],
]);

function sealsAt(compatible: string): number | undefined {
    return SEALS_AT.get(baseOf(compatible));
}

/** The previous format, without seals. */
const WITHOUT_SEALS = 'memfd-v1';

/** Flags of a folio that the next kernel takes for written. */
const WRITTEN = PG_DIRTY | PG_UPTODATE;

const SEALS: readonly (readonly [number, string])[] = [
    [F_SEAL_SEAL, 'F_SEAL_SEAL'],
    [F_SEAL_SHRINK, 'F_SEAL_SHRINK'],
    [F_SEAL_GROW, 'F_SEAL_GROW'],
    [F_SEAL_WRITE, 'F_SEAL_WRITE'],
    [F_SEAL_FUTURE_WRITE, 'F_SEAL_FUTURE_WRITE'],
    [F_SEAL_EXEC, 'F_SEAL_EXEC'],
];

/** Adjacent folios that were not written, or clean, when preserve() recorded their flags. */
interface Early {
    readonly file: OpenFile;
    /** Page frames [start, end). */
    readonly start: number;
    readonly end: number;
    readonly flags: number;
}

export const memfdRules = ruleFile(['LU1020', 'LU1021', 'LU1071', 'LU1072', 'LU1073'], ({ host, chronicle, say }) => {
    const { journal, page } = host.machine;
    const early = new JournaledList<Early>(journal);

    const namesOf = (seals: number): string[] => SEALS.filter(([bit]) => (seals & bit) !== 0).map(([, seal]) => seal);

    /** Folios of a file that preserve() recorded; undefined if the handler keeps no list. */
    const listOf = (args: LuoArgs): FolioList | undefined => {
        const [folios] = args.privateData instanceof JournaledList ? args.privateData.items : [];
        return folios instanceof FolioList ? folios : undefined;
    };

    /** LU1072, and the records for LU1071. */
    const listed = (kernel: Kernel, call: CallbackCall, args: LuoArgs, file: OpenFile, inode: ShmemInode): void => {
        const folios = listOf(args);
        const wanted = pagesOf({ page }, inode.size);
        // later formats mark every page as written, so millions of pages need no record

        const tracked = args.handler.compatible === WITHOUT_SEALS;
        if (!folios || (!tracked && folios.length >= wanted)) {
            return;
        }
        let pages = 0;
        for (let i = 0; i < folios.length; i++) {
            const start = folios.pfn(i);
            const end = start + orderPages(kernel.memmap.orderOf(start));
            pages += end - start;
            const flags = kernel.memmap.flags(start) & WRITTEN;
            if (tracked && flags !== WRITTEN) {
                const last = early.at(-1);
                if (last?.file === file && last.end === start && last.flags === flags) {
                    early.set(early.length - 1, { ...last, end });
                } else {
                    early.push({ file, start, end, flags });
                }
            }
        }
        if (pages < wanted) {
            say('LU1072', {
                about: `${inode.ino}`,
                data: { memfd: inode.name, pages, size: Number(inode.size), ...fileData(host, call) },
                message: `Memfd "${inode.name}" has ${pagesText(page, wanted)}, but only ${pagesText(page, pages)} ${be(pages)} preserved: the rest will read as zeroes in the next kernel.`,
            });
        }
    };

    /** LU1071 */
    const writtenSince = (kernel: Kernel, session: LuoSession, f: LuoFile): void => {
        const inode = f.file?.inode;
        let first = -1;
        let pages = 0;
        let zeroes = 0;
        for (const { file, start, end, flags } of early) {
            for (let pfn = start; file === f.file && pfn < end; ) {
                const n = orderPages(kernel.memmap.orderOf(pfn));
                if ((kernel.memmap.flags(pfn) & WRITTEN & ~flags) !== 0) {
                    first = first < 0 ? pfn : first;
                    pages += n;
                    zeroes += (flags & PG_UPTODATE) === 0 ? n : 0;
                }
                pfn += n;
            }
        }
        if (pages > 0 && inode instanceof ShmemInode) {
            say('LU1071', {
                about: `${session.name} ${hex(f.token)}`,
                history: [...chronicle.ofFile(f), ...chronicle.ofPage(first)],
                data: {
                    session: session.name,
                    token: hex(f.token),
                    memfd: inode.name,
                    pages,
                    zeroes,
                    address: hex(first * page.size),
                },
                message: `${pagesText(page, pages)} of memfd "${inode.name}" ${pages === 1 ? 'was' : 'were'} written after token ${hex(f.token)} of session "${session.name}" was preserved, but ${be(pages)} handed over as ${zeroes > 0 ? 'never written: the next kernel will read zeroes' : `clean: the next kernel may drop ${pages === 1 ? 'it' : 'them'} when memory is short`}.`,
            });
        }
    };

    /** LU1073 */
    const lostByDescriptors = (kernel: Kernel, session: LuoSession, f: LuoFile): void => {
        const { file } = f;
        if (!(file?.inode instanceof ShmemInode)) {
            return;
        }
        const flags = [
            ...((file.flags & O_ACCMODE) === O_RDWR ? [] : [file.writable ? 'O_WRONLY' : 'O_RDONLY']),
            ...(file.append ? ['O_APPEND'] : []),
            ...((file.flags & O_NONBLOCK) !== 0 ? ['O_NONBLOCK'] : []),
        ];
        const others = new Set<OpenFile>();
        for (const process of kernel.processes) {
            for (const [, open] of process.fds.entries()) {
                if (
                    open !== file &&
                    open.inode === file.inode &&
                    (open.pos !== file.pos || open.flags !== file.flags)
                ) {
                    others.add(open);
                }
            }
        }
        const what = [
            ...(flags.length > 0 ? [`without ${listedWords(flags)}`] : []),
            ...(others.size > 0
                ? [`as one open file, although ${others.size + 1} with different positions or flags are open now`]
                : []),
        ];
        if (what.length > 0) {
            say('LU1073', {
                about: `${session.name} ${hex(f.token)}`,
                history: chronicle.ofFile(f),
                data: {
                    session: session.name,
                    token: hex(f.token),
                    memfd: file.inode.name,
                    flags,
                    others: others.size,
                },
                message: `Token ${hex(f.token)} of session "${session.name}" (memfd "${file.inode.name}") will be retrieved readable and writable, ${listedWords(what)}.`,
            });
        }
    };

    return {
        handingOver(kernel): void {
            for (const session of kernel.luo.outgoing.sessions) {
                for (const f of session.files) {
                    writtenSince(kernel, session, f);
                    lostByDescriptors(kernel, session, f);
                }
            }
        },
        phase(phase): void {
            if (phase === 'boot') {
                early.clear();
            }
        },
        callbackLeft(call, result): void {
            if (call.kind !== 'handler' || call.callback !== 'preserve' || result instanceof Err || !host.kernel) {
                return;
            }
            const { args } = call;
            const file = args?.file;
            const inode = file?.inode;
            if (args && file && inode instanceof ShmemInode) {
                listed(host.kernel, call, args, file, inode);
            }
            if (
                args?.handler.compatible === WITHOUT_SEALS &&
                inode instanceof ShmemInode &&
                (inode.seals & ~F_SEAL_SEAL) !== 0
            ) {
                const lost = namesOf(inode.seals);
                const { session, token } = fileData(host, call);
                say('LU1021', {
                    about: `${session ?? ''} ${token ?? ''}`,
                    data: { memfd: inode.name, session: session ?? null, token: token ?? null, seals: lost },
                    message: `Memfd "${inode.name}" loses ${listedWords(lost)} in the next kernel: ${WITHOUT_SEALS} hands no seals over.`,
                    advice: 'Add the seals again after retrieve_fd(), or use a kernel whose memfd handler hands them over (memfd-v2, Linux 7.1).',
                });
            }
            if (
                args &&
                sealsAt(args.handler.compatible) !== undefined &&
                inode instanceof ShmemInode &&
                (inode.seals & (F_SEAL_EXEC | F_SEAL_WRITE)) === F_SEAL_EXEC
            ) {
                say('LU1020', {
                    about: `${inode.ino}`,
                    message: `Memfd "${inode.name}" has F_SEAL_EXEC: the next kernel makes the file executable before it adds this seal, and on an executable file F_SEAL_EXEC adds the seals against writing, too.`,
                    data: { memfd: inode.name, token: fileData(host, call).token ?? null },
                });
            }
        },
        callReturned(work, result): void {
            if (work.kind !== 'add_seals' || result instanceof Err || !host.kernel) {
                return;
            }
            for (const session of host.kernel.luo.outgoing.sessions) {
                for (const file of session.files) {
                    const inode = file.file?.inode;
                    const ser = file.serializedData;
                    const at = sealsAt(file.handler.compatible);
                    if (
                        at === undefined ||
                        !(inode instanceof ShmemInode) ||
                        typeof ser !== 'number' ||
                        !host.machine.isRam(ser, page.size)
                    ) {
                        continue;
                    }
                    const late = inode.seals & ~host.machine.memory.readU32(ser + at);
                    if (late !== 0) {
                        const names = namesOf(late);
                        say('LU1021', {
                            about: `${session.name} ${hex(file.token)} ${late}`,
                            message: `Memfd "${inode.name}" will lose ${listedWords(names)} in the next kernel, added after the file was preserved (token ${hex(file.token)} of session "${session.name}").`,
                            history: chronicle.ofFile(file),
                            data: { memfd: inode.name, session: session.name, token: hex(file.token), seals: names },
                        });
                    }
                }
            }
        },
    };
});
