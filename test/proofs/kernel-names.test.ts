/**
 * Diagnoses do not depend on how the shipped kernel code is spelled: with other names for all of its parameters and
 * variables, and for its functions, the same is found in the whole catalogue and in the examples, at the same places
 * and with the same causes.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import { NATIVES } from '../../emulator/diagnosis/natives';
import { PAGES_4K } from '../../emulator/machine/arch';
import type { Place } from '../../emulator/findings/place';
import type { Library } from '../../emulator/kernel/release/layers';
import { check, checkStd } from '../../emulator/language/check/check';
import type { Program } from '../../emulator/language/program';
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { KERNEL_NATIVES } from '../../emulator/runtime/natives/tracepoints';
import { libraryWith, standardLibrary } from '../../emulator/runtime/standard-library';
import { LIBRARY_SOURCES } from '../../emulator/std/texts';
import { entries, FOLDER } from '../support/catalogue';
import { diskHost, findingsOf } from '../support/programs';
import { inRepository } from '../support/repository';
import { edited, renamedFunctions, renamedVariables, type Edit, type NewName } from '../support/rename';

/** Operations; far more than any of the scenarios takes. */
const FOREVER = 1e12;

/** What the emulator calls by its name: the ways into the kernel that are no native. */
const CALLED_BY_HOST = ['start_kernel', 'do_exit', 'task_work'];

/** The functions of std that natives are made of. */
const behindNatives = new Set(
    [
        ...KERNEL_NATIVES.functions.values(),
        ...KERNEL_NATIVES.fd.methods.values(),
        ...[...KERNEL_NATIVES.objects.values()].flatMap((o) => [...o.methods.values()]),
    ].flatMap((native) => native.code ?? []),
);

/** The kernel code of every release, and the texts of its files. */
interface KernelCode {
    readonly standard: typeof standardLibrary;
    readonly textOf: (uri: string) => string | undefined;
}

const SHIPPED: KernelCode = { standard: standardLibrary, textOf: (uri) => LIBRARY_SOURCES.get(uri) };

/** The same with other names in it. */
function renamed(editsOf: (program: Program) => Edit[]): KernelCode {
    const texts = new Map<string, string>();
    const checked = new Map<string, Program>();
    const standard = (library: Library = libraryWith(new Set()), page = PAGES_4K): Program => {
        const key = `${page.size} ${library.join(' ')}`;
        let program = checked.get(key);
        if (!program) {
            const shipped = standardLibrary(library, page);
            const edits = editsOf(shipped);
            assert.ok(edits.length > 0);
            const files = [...shipped.files].map(([uri, { text }]) => ({ uri, text: edited(uri, text, edits) }));
            program = checkStd(files, KERNEL_NATIVES, page);
            assert.deepEqual(findingsOf(program), []);
            checked.set(key, program);
            for (const { uri, text } of files) {
                texts.set(uri, text);
            }
        }
        return program;
    };
    return { standard, textOf: (uri) => texts.get(uri) };
}

/** Names that nothing else has, by where they are declared. Made anew they are the same. */
class Names {
    private readonly shipped = new Map<string, string>();
    private readonly files = [...LIBRARY_SOURCES.keys()];

    readonly of: NewName = (uri, at) => {
        const name = `other_${this.files.indexOf(uri)}_${at}`;
        this.shipped.set(name, /^\w+/.exec(LIBRARY_SOURCES.get(uri)?.slice(at) ?? '')?.[0] ?? '');
        return name;
    };

    /** Pages are owned by the function that allocated them, so findings may have its name. */
    undone(text: string): string {
        return text.replace(/\bother_\d+_\d+\b/g, (name) => this.shipped.get(name) ?? name);
    }
}

const names = new Names();
const withOtherVariables = renamed((program) => renamedVariables(program, names.of));
const withOtherFunctions = renamed((program) =>
    renamedFunctions(program, (name) => CALLED_BY_HOST.includes(name) || behindNatives.has(name), names.of),
);

/** What is found in a scenario, with its places, causes and times. Places in kernel code by what stands there. */
function found(file: string, scenario: string, { standard, textOf }: KernelCode): string[] {
    const said = (key: string, value: unknown): unknown => {
        if (!isPlace(key, value)) {
            return value;
        }
        return textOf(value.uri)?.slice(value.start, value.end) ?? value;
    };
    const program = check(diskHost, file, NATIVES, (layers, page) => standard(libraryWith(layers), page));
    const { host } = Run.start(program, { scenario, standard });
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    return (Diagnoses.of(host)?.found.items ?? []).map((d) =>
        names.undone(JSON.stringify({ ...d, cause: d.cause && [d.cause.code, d.cause.message] }, said)),
    );
}

function isPlace(key: string, value: unknown): value is Place {
    return key === 'place' && typeof value === 'object' && value !== null && 'uri' in value;
}

const examples = inRepository('extension/examples');
const files = [
    ...entries().map((e) => path.join(FOLDER, e.file)),
    ...readdirSync(examples)
        .filter((f) => f.endsWith('.lus'))
        .map((f) => path.join(examples, f)),
];

suite('kernel code with other names', () => {
    test('has none of its own', () => {
        const variables = [...withOtherVariables.standard().code.values()].flatMap((c) => c.locals);
        assert.ok(variables.length > 150);
        assert.deepEqual(
            variables.filter((v) => !v.name.startsWith('other_')),
            [],
        );
        const functions = [...withOtherFunctions.standard().fns.keys()];
        const others = functions.filter((name) => name.startsWith('other_'));
        assert.ok(others.length > functions.length / 2);
    });

    for (const file of files) {
        const { scenarios } = loadProgram(diskHost, file);
        for (const { name } of scenarios) {
            test(`${path.basename(file)}: ${name.value}`, () => {
                const expected = found(file, name.value, SHIPPED);
                assert.deepEqual(found(file, name.value, withOtherVariables), expected, 'variables');
                assert.deepEqual(found(file, name.value, withOtherFunctions), expected, 'functions');
            });
        }
    }
});
