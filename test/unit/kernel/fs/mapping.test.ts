/** Mappings of files, files of /proc, and fchmod: what each returns, and what it leaves behind. */
import assert from 'node:assert/strict';
import {
    F_SEAL_EXEC,
    F_SEAL_FUTURE_WRITE,
    F_SEAL_WRITE,
    MAP_PRIVATE,
    MAP_SHARED,
    MFD_ALLOW_SEALING,
    MFD_EXEC,
    MFD_HUGETLB,
    O_CREAT,
    O_EXCL,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
} from '../../../../emulator/kernel/fs/fcntl';
import { load, Mapping, protect, store, unmap } from '../../../../emulator/kernel/fs/mapping';
import { exitProcess, fget, type Process, spawn } from '../../../../emulator/kernel/fs/process';
import { sysEventfd, sysMemfdCreate, sysPipe, sysSocket } from '../../../../emulator/kernel/fs/syscalls/create';
import { sysOpen } from '../../../../emulator/kernel/fs/syscalls/open';
import {
    sysAddSeals,
    sysClose,
    sysFchmod,
    sysFtruncate,
    sysGetSeals,
} from '../../../../emulator/kernel/fs/syscalls/file';
import { sysMmap } from '../../../../emulator/kernel/fs/syscalls/mmap';
import { sysLseek, sysPread, sysPwrite, sysRead, sysWrite } from '../../../../emulator/kernel/fs/syscalls/rw';
import { Err } from '../../../../emulator/kernel/release/errno';
import { Bytes } from '../../../../emulator/machine/bytes';
import { testKernel, type TestKernel } from '../../../support/files-kernel';

const RW = PROT_READ | PROT_WRITE;
const HUGE = 2 << 20;
const NOEXEC = '/proc/sys/vm/memfd_noexec';

interface Host {
    readonly k: TestKernel;
    readonly p: Process;
}

function host(memory = 0x4000000): Host {
    const k = testKernel({ memory });
    return { k, p: spawn(k, 'a') };
}

function numberOf(result: number | Err): number {
    assert.ok(typeof result === 'number', `this failed: ${String(result)}`);
    return result;
}

function memfd({ k, p }: Host, size = 0x2000, flags = MFD_ALLOW_SEALING): number {
    const fd = numberOf(sysMemfdCreate(k, p, 'x', flags));
    assert.equal(sysFtruncate(k, p, fd, size), 0);
    return fd;
}

function map({ k, p }: Host, fd: number, prot: number, flags: number, length = 0x2000): Mapping {
    const mapping = sysMmap(k, p, fd, { length, prot, flags, offset: 0 });
    assert.ok(mapping instanceof Mapping, String(mapping));
    return mapping;
}

const text = (x: unknown): unknown =>
    x instanceof Err
        ? x.name
        : x instanceof Bytes
          ? Buffer.from(x.toUint8Array()).toString()
          : x instanceof Mapping
            ? 'mapped'
            : x;

