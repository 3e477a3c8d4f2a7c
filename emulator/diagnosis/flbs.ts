/** FLBs: reference counts that go below zero, or never to it. */
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

    /** References to what is preserved, and to what came over, as they were after the last system call. */
    const ledger = new JournaledMap<LuoFlb, readonly [number, number]>(host.machine.journal);

    /** What has gone below zero in the system call under way. */
    const underflown = new JournaledList<readonly [LuoFlb, 'outgoing' | 'incoming']>(host.machine.journal);

    const keepBooks = (kernel: Kernel): void => {
        for (const flb of kernel.luo.flbs) {
            const [out, come] = ledger.get(flb) ?? [0, 0];
            const now = [flb.outgoing.count, flb.incoming.count] as const;
            if (now[0] !== out) {
                chronicle.note(flbKey(flb.name), `references to what is preserved: ${out} → ${now[0]}`);
            }
            if (now[1] !== come && now[1] < REFCOUNT_SATURATED) {
                chronicle.note(
                    flbKey(flb.name),
                    `references to what came from the previous kernel: ${come} → ${now[1]}`,
                );
            }
            if (now[0] !== out || now[1] !== come) {
                ledger.set(flb, now);
            }
        }
    };

    const underflow = (flb: LuoFlb, side: 'outgoing' | 'incoming'): void =>
        say(
            'LU1006',
            finding(
                flb,
                side === 'incoming'
                    ? `A file of FLB "${flb.compatible}" was finished before anybody in this kernel asked for the FLB: its reference count was never loaded, goes below zero, and its finish() will not run.`
                    : `put_outgoing() of FLB "${flb.compatible}" was called more often than get_outgoing(): its reference count goes below zero.`,
                0,
            ),
        );

    const incoming = (kernel: Kernel, sink: typeof say): void => {
        const { luo } = kernel;
        // what could not be read is still there, and nobody has let go of it
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
                        `No file of FLB "${flb.compatible}" is left, but ${counted(count, 'reference')} to what came from the previous kernel: its finish() never runs.`,
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
                        `No file of FLB "${flb.compatible}" is preserved any more, but ${counted(count, 'reference')} of get_outgoing() ${count === 1 ? 'was' : 'were'} never put: it stays preserved.`,
                        count,
                    ),
                );
            }
        }
    };

    /** LU1078: the state of the previous kernel is still there when it is preserved anew. */
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
                    : `${counted(count, 'reference')} to it ${be(count)} left`;
            say(
                'LU1078',
                finding(
                    flb,
                    `FLB "${flb.compatible}" is preserved for the next update while that of the previous one lives (${why}): from now on there are two, and the older one is dropped at the kexec.`,
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
                keepBooks(host.kernel);
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
                            `FLB "${flb.compatible}" is handed over with ${counted(flb.outgoing.count, 'reference')}, but has ${counted(files, 'file')}: get_outgoing() was not put ${extra === 1 ? 'once' : `${extra} times`}, and the next kernel has to make up for it.`,
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
