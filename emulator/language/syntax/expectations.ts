/** Reads what a statement expects of its call: `fails EBUSY`, `may fail EIO, EBUSY`, `panics "…"`, `oopses "…"`. */
import { changeTo, insertAt } from '../check-finding';
import type { Expectation } from './ast';
import type { Cursor } from './cursor';

/** Undefined where none stands here. */
export function parseExpectation(c: Cursor): Expectation | undefined {
    if (!c.isIdent()) {
        return undefined;
    }
    const t = c.token;
    if (c.isWord('fails')) {
        c.advance();
        const errors = c.idents('an error (as EBUSY)');
        return { kind: 'fails', errors, start: t.start, end: c.lastEnd };
    }
    for (const kind of ['panics', 'oopses'] as const) {
        if (c.isWord(kind)) {
            c.advance();
            const message = c.isString()
                ? c.stringLit(`What the ${kind === 'panics' ? 'panic' : 'oops'} says`)
                : undefined;
            return { kind, errors: [], ...(message ? { message } : {}), start: t.start, end: c.lastEnd };
        }
    }
    if (c.isWord('may')) {
        c.advance();
        if (!c.acceptWord('fail')) {
            const wrong = c.isWord('fails');
            c.errorHere(
                'LU0126',
                'It reads `may fail` and then the errors.',
                wrong ? changeTo(c.token, 'fail') : insertAt(t.end, ' fail'),
            );
            if (wrong) {
                c.advance();
            }
        }
        const errors = c.idents('an error (as EBUSY)');
        return { kind: 'may', errors, start: t.start, end: c.lastEnd };
    }
    return undefined;
}
