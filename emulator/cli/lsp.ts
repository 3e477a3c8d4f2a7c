/** `lus lsp` */
import { BadArguments, parse, type Command } from './options';
import { becomeSibling } from './sibling';

export const command: Command = (args) => {
    // Editors pass --stdio to every language server; this one always uses standard input and output.
    const [extra] = parse(args, { stdio: { type: 'boolean' } }).positionals;
    if (extra !== undefined) {
        throw new BadArguments(`lus lsp has no argument "${extra}".`);
    }
    return becomeSibling('language-server', []);
};
