/**
 * Memory that moves: compaction, pins that move memory out of scratch first, and what becomes of preserved folios
 * that nobody pinned.
 */
import { Diagnoses } from '../../../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { Err } from '../../../../emulator/kernel/release/errno';
import { compactMemory, moveToOrdinary, pagesInCma } from '../../../../emulator/kernel/fs/movable';
import { memfdAllocFile, memfdPinFolios, unpinFolios } from '../../../../emulator/kernel/fs/memfd';
import { BackgroundMemory } from '../../../../emulator/kernel/mm/background-memory';
import { ShmemInode } from '../../../../emulator/kernel/fs/shmem';
import { readShmem, writeShmem } from '../../../../emulator/kernel/fs/shmem-file';
import { minus } from '../../../../emulator/machine/int';
import { Bytes } from '../../../../emulator/machine/bytes';
import { fingerprint } from '../../../../emulator/timeline/fingerprint';
import { Run } from '../../../../emulator/run/run';
import { programOf } from '../../../support/programs';
import { FOREVER, failuresOf } from '../../../support/runs';
import { testKernel, type TestKernel } from '../../../support/files-kernel';
import { Random } from '../../../support/random';

const MiB = 1 << 20;
const PAGE = 4096;

function memfd(k: TestKernel, name: string, huge: boolean): ShmemInode {
    const { inode } = memfdAllocFile(k, name, 0, huge);
    assert.ok(inode instanceof ShmemInode);
    return inode;
}

