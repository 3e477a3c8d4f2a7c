/**
 * What the interrupt remapping of the vendors has in common: an entry of a table in memory says where a device's
 * message goes.
 */
import type { WalkedMemory } from '../iommu/tables';
import type { Destination, Message } from './message';

/** Requesters that an entry takes messages from; undefined: any. */
export interface SourceCheck {
    /** Bits of the requester id that count. */
    readonly mask: number;
    readonly requester: number;
    /** Bus numbers `requester` to `last` instead, as 8-bit numbers; −1: a single requester. */
    readonly lastBus: number;
}

/** What an entry of the table says. */
export type InterruptEntry =
    | { readonly kind: 'remapped'; readonly to: Destination; readonly source: SourceCheck | undefined }
    /** The vector is a guest's, and is left in a posted-interrupt descriptor in memory. */
    | {
          readonly kind: 'posted';
          readonly descriptor: number;
          readonly vector: number;
          readonly urgent: boolean;
          readonly source: SourceCheck | undefined;
      };

/** Why a message was refused; the vendors have numbers of their own for them. */
export type InterruptFaultReason =
    | 'request'
    | 'index'
    | 'not-present'
    | 'table'
    | 'reserved'
    | 'compatibility'
    | 'source'
    | 'descriptor'
    | 'descriptor-reserved';

/**
 * What becomes of a message: it goes on as it is, to a processor, or to a descriptor, or it is refused. `index`: which
 * entry; −1: none.
 */
export type Route =
    | { readonly kind: 'as-is' }
    | (InterruptEntry & { readonly index: number })
    | { readonly kind: 'fault'; readonly reason: InterruptFaultReason; readonly index: number };

/** What a unit's registers say of its table of interrupts. */
export interface RemappingRegisters {
    /** Remapping is on. */
    readonly on: boolean;
    /** Where the table of all devices lies; with AMD where the device table lies. */
    readonly table: number;
    /** Entries of the table, where that is in a register. */
    readonly entries: number;
    /** Messages in the compatibility format are refused. */
    readonly strict: boolean;
}

/** Entries that the hardware has read, by a key of the vendor's. */
export interface EntryCache {
    get(key: number): InterruptEntry | undefined;
    set(key: number, entry: InterruptEntry): void;
}

/** How a vendor's hardware finds the entry of a message, and how its driver writes one. */
export interface RemappingFormat {
    /** Bytes of an entry. */
    readonly entrySize: number;
    /** Entries of the table that the driver makes. */
    readonly entries: number;
    /** One table for each device, and not one for all. */
    readonly tableOfDevice: boolean;
    /** Destinations have 32 bits, and not 8. */
    readonly wide: boolean;
    /** An entry can have a vector posted. */
    readonly posts: boolean;
    /** Follows a message to its entry. `trail` gets the address of every table that is read. */
    route(
        m: WalkedMemory,
        registers: RemappingRegisters,
        cache: EntryCache,
        requester: number,
        message: Message,
        trail: number[],
    ): Route;
    /** The message that leads to an entry. */
    message(index: number, to: Destination): Message;
    /** The bytes of an entry for one requester, as 32-bit words; null: an entry that is not there. */
    words(entry: InterruptEntry | null): readonly number[];
    /** The number that the hardware gives a fault. */
    code(reason: InterruptFaultReason): number;
    /** The line of the kernel's log. */
    text(fault: {
        readonly reason: InterruptFaultReason;
        readonly device: string;
        readonly index: number;
        readonly address: number;
        readonly domain: number;
    }): string;
}

/** A requester passes where nothing is checked, or where it is the one that was meant. */
export function passes(check: SourceCheck | undefined, requester: number): boolean {
    if (!check) {
        return true;
    }
    if (check.lastBus >= 0) {
        const bus = requester >> 8;
        return bus >= check.requester && bus <= check.lastBus;
    }
    return (requester & check.mask) === (check.requester & check.mask);
}

/** The check that drivers ask for: exactly this function. */
export function onlyFrom(requester: number): SourceCheck {
    return { mask: 0xffff, requester, lastBus: -1 };
}
