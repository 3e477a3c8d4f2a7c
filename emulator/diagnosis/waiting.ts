/**
 * Waits for locks of the kernel that last too long: a reboot that waits for system calls, processes that wait for a
 * reboot, and locks that are never released.
 */
import { JournaledMap } from '../machine/journal';
import type { Place } from '../findings/place';
import { placeOf, type Thread } from '../runtime/code';
import type { KernelWork } from '../runtime/purpose';
import { inKernel, waitsFor } from '../runtime/waiting';
import { processOf } from '../runtime/host/scenario-process';
import { ruleFile } from './rules';

/** Shorter waits of a reboot, in nanoseconds, are not reported: watchdogs and users do not notice them. */
const NOTICED = 10e6;

/** Names of kernel work outside of system calls. */
const CALLS: Readonly<Partial<Record<KernelWork['kind'], string>>> = { release: 'a close', exit: 'its exit' };

export const waitingRules = ruleFile(['LU1031', 'LU1032', 'LU1033'], ({ host, say }) => {
    /** By thread id, what each reboot waits for, as a text from the moment when the wait began. */
    const reboots = new JournaledMap<number, string>(host.machine.journal);
    return {
        waits(thread): void {
            if (reboot(thread)) {
                reboots.set(thread.id, waitsFor(host.interpreter.threads, thread) ?? '');
            }
        },
        woken(thread, { lock, since }): void {
            const waited = host.machine.clock.now - since;
            const words = reboots.get(thread.id);
            reboots.delete(thread.id);
            if (words !== undefined && waited >= NOTICED) {
                say('LU1031', {
                    about: `${thread.name} ${lock.name}`,
                    message: `The reboot of ${thread.name} waited ${milliseconds(waited)} for ${words.replace(/^waits for /, '')}.`,
                    place: standing(thread),
                    data: { process: thread.name, lock: lock.name, waitedNs: waited },
                });
            }
        },
        callReturned(work): void {
            const thread = host.interpreter.current;
            const lock = thread.locks.at(-1);
            // a process block inside `at handover` returns to the reboot, not to user space; an oops is LU1086
            const oopsed = host.deadThreads.has(thread.id);
            if (lock && !oopsed && processOf(thread) && !thread.frames.some((f) => f.mode === 'kernel')) {
                say('LU1033', {
                    about: `${thread.name} ${lock.name}`,
                    message: `${thread.name} returns from ${CALLS[work.kind] ?? work.name} with ${lock.name} held: the next process that takes this lock waits forever.`,
                    data: { process: thread.name, lock: lock.name },
                });
            }
        },
        phase(phase): void {
            if (phase !== 'jump') {
                return;
            }
            for (const thread of host.interpreter.threads) {
                const words = waitsFor(host.interpreter.threads, thread);
                if (words !== undefined && thread.waiting?.kind === 'lock') {
                    say('LU1032', {
                        about: thread.name,
                        message: `${thread.name} is blocked in ${inKernel(thread) ?? 'a system call'} until the jump: it ${words}.`,
                        place: standing(thread),
                        data: { process: thread.name, lock: thread.waiting.lock.name },
                    });
                }
            }
        },
    };
});

function reboot(thread: Thread): boolean {
    return thread.frames.some((f) => f.purpose?.kind === 'reboot');
}

/** The statement of the user's program that a thread is in. */
function standing(thread: Thread): Place | undefined {
    const frame = thread.frames.findLast((f) => f.mode !== 'kernel');
    return frame && placeOf(frame, true);
}

function milliseconds(ns: number): string {
    return `${Number((ns / 1e6).toPrecision(3))} ms`;
}
