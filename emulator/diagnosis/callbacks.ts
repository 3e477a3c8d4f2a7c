/** What callbacks return. */
import type { Frame } from '../runtime/code';
import { fileOnStack } from './chronicle';
import type { Rules } from './rules';
import type { Scene } from './scene';

const ANSWERS = ['can_preserve', 'can_finish', 'get_id'];

export function callbackRules({ vm, say }: Scene): Rules {
    return {
        callbackLeft(name: string, result: unknown, frame: Frame): void {
            if ((typeof result !== 'number' && typeof result !== 'bigint') || result <= 0) {
                return;
            }
            const callback = name.slice(name.lastIndexOf('.') + 1);
            if (frame.code.kind === 'init' || ANSWERS.includes(callback)) {
                return;
            }
            const effect =
                callback === 'freeze'
                    ? 'The reboot goes on, and the serialized data that this freeze() has set is dropped'
                    : 'Only negative values are errors to the kernel';
            say('LU1017', {
                about: name,
                message: `${name} returned ${result}, which is neither 0 nor a negative error number. ${effect}.`,
                place: vm.placeOf(frame),
                data: { callback: name, result: String(result), ...fileOnStack(vm) },
            });
        },
    };
}
