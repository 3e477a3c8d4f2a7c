/**
 * What a machine with confidential guests has besides kernels: the table that says who owns each page, the keys, and
 * the firmware (SEV-SNP) or the module (TDX), which remembers its guests while kernels come and go.
 */
import { Bytes, BytesBuilder } from '../bytes';
import type { Hasher } from '../hash';
import { type Journal, JournaledMap, JournaledRecord } from '../journal';
import type { PhysicalMemory } from '../memory';
import { ENTRY_SIZE, readEntry, type TeeEntry, type TeeKind, writeEntry } from './entry';

/** Pages of 4 KiB have owners; x86-64 has no smaller ones. */
const OWNED_PAGE = 4096;
const PAGE = OWNED_PAGE;
const GIB = 2 ** 30;
/** Bookkeeping of the processor before the first entry of the RMP (RMPTABLE_CPU_BOOKKEEPING_SZ). */
const BOOKKEEPING = 16 * 1024;
/** Bytes of PAMT for 1 GiB of memory. */
export const PAMT_BLOCK = (GIB / PAGE) * ENTRY_SIZE;

/** An access that the hardware refuses, or whose data it finds damaged: the kernel that runs panics. */
export class HardwareFault extends Error {}

/** A guest as the firmware or module knows it. */
export interface TeeGuest {
    readonly slot: number;
    readonly name: string;
    /** The number of its launch. Reports that the guest shows to others name it, and no other launch has it. */
    readonly identity: number;
    /** The page with its context (SNP), or its TDR (TDX). */
    readonly context: number;
}

/** Events for the observers of a machine. */
export type TeeEvent =
    /** A kernel writes a page that is not the host's. `entry`: its owner; undefined: it is a page of the PAMT. */
    | { readonly kind: 'written'; readonly pa: number; readonly entry: TeeEntry | undefined }
    /** A guest was launched. `before`: the number of its launch before, under the same name; 0: none. */
    | { readonly kind: 'launched'; readonly guest: TeeGuest; readonly before: number }
    /** A launch has failed: the firmware has another guest under this ASID or KeyID. */
    | { readonly kind: 'taken'; readonly name: string; readonly by: TeeGuest };

export class Tee extends JournaledRecord {
    /** Its platform was set up by a kernel (SNP_INIT, TDH.SYS.INIT), and not shut down since. */
    readonly initialized: boolean = false;
    /** SNP: the address of the RMP, which the firmware reserves behind all RAM. */
    private readonly rmp: number;
    /** TDX: the block of the PAMT for each GiB of addresses; 0: none. Replaced, never changed in place. */
    readonly pamt: readonly number[] = [];
    /** Guests by their ASID or KeyID. */
    readonly guests: JournaledMap<number, TeeGuest>;
    /** The number of the latest launch of each guest, by its name: for observers. */
    private readonly launches: JournaledMap<string, number>;
    /** How many guests were launched. */
    readonly launched: number = 0;
    /** Addresses between which there are pages that are not the host's. */
    readonly low: number = Infinity;
    readonly high: number = 0;
    /** TDX: pages that a kernel has written although they are not the host's. Ascending; replaced, never changed. */
    readonly damaged: readonly number[] = [];
    /** Receives events; part of the observer's state, not of the machine's. */
    observer: ((event: TeeEvent) => void) | null = null;
    /** Who writes: the host, or a guest or the firmware, which may. Set around single writes. */
    private trusted = false;

    constructor(
        private readonly journal: Journal,
        private readonly memory: PhysicalMemory,
        readonly kind: TeeKind,
        /** ASIDs or KeyIDs, numbered from 1. */
        readonly slots: number,
        private readonly endOfRam: number,
    ) {
        super(journal);
        this.rmp = Math.ceil(endOfRam / GIB) * GIB;
        this.guests = new JournaledMap(journal);
        this.launches = new JournaledMap(journal);
        memory.guard = this;
    }

    /** The name of the table of owners. */
    get tableName(): string {
        return this.kind === 'snp' ? 'RMP' : 'PAMT';
    }

    /** The name of what identifies a guest to the memory controller. */
    get slotName(): string {
        return this.kind === 'snp' ? 'ASID' : 'KeyID';
    }

    /** The machine is switched on. */
    powerOn(): void {
        this.forget();
        this.launches.clear();
        const t = this.journal.edit<Tee>(this);
        t.initialized = false;
        t.launched = 0;
    }

    private forget(): void {
        if (this.kind === 'snp' && this.high > 0) {
            this.memory.zero(this.rmp, BOOKKEEPING + (this.endOfRam / PAGE) * ENTRY_SIZE);
        }
        this.guests.clear();
        const t = this.journal.edit<Tee>(this);
        t.pamt = [];
        t.low = Infinity;
        t.high = 0;
        t.damaged = [];
    }

