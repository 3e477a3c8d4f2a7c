/** `lus dap` */
import { BadArguments, parse, type Command } from './options';
import { becomeSibling } from './sibling';

const MAX_PORT = 65535;

export const command: Command = (args) => {
    // --stdio says what it does anyway, as editors say it to language servers
    const parsed = parse(args, { port: { type: 'string' }, stdio: { type: 'boolean' } });
    const [extra] = parsed.positionals;
    if (extra !== undefined) {
        throw new BadArguments(`lus dap has no argument "${extra}".`);
    }
    const port = parsed.integer('port', 0, MAX_PORT);
    return becomeSibling('debug-adapter', port === undefined ? [] : ['--port', String(port)]);
};
