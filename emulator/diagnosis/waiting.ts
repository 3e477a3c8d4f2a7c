/**
 * Who waits too long for a lock of the kernel: reboots behind system calls, processes behind a reboot, and whoever
 * comes behind one that forgot to give it up.
 */
import { JournaledMap } from '../machine/journal';
import type { Place } from '../findings/place';
import { placeOf, type Thread } from '../runtime/code';
import type { KernelWork } from '../runtime/purpose';
import { inKernel, waitsFor } from '../runtime/waiting';
import { processOf } from '../runtime/host/scenario-process';
import { ruleFile } from './rules';

/** Nanoseconds that a reboot may wait without a word: watchdogs and users do not notice. */
const NOTICED = 10e6;

/** What it comes back from that is no system call. */
const CALLS: Readonly<Partial<Record<KernelWork['kind'], string>>> = { release: 'a close', exit: 'its end' };

export const waitingRules = ruleFile(['LU1031', 'LU1032', 'LU1033'], ({ host, say }) => {
    /** What reboots wait for, in the words of the moment when they began; by the number of their thread. */
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
                    message: `The reboot of ${thread.name} has waited ${milliseconds(waited)} for ${words.replace(/^waits for /, '')}.`,
                    place: standing(thread),
                    data: { process: thread.name, lock: lock.name, waitedNs: waited },
                });
            }
        },
        callReturned(work): void {
            const thread = host.interpreter.current;
            const lock = thread.locks.at(-1);
            // a block of this process inside of `at handover` returns to the reboot; an oops is LU1086
            const oopsed = host.deadThreads.has(thread.id);
            if (lock && !oopsed && processOf(thread) && !thread.frames.some((f) => f.mode === 'kernel')) {
                say('LU1033', {
                    about: `${thread.name} ${lock.name}`,
                    message: `${thread.name} comes back from ${CALLS[work.kind] ?? work.name} with ${lock.name} held: whoever wants it next waits for ever.`,
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
                        message: `${thread.name} hangs until the jump, in ${inKernel(thread) ?? 'a system call'}: it ${words}.`,
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
