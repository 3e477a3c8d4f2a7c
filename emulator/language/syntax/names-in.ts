/** The names that an expression or a piece of code refers to. */
import type { Block, Expr } from './ast';

export type Ast = Expr | Block;

function isName(value: object): value is { readonly kind: 'name'; readonly name: string } {
    return 'kind' in value && value.kind === 'name' && 'name' in value && typeof value.name === 'string';
}

/** Each name once, in the order of the text. Nesting may be of any depth. */
export function namesIn(ast: Ast): Set<string> {
    const names = new Set<string>();
    const open: unknown[] = [ast];
    while (open.length > 0) {
        const value = open.pop();
        if (typeof value !== 'object' || value === null) {
            continue;
        }
        if (isName(value)) {
            names.add(value.name);
        }
        open.push(...Object.values(value).reverse());
    }
    return names;
}
