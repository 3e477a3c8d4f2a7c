/** `lus examples`: writes the example scenarios to a new folder. */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import { counted } from '../text/text';
import { BadArguments, parse, type Command } from './options';
import { print } from './print';
import { shippedFile } from './shipped-files';

const DEFAULT_FOLDER = 'live-update-examples';

export const command: Command = (args) => {
    const { positionals } = parse(args, {});
    if (positionals.length > 1) {
        throw new BadArguments('Name one folder.');
    }
    const folder = positionals[0] ?? DEFAULT_FOLDER;
    if (existsSync(folder)) {
        throw new BadArguments(`${folder} exists already. Name a folder that does not exist.`);
    }
    try {
        cpSync(shippedFile('examples'), folder, { recursive: true });
    } catch (e) {
        throw new BadArguments(`${folder} cannot be written: ${e instanceof Error ? e.message : String(e)}.`);
    }
    const examples = readdirSync(folder).filter((name) => name.endsWith('.lus')).length;
    print(
        `${counted(examples, 'example')} in ${folder}. Its README.md says which one shows what. The first one:\n\n` +
            `  lus run ${path.join(folder, 'first-session.lus')}\n`,
    );
    return 0;
};
