/** The event for a stop. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { pausedOn } from './filters';
import type { Halt } from './run-control';

/** Descriptions of reasons that the protocol does not have or names differently. */
const DESCRIPTIONS: Partial<Record<Halt['reason'], string>> = {
    'step back': 'Stepped back',
    beginning: 'The beginning of the run',
    end: 'The scenario has passed',
    restart: 'The beginning of the function',
};

/** @param isFunction whether the breakpoint with this id is a function breakpoint */
export function stoppedBody(halt: Halt, isFunction: (id: number) => boolean): DebugProtocol.StoppedEvent['body'] {
    const { reason, thread } = halt;
    const description = DESCRIPTIONS[reason];
    const body = {
        reason,
        threadId: thread.id,
        allThreadsStopped: true,
        ...(description === undefined ? {} : { description }),
    };
    switch (halt.reason) {
        case 'breakpoint':
            return {
                ...body,
                hitBreakpointIds: [...halt.ids],
                reason: halt.ids.every(isFunction) ? 'function breakpoint' : reason,
            };
        case 'exception':
            return { ...body, text: halt.exception.message, description: `Paused on ${pausedOn(halt.exception)}` };
        default:
            return body;
    }
}
