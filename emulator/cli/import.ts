/** `lus import`: writes a recording of a real kernel as a scenario. */
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { importRecording } from '../recording/import';
import { openAll } from './check';
import { Files } from './files';
import { BadArguments, parse, type Command } from './options';
import { readAs, recordingIn } from './recordings';

export const command: Command = (args) => {
    const parsed = parse(args, { output: { type: 'string', short: 'o' } });
    const [name, ...more] = parsed.positionals;
    if (name === undefined || more.length > 0) {
        throw new BadArguments('Name one recording.');
    }
    const files = new Files();
    const [uri = ''] = openAll(files, [name]);
    const title = path.basename(name).replace(/\.jsonl$/, '');
    const { recording } = recordingIn(files, uri);
    const text = readAs(files, uri, () => importRecording(title, recording));
    const output = parsed.text('output');
    if (output === undefined) {
        process.stdout.write(text);
        return 0;
    }
    try {
        writeFileSync(output, text);
    } catch (e) {
        throw new BadArguments(`${output} cannot be written: ${e instanceof Error ? e.message : String(e)}.`);
    }
    return 0;
};
