/** The root FDT, byte for byte, and what is made of damaged ones. */
import assert from 'node:assert/strict';
import type { PagedMemory } from '../../../../emulator/kernel/kho/env';
import { FdtEditor } from '../../../../emulator/kernel/kho/fdt';
import { fdtChild, fdtIsCompatible, fdtProperty, readFdt } from '../../../../emulator/kernel/kho/fdt-read';
import { Err } from '../../../../emulator/kernel/release/errno';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import {
    addSubtree,
    buildRootFdt,
    nativeU64,
    removeSubtree,
    retrieveSubtree,
} from '../../../../emulator/kernel/kho/root-fdt';
import { Journal } from '../../../../emulator/machine/journal';
import { PhysicalMemory } from '../../../../emulator/machine/memory';
import { Random } from '../../../support/random';

const FDT = 0x5000;

/** Made with the kernel's own libfdt. */
const SEQUENTIAL = `d00dfeed 00000098 00000040 00000078 00000030 00000011 00000010 00000000
    00000020 00000038 00000000 00000000 00000000 00000000 00000000 00000000
    00000001 00000000 00000003 00000007 00000015 6b686f2d 76340000 00000003
    00000008 00000000 00706655 44332211 00000002 00000009 70726573 65727665
    642d6d65 6d6f7279 2d6d6170 00636f6d 70617469 626c6500`;

const TWO_SUBTREES = `d00dfeed 0000011d 00000038 000000e4 00000028 00000011 00000010 00000000
    00000039 000000ac 00000000 00000000 00000000 00000000 00000001 00000000
    00000003 00000007 00000015 6b686f2d 76340000 00000003 00000008 00000000
    00706655 44332211 00000001 4c554f00 00000003 00000008 0000002f 20000000
    00000000 00000003 00000008 00000020 00704503 01000000 00000002 00000001
    6b657865 632d6d65 74616461 74610000 00000003 00000008 0000002f 49000000
    00000000 00000003 00000008 00000020 00604503 01000000 00000002 00000002
    00000009 70726573 65727665 642d6d65 6d6f7279 2d6d6170 00636f6d 70617469
    626c6500 70726573 65727665 642d6461 74610062 6c6f622d 73697a65 00`;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const golden = (text: string): string => text.replace(/\s/g, '');

function liveFdt(): PagedMemory {
    const memory = new PhysicalMemory(new Journal());
    memory.write(FDT, buildRootFdt('kho-v4', 0x1122334455667000));
    return { memory, page: PAGES_4K };
}

function size({ memory }: PagedMemory): number {
    return readFdt(memory.read(FDT, 4096)).size;
}

