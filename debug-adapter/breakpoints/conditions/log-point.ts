/** The message of a log point: text with expressions in braces, `token {args.token}`; `\{` is a literal brace. */
import { parseEntry, type Entry } from '../../../emulator/language/syntax/entry';
import { ProgramError, text } from '../../../emulator/language/values';
import type { Frame } from '../../../emulator/runtime/code';
import { evaluateAtTrap } from '../../../emulator/runtime/evaluate';
import type { Host } from '../../../emulator/runtime/host/host';
import type { Future, Mark } from '../../../emulator/timeline/futures';

export class LogMessage {
    private readonly parts: readonly (string | Entry)[];
    /** The last position at which it has printed, by the future of the run. */
    private readonly printed = new WeakMap<Future, number>();

    /** @throws ProgramError if an expression is invalid, or a brace is not closed */
    constructor(message: string) {
        this.parts = partsOf(message);
    }

    /** True the first time that it is called for a position in this future. */
    isNew({ at, future }: Mark): boolean {
        const isNew = at > this.printedUpTo(future);
        if (isNew) {
            this.printed.set(future, at);
        }
        return isNew;
    }
    private printedUpTo(future: Future): number {
        const { before, from } = future;
        return this.printed.get(future) ?? (before ? Math.min(this.printedUpTo(before), from) : -1);
    }
    /** The line with the values at this position; for an expression without a value, the reason. */

    text(frame: Frame, host: Host): string {
        return this.parts.map((part) => (typeof part === 'string' ? part : valueText(host, frame, part))).join('');
    }
}

function valueText(host: Host, frame: Frame, entry: Entry): string {
    try {
        return text(evaluateAtTrap(host, frame, entry).value);
    } catch (e) {
        if (e instanceof ProgramError) {
            return `<${e.message}>`;
        }
        throw e;
    }
}

function partsOf(message: string): (string | Entry)[] {
    const parts: (string | Entry)[] = [];
    let literal = '';
    for (let i = 0; i < message.length; i++) {
        const c = message.charAt(i);
        const next = message.charAt(i + 1);
        if (c === '\\' && (next === '{' || next === '}' || next === '\\')) {
            literal += next;
            i++;
        } else if (c === '{') {
            const end = message.indexOf('}', i);
            if (end < 0) {
                throw new ProgramError('A { in the log message has no matching }. Write \\{ for a literal brace.');
            }
            parts.push(literal, parseEntry(message.slice(i + 1, end)));
            literal = '';
            i = end;
        } else {
            literal += c;
        }
    }
    parts.push(literal);
    return parts;
}
