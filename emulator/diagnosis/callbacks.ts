/** What callbacks return. */
import { fileData } from './chronicle';
import { ruleFile } from './rules';

/** What they give is an answer, and no error. */
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
                    ? 'The reboot goes on, and the serialized data that this freeze() has set is dropped'
                    : 'Only negative values are errors to the kernel';
            say('LU1017', {
                about: name,
                message: `${name} returned ${result}, which is neither 0 nor a negative error number. ${effect}.`,
                place,
                data: { callback: name, result: String(result), ...fileData(host, call) },
            });
        },
    };
});
