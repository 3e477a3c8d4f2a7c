/** What is watched in a run, and its changes. */
import type { Place } from '../findings/place';
import type { Host } from '../runtime/host/host';

/** A frame of a thread: the one at this index from the bottom that was entered at a position of the run. */
export interface FrameName {
    readonly thread: number;
    readonly index: number;
    readonly born: number;
}

export type Subject =
    /** Physical memory, in bytes, whichever kernel runs. `show`: its contents as text, if they are not plain bytes. */
    | {
          readonly kind: 'bytes';
          readonly address: number;
          readonly size: number;
          readonly show?: ((host: Host) => string | undefined) | undefined;
      }
    /** The ownership of page frames. */
    | { readonly kind: 'owner'; readonly pfn: number; readonly count: number }
    /** Anything else that has a text. `read`: undefined if it does not exist. `frame`: the one that it belongs to. */
    | {
          readonly kind: 'value';
          readonly read: (host: Host) => string | undefined;
          readonly frame?: FrameInText | undefined;
      };

/** `names`: those that occur in the text. It depends on no other variable of the frame. */
export interface FrameInText extends FrameName {
    readonly names: ReadonlySet<string>;
}

/** `changes`: it has another value afterwards. `writes`: also where the value stays the same. */
export type Access = 'changes' | 'writes' | 'reads' | 'accesses';

export interface Watch {
    readonly subject: Subject;
    readonly access: Access;
}

/** A change of watched data, or an access to it. */
export interface Change {
    /** `split`: pages became several folios. */
    readonly how: 'changed' | 'written' | 'read' | 'split';
    /** The position of the run behind the operation. */
    readonly at: number;
    /** Nanoseconds of the machine's clock. */
    readonly time: number;
    /** Which boot of the machine it was, from 0. */
    readonly boot: number;
    /** The values; undefined where it did not exist. */
    readonly before: string | undefined;
    readonly after: string | undefined;
    /** A function, a callback, a device with its address, a vCPU of a guest, a booting kernel, the user. */
    readonly who: string;
    /** The statement. */
    readonly place: Place | undefined;
}
