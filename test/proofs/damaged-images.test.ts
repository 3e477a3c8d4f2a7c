/** Damaged images: named findings, and no crash, no hang, no flood of memory, whatever the damage. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Consequence } from '../../emulator/handover/findings';
import { inspectFile, type Inspection } from '../../emulator/handover/inspect';
import { sourceOf } from '../../emulator/machine/core-file';
import { bootDamaged, inspectDamaged } from '../support/fuzz-images';
import { baseOf, type Base } from '../support/mutate';
import { inRepository } from '../support/repository';
import { smallHandover } from '../support/small-handover';
import { takeOver } from '../support/take-over';

const INSPECTED = 5000;
const BOOTED = 250;
const REAL = 150;

interface Image {
    readonly bytes: Uint8Array;
    readonly view: DataView;
    readonly inspection: Inspection;
    /** The offset in the file of an address. */
    at(pa: number): number;
    write(pa: number, value: bigint | number): void;
}

function open(base: Base): Image {
    const bytes = base.bytes.slice();
    const view = new DataView(bytes.buffer);
    const at = (pa: number): number => {
        const s = base.segments.find((x) => pa >= x.pa && pa < x.pa + x.stored);
        assert.ok(s, `0x${pa.toString(16)} is not in the image`);
        return s.offset + pa - s.pa;
    };
    return {
        bytes,
        view,
        inspection: inspectFile(sourceOf(base.bytes)),
        at,
        write: (pa, value) => view.setBigUint64(at(pa), BigInt(value), true),
    };
}

/** What a kernel that boots from it comes to, in words of its log or of the failure. */
type Boot = RegExp | 'everything works';

interface Damage {
    readonly name: string;
    readonly make: (i: Image) => void;
    readonly code: string;
    readonly consequence: Consequence;
    readonly boot?: Boot;
}

function must<T>(value: T | undefined): T {
    assert.ok(value !== undefined);
    return value;
}

const luo = (i: Image): NonNullable<Inspection['handover']['luo']> => must(i.inspection.handover.luo);
const session = (i: Image, name: string): ReturnType<typeof luo>['sessions'][number] =>
    must(luo(i).sessions.find((s) => s.name === name));
const ram = (i: Image): NonNullable<ReturnType<typeof session>['files'][number]['memfd']> =>
    must(session(i, 'large').files[0]?.memfd);
const FDT = (i: Image): number => must(i.inspection.handover.fdtAddr);

