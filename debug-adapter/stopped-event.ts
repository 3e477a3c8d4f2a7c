/** The event for a stop. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Wish } from './breakpoints/breakpoint';
import type { Breakpoints } from './breakpoints/breakpoints';
import { changeText } from './data/change-text';
import { pausedOn } from './filters';
import type { Halt } from './run-control';

/** Descriptions of reasons that the protocol does not have or names differently. */
const DESCRIPTIONS: Partial<Record<Halt['reason'], string>> = {
    'step back': 'Stepped back',
    beginning: 'The beginning of the run',
    end: 'The scenario has passed',
    restart: 'The beginning of the function',
};

export function stoppedBody(halt: Halt, breakpoints: Breakpoints): DebugProtocol.StoppedEvent['body'] {
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
            return told({ ...body, ...breakpointBody(halt.ids, breakpoints) }, halt.back);
        case 'goto': {
            const { text, description: given } = halt;
            return {
                ...body,
                ...(given === undefined ? {} : { description: given }),
                ...(text === undefined ? {} : { text }),
            };
        }
        case 'exception':
            return told(
                { ...body, text: halt.exception.message, description: `Paused on ${pausedOn(halt.exception)}` },
                halt.back,
            );
        default:
            return body;
    }
}

/** Clients show the description, and screen readers read it: the only difference that they notice after *Reverse*. */
function told(body: DebugProtocol.StoppedEvent['body'], back: boolean | undefined): DebugProtocol.StoppedEvent['body'] {
    const { description = `Paused on ${body.reason}` } = body;
    return back === true
        ? { ...body, description: `Went back: ${description.charAt(0).toLowerCase()}${description.slice(1)}` }
        : body;
}

function breakpointBody(
    ids: readonly number[],
    breakpoints: Breakpoints,
): Pick<DebugProtocol.StoppedEvent['body'], 'reason' | 'description' | 'text' | 'hitBreakpointIds'> {
    const changes = breakpoints.dataStopsOf(ids);
    const all = (kind: Wish['kind']): boolean => ids.every((id) => breakpoints.kindOf(id) === kind);
    const reason = all('function') ? 'function breakpoint' : all('data') ? 'data breakpoint' : 'breakpoint';
    return {
        reason,
        hitBreakpointIds: [...ids],
        ...(changes.length > 0
            ? {
                  description: 'Data changed',
                  text: changes.map(({ name, change }) => changeText(name, change)).join('\n'),
              }
            : {}),
    };
}