suite('mappings of files', () => {
    test('the checks of mmap, in their order', () => {
        const h = host();
        const { k, p } = h;
        const fd = memfd(h);
        const ro = numberOf(sysOpen(k, p, `/proc/self/fd/${fd}`, O_RDONLY));
        const wo = numberOf(sysOpen(k, p, `/proc/self/fd/${fd}`, O_WRONLY));
        const at = (x: number, length: number, prot: number, flags: number, offset = 0): unknown =>
            text(sysMmap(k, p, x, { length, prot, flags, offset }));
        assert.equal(at(99, 0, RW, 0, 1), 'EINVAL');
        assert.equal(at(99, 0, RW, 0), 'EBADF');
        assert.equal(at(fd, 0, RW, MAP_SHARED), 'EINVAL');
        assert.equal(at(fd, 2 ** 48, RW, 0), 'ENOMEM');
        assert.equal(at(fd, 1, RW, 0, 2 ** 62), 'EINVAL');
        assert.equal(
            text(sysMmap(k, p, fd, { length: 0x2000, prot: RW, flags: MAP_SHARED, offset: 2n ** 63n - 4096n })),
            'EOVERFLOW',
        );
        assert.equal(at(fd, 1, RW, MAP_SHARED | MAP_PRIVATE), 'EINVAL');
        assert.equal(at(ro, 1, RW, MAP_SHARED), 'EACCES');
        assert.equal(at(ro, 1, RW, MAP_PRIVATE), 'mapped');
        assert.equal(at(wo, 1, PROT_READ, MAP_PRIVATE), 'EACCES');
        assert.equal(at(numberOf(sysEventfd(k, p)), 1, RW, MAP_SHARED), 'ENODEV');
        assert.equal(sysAddSeals(k, p, fd, F_SEAL_FUTURE_WRITE), 0);
        assert.equal(at(fd, 1, RW, MAP_SHARED), 'EPERM');
        assert.equal(at(fd, 1, PROT_READ, MAP_SHARED), 'mapped');
        assert.equal(at(fd, 1, RW, MAP_PRIVATE), 'mapped');
    });

    test('a shared mapping is the file; a private one is not, from the first write to a page on', () => {
        const h = host();
        const { k, p } = h;
        const fd = memfd(h);
        const shared = map(h, fd, RW, MAP_SHARED);
        const own = map(h, fd, RW, MAP_PRIVATE);
        assert.equal(store(k, shared, 4094, Bytes.text('over')), 0);
        assert.equal(text(sysPread(k, p, fd, 4, 4094)), 'over');
        assert.equal(text(load(k, own, 4094, 4)), 'over');
        assert.equal(store(k, own, 4096, Bytes.text('X')), 0);
        assert.equal(text(load(k, own, 4094, 4)), 'ovXr');
        assert.equal(text(sysPread(k, p, fd, 4, 4094)), 'over');
        assert.equal(store(k, shared, 4094, Bytes.text('12')), 0);
        assert.equal(text(load(k, own, 4094, 4)), '12Xr');
    });

    test('faults: outside, unmapped, not allowed, beyond the end of the file', () => {
        const h = host();
        const { k, p } = h;
        const fd = memfd(h, 0x1000);
        const m = map(h, fd, PROT_READ, MAP_SHARED, 0x2000);
        assert.equal(text(store(k, m, 0, Bytes.text('x'))), 'EFAULT');
        assert.equal(text(load(k, m, 0x1000, 1)), 'EFAULT');
        assert.equal(text(load(k, m, -1, 1)), 'EFAULT');
        assert.equal(text(load(k, m, 0xfff, 1)), '\0');
        assert.equal(protect(k, m, RW), 0);
        assert.equal(store(k, m, 0, Bytes.text('x')), 0);
        assert.equal(protect(k, m, PROT_NONE), 0);
        assert.equal(text(load(k, m, 0, 1)), 'EFAULT');
        const own = map(h, fd, RW, MAP_PRIVATE, 0x1000);
        assert.equal(store(k, own, 0, Bytes.text('y')), 0);
        assert.equal(sysFtruncate(k, p, fd, 0), 0);
        assert.equal(text(load(k, own, 0, 1)), 'EFAULT');
        assert.equal(text(store(k, own, 0, Bytes.text('y'))), 'EFAULT');
        unmap(k, m);
        assert.equal(text(load(k, m, 0, 1)), 'EFAULT');
        assert.equal(text(protect(k, m, RW)), 'ENOMEM');
    });

    test('what may be written keeps the file from being sealed, until it is unmapped', () => {
        const h = host();
        const { k, p } = h;
        for (const flags of [MFD_ALLOW_SEALING, MFD_ALLOW_SEALING | MFD_HUGETLB]) {
            k.hugetlb.poolOf(9)?.resize(2, undefined);
            const fd = memfd(h, HUGE, flags);
            const readable = map(h, fd, PROT_READ, MAP_SHARED, HUGE);
            assert.equal(text(sysAddSeals(k, p, fd, F_SEAL_WRITE)), 'EBUSY');
            unmap(k, readable);
            const own = map(h, fd, RW, MAP_PRIVATE, HUGE);
            assert.equal(sysAddSeals(k, p, fd, F_SEAL_WRITE), 0);
            const sealed = map(h, fd, PROT_READ, MAP_SHARED, HUGE);
            assert.equal(text(protect(k, sealed, RW)), 'EACCES');
            assert.equal(store(k, own, 0, Bytes.text('mine')), 0);
            assert.equal(sysGetSeals(k, p, fd), F_SEAL_WRITE);
            exitProcess(k, spawn(k, 'other'));
        }
    });

    test('a mapping holds its file; the end of the process frees both, and all memory', () => {
        const h = host();
        const { k, p } = h;
        const free = k.pages.freePages();
        const fd = memfd(h);
        const m = map(h, fd, RW, MAP_SHARED);
        const own = map(h, fd, RW, MAP_PRIVATE);
        assert.equal(sysClose(k, p, fd), 0);
        k.taskWork();
        assert.equal(store(k, m, 0, Bytes.text('kept')), 0);
        assert.equal(store(k, own, 4096, Bytes.text('mine')), 0);
        exitProcess(k, p);
        k.taskWork();
        assert.deepEqual([p.mappings.length, m.mapped, k.pages.freePages()], [0, false, free]);
    });

    test('huge pages: a private mapping reserves, takes and gives back pages of the pool', () => {
        const h = host();
        const { k, p } = h;
        const pool = k.hugetlb.poolOf(9);
        assert.ok(pool);
        pool.resize(2, undefined);
        const fd = memfd(h, 2 * HUGE, MFD_HUGETLB);
        const m = map(h, fd, RW, MAP_PRIVATE, 2 * HUGE);
        assert.deepEqual([pool.free, pool.reserved], [2, 2]);
        assert.equal(text(sysMmap(k, p, fd, { length: HUGE, prot: RW, flags: MAP_SHARED, offset: 0 })), 'ENOMEM');
        assert.equal(store(k, m, 5, Bytes.text('mine')), 0);
        assert.equal(text(load(k, m, 4, 6)), '\0mine\0');
        assert.deepEqual([pool.free, pool.reserved], [1, 1]);
        assert.equal(text(sysPread(k, p, fd, 4, 5)), '\0\0\0\0');
        unmap(k, m);
        assert.deepEqual([pool.free, pool.reserved], [2, 0]);
        const shared = map(h, fd, RW, MAP_SHARED, HUGE);
        assert.equal(store(k, shared, 0, Bytes.text('all')), 0);
        assert.equal(text(sysPread(k, p, fd, 3, 0)), 'all');
    });

    test('/dev/zero mapped is memory of its own', () => {
        const h = host();
        const { k, p } = h;
        const fd = numberOf(sysOpen(k, p, '/dev/zero', O_RDWR));
        const m = map(h, fd, RW, MAP_SHARED);
        assert.equal(store(k, m, 1, Bytes.text('x')), 0);
        assert.equal(text(load(k, m, 0, 3)), '\0x\0');
        assert.equal(text(load(k, map(h, fd, RW, MAP_PRIVATE), 0, 3)), '\0\0\0');
    });

    test('going back in time brings a mapping and its pages back', () => {
        const h = host();
        const { k } = h;
        const fd = memfd(h);
        const m = map(h, fd, RW, MAP_PRIVATE);
        assert.equal(store(k, m, 0, Bytes.text('before')), 0);
        const pages = [...m.own];
        const mark = k.machine.journal.mark();
        unmap(k, m);
        assert.deepEqual([m.mapped, m.own.size, h.p.mappings.length], [false, 0, 0]);
        k.machine.journal.restore(mark);
        assert.deepEqual([m.mapped, [...m.own]], [true, pages]);
        assert.deepEqual([...h.p.mappings], [m]);
    });
});

