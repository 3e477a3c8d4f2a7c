/** System calls on every kind of file: what each returns, and which check comes first. */
import assert from 'node:assert/strict';
import { anonFile, deviceFile } from '../../../../emulator/kernel/fs/anon';
import { Err } from '../../../../emulator/kernel/release/errno';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE } from '../../../../emulator/kernel/fs/eventfd';
import {
    F_SEAL_EXEC,
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_WRITE,
    maxRwCount,
    MFD_ALLOW_SEALING,
    MFD_EXEC,
    MFD_HUGETLB,
    MFD_NOEXEC_SEAL,
    O_APPEND,
    O_CREAT,
    O_DIRECT,
    O_EXCL,
    O_NONBLOCK,
    O_RDONLY,
    O_RDWR,
    O_TMPFILE,
    O_TRUNC,
    O_WRONLY,
    SEEK_DATA,
    SEEK_HOLE,
} from '../../../../emulator/kernel/fs/fcntl';
import { installFd, type Process, spawn } from '../../../../emulator/kernel/fs/process';
import { sysEventfd, sysMemfdCreate, sysPipe, sysSocket } from '../../../../emulator/kernel/fs/syscalls/create';
import { sysOpen, sysUnlink } from '../../../../emulator/kernel/fs/syscalls/open';
import {
    Stat,
    sysAddSeals,
    sysClose,
    sysFallocate,
    sysFstat,
    sysFtruncate,
    sysGetfd,
    sysGetfl,
    sysGetSeals,
    sysSetfl,
} from '../../../../emulator/kernel/fs/syscalls/file';
import { sysMmapStore, sysMmapWrite } from '../../../../emulator/kernel/fs/syscalls/mmap';
import { sysLseek, sysPread, sysPwrite, sysRead, sysWrite } from '../../../../emulator/kernel/fs/syscalls/rw';
import { Bytes } from '../../../../emulator/machine/bytes';
import { testKernel, type TestKernel } from '../../../support/files-kernel';
import { passes } from '../../../support/runs';

const X = Bytes.text('x');

interface Host {
    readonly k: TestKernel;
    readonly p: Process;
}

function host(): Host {
    const k = testKernel();
    return { k, p: spawn(k, 'a') };
}

function fdOf(result: number | Err): number {
    assert.ok(typeof result === 'number', `no descriptor: ${String(result)}`);
    return result;
}

function text(x: unknown): unknown {
    return x instanceof Err ? x.name : x instanceof Bytes ? Buffer.from(x.toUint8Array()).toString() : x;
}

/** One descriptor of each kind. */
const KINDS: Record<string, (h: Host) => number> = {
    'bad descriptor': () => -1,
    memfd: ({ k, p }) => fdOf(sysMemfdCreate(k, p, 'x', 0)),
    tmpfile: ({ k, p }) => fdOf(sysOpen(k, p, '/tmp', O_TMPFILE | O_RDWR)),
    'pipe, read end': ({ k, p }) => endsOf({ k, p })[0],
    'pipe, write end': ({ k, p }) => endsOf({ k, p })[1],
    socket: ({ k, p }) => fdOf(sysSocket(k, p)),
    eventfd: ({ k, p }) => fdOf(sysEventfd(k, p)),
    '/dev/null': ({ k, p }) => fdOf(sysOpen(k, p, '/dev/null', O_RDWR)),
    '/dev/liveupdate': ({ k, p }) => fdOf(installFd(p, deviceFile(k, 'liveupdate', '/dev/liveupdate', O_RDWR), false)),
    session: ({ k, p }) => fdOf(installFd(p, anonFile(k, 'luo_session', '[luo_session] vm', O_RDWR), false)),
};

function endsOf({ k, p }: Host): readonly [number, number] {
    const ends = sysPipe(k, p);
    assert.ok(!(ends instanceof Err));
    return ends;
}

/** What a call does to one descriptor of each kind, in the order of {@link KINDS}. */
function onEach(call: (h: Host, fd: number) => unknown): unknown[] {
    return Object.values(KINDS).map((make) => {
        const h = host();
        return text(call(h, make(h)));
    });
}