const DAMAGES: readonly Damage[] = [
    {
        name: 'no FDT magic',
        make: (i) => i.write(FDT(i), 0),
        code: 'fdt-invalid',
        consequence: 'lost',
        boot: /disabling KHO revival/,
    },
    {
        name: 'an FDT of another version',
        make: (i) =>
            i.bytes.set(
                new TextEncoder().encode('kho-v3'),
                i.at(FDT(i)) + Buffer.from(i.bytes.buffer, i.at(FDT(i)), 4096).indexOf('kho-v4'),
            ),
        code: 'fdt-incompatible',
        consequence: 'lost',
        boot: /is incompatible with 'kho-v4'/,
    },
    {
        name: 'a tree at 0',
        make: (i) => i.write(must(i.inspection.handover.fdt?.properties[1]).offset + FDT(i), 0),
        code: 'map-null',
        consequence: 'lost',
        boot: /disabling KHO revival/,
    },
    {
        name: 'a tree beyond memory',
        make: (i) => i.write(must(i.inspection.handover.fdt?.properties[1]).offset + FDT(i), 0x7000_0000_0000),
        code: 'radix-node-outside',
        consequence: 'panic',
        boot: /kernel panic: unable to handle page fault/,
    },
    {
        name: 'a tree with a loop',
        make: (i) => i.write(Number(i.inspection.handover.radixRoot) + 16, must(i.inspection.handover.radixNodes[0])),
        code: 'radix-node-twice',
        consequence: 'held',
    },
    {
        name: 'an entry that is no page',
        make: (i) => i.write(Number(i.inspection.handover.radixRoot) + 24, 0x1234),
        code: 'radix-entry',
        consequence: 'panic',
        boot: /kernel panic: unable to handle page fault/,
    },
    {
        name: 'another LUO',
        make: (i) => i.bytes.set([0x36], i.at(luo(i).addr) + 5),
        code: 'luo-incompatible',
        consequence: 'panic',
        boot: /kernel panic: The incoming tree failed to initialize/,
    },
    {
        name: 'sessions that lie outside',
        make: (i) => i.write(luo(i).addr + 16, 0x7fff_ffff_f000),
        code: 'session-blocks-outside',
        consequence: 'panic',
        boot: /kernel panic: The incoming tree failed/,
    },
    {
        name: 'a list of sessions that loops',
        make: (i) => i.write(must(luo(i).blocks[1]), must(luo(i).blocks[0])),
        code: 'session-blocks-loop',
        consequence: 'panic',
        boot: /kernel panic: The incoming tree failed/,
    },
    {
        name: 'an absurd count of sessions',
        make: (i) => i.write(must(luo(i).blocks[0]) + 8, 0xffff_ffff_ffff_ffffn),
        code: 'session-blocks-count',
        consequence: 'panic',
        boot: /kernel panic: The incoming tree failed/,
    },
    {
        name: 'an empty block of sessions',
        make: (i) => i.write(must(luo(i).blocks[1]) + 8, 0),
        code: 'session-blocks-count',
        consequence: 'panic',
        boot: /kernel panic: The incoming tree failed/,
    },
    {
        name: 'a list of files that loops',
        make: (i) => i.write(must(session(i, 'many files').blocks[1]), must(session(i, 'many files').blocks[0])),
        code: 'file-blocks-loop',
        consequence: 'fails',
        boot: /fails with EIO/,
    },
    {
        name: 'a file too few',
        make: (i) => i.write(session(i, 'large').addr + 72, 5),
        code: 'file-count',
        consequence: 'fails',
        boot: /fails with EIO/,
    },
    {
        name: 'a handler that nobody has',
        make: (i) => i.write(must(session(i, 'large').files[0]).addr, 0x31_7663_6e65n),
        code: 'handler-unknown',
        consequence: 'fails',
        boot: /fails with EIO/,
    },
    {
        name: 'two sessions of one name',
        make: (i) =>
            i.bytes.copyWithin(
                i.at(session(i, 'session 7').addr),
                i.at(session(i, 'session 8').addr),
                i.at(session(i, 'session 8').addr) + 64,
            ),
        code: 'session-twice',
        consequence: 'fails',
        boot: /fails with EIO/,
    },
    {
        name: 'two files of one token',
        make: (i) => i.write(must(session(i, 'many files').files[3]).addr + 56, 2),
        code: 'token-twice',
        consequence: 'fails',
    },
    {
        name: 'a memfd that lies outside',
        make: (i) => i.write(must(session(i, 'large').files[0]).addr + 48, 0x6f00_0000_0000),
        code: 'memfd-outside',
        consequence: 'panic',
        boot: /kernel panic: unable to handle page fault/,
    },
    {
        name: 'a memfd without data',
        make: (i) => i.write(must(session(i, 'large').files[0]).addr + 48, 0),
        code: 'memfd-no-data',
        consequence: 'fails',
        boot: /fails with EINVAL/,
    },
    {
        name: 'seals of the future',
        make: (i) => i.write(ram(i).addr + 16, 0x100),
        code: 'memfd-seals',
        consequence: 'fails',
        boot: /fails with EOPNOTSUPP/,
    },
    {
        name: 'an absurd count of folios',
        make: (i) => i.write(ram(i).addr + 24, 0xffff_ffff_ffff_fff0n),
        code: 'folios-beyond-array',
        consequence: 'panic',
        boot: /kernel panic: unable to handle page fault/,
    },
    {
        name: 'a list of chunks that loops',
        make: (i) => i.write(must(ram(i).vmalloc.chunks[0]), must(ram(i).vmalloc.chunks[0])),
        code: 'chunk-loop',
        consequence: 'fails',
        boot: /fails with EINVAL/,
    },
    {
        name: 'an array of more pages than there are',
        make: (i) => i.view.setUint32(i.at(ram(i).addr + 40), 0xffff_ffff, true),
        code: 'vmalloc-count',
        consequence: 'fails',
        boot: /fails with EINVAL/,
    },
    {
        name: 'a folio that is not preserved',
        make: (i) => i.write(must(ram(i).vmalloc.pages[0]), 0x5f0n + (3n << 52n)),
        code: 'folio-not-preserved',
        consequence: 'fails',
        boot: /fails with EIO/,
    },
    {
        name: 'a folio twice',
        make: (i) =>
            i.bytes.copyWithin(
                i.at(must(ram(i).vmalloc.pages[0])),
                i.at(must(ram(i).vmalloc.pages[0])) + 16,
                i.at(must(ram(i).vmalloc.pages[0])) + 24,
            ),
        code: 'folio-twice',
        consequence: 'fails',
        boot: /fails with EIO/,
    },
    {
        name: 'two folios at one place',
        make: (i) => i.write(must(ram(i).vmalloc.pages[0]) + 24, 0),
        code: 'folio-overlap',
        consequence: 'fails',
        boot: /fails with EEXIST/,
    },
    {
        name: 'a count of FLBs that no page holds',
        make: (i) => i.write(Number(luo(i).flbsPa) + 8, 1000),
        code: 'flb-count',
        consequence: 'corrupt',
    },
    {
        name: 'metadata of another version',
        make: (i) => i.view.setUint32(i.at(must(i.inspection.handover.metadata).addr), 9, true),
        code: 'metadata-version',
        consequence: 'none',
        boot: 'everything works',
    },
];

