/**
 * KSTATE against a naive model: structs of random fields, which appear and disappear with versions, are saved by one
 * kernel and loaded by another with another layout. A field has the saved value exactly when both versions have it.
 */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../support/programs';
import { Random } from '../support/random';
import { failuresOf } from '../support/runs';

const RUNS = 40;
const TYPES = [
    ['u8', 1],
    ['u16', 2],
    ['u32', 4],
    ['u64', 8],
] as const;
const NEWEST = 4;

interface Field {
    readonly name: string;
    readonly type: string;
    readonly size: number;
    /** The first and the last version that have it. */
    readonly from: number;
    readonly to: number;
    readonly value: number;
}

const has = (f: Field, version: number): boolean => f.from <= version && version <= f.to;

function fieldOf(random: Random, index: number): Field {
    const [type, size] = TYPES[random.below(TYPES.length)] ?? assert.fail();
    const from = random.below(NEWEST);
    return {
        name: `f${index}`,
        type,
        size,
        from,
        to: random.below(3) === 0 ? from + random.below(NEWEST) : NEWEST,
        value: 1 + random.below(250),
    };
}

/** The struct as a kernel of this version has it: the fields in any order. */
function struct(random: Random, name: string, fields: readonly Field[]): string {
    const order = fields.map((f) => [random.below(1000), f] as const).sort(([a], [b]) => a - b);
    return `struct ${name} {\n    pad: u8\n${order.map(([, f]) => `    ${f.name}: ${f.type}\n`).join('')}}\n`;
}

/** Its description in a version: fields that are gone are deprecated, those to come are left out. */
function description(name: string, fields: readonly Field[], version: number): string {
    const described = fields
        .filter((f) => f.from <= version)
        .map((f) =>
            f.to < version
                ? `KSTATE_BASE_TYPE_DEPRECATED("${f.name}", ${f.size}, ${f.to})`
                : `KSTATE_BASE_TYPE_V(${name}, "${f.name}", ${f.from})`,
        );
    return `kstate_description("s", 7, ${version}, [${described.join(', ')}])`;
}

function scenario(random: Random): string {
    const fields = Array.from({ length: 1 + random.below(12) }, (_, i) => fieldOf(random, i));
    // deprecated fields of a stream are told by the last version that has them: a field is never new and gone at once
    const old = random.below(NEWEST);
    const next = old + random.below(NEWEST - old + 1);
    const known = fields.filter((f) => f.from <= old || f.to >= next);
    const instances = 1 + random.below(3);
    const all = Array.from({ length: instances }, (_, i) => i);
    return `${struct(random, 'Old', known)}${struct(random, 'New', known)}
kernel "old" from "7.3" {
    layers kstate
    init {
${all
    .map(
        (i) => `        s${i} = at(Old, phys(alloc_folio()))
${known.map((f) => `        s${i}.${f.name} = ${f.value + i}\n`).join('')}        kstate_register(${description('Old', known, old)}, s${i}, ${i})
`,
    )
    .join('')}    }
}
kernel "new" from "7.3" {
    layers kstate
    init {
${all
    .map(
        (i) => `        s${i} = at(New, phys(alloc_folio()))
        kstate_restore(${description('New', known, next)}, s${i}, ${i})
        kstate_register(${description('New', known, next)}, s${i}, ${i})
`,
    )
    .join('')}    }
}
scenario "s" {
    boot "old"
    process p {
        kexec_file_load("new")
        reboot(KEXEC)
    }
${all
    .map(
        (i) => `    s${i} = at(New, kstate.entries[${instances - 1 - i}].address)
${known.map((f) => `    assert s${i}.${f.name} == ${has(f, old) && has(f, next) ? f.value + i : 0}\n`).join('')}`,
    )
    .join('')}}
`;
}

suite('KSTATE', () => {
    test('loads what a naive model says', () => {
        const random = new Random(1115);
        for (let run = 0; run < RUNS; run++) {
            const text = scenario(random);
            const program = programOf(text);
            assert.deepEqual(findingsOf(program), [], text);
            assert.deepEqual(failuresOf(program), [], text);
        }
    });
});