suite('system calls on every kind of file', () => {
    //                                       bad      memfd   tmpfile  pipe r    pipe w    socket      eventfd   null
    // liveupdate session
    test('read', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysRead(k, p, fd, 8)),
            ['EBADF', '', '', 'EAGAIN', 'EBADF', 'EINVAL', 'EAGAIN', '', 'EINVAL', 'EINVAL'],
        );
    });

    test('pread: EINVAL for the offset comes before the descriptor; ESPIPE for what has no positions', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysPread(k, p, fd, 8, 0)),
            ['EBADF', '', '', 'ESPIPE', 'ESPIPE', 'ESPIPE', 'ESPIPE', '', 'EINVAL', 'ESPIPE'],
        );
        assert.ok(onEach(({ k, p }, fd) => sysPread(k, p, fd, 8, -1)).every((x) => x === 'EINVAL'));
    });

    test('write', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysWrite(k, p, fd, X)),
            ['EBADF', 1, 1, 'EBADF', 1, 'ENOTCONN', 'EINVAL', 1, 'EINVAL', 'EINVAL'],
        );
    });

    test('pwrite', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysPwrite(k, p, fd, X, 0)),
            ['EBADF', 1, 1, 'ESPIPE', 'ESPIPE', 'ESPIPE', 'ESPIPE', 1, 'EINVAL', 'ESPIPE'],
        );
        assert.ok(onEach(({ k, p }, fd) => sysPwrite(k, p, fd, X, -1)).every((x) => x === 'EINVAL'));
    });

    test('lseek', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysLseek(k, p, fd, 7, 0)),
            ['EBADF', 7, 7, 'ESPIPE', 'ESPIPE', 'ESPIPE', 0, 0, 'ESPIPE', 'ESPIPE'],
        );
        assert.deepEqual(onEach(({ k, p }, fd) => sysLseek(k, p, fd, 7, 5)).slice(0, 4), [
            'EBADF',
            'EINVAL',
            'EINVAL',
            'EINVAL',
        ]);
    });

    test('ftruncate', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysFtruncate(k, p, fd, 5)),
            ['EBADF', 0, 0, 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'],
        );
        assert.ok(onEach(({ k, p }, fd) => sysFtruncate(k, p, fd, -1)).every((x) => x === 'EINVAL'));
    });

    test('fallocate: the range comes before the mode, the mode before the file', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysFallocate(k, p, fd, 0, 0, 5)),
            ['EBADF', 0, 0, 'EBADF', 'ESPIPE', 'ENODEV', 'ENODEV', 'ENODEV', 'ENODEV', 'ENODEV'],
        );
        assert.deepEqual(onEach(({ k, p }, fd) => sysFallocate(k, p, fd, 0x1000, 0, 0)).slice(0, 4), [
            'EBADF',
            'EINVAL',
            'EINVAL',
            'EINVAL',
        ]);
        assert.deepEqual(onEach(({ k, p }, fd) => sysFallocate(k, p, fd, 2, 0, 5)).slice(0, 4), [
            'EBADF',
            'EOPNOTSUPP',
            'EOPNOTSUPP',
            'EOPNOTSUPP',
        ]);
    });

    test('seals', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysGetSeals(k, p, fd)),
            ['EBADF', F_SEAL_SEAL, F_SEAL_SEAL, 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'],
        );
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysAddSeals(k, p, fd, F_SEAL_GROW)),
            ['EBADF', 'EPERM', 'EPERM', 'EPERM', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'],
        );
        assert.equal(
            onEach(({ k, p }, fd) => sysAddSeals(k, p, fd, 0x40))[1],
            'EINVAL',
            'an unknown seal is seen before F_SEAL_SEAL',
        );
    });

    test('a shared writable mapping', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => sysMmapWrite(k, p, fd)),
            ['EBADF', 0, 0, 'EACCES', 'EACCES', 'ENODEV', 'ENODEV', 'ENODEV', 'ENODEV', 'ENODEV'],
        );
    });

    test('fstat', () => {
        const shown = onEach(({ k, p }, fd) => {
            const s = sysFstat(k, p, fd);
            return s instanceof Stat ? `${s.mode.toString(8)} ${s.nlink} ${s.size} ${s.blocks}` : s;
        });
        assert.deepEqual(shown, [
            'EBADF',
            '100777 0 0 0',
            '100600 0 0 0',
            '10600 1 0 0',
            '10600 1 0 0',
            '140777 1 0 0',
            '600 1 0 0',
            '20666 1 0 0',
            '20600 1 0 0',
            '600 1 0 0',
        ]);
    });

    test('F_GETFL', () => {
        assert.deepEqual(
            onEach(({ k, p }, fd) => {
                const flags = sysGetfl(k, p, fd);
                return typeof flags === 'number' ? flags & 3 : flags;
            }),
            ['EBADF', O_RDWR, O_RDWR, O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDWR],
        );
    });
});

