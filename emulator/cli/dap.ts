/** `lus dap` */
import { BadArguments, parse, type Command } from './options';
import { runSibling } from './sibling';

const MAX_PORT = 65535;

export const command: Command = (args) => {
    const parsed = parse(args, { port: { type: 'string' } });
    const [extra] = parsed.positionals;
    if (extra !== undefined) {
        throw new BadArguments(`lus dap has no argument "${extra}".`);
    }
    const port = parsed.integer('port', 0, MAX_PORT);
    return runSibling('debug-adapter', port === undefined ? [] : ['--port', String(port)]);
};
