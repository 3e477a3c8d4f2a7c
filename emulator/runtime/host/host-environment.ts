/**
 * Connects the interpreter to the emulated host: events for listeners, and the work of a process before it continues.
 */
import { Err } from '../../kernel/release/errno';
import { placeOf } from '../code';
import type { Environment } from '../environment';
import { type CallbackCall, givesNothing, isCallback, plainCall } from '../purpose';
import type { Host } from './host';
import { stopFor } from './panic';
import { backToUser, taskWork, threadDone } from './processes';
import { endEarly } from './early-end';

export function environmentOf(host: Host): Environment {
    const { listeners, guests, machine, touches } = host;
    /** What one preserve() does to pages is kept apart from what the next one does. */
    function sealHistory({ kind, callback }: CallbackCall): void {
        if (callback === 'preserve' && (kind === 'handler' || kind === 'flb')) {
            machine.history.seal();
        }
    }
    return {
        journal: machine.journal,
        clock: machine.clock,
        touches,
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
        purposeBegan(purpose) {
            if (isCallback(purpose)) {
                guests.catchUp();
                sealHistory(purpose);
                for (const l of listeners.active) {
                    l.callbackEntered?.(purpose);
                }
            }
        },
        purposeEnded(purpose, result, frame) {
            if (isCallback(purpose) && purpose.kind !== 'init') {
                const place = placeOf(frame);
                sealHistory(purpose);
                for (const l of listeners.active) {
                    l.callbackLeft?.(purpose, result, place);
                }
                if (result instanceof Err) {
                    host.interpreter.raise('callback-error', `${purpose.name} returned -${result.name}`, place);
                }
                return givesNothing(purpose) ? 0 : result;
            }
            return result;
        },
        threadWaits(thread, waiting) {
            host.tell((l) => l.waits?.(thread, waiting));
        },
        isDead: (id) => host.deadThreads.has(id),
        threadWoken(thread, waiting) {
            host.tell((l) => l.woken?.(thread, waiting));
        },
        raised(exception) {
            touches?.everything();
            host.tell((l) => l.raised?.(exception));
        },
        kernelLeft(frame, result) {
            const { purpose, code } = frame;
            host.kernelLeft(purpose && !isCallback(purpose) ? purpose : plainCall(code.name), result, frame);
        },
        leaveKernel: () => leaveKernel(host),
        kernelDone: (waiter) => taskWork(host, waiter),
        threadDone: (thread) => threadDone(host, thread),
        threw(error) {
            touches?.everything();
            stopFor(host, error);
        },
        endsEarly(exception) {
            touches?.everything();
            return endEarly(host, exception);
        },
        ended() {
            touches?.everything();
            host.tell((l) => l.ended?.());
            return host.hooks.stoppedBy ?? listeners.missed();
        },
    };
}

/** The current thread returns to user mode. @returns whether something else runs first */
export function leaveKernel(host: Host): boolean {
    return taskWork(host) || backToUser(host);
}
