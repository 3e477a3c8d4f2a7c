/**
 * Failures that a scenario injects (`inject EIO into memfd.freeze after 2`). They end with the kernel they are for.
 */
import type { Chooser } from '../../machine/chooser';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord, JournaledList, type Journal } from '../../machine/journal';
import type { Err } from '../../kernel/release/errno';

class Injection extends JournaledRecord {
    readonly skip: number;
    readonly left: number;

    constructor(
        journal: Journal,
        /** `memfd.freeze`, `page_alloc`. */
        readonly target: string,
        /** The error that the call returns; null for `no`. */
        readonly error: Err | null,
        skip: number,
        times: number,
        /** The number of boots before the one it is for. */
        readonly boot: number,
    ) {
        super(journal);
        this.skip = skip;
        this.left = times;
    }
}

/** A failure that takes effect: the error that the call returns; null for `no`. */
export interface Failing {
    readonly error: Err | null;
}

/** Failures and kernels that are not in the scenario: an exploration tries them. */
export interface Trials {
    /** The number of faults so far. */
    readonly happened: number;
    /** Whether a fault has happened whose name matches: `kill luod`, `memfd.*`. */
    hasHappened(pattern: string): boolean;
    /**
     * A call that can fail is about to be made.
     * @param target as in `inject EIO into memfd.freeze`
     * @param boot the number of boots before the one that it is made in
     * @returns how it fails; undefined if it does not
     */
    hit(target: string, boot: number): Failing | undefined;
    /** Whether none of the further calls of this target by the present operation fails, so they need no {@link hit}. */
    spares(target: string): boolean;
    /**
     * A kernel is about to be loaded.
     * @param named as the scenario names it
     * @returns the kernel that is loaded instead, if it is another one
     */
    kernelBehind(named: string, boot: number): string | undefined;
    /** Adds what the future depends on. */
    hash(hasher: Hasher): void;
}

export class Injections {
    /** Null outside of explorations. */
    trials: Trials | null = null;
    /** Told of each injection that takes effect. */
    onEffect: (target: string, error: Err | null) => void = () => undefined;
    private readonly list: JournaledList<Injection>;

    constructor(
        private readonly journal: Journal,
        private readonly chooser: Chooser,
        /** Called after a call of a target was counted. */
        private readonly onCount: () => void,
    ) {
        this.list = new JournaledList<Injection>(journal);
    }

    get items(): readonly Injection[] {
        return this.list.items;
    }

    /** A later injection into the same target of the same kernel replaces the earlier one. */
    add(target: string, error: Err | null, skip: number, times: number, boot: number): void {
        for (const old of this.list.items.filter((i) => i.target === target && i.boot === boot)) {
            this.list.remove(old);
        }
        this.list.push(new Injection(this.journal, target, error, skip, times, boot));
    }

    /** Removes the injections for earlier kernels. */
    expire(boot: number): void {
        for (const old of this.list.items.filter((i) => i.boot < boot)) {
            this.list.remove(old);
        }
    }

    /**
     * Counts a call of `target`. Returns the injection that takes effect on it, if any. The chooser has two
     * alternatives: the due injection takes effect, or this call is spared.
     * @param fails whether the call can fail at all; a callback that does not exist, or returns nothing, cannot
     */
    hit(target: string, boot: number, fails = true): Failing | undefined {
        return this.due(target, boot) ?? (fails ? this.trials?.hit(target, boot) : undefined);
    }

    /** Whether further calls of `target` by the present operation neither fail nor count. */
    spares(target: string, boot: number): boolean {
        const listed = this.list.items.some((i) => i.target === target && i.boot === boot && i.left > 0);
        return !listed && this.trials?.spares(target) !== false;
    }

    private due(target: string, boot: number): Injection | undefined {
        if (this.list.length === 0) {
            return undefined;
        }
        const found = this.list.items.find((i) => i.target === target && i.boot === boot && i.left > 0);
        if (!found) {
            return undefined;
        }
        this.onCount();
        const edit = this.journal.edit(found);
        if (found.skip > 0) {
            edit.skip = found.skip - 1;
            return undefined;
        }
        if (this.chooser.pick(`injection into ${target}`, 2) !== 0) {
            return undefined;
        }
        edit.left = found.left - 1;
        this.onEffect(target, found.error);
        return found;
    }
}
