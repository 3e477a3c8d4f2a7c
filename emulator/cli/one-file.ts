/** What commands about one file begin with. */
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
 * Reads and checks the one file that the arguments name. Its errors are printed; then there is no program.
 * @throws BadArguments if they name none, several, or one that is not there
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

/** The scenarios of a program, or the one of this name. @throws BadArguments if there is none */
export function scenariosOf(program: Program, name: string | undefined): readonly ScenarioDecl[] {
    const found = program.scenarios.filter((s) => name === undefined || s.name.value === name);
    if (found.length === 0) {
        throw new BadArguments(name === undefined ? 'This file has no scenario.' : `No scenario is called "${name}".`);
    }
    return found;
}