suite('memfds', () => {
    test('flags, seals and mode', () => {
        const { k, p } = host();
        const made = (flags: number): unknown => {
            const fd = sysMemfdCreate(k, p, 'x', flags);
            if (fd instanceof Err) {
                return fd.name;
            }
            const s = sysFstat(k, p, fd);
            return [text(sysGetSeals(k, p, fd)), s instanceof Stat ? s.mode.toString(8) : s];
        };
        assert.deepEqual(made(0), [F_SEAL_SEAL, '100777']);
        assert.deepEqual(made(MFD_ALLOW_SEALING), [0, '100777']);
        assert.deepEqual(made(MFD_NOEXEC_SEAL), [F_SEAL_EXEC, '100666']);
        assert.deepEqual(made(MFD_HUGETLB + 21 * 2 ** 26), [F_SEAL_SEAL, '100777']);
        assert.equal(made(21 * 2 ** 26), 'EINVAL');
        assert.equal(made(0x20), 'EINVAL');
        assert.equal(made(MFD_EXEC | MFD_NOEXEC_SEAL), 'EINVAL');
        assert.equal(text(sysMemfdCreate(k, p, 'ü'.repeat(125), 0)), 'EINVAL', '250 bytes');
        assert.equal(typeof sysMemfdCreate(k, p, 'x'.repeat(249), 0), 'number');
    });

    test('vm.memfd_noexec decides where neither MFD_EXEC nor MFD_NOEXEC_SEAL is given', () => {
        for (const [memfdNoexec, plain, exec] of [
            [0, F_SEAL_SEAL, F_SEAL_SEAL],
            [1, F_SEAL_EXEC, F_SEAL_SEAL],
            [2, F_SEAL_EXEC, 'EACCES'],
        ] as const) {
            const k = testKernel({ memfdNoexec });
            const p = spawn(k, 'a');
            const seals = (flags: number): unknown => {
                const fd = sysMemfdCreate(k, p, 'x', flags);
                return text(fd instanceof Err ? fd : sysGetSeals(k, p, fd));
            };
            assert.deepEqual([seals(0), seals(MFD_EXEC)], [plain, exec]);
        }
    });

    test('O_APPEND appends, for pwrite too', () => {
        const { k, p } = host();
        const fd = fdOf(sysMemfdCreate(k, p, 'x', 0));
        sysWrite(k, p, fd, Bytes.text('abc'));
        assert.equal(sysSetfl(k, p, fd, O_APPEND), 0);
        sysLseek(k, p, fd, 1, 0);
        assert.equal(sysPwrite(k, p, fd, Bytes.text('de'), 0), 2);
        assert.equal(sysLseek(k, p, fd, 0, 1), 1);
        assert.equal(sysWrite(k, p, fd, Bytes.text('f')), 1);
        assert.equal(sysLseek(k, p, fd, 0, 1), 6);
        assert.equal(text(sysPread(k, p, fd, 100, 0)), 'abcdef');
    });

    test('positions: lseek beyond the end, reading there, a hole by writing there', () => {
        const { k, p } = host();
        const fd = fdOf(sysMemfdCreate(k, p, 'x', 0));
        assert.equal(text(sysLseek(k, p, fd, -1, 0)), 'EINVAL');
        assert.equal(sysLseek(k, p, fd, 10000, 0), 10000);
        assert.equal(text(sysRead(k, p, fd, 5)), '');
        assert.equal(sysWrite(k, p, fd, X), 1);
        assert.equal(sysLseek(k, p, fd, -1, 2), 10000);
        assert.equal(text(sysRead(k, p, fd, 5)), 'x');
        assert.equal(sysLseek(k, p, fd, 0, 3), 8192, 'data begins with its page');
        assert.equal(text(sysLseek(k, p, fd, 10001, 4)), 'ENXIO');
        assert.equal(text(sysLseek(k, p, fd, -1, 3)), 'ENXIO', 'a negative offset is no EINVAL here');
    });

    test('one call transfers at most MAX_RW_COUNT', () => {
        const MAX_RW_COUNT = maxRwCount(PAGES_4K);
        assert.equal(MAX_RW_COUNT, 0x7ffff000);
        const k = testKernel({ memory: 4 * 2 ** 30, thpShmem: true });
        const p = spawn(k, 'a');
        const fd = fdOf(sysMemfdCreate(k, p, 'x', 0));
        assert.equal(sysPwrite(k, p, fd, Bytes.pattern(1, 2 ** 31), 0), MAX_RW_COUNT);
        sysFtruncate(k, p, fd, 3 * 2 ** 30);
        const got = sysPread(k, p, fd, 3 * 2 ** 30, 0);
        assert.ok(got instanceof Bytes && got.equals(Bytes.pattern(1, MAX_RW_COUNT)));
    });

    test('F_SEAL_FUTURE_WRITE denies writing and new mappings', () => {
        const { k, p } = host();
        const fd = fdOf(sysMemfdCreate(k, p, 'x', MFD_ALLOW_SEALING));
        sysWrite(k, p, fd, X);
        assert.equal(sysAddSeals(k, p, fd, F_SEAL_FUTURE_WRITE), 0);
        assert.equal(text(sysPwrite(k, p, fd, X, 0)), 'EPERM');
        assert.equal(text(sysMmapWrite(k, p, fd)), 'EPERM');
        assert.equal(text(sysFallocate(k, p, fd, 3, 0, 1)), 'EPERM');
        assert.equal(sysFallocate(k, p, fd, 0, 0, 1), 0);
        assert.equal(sysFtruncate(k, p, fd, 0), 0, 'shrinking is another seal');
        assert.equal(sysAddSeals(k, p, fd, F_SEAL_WRITE), 0);
    });
});

