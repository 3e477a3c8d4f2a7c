/**
 * Sessions that were handed over but cannot be read: all of them, or those after an error that the kernel does not
 * remember.
 */
import { Err, errOfCode } from '../kernel/release/errno';
import type { Kernel } from '../kernel/kernel';
import type { LuoSession } from '../kernel/luo/state';
import { JournaledMap } from '../machine/journal';
import { ruleFile } from './rules';
import { mismatchReported } from './handover';
import { hasUnread, incomingSessions } from './unread-sessions';
import { be, some } from './wording';
import { counted } from '../text/text';

export const unreadableRules = ruleFile(['LU1076', 'LU1077'], (scene) => {
    const { host, chronicle, say } = scene;
    /** Reasons in this boot: the first error of the kernel, and whether another rule has reported one. */
    const why = new JournaledMap<'first' | 'elsewhere', string>(host.machine.journal);

    const because = (words: string): void => {
        if (!why.has('first')) {
            why.set('first', words);
        }
    };

    /** The message of the kernel, or its error. */
    const reason = (code: number | undefined): string => {
        const words = why.get('first') ?? errOfCode(-(code ?? 0))?.name;
        return words === undefined ? '' : ` (${words})`;
    };

    /** LU1077: sessions after the point at which an earlier attempt failed. */
    const skipped = (kernel: Kernel): void => {
        const there = new Map(kernel.luo.incoming.sessions.items.map((s) => [s.name, s.files.length]));
        for (const { name, files } of incomingSessions(kernel)) {
            if ((there.get(name) ?? 0) < files) {
                say('LU1077', {
                    about: name,
                    history: chronicle.ofSessionNamed(name),
                    data: { session: name, files },
                    message: `/dev/liveupdate opens although an earlier attempt failed, but session "${name}" with ${counted(files, 'file')} was never read: no process can reach it, and its memory is held until the machine reboots.`,
                });
            }
        }
    };

    /** LU1077: sessions without some of their files, while the device is opened. */
    const missing = new JournaledMap<LuoSession, { readonly files: number; readonly error: number }>(
        host.machine.journal,
    );

    const takenForRead = (): void => {
        for (const session of missing.keys()) {
            const { files = 0, error } = missing.get(session) ?? {};
            say('LU1077', {
                about: session.name,
                history: chronicle.ofSessionNamed(session.name),
                data: { session: session.name, files },
                message: `/dev/liveupdate opens without an error, but ${counted(files, 'file')} of session "${session.name}" could not be read${reason(error)}: no process can retrieve ${files === 1 ? 'it' : 'them'}, finish() succeeds, and the memory is held until the machine reboots.`,
            });
        }
        missing.clear();
    };

    return {
        filesMissing(session, error): void {
            const sent = host.kernel && incomingSessions(host.kernel).find((s) => s.name === session.name);
            missing.set(session, { files: (sent?.files ?? 0) - session.files.length, error });
        },
        phase(phase): void {
            if (phase === 'boot') {
                why.clear();
            }
        },
        handlerMissing: () => why.set('elsewhere', ''),
        handoverIncompatible: () => why.set('elsewhere', ''),
        sessionMiscounted: ({ name }) => because(`File count mismatch in session "${name}"`),
        sessionUnreadable: ({ name }, error) => because(`Failed to deserialize files for session [${name}] ${error}`),
        luoFailed(error): void {
            if (!why.has('elsewhere') && !mismatchReported(scene)) {
                say('LU1076', {
                    about: 'sessions',
                    history: chronicle.damage(),
                    data: { panics: true },
                    message: `The list of sessions cannot be read${reason(error)}: this kernel cannot know which memory is preserved, and panics.`,
                });
            }
        },
        callReturned(work, result): void {
            const { kernel } = host;
            if (work.kind !== 'open' || work.path !== '/dev/liveupdate' || !kernel?.luo.enabled) {
                return;
            }
            if (result instanceof Err) {
                if (result.name === 'EIO' && (kernel.luo.deserialized ?? 0) < 0 && !why.has('elsewhere')) {
                    const sessions = kernel.luo.incoming.sessions.items.map((s) => `"${s.name}"`);
                    say('LU1076', {
                        about: 'sessions',
                        history: chronicle.damage(),
                        data: { panics: false, error: kernel.luo.deserialized ?? 0 },
                        message: `The sessions of the previous kernel cannot be read${reason(kernel.luo.deserialized)}: from now on, opening /dev/liveupdate fails with EIO, ${sessions.length > 0 ? `${some(sessions)} ${be(sessions.length)} unreachable, ` : ''}and everything that was handed over is held until the machine reboots.`,
                    });
                }
            } else if (missing.size > 0) {
                takenForRead();
            } else if (kernel.luo.deserialized === 0 && hasUnread(kernel)) {
                skipped(kernel);
            }
        },
    };
});
