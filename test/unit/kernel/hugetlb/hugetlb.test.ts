/**
 * Huge pages: the accounts of their pools against a count by hand, the command line, and pages that the kernel makes
 * room for.
 */
import assert from 'node:assert/strict';
import { readCommandLine } from '../../../../emulator/kernel/command-line/command-line';
import type { OpenFile } from '../../../../emulator/kernel/fs/file';
import { hugetlbAllocFile, memfdAllocFile, memfdPinFolios, unpinFolios } from '../../../../emulator/kernel/fs/memfd';
import { ShmemInode } from '../../../../emulator/kernel/fs/shmem';
import { readShmem, truncateShmem, writeShmem } from '../../../../emulator/kernel/fs/shmem-file';
import { HugetlbInode, hugetlbOps } from '../../../../emulator/kernel/hugetlb/inode';
import type { Int } from '../../../../emulator/machine/int';
import { SEEK_DATA, SEEK_END, SEEK_HOLE } from '../../../../emulator/kernel/fs/fcntl';
import { hugePagesWanted } from '../../../../emulator/kernel/hugetlb/parameters';
import { Err } from '../../../../emulator/kernel/release/errno';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { Bytes } from '../../../../emulator/machine/bytes';
import { type TestKernel, testKernel } from '../../../support/files-kernel';
import { programOf } from '../../../support/programs';
import { Random } from '../../../support/random';
import { failuresOf } from '../../../support/runs';

const MiB = 1 << 20;
const HUGE = 2 * MiB;

function poolOf(k: TestKernel, order = 9) {
    const pool = k.hugetlb.poolOf(order);
    assert.ok(pool);
    return pool;
}

function file(k: TestKernel, order = 9): OpenFile {
    return hugetlbAllocFile(k, 'f', 0, poolOf(k, order));
}

function inodeOf(f: OpenFile): HugetlbInode {
    assert.ok(f.inode instanceof HugetlbInode);
    return f.inode;
}

function drop(k: TestKernel, f: OpenFile): void {
    k.journal.edit(f.inode).opens--;
    f.inode.evict(k);
}

/** Maps the huge pages of a range shared and writable, and stores bytes there. */
function storeAt(k: TestKernel, f: OpenFile, at: number, data: Bytes): unknown {
    const offset = Math.floor(at / HUGE) * HUGE;
    const length = Math.ceil((at + data.length) / HUGE) * HUGE - offset;
    const failed = f.ops.mmap?.(k, f, { offset, length, shared: true, write: true });
    return failed === 0 ? f.ops.store?.(k, f, at, data) : failed;
}

const nameOf = (r: unknown): string => (r instanceof Err ? r.name : 'ok');

