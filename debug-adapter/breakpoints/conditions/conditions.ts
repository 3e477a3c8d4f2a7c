/**
 * The conditions of a breakpoint: first its expression, then its hit count, then whether it stops or prints.
 */
import { ProgramError } from '../../../emulator/language/values';
import type { Frame } from '../../../emulator/runtime/code';
import type { Host } from '../../../emulator/runtime/host/host';
import type { Conditions } from '../breakpoint';
import { ExpressionCondition } from './expression';
import { HitCount } from './hit-count';
import { LogMessage } from './log-point';

/** Output of breakpoints during the run. */
export interface BreakpointOutput {
    /** The line of a log point. */
    logged(line: string, frame: Frame): void;
    /** A condition that cannot be evaluated. */
    complained(line: string, frame: Frame): void;
}

export class Decision {
    /** The error in the conditions; such a breakpoint is not bound. */
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

    /** The breakpoint is reached. Returns whether it stops. */
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
