/** Where operations can continue besides the next one. */
import type { Operation, Target } from './form';

/** The targets of an operation besides the next one. */
export function targetsOf(o: Operation): Target[] {
    switch (o.op) {
        case 'jump':
            return [o.to];
        case 'branch':
            return [o.otherwise];
        case 'range':
        case 'each':
            return [o.first];
        case 'next-number':
        case 'next-element':
            return [o.round, o.end];
        case 'decide':
        case 'undo':
        case 'enter':
        case 'at':
            return [o.end];
        case 'concurrently':
            return [...o.blocks.map((b) => b.begin), o.end];
        case 'call':
        case 'native':
        case 'kernel':
        case 'result':
        case 'send':
            return 'end' in o.policy ? [o.policy.end] : [];
        default:
            return [];
    }
}