suite('files on a tmpfs', () => {
    test('open, O_EXCL, O_TRUNC, unlink', () => {
        const { k, p } = host();
        assert.equal(text(sysOpen(k, p, '/dev/shm/x', O_RDWR)), 'ENOENT');
        const fd = fdOf(sysOpen(k, p, '/dev/shm/x', O_RDWR | O_CREAT));
        sysWrite(k, p, fd, Bytes.text('abc'));
        assert.equal(text(sysOpen(k, p, '/dev/shm/x', O_RDWR | O_CREAT | O_EXCL)), 'EEXIST');
        const again = fdOf(sysOpen(k, p, '/dev/shm/x', O_RDWR));
        assert.equal(text(sysRead(k, p, again, 9)), 'abc');
        fdOf(sysOpen(k, p, '/dev/shm/x', O_RDWR | O_TRUNC));
        assert.equal(text(sysPread(k, p, fd, 9, 0)), '');
        assert.equal(sysUnlink(k, '/dev/shm/x'), 0);
        assert.equal(text(sysUnlink(k, '/dev/shm/x')), 'ENOENT');
        const s = sysFstat(k, p, fd);
        assert.ok(s instanceof Stat && s.nlink === 0);
    });

    test('memory of a file goes with its last name or its last descriptor, whichever is later', () => {
        const { k, p } = host();
        const free = k.pages.freePages();
        const fd = fdOf(sysOpen(k, p, '/tmp/x', O_RDWR | O_CREAT));
        sysWrite(k, p, fd, X);
        sysClose(k, p, fd);
        k.taskWork();
        assert.equal(k.pages.freePages(), free - 1);
        sysUnlink(k, '/tmp/x');
        assert.equal(k.pages.freePages(), free);
        const other = fdOf(sysOpen(k, p, '/tmp/x', O_RDWR | O_CREAT));
        sysWrite(k, p, other, X);
        sysUnlink(k, '/tmp/x');
        assert.equal(k.pages.freePages(), free - 1);
        sysClose(k, p, other);
        k.taskWork();
        assert.equal(k.pages.freePages(), free);
    });
});

