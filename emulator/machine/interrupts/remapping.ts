/**
 * The common part of the vendors' interrupt remapping: an entry of a table in memory gives the destination of a
 * device's message.
 */
import type { WalkedMemory } from '../iommu/tables';
import type { Destination, Message } from './message';

/** Requesters whose messages an entry accepts; undefined: all. */
export interface SourceCheck {
    /** Bits of the requester id that are compared. */
    readonly mask: number;
    readonly requester: number;
    /** Instead, bus numbers from `requester` to `last`, as 8-bit numbers; −1: a single requester. */
    readonly lastBus: number;
}

/** The contents of an entry of the table. */
export type InterruptEntry =
    | { readonly kind: 'remapped'; readonly to: Destination; readonly source: SourceCheck | undefined }
    /** The vector belongs to a guest, and is stored in a posted-interrupt descriptor in memory. */
    | {
          readonly kind: 'posted';
          readonly descriptor: number;
          readonly vector: number;
          readonly urgent: boolean;
          readonly source: SourceCheck | undefined;
      };

/** Why a message was refused; each vendor has its own numbers for the reasons. */
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
 * The result for a message: it passes unchanged, to a processor, or to a descriptor, or it is refused. `index`: the
 * entry used; −1: none.
 */
export type Route =
    | { readonly kind: 'as-is' }
    | (InterruptEntry & { readonly index: number })
    | { readonly kind: 'fault'; readonly reason: InterruptFaultReason; readonly index: number };

/** The registers of a unit for its interrupt table. */
export interface RemappingRegisters {
    /** Remapping is on. */
    readonly on: boolean;
    /** Address of the table of all devices; with AMD, address of the device table. */
    readonly table: number;
    /** Number of entries of the table, if it is in a register. */
    readonly entries: number;
    /** Messages in the compatibility format are refused. */
    readonly strict: boolean;
}

/** Entries that the hardware has read, by a key of the vendor's. */
export interface EntryCache {
    get(key: number): InterruptEntry | undefined;
    set(key: number, entry: InterruptEntry): void;
}

/** How a vendor's hardware finds the entry of a message, and how its driver writes an entry. */
export interface RemappingFormat {
    /** Bytes of an entry. */
    readonly entrySize: number;
    /** Entries of the table that the driver allocates. */
    readonly entries: number;
    /** Each device has its own table. */
    readonly tableOfDevice: boolean;
    /** Destinations have 32 bits instead of 8. */
    readonly wide: boolean;
    /** An entry can post a vector. */
    readonly posts: boolean;
    /** Follows a message to its entry. `trail` receives the address of every table that is read. */
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
    /** The bytes of an entry for one requester, as 32-bit words; null: an entry that is not present. */
    words(entry: InterruptEntry | null): readonly number[];
    /** The hardware's number for a fault. */
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

/** A requester passes if nothing is checked, or if it is the expected one. */
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

/** The check that drivers set up: exactly this function. */
export function onlyFrom(requester: number): SourceCheck {
    return { mask: 0xffff, requester, lastBus: -1 };
}