suite('files of /proc', () => {
    test('/proc/self/fd/N opens the inode behind a descriptor once more', () => {
        const h = host();
        const { k, p } = h;
        const fd = memfd(h);
        assert.equal(sysWrite(k, p, fd, Bytes.text('hello')), 5);
        const again = numberOf(sysOpen(k, p, `/proc/self/fd/${fd}`, O_RDONLY));
        assert.equal(text(sysRead(k, p, again, 5)), 'hello');
        assert.equal(text(sysPwrite(k, p, again, Bytes.text('x'), 0)), 'EBADF');
        assert.equal(text(sysAddSeals(k, p, again, F_SEAL_WRITE)), 'EPERM');
        assert.equal(text(sysOpen(k, p, `/proc/self/fd/${fd}`, O_RDWR | O_CREAT | O_EXCL)), 'EEXIST');
        assert.equal(fget(p, fd) instanceof Err, false);
        numberOf(sysOpen(k, p, `/proc/self/fd/${fd}`, O_RDWR | O_TRUNC));
        assert.equal(sysLseek(k, p, fd, 0, 2), 0);
        assert.equal(text(sysOpen(k, p, '/proc/self/fd/99', O_RDWR)), 'ENOENT');
        assert.equal(text(sysOpen(k, p, `/proc/self/fd/${numberOf(sysSocket(k, p))}`, O_RDWR)), 'ENXIO');
        assert.equal(text(sysOpen(k, p, `/proc/self/fd/${numberOf(sysEventfd(k, p))}`, O_RDWR)), 'ENXIO');
    });

    test('a pipe opened once more has one more end', () => {
        const { k, p } = host();
        const ends = sysPipe(k, p);
        assert.ok(!(ends instanceof Err));
        const [read, write] = ends;
        const other = numberOf(sysOpen(k, p, `/proc/self/fd/${read}`, O_WRONLY));
        assert.equal(sysClose(k, p, write), 0);
        k.taskWork();
        assert.equal(text(sysRead(k, p, read, 1)), 'EAGAIN');
        assert.equal(sysWrite(k, p, other, Bytes.text('x')), 1);
        assert.equal(text(sysRead(k, p, read, 1)), 'x');
        assert.equal(sysClose(k, p, other), 0);
        k.taskWork();
        assert.equal(text(sysRead(k, p, read, 1)), '');
    });

    test('vm.memfd_noexec is a number from 0 to 2, which is written as a whole', () => {
        const { k, p } = host();
        const set = (value: string): unknown => {
            const fd = numberOf(sysOpen(k, p, NOEXEC, O_RDWR));
            const written = text(sysWrite(k, p, fd, Bytes.text(value)));
            return [written, text(sysPread(k, p, fd, 10, 0))];
        };
        assert.deepEqual(set('1'), [1, '1\n']);
        assert.deepEqual(set(' 0x2\n'), [5, '2\n']);
        assert.deepEqual(set('3'), ['EINVAL', '2\n']);
        assert.deepEqual(set('-1'), ['EINVAL', '2\n']);
        assert.deepEqual(set('1x'), ['EINVAL', '2\n']);
        assert.deepEqual(set('01 2'), [3, '1\n']);
        assert.deepEqual(set(' '), ['EINVAL', '1\n']);
        const fd = numberOf(sysOpen(k, p, NOEXEC, O_RDWR));
        assert.equal(text(sysRead(k, p, fd, 1)), '1');
        assert.equal(text(sysRead(k, p, fd, 1)), '');
        assert.equal(sysPwrite(k, p, fd, Bytes.text('0'), 1), 1);
        assert.equal(text(sysPread(k, p, fd, 9, 0)), '1\n');
        assert.equal(text(sysFchmod(k, p, fd, 0o777)), 'EPERM');
        assert.equal(set('2') !== undefined && text(sysMemfdCreate(k, p, 'x', MFD_EXEC)), 'EACCES');
    });
});

