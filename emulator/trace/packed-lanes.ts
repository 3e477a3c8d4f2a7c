/**
 * Lanes in a form that is small and quickly read: a run may have millions of bars. Each row of a lane is one text of
 * base64 with columns of numbers, in the byte order of the machine, which is little-endian wherever editors run.
 */
import { base64, fromBase64 } from '../text/base64';
import type { Bar, Flag, Lanes } from './lanes';

export interface PackedLane {
    readonly group: string;
    readonly name: string;
    /** The outermost bars first. */
    readonly rows: readonly string[];
    readonly flags: readonly Flag[];
}

export interface PackedLanes {
    readonly end: number;
    readonly blackouts: Lanes['blackouts'];
    readonly kexecs: readonly number[];
    /** Names and kinds of bars. */
    readonly labels: readonly (readonly [name: string, kind: string])[];
    /** Lines about bars. */
    readonly details: readonly string[];
    readonly lanes: readonly PackedLane[];
}

/** The bars of one depth of a lane, as columns. They do not overlap, and are sorted. Times in nanoseconds. */
export interface Row {
    readonly begins: Float64Array;
    readonly ends: Float64Array;
    /** Indexes into the labels. */
    readonly labels: Uint32Array;
    /** Indexes into the details. */
    readonly details: Uint32Array;
}

const BYTES_OF_BAR = 24;

export function packed(lanes: Lanes): PackedLanes {
    const labels = new Numbered();
    const details = new Numbered();
    return {
        end: lanes.end,
        blackouts: lanes.blackouts,
        kexecs: lanes.kexecs,
        lanes: lanes.lanes.map(({ group, name, rows, bars, flags }) => {
            const byDepth: Bar[][] = Array.from({ length: rows }, () => []);
            for (const bar of bars) {
                byDepth[bar.depth]?.push(bar);
            }
            return { group, name, flags, rows: byDepth.map((row) => packedRow(row, labels, details)) };
        }),
        labels: labels.texts.map((text): readonly [string, string] => {
            const at = text.indexOf(SEPARATOR);
            return [text.slice(at + 1), text.slice(0, at)];
        }),
        details: details.texts,
    };
}

const SEPARATOR = '\n';

function packedRow(bars: readonly Bar[], labels: Numbered, details: Numbered): string {
    const row = rowOn(new Uint8Array(bars.length * BYTES_OF_BAR));
    for (const [i, bar] of bars.entries()) {
        row.begins[i] = bar.begin;
        row.ends[i] = bar.end;
        row.labels[i] = labels.of(`${bar.kind}${SEPARATOR}${bar.name}`);
        row.details[i] = details.of(bar.details.join('\n'));
    }
    return base64(new Uint8Array(row.begins.buffer));
}

/** @throws Error if the text is not a row */
export function unpackedRow(text: string): Row {
    const bytes = fromBase64(text);
    if (!bytes || bytes.length % BYTES_OF_BAR !== 0) {
        throw new Error('The timeline is damaged.');
    }
    return rowOn(bytes);
}

/** Columns on bytes. */
function rowOn({ buffer, length }: Uint8Array): Row {
    const n = length / BYTES_OF_BAR;
    return {
        begins: new Float64Array(buffer, 0, n),
        ends: new Float64Array(buffer, n * 8, n),
        labels: new Uint32Array(buffer, n * 16, n),
        details: new Uint32Array(buffer, n * 20, n),
    };
}

/** Each text once, by its number. */
class Numbered {
    readonly texts: string[] = [];
    private readonly numbers = new Map<string, number>();

    of(text: string): number {
        const known = this.numbers.get(text);
        if (known !== undefined) {
            return known;
        }
        const number = this.texts.push(text) - 1;
        this.numbers.set(text, number);
        return number;
    }
}
