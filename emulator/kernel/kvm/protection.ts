/**
 * What makes a VM a confidential guest: its ASID or KeyID, and the pages that the firmware or the module keeps for it.
 * The registers of its vCPUs are in such pages, so that no kernel reads or sets them.
 */
import { Bytes } from '../../machine/bytes';
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord } from '../../machine/journal';
import type { PageUse } from '../../machine/tee/entry';
import type { Tee } from '../../machine/tee/tee';
import { Err, err } from '../release/errno';
import { decodeState, encodeState, STATE_ENTRY, STATE_HEADER, type SavedVcpu } from './state';
import type { KernelTee, TeeEnv } from './tee';

const TEE_COMMAND = costId('tee_command');
const TEE_PAGE = costId('tee_page');

/** Guest pages that a table of the secure EPT maps; 8 bytes each. */
const TABLE_ENTRIES = 512;

/** A page that the firmware or the module has for a guest. */
export class GuardedPage {
    constructor(
        readonly pa: number,
        readonly use: Exclude<PageUse, 'memory'>,
        /** The vCPU, or the first guest page number of the table divided by {@link TABLE_ENTRIES}. */
        readonly index: number,
    ) {}

    display(): string {
        return `page at 0x${this.pa.toString(16)}`;
    }
}

export class Protection extends JournaledRecord {
    /** Replaced, never changed in place. */
    readonly pages: readonly GuardedPage[] = [];
    /** Its vCPUs are those of the previous kernel: their state is in its pages. */
    readonly adopted: boolean = false;

    private constructor(
        private readonly k: TeeEnv,
        private readonly tee: KernelTee,
        private readonly name: string,
        readonly slot: number,
    ) {
        super(k.journal);
    }

    private get platform(): Tee {
        return this.tee.platform;
    }

    /** The name of the ASID or KeyID. */
    get slotText(): string {
        return `${this.platform.slotName} ${this.slot}`;
    }

    /**
     * KVM_SEV_SNP_LAUNCH_START, KVM_TDX_INIT_VM: a new guest with a new key.
     * @returns the errors of {@link KernelTee.setUp} and {@link KernelTee.takeSlot}, ENOMEM, EIO (the firmware refuses)
     */
    static launch(k: TeeEnv, tee: KernelTee, name: string): Protection | Err {
        const failed = tee.setUp();
        if (failed) {
            return failed;
        }
        const slot = tee.takeSlot();
        if (slot instanceof Err) {
            return slot;
        }
        const made = new Protection(k, tee, name, slot);
        const context = made.allocate();
        if (context < 0) {
            tee.giveBack(slot);
            return err('ENOMEM');
        }
        k.clock.charge(TEE_COMMAND);
        if (!tee.platform.launch(slot, name, context)) {
            k.pages.free(context / k.page.size, 0);
            const why = tee.platform.kind === 'snp' ? 'ASID is already in use' : 'HKID is not free';
            k.klog('err', `kvm: ${made.slotText}: the firmware refuses the launch: ${why}`);
            return err('EIO');
        }
        made.add(new GuardedPage(context, 'context', 0));
        return made;
    }

    /** A guest of the previous kernel. @returns EIO if the firmware does not know it under this slot and context */
    static adopt(k: TeeEnv, tee: KernelTee, name: string, slot: number, context: number): Protection | Err {
        if (tee.platform.guests.get(slot)?.context !== context) {
            return err('EIO');
        }
        tee.take(slot);
        const made = new Protection(k, tee, name, slot);
        made.add(new GuardedPage(context, 'context', 0));
        k.journal.edit<Protection>(made).adopted = true;
        return made;
    }

    /** The number of its launch, which its reports name; undefined: the firmware does not know it. */
    get identity(): number | undefined {
        return this.platform.guests.get(this.slot)?.identity;
    }

    /** The page of its context, or its TDR. */
    get context(): number {
        return this.pages.find((p) => p.use === 'context')?.pa ?? 0;
    }

    add(page: GuardedPage): void {
        this.k.journal.edit<Protection>(this).pages = [...this.pages, page];
    }

    private allocate(): number {
        const { k } = this;
        const what = this.platform.kind === 'snp' ? 'SEV-SNP' : 'TDX';
        const pfn = k.pages.alloc(0, { owner: k.owners.id(`protected pages (${what}) of ${this.name}`), zero: true });
        return pfn < 0 ? -1 : pfn * k.page.size;
    }

