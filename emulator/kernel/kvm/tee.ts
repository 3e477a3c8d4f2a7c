/**
 * The part of a kernel that runs confidential guests (arch/x86/kvm/svm/sev.c, arch/x86/kvm/vmx/tdx.c): the platform
 * that it sets up or takes over, and the ASIDs or KeyIDs that it has given out.
 */
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import { PAMT_BLOCK, type Tee } from '../../machine/tee/tee';
import type { KernelEnv } from '../env';
import { type Err, err } from '../release/errno';

const TEE_INIT = costId('tee_init');
const TEE_SHUTDOWN = costId('tee_shutdown');
const GIB = 2 ** 30;
/** Slots in a word of the bitmap that is handed over. */
const WORD = 32;

export interface TeeEnv extends KernelEnv {
    readonly machine: Machine;
    klog(level: 'err' | 'info', text: string): void;
}

export class KernelTee extends JournaledRecord {
    /** This kernel has set up the platform or taken it over. */
    readonly ready: boolean = false;
    /** The platform stays as it is over the next kexec. Kernel code assigns it. */
    readonly carried: boolean = false;
    /** Slots that are in use as far as this kernel knows, ascending. Replaced, never changed in place. */
    readonly used: readonly number[] = [];
    /** The blocks of the PAMT, by GiB; 0: none. Replaced, never changed in place. */
    readonly blocks: readonly number[] = [];

    constructor(
        private readonly k: TeeEnv,
        readonly platform: Tee,
    ) {
        super(k.journal);
    }

    /** The addresses of the pages that the platform needs from the kernel: blocks of 4 MiB of the PAMT. */
    get tables(): number[] {
        return this.blocks.filter((b) => b > 0);
    }

    /**
     * The first confidential VM: SNP_INIT, TDH.SYS.INIT.
     * @returns EINVAL if an earlier kernel has set the platform up and not handed it over, ENOMEM
     */
    setUp(): undefined | Err {
        const { k, platform } = this;
        if (this.ready) {
            return undefined;
        }
        if (platform.initialized) {
            k.klog(
                'err',
                platform.kind === 'snp'
                    ? 'ccp: SEV-SNP: the firmware is initialized already, by another kernel'
                    : 'virt/tdx: the module is initialized already, by another kernel',
            );
            return err('EINVAL');
        }
        const blocks: number[] = [];
        const order = Math.log2(PAMT_BLOCK / k.page.size);
        for (const { start, size } of platform.kind === 'tdx' ? k.machine.ram : []) {
            for (let gib = Math.floor(start / GIB); gib * GIB < start + size; gib++) {
                if ((blocks[gib] ?? 0) === 0) {
                    const pfn = k.pages.alloc(order, { owner: k.owners.id('PAMT'), zero: true });
                    if (pfn < 0) {
                        return err('ENOMEM');
                    }
                    blocks[gib] = pfn * k.page.size;
                }
            }
        }
        k.clock.charge(TEE_INIT);
        const t = k.journal.edit<KernelTee>(this);
        t.blocks = Array.from(blocks, (b) => b ?? 0);
        t.ready = true;
        platform.initialize(t.blocks);
        k.klog('info', platform.kind === 'snp' ? 'ccp: SEV-SNP initialized' : 'virt/tdx: module initialized');
        return undefined;
    }

    /** The platform of the previous kernel is this kernel's. */
    resume(): void {
        const t = this.k.journal.edit<KernelTee>(this);
        t.ready = true;
        t.blocks = this.platform.pamt;
    }

    /** The end of the kernel: SNP_SHUTDOWN unless the platform is handed over. The TDX module goes on in any case. */
    shutdown(): void {
        if (this.ready && !this.carried && this.platform.kind === 'snp') {
            this.k.clock.charge(TEE_SHUTDOWN);
            this.platform.shutdown();
            this.k.klog('info', 'ccp: SEV-SNP shut down');
        }
    }

    // ------------------------------------------------------------ slots

    /** sev_asid_new(), tdx_guest_keyid_alloc(). @returns EBUSY (SNP) or ENOSPC (TDX) if none is free */
    takeSlot(): number | Err {
        for (let slot = 1; slot <= this.platform.slots; slot++) {
            if (!this.used.includes(slot)) {
                this.take(slot);
                return slot;
            }
        }
        return err(this.platform.kind === 'snp' ? 'EBUSY' : 'ENOSPC');
    }

    take(slot: number): void {
        if (!this.used.includes(slot)) {
            this.k.journal.edit<KernelTee>(this).used = [...this.used, slot].sort((a, b) => a - b);
        }
    }

    giveBack(slot: number): void {
        this.k.journal.edit<KernelTee>(this).used = this.used.filter((s) => s !== slot);
    }

    /** The slots of a bitmap: bit 0 of word 0 is slot 0. */
    word(index: number): number {
        return this.used.reduce(
            (bits, s) => (Math.floor(s / WORD) === index ? (bits | (1 << (s % WORD))) >>> 0 : bits),
            0,
        );
    }

    takeWord(index: number, bits: number): void {
        for (let i = 0; i < WORD; i++) {
            if (((bits >>> i) & 1) === 1) {
                this.take(index * WORD + i);
            }
        }
    }

    hash(hasher: Hasher): void {
        hasher.u32((this.ready ? 1 : 0) + (this.carried ? 2 : 0));
        for (const n of [...this.used, ...this.blocks]) {
            hasher.num(n);
        }
    }

    display(): string {
        return this.platform.display();
    }
}
