/** Finds the errors that calls of a file gave in the last runs although the scenarios do not expect them. */
import type { AssignStmt, ExprStmt } from '../emulator/language/syntax/ast';
import { parse } from '../emulator/language/syntax/parser';
import { isKind, placeAt } from '../emulator/services/nodes';

export interface UnexpectedError {
    /** `ENOENT`. */
    readonly error: string;
    /** The offset at which `fails` belongs: the end of the statement. */
    readonly at: number;
}

/** What runs say of a call that failed, with its text, which can be shortened (emulator/runtime/link/outcomes.ts). */
const SAID = /^(?:Seed \d+: )?(.*) fails with (E[A-Z0-9]+)\. If this is expected/m;

const withoutSpace = (text: string): string => text.replace(/\s/g, '');

/**
 * Those of the call at an offset.
 * @param reasons why scenarios of this file failed, as `lus run` and the debug adapter say it
 */
export function unexpectedErrors(text: string, offset: number, reasons: readonly string[]): UnexpectedError[] {
    if (reasons.length === 0) {
        return [];
    }
    const place = placeAt(parse('', text).file, offset);
    const statement =
        place &&
        [place.node, ...place.above].find((n): n is ExprStmt | AssignStmt => isKind(n, 'expr') || isKind(n, 'assign'));
    if (!statement || statement.expect || !isKind(statement.value, 'call')) {
        return [];
    }
    const call = withoutSpace(text.slice(statement.value.start, statement.value.end));
    const errors = reasons.flatMap((reason) => {
        const [, before = '', error] = SAID.exec(reason) ?? [];
        const said = withoutSpace(before);
        const same = said.endsWith('…') ? call.startsWith(said.slice(0, -1)) : call === said;
        return error !== undefined && same ? [error] : [];
    });
    return [...new Set(errors)].map((error) => ({ error, at: statement.end }));
}
