/** Damaged images, inspected and booted from: what has to hold whatever the damage is. */
import assert from 'node:assert/strict';
import type { HandoverView } from '../../emulator/handover/model';
import { inspectFile } from '../../emulator/handover/inspect';
import { sourceOf } from '../../emulator/machine/core-file';
import { Random } from './random';
import { mutated, type Base } from './mutate';
import { takeOver } from './take-over';

/** Findings that an image may have, and one whose sizes stay within bounds whatever the image says. */
const MOST_FINDINGS = 700;
/** Milliseconds; an inspection takes three. A machine that runs other things, too, is given some more. */
const LONGEST = 20_000;
const HANDLERS = ['memfd-v2', 'note-v1'];

/** The damaged image with this number; the same in every run. */
function damagedImage(base: Base, number: number): { bytes: Uint8Array; done: string } {
    const { bytes, done } = mutated(base, new Random(Math.imul(number, 0x9e3779b1)));
    return { bytes, done: `image ${number}: ${done.join('; ')}` };
}

/** Takes it apart: no exception, no hang, findings where something is wrong. */
export function inspectDamaged(base: Base, number: number, contents = false): HandoverView {
    const { bytes, done } = damagedImage(base, number);
    const start = performance.now();
    try {
        const { handover } = inspectFile(sourceOf(bytes), { contents, handlers: HANDLERS });
        assert.ok(performance.now() - start < LONGEST, 'it takes too long');
        assert.ok(handover.findings.length < MOST_FINDINGS, 'too many findings are kept');
        for (const f of handover.findings) {
            assert.match(f.code, /^[a-z]+(-[a-z]+)*$/);
            assert.ok(f.text.length > 0 && f.text.length < 600, f.text);
        }
        return handover;
    } catch (e) {
        throw new Error(`${done}: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`);
    }
}

/** Findings with which no kernel comes up. */
const PANICS = [
    'radix-entry',
    'luo-incompatible',
    'luo-too-small',
    'session-blocks-loop',
    'session-blocks-count',
    'luo-subtree',
];
/** Findings with which a kernel comes up as if nothing had been handed over. */
const LOSSES = ['fdt-invalid', 'fdt-incompatible', 'map-missing', 'map-null'];
/** Boots that came to nothing because the image leaves no place for a kernel: nothing about the handover. */
const NO_BOOT =
    /does not fit into the scratch areas|which this machine does not have|is not a memory image|does not contain the addresses of its scratch|Failed to allocate/;

/**
 * Boots from it: the emulator neither breaks nor hangs, and the kernel does what the findings say. @returns what came
 * of it
 */
export function bootDamaged(base: Base, number: number): string {
    const h = inspectDamaged(base, number);
    const { bytes, done } = damagedImage(base, number);
    const sound = h.findings.length === 0;
    try {
        const { result, message, log } = takeOver(bytes, sound ? h : undefined);
        const codes = new Set(h.findings.map((f) => f.code));
        assert.notEqual(result, 'hangs');
        if (NO_BOOT.test(message)) {
            return 'no boot';
        }
        if (sound) {
            assert.equal(message, '', 'nothing wrong was found, so everything must work');
        }
        const lost = LOSSES.some((c) => codes.has(c));
        if (lost) {
            assert.ok(
                log.some((l) => l.includes('disabling KHO revival')) || /no KHO root FDT/.test(message),
                'all should be lost',
            );
        } else if (PANICS.some((c) => codes.has(c)) && !codes.has('scratch-entry') && !codes.has('scratch-outside')) {
            assert.equal(result, 'panic', 'it should panic');
        }
        return result;
    } catch (e) {
        throw new Error(
            `${done}: ${[...new Set(h.findings.map((f) => f.code))].join(' ')}: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`,
        );
    }
}
