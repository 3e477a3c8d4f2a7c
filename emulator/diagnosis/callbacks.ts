/** Return values of callbacks. */
import { fileData } from './chronicle';
import { ruleFile } from './rules';

/** Their result is an answer, not an error number. */
const ANSWERS: readonly string[] = ['can_preserve', 'can_finish', 'get_id'];

export const callbackRules = ruleFile(['LU1017'], ({ host, say }) => {
    return {
        callbackLeft(call, result, place): void {
            const { name, callback } = call;
            if (
                (typeof result !== 'number' && typeof result !== 'bigint') ||
                result <= 0 ||
                ANSWERS.includes(callback)
            ) {
                return;
            }
            const effect =
                callback === 'freeze'
                    ? 'The reboot continues, but the serialized data that this freeze() has set is dropped'
                    : 'The kernel takes only negative values for errors';
            say('LU1017', {
                about: name,
                message: `${name} returned ${result}, which is neither 0 nor a negative error number. ${effect}.`,
                place,
                data: { callback: name, result: String(result), ...fileData(host, call) },
            });
        },
    };
});
