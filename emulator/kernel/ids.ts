/** Numbers that a kernel assigns once each. */
import { type Journal, JournaledRecord } from '../machine/journal';

export class Ids extends JournaledRecord {
    readonly inode: number = 1;
    readonly file: number = 1;
    readonly pid: number = 100;

    /** The next inode number. */
    nextInode(journal: Journal): number {
        return journal.edit<Ids>(this).inode++;
    }

    /** The next number of an open file (a number of the emulator, for display). */
    nextFile(journal: Journal): number {
        return journal.edit<Ids>(this).file++;
    }

    /** The next process id; ids are not reused. */
    nextPid(journal: Journal): number {
        return journal.edit<Ids>(this).pid++;
    }
}