suite('fchmod', () => {
    test('F_SEAL_EXEC fixes the execute bits of a memfd, and no others; not of huge pages', () => {
        const h = host();
        const { k, p } = h;
        const mode = (fd: number): number => {
            const file = fget(p, fd);
            assert.ok(!(file instanceof Err));
            return file.inode.mode & 0o7777;
        };
        const fd = memfd(h, 0, MFD_ALLOW_SEALING | MFD_EXEC);
        assert.equal(mode(fd), 0o777);
        assert.equal(sysFchmod(k, p, fd, 0o644), 0);
        assert.equal(sysAddSeals(k, p, fd, F_SEAL_EXEC), 0);
        assert.deepEqual([text(sysFchmod(k, p, fd, 0o645)), mode(fd)], ['EPERM', 0o644]);
        assert.deepEqual([sysFchmod(k, p, fd, 0o600), mode(fd)], [0, 0o600]);
        const huge = memfd(h, 0, MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_EXEC);
        assert.equal(sysFchmod(k, p, huge, 0o644), 0);
        assert.equal(sysAddSeals(k, p, huge, F_SEAL_EXEC), 0);
        assert.deepEqual([sysFchmod(k, p, huge, 0o755), mode(huge)], [0, 0o755]);
        assert.equal(text(sysFchmod(k, p, 99, 0)), 'EBADF');
        assert.equal(text(sysFchmod(k, p, numberOf(sysEventfd(k, p)), 0)), 'EOPNOTSUPP');
    });
});
