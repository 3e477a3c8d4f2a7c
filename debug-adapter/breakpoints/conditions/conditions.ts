/**
 * The conditions of a breakpoint: first its expression, then its hit count, then whether it stops or prints.
 */
import { ProgramError } from '../../../emulator/language/values';
import type { Frame } from '../../../emulator/runtime/code';
import type { Passing } from '../../../emulator/timeline/traps';
import type { Conditions } from '../breakpoint';
import type { BreakpointOutput, RunWithBreakpoints } from '../run';
import { ExpressionCondition } from './expression';
import { hitRule } from './hit-count';
import { LogMessage } from './log-point';

export class Decision {
    /** The error in the conditions; such a breakpoint is not bound. */
    readonly problem: string | undefined;
    private readonly expression: ExpressionCondition | undefined;
    private readonly rule: ((hits: number) => boolean) | undefined;
    private readonly message: LogMessage | undefined;

    /** @param id the breakpoint's id */
    constructor(
        private readonly id: number,
        { condition, hitCondition, logMessage }: Conditions,
    ) {
        try {
            this.expression = isBlank(condition) ? undefined : new ExpressionCondition(condition);
            this.rule = isBlank(hitCondition) ? undefined : hitRule(hitCondition);
            this.message = isBlank(logMessage) ? undefined : new LogMessage(logMessage);
        } catch (e) {
            if (!(e instanceof ProgramError)) {
                throw e;
            }
            this.problem = e.message;
        }
    }

    /** It has a hit condition, so every time that the run reaches it is counted. */
    get counts(): boolean {
        return this.rule !== undefined;
    }
    /** The run has reached the breakpoint. @returns whether it stops */
    stops(frame: Frame, run: RunWithBreakpoints, passing: Passing, output: BreakpointOutput): boolean {
        if (passing === 'again' && !this.rule) {
            return false;
        }
        const complain = passing === 'forward' ? (why: string): void => output.complained(why, frame) : undefined;
        if (this.expression?.holds(frame, run.host, complain) === false) {
            return false;
        }
        if (this.rule?.(run.counts.reached(this.id, run.host.interpreter.ticks)) === false) {
            return false;
        }
        if (this.message) {
            if (passing === 'forward' && this.message.isNew(run.timeline.mark())) {
                output.logged(this.message.text(frame, run.host), frame);
            }
            return false;
        }
        return true;
    }
}

function isBlank(s: string | undefined): s is undefined {
    return s === undefined || s.trim() === '';
}
