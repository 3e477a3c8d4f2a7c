/** The references to a subject: its declaration and its uses, in all files of a program. */
import type { Span } from '../language/syntax/ast';
import type { Program } from '../language/program';
import { isLibrary } from './declarations';
import { forEachLeaf } from './nodes';
import { keyOf } from './subjects';
import type { SymbolInfo } from './symbol';
import { subjectAt } from './words';

export interface Reference {
    readonly uri: string;
    readonly span: Span;
    /** Whether it is the name in the declaration. */
    readonly isDeclaration: boolean;
}

/** @returns by file, in the order of the program, and by place in the file */
export function referencesTo(program: Program, symbol: Pick<SymbolInfo, 'key' | 'declaration'>): Reference[] {
    const { key, declaration } = symbol;
    const found: Reference[] = [];
    // the kernel code has no references to declarations of a program
    const own = declaration !== undefined && !isLibrary(declaration.uri);
    for (const [uri, file] of program.files) {
        if (own && isLibrary(uri)) {
            continue;
        }
        const here: Reference[] = [];
        forEachLeaf(file, (place) => {
            const subject = subjectAt(program, uri, place);
            if (subject && keyOf(program, subject) === key) {
                const { start, end } = place.node;
                const isDeclaration = declaration?.uri === uri && declaration.span.start === start;
                here.push({ uri, span: { start, end }, isDeclaration });
            }
        });
        found.push(...here.sort((a, b) => a.span.start - b.span.start));
    }
    return found;
}
