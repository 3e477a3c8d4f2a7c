/** Handover images of a real kernel, read and compared with what an independent walk of the bytes found in them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { inspectFile } from '../../emulator/handover/inspect';
import { handoverJson } from '../../emulator/handover/json';
import { contentOf } from '../../emulator/handover/memfd';
import { Bytes } from '../../emulator/machine/bytes';
import { sourceOf } from '../../emulator/machine/core-file';
import { ROOT } from '../support/repository';

const FOLDER = path.join(ROOT, 'test/conformance/images');
const image = (n: number): Uint8Array => gunzipSync(readFileSync(path.join(FOLDER, `image-${n}.elf.gz`)));

/** Every value of `expected` is in `actual`, at the same place. @returns how many there are. */
function contains(actual: unknown, expected: unknown, place: string): number {
    if (typeof expected !== 'object' || expected === null) {
        assert.deepEqual(actual, expected, place);
        return 1;
    }
    assert.ok(typeof actual === 'object' && actual !== null, `${place} is missing`);
    if (Array.isArray(expected)) {
        assert.ok(Array.isArray(actual));
        assert.equal(actual.length, expected.length, `${place}: length`);
    }
    const found = new Map<string, unknown>(Object.entries(actual));
    return Object.entries(expected).reduce(
        (n, [key, value]) => n + contains(found.get(key), value, `${place}/${key}`),
        0,
    );
}

suite('handover images of a real kernel', () => {
    for (const [n, values] of [
        [1, 80],
        [3, 60],
    ] as const) {
        test(`image ${n}: every value is as expected, and nothing is wrong`, () => {
            const expected: unknown = JSON.parse(readFileSync(path.join(FOLDER, `image-${n}.expected.json`), 'utf8'));
            const { handover } = inspectFile(sourceOf(image(n)));
            assert.ok(contains(handoverJson(handover), expected, '') >= values);
            assert.deepEqual(handover.findings, []);
            assert.equal(handover.unknownPages, 0);
        });
    }

    test('the contents of a memfd come folio by folio', () => {
        const { handover, memory } = inspectFile(sourceOf(image(3)));
        const ram = handover.luo?.sessions[0]?.files[0]?.memfd;
        assert.ok(ram);
        const pieces = [...contentOf(memory, ram.folios, ram.size)];
        const whole = Bytes.concat(
            ...pieces.map(
                (p) => new Bytes([p.content], p.content.kind === 'bytes' ? p.content.bytes.length : p.content.length),
            ),
        );
        assert.equal(whole.length, 8 * 1024 * 1024);
        // 61*31 = 0x763: the pattern of seed 61 begins with 0x63.
        assert.ok(whole.slice(0, 4096).equals(Bytes.pattern(61, 4096)));
        assert.equal(whole.fnv1a64(), '44ec4b46d0544235');
    });

    test('the FDT can be named, and a wrong address is a finding', () => {
        const source = sourceOf(image(1));
        assert.equal(inspectFile(source, { fdt: 0x4c2000 }).handover.luo?.sessions.length, 3);
        const wrong = inspectFile(source, { fdt: 0x4c3000 }).handover;
        assert.deepEqual(
            wrong.findings.map((f) => [f.code, f.consequence]),
            [['fdt-invalid', 'lost']],
        );
        assert.deepEqual(
            inspectFile(source, { fdt: 0x1000 }).handover.findings.map((f) => f.code),
            ['fdt-outside'],
        );
    });

    test('a kernel without a handler for a file cannot open its device', () => {
        const { findings } = inspectFile(sourceOf(image(1)), { handlers: ['memfd-v2'] }).handover;
        assert.deepEqual(
            findings.map((f) => f.code),
            ['handler-unknown', 'handler-unknown'],
        );
        assert.match(findings[0]?.text ?? '', /luotest-a-v1/);
        assert.equal(findings[0]?.consequence, 'fails');
    });
});
