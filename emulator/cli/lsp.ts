/** `lus lsp` */
import { BadArguments, parse, type Command } from './options';
import { becomeSibling } from './sibling';

export const command: Command = (args) => {
    // Editors add --stdio to every language server: it is what this one does anyway.
    const [extra] = parse(args, { stdio: { type: 'boolean' } }).positionals;
    if (extra !== undefined) {
        throw new BadArguments(`lus lsp takes no "${extra}".`);
    }
    return becomeSibling('language-server', []);
};
