/**
 * Gives names in checked sources other names, everywhere where they mean the same: by the checker's own tables, not by
 * their spelling.
 */
import type { NameMeaning, Program } from '../../emulator/language/program';
import type { Span } from '../../emulator/language/syntax/ast';
import { forEachLeaf, isWord } from '../../emulator/services/nodes';

/** A name in a file that is to be another one. */
export interface Edit extends Span {
    readonly uri: string;
    readonly text: string;
}

/** Makes the new name of what is declared at an offset of a file. */
export type NewName = (uri: string, declaredAt: number) => string;

interface Use {
    readonly uri: string;
    readonly name: Span;
    readonly meaning: NameMeaning;
}

/** Every parameter and every local variable, where it is declared and wherever it is used. */
export function renamedVariables(program: Program, newName: NewName): Edit[] {
    const edits = new Edits();
    for (const { uri, locals } of program.code.values()) {
        for (const { declared } of locals) {
            edits.add(uri, declared, newName(uri, declared.start));
        }
    }
    for (const { uri, name, meaning } of uses(program)) {
        if (meaning.kind === 'local') {
            edits.add(uri, name, newName(uri, meaning.declared.start));
        }
    }
    return edits.all;
}

/** Every function that `keep` does not want as it is, where it is declared and wherever it is called. */
export function renamedFunctions(program: Program, keep: (name: string) => boolean, newName: NewName): Edit[] {
    const edits = new Edits();
    const nameOf = new Map<object, string>();
    for (const decl of program.fns.values()) {
        const uri = program.uriOf.get(decl);
        if (uri !== undefined && !keep(decl.name.name)) {
            const text = newName(uri, decl.name.start);
            nameOf.set(decl, text);
            edits.add(uri, decl.name, text);
        }
    }
    for (const { uri, name, meaning } of uses(program)) {
        const text = meaning.kind === 'fn' ? nameOf.get(meaning.decl) : undefined;
        if (text !== undefined) {
            edits.add(uri, name, text);
        }
    }
    return edits.all;
}

/** The text of a file after some edits, of which those of other files are left out. */
export function edited(uri: string, text: string, edits: readonly Edit[]): string {
    const mine = edits.filter((e) => e.uri === uri).sort((a, b) => a.start - b.start);
    let out = '';
    let at = 0;
    for (const e of mine) {
        out += text.slice(at, e.start) + e.text;
        at = e.end;
    }
    return out + text.slice(at);
}

/** Each place is edited once, however many say so. */
class Edits {
    private readonly byPlace = new Map<string, Edit>();

    add(uri: string, { start, end }: Span, text: string): void {
        this.byPlace.set(`${uri} ${start}`, { uri, start, end, text });
    }

    get all(): Edit[] {
        return [...this.byPlace.values()];
    }
}

function uses(program: Program): Use[] {
    const found: Use[] = [];
    for (const [uri, file] of program.files) {
        forEachLeaf(file, ({ node }) => {
            const meaning = isWord(node) ? program.names.get(node) : undefined;
            if (meaning && isWord(node)) {
                found.push({ uri, name: node, meaning });
            }
        });
    }
    return found;
}
