/** References: the declaration of a symbol and its uses, in all files of a program. */
import type { Span } from '../language/syntax/ast';
import type { Program } from '../language/program';
import { isLibrary } from './declarations';
import { forEachLeaf, isKind, type Place } from './nodes';
import { keyOf } from './subjects';
import type { SymbolInfo } from './symbol';
import { subjectAt } from './words';

export interface Reference {
    readonly uri: string;
    readonly span: Span;
    /** It is the name in the declaration. */
    readonly isDeclaration: boolean;
    /** It is assigned there. */
    readonly writes: boolean;
}

/** @returns by file, in the order of the program, and by place in the file */
export function referencesTo(program: Program, symbol: Pick<SymbolInfo, 'key' | 'declaration'>): Reference[] {
    // the kernel's own code cannot refer to declarations of a program
    const own = symbol.declaration !== undefined && !isLibrary(symbol.declaration.uri);
    return [...program.files.keys()]
        .filter((uri) => !own || !isLibrary(uri))
        .flatMap((uri) => referencesIn(program, uri, symbol));
}

/** Those in one file. */
export function referencesIn(
    program: Program,
    uri: string,
    { key, declaration }: Pick<SymbolInfo, 'key' | 'declaration'>,
): Reference[] {
    const file = program.files.get(uri);
    const here: Reference[] = [];
    if (file) {
        forEachLeaf(file, (place) => {
            const subject = subjectAt(program, uri, place);
            if (subject && keyOf(program, subject) === key) {
                const { start, end } = place.node;
                const isDeclaration = declaration?.uri === uri && declaration.span.start === start;
                here.push({ uri, span: { start, end }, isDeclaration, writes: isDeclaration || isWritten(place) });
            }
        });
    }
    return here.sort((a, b) => a.span.start - b.span.start);
}

/** True for the target of an assignment. */
function isWritten({ node, above: [parent, around] }: Place): boolean {
    const target = isKind(parent, 'member') && parent.member === node ? parent : node;
    const statement = target === node ? parent : around;
    return isKind(statement, 'assign') && statement.target === target;
}
