/** Declarations that nothing in their file uses: editors fade them. */
import type { Ident, SourceFile } from '../language/syntax/ast';

/** A string, a comment, or a word. */
const PIECE = /"(?:\\.|[^"\\\n])*"|\/\/.*|[A-Za-z_]\w*/g;

/**
 * The names of constants, structs, functions, handlers, FLBs and file kinds that appear only once. A file without
 * scenarios has none: others import it.
 */
export function unusedNames({ items, text }: SourceFile): Ident[] {
    const declared = items.flatMap((item) =>
        item.kind === 'scenario' || item.kind === 'kernel' || item.kind === 'machine' || item.kind === 'import'
            ? []
            : [item.name],
    );
    if (declared.length === 0 || !items.some((item) => item.kind === 'scenario')) {
        return [];
    }
    const uses = new Map<string, number>();
    for (const [piece] of text.matchAll(PIECE)) {
        for (const word of piece.startsWith('//') ? [] : piece.startsWith('"') ? piece.split(/\W+/) : [piece]) {
            uses.set(word, (uses.get(word) ?? 0) + 1);
        }
    }
    return declared.filter(({ name }) => uses.get(name) === 1);
}
