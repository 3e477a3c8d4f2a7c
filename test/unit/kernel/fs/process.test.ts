/** Descriptor tables, and the life of processes. */
import assert from 'node:assert/strict';
import { anonFile } from '../../../../emulator/kernel/fs/anon';
import { FD_CLOEXEC, MFD_CLOEXEC, O_RDWR } from '../../../../emulator/kernel/fs/fcntl';
import {
    exitProcess,
    fget,
    installFd,
    passFd,
    type Process,
    reap,
    spawn,
} from '../../../../emulator/kernel/fs/process';
import {
    sysEventfd,
    sysMemfdCreate,
    sysPipe,
    sysSetrlimitNofile,
} from '../../../../emulator/kernel/fs/syscalls/create';
import { sysClose, sysDup, sysGetfd } from '../../../../emulator/kernel/fs/syscalls/file';
import { sysLseek, sysWrite } from '../../../../emulator/kernel/fs/syscalls/rw';
import { FileHasher } from '../../../../emulator/kernel/hash';
import { Bytes } from '../../../../emulator/machine/bytes';
import { Hasher } from '../../../../emulator/machine/hash';
import { testKernel, type TestKernel } from '../../../support/files-kernel';
import { nameOf } from '../../../support/errors';

function memfd(k: TestKernel, p: Process, flags = 0): number {
    const fd = sysMemfdCreate(k, p, 'x', flags);
    assert.ok(typeof fd === 'number');
    return fd;
}

suite('descriptors', () => {
    test('a new one gets the lowest free number', () => {
        const k = testKernel();
        const p = spawn(k, 'a');
        assert.deepEqual([memfd(k, p), memfd(k, p), memfd(k, p)], [3, 4, 5]);
        sysClose(k, p, 4);
        sysClose(k, p, 1);
        assert.equal(sysDup(k, p, 3), 1);
        assert.equal(memfd(k, p), 4);
        assert.equal(memfd(k, p), 6);
    });

    test("a reserved number is nobody else's until it is given back", () => {
        const k = testKernel();
        const p = spawn(k, 'a');
        assert.equal(p.fds.reserve(p.nofile, true), 3);
        assert.equal(memfd(k, p), 4);
        assert.equal(nameOf(fget(p, 3)), 'EBADF');
        p.fds.unreserve(3);
        assert.equal(p.fds.reserve(p.nofile, true), 3);
        p.fds.install(3, anonFile(k, 'luo_session', '[luo_session]', O_RDWR));
        assert.equal(sysGetfd(k, p, 3), FD_CLOEXEC);
        assert.equal(memfd(k, p), 5);
    });

    test('RLIMIT_NOFILE bounds the numbers, not the count', () => {
        const k = testKernel();
        const p = spawn(k, 'a');
        memfd(k, p);
        assert.equal(sysSetrlimitNofile(k, p, 5), 0);
        assert.equal(memfd(k, p), 4);
        assert.equal(nameOf(sysEventfd(k, p)), 'EMFILE');
        assert.equal(nameOf(sysDup(k, p, 3)), 'EMFILE');
        sysSetrlimitNofile(k, p, 2);
        sysClose(k, p, 4);
        assert.equal(nameOf(sysEventfd(k, p)), 'EMFILE', 'number 4 is free, and beyond the limit');
        assert.equal(nameOf(sysDup(k, p, -1)), 'EBADF', 'a bad descriptor is seen before the limit');
        sysSetrlimitNofile(k, p, 5);
        assert.equal(nameOf(sysPipe(k, p)), 'EMFILE', 'a pipe needs two');
        k.taskWork();
        assert.equal(sysEventfd(k, p), 4, 'the pipe that failed left nothing behind');
    });

    test('dup shares the position and not FD_CLOEXEC', () => {
        const k = testKernel();
        const p = spawn(k, 'a');
        const fd = memfd(k, p, MFD_CLOEXEC);
        const copy = sysDup(k, p, fd);
        assert.ok(typeof copy === 'number');
        sysWrite(k, p, fd, Bytes.text('abc'));
        assert.equal(sysLseek(k, p, copy, 0, 1), 3);
        assert.deepEqual([sysGetfd(k, p, fd), sysGetfd(k, p, copy)], [FD_CLOEXEC, 0]);
    });

    test('come back as they were when the journal goes back', () => {
        const k = testKernel();
        const p = spawn(k, 'a');
        memfd(k, p);
        const mark = k.journal.mark();
        sysClose(k, p, 1);
        memfd(k, p);
        memfd(k, p);
        p.fds.reserve(p.nofile, false);
        exitProcess(k, p);
        k.journal.restore(mark);
        assert.deepEqual(
            [...p.fds.entries()].map(([fd, file]) => [fd, file.kind]),
            [
                [0, 'null'],
                [1, 'null'],
                [2, 'null'],
                [3, 'memfd'],
            ],
        );
        assert.equal(p.state, 'running');
        assert.equal(k.delayedFput.length, 0);
        assert.equal(memfd(k, p), 4);
    });
});

