/** Live updates in time, in the scope *Live Update*. */
import type { Update } from '../diagnosis/updates';
import { duration } from '../text/durations';
import { counted } from '../text/text';
import { group, leaf, type Item } from './item';

/** @param u the update in progress, otherwise the last one */
export function updateTimes(u: Update | undefined): Item[] {
    return u ? [{ ...group('time', `update ${u.number}, ${u.phase}`, () => times(u)), evaluateName: 'update' }] : [];
}

function times(u: Update): Item[] {
    const time = (name: string, field: string, ns: number, ended: boolean): Item => ({
        ...leaf(name, ns === 0 && !ended ? 'not yet' : `${duration(ns)}${ended ? '' : ' so far'}`),
        evaluateName: `update.${field}`,
    });
    const { shares } = u;
    return [
        time('pre-blackout', 'pre_blackout', u.preBlackout, u.began !== null),
        time('blackout', 'blackout', u.blackout, u.ended !== null),
        time('kernel shutdown', 'kernel_shutdown', u.kernelShutdown, u.jumped !== null),
        time('kernel startup', 'kernel_startup', u.kernelStartup, u.up !== null),
        time('user space', 'userspace', u.userspace, u.ended !== null),
        time('post-blackout', 'post_blackout', u.postBlackout, u.finished !== null),
        ...(shares.length > 0
            ? [
                  group('costs', counted(shares.length, 'cost'), () =>
                      shares.map((s) => ({
                          ...leaf(s.cost, duration(s.ns)),
                          evaluateName: `update.spent("${s.cost}")`,
                      })),
                  ),
              ]
            : []),
    ];
}
