/**
 * Fingerprints that are remembered until something changes: after any changes, checkpoints and ways back they are those
 * of new state with the same content, of which nothing can be remembered.
 */
import assert from 'node:assert/strict';
import { PAGES_4K } from '../../../emulator/machine/arch';
import { Hasher } from '../../../emulator/machine/hash';
import { Journal, type Mark } from '../../../emulator/machine/journal';
import { PhysicalMemory } from '../../../emulator/machine/memory';
import { PageCache } from '../../../emulator/kernel/fs/pagecache';
import { FreeSet } from '../../../emulator/kernel/mm/free-set';
import { Memmap } from '../../../emulator/kernel/mm/memmap';
import { Random } from '../../support/random';

interface State {
    hash(hasher: Hasher): void;
}

/** A change of a state, which can be made again with another one. */
type Change<T> = (state: T) => void;

const CHANGES = 400;

/** @param draw the next change of a state that these changes have led to */
function proves<T extends State>(make: (journal: Journal) => T, draw: (random: Random, state: T) => Change<T>): void {
    const value = (state: State): number => {
        const hasher = new Hasher();
        state.hash(hasher);
        return hasher.value();
    };
    for (let seed = 0; seed < 4; seed++) {
        const random = new Random(seed);
        const journal = new Journal();
        const state = make(journal);
        let made: Change<T>[] = [];
        const marks: { readonly mark: Mark; readonly made: readonly Change<T>[] }[] = [];
        const seen = new Set<number>();
        for (let i = 0; i < CHANGES; i++) {
            const what = random.below(12);
            const kept = marks[random.below(Math.max(marks.length, 1))];
            if (what === 0) {
                marks.push({ mark: journal.mark(), made: [...made] });
            } else if (what === 1 && kept) {
                journal.restore(kept.mark);
                made = [...kept.made];
                marks.length = marks.indexOf(kept) + 1;
            } else if (what === 2 && kept) {
                journal.drop(kept.mark);
                marks.splice(marks.indexOf(kept), 1);
            } else if (what === 3) {
                journal.newEpoch();
            } else {
                const change = draw(random, state);
                change(state);
                made.push(change);
            }
            const found = value(state);
            seen.add(found);
            if (random.below(4) === 0) {
                const fresh = make(new Journal());
                for (const change of made) {
                    change(fresh);
                }
                assert.equal(found, value(fresh), `seed ${seed}, change ${i}`);
            }
        }
        assert.ok(seen.size > CHANGES / 3, 'the fingerprint changes');
    }
}

const MIB = 2 ** 20;

suite('remembered fingerprints', () => {
    test('of physical memory', () => {
        proves(
            (journal) => new PhysicalMemory(journal),
            (random) => {
                const pa = random.below(3) * 1024 * MIB + random.below(4) * 2 * MIB + random.below(6) * 4096;
                const n = random.below(250) + 1;
                switch (random.below(5)) {
                    case 0:
                        return (m) => m.zero(pa, n * 4096);
                    case 1:
                        return (m) => m.fillPattern(pa, n * 4096, n, 0);
                    case 2:
                        return (m) => m.zero(Math.floor(pa / (1024 * MIB)) * 1024 * MIB, 1024 * MIB);
                    default:
                        return (m) => m.writeU64(pa + n * 8, n);
                }
            },
        );
    });

    test('of page metadata', () => {
        proves(
            (journal) => new Memmap(journal),
            (random, memmap) => {
                const order = random.pick([0, 0, 1, 9, 10]);
                const pfn = random.below(300 / 2 ** Math.min(order, 5)) * 2 ** order + random.below(2) * 65536;
                const n = random.below(1000);
                return memmap.isAllocated(pfn)
                    ? random.pick<Change<Memmap>>([
                          (m) => m.setRefs(m.headOf(pfn), n),
                          (m) => m.setFlags(m.headOf(pfn), n % 16),
                          (m) => m.setOwner(m.headOf(pfn), n),
                      ])
                    : (m) => m.initFolio(pfn, order, n);
            },
        );
    });

    test('of a set of free blocks', () => {
        proves(
            (journal) => new FreeSet(journal, 200_000),
            (random, set) => {
                const i = random.below(4) * 40_000 + random.below(30);
                return set.has(i) ? (s) => s.remove(i) : (s) => s.add(i);
            },
        );
    });

    test('of the pages of a file', () => {
        proves(
            (journal) => new PageCache(journal, PAGES_4K),
            (random, cache) => {
                const base = random.below(3) * 262_144 + random.below(3) * 512;
                const n = random.below(8);
                if (cache.at(base) < 0 && cache.isVacant(base, 9) && random.below(3) === 0) {
                    return (c) => c.insert(base, 512 * (n + 1), 9);
                }
                if (cache.behind(base) === base + 512) {
                    return random.below(2) === 0 ? (c) => c.split(base) : (c) => c.remove(base, 9);
                }
                return cache.at(base + n) < 0 ? (c) => c.insert(base + n, n + 7, 0) : (c) => c.remove(base + n, 0);
            },
        );
    });
});
