/** Command lines of kernels: arguments that no kernel knows. */
import { isSuspicious, PARAMETER_NAMES, unknownEverywhere } from '../../kernel/release/unknown-parameters';
import { changeTo } from '../check-finding';
import { near } from '../nearest';
import type { Expr } from '../syntax/ast';
import type { CodeContext } from './context';
import { quoted } from './program-builder';

/** A warning, since user space may read what a kernel passes on to it. */
export function checkCommandLine(c: CodeContext, e: Expr): void {
    if (e.kind !== 'string') {
        return;
    }
    const source = c.program.textOf(c.unit.uri, e);
    for (const { name } of unknownEverywhere(e.value).filter(isSuspicious)) {
        const nearest = near(name.replaceAll('-', '_'), PARAMETER_NAMES);
        const at = argumentAt(source, name);
        const span = at < 0 ? e : { start: e.start + at, end: e.start + at + name.length };
        const message = `No kernel has the parameter ${quoted(name)}. It passes it to user space.`;
        c.report(
            'warning',
            'LU0220',
            span,
            nearest === undefined ? message : `${message} Did you mean ${quoted(nearest)}?`,
            nearest === undefined || at < 0 ? undefined : changeTo(span, nearest),
        );
    }
}

/** The offset of an argument in the source text of a command line; -1: it is written in another form. */
function argumentAt(source: string, name: string): number {
    for (let at = source.indexOf(name); at >= 0; at = source.indexOf(name, at + 1)) {
        if (/[\s"]/.test(source[at - 1] ?? '"') && /[\s"=]/.test(source[at + name.length] ?? '"')) {
            return at;
        }
    }
    return -1;
}
