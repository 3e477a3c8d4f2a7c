/** Who waits too long for a lock of the kernel: reboots behind system calls, and processes behind a reboot. */
import { Table } from '../../machine/journal';
import type { Place } from '../listener';
import type { LockWait, Thread } from '../thread';
import type { Vm } from '../vm';
import { inKernel, waitsFor } from '../waiting';
import type { Rules, Scene } from './diagnoses';

/** Nanoseconds that a reboot may wait without a word: watchdogs and users do not notice. */
const NOTICED = 10e6;

export function waitingRules({ vm, say }: Scene): Rules {
    /** What reboots wait for, in the words of the moment when they began; by the number of their thread. */
    const reboots = new Table<number, string>(vm.machine.journal);
    return {
        waits(thread: Thread): void {
            if (reboot(thread)) {
                reboots.set(thread.id, waitsFor(vm, thread) ?? '');
            }
        },
        woken(thread: Thread, { lock, since }: LockWait): void {
            const waited = vm.machine.clock.now - since;
            const words = reboots.get(thread.id);
            reboots.delete(thread.id);
            if (words !== undefined && waited >= NOTICED) {
                say('LU1031', {
                    about: `${thread.name} ${lock.name}`,
                    message: `The reboot of ${thread.name} has waited ${milliseconds(waited)} for ${words.replace(/^waits for /, '')}.`,
                    place: standing(vm, thread),
                    data: { process: thread.name, lock: lock.name, waitedNs: waited },
                });
            }
        },
        phase(phase): void {
            if (phase !== 'jump') {
                return;
            }
            for (const thread of vm.threads) {
                const words = waitsFor(vm, thread);
                if (words !== undefined && thread.waiting?.kind === 'lock') {
                    say('LU1032', {
                        about: thread.name,
                        message: `${thread.name} hangs until the jump, in ${inKernel(vm, thread) ?? 'a system call'}: it ${words}.`,
                        place: standing(vm, thread),
                        data: { process: thread.name, lock: thread.waiting.lock.name },
                    });
                }
            }
        },
    };
}

function reboot(thread: Thread): boolean {
    return thread.frames.some((f) => f.code.name === 'sys_reboot');
}

/** The statement of the user's program that a thread is in. */
function standing(vm: Vm, thread: Thread): Place | undefined {
    const frame = thread.frames.findLast((f) => f.mode !== 'kernel');
    return frame && vm.placeOf(frame, true);
}

function milliseconds(ns: number): string {
    return `${Number((ns / 1e6).toPrecision(3))} ms`;
}
