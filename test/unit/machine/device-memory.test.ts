/** Memory on a device against a naive model: what a reset clears is lost until it is written again. */
import assert from 'node:assert/strict';
import { Bytes } from '../../../emulator/machine/bytes';
import { Clock } from '../../../emulator/machine/clock';
import { DeviceMemory, type DeviceMemoryEvent } from '../../../emulator/machine/devices/device-memory';
import { Hasher } from '../../../emulator/machine/hash';
import { Journal } from '../../../emulator/machine/journal';
import { Random } from '../../support/random';

const SIZE = 300;

function memoryWith(events: DeviceMemoryEvent[]): { memory: DeviceMemory; journal: Journal; clock: Clock } {
    const journal = new Journal();
    const clock = new Clock(journal);
    const port = { name: 'gpu0', powered: true, happened: (event: DeviceMemoryEvent) => events.push(event) };
    return { memory: new DeviceMemory(journal, clock, port, SIZE, 0), journal, clock };
}

const digest = (memory: DeviceMemory): string => {
    const hasher = new Hasher();
    memory.hash(hasher);
    return hasher.digest();
};

suite('memory on a device', () => {
    test('random writes, reads, resets and checkpoints are those of a naive model', () => {
        const random = new Random(1130);
        const events: DeviceMemoryEvent[] = [];
        const { memory, journal } = memoryWith(events);
        let data = new Uint8Array(SIZE);
        let state = Array.from({ length: SIZE }, () => 'new' as 'new' | 'written' | 'lost');
        let saved: { mark: ReturnType<Journal['mark']>; data: Uint8Array; state: typeof state; digest: string } | null =
            null;
        for (let n = 0; n < 4000; n++) {
            const at = random.below(SIZE);
            const length = 1 + random.below(Math.min(40, SIZE - at));
            events.length = 0;
            switch (random.below(12)) {
                case 0: {
                    const bytes = state.filter((s) => s === 'written').length;
                    memory.reset();
                    assert.deepEqual(events, bytes > 0 ? [{ kind: 'cleared', bytes }] : []);
                    state = state.map((s) => (s === 'written' ? 'lost' : s));
                    data = new Uint8Array(SIZE);
                    break;
                }
                case 1:
                    saved = { mark: journal.mark(), data: data.slice(), state: state.slice(), digest: digest(memory) };
                    break;
                case 2:
                    if (saved) {
                        journal.restore(saved.mark);
                        data = saved.data.slice();
                        state = saved.state.slice();
                        assert.equal(digest(memory), saved.digest);
                    }
                    break;
                case 3:
                case 4:
                case 5:
                case 6: {
                    const bytes = Uint8Array.from({ length }, () => random.below(256));
                    memory.write(at, Bytes.of(bytes));
                    data.set(bytes, at);
                    state.fill('written', at, at + length);
                    break;
                }
                default: {
                    assert.deepEqual(memory.read(at, length).toUint8Array(), data.slice(at, at + length));
                    const lost = state.slice(at, at + length).includes('lost');
                    assert.deepEqual(events, lost ? [{ kind: 'lost', at, length, by: 'reader' }] : []);
                }
            }
            assert.equal(memory.lostBytes, state.filter((s) => s === 'lost').length);
        }
    });

    test('a computation adds entries until its memory ends, and depends on weights and entries', () => {
        const run = (seed: number): number[] => {
            const { memory, clock } = memoryWith([]);
            memory.write(0, Bytes.pattern(seed, 100));
            memory.start({ weights: 0, length: 100, cache: 200, every: 10 });
            clock.advance(1000);
            assert.equal(memory.steps, Math.floor((SIZE - 200) / 8));
            return [...memory.read(200, 96).toUint8Array()];
        };
        assert.deepEqual(run(1), run(1));
        assert.notDeepEqual(run(1), run(2));
    });

    test('a cold boot forgets what a reset has cleared', () => {
        const events: DeviceMemoryEvent[] = [];
        const { memory } = memoryWith(events);
        memory.write(0, Bytes.pattern(1, 10));
        memory.reset();
        memory.powerOn();
        events.length = 0;
        memory.read(0, 10);
        assert.deepEqual(events, []);
    });
});
