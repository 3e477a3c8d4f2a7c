/** The shipped TextMate grammar, run by the engine of VS Code. */
import { readFileSync } from 'node:fs';
import { createOnigScanner, createOnigString, loadWASM } from 'vscode-oniguruma';
import { INITIAL, parseRawGrammar, Registry, type IGrammar } from 'vscode-textmate';
import { inRepository } from './repository';

const SCOPE = 'source.lus';
const GRAMMAR = inRepository('syntaxes', 'lus.tmLanguage.json');

/** @throws Error where the grammar is not one, or has an expression that Oniguruma refuses. */
export async function loadGrammar(): Promise<IGrammar> {
    const wasm = readFileSync(inRepository('node_modules', 'vscode-oniguruma', 'release', 'onig.wasm'));
    await loadWASM(new Uint8Array(wasm).buffer);
    const registry = new Registry({
        onigLib: Promise.resolve({
            createOnigScanner: (patterns) => createOnigScanner(patterns),
            createOnigString: (text) => createOnigString(text),
        }),
        loadGrammar: async (scope) =>
            scope === SCOPE ? parseRawGrammar(readFileSync(GRAMMAR, 'utf8'), GRAMMAR) : null,
    });
    const grammar = await registry.loadGrammar(SCOPE);
    if (!grammar) {
        throw new Error(`${GRAMMAR} has no grammar ${SCOPE}`);
    }
    return grammar;
}

/** For every character of a text the scopes of its token, the outermost first, without that of the language. */
export function scopesOf(grammar: IGrammar, text: string): readonly (readonly string[])[] {
    const found: (readonly string[])[] = [];
    let state = INITIAL;
    for (const line of text.split('\n')) {
        const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
        state = ruleStack;
        const from = found.length;
        for (const { startIndex, endIndex, scopes } of tokens) {
            const own = scopes.slice(1);
            for (let at = startIndex; at < Math.min(endIndex, line.length); at++) {
                found[from + at] = own;
            }
        }
        found[from + line.length] = [];
    }
    return found.slice(0, text.length);
}
