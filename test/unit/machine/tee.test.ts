/** The table of page owners of confidential guests, against a naive model; who may read and write a page. */
import assert from 'node:assert/strict';
import { Machine } from '../../../emulator/machine/machine';
import type { TeeKind } from '../../../emulator/machine/tee/entry';
import { HardwareFault, PAMT_BLOCK, type Tee } from '../../../emulator/machine/tee/tee';
import { Hasher } from '../../../emulator/machine/hash';
import { Random } from '../../support/random';

const PAGE = 4096;
const GIB = 2 ** 30;
const PAMT = GIB - PAMT_BLOCK;
/** The pages that are given away. */
const FIRST = 0x10_0000;
const PAGES = 24;

function machineWith(kind: TeeKind): { machine: Machine; tee: Tee } {
    const machine = new Machine({ ranges: [{ start: 0, size: GIB, node: 0 }], tee: { kind, slots: 4 } });
    const { tee } = machine;
    assert.ok(tee);
    tee.initialize(kind === 'tdx' ? [PAMT] : []);
    return { machine, tee };
}

function digest(machine: Machine): string {
    const hasher = new Hasher();
    machine.hash(hasher);
    return hasher.digest();
}

suite('confidential guests: owners of pages', () => {
    for (const kind of ['snp', 'tdx'] as const) {
        test(`${kind}: entries are what was assigned, and writes of the host are found`, () => {
            const random = new Random(kind === 'snp' ? 7 : 8);
            const { machine, tee } = machineWith(kind);
            const owners = new Map<number, { slot: number; gfn: number }>();
            const damaged = new Set<number>();
            for (let step = 0; step < 2000; step++) {
                const pa = FIRST + random.below(PAGES) * PAGE;
                const what = random.below(4);
                if (what === 0 && !owners.has(pa)) {
                    const owner = { slot: 1 + random.below(4), gfn: random.below(2 ** 30) };
                    tee.assign(pa, { ...owner, use: 'memory' });
                    owners.set(pa, owner);
                } else if (what === 1) {
                    tee.release(pa);
                    if (owners.delete(pa)) {
                        damaged.delete(pa);
                        assert.equal(machine.memory.readU8(pa) !== 0, kind === 'snp');
                    }
                } else if (what === 2) {
                    const length = 1 + random.below(3 * PAGE);
                    const hit = [...owners.keys()].filter((p) => p < pa + length && p + PAGE > pa);
                    if (kind === 'snp' && hit.length > 0) {
                        assert.throws(() => machine.memory.zero(pa, length), HardwareFault);
                    } else {
                        machine.memory.zero(pa, length);
                        for (const p of hit) {
                            damaged.add(p);
                        }
                    }
                } else {
                    const owner = owners.get(pa);
                    assert.deepEqual(tee.ownerOf(pa), owner && { ...owner, use: 'memory' });
                    const read = tee.hostReads(pa, 1).at(0);
                    if (owner) {
                        assert.equal(read !== 0, kind === 'snp');
                    }
                }
                assert.deepEqual(
                    [...tee.owned()].map((o) => o.pa),
                    [...owners.keys()].sort((a, b) => a - b),
                );
                assert.deepEqual(
                    tee.damaged,
                    [...damaged].sort((a, b) => a - b),
                );
            }
        });

        test(`${kind}: going back to a checkpoint restores owners, guests and damage`, () => {
            const { machine, tee } = machineWith(kind);
            const mark = machine.journal.mark();
            const before = digest(machine);
            assert.ok(tee.launch(1, 'guest', FIRST));
            assert.equal(tee.launch(1, 'other', FIRST + PAGE), undefined);
            tee.assign(FIRST + 2 * PAGE, { slot: 1, gfn: 5, use: 'memory' });
            if (kind === 'tdx') {
                machine.memory.writeU8(FIRST, 1);
                assert.throws(() => tee.consume(FIRST), HardwareFault);
            }
            assert.notEqual(digest(machine), before);
            machine.journal.restore(mark);
            assert.equal(digest(machine), before);
            assert.equal(tee.guests.size, 0);
        });
    }

    test('snp: after a shutdown, the firmware knows no guest and all memory is ciphertext of the host', () => {
        const { machine, tee } = machineWith('snp');
        tee.launch(1, 'guest', FIRST);
        tee.assign(FIRST + PAGE, { slot: 1, gfn: 1, use: 'memory' });
        tee.privileged(() => machine.memory.zero(FIRST + PAGE, PAGE));
        tee.shutdown();
        assert.equal(tee.initialized, false);
        assert.deepEqual([...tee.owned()], []);
        assert.notEqual(machine.memory.readU8(FIRST + PAGE), 0);
        machine.memory.zero(FIRST, 2 * PAGE);
    });
});
