/** Memory that is charged to a cgroup whose limit is too small for it. */
import { Err } from '../kernel/release/errno';
import { processOf } from '../runtime/host/scenario-process';
import { fileData, fileKey, sessionKey } from './chronicle';
import { ruleFile } from './rules';
import { pagesText } from './wording';

export const cgroupRules = ruleFile(['LU1052'], ({ host, chronicle, say }) => {
    return {
        /** LU1052 */
        callbackLeft(call, result): void {
            const failed = call.kind === 'handler' && call.callback === 'retrieve' && result instanceof Err;
            if (!failed || result.name !== 'ENOMEM') {
                return;
            }
            const process = processOf(host.interpreter.current)?.process;
            const { session, token } = fileData(host, call);
            const limits = process ? [process.memcg, ...process.hugetlbLimits.values()] : [];
            const full = limits.find((l) => l !== null && l.refused > 0);
            if (!process || !full || session === undefined || token === undefined) {
                return;
            }
            const which = full === process.memcg ? 'memory' : 'hugetlb';
            say('LU1052', {
                about: fileKey(session, token),
                message: `Token ${token} of session "${session}" is lost: its pages are charged to the ${which} cgroup of ${process.name}, whose limit is ${pagesText(host.machine.page, full.limit)}. The pages that were already retrieved are freed, and ${host.running.desc.flaws.has('luo_retried_retrieve') ? 'another attempt would use the rest' : 'later attempts fail with the same error'}.`,
                history: [...chronicle.of(sessionKey(session)), ...chronicle.of(fileKey(session, token))],
                data: { session, token, process: process.name, limit: full.limit },
            });
        },
    };
});
