/**
 * The documentation comment of a declaration: the lines directly above it, otherwise the comment at the end of its
 * line.
 */
import type { SourceFile, Span } from '../language/syntax/ast';

/** The text without slashes; undefined if it is empty. */
export function commentOf({ text, comments }: SourceFile, declaration: Span): string | undefined {
    const above: string[] = [];
    let from = declaration.start;
    for (const comment of comments.filter((c) => c.end <= declaration.start).toReversed()) {
        const between = text.slice(comment.end, from);
        const ownLine = /(?:^|\n)[ \t]*$/.test(text.slice(0, comment.start));
        if (!ownLine || !/^[ \t]*\r?\n[ \t]*$/.test(between)) {
            break;
        }
        above.unshift(wordsOf(text, comment));
        from = comment.start;
    }
    if (above.length > 0) {
        return above.join('\n').trim();
    }
    const behind = comments.find((c) => c.start >= declaration.end);
    return behind && /^[ \t;,{]*$/.test(text.slice(declaration.end, behind.start)) ? wordsOf(text, behind) : undefined;
}

function wordsOf(text: string, comment: Span): string {
    return text
        .slice(comment.start, comment.end)
        .replace(/^\/\/+ ?/, '')
        .trimEnd();
}
