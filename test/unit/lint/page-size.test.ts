/** The lint of test/lint/page-size.ts finds what it is to find, and nothing in the repository. */
import assert from 'node:assert/strict';
import { pageSizeProblems, sayingsIn } from '../../lint/page-size';

suite('lint: the size of a page', () => {
    test('the product says it only where it may', () => {
        assert.deepEqual(pageSizeProblems(), []);
    });

    test('what counts, and what does not', () => {
        const said = (text: string, file = 'a.ts'): string[] => sayingsIn(file, text).map((s) => `${s.line} ${s.said}`);
        assert.deepEqual(said('a = b * 4096;\nc = d >>> 12;\n'), ['1 4096', '2 >>> 12']);
        assert.deepEqual(said('x = pa & 0xfff; y = pa & ~0xFFFn; z = 2 ** 12; w = 4 * 1024; v = 4 * 1024 * 1024'), [
            '1 0xfff',
            '1 0xFFFn',
            '1 2 ** 12',
            '1 4 * 1024',
        ]);
        assert.deepEqual(said('const PAGE_SHIFT = 9 + 3; at = pfn << 12'), ['1 PAGE_SHIFT', '1 << 12']);
        assert.deepEqual(said('`of ${count * 4096} bytes`'), ['1 4096']);
        assert.deepEqual(said("/* 4096\n */ a = '4096'; // >> 12\nb = 0x1000"), ['3 0x1000']);
        assert.deepEqual(said('a = 40960 + 0x10000 + (b >> 120) + c12 + at + 12'), []);
        assert.deepEqual(said('const SIZE = PAGE_SIZE\nconst OTHER = 4KiB // 4096\n', 'a.lus'), ['2 4KiB']);
    });
});
