/** Sessions that were handed over and that this kernel cannot read: all of them, or those behind an error that it has forgotten. */
import { Err, errOfCode } from '../kernel/release/errno';
import type { LogLine } from '../kernel/klog';
import type { Kernel } from '../kernel/kernel';
import { Table } from '../machine/journal';
import type { Frame } from '../runtime/code';
import type { Phase } from '../runtime/listener';
import type { Value } from '../language/types';
import type { Rules } from './rules';
import type { Scene } from './scene';
import { saidToDiffer } from './handover';
import { hasUnread, incomingSessions } from './unread-sessions';
import { be, some } from './wording';
import { counted } from '../text/text';

/** What LUO says where another rule knows better what is wrong: a handler that is missing, a format that is not its own. */
const SAID_ELSEWHERE = /No registered handler|[Ii]ncompatible/;

/** What it panics with where it cannot know what it must not touch. */
const FATAL = /The incoming tree failed to initialize/;

export function unreadableRules(scene: Scene): Rules {
    const { vm, chronicle, say } = scene;
    /** What LUO has said in this boot, the last words of each kind. */
    const words = new Table<'last' | 'elsewhere', string>(vm.machine.journal);

    /** The kernel's own words, or its error. */
    const because = (code: number | undefined): string => {
        const why = words.get('last') ?? errOfCode(-(code ?? 0))?.name;
        return why === undefined ? '' : ` (${why})`;
    };

    /** LU1077: sessions behind the place at which an earlier attempt has failed. */
    const forgotten = (kernel: Kernel): void => {
        const there = new Map(kernel.luo.incoming.sessions.items.map((s) => [s.name, s.files.length]));
        for (const { name, files } of incomingSessions(kernel)) {
            if ((there.get(name) ?? 0) < files) {
                say('LU1077', {
                    about: name,
                    history: chronicle.ofSessionNamed(name),
                    data: { session: name, files },
                    message: `/dev/liveupdate opens after an error, as if nothing had happened, but session "${name}" with ${counted(files, 'file')} was never read: nobody can reach it, and its memory is held until the machine reboots.`,
                });
            }
        }
    };

    return {
        phase(phase: Phase): void {
            if (phase === 'boot') {
                words.delete('last');
                words.delete('elsewhere');
            }
        },
        log(line: LogLine): void {
            if (SAID_ELSEWHERE.test(line.text)) {
                words.set('elsewhere', line.text);
            } else if (FATAL.test(line.text)) {
                if (!words.has('elsewhere') && !saidToDiffer(scene)) {
                    say('LU1076', {
                        about: 'sessions',
                        history: chronicle.damage(),
                        data: { panics: true },
                        message: `What lists the sessions cannot be read${because(Number(/\[(-\d+)\]/.exec(line.text)?.[1]))}: this kernel cannot know which memory it must not touch, and panics.`,
                    });
                }
            } else if (
                line.text.startsWith('luo: ') &&
                (line.level === 'warn' || line.level === 'err') &&
                !words.has('last')
            ) {
                words.set('last', line.text.slice('luo: '.length));
            }
        },
        settled(name: string, result: Value | Err, frame: Frame | null): void {
            const { kernel } = vm;
            if (name !== 'sys_open' || !kernel?.luo.enabled || frame?.slots[0] !== '/dev/liveupdate') {
                return;
            }
            if (result instanceof Err) {
                if (result.name === 'EIO' && (kernel.luo.deserialized ?? 0) < 0 && !words.has('elsewhere')) {
                    const sessions = kernel.luo.incoming.sessions.items.map((s) => `"${s.name}"`);
                    say('LU1076', {
                        about: 'sessions',
                        history: chronicle.damage(),
                        data: { panics: false, error: kernel.luo.deserialized ?? 0 },
                        message: `The sessions of the previous kernel cannot be read${because(kernel.luo.deserialized)}: from now on /dev/liveupdate gives EIO, ${sessions.length > 0 ? `${some(sessions)} ${be(sessions.length)} out of reach, ` : ''}and everything that was handed over is held until the machine reboots.`,
                    });
                }
            } else if (kernel.luo.deserialized === 0 && hasUnread(kernel)) {
                forgotten(kernel);
            }
        },
    };
}
