/**
 * What the interpreter's code acts on is the emulated host: who hears of it, and what a process does before it goes on.
 */
import type { Environment } from '../environment';
import type { Host } from './host';
import { stopFor } from './kernel-end';
import { backToUser, taskWork, threadDone } from './processes';

export function environmentOf(host: Host): Environment {
    const { listeners, guests, machine } = host;
    return {
        journal: machine.journal,
        clock: machine.clock,
        threadStarted(thread) {
            for (const l of listeners.active) {
                l.threadStarted?.(thread);
            }
        },
        threadEnded(thread) {
            for (const l of listeners.active) {
                l.threadEnded?.(thread);
            }
        },
        callbackEntered(frame) {
            guests.catchUp();
            for (const l of listeners.active) {
                l.callbackEntered?.(frame.code.name, frame);
            }
        },
        callbackLeft(frame, result) {
            for (const l of listeners.active) {
                l.callbackLeft?.(frame.code.name, result, frame);
            }
        },
        threadWaits(thread, waiting) {
            host.tell((l) => l.waits?.(thread, waiting));
        },
        threadWoken(thread, waiting) {
            host.tell((l) => l.woken?.(thread, waiting));
        },
        kernelLeft(frame, result) {
            host.kernelLeft(frame.code.name, result, frame);
        },
        leaveKernel: () => leaveKernel(host),
        kernelDone: (waiter) => taskWork(host, waiter),
        threadDone: (thread) => threadDone(host, thread),
        threw: (error) => stopFor(host, error),
        ended() {
            host.tell((l) => l.ended?.());
            return listeners.missed();
        },
    };
}

/** The current thread goes back to user mode. @returns whether something else runs before */
export function leaveKernel(host: Host): boolean {
    return taskWork(host) || backToUser(host);
}
