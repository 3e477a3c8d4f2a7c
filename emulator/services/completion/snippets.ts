/** Snippets: whole declarations and statements, and calls with tab stops for their arguments. */
import type { FunctionShape, NativeParam } from '../../language/natives';
import type { FnDecl } from '../../language/syntax/ast';
import { REPLY } from '../signatures';
import { RANK, type Offer } from './offer';
import snippets from './snippets.json';

interface Snippet {
    readonly prefix: string;
    readonly description: string;
    /** Where it is valid. */
    readonly in: string;
    readonly body: readonly string[];
}

/** The places of snippets: between declarations, statements of a context, or entries. */
export type SnippetPlace = 'file' | 'scenario' | 'user' | 'kernel' | 'machine' | 'device' | 'members';

export function snippetOffers(place: SnippetPlace, rank: number = RANK.own): Offer[] {
    return Object.values(snippets as Readonly<Record<string, Snippet>>)
        .filter((s) => s.in.split(' ').includes(place))
        .map(({ prefix, description, body }, i) => ({
            label: prefix,
            kind: 'snippet',
            rank: rank + i,
            snippet: body.join('\n'),
            detail: description,
            doc: `\`\`\`lus\n${plain(body.join('\n'))}\n\`\`\``,
        }));
}

/** The text of a snippet without its tab stops. */
export function plain(snippet: string): string {
    return snippet
        .replace(/\$\{\d+\|([^,|]*)[^}]*\}/g, '$1')
        .replace(/\$\{\d+:([^}]*)\}/g, '$1')
        .replace(/\$\d/g, '');
}

/** A call with a tab stop for each required argument; the first is given by position, the others by name. */
export function callSnippet({ name, params }: Pick<FunctionShape, 'name' | 'params'>): string {
    const needed = params.filter((p) => isRequired(p));
    if (params.filter((p) => p.name !== REPLY).length === 0) {
        return `${name}()`;
    }
    const places = needed.map((p, i) => (i === 0 ? `\${${i + 1}:${p.name}}` : `${p.name}: \${${i + 1}}`));
    return `${name}(${places.length === 0 ? '$1' : places.join(', ')})`;
}

function isRequired(p: NativeParam): boolean {
    return p.name !== REPLY && p.rest !== true && p.default === undefined && !('default' in p);
}

/** The same for a function of the program. */
export function fnSnippet({ name, params }: FnDecl): string {
    return `${name.name}(${params.map((p, i) => `\${${i + 1}:${p.name.name}}`).join(', ')})`;
}
