/** Holes of files that preserve() fills: the memory use of the host rises while it is being updated. */
import { ShmemInode } from '../kernel/fs/shmem';
import { JournaledRecord } from '../machine/journal';
import { sizeText } from '../text/text';
import { fileData, fileKey } from './chronicle';
import { ruleFile } from './rules';

/**
 * The part of the machine's memory from which on holes are worth a hint. An arena of 256 MiB with 448 KiB of data, on a
 * machine of 2 GiB, must get one: the memory in use rises by an eighth.
 */
const MUCH = 1 / 16;

/** The file whose preserve() runs, and its pages before. */
class Before extends JournaledRecord {
    readonly ino: number = -1;
    readonly pages: number = 0;
}

export const holeRules = ruleFile(['LU1098'], ({ host, chronicle, say }) => {
    const { journal, page } = host.machine;
    const before = new Before(journal);

    return {
        callbackEntered(call): void {
            const inode = call.kind === 'handler' && call.callback === 'preserve' ? call.args?.file?.inode : undefined;
            if (inode instanceof ShmemInode) {
                Object.assign(journal.edit<Before>(before), { ino: inode.ino, pages: inode.cache.pages });
            }
        },
        /** LU1098: at least as much as the file had before. One without a page was never written to: it has no data. */
        callbackLeft(call): void {
            const inode = call.kind === 'handler' && call.callback === 'preserve' ? call.args?.file?.inode : undefined;
            if (!(inode instanceof ShmemInode) || inode.ino !== before.ino) {
                return;
            }
            const { session, token } = fileData(host, call);
            const filled = (inode.cache.pages - before.pages) * page.size;
            const had = before.pages * page.size;
            if (had === 0 || filled < had || filled < host.machine.ramSize * MUCH) {
                return;
            }
            say('LU1098', {
                about: session === undefined || token === undefined ? `${inode.ino}` : fileKey(session, token),
                history: session === undefined || token === undefined ? [] : chronicle.of(fileKey(session, token)),
                data: { file: inode.name, filled, size: Number(inode.size) },
                message: `preserve() has allocated ${sizeText(filled)} for holes of "${inode.name}", which had ${sizeText(had)} of memory: it pins every page of the file, and the memory is not freed when the file is unpreserved.`,
            });
        },
    };
});
