/** The messages of the product, collected on one page: forms that none of them may have. */
import assert from 'node:assert/strict';
import { messages } from '../../messages/collect';

/** A form, and what to write instead. Others may be added. */
const FORBIDDEN: readonly { readonly form: RegExp; readonly instead: string }[] = [
    { form: /\b(?:boot|kernel) 0\b/, instead: 'kernels are numbered from 1: kernel 1 is the first that booted' },
    {
        form: /\$\{(?!direction)[^}]*\} (?:files|pages|sessions|folios|entries|processes|kernels|devices|references)\b/,
        instead: "counted(n, 'file') says 1 file, 2 files",
    },
    { form: /\b(?:nobody|somebody|whoever|whom)\b/i, instead: 'name the process, the kernel or the handler' },
    { form: /[a-z,.] {2,}[a-z]/, instead: 'one space between words' },
    { form: /\bthat is there\b|\bwhat there is\b/, instead: 'exists' },
];

/** Lines of the kernel's log are as the kernel writes them, and counts of MiB there are never one. */
const KERNEL_LOG = /^(?:HugeTLB|iommu|KHO|luo|Linux version)\b|: block at 0x/;

/** Never one: a limit of the emulator, or a text that has a form of its own for one. */
const NEVER_ONE = /\$\{(?:MOST|MAX)_\w+\}|\b1 file\b/;

/** Help pages and examples of statements have columns. */
const IN_COLUMNS = /^(?:Usage:|lus \$|call )/;

suite('messages', () => {
    test('none has a form that is forbidden', async () => {
        const all = (await messages()).filter((t) => !t.file.endsWith('.lus') && !t.file.endsWith('.c'));
        assert.ok(all.length > 2000, `${all.length}`);
        const wrong = all.flatMap(({ file, line, text }) =>
            FORBIDDEN.filter(
                ({ form }) =>
                    form.test(text) && !KERNEL_LOG.test(text) && !NEVER_ONE.test(text) && !IN_COLUMNS.test(text),
            ).map(({ instead }) => `${file}:${line}: ${text.slice(0, 120)} (${instead})`),
        );
        assert.deepEqual(wrong, []);
    });
});
