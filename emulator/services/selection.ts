/** Selection ranges around an offset: the word, the expression, the statement, the block, the file. */
import type { SourceFile, Span } from '../language/syntax/ast';
import { placeAt } from './nodes';

/** From the smallest to the whole file; each is inside the next one. */
export function selectionsAt(file: SourceFile, offset: number): Span[] {
    const comment = file.comments.find((c) => c.start <= offset && offset <= c.end);
    const place = placeAt(file, offset);
    const nodes: Span[] = place ? [place.node, ...place.above] : [];
    const spans: Span[] = [];
    const add = ({ start, end }: Span): void => {
        const last = spans.at(-1);
        if (end > start && (!last || (start <= last.start && last.end <= end && end - start > last.end - last.start))) {
            spans.push({ start, end });
        }
    };
    if (comment) {
        add(comment);
    }
    for (const node of nodes) {
        // the contents of a string or a block come before the whole of it
        if ('kind' in node && (node.kind === 'string' || node.kind === 'block') && node.end - node.start > 2) {
            add({ start: node.start + 1, end: node.end - 1 });
        }
        add(node);
    }
    add({ start: 0, end: file.text.length });
    return spans;
}