suite('root FDT', () => {
    test('written front to back, byte for byte', () => {
        assert.equal(hex(buildRootFdt('kho-v4', Number(0x1122334455667000n))), golden(SEQUENTIAL));
    });

    test('two subtrees added, byte for byte', () => {
        const live = liveFdt();
        assert.equal(addSubtree(live, FDT, 'kexec-metadata', 0x103456000, 73), 0);
        assert.equal(size(live), 233);
        assert.equal(addSubtree(live, FDT, 'LUO', 0x103457000, 32), 0);
        assert.equal(hex(live.memory.read(FDT, 285)), golden(TWO_SUBTREES));
    });

    test('room for 68 more, then ENOMEM; removing makes room', () => {
        const live = liveFdt();
        addSubtree(live, FDT, 'kexec-metadata', 0x1000, 73);
        addSubtree(live, FDT, 'LUO', 0x2000, 32);
        for (let i = 0; i < 68; i++) {
            assert.equal(addSubtree(live, FDT, `n${String(i).padStart(4, '0')}`, 0x10000 + i * 4096, 1), 0);
        }
        assert.equal(size(live), 4093);
        const full = addSubtree(live, FDT, 'one more', 0x3000, 1);
        assert.ok(full instanceof Err && full.name === 'ENOMEM');
        assert.equal(size(live), 4093);
        const taken = addSubtree(live, FDT, 'LUO', 0x3000, 1);
        assert.ok(taken instanceof Err && taken.name === 'EEXIST');
        assert.equal(removeSubtree(live, FDT, 0x10000), 'n0000');
        assert.equal(removeSubtree(live, FDT, 0x10000), undefined);
        assert.equal(size(live), 4093 - 56);
        assert.equal(addSubtree(live, FDT, 'again', 0x3000, 1), 0);
        assert.equal(readFdt(live.memory.read(FDT, 4096)).root?.children.length, 70);
    });

    test('a subtree is retrieved as it was added', () => {
        const live = liveFdt();
        addSubtree(live, FDT, 'LUO', 0x103457000, 32);
        const { root, findings } = readFdt(live.memory.read(FDT, 4096));
        assert.deepEqual(findings, []);
        assert.ok(root && fdtIsCompatible(root, 'kho-v4') && !fdtIsCompatible(root, 'kho-v3'));
        assert.equal(hex(fdtProperty(root, 'preserved-memory-map')?.value ?? new Uint8Array()), '0070665544332211');
        assert.deepEqual(retrieveSubtree(root, PAGES_4K, 'LUO', assert.fail), { phys: 0x103457000, size: 32 });
        const missing = retrieveSubtree(root, PAGES_4K, 'luo', assert.fail);
        assert.ok(missing instanceof Err && missing.name === 'ENOENT');
    });

    test('broken subtrees: data is checked before size', () => {
        const editor = FdtEditor.open(buildRootFdt('kho-v4', 0x1000), 4096) ?? assert.fail();
        const properties: [string, [string, Uint8Array][]][] = [
            ['none', []],
            [
                'short',
                [
                    ['preserved-data', new Uint8Array(4)],
                    ['blob-size', nativeU64(3)],
                ],
            ],
            ['nosize', [['preserved-data', nativeU64(3)]]],
            [
                'long',
                [
                    ['preserved-data', nativeU64(2 ** 53 * 2)],
                    ['blob-size', nativeU64(1)],
                ],
            ],
        ];
        for (const [name, list] of properties) {
            const node = editor.addChild(0, name);
            assert.ok(typeof node === 'number');
            for (const [property, value] of list) {
                assert.equal(editor.setProperty(node, property, value), 0);
                assert.equal(hex(editor.property(node, property) ?? assert.fail()), hex(value));
            }
        }
        editor.pack();
        const { root } = readFdt(editor.buffer);
        const results = properties.map(([name]) => {
            const warnings: string[] = [];
            const result = retrieveSubtree(root, PAGES_4K, name, (text) => warnings.push(text));
            return [result instanceof Err ? result.name : result.phys, warnings.length];
        });
        assert.deepEqual(results, [
            ['EINVAL', 0],
            ['EINVAL', 0],
            ['EINVAL', 1],
            [2n ** 54n, 0],
        ]);
    });

    test('setting a property again replaces its value in place', () => {
        const editor = FdtEditor.open(buildRootFdt('kho-v4', 0x1000), 4096) ?? assert.fail();
        assert.equal(editor.setProperty(0, 'compatible', new TextEncoder().encode('something-longer\0')), 0);
        editor.pack();
        const { root, findings } = readFdt(editor.buffer);
        assert.deepEqual(findings, []);
        assert.ok(root && fdtIsCompatible(root, 'something-longer'));
        assert.equal(root.properties[1]?.name, 'preserved-memory-map');
    });

    test('any garbage is read to its end', () => {
        const random = new Random(11);
        const live = liveFdt();
        addSubtree(live, FDT, 'kexec-metadata', 0x103456000, 73);
        addSubtree(live, FDT, 'LUO', 0x103457000, 32);
        const good = live.memory.read(FDT, 4096);
        let damaged = 0;
        for (let round = 0; round < 20000; round++) {
            const blob = good.slice(0, random.below(3) === 0 ? random.below(4097) : 4096);
            for (let i = random.below(4); i >= 0 && blob.length > 0; i--) {
                blob[random.below(Math.min(blob.length, 300))] = random.pick([0, 1, 2, 3, 255, random.below(256)]);
            }
            const { root, findings } = readFdt(blob);
            damaged += findings.length > 0 ? 1 : 0;
            assert.ok(root !== undefined || findings.length > 0);
            if (root) {
                retrieveSubtree(fdtChild(root, '') ?? root, PAGES_4K, 'LUO', () => undefined);
            }
            const editor = FdtEditor.open(blob, 4096);
            if (editor) {
                editor.findChild(0, 'LUO');
                editor.children(0);
            }
        }
        assert.ok(damaged > 5000);
    });
});
