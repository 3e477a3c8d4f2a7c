/** Mounts of tmpfs in sessions: files that are left behind, and mounts that are lost in the next kernel. */
import type { OpenFile } from '../kernel/fs/file';
import type { Mount } from '../kernel/fs/mounts';
import { pagesOf } from '../kernel/fs/offset';
import { ShmemInode } from '../kernel/fs/shmem';
import { filesOf, mountRefOf } from '../kernel/fs/tmpfs';
import type { LuoFile } from '../kernel/luo/state';
import { Err } from '../kernel/release/errno';
import { JournaledMap } from '../machine/journal';
import { capital, counted, hex, sizeText } from '../text/text';
import { quoted } from '../text/utf8';
import { ruleFile } from './rules';
import { be } from './wording';

/** How many names a message has. */
const NAMES = 3;

function names(files: readonly ShmemInode[]): string {
    const shown = files.slice(0, NAMES).map((f) => quoted(f.dentry?.path ?? ''));
    const more = files.length - shown.length;
    return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const nameOf = ({ session, token }: LuoFile): string => `token ${hex(token)} of session ${quoted(session.name)}`;

/** The mount whose root directory a file is. */
function mountBy(file: OpenFile | null): Mount | undefined {
    const mount = file ? mountRefOf(file)?.mount : undefined;
    return mount && file?.inode === mount.root ? mount : undefined;
}

export const tmpfsRules = ruleFile(['LU1123', 'LU1124'], ({ host, chronicle, say }) => {
    /** Mounts that were retrieved, by the files of their sessions. */
    const retrieved = new JournaledMap<Mount, LuoFile>(host.machine.journal);

    /** LU1124: a file that could not be retrieved was dropped, but has its name in the mount. */
    const failed = (luoFile: LuoFile, error: Err): void => {
        const file = host.running.delayedFput.items.findLast((f) => f.inode instanceof ShmemInode && f.inode.nlink > 0);
        const mount = file && mountRefOf(file)?.mount;
        if (!file || !(file.inode instanceof ShmemInode) || !mount || !retrieved.has(mount)) {
            return;
        }
        const { size, cache, dentry } = file.inode;
        const missing = pagesOf(host.running, size) - cache.pages;
        say('LU1124', {
            about: nameOf(luoFile),
            history: chronicle.ofFile(luoFile),
            data: { session: luoFile.session.name, token: hex(luoFile.token), files: [dentry?.path ?? ''], missing },
            message: `${capital(nameOf(luoFile))} was not retrieved (${error.name}), but ${names([file.inode])} has its name and its size of ${sizeText(size)} in the mount: a program that opens it by its path reads zeroes in ${counted(missing, 'page')}.`,
            advice: 'Retrieve all files before you attach the mount: after that, new files can take their space and their names.',
        });
    };

    return {
        callbackLeft(call, result): void {
            const args = call.kind === 'handler' && call.callback === 'retrieve' ? call.args : null;
            const mount = args && mountBy(args.file);
            if (args && mount?.point === null) {
                retrieved.set(mount, args.luoFile);
            } else if (args && result instanceof Err && retrieved.size > 0) {
                failed(args.luoFile, result);
            }
        },
        /** LU1123 */
        mountEnds(mount): void {
            const luoFile = retrieved.get(mount);
            if (!luoFile) {
                return;
            }
            const files = [...filesOf(mount.sb.root)];
            const waiting = [...host.running.delayedFput, ...host.running.releasing];
            const open = files.filter((f) => f.opens > waiting.filter((w) => w.inode === f).length).length;
            const bytes = mount.sb.usedBlocks * host.machine.page.size;
            say('LU1123', {
                about: nameOf(luoFile),
                history: chronicle.ofFile(luoFile),
                data: {
                    session: luoFile.session.name,
                    token: hex(luoFile.token),
                    files: files.map((f) => f.dentry?.path ?? ''),
                    bytes,
                },
                message: `The mount of ${nameOf(luoFile)} was closed before move_mount() attached it: ${files.length === 0 ? 'the tmpfs is gone' : `no path leads to ${names(files)} any more, and ${open > 0 ? `only open descriptors reach ${counted(open, 'file')}` : `${sizeText(bytes)} of data are lost`}`}.`,
            });
        },
        /** LU1124 */
        handingOver(kernel, report): void {
            for (const session of kernel.luo.outgoing.sessions) {
                const kept = new Set(session.files.items.map((f) => f.file?.inode));
                for (const luoFile of session.files) {
                    const mount = mountBy(luoFile.file);
                    const left = mount ? [...filesOf(mount.sb.root)].filter((f) => !kept.has(f)) : [];
                    if (mount && left.length > 0) {
                        report('LU1124', {
                            about: nameOf(luoFile),
                            history: chronicle.ofFile(luoFile),
                            data: {
                                session: session.name,
                                token: hex(luoFile.token),
                                files: left.map((f) => f.dentry?.path ?? ''),
                            },
                            message: `${capital(nameOf(luoFile))} is the tmpfs at ${mount.point ?? 'a detached mount'}, but ${counted(left.length, 'file')} in it ${be(left.length)} not preserved: ${names(left)} will be missing in the next kernel.`,
                        });
                    }
                }
            }
        },
        phase(phase): void {
            if (phase === 'boot') {
                retrieved.clear();
            }
        },
    };
});
