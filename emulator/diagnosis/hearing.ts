/** What rules of diagnosis hear of a run, and how several of them hear it as one. */
import type { DiagnosisCode } from '../findings/catalogue';
import type { Say } from '../findings/diagnosis';
import type { Err } from '../kernel/release/errno';
import type { Kernel } from '../kernel/kernel';
import type { Value } from '../language/types';
import type { Listener } from '../runtime/listener';
import type { KernelWork } from '../runtime/purpose';

/** The events of a run that rules may hear. */
const HEARD = [
    'callbackEntered',
    'callbackLeft',
    'viewed',
    'described',
    'corrupted',
    'notRestored',
    'halfRestored',
    'inScratch',
    'folioChanged',
    'phase',
    'slept',
    'dma',
    'walked',
    'interrupt',
    'remapped',
    'iommuFault',
    'guestCreated',
    'vcpu',
    'guestDiffers',
    'guestFaulted',
    'guestSaved',
    'guestLoaded',
    'waits',
    'woken',
    'sessionRefused',
    'sessionReleased',
    'sessionStuck',
    'replyFailed',
    'handoverIncompatible',
    'luoFailed',
    'sessionUnreadable',
    'sessionMiscounted',
    'filesMissing',
    'usedAfterFree',
    'flbUsed',
    'oopsed',
    'cameBack',
    'handlerMissing',
    'flbUnderflow',
    'reservedMemoryMoved',
    'translationLost',
    'kernelFault',
    'moduleGone',
    'lost',
    'deviceChanged',
] as const satisfies readonly (keyof Listener)[];

type Heard = (typeof HEARD)[number];
type Told = { [E in Heard]: Parameters<NonNullable<Listener[E]>> };
type Hearing<E extends Heard> = (...told: Told[E]) => void;
export type Events = { [E in Heard]?: Hearing<E> };

/** What some rules hear that belong together. */
export interface Rules<C extends DiagnosisCode = DiagnosisCode> extends Readonly<Events> {
    /**
     * A system call is over, or what the kernel has done without one. Calls that ran at once and of which nobody asks
     * are left out.
     */
    readonly callReturned?: (work: KernelWork, result: Value | Err) => void;
    /** The same of every call: there are many, and this must be quick. */
    readonly anyCallReturned?: (work: KernelWork, result: Value | Err) => void;
    /** The sessions are frozen and the loaded kernel is about to start; all of the old one is still there. */
    readonly handingOver?: (kernel: Kernel, say: Say<C>) => void;
    /** What would be wrong if this were the end. Must remember nothing. */
    readonly atEnd?: (kernel: Kernel, say: Say<C>) => void;
}

/** Several that hear events as one: for each event those that have it, in their order. */
export function together(all: readonly Readonly<Events>[]): Events {
    const events: Events = {};
    for (const event of HEARD) {
        hear(events, all, event);
    }
    return events;
}

function hear<E extends Heard>(events: { [P in E]?: Hearing<P> }, all: readonly Readonly<Events>[], event: E): void {
    const list: Hearing<E>[] = [];
    for (const one of all) {
        const heard = one[event];
        if (heard) {
            list.push(heard);
        }
    }
    const [only] = list;
    if (only) {
        // what one alone hears comes often: DMA, interrupts
        events[event] =
            list.length === 1
                ? only
                : (...told) => {
                      for (const heard of list) {
                          heard(...told);
                      }
                  };
    }
}
