/** Checks of all memory of a guest at the current time. */
import { Bytes } from '../../machine/bytes';
import type { Differing } from '../../machine/guests';
import type { KernelCore } from '../fs/core';
import { compare } from './compare';
import { look, type Slot } from './slots';
import { partsOf, contentOf } from './workload';
import type { VirtualMachine } from './vm';

/** The contents of a range of guest memory when its program began: the program has not reached all of it yet. */
export interface Baseline {
    readonly start: number;
    readonly content: Bytes;
}

export interface Examined {
    /** Bytes that differ from what the guest wrote, or from the initial contents. */
    readonly bytes: number;
    readonly first: Differing | null;
}

export const NOTHING_WRONG: Examined = { bytes: 0, first: null };

/** The content of a range when the guest's program started; null: a part of it is unknown. */
export function contentBefore(baseline: Baseline | null, gpa: number, length: number): Bytes | null {
    return baseline !== null && gpa >= baseline.start && gpa + length <= baseline.start + baseline.content.length
        ? baseline.content.slice(gpa - baseline.start, gpa - baseline.start + length)
        : null;
}

/**
 * Compares all memory that a guest's programs work on with what they wrote. Addresses without memory are left out: an
 * access to them is a fault (KVM_EXIT_MEMORY_FAULT).
 */
export function examine(k: KernelCore, vm: VirtualMachine, baseline: Baseline | null): Examined {
    let bytes = 0;
    let first: Differing | null = null;
    for (const part of vm.vcpus.items.flatMap((v) => partsOf(v, k.page))) {
        for (const { gpa, length } of within(part, vm.slots)) {
            const { generation } = part;
            const wanted = generation > 0 ? contentOf(generation, gpa, length) : contentBefore(baseline, gpa, length);
            if (!wanted) {
                continue;
            }
            const pages: { readonly gpa: number; readonly pa: number; readonly length: number }[] = [];
            const found: Bytes[] = [];
            look(k, vm.slots, gpa, length, (at, pa, n) => {
                pages.push({ gpa: at, pa, length: n });
                found.push(pa < 0 ? Bytes.zero(n) : k.memory.readBytes(pa, n));
            });
            const different = compare(wanted, Bytes.concat(...found));
            if (different) {
                bytes += different.bytes;
                const at = gpa + different.first;
                const where = pages.find((p) => at >= p.gpa && at < p.gpa + p.length);
                first ??= { ...different, gpa: at, pa: where && where.pa >= 0 ? where.pa + at - where.gpa : -1 };
            }
        }
    }
    return { bytes, first };
}

/** The parts of a range that lie in memory slots. */
function within(range: { readonly gpa: number; readonly length: number }, slots: readonly Slot[]): (typeof range)[] {
    return slots.flatMap((slot) => {
        const gpa = Math.max(range.gpa, slot.gpa);
        const length = Math.min(range.gpa + range.length, slot.gpa + slot.length) - gpa;
        return length > 0 ? [{ gpa, length }] : [];
    });
}

/** The current contents of all ranges of the guest's programs. */
export function baselineOf(k: KernelCore, vm: VirtualMachine): Baseline | null {
    const start = Math.min(...vm.vcpus.items.filter((v) => v.pages > 0).map((v) => v.start));
    const end = Math.max(...vm.vcpus.items.map((v) => v.start + v.pages * k.page.size));
    if (!(end > start)) {
        return null;
    }
    const parts: Bytes[] = [];
    look(k, vm.slots, start, end - start, (_at, pa, length) =>
        parts.push(pa < 0 ? Bytes.zero(length) : k.memory.readBytes(pa, length)),
    );
    return { start, content: Bytes.concat(...parts) };
}
