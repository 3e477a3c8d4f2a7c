/**
 * Runs a program whose scenario boots from the image "made", in a process of its own:
 *
 *     node test/run.mjs test/support/second-kernel.ts PROGRAM.lus IMAGE
 *
 * It prints what became of it as JSON.
 */
import { readFileSync } from 'node:fs';
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { runToEnd } from './runs';
import { recordOf, Witness } from './witness';

function main(): void {
    const [program = '', image = ''] = process.argv.slice(2);
    const loaded = loadProgram(
        {
            read: (uri) => (uri === 'program' ? readFileSync(program, 'utf8') : undefined),
            readBytes: (uri) => (uri === 'made' ? readFileSync(image) : undefined),
        },
        'program',
    );
    const { host } = Run.start(loaded);
    const witness = new Witness();
    host.listeners.report(witness);
    runToEnd(host);
    process.stdout.write(JSON.stringify(recordOf(host, witness)));
}

main();
