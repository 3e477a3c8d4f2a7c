/** Reads the expectation of a call: `fails EBUSY`, `may fail EIO, EBUSY`, `panics "…"`, `oopses "…"`. */
import { changeTo, insertAt } from '../check-finding';
import type { Expectation } from './ast';
import type { Cursor } from './cursor';

/** Undefined if there is none here. */
export function parseExpectation(c: Cursor): Expectation | undefined {
    if (!c.isIdent()) {
        return undefined;
    }
    const t = c.token;
    if (c.isWord('fails')) {
        c.advance();
        const errors = c.idents('an error (such as EBUSY)');
        return { kind: 'fails', errors, start: t.start, end: c.lastEnd };
    }
    for (const kind of ['panics', 'oopses'] as const) {
        if (c.isWord(kind)) {
            c.advance();
            const message = c.isString()
                ? c.stringLit(`The ${kind === 'panics' ? 'panic' : 'oops'} message`)
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
                'Expected `may fail` and the errors.',
                wrong ? changeTo(c.token, 'fail') : insertAt(t.end, ' fail'),
            );
            if (wrong) {
                c.advance();
            }
        }
        const errors = c.idents('an error (such as EBUSY)');
        return { kind: 'may', errors, start: t.start, end: c.lastEnd };
    }
    return undefined;
}
