/** Memory that is charged to a cgroup which is too small for it. */
import { Err } from '../kernel/release/errno';
import type { Frame } from '../runtime/code';
import { fileKey, fileOnStack, sessionKey } from './chronicle';
import type { Rules } from './rules';
import type { Scene } from './scene';
import { pagesText } from './wording';

export function cgroupRules({ vm, chronicle, say }: Scene): Rules {
    return {
        /** LU1052 */
        callbackLeft(name: string, result: unknown, frame: Frame): void {
            if (
                frame.code.kind !== 'handler' ||
                !name.endsWith('.retrieve') ||
                !(result instanceof Err) ||
                result.name !== 'ENOMEM'
            ) {
                return;
            }
            const process = vm.current.user?.process;
            const { session, token } = fileOnStack(vm);
            if (!process?.memcg || process.memcg.refused === 0 || session === undefined || token === undefined) {
                return;
            }
            say('LU1052', {
                about: fileKey(session, token),
                message: `Token ${token} of session "${session}" is lost: its pages are charged to the memory cgroup of ${process.name}, whose limit is ${pagesText(vm.machine.page, process.memcg.limit)}. What was retrieved of it is freed, and the error sticks.`,
                history: [...chronicle.of(sessionKey(session)), ...chronicle.of(fileKey(session, token))],
                data: { session, token, process: process.name, limit: process.memcg.limit },
            });
        },
    };
}