suite('movable memory', () => {
    test('compaction keeps every byte, loses no page, and leaves alone what is pinned', () => {
        const random = new Random(5);
        for (let round = 0; round < 40; round++) {
            const k = testKernel({ memory: 32 * MiB, cma: 8 * MiB });
            const free = k.pages.freePages();
            const files = Array.from({ length: 4 }, (_, i) => {
                const file = memfdAllocFile(k, `f${i}`, 0, random.below(2) === 0);
                assert.ok(file.inode instanceof ShmemInode);
                const length = (1 + random.below(700)) * PAGE;
                const data = Bytes.pattern(round * 4 + i, length);
                writeShmem(k, file.inode, 0, data);
                return { file, inode: file.inode, data };
            });
            const taken = k.pages.freePages();
            const [pinned] = files;
            assert.ok(pinned);
            const list = memfdPinFolios(k, pinned.file, 0, minus(pinned.inode.size, 1));
            assert.ok(!(list instanceof Err));
            const before = Array.from({ length: list.length }, (_, i) =>
                pinned.inode.cache.at(k.memmap.index(list.pfn(i))),
            );
            compactMemory(k);
            assert.equal(k.pages.freePages(), taken);
            assert.deepEqual(
                Array.from({ length: list.length }, (_, i) => list.pfn(i)),
                before,
            );
            for (const { inode, data } of files) {
                assert.ok(readShmem(k, inode, 0, Number(inode.size)).equals(data));
            }
            unpinFolios(k, list);
            for (const { file } of files) {
                k.journal.edit(file.inode).opens--;
                file.inode.evict(k);
            }
            assert.equal(k.pages.freePages(), free);
            assert.equal(k.shmem.size, 0);
        }
    });

    test('compaction of a large host: as many moves as there are folios, and not a byte copied twice', () => {
        const k = testKernel({ memory: 4096 * MiB });
        const inode = memfd(k, 'large', false);
        writeShmem(k, inode, 0, Bytes.pattern(1, 600 * MiB));
        assert.equal(compactMemory(k), 600 * 256);
        assert.equal(compactMemory(k), 0);
        assert.ok(readShmem(k, inode, 599 * MiB, MiB).equals(Bytes.pattern(1, MiB, 599 * MiB)));
    });

    test('a folio that somebody else refers to, or that is locked, does not move', () => {
        const k = testKernel();
        const inode = memfd(k, 'f', false);
        writeShmem(k, inode, 0, Bytes.pattern(1, PAGE));
        const head = inode.cache.at(0);
        const free = k.pages.freePages();
        k.folios.get(head);
        assert.equal(compactMemory(k), 0);
        k.folios.put(head);
        k.folios.setFlag(head, 4);
        assert.ok(moveToOrdinary(k, inode, 0) instanceof Err);
        k.folios.clearFlag(head, 4);
        k.folios.failMigration = () => true;
        assert.equal(compactMemory(k), 0);
        assert.equal(k.pages.freePages(), free, 'what was meant for it is free again');
        k.folios.failMigration = undefined;
        assert.equal(compactMemory(k), 1);
        assert.equal(pagesInCma(k, inode), 0);
    });

    test('each folio costs its migration and its copy', () => {
        const k = testKernel({ memory: 16 * MiB, cma: 8 * MiB });
        const file = memfdAllocFile(k, 'f', 0, false);
        assert.ok(file.inode instanceof ShmemInode);
        const normal = k.pages.freePages() - k.pages.freeCmaPages();
        const backgroundMemory = new BackgroundMemory(k.journal);
        backgroundMemory.fill(k.pages, 1, 8, undefined);
        assert.equal(k.pages.freePages() - k.pages.freeCmaPages(), 8);
        writeShmem(k, file.inode, 0, Bytes.pattern(1, 16 * PAGE));
        assert.equal(pagesInCma(k, file.inode), 8);
        k.pages.clock = k.clock;
        backgroundMemory.leave(k.pages);
        assert.equal(k.pages.freePages() - k.pages.freeCmaPages(), normal - 8);
        const before = k.clock.now;
        const list = memfdPinFolios(k, file, 0, 16 * PAGE - 1);
        assert.ok(!(list instanceof Err));
        // 16 pins of 20 ns; 8 migrations of 2 µs, 8 copies of a page at 100 µs a MiB, 8 allocations of 90 ns and 8
        // pages freed at 60 ns
        assert.equal(Math.round(k.clock.now - before), 16 * 20 + 8 * 2000 + 8 * Math.round(100_000 / 256) + 8 * 150);
    });

    test('a page moves to another node, and not to one that is not there', () => {
        assert.deepEqual(
            failuresOf(
                programOf({
                    'f.lus': `
            machine {
                memory 1GiB
                memory 1GiB node 1
            }
            scenario "two nodes" {
                boot "7.2"
                process p {
                    ram = memfd_create("ram")
                    ram.write(pattern(1, 64KiB))
                    from = phys(ram.folio_at(0))
                    assert ram.move_pages(node: 1) == 16
                    assert phys(ram.folio_at(0)) >= 0x4000_0000 && from < 0x4000_0000
                    assert ram.move_pages(node: 1) == 0
                    assert ram.pread(64KiB, at: 0) == pattern(1, 64KiB)
                    ram.move_pages(node: 2)  fails ENODEV
                    vm1 = open("/dev/liveupdate").create_session("vm-1")
                    vm1.preserve_fd(ram, token: 1)
                    assert ram.move_pages(node: 0) == 0, "pinned"
                    open("/dev/null").move_pages(node: 0)  fails EINVAL
                }
            }`,
                }),
            ),
            [],
        );
    });

    const CARELESS = `
        handler careless "careless-v1" for memfd {
            can_preserve(file) { return file.is_shmem }
            preserve(args) {
                folio = shmem_get_folio(args.file.inode, 0)
                kho.preserve_folio(folio)
                args.serialized_data = phys(folio)
                folio.put()
            }
            unpreserve(args) { kho.unpreserve_folio(shmem_get_folio(args.file.inode, 0)) }
            retrieve(args)   { }
            finish(args)     { }
        }
        kernel "careless" from "7.2" {
            handlers - memfd
            handlers + careless
        }
        fn if_huge(huge: bool) { if huge { return 2MiB }; return 4KiB }
        fn preserve(huge: bool) {
            ram = memfd_create("ram", huge: huge)
            ram.write(pattern(1, if_huge(huge)))
            vm1 = open("/dev/liveupdate").create_session("vm-1")
            vm1.preserve_fd(ram, token: 1)
            return [ram, vm1]
        }
        scenario "s" { boot "careless"; process p { fds = preserve(HUGE); ram = fds[0]; vm1 = fds[1] }; STEPS }`;
    const found = (steps: string, huge = false): string[] => {
        const program = programOf({ 'f.lus': CARELESS.replace('STEPS', steps).replace('HUGE', String(huge)) });
        assert.deepEqual(
            program.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
            [],
        );
        const { host } = Run.start(program, { scenario: 's' });
        host.interpreter.run(FOREVER);
        return (Diagnoses.of(host)?.found.items ?? [])
            .filter((d) => d.code === 'LU1050')
            .map((d) => String(d.data['how']));
    };

    test('a preserved folio that moves, is split or truncated is found; one that is not preserved any more is not', () => {
        assert.deepEqual(found('compact_memory()'), ['moved']);
        assert.deepEqual(found('compact_memory(); compact_memory()'), ['moved'], 'once');
        assert.deepEqual(found('p { ram.punch(0, length: 4KiB) }', true), ['split', 'freed']);
        assert.deepEqual(
            found('p { ram.punch(1MiB, length: 4KiB) }', true),
            ['split', 'freed'],
            'a page in the middle',
        );
        assert.deepEqual(found('p { ram.truncate(0) }'), ['freed']);
        assert.deepEqual(found('p { ram.truncate(0) }', true), ['freed']);
        assert.deepEqual(found('p { ram.truncate(4KiB) }'), []);
        assert.deepEqual(
            found('p { ram.pwrite("x", at: 0); vm1.close() }; compact_memory(); p { ram.truncate(0) }'),
            [],
        );
    });

    test('memory that a handler frees while it is preserved is found at the kexec; what it unpreserves before is not', () => {
        const codes = (body: string, steps = ''): string[] => {
            const program = programOf({
                'f.lus': `
                file card at "/dev/card0" {
                    ring: folio
                    open() { ring = alloc_folio(order: 1) }
                }
                handler card_handler "card-v1" for card {
                    can_preserve(file) { return file.kind == card }
                    preserve(args) { kho.preserve_folio(args.file.ring); args.serialized_data = phys(args.file.ring); ${body} }
                    unpreserve(args) { kho.unpreserve_folio(args.file.ring) }
                    retrieve(args)   { args.file = new card(ring: kho.restore_folio(args.serialized_data)) }
                    finish(args)     { }
                }
                kernel "card" from "7.2" { handlers + card_handler }
                scenario "s" {
                    boot "card"
                    process p {
                        vm1 = open("/dev/liveupdate").create_session("vm-1")
                        vm1.preserve_fd(open("/dev/card0"), token: 1)
                        ${steps}
                        kexec_file_load("card")
                        reboot(KEXEC)
                    }
                }`,
            });
            const { host } = Run.start(program, { scenario: 's' });
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure?.message, undefined);
            return (Diagnoses.of(host)?.found.items ?? [])
                .filter((d) => d.code === 'LU1050')
                .map((d) => `${String(d.data['callback'])} ${String(d.data['pages'])}`);
        };
        assert.deepEqual(codes('put_folio(args.file.ring)'), ['card_handler.preserve 2']);
        assert.deepEqual(codes(''), []);
        assert.deepEqual(
            codes(
                'kho.unpreserve_folio(args.file.ring); put_folio(args.file.ring); args.file.ring = alloc_folio(order: 1); kho.preserve_folio(args.file.ring)',
            ),
            [],
        );
        assert.deepEqual(
            codes('', 'vm1.close(); vm1 = open("/dev/null"); m = memfd_create("m"); m.write(pattern(1, 64KiB))'),
            [],
        );
    });

    test('going back takes a compaction back', () => {
        const program = programOf({
            'f.lus': `
            scenario "s" {
                boot "7.2"
                fill_memory(leave: 4MiB)
                process p { ram = memfd_create("ram", huge: true); ram.write(pattern(1, 9MiB)) }
                compact_memory()
                p { ram.punch(2MiB, length: 8KiB) }
                empty_memory()
                p { assert ram.size == 9MiB }
            }`,
        });
        const { host } = Run.start(program, { scenario: 's' });
        const whole = Run.start(program, { scenario: 's' }).host;
        whole.interpreter.run(FOREVER);
        for (let stop = host.interpreter.run(0); stop?.reason !== 'end'; ) {
            const saved = host.interpreter.checkpoint();
            const before = fingerprint(host);
            host.interpreter.run(40);
            host.interpreter.restore(saved);
            assert.equal(fingerprint(host), before);
            stop = host.interpreter.run(25);
        }
        assert.equal(fingerprint(host), fingerprint(whole));
    });
});
