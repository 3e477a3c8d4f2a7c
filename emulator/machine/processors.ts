/**
 * Processors that a kernel has set aside. What runs on them does not end with the kernel: only an INIT of another
 * kernel, or switching the machine off, ends it.
 */
import type { Timer } from './clock';
import type { Hasher } from './hash';
import { type Journal, JournaledList, JournaledMap, JournaledRecord } from './journal';

/** Something that runs on a processor that was set aside. */
export interface Job extends Timer {
    /** The processor. */
    readonly cpu: number;
    /** A kernel has sent INIT to the processor. */
    reset(): void;
    /** The processor is notified that an interrupt was posted to a descriptor. @returns whether it is one of its own */
    notified(descriptor: number): boolean;
    hash(hasher: Hasher): void;
}

export class Processors extends JournaledRecord {
    /** Those that are set aside, each with the number of the last boot that knows about it. */
    private readonly aside: JournaledMap<number, number>;
    readonly jobs: JournaledList<Job>;

    constructor(journal: Journal) {
        super(journal);
        this.aside = new JournaledMap(journal);
        this.jobs = new JournaledList(journal);
    }

    isAside(cpu: number): boolean {
        return this.aside.has(cpu);
    }

    /** Ascending. */
    get setAside(): number[] {
        return [...this.aside.keys()].sort((a, b) => a - b);
    }

    /** The kernel of this boot sets a processor aside, or knows that an earlier one did. */
    keep(cpu: number, boot: number): void {
        this.aside.set(cpu, boot);
    }

    /** The running kernel starts a processor that was set aside (INIT, SIPI): what ran there is gone. */
    start(cpu: number): void {
        this.aside.delete(cpu);
        for (const job of this.jobs.items.filter((j) => j.cpu === cpu)) {
            job.reset();
        }
    }

    /** A booting kernel starts all processors that it does not know to be set aside. @param boot its number */
    bringUp(boot: number): void {
        for (const [cpu, known] of [...this.aside]) {
            if (known !== boot) {
                this.start(cpu);
            }
        }
    }

    /** The notification of a posted interrupt. @returns whether the processor is set aside */
    notify(cpu: number, descriptor: number): boolean {
        if (!this.aside.has(cpu)) {
            return false;
        }
        this.jobs.items.some((j) => j.cpu === cpu && j.notified(descriptor));
        return true;
    }

    /** The machine is switched on. */
    powerOn(): void {
        for (const cpu of this.setAside) {
            this.start(cpu);
        }
    }

    hash(hasher: Hasher): void {
        for (const [cpu, boot] of this.aside) {
            hasher.num(cpu).num(boot);
        }
        for (const job of this.jobs) {
            job.hash(hasher);
        }
    }
}
