/** refcount_t: counting, and what becomes of a counter that is used wrongly. */
import assert from 'node:assert/strict';
import { REFCOUNT_SATURATED, RefCount } from '../../../emulator/kernel/refcount';
import { Journal } from '../../../emulator/machine/journal';

interface Counted {
    readonly journal: Journal;
    readonly refs: RefCount;
    readonly kernel: { warnOnce: (place: string, text: string) => void };
    readonly warnings: string[];
}

/** A counter, and a kernel that notes its warnings; that a place warns once is the kernel's business. */
function counted(value: number): Counted {
    const journal = new Journal();
    const warnings: string[] = [];
    const refs = new RefCount(journal);
    refs.set(value);
    return { journal, refs, warnings, kernel: { warnOnce: (place, text) => warnings.push(`${place}: ${text}`) } };
}

suite('refcount_t', () => {
    test('the last reference is told from the others', () => {
        const { refs, kernel, warnings } = counted(1);
        refs.inc(kernel);
        assert.equal(refs.value, 2);
        assert.equal(refs.decAndTest(kernel), false);
        assert.equal(refs.decAndTest(kernel), true);
        assert.equal(refs.value, 0);
        assert.deepEqual(warnings, []);
    });

    test('one that underflows is saturated for good', () => {
        const { refs, kernel, warnings } = counted(0);
        assert.equal(refs.decAndTest(kernel), false);
        assert.ok(refs.saturated);
        assert.equal(refs.value, REFCOUNT_SATURATED);
        assert.equal(refs.decAndTest(kernel), false);
        refs.inc(kernel);
        assert.equal(refs.value, REFCOUNT_SATURATED, 'it neither grows nor shrinks');
        assert.deepEqual(warnings, [
            'refcount: refcount_t: underflow; use-after-free.',
            'refcount: refcount_t: underflow; use-after-free.',
            'refcount_inc: refcount_t: saturated; leaking memory.',
        ]);
    });

    test('nobody takes a reference where there is none', () => {
        const { refs, kernel, warnings } = counted(0);
        refs.inc(kernel);
        assert.ok(refs.saturated);
        assert.deepEqual(warnings, ['refcount_inc: refcount_t: addition on 0; use-after-free.']);
    });

    test('going back takes a saturation back', () => {
        const { journal, refs, kernel } = counted(0);
        const mark = journal.mark();
        refs.decAndTest(kernel);
        journal.restore(mark);
        assert.equal(refs.value, 0);
        assert.equal(refs.saturated, false);
    });
});
