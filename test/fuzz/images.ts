/** Damaged images of handovers: read, described, and booted from. */
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { handoverReport } from '../../emulator/cli/report/handover';
import { PLAIN } from '../../emulator/cli/style';
import { shown } from '../../emulator/cli/print';
import { unpacked } from '../../emulator/disk/gzip';
import { handoverJson } from '../../emulator/handover/json';
import { inspectFile } from '../../emulator/handover/inspect';
import { shapeOf, shapeText } from '../../emulator/handover/shape';
import { sourceOf } from '../../emulator/machine/core-file';
import { Random } from '../support/random';
import { baseOf, damage, type Base } from '../support/mutate';
import { smallHandover } from '../support/small-handover';
import { takeOver } from '../support/take-over';
import { inRepository } from '../support/repository';
import { Fault, target } from './target';

interface Damaged {
    readonly real: boolean;
    /** Each stands for a change of memory or of the file. */
    readonly damages: readonly number[];
    /** Changes of the compressed file: offset in a million parts, and byte. */
    readonly packed: readonly (readonly [number, number])[];
    readonly boots: boolean;
}

let bases: { readonly small: Base; readonly real: Base } | undefined;

/** Made when they are first needed. */
function basesOf(): NonNullable<typeof bases> {
    if (!bases) {
        const bytes = gunzipSync(readFileSync(inRepository('extension', 'examples', 'real-handover.elf.gz')));
        bases = { small: smallHandover(), real: baseOf(bytes, inspectFile(sourceOf(bytes))) };
    }
    return bases;
}

function bytesOf({ real, damages, packed }: Damaged): Uint8Array | undefined {
    const base = real ? basesOf().real : basesOf().small;
    let bytes: Uint8Array = base.bytes.slice();
    for (const seed of damages) {
        [, bytes] = damage(base, bytes, new Random(seed));
    }
    if (packed.length === 0) {
        return bytes;
    }
    const zipped = gzipSync(bytes, { level: 1 });
    for (const [at, byte] of packed) {
        zipped[Math.floor((at / 1_000_000) * zipped.length)] = byte;
    }
    try {
        return unpacked(zipped);
    } catch (e) {
        // the command and the servers say so in a sentence
        if (e instanceof Error && 'code' in e) {
            return undefined;
        }
        throw e;
    }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

function attempt(input: Damaged): void {
    const bytes = bytesOf(input);
    if (!bytes) {
        return;
    }
    const inspection = inspectFile(sourceOf(bytes), { contents: true, handlers: ['memfd-v2', 'note-v1'] });
    const report = shown(handoverReport('fuzz.elf', inspection, PLAIN));
    if (CONTROL.test(report)) {
        throw new Fault('a report has control characters');
    }
    JSON.stringify(handoverJson(inspection.handover));
    const shape = shapeOf(inspection);
    if (shape) {
        shapeText(shape);
    }
    if (input.boots && !input.real) {
        const sound = inspection.handover.findings.length === 0;
        const { result } = takeOver(bytes, sound ? inspection.handover : undefined);
        if (result === 'hangs') {
            throw new Fault('a boot from an image does not end');
        }
    }
}

export const images = target<Damaged>({
    name: 'images',
    what: 'damaged images of handovers',
    few: 40,
    inputs: fc.record({
        real: fc.boolean(),
        damages: fc.array(fc.integer(), { maxLength: 4 }),
        packed: fc.oneof(
            { arbitrary: fc.constant([]), weight: 6 },
            fc.array(fc.tuple(fc.nat(999_999), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        ),
        boots: fc.nat(9).map((n) => n === 0),
    }),
    attempt,
    shown: (input) => JSON.stringify(input),
});
