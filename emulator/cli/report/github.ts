/** Annotations of GitHub Actions: workflow commands, one line for each error, failure and unexpected diagnosis. */
import type { Where } from '../results';
import { problemsOf } from './problems';
import type { Reporter, Write } from './reporter';

const LEVELS = { error: 'error', warning: 'warning', hint: 'notice' } as const;

export function githubReporter(write: Write): Reporter {
    return {
        start() {},
        broken() {},
        scenario() {},
        end({ files }) {
            for (const p of files.flatMap(problemsOf)) {
                const place = p.where ? placeOf(p.where) : `file=${property(p.file)},`;
                write(`::${LEVELS[p.severity]} ${place}title=${property(p.title)}::${data(p.message)}\n`);
            }
        },
    };
}

function placeOf(w: Where): string {
    const columns = w.line === w.endLine ? `,col=${w.column},endColumn=${w.endColumn}` : '';
    return `file=${property(w.file)},line=${w.line},endLine=${w.endLine}${columns},`;
}

function data(text: string): string {
    return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
    return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
