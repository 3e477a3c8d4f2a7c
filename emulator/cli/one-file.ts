/** The common part of commands with one file. */
import { isNamed } from '../language/syntax/variants';
import type { ScenarioDecl } from '../language/syntax/ast';
import type { Program } from '../language/program';
import { errorsOf, loadProgram } from '../run/load-program';
import { openAll, prettyFinding } from './check';
import { Files } from './files';
import { BadArguments } from './options';
import { styleFor } from './style';
import { findingOf } from './where';
import { complain } from './print';

/**
 * Reads and checks the file in the arguments. If it has errors, prints them and returns no program.
 * @throws BadArguments if the arguments name no file, several, or one that does not exist
 */
export function openOne(
    positionals: readonly string[],
): { readonly files: Files; readonly program: Program } | undefined {
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) {
        throw new BadArguments('Name one file.');
    }
    const files = new Files();
    const program = loadProgram(files, openAll(files, [name])[0] ?? name);
    const errors = errorsOf(program);
    for (const e of errors) {
        complain(prettyFinding(files, findingOf(files, e), styleFor(process.stderr, process.env)));
    }
    return errors.length > 0 ? undefined : { files, program };
}

/** The scenarios of a program, or the one with this name. @throws BadArguments if there is none */
export function scenariosOf(program: Program, name: string | undefined): readonly ScenarioDecl[] {
    const found = program.scenarios.filter((s) => name === undefined || isNamed(s, name));
    if (found.length === 0) {
        throw new BadArguments(name === undefined ? 'This file has no scenario.' : `There is no scenario "${name}".`);
    }
    return found;
}
