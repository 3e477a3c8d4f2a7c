/** Kernels that move their image to a random place. */
import assert from 'node:assert/strict';
import { placeImage, type ToPlace } from '../../../../emulator/kernel/kho/kaslr';
import type { MapChange } from '../../../../emulator/kernel/mm/parameters';
import { Machine } from '../../../../emulator/machine/machine';
import type { Host } from '../../../../emulator/runtime/host/host';
import { correctProgram } from '../../../support/programs';
import { passed } from '../../../support/runs';

const MiB = 2 ** 20;

/** All places that there are, in MiB. */
function placesOf(machine: Machine, wanted: ToPlace): number[] {
    let count = 1;
    const places: number[] = [];
    for (let i = 0; i < count; i++) {
        places.push(
            placeImage(machine, wanted, (alternatives) => {
                count = alternatives;
                return i;
            }) / MiB,
        );
    }
    return places;
}

const machine = new Machine({
    ranges: [
        { start: 0x1000, size: 0x9f000, node: 0 },
        { start: MiB, size: 63 * MiB, node: 0 },
    ],
});
const image = { addr: 16 * MiB, size: 9 * MiB };

suite('places of an image', () => {
    test('are every 2 MiB from where it was loaded on, but not over the initial RAM disk nor its own compressed form', () => {
        const avoid = [{ addr: 50 * MiB, size: 4 * MiB }];
        // the compressed form lies at 22.75 MiB to 25 MiB
        assert.deepEqual(placesOf(machine, { image, avoid, scratch: undefined }), [26, 28, 30, 32, 34, 36, 38, 40, 54]);
    });

    test('are in scratch areas only where there is a handover', () => {
        const scratch = [
            { addr: 28 * MiB, size: 8 * MiB },
            { addr: 40 * MiB, size: 11 * MiB },
        ];
        assert.deepEqual(placesOf(machine, { image, avoid: [], scratch }), [40, 42]);
    });

    test('are none where it does not fit: it stays', () => {
        assert.deepEqual(
            placesOf(machine, { image: { ...image, size: 45 * MiB }, avoid: [], scratch: undefined }),
            [16],
        );
        assert.deepEqual(placesOf(machine, { image, avoid: [], scratch: [] }), [16]);
    });

    test('end where mem= or memmap= says, and are not in ranges of memmap=; with more than four of these it stays', () => {
        const places = (...mapChanges: MapChange[]): number[] =>
            placesOf(machine, { image, avoid: [], scratch: undefined, mapChanges });
        const range = (start: number): MapChange => ({ kind: 'reserve', start: start * MiB, size: MiB });
        const limit = (end: number): MapChange => ({ kind: 'remove', start: end * MiB, size: Infinity });
        assert.deepEqual(places(limit(40)), [26, 28, 30]);
        assert.deepEqual(places(limit(50), limit(40), { kind: 'exact' }), [26, 28, 30]);
        assert.deepEqual(places(limit(20)), [16]);
        assert.deepEqual(places(range(38), range(51)), [26, 28, 40, 42, 52, 54]);
        assert.equal(places(...[38, 40, 42, 44].map(range)).length > 1, true);
        assert.deepEqual(places(...[38, 40, 42, 44, 46].map(range)), [16]);
        const scratch = [{ addr: 28 * MiB, size: 16 * MiB }];
        assert.deepEqual(placesOf(machine, { image, avoid: [], scratch, mapChanges: [limit(40)] }), [28, 30]);
    });

    test('are from 512 MiB on where it was loaded above', () => {
        const large = new Machine({ ranges: [{ start: MiB, size: 1023 * MiB, node: 0 }] });
        const loaded = { addr: 1000 * MiB, size: 9 * MiB };
        const places = placesOf(large, { image: loaded, avoid: [], scratch: undefined });
        assert.equal(places[0], 512);
        assert.deepEqual(places.slice(-4), [996, 1010, 1012, 1014]);
    });
});

