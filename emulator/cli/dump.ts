/** `lus dump`: the compiled code of functions, callbacks and scenarios. */
import { type Coded, codedIn, formOf } from '../runtime/compile/forms';
import type { CodeForm } from '../runtime/form/form';
import { printForm } from '../runtime/form/print';
import { resolveKernel } from '../runtime/host/kernels';
import { libraryWith, standardLibrary } from '../runtime/standard-library';
import { isRecording } from '../recording/program';
import { near } from '../language/nearest';
import type { Program } from '../language/program';
import { LineMap } from '../language/syntax/positions';
import { ProgramError } from '../language/values';
import { openOne } from './one-file';
import { BadArguments, parse, type Command } from './options';
import { print } from './print';

const EXIT_ERRORS = 2;

export const command: Command = (args) => {
    const parsed = parse(args, { format: { type: 'string' }, kernel: { type: 'string' } });
    const format = parsed.oneOf('format', ['pretty', 'json']);
    const [file, name, ...more] = parsed.positionals;
    if (file === undefined || more.length > 0) {
        throw new BadArguments('Name one file, and optionally a function of it or of the kernel.');
    }
    if (isRecording(file)) {
        throw new BadArguments('A recording has no code. Convert it to a scenario with lus import.');
    }
    const opened = openOne([file]);
    if (!opened) {
        return EXIT_ERRORS;
    }
    const { files, program } = opened;
    const library = libraryOf(program, parsed.text('kernel'));
    const found = name === undefined ? formsIn(program, program.main) : formsNamed([program, library], name);
    print(
        format === 'json'
            ? json(file, found)
            : found.map(({ form, lines }) => printForm(form, lines, files.display(form.uri))).join('\n'),
    );
    return 0;
};

/** The form of a piece of code, and the lines of its file. */
interface Found {
    readonly form: CodeForm;
    readonly lines: LineMap;
}

/** The kernel code to print: that of the given kernel, otherwise of the default one with the layers of the program. */
function libraryOf(program: Program, kernel: string | undefined): Program {
    if (kernel === undefined) {
        return standardLibrary(libraryWith(program.layers));
    }
    try {
        return standardLibrary(resolveKernel(program, kernel).desc.library);
    } catch (e) {
        throw e instanceof ProgramError ? new BadArguments(e.message) : e;
    }
}

function found(program: Program, decl: Coded): Found {
    const form = formOf(program, decl);
    return { form, lines: new LineMap(program.files.get(form.uri)?.text ?? '') };
}

function formsIn(program: Program, uri: string): Found[] {
    return codedIn(program, uri).map((decl) => found(program, decl));
}

/** @throws BadArguments if there is no code with this name */
function formsNamed(programs: readonly Program[], name: string): Found[] {
    const known: string[] = [];
    for (const program of programs) {
        const all = [...program.files.keys()].flatMap((uri) => codedIn(program, uri));
        const here = all.filter((decl) => namesOf(program, decl).includes(name));
        if (here.length > 0) {
            return here.map((decl) => found(program, decl));
        }
        known.push(...all.flatMap((decl) => namesOf(program, decl)));
    }
    const meant = near(name, known);
    throw new BadArguments(
        `There is no function, callback or scenario "${name}". Name a callback with its owner: memfd.freeze.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    );
}

/** A scenario also has a short name without its kind. */
function namesOf(program: Program, decl: Coded): string[] {
    const { name } = formOf(program, decl);
    return decl.kind === 'scenario' ? [decl.name.value, name] : [name];
}

function json(file: string, all: readonly Found[]): string {
    const code = all.map(({ form, lines }) => ({
        ...form,
        line: lines.position(form.span.start).line,
        statements: form.statements.map((s) => ({ ...s, line: lines.position(s.span.start).line })),
    }));
    // JSON numbers cannot represent the largest integers of the language
    const value = (_key: string, v: unknown): unknown => (typeof v === 'bigint' ? String(v) : v);
    return `${JSON.stringify({ version: 1, file, code }, value, 2)}\n`;
}
