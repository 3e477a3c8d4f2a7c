/** A condition that is an expression: `args.token == 0x10`. */
import { parseEntry, type Entry } from '../../../emulator/language/syntax/entry';
import { ProgramError } from '../../../emulator/language/values';
import type { Frame } from '../../../emulator/runtime/code';
import { evaluateAtTrap, holds } from '../../../emulator/runtime/evaluate';
import type { Viewpoint } from '../../../emulator/runtime/names-in-scope';
import type { Host } from '../../../emulator/runtime/host/host';

export class ExpressionCondition {
    private readonly entry: Entry;
    /** Whether the error was reported: this happens only once. */
    private complained = false;

    /** @throws ProgramError if the text is not an expression */
    constructor(private readonly text: string) {
        this.entry = parseEntry(text);
    }

    /** @param complain called once if the expression cannot be evaluated, which counts as false */
    holds(at: Frame | Viewpoint | undefined, host: Host, complain: ((why: string) => void) | undefined): boolean {
        try {
            return holds(evaluateAtTrap(host, at, this.entry).value);
        } catch (e) {
            if (!(e instanceof ProgramError)) {
                throw e;
            }
            if (complain && !this.complained) {
                this.complained = true;
                complain(`The breakpoint condition ${this.text} cannot be evaluated here: ${e.message}`);
            }
            return false;
        }
    }
}