    /**
     * A kernel sets the platform up.
     * @param pamt blocks of memory for the table, one for each GiB of addresses; none for SNP
     */
    initialize(pamt: readonly number[]): void {
        const t = this.journal.edit<Tee>(this);
        t.initialized = true;
        t.pamt = pamt;
    }

    /**
     * SNP_SHUTDOWN: the firmware forgets all guests and their keys, and all memory is the host's. What was private is
     * ciphertext that no key fits any more. The TDX module is not shut down by kernels.
     */
    shutdown(): void {
        for (const { pa, entry } of this.owned()) {
            if (entry.use === 'memory') {
                this.privileged(() => this.memory.writeBytes(pa, this.ciphertext(pa, entry.slot)));
            }
        }
        this.forget();
        this.journal.edit<Tee>(this).initialized = false;
    }

    // ------------------------------------------------------------ guests

    /** Launches a guest. @returns undefined if the slot has one already */
    launch(slot: number, name: string, context: number): TeeGuest | undefined {
        this.consume(context);
        const there = this.guests.get(slot);
        if (there) {
            this.observer?.({ kind: 'taken', name, by: there });
            return undefined;
        }
        const t = this.journal.edit<Tee>(this);
        t.launched++;
        const guest = { slot, name, identity: t.launched, context };
        this.guests.set(slot, guest);
        this.assign(context, { slot, gfn: 0, use: 'context' });
        const before = this.launches.get(name) ?? 0;
        this.launches.set(name, guest.identity);
        this.observer?.({ kind: 'launched', guest, before });
        return guest;
    }

    /** DECOMMISSION, TDH.MNG.KEY.FREEID: the key is gone. Its pages must have been given back. */
    decommission(slot: number): void {
        this.guests.delete(slot);
    }

    // ------------------------------------------------------------ pages

    /** The address of the entry of a page; undefined if the table has none for it. */
    entryAddress(pa: number): number | undefined {
        if (this.kind === 'snp') {
            return pa < this.endOfRam ? this.rmp + BOOKKEEPING + Math.floor(pa / PAGE) * ENTRY_SIZE : undefined;
        }
        const block = this.pamt[Math.floor(pa / GIB)] ?? 0;
        return block === 0 ? undefined : block + Math.floor((pa % GIB) / PAGE) * ENTRY_SIZE;
    }

    /** The owner of the page at an address; undefined: the host, or its entry was overwritten. */
    ownerOf(pa: number): TeeEntry | undefined {
        const at = pa < this.low || pa >= this.high ? undefined : this.entryAddress(pa);
        return at === undefined || this.isDamaged(at) ? undefined : readEntry(this.memory, this.kind, at);
    }

    private isDamaged(pa: number): boolean {
        return this.damaged.length > 0 && this.damaged.includes(pa - (pa % PAGE));
    }

    /** RMPUPDATE, TDH.MEM.PAGE.AUG: a page of the host becomes one of a guest, which finds zeroes in it. */
    assign(pa: number, entry: TeeEntry): void {
        const at = this.entryAddress(pa);
        if (at === undefined) {
            throw new HardwareFault(`the ${this.tableName} has no entry for the page at 0x${pa.toString(16)}`);
        }
        this.consume(at - (at % PAGE));
        const t = this.journal.edit<Tee>(this);
        t.low = Math.min(t.low, pa);
        t.high = Math.max(t.high, pa + PAGE);
        this.privileged(() => {
            writeEntry(this.memory, this.kind, at, entry);
            this.memory.zero(pa, PAGE);
        });
    }

    /**
     * A page is given back to the host. What the guest wrote there stays encrypted (SNP) or is cleared (TDX). A page of
     * the host stays what it is.
     */
    release(pa: number): void {
        const entry = this.ownerOf(pa);
        const at = this.entryAddress(pa);
        if (!entry || at === undefined) {
            return;
        }
        this.privileged(() => {
            this.memory.zero(at, ENTRY_SIZE);
            this.memory.writeBytes(pa, this.kind === 'snp' ? this.ciphertext(pa, entry.slot) : Bytes.zero(PAGE));
        });
        if (this.damaged.includes(pa)) {
            this.journal.edit<Tee>(this).damaged = this.damaged.filter((d) => d !== pa);
        }
    }

    /** All pages that are not the host's, ascending. */
    *owned(): Generator<{ readonly pa: number; readonly entry: TeeEntry }> {
        for (let pa = this.nextOwned(this.low, this.high); pa < this.high; pa = this.nextOwned(pa + PAGE, this.high)) {
            const entry = this.ownerOf(pa);
            if (entry) {
                yield { pa, entry };
            }
        }
    }

    /** The first page in [from, to) that is not the host's; `to` if there is none. Reads only what is not zero. */
    private nextOwned(from: number, to: number): number {
        for (let pa = from - (from % PAGE); pa < to; ) {
            const end = Math.min(to, (Math.floor(pa / GIB) + 1) * GIB);
            const at = this.entryAddress(pa);
            if (at !== undefined) {
                const found = firstByte(this.memory.readBytes(at, Math.ceil((end - pa) / PAGE) * ENTRY_SIZE));
                if (found >= 0) {
                    return pa + Math.floor(found / ENTRY_SIZE) * PAGE;
                }
            }
            pa = end;
        }
        return to;
    }

