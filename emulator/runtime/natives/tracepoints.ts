/**
 * Tracepoints of the emulator's kernel code for observers of the run, like those of Linux
 * (Documentation/trace/tracepoints.rst). They do not change the kernel, take no time, and the debugger does not stop at
 * them. Other code cannot use them.
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
    tracepoint('trace_luo_session', [SESSION], 'This function operates on a session.', (host, [session]) => {
        if (host.frame) {
            host.frame.subject = { session: sessionOf(session), token: null };
        }
    }),
    tracepoint(
        'trace_luo_file',
        [SESSION, param('token', INT)],
        'From now on, this function operates on this file of a session.',
        (host, [session, token]) => {
            if (host.frame) {
                host.frame.subject = { session: sessionOf(session), token: asInt(token, 'token') };
            }
        },
    ),
    tracepoint('trace_luo_release', [SESSION], 'The last descriptor of a session is closed.', (host, [session]) =>
        host.tell((l) => l.sessionReleased?.(sessionOf(session))),
    ),
    tracepoint(
        'trace_luo_stuck',
        [SESSION],
        'The release of a session has failed: the session remains without a descriptor.',
        (host, [session]) => host.tell((l) => l.sessionStuck?.(sessionOf(session))),
    ),
    tracepoint(
        'trace_luo_no_handler',
        [param('compatible', STRING)],
        'No handler is registered for a file of the current session.',
        (host, [compatible]) =>
            host.tell((l) =>
                l.handlerMissing?.(asString(compatible, 'compatible'), subjectAtWork(host)?.session ?? null),
            ),
    ),
    tracepoint(
        'trace_luo_incompatible',
        [param('part', STRING), param('expected', STRING), param('found', STRING)],
        'The data from the previous kernel has another format.',
        (host, [part, expected, found]) =>
            host.tell((l) =>
                l.handoverIncompatible?.(
                    asString(part, 'part'),
                    asString(expected, 'expected'),
                    asString(found, 'found'),
                ),
            ),
    ),
    tracepoint(
        'trace_luo_early_init_failed',
        [ERROR],
        'LUO cannot take over the data from the previous kernel.',
        (host, [error]) => host.tell((l) => l.luoFailed?.(asNumber(error, 'error'))),
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
        'The files of a session cannot be read, but the kernel treats it as read.',
        (host, [session, error]) => host.tell((l) => l.filesMissing?.(sessionOf(session), asNumber(error, 'error'))),
    ),
    tracepoint('trace_luo_stale', [SESSION], 'A session is used after it was freed.', (host, [session]) =>
        host.tell((l) => l.usedAfterFree?.(sessionOf(session))),
    ),
    tracepoint(
        'trace_flb_user',
        [param('flb', objectOf('luo_flb')), param('side', STRING), param('change', INT)],
        'The number of users of the object of an FLB changes, whatever its reference count is.',
        (host, [flb, side, change]) =>
            host.tell((l) =>
                l.flbUsed?.(
                    expect(LuoFlb, flb, 'an FLB'),
                    asString(side, 'side') === 'outgoing' ? 'outgoing' : 'incoming',
                    asNumber(change, 'change'),
                ),
            ),
    ),
    tracepoint(
        'trace_luo_miscounted',
        [SESSION],
        'The number of files of a session differs from its count.',
        (host, [session]) => host.tell((l) => l.sessionMiscounted?.(sessionOf(session))),
    ),
    tracepoint(
        'trace_kstate_version',
        [param('name', STRING), param('found', INT), param('expected', INT)],
        'A struct is loaded that was saved in another version of its description.',
        (host, [name, found, expected]) =>
            host.tell((l) =>
                l.kstateVersion?.(asString(name, 'name'), asNumber(found, 'found'), asNumber(expected, 'expected')),
            ),
    ),
    tracepoint(
        'trace_kstate_default',
        [param('name', STRING), param('field', STRING), param('version', INT)],
        'The stream has no value for a field or a subsection of a struct.',
        (host, [name, field, version]) =>
            host.tell((l) =>
                l.kstateDefault?.(asString(name, 'name'), asString(field, 'field'), asNumber(version, 'version')),
            ),
    ),
    tracepoint('trace_iommu_failed', [], 'The translation tables of the devices are unknown.', (host) =>
        host.tell((l) => l.translationLost?.()),
    ),
];

/** The natives of the emulator's kernel code: those of other code, and tracepoints. */
export const KERNEL_NATIVES: Natives = {
    ...HOST_NATIVES,
    functions: table([...HOST_NATIVES.functions.values(), ...tracepoints]),
};
