/** Values of absurd sizes: they stay short, or are refused in a sentence. */
import assert from 'node:assert/strict';
import { failureOf, passes } from '../../support/runs';
import { programOf } from '../../support/programs';

const inKernel = (code: string): string => `
struct Pair { a: u32; b: bytes[16] }
kernel "k" from "7.2" {
    init { ${code} }
}
scenario "s" { boot "k" }`;

const inProcess = (code: string): string => `
scenario "s" { boot "7.2"; process p { lu = open("/dev/liveupdate"); ${code} } }`;

suite('values of absurd sizes', () => {
    test('vcalloc() of more than all memory, or of a negative count', () => {
        for (const count of ['0x7fff_ffff', '0x1f_ffff_ffff_ffff', '1 << 40', '-1', '-9007199254740991']) {
            passes(inKernel(`v = try vcalloc(Pair, ${count}); assert v == -ENOMEM`));
        }
    });

    test('fields of 1 GiB are read, compared, assigned and copied without their bytes', () => {
        passes(`
machine { memory 64GiB }
struct Large { b: bytes[1GiB] }
struct Outer { before: u32; inner: Large }
scenario "s" {
    boot "7.2"
    large = at(Outer, 8GiB + 12)
    other = at(Outer, 32GiB)
    assert large.inner.b == zeros(1GiB)
    large.inner.b = pattern(3, 1GiB)
    other.inner = large.inner
    assert other.inner.b == pattern(3, 1GiB) && other.inner.b.length == 1GiB
    large.inner.b = bytes("ab")
    assert large.inner.b == bytes("ab") + zeros(1GiB - 2)
}`);
        assert.equal(
            failureOf(
                programOf(`
struct Large { b: bytes[1GiB] }
scenario "s" { boot "7.2"; x = at(Large, 16MiB); x.b = zeros(1GiB + 1) }`),
            ),
            '1073741825 bytes do not fit into b, which has 1073741824 bytes',
        );
    });

    test('texts of memory end at the first zero, or at the limit of a text', () => {
        const text = (value: string): string => `
struct Named { name: string[1GiB] }
scenario "s" { boot "7.2"; x = at(Named, 16MiB); ${value} }`;
        passes(text('x.name = "vm"; assert x.name == "vm"; assert text_of(bytes("a") + zeros(8GiB)) == "a"'));
        const limit = 'a text has at most 16777216 characters';
        assert.equal(failureOf(programOf(text('log(text_of(pattern(1, 8GiB) + zeros(1)))'))), undefined);
        const long = 's = "abcdefgh"; for i in 0..21 { s = s + s }; b = bytes(s)';
        assert.equal(failureOf(programOf(inProcess(`${long}; log(text_of(b + b + b + b))`))), limit);
    });

    test('the argument of a raw ioctl', () => {
        passes(inProcess('lu.ioctl(0x00, size: 80, data: zeros(64TiB)) fails EINVAL, EFAULT, ENOTTY'));
    });

    test('a concurrently over more elements than there can be processes', () => {
        assert.equal(
            failureOf(
                programOf(`
scenario "s" {
    boot "7.2"
    process vmm[2]
    concurrently { for i in [${Array.from({ length: 257 }, () => '0').join(', ')}] { vmm[i] { x = i } } }
}`),
            ),
            'at most 256 processes can run concurrently',
        );
    });
});