function fingerprint(k: TestKernel): string {
    const hasher = new Hasher();
    new FileHasher(hasher).kernel(k);
    return hasher.digest();
}

suite('processes', () => {
    test('a fingerprint tells every change, and is the same again when the journal has gone back', () => {
        const k = testKernel();
        const p = spawn(k, 'a');
        const fd = memfd(k, p);
        const seen = [fingerprint(k)];
        const mark = k.journal.mark();
        const changes = [
            () => sysWrite(k, p, fd, Bytes.text('x')),
            () => sysLseek(k, p, fd, 9, 0),
            () => sysDup(k, p, fd),
            () => passFd(k, p, fd, p),
            () => sysClose(k, p, fd),
            () => sysSetrlimitNofile(k, p, 9),
            () => spawn(k, 'a'),
            () => exitProcess(k, p),
            () => k.taskWork(),
        ];
        for (const change of changes) {
            change();
            const now = fingerprint(k);
            assert.ok(!seen.includes(now), String(change));
            seen.push(now);
        }
        k.journal.restore(mark);
        assert.equal(fingerprint(k), seen[0]);
    });

    test('an exit closes descriptors in ascending order; what nobody else has is released after that', () => {
        const k = testKernel();
        const a = spawn(k, 'a');
        const b = spawn(k, 'b');
        const [x, y, z] = [memfd(k, a), memfd(k, a), memfd(k, a)];
        const files = [x, y, z].map((fd) => fget(a, fd));
        const free = k.pages.freePages();
        sysWrite(k, a, z, Bytes.text('z'));
        sysWrite(k, a, y, Bytes.text('y'));
        assert.equal(passFd(k, a, y, b), 3);
        exitProcess(k, a);
        assert.deepEqual(
            k.delayedFput.items.filter((f) => f.kind === 'memfd'),
            [files[0], files[2]],
        );
        assert.equal(k.pages.freePages(), free - 2, 'nothing is released yet');
        k.taskWork();
        assert.equal(k.pages.freePages(), free - 1, 'b still has one');
        assert.equal(a.state, 'zombie');
        reap(k, a);
        assert.deepEqual(k.processes.items, [b]);
    });

    test('descriptor passing gives the same open file', () => {
        const k = testKernel();
        const a = spawn(k, 'a');
        const b = spawn(k, 'b');
        const fd = memfd(k, a);
        sysWrite(k, a, fd, Bytes.text('abc'));
        const there = passFd(k, a, fd, b);
        assert.ok(typeof there === 'number');
        assert.equal(fget(b, there), fget(a, fd));
        assert.equal(sysLseek(k, b, there, 0, 1), 3);
        assert.equal(nameOf(passFd(k, a, 17, b)), 'EBADF');
        sysSetrlimitNofile(k, b, 4);
        assert.equal(nameOf(passFd(k, a, fd, b)), 'EMFILE');
    });

    test('process ids are not used again', () => {
        const k = testKernel();
        const a = spawn(k, 'a');
        exitProcess(k, a);
        reap(k, a);
        assert.notEqual(spawn(k, 'a').pid, a.pid);
    });

    test('installing without a free number leaves the reference with the caller', () => {
        const k = testKernel();
        const p = spawn(k, 'a');
        sysSetrlimitNofile(k, p, 3);
        const file = anonFile(k, 'nic', '[nic]', O_RDWR);
        assert.equal(nameOf(installFd(p, file, false)), 'EMFILE');
        assert.equal(file.refs, 1);
    });
});
