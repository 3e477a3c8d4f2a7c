/** FLBs: reference counts that underflow or never reach zero, and FLBs that exist twice. */
import { Err } from '../kernel/release/errno';
import type { Kernel } from '../kernel/kernel';
import { JournaledList, JournaledMap } from '../machine/journal';
import type { LuoFlb } from '../kernel/luo/state';
import { REFCOUNT_SATURATED } from '../kernel/refcount';
import { flbKey } from './chronicle';
import { ruleFile } from './rules';
import type { RuleFinding } from '../findings/diagnosis';
import { hasUnread } from './unread-sessions';
import { be, some, usersOf } from './wording';
import { counted } from '../text/text';

export const flbRules = ruleFile(['LU1006', 'LU1007', 'LU1078'], ({ host, chronicle, say }) => {
    const finding = (flb: LuoFlb, message: string, references: number): RuleFinding => ({
        about: flb.name,
        message,
        history: chronicle.of(flbKey(flb.name)),
        data: { flb: flb.name, compatible: flb.compatible, references },
    });

    /** Outgoing and incoming references of each FLB after the last system call. */
    const references = new JournaledMap<LuoFlb, readonly [number, number]>(host.machine.journal);

    /** Counts that underflowed in the current system call. */
    const underflown = new JournaledList<readonly [LuoFlb, 'outgoing' | 'incoming']>(host.machine.journal);

    const noteChanges = (kernel: Kernel): void => {
        for (const flb of kernel.luo.flbs) {
            const [out, come] = references.get(flb) ?? [0, 0];
            const now = [flb.outgoing.count, flb.incoming.count] as const;
            if (now[0] !== out) {
                chronicle.note(flbKey(flb.name), `outgoing references: ${out} → ${now[0]}`);
            }
            if (now[1] !== come && now[1] < REFCOUNT_SATURATED) {
                chronicle.note(flbKey(flb.name), `incoming references: ${come} → ${now[1]}`);
            }
            if (now[0] !== out || now[1] !== come) {
                references.set(flb, now);
            }
        }
    };

    const underflow = (flb: LuoFlb, side: 'outgoing' | 'incoming'): void =>
        say(
            'LU1006',
            finding(
                flb,
                side === 'incoming'
                    ? `A file that uses FLB "${flb.compatible}" was finished before this kernel called get_incoming(): the reference count of the FLB was never loaded and underflows, and its finish() will not run.`
                    : `put_outgoing() of FLB "${flb.compatible}" was called more often than get_outgoing(): its reference count underflows.`,
                0,
            ),
        );

    const incoming = (kernel: Kernel, sink: typeof say): void => {
        const { luo } = kernel;
        // sessions that could not be read still hold their references
        const over = luo.deserialized === 0 || (luo.deserialized === undefined && !hasUnread(kernel));
        for (const flb of luo.flbs) {
            const { count, finished, retrieveStatus } = flb.incoming;
            if (
                over &&
                retrieveStatus > 0 &&
                !finished &&
                count > 0 &&
                count < REFCOUNT_SATURATED &&
                usersOf(flb, luo.incoming.sessions) === 0
            ) {
                sink(
                    'LU1007',
                    finding(
                        flb,
                        `No incoming file uses FLB "${flb.compatible}" any more, but ${counted(count, 'incoming reference')} ${count === 1 ? 'remains' : 'remain'}: its finish() never runs.`,
                        count,
                    ),
                );
            }
        }
    };

    const outgoing = (kernel: Kernel, sink: typeof say): void => {
        for (const flb of kernel.luo.flbs) {
            const { count } = flb.outgoing;
            if (count > 0 && count < REFCOUNT_SATURATED && usersOf(flb, kernel.luo.outgoing.sessions) === 0) {
                sink(
                    'LU1007',
                    finding(
                        flb,
                        `No preserved file uses FLB "${flb.compatible}" any more, but put_outgoing() was not called for ${counted(count, 'reference')} from get_outgoing(): the FLB stays preserved.`,
                        count,
                    ),
                );
            }
        }
    };

    /** LU1078: the state of the previous kernel still exists when the FLB is preserved again. */
    const twice = (flb: LuoFlb, sessions: Kernel['luo']['incoming']['sessions']): void => {
        const waiting = sessions.items.filter((s) => usersOf(flb, [s]) > 0).map((s) => `"${s.name}"`);
        const { count, retrieveStatus } = flb.incoming;
        if (
            !flb.incoming.finished &&
            (waiting.length > 0 || (retrieveStatus > 0 && count > 0 && count < REFCOUNT_SATURATED))
        ) {
            const why =
                waiting.length > 0
                    ? `session${waiting.length === 1 ? '' : 's'} ${some(waiting)} ${be(waiting.length)} not finished`
                    : `${counted(count, 'reference')} to it ${count === 1 ? 'remains' : 'remain'}`;
            say(
                'LU1078',
                finding(
                    flb,
                    `FLB "${flb.compatible}" is preserved for the next update while its state from the previous kernel still exists (${why}): from now on there are two, and the kexec drops the older one.`,
                    count,
                ),
            );
        }
    };

    return {
        callbackLeft(call, result): void {
            if (call.kind === 'flb' && call.callback === 'preserve' && !(result instanceof Err) && host.kernel) {
                twice(call.flb, host.kernel.luo.incoming.sessions);
            }
        },
        flbUnderflow(flb, side): void {
            underflown.push([flb, side]);
        },
        callReturned(): void {
            if (host.kernel && !host.booting) {
                noteChanges(host.kernel);
            }
            if (underflown.length > 0) {
                const all = [...underflown];
                underflown.clear();
                for (const [flb, side] of all) {
                    underflow(flb, side);
                }
            }
        },
        phase(phase): void {
            if (phase === 'boot') {
                underflown.clear();
            }
        },
        handingOver(kernel): void {
            incoming(kernel, say);
            for (const flb of kernel.luo.flbs) {
                const files = usersOf(flb, kernel.luo.outgoing.sessions);
                const extra = flb.outgoing.count - files;
                if (extra > 0 && flb.outgoing.count < REFCOUNT_SATURATED) {
                    say(
                        'LU1007',
                        finding(
                            flb,
                            `FLB "${flb.compatible}" is handed over with ${counted(flb.outgoing.count, 'reference')}, but ${files === 0 ? 'no file uses' : files === 1 ? 'only 1 file uses' : `only ${counted(files, 'file')} use`} it: put_outgoing() is missing ${extra === 1 ? 'once' : `${extra} times`}, and the next kernel must call put_incoming() as often.`,
                            extra,
                        ),
                    );
                }
            }
        },
        atEnd(kernel, sink): void {
            incoming(kernel, sink);
            outgoing(kernel, sink);
        },
    };
});
