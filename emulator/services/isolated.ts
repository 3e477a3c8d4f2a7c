/** A file reduced to the code that matters at one place, so that checks during typing are faster. */
import { ITEM_KEYWORDS } from '../language/syntax/words';

const ITEM = new RegExp(`^(?:${ITEM_KEYWORDS.join('|')})\\b`, 'gm');

/**
 * The text with all other scenarios replaced by spaces: no code can refer to their contents, and a file of thousands of
 * lines consists mostly of scenarios. Offsets stay the same.
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