    // ------------------------------------------------------------ accesses

    /** The write of a guest to its memory, or of the firmware. */
    privileged(write: () => void): void {
        const before = this.trusted;
        this.trusted = true;
        try {
            write();
        } finally {
            this.trusted = before;
        }
    }

    /**
     * Someone is about to write [pa, pa+length): see {@link PhysicalMemory.guard}.
     * @throws HardwareFault with SNP, if a page there is not the host's (RMP violation). With TDX the write takes
     * place, and the guest or the module finds it later.
     */
    writes(pa: number, length: number): void {
        if (this.trusted || this.high === 0) {
            return;
        }
        const end = pa + length;
        if (this.kind === 'tdx') {
            this.damages(pa, end);
        } else if (pa < this.high && end > this.low) {
            const first = this.nextOwned(Math.max(pa, this.low), Math.min(end, this.high));
            const entry = first < end ? this.ownerOf(first) : undefined;
            if (entry) {
                this.observer?.({ kind: 'written', pa: first, entry });
                throw new HardwareFault(
                    `RMP violation: write to 0x${Math.max(pa, first).toString(16)}, a page of ASID ${entry.slot}`,
                );
            }
        }
    }

    private damages(pa: number, end: number): void {
        const found: number[] = [];
        for (const block of this.pamt) {
            const from = Math.max(pa, block);
            for (let at = from - (from % PAGE); block > 0 && at < Math.min(end, block + PAMT_BLOCK); at += PAGE) {
                found.push(at);
            }
        }
        const to = Math.min(end, this.high);
        for (
            let at = pa < to ? this.nextOwned(Math.max(pa, this.low), to) : to;
            at < to;
            at = this.nextOwned(at + PAGE, to)
        ) {
            if (this.ownerOf(at)) {
                found.push(at);
            }
        }
        const fresh = found.filter((at) => !this.damaged.includes(at));
        const [first] = fresh;
        if (first !== undefined) {
            this.observer?.({ kind: 'written', pa: first, entry: this.ownerOf(first) });
            this.journal.edit<Tee>(this).damaged = [...this.damaged, ...fresh].sort((a, b) => a - b);
        }
    }

    /**
     * A guest or the module uses the page at an address.
     * @throws HardwareFault if a kernel has written it (machine check)
     */
    consume(pa: number): void {
        if (this.isDamaged(pa)) {
            throw new HardwareFault(`Machine check: data integrity error at 0x${pa.toString(16)}`);
        }
    }

    /** What the host reads: ciphertext (SNP) or zeroes (TDX) in pages that are not its own. */
    hostReads(pa: number, length: number): Bytes {
        if (pa >= this.high || pa + length <= this.low) {
            return this.memory.readBytes(pa, length);
        }
        const out = new BytesBuilder();
        for (let at = pa; at < pa + length; ) {
            const page = at - (at % PAGE);
            const n = Math.min(page + PAGE, pa + length) - at;
            const entry = this.ownerOf(page);
            out.append(
                !entry
                    ? this.memory.readBytes(at, n)
                    : this.kind === 'snp'
                      ? this.ciphertext(page, entry.slot).slice(at - page, at - page + n)
                      : Bytes.zero(n),
            );
            at += n;
        }
        return out.build();
    }

    /** Stands for what the memory controller makes of a page with the key of a guest. */
    private ciphertext(pa: number, slot: number): Bytes {
        const { identity } = this.guests.get(slot) ?? { identity: 0 };
        return Bytes.pattern(1 + ((identity * 37 + (pa / PAGE) * 11) % 255), PAGE);
    }

    hash(hasher: Hasher): void {
        hasher
            .u32(this.initialized ? 1 : 0)
            .num(this.launched)
            .num(this.high)
            .num(this.low);
        for (const { slot, name, identity, context } of this.guests.values()) {
            hasher.num(slot).str(name).num(identity).num(context);
        }
        for (const n of [...this.pamt, ...this.damaged]) {
            hasher.num(n);
        }
    }

    display(): string {
        return `${this.kind === 'snp' ? 'SEV-SNP' : 'TDX'}, ${this.guests.size} of ${this.slots} ${this.slotName}s in use`;
    }
}

/** The index of the first byte that is not zero; −1 if there is none. */
function firstByte(bytes: Bytes): number {
    let at = 0;
    for (const e of bytes.extents) {
        if (e.kind === 'bytes') {
            const i = e.bytes.findIndex((b) => b !== 0);
            if (i >= 0) {
                return at + i;
            }
            at += e.bytes.length;
        } else if (e.kind === 'zero') {
            at += e.length;
        } else {
            return at;
        }
    }
    return -1;
}
