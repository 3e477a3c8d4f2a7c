/** The callbacks that a handler, an FLB or a file kind does not have yet. */
import type { CallbackOwner } from '../subjects';
import { callbackText } from '../signatures';
import { RANK, type Offer } from './offer';
import type { Situation } from './situation';

export function callbackOffers({ program }: Situation, owner: CallbackOwner): Offer[] {
    const shapes = program.natives.callbacks[owner.kind];
    const there = new Set(owner.callbacks.map((c) => c.name.name));
    return [...shapes]
        .filter(([name]) => !there.has(name))
        .map(([name, shape], i) => ({
            label: name,
            kind: 'callback',
            rank: RANK.asked + i + (shape.required ? 0 : 20),
            snippet: `${callbackText(name, shape)} { $0 }`,
            subject: { kind: 'callback', owner, name },
        }));
}
