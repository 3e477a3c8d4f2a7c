/** A file with what matters at one place of it only: checked while one types, in a part of the time. */
import { ITEM_KEYWORDS } from '../language/syntax/words';

const ITEM = new RegExp(`^(?:${ITEM_KEYWORDS.join('|')})\\b`, 'gm');

/**
 * The text with every other scenario blanked: nothing can name what is in them, and a file of thousands of lines is
 * mostly scenarios. Places stay where they are.
 */
export function isolated(text: string, offset: number): string {
    const starts = [...text.matchAll(ITEM)].map((m) => m.index);
    let result = '';
    let done = 0;
    starts.forEach((start, i) => {
        const end = starts[i + 1] ?? text.length;
        if (text.startsWith('scenario', start) && !(start <= offset && offset <= end)) {
            result += text.slice(done, start) + text.slice(start, end).replace(/[^\n]+/g, (l) => ' '.repeat(l.length));
            done = end;
        }
    });
    return result + text.slice(done);
}
