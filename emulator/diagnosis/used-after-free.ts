/** Objects of the kernel that are used after they were freed, because of bugs of releases. */
import { JournaledMap } from '../machine/journal';
import type { LuoFlb } from '../kernel/luo/state';
import { flbKey } from './chronicle';
import { ruleFile } from './rules';
import { counted } from '../text/text';

type Side = 'outgoing' | 'incoming';

/** The number of users of each side of an FLB: callers of get_…() that have not put it. */
type Users = Readonly<Record<Side, number>>;

const NONE: Users = { outgoing: 0, incoming: 0 };

export const freedRules = ruleFile(['LU1085'], ({ host, chronicle, say }) => {
    const users = new JournaledMap<LuoFlb, Users>(host.machine.journal);

    /** The callback of an FLB frees its object. */
    const givenUp = (flb: LuoFlb, side: Side): void => {
        const left = (users.get(flb) ?? NONE)[side];
        if (left > 0) {
            const [callback, ask] = side === 'incoming' ? ['finish', 'get_incoming'] : ['unpreserve', 'get_outgoing'];
            say('LU1085', {
                about: `${flb.name} ${side}`,
                history: chronicle.of(flbKey(flb.name)),
                data: { flb: flb.name, compatible: flb.compatible, users: left },
                message: `FLB "${flb.compatible}" is dropped with its last file (${callback}()), but ${counted(left, 'user')} of ${ask}() still ${left === 1 ? 'has' : 'have'} its object: in this kernel, ${ask}() takes no reference.`,
            });
        }
    };

    return {
        flbUsed(flb, side, change): void {
            const before = users.get(flb) ?? NONE;
            users.set(flb, { ...before, [side]: Math.max(before[side] + change, 0) });
        },
        callbackLeft(call): void {
            if (call.kind === 'flb' && call.callback === 'finish') {
                givenUp(call.flb, 'incoming');
            } else if (call.kind === 'flb' && call.callback === 'unpreserve') {
                givenUp(call.flb, 'outgoing');
            }
        },
        usedAfterFree(session): void {
            say('LU1085', {
                about: session.name,
                history: chronicle.ofSession(session),
                data: { session: session.name },
                message: `${host.interpreter.current.name} has found session "${session.name}" on the list, and locks it after its last close has finished and freed it: it uses memory that can have another owner.`,
            });
        },
    };
});
