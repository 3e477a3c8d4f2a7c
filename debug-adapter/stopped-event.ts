/** A stop, as clients are told of it. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { pausedOn } from './filters';
import type { Halt } from './run-control';

/** What clients show for reasons that the protocol does not know, or knows as something else. */
const DESCRIPTIONS: Partial<Record<Halt['reason'], string>> = {
    'step back': 'Stepped back',
    beginning: 'The beginning of the run',
    end: 'The scenario has passed',
    restart: 'The beginning of the function',
};

/** @param isFunction whether a breakpoint is one on a function */
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
