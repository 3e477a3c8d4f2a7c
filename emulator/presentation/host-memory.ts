/**
 * Other memory of the running kernel: pools of huge pages, files in memory and their addresses.
 */
import { foliosOf } from '../kernel/fs/movable';
import type { Mount } from '../kernel/fs/mounts';
import type { ShmemInode } from '../kernel/fs/shmem';
import { filesOf } from '../kernel/fs/tmpfs';
import type { Kernel } from '../kernel/kernel';
import { orderPages } from '../kernel/mm/memmap';
import { counted, hex, sizeText } from '../text/text';
import { group, leaf, type Item } from './item';

export function hostMemoryItems(kernel: Kernel): Item[] {
    const pools = kernel.hugetlb.pools.filter((p) => p.nr > 0 || p.incoming > 0);
    const files = [...kernel.shmem.values()];
    const mounts = kernel.mounts.later;
    return [
        ...(pools.length === 0
            ? []
            : [
                  group('huge pages', pools.map((p) => `${p.nr} of ${p.name}, ${p.free} free`).join('; '), () =>
                      pools.map((p) =>
                          group(p.name, `${p.nr}`, () => [
                              leaf('free', String(p.free)),
                              leaf('reserved', `${p.reserved} reserved for mappings`),
                              leaf('surplus', `${p.surplus} of at most ${p.overcommit}`),
                              leaf('incoming', `${p.incoming} preserved by the previous kernel, not in the pool yet`),
                          ]),
                      ),
                  ),
              ]),
        ...(files.length === 0
            ? []
            : [
                  group('files in memory', counted(files.length, 'file'), () =>
                      files.map((inode) => fileItem(kernel, inode)),
                  ),
              ]),
        ...(mounts.length === 0 ? [] : [group('mounts of tmpfs', String(mounts.length), () => mounts.map(mountItem))]),
    ];
}

/** A mount with the limits of its tmpfs, and the files in it. */
function mountItem({ point, root, sb }: Mount): Item {
    return group(point ?? '', sb.display(), () => [
        leaf('mode', `0${sb.options.mode.toString(8)}`),
        ...[...filesOf(root)].map((f) => leaf(f.dentry?.path ?? '', sizeText(f.size))),
    ]);
}

/** Computed on expansion, because it visits every folio of the file. */
function fileItem(kernel: Kernel, inode: ShmemInode): Item {
    const {
        memmap,
        page: { size },
    } = kernel;
    let scratch = 0;
    let pinned = 0;
    let first: number | undefined;
    for (const { head } of foliosOf(kernel, inode)) {
        const pages = orderPages(memmap.orderOf(head));
        first ??= head;
        scratch += memmap.isCma(head) ? pages : 0;
        pinned += memmap.pins(head) > 0 ? pages : 0;
    }
    const held = inode.cache.pages * size;
    const item = group(
        inode.name === '' ? `inode ${inode.ino}` : inode.name,
        `${sizeText(inode.size)}, ${sizeText(held)} allocated${scratch > 0 ? `, ${sizeText(scratch * size)} in scratch` : ''}`,
        () => [
            leaf('in scratch', sizeText(scratch * size)),
            leaf('pinned', sizeText(pinned * size)),
            ...(inode.fallocEnd > 0 ? [leaf('fallocated up to', sizeText(inode.fallocEnd * size))] : []),
            leaf(
                'frozen',
                inode.frozen
                    ? inode.keepsHoles
                        ? 'yes: its size cannot change, and no hole is filled'
                        : 'yes: its size and its holes cannot change'
                    : 'no',
            ),
            leaf('first page', first === undefined ? 'none' : hex(first * size)),
        ],
    );
    // several files may have the same name
    return { ...item, key: `inode ${inode.ino}` };
}
