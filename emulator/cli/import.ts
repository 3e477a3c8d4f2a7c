/** `lus import`: converts a recording of a real kernel to a scenario. */
import * as path from 'node:path';
import { importRecording } from '../recording/import';
import { openAll } from './check';
import { Files } from './files';
import { BadArguments, parse, type Command } from './options';
import { writeAll, writeOutput } from './output-file';
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
    writeOutput(output, (fd) => writeAll(fd, text));
    return 0;
};
