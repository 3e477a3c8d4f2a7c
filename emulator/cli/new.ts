/** `lus new`: writes the start of a handler, an agent or a scenario, which runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { errorsOf, loadProgram } from '../run/load-program';
import { format } from '../services/format/format';
import { capital, listed } from '../text/text';
import { BadArguments, parse, type Command } from './options';
import { print } from './print';
import { hasCode, shippedFile } from './shipped-files';

const KINDS = ['handler', 'agent', 'scenario'];

/** The name that the templates have. */
const SAMPLE = 'sample';

export const command: Command = (args) => {
    const { positionals } = parse(args, {});
    const [kind, name] = positionals;
    if (kind === undefined || !KINDS.includes(kind) || name === undefined || positionals.length > 2) {
        throw new BadArguments(`Name what to write (${listed(KINDS, 'or')}) and its name: lus new handler nic.`);
    }
    const file = `${name}.lus`;
    const text = started(kind, name);
    try {
        writeFileSync(file, text, { flag: 'wx' });
    } catch (e) {
        throw new BadArguments(
            hasCode(e, 'EEXIST')
                ? `${file} exists already.`
                : `${file} cannot be written: ${e instanceof Error ? e.message : String(e)}.`,
        );
    }
    print(`${file} is written. Run it:\n\n  lus run ${file}\n`);
    return 0;
};

/**
 * The template of a kind with another name.
 * @throws BadArguments if the name cannot be used
 */
function started(kind: string, name: string): string {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
        throw new BadArguments(`The name must consist of a-z, 0-9 and _, and begin with a letter; not "${name}".`);
    }
    const template = readFileSync(shippedFile('templates', `${kind}.lus`), 'utf8');
    const text = template.replaceAll(SAMPLE, name).replaceAll(capital(SAMPLE), capital(name));
    const [error] = errorsOf(loadProgram({ read: (uri) => (uri === name ? text : undefined) }, name));
    if (error) {
        throw new BadArguments(`"${name}" cannot be the name: ${error.message}`);
    }
    const laidOut = format(name, text);
    return 'refused' in laidOut ? text : laidOut.text;
}
