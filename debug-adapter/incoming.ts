/** Messages of the client: what of them is a request, and what a client gets that sends something else. */
import * as z from 'zod/mini';
import { counted } from '../emulator/text/text';
import { RequestError } from './errors';
import { LongMessage, MAX_MESSAGE } from './long-message';

const MIB = 2 ** 20;

const requestSchema = z.looseObject({
    type: z.literal('request'),
    seq: z.number(),
    command: z.string(),
    arguments: z.optional(z.unknown()),
});

/** Of anything that a client sends, what decides whether it waits for a response. */
const partsSchema = z.looseObject({
    seq: z.optional(z.unknown()),
    type: z.optional(z.unknown()),
});

/** What a message is. */
export type Incoming =
    | { readonly kind: 'request'; readonly seq: number; readonly command: string; readonly args: unknown }
    /** It has a number, so that its sender waits for a response. */
    | { readonly kind: 'refused'; readonly seq: number; readonly command: string; readonly error: RequestError }
    /** A response or an event: nothing waits for an answer. */
    | { readonly kind: 'other' }
    | { readonly kind: 'invalid' };

/** @param message the parsed JSON, a message that was too long to be read, or undefined: it is not JSON */
export function incoming(message: unknown): Incoming {
    const request = requestSchema.safeParse(message);
    if (request.success) {
        const { seq, command, arguments: args } = request.data;
        return { kind: 'request', seq, command, args };
    }
    const long = message instanceof LongMessage;
    const parts = partsSchema.safeParse(long ? message.members : message);
    if (!parts.success) {
        return { kind: 'invalid' };
    }
    const { seq, type } = parts.data;
    if (type === 'response' || type === 'event') {
        return { kind: 'other' };
    }
    if (typeof seq !== 'number') {
        return { kind: 'invalid' };
    }
    return long
        ? { kind: 'refused', seq, command: message.members.command ?? '', error: tooLong(message) }
        : { kind: 'refused', seq, command: '', error: noRequest() };
}

function noRequest(): RequestError {
    return new RequestError('noRequest', 'This message is not a request: it needs "type", "seq" and "command".');
}

function tooLong({ length }: LongMessage): RequestError {
    return new RequestError(
        'tooLong',
        `This request has ${counted(length, 'byte')}; the debug adapter reads at most ${MAX_MESSAGE / MIB} MiB of one. Send its content in several requests, or put it into a file that the scenario imports.`,
    );
}
