/** `lus fmt`: formats files in the same way as the editor. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from '../services/format/format';
import { counted } from '../text/text';
import { openAll } from './check';
import { Files } from './files';
import { BadArguments, parse, type Command } from './options';
import { complain, print } from './print';

export const command: Command = (args) => {
    const parsed = parse(args, { check: { type: 'boolean' } });
    if (parsed.positionals.length === 0) {
        throw new BadArguments('Name at least one file.');
    }
    const check = parsed.flag('check');
    const files = new Files();
    let [changed, broken] = [0, 0];
    for (const uri of openAll(files, parsed.positionals)) {
        const text = files.read(uri) ?? '';
        const result = format(uri, text);
        if ('refused' in result) {
            broken++;
            complain(`${files.display(uri)}: ${result.refused}\n`);
        } else if (result.text !== text) {
            changed++;
            print(`${files.display(uri)}\n`);
            if (!check) {
                writeFileSync(fileURLToPath(uri), result.text);
            }
        }
    }
    const what = check ? 'would be formatted' : 'formatted';
    print(`${counted(changed, 'file')} ${what}\n`);
    return broken > 0 || (check && changed > 0) ? 1 : 0;
};