suite('damaged images', () => {
    let small: Base;
    suiteSetup(() => {
        small = smallHandover();
    });

    test('the undamaged one is sound, and everything in it can be retrieved', () => {
        const { inspection, bytes } = open(small);
        assert.deepEqual(inspection.handover.findings, []);
        assert.equal(luo(open(small)).sessions.length, 55);
        assert.deepEqual(takeOver(bytes, inspection.handover).message, '');
    });

    for (const { name, make, code, consequence, boot } of DAMAGES) {
        test(name, () => {
            const i = open(small);
            make(i);
            const { handover } = inspectFile(sourceOf(i.bytes), { handlers: ['memfd-v2', 'note-v1'] });
            const found = handover.findings.find((f) => f.code === code);
            assert.ok(found, handover.findings.map((f) => f.code).join());
            assert.equal(found.consequence, consequence);
            if (boot !== undefined) {
                const came = takeOver(i.bytes, i.inspection.handover);
                if (boot === 'everything works') {
                    assert.equal(came.message, '');
                } else {
                    assert.match(`${came.message}\n${came.log.join('\n')}`, boot);
                }
            }
        });
    }

    test('a file that was cut off', () => {
        const { bytes } = small;
        for (const length of [0, 3, 64, 100, 4096, 5000, bytes.length - 4096, bytes.length - 1]) {
            const { handover } = inspectFile(sourceOf(bytes.slice(0, length)));
            assert.ok(
                handover.findings.some((f) => ['not-elf', 'headers-outside', 'segment-cut'].includes(f.code)),
                `${length}`,
            );
        }
    });

    test(`${INSPECTED} damaged images`, function () {
        this.timeout(240_000);
        let sound = 0;
        for (let n = 0; n < INSPECTED; n++) {
            sound += inspectDamaged(small, n).findings.length === 0 ? 1 : 0;
        }
        // Damage to what nobody reads, and to names, is none; most of it is found.
        assert.ok(sound > 0 && sound < INSPECTED / 4, `${sound}`);
        assert.ok(process.memoryUsage().rss < 1.5e9, 'memory grows');
    });

    test(`${REAL} damages of each image of a real kernel, contents read`, function () {
        this.timeout(240_000);
        for (const name of ['image-1', 'image-3']) {
            const bytes = gunzipSync(readFileSync(inRepository('test/conformance/images', `${name}.elf.gz`)));
            const base = baseOf(bytes, inspectFile(sourceOf(bytes)));
            for (let n = 0; n < REAL; n++) {
                inspectDamaged(base, n, n % 10 === 0);
            }
        }
    });

    test(`${BOOTED} boots from damaged images`, function () {
        this.timeout(240_000);
        const results = new Set<string>();
        for (let n = 0; n < BOOTED; n++) {
            results.add(bootDamaged(small, n));
        }
        assert.ok(results.has('passed') && results.has('panic'));
    });
});
