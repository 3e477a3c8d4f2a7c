/** What code touches when it reads from a value, or changes it: an element or a member of a list, a file, memory. */
import { OpenFile } from '../../kernel/fs/file';
import type { Inode } from '../../kernel/fs/inode';
import { FolioList } from '../../kernel/mm/file-folios';
import { LuoFlb, LuoHandler, LuoSession } from '../../kernel/luo/state';
import { ListValue, RecordValue } from '../../language/collections';
import type { Value } from '../../language/types';
import { JournaledList } from '../../machine/journal';
import { isIndexed } from '../members';
import { ArrayView, View } from '../view';
import type { Touches } from './touches';

/**
 * Memory, its allocator, and what KHO preserves of it. They have one name, because the page that an allocation gets
 * depends on all earlier allocations.
 */
export const PAGES = 'pages';
/** Lists and records of the program. One name for all, because two variables can refer to the same one. */
const COLLECTIONS = 'collections';

export function fileName({ id }: OpenFile): string {
    return `file ${id}`;
}

/** Anonymous files share one inode. */
export function inodeName({ type, ino }: Inode): string {
    return type === 'anon' ? ANONYMOUS : `inode ${ino}`;
}

export const ANONYMOUS = 'anonymous inode';

export function sessionName({ name }: LuoSession): string {
    return `session ${name}`;
}

/** An element or a member of a value is read. Members that are natives record their accesses themselves. */
export function readOf(touches: Touches, v: Value): void {
    if (v instanceof View || v instanceof ArrayView || v instanceof FolioList) {
        touches.read(PAGES);
    } else if (v instanceof ListValue || v instanceof RecordValue) {
        touches.read(COLLECTIONS);
    } else if (v instanceof OpenFile) {
        touches.read(fileName(v));
    } else if (v instanceof JournaledList) {
        const [first] = v.items;
        // handlers are registered while no other process runs
        if (!(first instanceof LuoHandler || first instanceof LuoFlb)) {
            touches.everything();
        }
    } else if (typeof v === 'object' && v !== null && isIndexed(v)) {
        if ('session' in v && v.session instanceof LuoSession) {
            touches.read(sessionName(v.session));
        } else {
            touches.everything();
        }
    }
}

/** An element or a member of a value is assigned. */
export function writeOf(touches: Touches, v: Value): void {
    if (v instanceof View || v instanceof ArrayView) {
        touches.write(PAGES);
    } else if (v instanceof ListValue || v instanceof RecordValue) {
        touches.write(COLLECTIONS);
    } else if (v instanceof OpenFile) {
        touches.write(fileName(v));
    } else if (v instanceof JournaledList) {
        touches.everything();
    }
}
