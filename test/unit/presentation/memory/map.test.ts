/** Maps of physical memory, against one that looks at every page; and their size for terabytes. */
import assert from 'node:assert/strict';
import { isPreserved } from '../../../../emulator/diagnosis/pointer-walk';
import type { Kernel } from '../../../../emulator/kernel/kernel';
import { memoryMap } from '../../../../emulator/presentation/memory/build';
import { MemoryMap, totalsOf, type Kind } from '../../../../emulator/presentation/memory/map';
import { MemoryMoments, momentOf, type Moment } from '../../../../emulator/presentation/memory/moments';
import { PageSet } from '../../../../emulator/presentation/memory/page-set';
import { changesBetween, piecesOf } from '../../../../emulator/presentation/memory/window';
import { Run } from '../../../../emulator/run/run';
import type { Host } from '../../../../emulator/runtime/host/host';
import { programOf } from '../../../support/programs';
import { Random } from '../../../support/random';
import { FOREVER } from '../../../support/runs';

/** A memfd that is retrieved, a session without its files, memory that is not preserved, on two nodes. */
const UPDATE = `
machine {
    memory 192MiB
    memory 128MiB node 1
}
scenario "two sessions" {
    boot "7.2"
    process luod {
        lu   = open("/dev/liveupdate")
        kept = lu.create_session("kept")
        ram  = memfd_create("guest-ram")
        ram.truncate(3MiB)
        ram.pwrite(pattern(7, 2MiB), at: 0)
        kept.preserve_fd(ram, token: 1)
        left  = lu.create_session("left")
        other = memfd_create("left behind")
        other.truncate(64KiB)
        other.pwrite("lost", at: 0)
        left.preserve_fd(other, token: 1)
        gone = memfd_create("not preserved")
        gone.pwrite("gone", at: 64KiB)
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
    process luod {
        lu    = open("/dev/liveupdate")
        kept  = lu.retrieve_session("kept")
        ram   = kept.retrieve_fd(token: 1)
        fresh = memfd_create("fresh")
        fresh.pwrite("new", at: 0)
        again = lu.create_session("again")
        again.preserve_fd(fresh, token: 2)
    }
}
`;

const MiB = 2 ** 20;
const program = programOf(UPDATE);

interface Seen {
    readonly host: Host;
    readonly before: Moment | undefined;
}

function run(): Seen {
    const { host } = Run.start(program, {});
    const moments = MemoryMoments.attach(host);
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    return { host, before: moments.before };
}

/** The state of a page in the plainest way. */
function plainKind(
    host: Host,
    kernel: Kernel,
    pfn: number,
): 'free' | 'scratch' | 'owned' | 'preserved' | 'unclaimed' | 'claimed' {
    const { size } = host.machine.page;
    const state = kernel.memmap.stateOf(pfn);
    if (state === 'free') {
        return kernel.kho.touchesScratch(pfn * size, size) ? 'scratch' : 'free';
    }
    if (state === 'preserved') {
        return 'unclaimed';
    }
    if (isPreserved(kernel.kho, pfn * size)) {
        return 'preserved';
    }
    const last = host.machine.history.of(pfn).at(-1);
    return last?.kind === 'restored' && last.kernel === host.machine.boots ? 'claimed' : 'owned';
}

const OWNED: readonly Kind[] = ['kernel', 'user', 'guest', 'tables', 'scratch'];

function compare(host: Host, map: MemoryMap): void {
    const { kernel, machine } = host;
    assert.ok(kernel);
    const { size } = machine.page;
    let pages = 0;
    for (const { start, size: bytes } of machine.map) {
        for (let pfn = Math.ceil(start / size); (pfn + 1) * size <= start + bytes; pfn++) {
            const found = map.find(pfn);
            assert.ok(found, `page ${pfn}`);
            const kind = plainKind(host, kernel, pfn);
            assert.ok(
                kind === found.kind || (kind === 'owned' && OWNED.includes(found.kind)),
                `page ${pfn} is ${kind}, not ${found.kind}`,
            );
            if (kind !== 'free' && kind !== 'scratch' && kind !== 'unclaimed') {
                assert.equal(found.owner, machine.owners.name(kernel.memmap.ownerOf(pfn)), `page ${pfn}`);
            }
            pages++;
        }
    }
    assert.equal(
        Object.values(totalsOf(map)).reduce((a, b) => a + b, 0),
        pages * size,
    );
}

