/** `lus explain`: prints the section about a code from the documentation, which is installed with the command. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { CATALOGUE } from '../findings/catalogue';
import { CHECK_CODES } from '../language/check-codes';
import { near } from '../language/nearest';
import { pageOfCode, sectionOf } from '../services/documentation';
import { BadArguments, parse, type Command } from './options';
import { print } from './print';

export const command: Command = (args) => {
    const { positionals } = parse(args, {});
    if (positionals.length === 0) {
        throw new BadArguments('Name a code, such as LU1003.');
    }
    for (const name of positionals) {
        const code = name.toUpperCase();
        const place = pageOfCode(code);
        if (!place) {
            const nearest = near(code, [...Object.keys(CATALOGUE), ...Object.keys(CHECK_CODES)]);
            throw new BadArguments(
                `There is no code ${name}.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
            );
        }
        const page = readFileSync(path.join(__dirname, '..', 'extension', 'docs', place.page), 'utf8');
        const section = sectionOf(page, place.anchor);
        if (!section) {
            throw new Error(`${place.page} has no section for ${code}`);
        }
        print(`${section.heading}\n\n${section.body}\n`);
    }
    return 0;
};
