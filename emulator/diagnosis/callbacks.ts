/** Return values of callbacks, and the oopses that wrong ones cause. */
import { Err } from '../kernel/release/errno';
import { hasInterfaceStates } from '../kernel/luo/interface-states';
import type { Value } from '../language/types';
import { JournaledMap } from '../machine/journal';
import type { Place } from '../findings/place';
import type { CallbackCall } from '../runtime/purpose';
import { capital, listed } from '../text/text';
import { fileData } from './chronicle';
import { ruleFile } from './rules';
import { be } from './wording';

/** Their result is an answer, not an error number. */
const ANSWERS: readonly string[] = ['can_preserve', 'can_finish', 'get_id'];

const IGNORED = 'The kernel takes only negative values for errors';

/** The effect of a positive value, by the callback that returned it (luo_file.c and luo_flb.c check `if (err)`). */
const EFFECTS: Readonly<Record<string, string>> = {
    'handler preserve':
        'LUO takes every value but 0 for an error: the file is not preserved, its FLBs are released, and preserve_fd() returns the number',
    'handler freeze': 'The reboot continues, but the serialized data that this freeze() has set is dropped',
    'handler retrieve':
        'LUO takes every value but 0 for an error, but the ioctl only negative numbers: it continues without a file, and the kernel follows a null pointer',
    'flb preserve':
        'LUO takes every value but 0 for an error: the file that needs this FLB is not preserved, and preserve_fd() returns the number',
    'flb retrieve':
        'LUO takes every value but 0 for an error: the caller gets no object, and does not notice it if it checks for negative numbers only',
};

/** A callback after which the kernel uses a file that does not exist. */
interface Suspect {
    readonly call: CallbackCall;
    readonly what: string;
    readonly place: Place | undefined;
}

export const callbackRules = ruleFile(['LU1017', 'LU1086'], ({ host, say }) => {
    /** The last retrieve() without a file, by the id of its thread. */
    const suspects = new JournaledMap<number, Suspect>(host.machine.journal);

    /** LU1017 */
    const positive = (call: CallbackCall, result: number | bigint, place: Place | undefined): void => {
        const known = host.kernel && !hasInterfaceStates(host.kernel.desc);
        say('LU1017', {
            about: call.name,
            message: `${call.name} returned ${result}, which is neither 0 nor a negative error number. ${(known ? EFFECTS[`${call.kind} ${call.callback}`] : undefined) ?? IGNORED}.`,
            place,
            data: { callback: call.name, result: String(result), ...fileData(host, call) },
        });
    };

    const noFile = (call: CallbackCall, result: Value | Err): string | undefined => {
        if (call.kind !== 'handler' || call.callback !== 'retrieve' || result instanceof Err) {
            return undefined;
        }
        if (typeof result === 'number' && result > 0) {
            return `returned ${result}`;
        }
        return call.args?.file === null ? 'returned 0 without having set args.file' : undefined;
    };

    return {
        callbackLeft(call, result, place): void {
            if (
                (typeof result === 'number' || typeof result === 'bigint') &&
                result > 0 &&
                !ANSWERS.includes(call.callback)
            ) {
                positive(call, result, place);
            }
            const what = noFile(call, result);
            if (what !== undefined) {
                suspects.set(host.interpreter.current.id, { call, what, place });
            }
        },
        oopsed(where): void {
            const thread = host.interpreter.current;
            const suspect = suspects.get(thread.id);
            if (!suspect) {
                return;
            }
            const { call, what, place } = suspect;
            const locks = [...new Set(thread.locks.map((lock) => lock.name))];
            const held =
                locks.length > 0
                    ? ` ${capital(listed(locks))} ${be(locks.length)} never unlocked: the next process that needs ${locks.length === 1 ? 'it' : 'them'} hangs.`
                    : '';
            say('LU1086', {
                about: call.name,
                message: `${call.name} ${what}: the kernel dereferences a null pointer in ${where}, and ${thread.name} dies in its system call.${held}`,
                place,
                data: { callback: call.name, where, process: thread.name, locks, ...fileData(host, call) },
            });
        },
        callReturned(): void {
            suspects.delete(host.interpreter.current.id);
        },
    };
});
