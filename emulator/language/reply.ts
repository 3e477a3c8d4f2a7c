/** `with readonly_reply`, `with stalled_reply`: how the kernel's reply to an ioctl fares in the memory of the caller. */
import type { Reply } from '../kernel/luo/request';
import type { Value } from './types';

/** The parameter of a system call that takes one of the words behind `with`. */
export const REPLY_PARAM = 'readonly_reply';

/** What the parameter is for each of the words. */
export const REPLIES: Readonly<Record<string, Value>> = { [REPLY_PARAM]: true, stalled_reply: 'stalled' };

/** Nanoseconds for which a stalled reply keeps the kernel waiting. */
export const STALL = 1e9;

/** The value of a parameter where a call is made `with` a word; undefined: the word says nothing about it. */
export function replyOf(parameter: string, word: string | undefined): Value | undefined {
    return parameter === REPLY_PARAM && word !== undefined ? REPLIES[word] : undefined;
}

/** What the parameter means. */
export function replyFrom(v: Value): Reply {
    return v === true ? 'faults' : v === 'stalled' ? 'stalls' : 'goes through';
}