suite('the map of physical memory', () => {
    const seen = run();

    test('says of every page what the page itself says, before and after a kexec', () => {
        const { host, before } = seen;
        compare(host, memoryMap(host, before?.map));
        const { host: early } = Run.start(program, {});
        let compared = 0;
        early.listeners.report({
            phase: (phase) => {
                if (phase === 'jump') {
                    compare(early, memoryMap(early));
                    compared++;
                }
            },
        });
        early.interpreter.run(FOREVER);
        assert.equal(compared, 1);
    });

    test('keeps the names of owners over the kexec: claimed memory has a new owner, unclaimed memory the old one', () => {
        const { host, before } = seen;
        const map = memoryMap(host, before?.map);
        const owners = (kind: Kind): string[] => [
            ...new Set([...map.within(0, 1 << 20)].filter((r) => r.kind === kind).map((r) => r.owner)),
        ];
        assert.ok(owners('unclaimed').includes('memfd left behind'), owners('unclaimed').join());
        assert.ok(owners('claimed').includes('memfd'), owners('claimed').join());
        assert.ok(owners('preserved').includes('memfd fresh'), owners('preserved').join());
        assert.equal(before?.kernel, 1);
        const bytes = totalsOf(before.map);
        // 3 MiB of the guest, 64 KiB of the other file, and the structures
        assert.ok(bytes.preserved > 3 * MiB && bytes.preserved < 4 * MiB, String(bytes.preserved));
        assert.equal(bytes.claimed + bytes.unclaimed, 0);
    });

    test('is kept at the kexec: going back forgets it, and going again makes the same', () => {
        const { host } = Run.start(program, {});
        const moments = MemoryMoments.attach(host);
        const start = host.machine.journal.mark();
        host.interpreter.run(FOREVER);
        const first = moments.before;
        host.machine.journal.restore(start);
        assert.equal(moments.before, undefined);
        assert.ok(first);
        assert.deepEqual([...first.map.within(0, 1 << 20)], [...(seen.before?.map.within(0, 1 << 20) ?? [])]);
    });

    test('pieces add up to the runs, at any resolution and in any window', () => {
        const { host, before } = seen;
        const { map } = momentOf(host, before);
        const random = new Random(3);
        for (let i = 0; i < 200; i++) {
            const from = random.below(80_000) * 4096;
            const to = from + (1 + random.below(40_000)) * 4096;
            const buckets = 1 + random.below(50);
            const pieces = piecesOf(map, from, to, buckets);
            assert.ok(pieces.length <= buckets);
            const sums = new Map<string, number>();
            let at = from;
            for (const piece of pieces) {
                assert.ok(piece.from >= at && piece.to <= to);
                at = piece.to;
                for (const { kind, bytes } of piece.shares) {
                    sums.set(kind, (sums.get(kind) ?? 0) + bytes);
                }
            }
            const plain = new Map<string, number>();
            for (const r of map.within(from / 4096, to / 4096)) {
                plain.set(r.kind, (plain.get(r.kind) ?? 0) + (r.end - r.start) * 4096);
            }
            assert.deepEqual([...sums].sort(), [...plain].sort());
        }
    });

    test('changes between two maps are those of their pages', () => {
        const { host, before } = seen;
        const after = memoryMap(host, before?.map);
        assert.ok(before);
        const [from, to] = [1 << 20, 160 << 20];
        let plain = 0;
        for (let pfn = from / 4096; pfn < to / 4096; pfn++) {
            const [a, b] = [before.map.find(pfn), after.find(pfn)];
            plain += a && b && (a.kind !== b.kind || a.owner !== b.owner) ? 4096 : 0;
        }
        for (const buckets of [1, 7, 500, 100_000]) {
            const found = changesBetween(before.map, after, from, to, buckets);
            assert.ok(found.length <= buckets);
            assert.equal(
                found.reduce((n, c) => n + c.bytes, 0),
                plain,
            );
        }
    });

    test('of 4 TiB: a bounded number of runs and of pieces', () => {
        const large = programOf(`
            machine { memory 2TiB
                      memory 2TiB node 1 }
            kernel "large" from "7.2" { cmdline "hugepagesz=1G hugepages=64" }
            scenario "s" { boot "large" }`);
        const { host } = Run.start(large, {});
        host.interpreter.run(FOREVER);
        const map = memoryMap(host);
        assert.equal(map.grain, 1);
        assert.ok(map.length < 1000, String(map.length));
        assert.equal(
            Object.values(totalsOf(map)).reduce((a, b) => a + b, 0),
            host.machine.ram.reduce(
                (n, r) => n + Math.floor((r.start + r.size) / 4096) * 4096 - Math.ceil(r.start / 4096) * 4096,
                0,
            ),
        );
        assert.ok(totalsOf(map).user === 64 * 2 ** 30);
        assert.ok(piecesOf(map, 0, 2 ** 42, 100).length <= 100);
    });

    test('that has too many runs becomes coarser, and keeps all of its memory', () => {
        const map = new MemoryMap(4096, [{ node: 0, start: 0, end: 1 << 20 }], 1000);
        const random = new Random(1);
        let at = 0;
        for (let i = 0; i < 20_000; i++) {
            const next = at + 1 + random.below(40);
            map.add(at, next, i % 3 === 0 ? 'free' : 'kernel', `owner ${i % 7}`);
            at = next;
        }
        assert.ok(map.length <= 1000);
        assert.ok(map.grain > 1);
        let end = 0;
        for (let i = 0; i < map.length; i++) {
            assert.equal(map.at(i).start, end);
            ({ end } = map.at(i));
        }
        assert.equal(end, at);
    });
});

suite('sets of pages', () => {
    test('are those of a plain set after random changes', () => {
        const random = new Random(9);
        const set = new PageSet();
        const plain = new Set<number>();
        for (let i = 0; i < 120; i++) {
            const start = random.below(140_000);
            const end = start + random.below(random.below(4) === 0 ? 70_000 : 40);
            const adds = random.below(3) > 0;
            set[adds ? 'add' : 'remove'](start, end);
            for (let pfn = start; pfn < end; pfn++) {
                plain[adds ? 'add' : 'delete'](pfn);
            }
        }
        let at = 5;
        let last: boolean | undefined;
        set.split(5, 220_000, (start, end, inside) => {
            assert.equal(start, at);
            assert.notEqual(inside, last);
            [at, last] = [end, inside];
            for (let pfn = start; pfn < end; pfn++) {
                assert.equal(plain.has(pfn), inside, String(pfn));
            }
        });
        assert.equal(at, 220_000);
        assert.equal(set.has(5), plain.has(5));
    });
});
