/** Completions, as plain data. */
import type { Program } from '../../language/program';
import { describe } from '../describe';
import type { DocPlace } from '../documentation';
import { originOf } from '../origin';
import type { Subject } from '../subjects';
import type { SymbolKind } from '../symbol';

export type OfferKind = SymbolKind | 'snippet' | 'argument' | 'error' | 'text';

export interface Offer {
    readonly label: string;
    readonly kind: OfferKind;
    /** Lower comes first. */
    readonly rank: number;
    /** The text to insert, if it is not the label: with the tab stops `$1`, `${2:name}` and `$0` (the last one). */
    readonly snippet?: string;
    /** The subject that it names: {@link said} describes it. */
    readonly subject?: Subject;
    /** One line of code that describes an offer without a subject. */
    readonly detail?: string;
    /** In Markdown. */
    readonly doc?: string;
}

/** The description of an offer. It is requested for one offer at a time, when the user selects it. */
export interface Said {
    readonly detail: string;
    /** In Markdown. */
    readonly doc: string;
    readonly page?: DocPlace | undefined;
}

/** Ranks of groups of offers: the words that the place needs come before all others that are possible. */
export const RANK = { asked: 0, own: 100, usual: 200, possible: 300, far: 400 } as const;

export function said(program: Program, { subject, detail = '', doc = '' }: Offer): Said {
    if (!subject) {
        return { detail, doc };
    }
    const about = describe(program, subject);
    const origin = about.declaration && originOf(about.declaration.uri);
    const parts = [about.doc, doc, origin].filter((t) => t !== undefined && t !== '');
    return { detail: about.signature, doc: parts.join('\n\n'), page: about.page };
}
