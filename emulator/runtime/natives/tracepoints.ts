/**
 * What the shipped kernel code says of itself to whoever observes the run: tracepoints, as those of Linux
 * (Documentation/trace/tracepoints.rst). They change nothing of the kernel, take no time, and are no places to stop at.
 * Other code does not get to see them.
 */
import { LuoFlb, LuoSession } from '../../kernel/luo/state';
import { INT, objectOf, STRING, type Value } from '../../language/types';
import type { NativeParam } from '../../language/natives';
import { asInt, asNumber, asString } from '../../language/values';
import type { Host } from '../host/host';
import { subjectAtWork } from '../at-work';
import { expect } from './arguments';
import { fn, param, table } from './define';
import { HOST_NATIVES } from './index';
import type { NativeFunction, Natives } from './native';

function tracepoint(
    name: string,
    params: readonly NativeParam[],
    doc: string,
    tell: (host: Host, args: readonly Value[]) => void,
): NativeFunction {
    const call = (host: Host, args: readonly Value[]): undefined => {
        tell(host, args);
        return undefined;
    };
    return { ...fn(name, params, {}, doc, call), tracepoint: true };
}

const SESSION = param('session', objectOf('luo_session'));
const ERROR = param('error', INT);

const sessionOf = (v: Value): LuoSession => expect(LuoSession, v, 'a session');

const tracepoints: readonly NativeFunction[] = [
    tracepoint('trace_luo_session', [SESSION], 'This function works on a session.', (host, [session]) => {
        if (host.frame) {
            host.frame.subject = { session: sessionOf(session), token: null };
        }
    }),
    tracepoint(
        'trace_luo_file',
        [SESSION, param('token', INT)],
        'This function works on a file of a session, from now on.',
        (host, [session, token]) => {
            if (host.frame) {
                host.frame.subject = { session: sessionOf(session), token: asInt(token, 'token') };
            }
        },
    ),
    tracepoint('trace_luo_release', [SESSION], 'The last descriptor of a session is gone.', (host, [session]) =>
        host.tell((l) => l.sessionReleased?.(sessionOf(session))),
    ),
    tracepoint(
        'trace_luo_stuck',
        [SESSION],
        'Its release has failed: the session stays, and nobody has a descriptor of it.',
        (host, [session]) => host.tell((l) => l.sessionStuck?.(sessionOf(session))),
    ),
    tracepoint(
        'trace_luo_no_handler',
        [param('compatible', STRING)],
        'No handler is registered for a file of the session that this is about.',
        (host, [compatible]) =>
            host.tell((l) =>
                l.handlerMissing?.(asString(compatible, 'compatible'), subjectAtWork(host)?.session ?? null),
            ),
    ),
    tracepoint(
        'trace_luo_incompatible',
        [param('part', STRING), param('expected', STRING), param('found', STRING)],
        'What the previous kernel has handed over is in another format.',
        (host, [part, expected, found]) =>
            host.tell((l) =>
                l.handoverIncompatible?.(
                    asString(part, 'part'),
                    asString(expected, 'expected'),
                    asString(found, 'found'),
                ),
            ),
    ),
    tracepoint('trace_luo_early_init_failed', [ERROR], 'LUO cannot take over what it was handed.', (host, [error]) =>
        host.tell((l) => l.luoFailed?.(asNumber(error, 'error'))),
    ),
    tracepoint(
        'trace_luo_deserialize_failed',
        [SESSION, ERROR],
        'The files of a session cannot be read.',
        (host, [session, error]) =>
            host.tell((l) => l.sessionUnreadable?.(sessionOf(session), asNumber(error, 'error'))),
    ),
    tracepoint(
        'trace_luo_files_missing',
        [SESSION, ERROR],
        'The files of a session cannot be read, and it is taken for read all the same.',
        (host, [session, error]) => host.tell((l) => l.filesMissing?.(sessionOf(session), asNumber(error, 'error'))),
    ),
    tracepoint('trace_luo_stale', [SESSION], 'A session is used that is freed by now.', (host, [session]) =>
        host.tell((l) => l.usedAfterFree?.(sessionOf(session))),
    ),
    tracepoint(
        'trace_flb_user',
        [param('flb', objectOf('luo_flb')), param('side', STRING), param('change', INT)],
        'One more or one less uses what an FLB stands for, whatever its references say.',
        (host, [flb, side, change]) =>
            host.tell((l) =>
                l.flbUsed?.(
                    expect(LuoFlb, flb, 'an FLB'),
                    asString(side, 'side') === 'outgoing' ? 'outgoing' : 'incoming',
                    asNumber(change, 'change'),
                ),
            ),
    ),
    tracepoint('trace_luo_miscounted', [SESSION], 'A session has not as many files as it says.', (host, [session]) =>
        host.tell((l) => l.sessionMiscounted?.(sessionOf(session))),
    ),
    tracepoint('trace_iommu_failed', [], 'Nobody knows by which tables devices reach memory.', (host) =>
        host.tell((l) => l.translationLost?.()),
    ),
];

/** What the shipped kernel code is checked against: all that other code can use, and tracepoints. */
export const KERNEL_NATIVES: Natives = {
    ...HOST_NATIVES,
    functions: table([...HOST_NATIVES.functions.values(), ...tracepoints]),
};
