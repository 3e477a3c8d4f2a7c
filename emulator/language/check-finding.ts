/** Errors and warnings of the parser and the checker, and the edits that fix them. */
import type { CheckCode } from './check-codes';
import type { Span } from './syntax/ast';

export type Severity = 'error' | 'warning';

export interface Edit {
    readonly span: Span;
    readonly text: string;
}

/** Edits of the file that the finding is in, with what they do in a few words. */
export interface Fix {
    readonly title: string;
    readonly edits: readonly Edit[];
}

export interface CheckFinding {
    readonly code: CheckCode;
    readonly severity: Severity;
    readonly uri: string;
    readonly span: Span;
    /** What is wrong and what to do. */
    readonly message: string;
    readonly related?: readonly { readonly uri: string; readonly span: Span; readonly message: string }[];
    readonly fix?: Fix;
}

/** Only the span of a node or a token, without its other properties. */
export const spanOf = ({ start, end }: Span): Span => ({ start, end });

/** A fix of one edit. */
export const replaceWith = (title: string, span: Span, text: string): Fix => ({
    title,
    edits: [{ span: spanOf(span), text }],
});

export const changeTo = (span: Span, text: string): Fix => replaceWith(`Change to \`${text}\``, span, text);

export const insertAt = (offset: number, text: string, title = `Insert \`${text.trim()}\``): Fix =>
    replaceWith(title, { start: offset, end: offset }, text);
