/**
 * All conditions of a breakpoint: first its expression, then how often that has held, then whether it stops or prints.
 */
import { ProgramError } from '../../../emulator/language/values';
import type { Frame } from '../../../emulator/runtime/code';
import type { Host } from '../../../emulator/runtime/host/host';
import type { Conditions } from '../breakpoint';
import { ExpressionCondition } from './expression';
import { HitCount } from './hit-count';
import { LogMessage } from './log-point';

/** What breakpoints have to say while the run goes on. */
export interface BreakpointOutput {
    /** A log point's line. */
    logged(line: string, frame: Frame): void;
    /** A condition that has no value. */
    complained(line: string, frame: Frame): void;
}

export class Decision {
    /** What is wrong with the conditions; such a breakpoint is not bound. */
    readonly problem: string | undefined;
    private readonly expression: ExpressionCondition | undefined;
    private readonly count: HitCount | undefined;
    private readonly message: LogMessage | undefined;

    constructor({ condition, hitCondition, logMessage }: Conditions) {
        try {
            this.expression = isBlank(condition) ? undefined : new ExpressionCondition(condition);
            this.count = isBlank(hitCondition) ? undefined : new HitCount(hitCondition);
            this.message = isBlank(logMessage) ? undefined : new LogMessage(logMessage);
        } catch (e) {
            if (!(e instanceof ProgramError)) {
                throw e;
            }
            this.problem = e.message;
        }
    }

    /** The breakpoint is reached. True: it stops here. */
    stops(frame: Frame, host: Host, output: BreakpointOutput): boolean {
        if (this.expression?.holds(frame, host, (why) => output.complained(why, frame)) === false) {
            return false;
        }
        if (this.count?.reached() === false) {
            return false;
        }
        if (this.message) {
            output.logged(this.message.text(frame, host), frame);
            return false;
        }
        return true;
    }

    /** Another run begins. */
    reset(): void {
        this.count?.reset();
    }
}

function isBlank(s: string | undefined): s is undefined {
    return s === undefined || s.trim() === '';
}