    private addNew(use: GuardedPage['use'], index: number): number | Err {
        const pa = this.allocate();
        if (pa < 0) {
            return err('ENOMEM');
        }
        this.platform.assign(pa, { slot: this.slot, gfn: 0, use });
        this.add(new GuardedPage(pa, use, index));
        return pa;
    }

    private page(use: GuardedPage['use'], index: number): number | undefined {
        return this.pages.find((p) => p.use === use && p.index === index)?.pa;
    }

    // ------------------------------------------------------------ vCPUs

    /**
     * Pages for the state of vCPUs; those of an adopted guest exist already.
     * @returns ENOMEM; EINVAL if an adopted guest has another number of vCPUs
     */
    createVcpus(count: number): undefined | Err {
        const known = this.pages.filter((p) => p.use === 'vcpu').length;
        if (this.adopted) {
            return known === count ? undefined : err('EINVAL');
        }
        for (let i = known; i < count; i++) {
            const made = this.addNew('vcpu', i);
            if (made instanceof Err) {
                return made;
            }
        }
        return undefined;
    }

    /** The processor stores the state of a vCPU when it leaves the guest. */
    store(index: number, memory: number, vcpu: SavedVcpu): void {
        const pa = this.page('vcpu', index);
        if (pa !== undefined) {
            const bytes = Bytes.of(encodeState({ memory, vcpus: [vcpu] }));
            this.platform.privileged(() => this.k.memory.writeBytes(pa, bytes));
        }
    }

    /**
     * The state of a vCPU from its page; undefined if there is none.
     * @throws HardwareFault if a kernel has written the page (TDX)
     */
    loadVcpu(index: number): SavedVcpu | undefined {
        const pa = this.page('vcpu', index);
        if (pa === undefined) {
            return undefined;
        }
        this.platform.consume(pa);
        return decodeState(this.k.memory.read(pa, STATE_HEADER + STATE_ENTRY))?.vcpus[0];
    }

    // ------------------------------------------------------------ memory

    /**
     * A vCPU reaches a page that its tables do not map yet.
     * @param isPrivate whether KVM has it as private memory
     * @returns why it cannot
     */
    reach(pa: number, gpa: number, isPrivate: boolean): string | undefined {
        const { platform, k } = this;
        const owner = platform.ownerOf(pa);
        if (!isPrivate) {
            return owner ? `${this.shown(owner.slot)} owns the page, which KVM has as shared memory` : undefined;
        }
        if (platform.damaged.length > 0 && platform.damaged.includes(pa)) {
            return 'machine check: the page was written by the host';
        }
        const gfn = gpa / k.page.size;
        if (owner) {
            return owner.slot === this.slot && owner.use === 'memory' && owner.gfn === gfn
                ? undefined
                : `${this.shown(owner.slot)} owns the page`;
        }
        k.clock.charge(TEE_PAGE);
        if (platform.kind === 'tdx') {
            const index = Math.floor(gfn / TABLE_ENTRIES);
            const table = this.page('table', index) ?? this.addNew('table', index);
            if (table instanceof Err) {
                return table.name;
            }
            platform.consume(table);
            platform.privileged(() => k.memory.writeU64(table + (gfn % TABLE_ENTRIES) * 8, pa + 7));
        }
        platform.assign(pa, { slot: this.slot, gfn, use: 'memory' });
        return undefined;
    }

    private shown(slot: number): string {
        return `${this.platform.slotName} ${slot}`;
    }

    /** Its VM is closed: its pages are the host's again, and its key is gone. */
    end(): void {
        const { platform, k, slot } = this;
        for (const { pa, entry } of [...platform.owned()]) {
            if (entry.slot === slot) {
                platform.release(pa);
            }
        }
        k.clock.charge(TEE_COMMAND);
        platform.decommission(slot);
        this.tee.giveBack(slot);
        for (const { pa } of this.pages) {
            k.folios.put(pa / k.page.size);
        }
        k.journal.edit<Protection>(this).pages = [];
    }

    hash(hasher: Hasher): void {
        hasher.num(this.slot).u32(this.adopted ? 1 : 0);
        for (const { pa, index } of this.pages) {
            hasher.num(pa).num(index);
        }
    }
}
