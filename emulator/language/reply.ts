/**
 * `with readonly_reply`, `with stalled_reply`: how the kernel's reply to an ioctl fares in the memory of the caller.
 */
import type { Value } from './types';

/** The parameter of a system call that takes one of the words behind `with`. */
export const REPLY_PARAM = 'readonly_reply';

/** What the parameter is for each of the words. */
export const REPLIES: Readonly<Record<string, Value>> = { [REPLY_PARAM]: true, stalled_reply: 'stalled' };

/** The value of a parameter where a call is made `with` a word; undefined: the word says nothing about it. */
export function replyOf(parameter: string, word: string | undefined): Value | undefined {
    return parameter === REPLY_PARAM && word !== undefined ? REPLIES[word] : undefined;
}
