/** The machine of a memory image: what the image says of it, and scenarios on a machine like it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inspectFile } from '../../../emulator/handover/inspect';
import { shapeOf, shapeText } from '../../../emulator/handover/shape';
import { buildParameters, memoryMapAt } from '../../../emulator/kernel/kho/boot-params';
import { X86_64 } from '../../../emulator/kernel/release/arch';
import { sourceOf } from '../../../emulator/machine/core-file';
import { Machine, pcMemory } from '../../../emulator/machine/machine';
import { machineView } from '../../../emulator/machine/view';
import { errorsOf, loadProgram } from '../../../emulator/run/load-program';
import { Run } from '../../../emulator/run/run';
import { inRepository } from '../../support/repository';
import { failureOf } from '../../support/runs';

const MiB = 1024 * 1024;
const REAL = gunzipSync(readFileSync(inRepository('test/conformance/images/image-1.elf.gz')));
const SHAPE = 'kho_fdt 0x4c2000\n    scratch_array 0xfc29000\n    scratch 0xcc00000 size 0x2800000';

function programWith(machine: string): ReturnType<typeof loadProgram> {
    const text = `${machine}\nscenario "s" {\n    boot "7.2"\n}\n`;
    return loadProgram(
        { read: (uri) => (uri === 'a.lus' ? text : undefined), readBytes: () => REAL, exists: () => true },
        'a.lus',
    );
}

function refused(machine: string, why: RegExp): void {
    const program = programWith(machine);
    assert.deepEqual(errorsOf(program), []);
    assert.throws(() => Run.start(program), why);
}

suite('the shape of a machine', () => {
    test('an image of what is preserved says where root FDT and scratch areas are, not what memory there is', () => {
        const shape = shapeOf(inspectFile(sourceOf(REAL)));
        assert.ok(shape);
        assert.equal(shape.mapFrom, undefined);
        assert.ok(shapeText(shape).includes(SHAPE), shapeText(shape));
    });

    test('boot parameters in memory say what memory there is', () => {
        const machine = new Machine({ ranges: pcMemory([{ size: 6144 * MiB, node: 0 }]) });
        const params = {
            arch: X86_64,
            commandLine: '',
            kernel: { addr: 0x100_0000, size: MiB },
            initrd: undefined,
            kho: undefined,
        };
        machine.memory.write(0x9_0000, buildParameters(machine, 0x9_0000, params));
        const view = machineView(machine);
        assert.deepEqual(
            memoryMapAt(view, 0x9_0000),
            machine.map.map(({ start, size }) => ({ start, size })),
        );
        assert.equal(memoryMapAt(view, 0x9_1000), undefined);
    });

    test('a machine like an image has its scratch areas, and the memory that the scenario says', () => {
        const program = programWith(
            'machine like "real.elf.gz" { map 0x1000 .. 0x9fc00; map 0x10_0000 .. 0xffe_0000 }',
        );
        assert.deepEqual(errorsOf(program), []);
        const { places } = Run.start(program).host.machine;
        assert.equal(places.fdt, 0x4c2000);
        assert.equal(places.scratchArray, 0xfc29000);
        assert.deepEqual(places.scratch[0], { addr: 0xcc0_0000, size: 40 * MiB });
    });

    test('what an image does not say is asked for', () => {
        refused('machine like "real.elf.gz"', /does not contain the memory map of its machine/);
        refused('machine { like "real.elf.gz"; arch arm64 }', /another architecture\. Add `arch x86_64`/);
    });

    test('like stays a name elsewhere', () => {
        const text = 'fn like(like) { return like }\nscenario "s" { boot "7.2"; assert like(1) == 1 }';
        const program = loadProgram({ read: () => text }, 'a.lus');
        assert.deepEqual(errorsOf(program), []);
        assert.equal(failureOf(program), undefined);
    });
});
