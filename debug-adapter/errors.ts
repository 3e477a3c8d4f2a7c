/**
 * The errors of requests. Each kind has a number by which clients distinguish them (`error.id` of a response); numbers
 * are never reused. extension/docs/command-line.md lists them.
 */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { ProgramError } from '../emulator/language/values';

interface Kind {
    readonly id: number;
    /** Whether clients show the message to the user. */
    readonly show: boolean;
}

const quiet = (id: number): Kind => ({ id, show: false });
const shown = (id: number): Kind => ({ id, show: true });

export const ERRORS = {
    // requests
    badArguments: quiet(1001),
    unknownRequest: quiet(1002),
    noRequest: quiet(1003),
    tooLong: shown(1004),
    // launching and attaching
    badConfiguration: shown(2001),
    noSuchFile: shown(2002),
    programErrors: shown(2003),
    /** No such scenario or kernel, or no such machine can be built. */
    cannotStart: shown(2004),
    alreadyDebugging: shown(2005),
    notLaunched: quiet(2006),
    badImage: shown(2007),
    // the state of the run
    running: quiet(3001),
    over: quiet(3002),
    notAtException: quiet(3003),
    imageOnly: shown(3004),
    /** The run has no history. */
    noHistory: shown(3005),
    nothingToUndo: shown(3006),
    // the target of the request
    noSuchThread: quiet(4001),
    frameGone: quiet(4002),
    variablesGone: quiet(4003),
    noSuchVariable: shown(4004),
    readOnly: shown(4005),
    noSuchSource: quiet(4006),
    badAddress: quiet(4007),
    /** There is no such statement, mark or event to go to. */
    noSuchPlace: shown(4008),
    noSuchTarget: quiet(4009),
    /** An invalid expression, or one that has no value here. */
    noValue: quiet(5001),
    /** The adapter itself has failed. */
    internal: quiet(9001),
} as const satisfies Readonly<Record<string, Kind>>;

export type ErrorKind = keyof typeof ERRORS;

/** A request that cannot be answered; the message is one sentence. */
export class RequestError extends Error {
    constructor(
        readonly kind: ErrorKind,
        message: string,
    ) {
        super(message);
    }
}

/** The response to a request that has failed. */
export function refusalOf(error: unknown): Pick<DebugProtocol.ErrorResponse, 'success' | 'message' | 'body'> {
    const kind = error instanceof RequestError ? error.kind : error instanceof ProgramError ? 'noValue' : 'internal';
    const text = error instanceof Error ? error.message : String(error);
    const message = kind === 'internal' ? `The debug adapter failed: ${text}` : text;
    const { id, show } = ERRORS[kind];
    return { success: false, message, body: { error: { id, format: message.replaceAll('{', '{{'), showUser: show } } };
}
