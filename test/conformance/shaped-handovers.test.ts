/**
 * Handovers of an emulated kernel for a machine whose FDT address and scratch areas are given: what a real kernel
 * reads of them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inspectFile, type Inspection } from '../../emulator/handover/inspect';
import { sourceOf } from '../../emulator/machine/core-file';
import { loadProgram } from '../../emulator/run/load-program';
import { handoversOf } from '../support/handovers';
import { diskHost, findingsOf, programOf } from '../support/programs';
import { failuresOf } from '../support/runs';
import { inRepository } from '../support/repository';

const FOLDER = inRepository('test/conformance/images');

function real(): Inspection {
    return inspectFile(sourceOf(gunzipSync(readFileSync(`${FOLDER}/image-1.elf.gz`))));
}

function emulated(): { image: Uint8Array; inspection: Inspection } {
    const program = loadProgram(diskHost, `${FOLDER}/shape-1.lus`);
    assert.deepEqual(findingsOf(program), []);
    const { host, images } = handoversOf(program, program.scenarios[0]?.name.value ?? '');
    assert.equal(host.interpreter.outcome?.failure, undefined);
    const [image] = images;
    assert.ok(image);
    return { image, inspection: inspectFile(sourceOf(image)) };
}

suite('handovers for a machine of a given shape', () => {
    test('FDT, array and scratch areas lie where they are wanted, and nothing else lies in scratch', () => {
        const { handover, file } = emulated().inspection;
        const expected = real().handover;
        assert.equal(handover.fdtAddr, expected.fdtAddr);
        assert.equal(handover.scratchAddr, expected.scratchAddr);
        assert.deepEqual(handover.scratch, expected.scratch);
        assert.deepEqual(handover.findings, []);
        for (const s of file.segments) {
            assert.ok(
                !handover.scratch.some((a) => s.pa < a.addr + a.size && a.addr < s.pa + s.size),
                `0x${s.pa.toString(16)}`,
            );
            assert.ok(s.pa >= 0x100000 && s.pa + s.size <= 0xffe0000 && s.stored === s.size);
        }
    });

    test('the bytes that a kernel reads are those of the real one, but for addresses', () => {
        const a = real();
        const b = emulated().inspection;
        const page = (i: Inspection, pa: number | undefined, from: number, to: number): string =>
            Buffer.from(i.memory.read((pa ?? 0) + from, to - from)).toString('hex');
        // Of the FDT: everything but the three addresses in it.
        for (const [from, to] of [
            [0, 96],
            [104, 144],
            [152, 208],
            [216, 285],
        ] as const) {
            assert.equal(page(b, 0x4c2000, from, to), page(a, 0x4c2000, from, to), `FDT ${from}`);
        }
        assert.equal(b.handover.fdtSize, 285);
        assert.equal(page(b, b.handover.metadata?.addr, 0, 4096), page(a, a.handover.metadata?.addr, 0, 4096));
        assert.equal(page(b, b.handover.luo?.addr, 0, 16), page(a, a.handover.luo?.addr, 0, 16));
        assert.equal(page(b, b.handover.scratchAddr, 0, 48), page(a, a.handover.scratchAddr, 0, 48));
        // The block of sessions: its header, and the names.
        const blocks = [a, b].map((i) => ({ i, pa: i.handover.luo?.blocks[0] }));
        const [theirs, ours] = blocks.map(
            ({ i, pa }) => page(i, pa, 0, 16 + 64) + page(i, pa, 16 + 80, 16 + 80 + 64) + page(i, pa, 16 + 160, 4096),
        );
        assert.equal(ours, theirs);
        // The memfd with a position and seals: all of its structure but the address of its chunk.
        const memfds = [a, b].map((i) => ({ i, pa: i.handover.luo?.sessions[0]?.files[1]?.memfd?.addr }));
        const [small, mine] = memfds.map(({ i, pa }) => page(i, pa, 0, 32) + page(i, pa, 40, 4096));
        assert.equal(mine, small);
        // The first folio of guest memory: flags and index beside its page frame.
        const arrays = [a, b].map((i) => ({ i, memfd: i.handover.luo?.sessions[0]?.files[0]?.memfd }));
        for (const { i, memfd } of arrays) {
            const first = memfd?.folios.at(0)?.pfn ?? 0;
            assert.equal(
                page(i, memfd?.vmalloc.pages[0], 0, 16),
                Buffer.from(BigUint64Array.of(BigInt(first) + (3n << 52n), 0n).buffer).toString('hex'),
            );
        }
        assert.deepEqual(
            b.handover.luo?.sessions[0]?.files.slice(0, 2).map((f) => f.memfd?.content?.fnv1a64),
            a.handover.luo?.sessions[0]?.files.slice(0, 2).map((f) => f.memfd?.content?.fnv1a64),
        );
    });

    test('an emulated kernel takes it over from the image', () => {
        const { image } = emulated();
        const text = `machine { map 0x1000 .. 0x9fc00; map 0x10_0000 .. 0xffe_0000 }
            scenario "s" {
                boot "7.2-uma" from image "made"
                process p {
                    lu = open("/dev/liveupdate")
                    db = lu.retrieve_session("in-memory-db")
                    table = db.retrieve_fd(token: 0xffff_ffff_ffff_ffff)
                    assert table.pread(700000 - 15, at: 15) == pattern(201, 700000 - 15, offset: 15)
                    lu.retrieve_session("empty")
                    vm = lu.retrieve_session("vm-1")
                    small = vm.retrieve_fd(token: 2)
                    assert small.pos == 1234
                    vm.finish()
                    db.finish()
                }
                assert kho.incoming.unclaimed == 0
            }`;
        const program = loadProgram(
            {
                read: (uri) => (uri === 'x.lus' ? text : undefined),
                readBytes: () => image,
            },
            'x.lus',
        );
        assert.deepEqual(failuresOf(program), []);
    });

    test('places that cannot be taken say why', () => {
        const failure = (machine: string): string =>
            failuresOf(
                programOf({ 'x.lus': `machine { memory 256MiB; ${machine} }\nscenario "s" { boot "7.2-uma" }` }),
            ).join();
        assert.match(
            failure('kho_fdt 0x100_0000'),
            /the KHO FDT at 0x1000000 would lie on the kernel image at 0x1000000/,
        );
        assert.match(
            failure('scratch_array 0x1000_0000'),
            /the machine has no memory for the KHO scratch array at 0x10000000/,
        );
        assert.match(
            failure('scratch 0x800_0000 size 32MiB'),
            /the machine names 1 scratch area, but this kernel has 3/,
        );
        assert.deepEqual(
            findingsOf(
                programOf({
                    'x.lus':
                        'machine { memory 1GiB; scratch 0x800_1000 size 32MiB; kho_fdt 5 }\nscenario "s" { boot "7.2" }',
                }),
            ),
            ['1: LU0311: `scratch` must be a multiple of 4MiB.', '1: LU0311: `kho_fdt` must be a multiple of 4KiB.'],
        );
        assert.match(
            findingsOf(programOf({ 'x.lus': 'machine { scratch 0x800_0000 }\nscenario "s" { boot "7.2" }' })).join(),
            /LU0304: Expected `scratch 0xcc0_0000 size 40MiB`/,
        );
    });
});