suite('huge pages', () => {
    test('the command line: sizes, nodes, the default; what the kernel ignores', () => {
        const of = (text: string): unknown =>
            hugePagesWanted(
                readCommandLine(text, {
                    arch: 'x86-64',
                    page: PAGES_4K,
                    kexecHandover: true,
                    liveUpdate: true,
                    scratchParameter: 'kho_scratch',
                    zeroScratchSizes: true,
                }),
                PAGES_4K,
            ).map((w) => [w.size / MiB, w.total ?? [...w.nodes].map(([node, n]) => `${node}:${n}`).join(',')]);
        const cases: [string, unknown][] = [
            ['quiet hugepages=16', [[2, 16]]],
            [
                'hugepagesz=1G hugepages=2 hugepagesz=2M hugepages=8',
                [
                    [1024, 2],
                    [2, 8],
                ],
            ],
            ['default_hugepagesz=1G hugepages=3', [[1024, 3]]],
            // before any size it is the default one's, whichever that turns out to be
            [
                'hugepages=3 hugepagesz=2M hugepages=5 default_hugepagesz=1G',
                [
                    [1024, 3],
                    [2, 5],
                ],
            ],
            ['hugepages=3 hugepagesz=2M hugepages=5', [[2, 3]]],
            ['default_hugepagesz=1G hugepagesz=1G hugepages=3', [[1024, 3]]],
            ['default_hugepagesz=1G default_hugepagesz=2M hugepages=3', []],
            ['hugepages=0:4,1:2', [[2, '0:4,1:2']]],
            ['hugepages=4 hugepages=6', [[2, 4]]],
            ['hugepagesz=2M hugepages=4 hugepagesz=2M hugepages=6', [[2, 4]]],
            ['hugepagesz=2M hugepages=4 hugepagesz=2M hugepages=6 hugepages=7', [[2, 4]]],
            ['hugepagesz=16M hugepages=4 hugepages=x hugepagesz=2M hugepages=0:', []],
            ['hugepagesz=16M hugepages=4 hugepages=5', [[2, 5]]],
            ['hugepagesz=2048k hugepages=5', [[2, 5]]],
            ['hugepages hugepages=', []],
            ['hugepages=7x', [[2, 7]]],
        ];
        for (const [text, expected] of cases) {
            assert.deepEqual(of(text), expected, text);
        }
    });

    test('promises, allocations and frees against a count by hand', () => {
        const random = new Random(11);
        for (let round = 0; round < 60; round++) {
            const k = testKernel({ memory: 128 * MiB });
            const pool = poolOf(k);
            const memory = k.pages.freePages();
            pool.resize(8 + random.below(10), undefined);
            pool.setOvercommit(random.below(4));
            const persistent = pool.nr;
            const files = Array.from({ length: 3 }, () => file(k));
            for (let step = 0; step < 40; step++) {
                const f = random.pick(files);
                const at = random.below(6) * HUGE;
                const n = 1 + random.below(4);
                switch (random.below(5)) {
                    case 0:
                        storeAt(k, f, at, Bytes.pattern(step, n * HUGE));
                        break;
                    case 1:
                        f.ops.fallocate?.(k, f, 0, at, n * HUGE);
                        break;
                    case 2:
                        f.ops.fallocate?.(k, f, 3, at, n * HUGE);
                        break;
                    case 3:
                        f.ops.truncate?.(k, f, at);
                        break;
                    default:
                        f.ops.mmap?.(k, f, { offset: at, length: n * HUGE, shared: true, write: false });
                }
                const used = files.reduce((sum, each) => sum + inodeOf(each).cache.pages / 512, 0);
                const promised = files.reduce((sum, each) => sum + inodeOf(each).promised, 0);
                assert.equal(pool.nr, used + pool.free, `round ${round}, step ${step}`);
                assert.equal(pool.reserved, promised);
                assert.equal(pool.persistent, persistent);
                assert.ok(pool.reserved <= pool.free && pool.surplus <= pool.overcommit);
                assert.equal(k.pages.freePages(), memory - pool.nr * 512);
            }
            for (const f of files) {
                drop(k, f);
            }
            assert.deepEqual([pool.nr, pool.free, pool.reserved, pool.surplus], [persistent, persistent, 0, 0]);
            pool.resize(0, undefined);
            assert.equal(k.pages.freePages(), memory);
        }
    });

    test('what is stored is read, holes are zeroes, and a freed page comes back zeroed', () => {
        const k = testKernel({ memory: 64 * MiB });
        poolOf(k).resize(2, undefined);
        const f = file(k);
        assert.equal(storeAt(k, f, HUGE - 5, Bytes.text('over the edge')), 0);
        const all = f.ops.read?.(k, f, 0, 3 * HUGE);
        assert.ok(all instanceof Bytes && all.length === 2 * HUGE);
        assert.ok(all.slice(HUGE - 5, HUGE + 8).equals(Bytes.text('over the edge')));
        assert.equal(nameOf(storeAt(k, f, 2 * HUGE, Bytes.text('x'))), 'ENOMEM', 'nothing can be promised');
        assert.equal(nameOf(f.ops.fallocate?.(k, f, 0, 2 * HUGE, HUGE)), 'ENOSPC');
        assert.equal(nameOf(f.ops.truncate?.(k, f, 5)), 'EINVAL');
        assert.equal(f.ops.truncate?.(k, f, HUGE), 0);
        assert.equal(f.ops.fallocate?.(k, f, 0, HUGE, HUGE), 0);
        const second = f.ops.read?.(k, f, HUGE, HUGE);
        assert.ok(second instanceof Bytes && second.equals(Bytes.zero(HUGE)));
        assert.equal(f.inode.blocks, 2 * 4096);
    });

    test('a pinned page goes to its pool when the last pin is gone', () => {
        const k = testKernel({ memory: 64 * MiB });
        const pool = poolOf(k);
        pool.resize(4, undefined);
        const f = file(k);
        f.ops.truncate?.(k, f, 3 * HUGE);
        const list = memfdPinFolios(k, f, 100, 3 * HUGE - 1);
        assert.ok(!(list instanceof Err));
        assert.equal(list.length, 3);
        assert.equal(pool.free, 1);
        f.ops.truncate?.(k, f, 0);
        assert.equal(pool.free, 1, 'the device still has them');
        unpinFolios(k, list);
        assert.equal(pool.free, 4);
        f.ops.truncate?.(k, f, 5 * HUGE);
        assert.equal(nameOf(memfdPinFolios(k, f, 0, 5 * HUGE - 1)), 'ENOMEM');
        assert.ok(
            inodeOf(f).cache.pages === 4 * 512 && k.memmap.pins(inodeOf(f).cache.at(0)) === 0,
            'nothing stays pinned',
        );
    });

    test('movable memory makes room for a page of 1 GiB, and nothing else does', () => {
        const k = testKernel({ memory: 3 * 1024 * MiB });
        const memfd = memfdAllocFile(k, 'files', 0, false);
        const { inode } = memfd;
        assert.ok(inode instanceof ShmemInode);
        const pool = poolOf(k, 18);
        // The first whole GiB begins at 1 GiB, the second one ends where memory does.
        writeShmem(k, inode, 0, Bytes.pattern(1, 1100 * MiB));
        const inside = Array.from({ length: inode.cache.pages }, (_, i) => i).find(
            (i) => Math.floor(inode.cache.at(i) / 262144) === 1,
        );
        assert.ok(inside !== undefined);
        const there = inode.cache.at(inside);
        // A page of the kernel's own among those of the file.
        inode.cache.remove(inside, 0);
        k.memmap.setOwner(there, 1);
        pool.resize(2, undefined);
        assert.equal(pool.nr, 1, "the kernel's page does not move");
        inode.cache.insert(inside, there, 0);
        pool.resize(2, undefined);
        assert.equal(pool.nr, 1, 'there is no room for all of the file');
        assert.equal(k.pages.freePages(), 3 * 262144 - 262144 - inode.cache.pages);
        truncateShmem(k, inode, 1018 * MiB);
        pool.resize(2, undefined);
        assert.equal(pool.nr, 2);
        for (let at = 0; at < inode.size; at += MiB) {
            assert.ok(readShmem(k, inode, at, MiB).equals(Bytes.pattern(1, MiB, at)), `MiB ${at / MiB}`);
        }
        assert.ok(inode.cache.at(inside) !== there);
        pool.resize(0, undefined);
        assert.equal(k.pages.freePages(), 3 * 262144 - inode.cache.pages);
    });

    const NEXT = `
        machine { memory 8GiB; memory 8GiB node 1 }
        kernel "next" from "RELEASE" { layers hugetlb; cmdline "hugepages=32 hugepagesz=1G hugepages=2 kho_scratch=256M,256M,256M" }
        fn pools() { return [hugepages(2MiB).nr, hugepages(2MiB).free, hugepages(1GiB).nr, hugepages(1GiB).free] }
        fn preserve() {
            ram = memfd_create("ram", hugetlb: 2MiB)
            ram.mmap_store(pattern(1, 20MiB), at: 0)
            vm1 = open("/dev/liveupdate").create_session("vm-1")
            vm1.preserve_fd(ram, token: 1)
            kexec_file_load("next")
        }
        scenario "s" { boot "next"; process vmm { before = [32, 22, 2, 2]; preserve() }; STEPS }`;
    const run = (steps: string, release = '7.3'): string[] =>
        failuresOf(programOf({ 'f.lus': NEXT.replace('STEPS', steps).replace('RELEASE', release) }));

    test('pools are what they were after a retrieve, a discard, a closed session and a second update', () => {
        const after = 'process vmm { lu = open("/dev/liveupdate"); vm1 = lu.retrieve_session("vm-1")';
        for (const [steps, free] of [
            [
                `vmm { reboot(KEXEC) }; ${after}; ram = vm1.retrieve_fd(token: 1); assert ram.pread(20MiB, at: 0) == pattern(1, 20MiB); vm1.finish() }`,
                22,
            ],
            [`vmm { reboot(KEXEC) }; ${after}; vm1.finish() }`, 32],
            [`vmm { reboot(KEXEC) }; ${after} }; kill vmm`, 32],
            [`vmm { vm1 = 0; exit }; process vmm { reboot(KEXEC) }`, 32],
            [
                `inject EIO into hugetlb.freeze; vmm { reboot(KEXEC) fails EIO; reboot(KEXEC) }; ${after}; ram = vm1.retrieve_fd(token: 1); vm1.finish() }`,
                22,
            ],
            [
                `vmm { reboot(KEXEC) }; ${after}; ram = vm1.retrieve_fd(token: 1); vm1.finish(); vm2 = lu.create_session("vm-2"); vm2.preserve_fd(ram, token: 2); kexec_file_load("next"); reboot(KEXEC) };
                process vmm { vm2 = open("/dev/liveupdate").retrieve_session("vm-2"); ram = vm2.retrieve_fd(token: 2); assert ram.pread(20MiB, at: 0) == pattern(1, 20MiB); vm2.finish() }`,
                22,
            ],
        ] as const) {
            assert.deepEqual(
                run(
                    `${steps}; assert hugepages(2MiB).nr == 32 && hugepages(2MiB).free == ${free} && hugepages(1GiB).nr == 2; assert hugepages(2MiB).incoming == 0 && kho.incoming.unclaimed == 0`,
                ),
                [],
                steps,
            );
        }
    });

    test('a hugetlb cgroup with a limit: who creates or retrieves a file is charged, and nothing stays behind', () => {
        const arrive = (limit: string, then: string): string =>
            `vmm { reboot(KEXEC) }; process vmm { hugetlb_max(${limit}); vm1 = open("/dev/liveupdate").retrieve_session("vm-1"); ${then} }`;
        assert.deepEqual(
            run(`${arrive('20MiB', 'ram = vm1.retrieve_fd(token: 1); vm1.finish(); assert hugetlb_current() == 20MiB')}
                vmm { ram.pwrite("x", at: 0)  fails EINVAL; ram.mmap_store("x", at: 0); assert hugetlb_current() == 20MiB }
                vmm { ram.close(); assert hugetlb_current() == 0 && hugetlb_current(1GiB) == 0 }`),
            [],
        );
        // 21 MiB are ten pages: the tenth is charged, one less is not enough
        assert.deepEqual(run(arrive('21MiB', 'vm1.retrieve_fd(token: 1)')), []);
        assert.deepEqual(
            run(`${arrive('19MiB', 'vm1.retrieve_fd(token: 1)  fails ENOMEM; assert hugetlb_current() == 0')}
                assert diagnosed("LU1052")
                vmm { vm1.retrieve_fd(token: 1)  fails ENOMEM; vm1.finish() }
                assert hugepages(2MiB).free == 32 && hugepages(2MiB).incoming == 0 && kho.incoming.unclaimed == 0`),
            [],
        );
        assert.deepEqual(
            run(`vmm { hugetlb_max(5MiB); more = memfd_create("more", hugetlb: 2MiB); more.truncate(8MiB)
                    more.fallocate(0, 4MiB); more.fallocate(4MiB, 2MiB)  fails ENOSPC
                    assert hugetlb_current() == 4MiB
                    more.mmap_store("x", at: 6MiB)  fails EFAULT
                    more.truncate(2MiB); assert hugetlb_current() == 2MiB }`),
            [],
        );
    });

    test('7.2 finds no room for pages of 1 GiB beside a handover, 7.3 does', () => {
        assert.deepEqual(
            run(
                'vmm { reboot(KEXEC) }; assert hugepages(1GiB).nr == 0 && kernel.logged("2 pages of 1024 MiB were asked for, 0 could be had")',
                '7.2',
            ),
            [],
        );
        assert.deepEqual(run('vmm { reboot(KEXEC) }; assert hugepages(1GiB).nr == 2'), []);
    });

    test('a page that cannot be had while it is preserved, and what is refused then', () => {
        assert.deepEqual(
            run(
                'vmm { more = memfd_create("more", hugetlb: 1GiB); more.truncate(4GiB); vm2 = 0; vm1 = -1 }; process two { s = 0; f = memfd_create("x", hugetlb: 1GiB); f.truncate(4GiB); f.mmap_store("x", at: 3GiB); f.fallocate(0, 2GiB) fails ENOSPC; f.truncate(8GiB); f.truncate(1GiB); f.fallocate(0, 1GiB) }',
            ),
            [],
        );
        assert.deepEqual(
            run(
                'process two { memfd_create("x", hugetlb: 16MiB) fails ENODEV; f = memfd_create("x", MFD_HUGETLB | MFD_HUGE_1GB); f.truncate(2MiB) fails EINVAL; f.write("x") fails EINVAL }',
            ),
            [],
        );
    });

    test('a guest whose memory is huge pages goes on behind the update, and a device finds its pages where they were', () => {
        assert.deepEqual(
            failuresOf(
                programOf({
                    'f.lus': `
            machine { memory 4GiB }
            kernel "next" from "7.3" { layers hugetlb; cmdline "hugepages=32" }
            scenario "s" {
                boot "next"
                process vmm {
                    ram = memfd_create("ram", hugetlb: 2MiB)
                    ram.truncate(32MiB)
                    state = memfd_create("state")
                    state.truncate(4KiB)
                    guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
                    guest.run(dirty: 200MiB/s)
                    sleep 100ms
                    vm1 = open("/dev/liveupdate").create_session("vm-1")
                    vm1.preserve_fd(ram, token: 1)
                    vm1.preserve_fd(state, token: 2)
                    kexec_file_load("next")
                    guest.pause()
                    guest.save(state)
                    where = phys(ram.folio_at(4MiB))
                    log(where)
                    reboot(KEXEC)
                }
                process vmm {
                    vm1   = open("/dev/liveupdate").retrieve_session("vm-1")
                    ram   = vm1.retrieve_fd(token: 1)
                    state = vm1.retrieve_fd(token: 2)
                    guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
                    guest.load(state)
                    guest.resume()
                    vm1.finish()
                    sleep 100ms
                }
                assert vm("guest").wrong == 0 && vm("guest").written > 30MiB
                assert hugepages(2MiB).nr == 32 && hugepages(2MiB).free == 16
            }`,
                }),
            ),
            [],
        );
    });

    test('what fallocate() adds to the size is no multiple of a page, and all of it is data to lseek()', () => {
        const k = testKernel({ memory: 64 * MiB });
        poolOf(k).resize(4, undefined);
        const f = file(k);
        assert.equal(hugetlbOps.fallocate?.(k, f, 0, 5, HUGE), 0);
        assert.equal(f.inode.size, HUGE + 5);
        assert.equal(inodeOf(f).cache.pages, 1024);
        const seek = (offset: Int, whence: number): Int | string => {
            const at = hugetlbOps.llseek?.(k, f, offset, whence);
            return at instanceof Err || at === undefined ? nameOf(at) : at;
        };
        assert.deepEqual(
            [seek(7, SEEK_DATA), seek(7, SEEK_HOLE), seek(HUGE + 5, SEEK_DATA), seek(-1, SEEK_HOLE)],
            [7, HUGE + 5, 'ENXIO', 'ENXIO'],
        );
        assert.equal(nameOf(hugetlbOps.truncate?.(k, f, 2n ** 62n + 4096n)), 'EINVAL');
        assert.equal(hugetlbOps.truncate?.(k, f, 2n ** 62n), 0);
        assert.equal(f.inode.size, 2n ** 62n);
        assert.equal(seek(-1, SEEK_END), 2n ** 62n - 1n);
    });
});
