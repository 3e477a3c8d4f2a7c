/** The events of a run that diagnosis rules hear, and the combination of several rules into one. */
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
    'redescribed',
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
    'tee',
    'waits',
    'woken',
    'processFrozen',
    'fileTaken',
    'mountEnds',
    'filesClosed',
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
    'captureFaulted',
    'handlerMissing',
    'flbUnderflow',
    'parametersUnknown',
    'pageSizeDiffers',
    'reservedMemoryMoved',
    'interruptTablesInUse',
    'translationLost',
    'kernelFault',
    'moduleGone',
    'lost',
    'deviceChanged',
    'disk',
    'deviceMemory',
    'unanswered',
    'bypassed',
    'deviceSuspended',
    'deviceResumed',
    'kstateVersion',
    'kstateDefault',
] as const satisfies readonly (keyof Listener)[];

type Heard = (typeof HEARD)[number];
type Told = { [E in Heard]: Parameters<NonNullable<Listener[E]>> };
type Hearing<E extends Heard> = (...told: Told[E]) => void;
export type Events = { [E in Heard]?: Hearing<E> };

/** The event handlers of a file of rules. */
export interface Rules<C extends DiagnosisCode = DiagnosisCode> extends Readonly<Events> {
    /**
     * A system call, or kernel work outside of one, has ended. Calls that ran without a frame and have no kind of their
     * own are left out.
     */
    readonly callReturned?: (work: KernelWork, result: Value | Err) => void;
    /** The same for every call. There are many, so this must be fast. */
    readonly anyCallReturned?: (work: KernelWork, result: Value | Err) => void;
    /** The sessions are frozen and the loaded kernel is about to start; the state of the old kernel is complete. */
    readonly handingOver?: (kernel: Kernel, say: Say<C>) => void;
    /** Reports what would be wrong if the scenario ended here. Must not change any state. */
    readonly atEnd?: (kernel: Kernel, say: Say<C>) => void;
}

/** Combines event handlers: each event goes to all that have it, in their order. */
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
        // frequent events have one handler: DMA, interrupts
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
