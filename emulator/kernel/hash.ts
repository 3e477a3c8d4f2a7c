/**
 * Fingerprints of processes and files: equal states give equal fingerprints, in this run or after a restored
 * checkpoint.
 */
import type { Hasher } from '../machine/hash';
import type { MemfdEnv } from './fs/memfd';
import type { ProcessEnv } from './fs/process';
import { Iommufd } from './devices/iommufd';
import { VfioFile } from './devices/vfio';
import { VfioContainer, VfioGroup } from './devices/vfio-group';
import { EventCounter } from './fs/eventfd';
import type { OpenFile } from './fs/file';
import { processOfPidfd } from './fs/pidfd';
import type { Mount } from './fs/mounts';
import { Pipe } from './fs/pipe';
import type { Mapping } from './fs/mapping';
import { HugetlbInode } from './hugetlb/inode';
import { GuestMemfdInode } from './kvm/guest-memfd';
import type { Inode } from './fs/inode';
import { ShmemInode } from './fs/shmem';
import { SocketEnd } from './fs/socket';
import { DirectoryInode } from './fs/superblock';
import { mountRefOf } from './fs/tmpfs';

/** Adds objects to a fingerprint, each once: repeated objects are added by their number. */
export class FileHasher {
    private readonly seen = new Map<object, number>();

    constructor(private readonly hasher: Hasher) {}

    /** Adds processes with their descriptors, the mounts of tmpfs, and files that wait to be released. */
    kernel(k: ProcessEnv & MemfdEnv): void {
        const { hasher } = this;
        hasher.num(k.ids.file).num(k.ids.inode).num(k.ids.pid).u32(k.processes.length);
        for (const p of k.processes) {
            hasher
                .num(p.pid)
                .str(p.name)
                .str(p.state)
                .num(p.nofile)
                .u32(p.frozen ? 1 : 0)
                .u32(p.fds.size)
                .num(p.memcg?.limit ?? -1)
                .num(p.memcg?.usage ?? -1);
            for (const [size, { limit, usage }] of p.hugetlbLimits) {
                hasher.num(size).num(limit).num(usage);
            }
            for (const [fd, file] of p.fds.entries()) {
                hasher.u32(fd).u32(p.fds.isCloexec(fd) ? 1 : 0);
                this.file(file);
            }
            for (const mapping of p.mappings) {
                this.mapping(mapping);
            }
        }
        hasher.num(k.sysctls.memfdNoexec);
        k.hugetlb.hash(hasher);
        for (const inode of k.shmem.values()) {
            this.inode(inode);
        }
        for (const mount of k.mounts.all) {
            this.mount(mount);
        }
        for (const file of k.delayedFput) {
            this.file(file);
        }
    }

    /** Adds an open file with its inode. Fields of declared kinds are added by their owner. */
    file(file: OpenFile): void {
        if (this.known(file)) {
            return;
        }
        this.hasher.num(file.id).str(file.kind).num(file.refs).int(file.pos).num(file.flags).str(file.name);
        const { priv } = file;
        if (
            priv instanceof Iommufd ||
            priv instanceof VfioFile ||
            priv instanceof VfioGroup ||
            priv instanceof VfioContainer ||
            priv instanceof EventCounter
        ) {
            priv.hash(this.hasher);
        }
        if (priv instanceof Pipe && !this.known(priv)) {
            priv.hash(this.hasher);
        }
        if (priv instanceof SocketEnd) {
            this.hasher.num(priv.side);
            if (!this.known(priv.pair)) {
                priv.pair.hash(this.hasher);
            }
        }
        const ref = mountRefOf(file);
        if (ref) {
            this.hasher.u32(ref.owns ? 1 : 0);
            this.mount(ref.mount);
        }
        this.hasher.num(processOfPidfd(file)?.pid ?? -1);
        this.inode(file.inode);
    }

    private mapping(mapping: Mapping): void {
        if (this.known(mapping)) {
            return;
        }
        const { shared, mayWrite, prot, offset, length, own } = mapping;
        this.hasher
            .u32((shared ? 1 : 0) + (mayWrite ? 2 : 0))
            .num(prot)
            .int(offset)
            .num(length);
        this.file(mapping.file);
        for (const [page, pfn] of own) {
            this.hasher.num(page).num(pfn);
        }
    }

    private mount(mount: Mount): void {
        if (this.known(mount)) {
            return;
        }
        const { sb, root, point, opens, gone, idmapped } = mount;
        this.hasher
            .str(point ?? '')
            .num(opens)
            .u32((gone ? 1 : 0) + (idmapped ? 2 : 0));
        if (!this.known(sb)) {
            const { maxBlocks, maxInodes, mode, mpol, quota, casefold } = sb.options;
            this.hasher
                .num(maxBlocks)
                .num(maxInodes)
                .num(mode)
                .u32((mpol ? 1 : 0) + (quota ? 2 : 0) + (casefold ? 4 : 0))
                .num(sb.usedBlocks)
                .num(sb.usedInodes)
                .num(sb.users);
            this.inode(sb.root);
        }
        this.inode(root);
    }

    inode(inode: Inode): void {
        if (this.known(inode)) {
            return;
        }
        const { hasher } = this;
        hasher
            .num(inode.ino)
            .num(inode.mode)
            .num(inode.nlink)
            .int(inode.size)
            .num(inode.opens)
            .u32(inode.locked ? 1 : 0);
        if (inode instanceof DirectoryInode) {
            hasher.u32(inode.children.size);
            for (const [name, child] of inode.children) {
                hasher.str(name);
                this.inode(child);
            }
        }
        if (inode instanceof HugetlbInode) {
            hasher
                .num(inode.seals)
                .u32(inode.frozen ? 1 : 0)
                .num(inode.writableMaps)
                .num(inode.pool.order);
            for (const { start, end } of inode.regions) {
                hasher.num(start).num(end);
            }
            inode.cache.hash(hasher);
        }
        if (inode instanceof GuestMemfdInode) {
            hasher
                .num(inode.flags)
                .u32(inode.frozen ? 1 : 0)
                .str(inode.vm.name);
            for (const n of [...inode.poisoned, ...inode.converted.flatMap((p) => [p.from, p.to])]) {
                hasher.num(n);
            }
            inode.cache.hash(hasher);
        }
        if (inode instanceof ShmemInode) {
            const { cache } = inode;
            hasher
                .num(inode.seals)
                .u32((inode.frozen ? 1 : 0) + (inode.keepsHoles ? 2 : 0))
                .u32(inode.exposed ? 1 : 0)
                .num(inode.fallocEnd)
                .num(inode.uncounted)
                .num(inode.writableMaps)
                .num(cache.pages);
            cache.hash(hasher);
        }
    }

    /** Adds the number of an object; true if it was added before. */
    known(object: object): boolean {
        const number = this.seen.get(object);
        this.hasher.u32(number ?? -1);
        if (number === undefined) {
            this.seen.set(object, this.seen.size);
        }
        return number !== undefined;
    }
}
