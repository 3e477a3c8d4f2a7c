/** A condition that is an expression: `args.token == 0x10`. */
import { parseEntry, type Entry } from '../../../emulator/language/syntax/entry';
import { ProgramError } from '../../../emulator/language/values';
import type { Frame } from '../../../emulator/runtime/code';
import { evaluateAtTrap, holds } from '../../../emulator/runtime/evaluate';
import type { Host } from '../../../emulator/runtime/host/host';

export class ExpressionCondition {
    private readonly entry: Entry;
    /** It has had no value before: said once. */
    private complained = false;

    /** @throws ProgramError where the text is no expression */
    constructor(private readonly text: string) {
        this.entry = parseEntry(text);
    }

    /** @param complain is told, once, where it has no value; then it does not hold */
    holds(frame: Frame, host: Host, complain: ((why: string) => void) | undefined): boolean {
        try {
            return holds(evaluateAtTrap(host, frame, this.entry).value);
        } catch (e) {
            if (!(e instanceof ProgramError)) {
                throw e;
            }
            if (complain && !this.complained) {
                this.complained = true;
                complain(`The condition ${this.text} of a breakpoint has no value here: ${e.message}`);
            }
            return false;
        }
    }
}