suite('pipes and eventfds', () => {
    test('a pipe carries bytes, and says when an end is gone', () => {
        const { k, p } = host();
        const [r, w] = endsOf({ k, p });
        assert.equal(sysWrite(k, p, w, Bytes.zero(70000)), 65536);
        assert.equal(text(sysWrite(k, p, w, X)), 'EAGAIN');
        assert.ok(sysRead(k, p, r, 65536) instanceof Bytes);
        sysWrite(k, p, w, Bytes.text('abc'));
        assert.equal(text(sysRead(k, p, r, 2)), 'ab');
        sysClose(k, p, w);
        k.taskWork();
        assert.equal(text(sysRead(k, p, r, 9)), 'c');
        assert.equal(text(sysRead(k, p, r, 9)), '');
        const other = endsOf({ k, p });
        sysClose(k, p, other[0]);
        k.taskWork();
        assert.equal(text(sysWrite(k, p, other[1], X)), 'EPIPE');
    });

    test('an eventfd counts', () => {
        const { k, p } = host();
        const fd = fdOf(sysEventfd(k, p));
        const word = (n: bigint): Bytes => Bytes.of(new Uint8Array(BigUint64Array.of(n).buffer));
        assert.equal(sysWrite(k, p, fd, word(3n)), 8);
        assert.equal(sysWrite(k, p, fd, word(4n)), 8);
        assert.equal(text(sysWrite(k, p, fd, word(2n ** 64n - 1n))), 'EINVAL');
        assert.equal(text(sysWrite(k, p, fd, word(2n ** 64n - 2n))), 'EAGAIN');
        assert.equal(text(sysRead(k, p, fd, 7)), 'EINVAL');
        const got = sysRead(k, p, fd, 8);
        assert.ok(got instanceof Bytes && got.equals(word(7n)));
        assert.equal(text(sysRead(k, p, fd, 8)), 'EAGAIN');
        assert.equal(text(sysWrite(k, p, fd, Bytes.zero(9))), 'EINVAL');
    });

    test('an eventfd begins with 32 bits of a count, gives one at a time as a semaphore, and knows three flags', () => {
        const { k, p } = host();
        const read = (fd: number): unknown => {
            const got = sysRead(k, p, fd, 8);
            return got instanceof Bytes ? new DataView(got.toUint8Array().buffer).getBigUint64(0, true) : text(got);
        };
        const most = fdOf(sysEventfd(k, p, 0xffffffff));
        assert.deepEqual([read(most), read(most)], [0xffffffffn, 'EAGAIN']);
        const two = fdOf(sysEventfd(k, p, 2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
        assert.deepEqual([read(two), read(two), read(two)], [1n, 1n, 'EAGAIN']);
        assert.deepEqual([sysGetfl(k, p, two), sysGetfd(k, p, two)], [O_RDWR | O_NONBLOCK, 1]);
        assert.deepEqual([sysGetfl(k, p, most), sysGetfd(k, p, most)], [O_RDWR, 0]);
        assert.equal(text(sysEventfd(k, p, 0, 2)), 'EINVAL');
    });
});

suite('eventfds with flags, and links to descriptors', () => {
    test('a semaphore gives one at a time; the count has 32 bits; other flags are wrong', () => {
        passes(`scenario "s" {
            boot "7.2"
            process p {
                sem = eventfd(2, flags: EFD_SEMAPHORE | EFD_CLOEXEC)
                one = sem.read(8)
                assert one == sem.read(8) && one[0] == 1
                sem.read(8)  fails EAGAIN
                assert sem.getfd() == FD_CLOEXEC
                all = eventfd(0x100000005, flags: EFD_NONBLOCK).read(8)
                assert all[0] == 5
                assert (eventfd(0, flags: EFD_NONBLOCK).getfl() & O_NONBLOCK) != 0
                eventfd(0, flags: 2)  fails EINVAL
            }
        }`);
    });

    test('what /proc says of descriptors', () => {
        passes(`scenario "s" {
            boot "7.2"
            process p, q
            p {
                lu = open("/dev/liveupdate")                        // 3
                s  = lu.create_session("vm-1")
                m  = memfd_create("ram")
                e  = eventfd()
                t  = open("/run/state", O_RDWR | O_CREAT)
                assert readlink("/proc/self/fd/0") == "/dev/null"
                assert readlink("/proc/self/fd/3") == "/dev/liveupdate"
                assert readlink("/proc/self/fd/4") == "anon_inode:[luo_session] vm-1"
                assert readlink("/proc/thread-self/fd/5") == "/memfd:ram (deleted)"
                assert readlink("/proc/self/fd/6") == "anon_inode:[eventfd]"
                assert readlink("/proc/self/fd/7") == "/run/state"
                readlink("/run/state")  fails EINVAL
                unlink("/run/state")
                assert readlink("/proc/self/fd/7") == "/run/state (deleted)"
                readlink("/run/state")  fails ENOENT
                readlink("/proc/self/fd/8")  fails ENOENT
                readlink("/proc/self/fd/03")  fails ENOENT
                readlink("/proc/7654/fd/3")  fails ENOENT
            }
            q { assert readlink("/proc/" + str(p.pid) + "/fd/5") == "/memfd:ram (deleted)" }
            number = p.pid
            kill p
            q { readlink("/proc/" + str(number) + "/fd/5")  fails ENOENT }
        }`);
    });
});

suite('offsets of all sizes', () => {
    const MAX = 2n ** 63n - 1n;

    test('a negative offset or length is wrong before the descriptor is, also where it was given without a sign', () => {
        for (const offset of [-1, -4096, -(2n ** 63n)]) {
            assert.ok(onEach(({ k, p }, fd) => sysPread(k, p, fd, 8, offset)).every((x) => x === 'EINVAL'));
            assert.ok(onEach(({ k, p }, fd) => sysPwrite(k, p, fd, X, offset)).every((x) => x === 'EINVAL'));
            assert.ok(onEach(({ k, p }, fd) => sysFtruncate(k, p, fd, offset)).every((x) => x === 'EINVAL'));
        }
    });

    test('what ends beyond the largest offset cannot be read, written or allocated', () => {
        const { k, p } = host();
        const fd = fdOf(sysMemfdCreate(k, p, 'x', 0));
        assert.equal(sysFtruncate(k, p, fd, MAX), 0);
        assert.equal(text(sysPread(k, p, fd, 1, MAX)), 'EINVAL');
        assert.equal(text(sysPread(k, p, fd, MAX, 1)), 'EINVAL', 'the length counts as it was given');
        assert.equal(text(sysPwrite(k, p, fd, X, MAX)), 'EINVAL');
        assert.equal(sysPwrite(k, p, fd, X, MAX - 1n), 1);
        assert.equal(text(sysPread(k, p, fd, 1, MAX - 1n)), 'x');
        assert.equal(text(sysFallocate(k, p, fd, 0, MAX, 1)), 'EFBIG');
        assert.equal(sysLseek(k, p, fd, -1, 2), MAX - 1n);
        assert.equal(text(sysLseek(k, p, fd, 2, 1)), 'EINVAL');
        assert.equal(sysSetfl(k, p, fd, O_APPEND), 0);
        assert.equal(text(sysPwrite(k, p, fd, X, 0)), 'EFBIG', 'nothing can be appended to the largest file');
        const st = sysFstat(k, p, fd);
        assert.ok(st instanceof Stat);
        assert.deepEqual([st.size, st.blocks], [MAX, 8]);
    });

    test('behind data in the very last page is -2^63, and the data is not found', () => {
        const { k, p } = host();
        const fd = fdOf(sysMemfdCreate(k, p, 'x', 0));
        sysPwrite(k, p, fd, X, MAX - 2n);
        assert.equal(text(sysLseek(k, p, fd, 0, SEEK_DATA)), 'ENXIO');
        assert.equal(sysLseek(k, p, fd, MAX - 2n, SEEK_HOLE), -MAX - 1n);
        assert.equal(sysLseek(k, p, fd, 0, 1), 0, 'the position stays');
    });

    test('a mapping that no file can have is EOVERFLOW', () => {
        const { k, p } = host();
        const fd = fdOf(sysMemfdCreate(k, p, 'x', 0));
        assert.equal(text(sysMmapStore(k, p, fd, X, -4096)), 'EOVERFLOW');
        assert.equal(text(sysMmapStore(k, p, fd, X, MAX)), 'EOVERFLOW');
        assert.equal(text(sysMmapStore(k, p, fd, X, MAX - 1n)), 'EFAULT');
    });

    test('O_DIRECT: what was opened on a tmpfs and pipes take it, a memfd does not', () => {
        const { k, p } = host();
        assert.equal(text(sysSetfl(k, p, fdOf(sysMemfdCreate(k, p, 'x', 0)), O_DIRECT)), 'EINVAL');
        assert.equal(text(sysSetfl(k, p, fdOf(sysOpen(k, p, '/dev/null', O_RDWR)), O_DIRECT)), 'EINVAL');
        const fd = fdOf(sysOpen(k, p, '/tmp/x', O_RDWR | O_CREAT));
        assert.equal(sysSetfl(k, p, fd, O_DIRECT), 0);
        assert.equal(Number(sysGetfl(k, p, fd)) & O_DIRECT, O_DIRECT);
        assert.equal(sysSetfl(k, p, endsOf({ k, p })[0], O_DIRECT), 0);
    });
});