/** Where the image of the running kernel begins, in MiB. */
function imageOf({ running, machine: { map, owners, page } }: Host): number {
    for (const { start, size } of map) {
        for (let pfn = Math.ceil(start / page.size); pfn < Math.floor((start + size) / page.size); pfn++) {
            if (owners.name(running.memmap.ownerOf(pfn)) === 'kernel image') {
                return (pfn * page.size) / MiB;
            }
        }
    }
    return assert.fail('no image');
}

const BOOT = (cmdline = ''): string => `
machine { memory 256MiB }
kernel "random" from "7.2" { numa off; kaslr on; initrd 2772KiB }
scenario "s" {
    boot "random" cmdline "${cmdline}"
}`;

const SEEDS = Array.from({ length: 24 }, (_, seed) => seed);

suite('kernels with KASLR', () => {
    test('lie where the seed says, the lowest place with seed 0, and scratch does not always find room', () => {
        const program = correctProgram(BOOT());
        const boots = SEEDS.map((seed) => passed(program, { seed }));
        const places = boots.map(imageOf);
        // behind its own compressed form
        assert.equal(places[0], 28);
        assert.ok(new Set(places).size > SEEDS.length / 2);
        assert.deepEqual(
            places,
            SEEDS.map((seed) => imageOf(passed(program, { seed }))),
        );
        const without = boots.filter((host) => !host.running.kho.enabled);
        assert.ok(without.length > 0 && without.length < SEEDS.length / 2, `${without.length}`);
        for (const host of without) {
            assert.ok(
                [...host.running.log].some(({ text }) => text.includes('failed to reserve scratch area of node 0')),
            );
        }
    });

    test('stay with nokaslr; a value makes it another parameter', () => {
        const at = (cmdline: string, seed: number): number => imageOf(passed(correctProgram(BOOT(cmdline)), { seed }));
        assert.deepEqual(
            SEEDS.map((seed) => at('nokaslr', seed)),
            SEEDS.map(() => 16),
        );
        assert.notEqual(at('', 3), 16);
    });

    test('use the memory that they lie in, and no other memory above mem=', () => {
        for (const seed of SEEDS.slice(0, 6)) {
            const host = passed(correctProgram(BOOT('mem=96M')), { seed });
            const { map } = host.machine;
            assert.ok(map.every(({ start, size }) => start + size <= 96 * MiB));
            assert.ok(imageOf(host) * MiB < 96 * MiB);
        }
        // the firmware's memory is what counts for the place: this map has none at the place of the boot loader
        const host = passed(correctProgram(BOOT('memmap=exactmap memmap=200M@32M')), { seed: 3 });
        const at = imageOf(host) * MiB;
        assert.ok(at > 32 * MiB);
        assert.deepEqual(
            host.machine.map.map(({ start, size }) => [start / MiB, size / MiB]),
            [[32, 200]],
        );
    });

    test('lie in scratch after a kexec with a handover, and what was preserved is intact', () => {
        const program = correctProgram(`
kernel "random" from "7.2" { kaslr on }
scenario "s" {
    boot "random"
    process old {
        s   = open("/dev/liveupdate").create_session("s")
        ram = memfd_create("ram")
        ram.write(pattern(1, 64MiB))
        s.preserve_fd(ram, token: 1)
        kexec_file_load("random")
        reboot(KEXEC)
    }
    process new {
        s   = open("/dev/liveupdate").retrieve_session("s")
        ram = s.retrieve_fd(token: 1)
        assert ram.pread(64MiB, at: 0) == pattern(1, 64MiB)
        s.finish()
    }
}`);
        const places = SEEDS.slice(0, 8).map((seed) => {
            const host = passed(program, { seed });
            const at = imageOf(host) * MiB;
            assert.ok(host.running.kho.scratch.some(({ addr, size }) => at >= addr && at < addr + size));
            return at;
        });
        assert.ok(new Set(places).size > 2);
    });
});
