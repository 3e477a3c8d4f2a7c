/** Objects of the kernel that somebody uses after they were freed, as releases of Linux let it happen. */
import { JournaledMap } from '../machine/journal';
import type { LuoFlb } from '../kernel/luo/state';
import { flbKey } from './chronicle';
import { ruleFile } from './rules';
import { counted } from '../text/text';

type Side = 'outgoing' | 'incoming';

/** How many have asked for each side of an FLB and have not put it. */
type Users = Readonly<Record<Side, number>>;

const NOBODY: Users = { outgoing: 0, incoming: 0 };

export const freedRules = ruleFile(['LU1085'], ({ host, chronicle, say }) => {
    const users = new JournaledMap<LuoFlb, Users>(host.machine.journal);

    /** What an FLB stands for is given up by its own callback. */
    const givenUp = (flb: LuoFlb, side: Side): void => {
        const left = (users.get(flb) ?? NOBODY)[side];
        if (left > 0) {
            const [callback, ask] = side === 'incoming' ? ['finish', 'get_incoming'] : ['unpreserve', 'get_outgoing'];
            say('LU1085', {
                about: `${flb.name} ${side}`,
                history: chronicle.of(flbKey(flb.name)),
                data: { flb: flb.name, compatible: flb.compatible, users: left },
                message: `FLB "${flb.compatible}" goes with its last file (${callback}()), while ${counted(left, 'user')} of ${ask}() still ${left === 1 ? 'has' : 'have'} its object: this kernel counts no reference for that.`,
            });
        }
    };

    return {
        flbUsed(flb, side, change): void {
            const before = users.get(flb) ?? NOBODY;
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
                message: `${host.interpreter.current.name} has found session "${session.name}" on the list, and takes its lock after the last close has finished and freed it: it works on memory that is somebody else's by now.`,
            });
        },
    };
});
