/**
 * `with readonly_reply`, `with stalled_reply`: what happens when the kernel writes its reply to the caller's memory.
 */
import type { Value } from './types';

/** The parameter of a system call that the words after `with` set. */
export const REPLY_PARAM = 'readonly_reply';

/** The value of the parameter for each of the words. */
export const REPLIES: Readonly<Record<string, Value>> = { [REPLY_PARAM]: true, stalled_reply: 'stalled' };

/** The value of a parameter for a call `with` a word; undefined if the word does not set it. */
export function replyOf(parameter: string, word: string | undefined): Value | undefined {
    return parameter === REPLY_PARAM && word !== undefined ? REPLIES[word] : undefined;
}
