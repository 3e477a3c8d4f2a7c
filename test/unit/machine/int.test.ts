/** Exact integers: a number where one holds it, else a bigint. */
import assert from 'node:assert/strict';
import {
    halvesOf,
    intOf,
    intOfHalves,
    lesser,
    minus,
    plus,
    quotient,
    rest,
    times,
    type Int,
} from '../../../emulator/machine/int';
import { Random } from '../../support/random';

const SAFE = 2n ** 53n - 1n;

/** Integers of all sizes, many of them beside a border. */
function some(random: Random): bigint {
    const border = 2n ** BigInt(random.pick([0, 12, 31, 32, 52, 53, 62, 63]));
    return random.pick([border, -border, 0n]) + BigInt(random.below(7) - 3);
}

suite('integers', () => {
    test('sums, differences and comparisons are exact, and what fits a number is one', () => {
        const random = new Random(3);
        const canonical = (x: Int, is: bigint): void => {
            assert.equal(BigInt(x), is);
            assert.equal(typeof x, is >= -SAFE && is <= SAFE ? 'number' : 'bigint');
        };
        for (let i = 0; i < 2000; i++) {
            const [a, b] = [some(random), some(random)];
            canonical(plus(intOf(a), intOf(b)), a + b);
            canonical(minus(intOf(a), intOf(b)), a - b);
            canonical(lesser(intOf(a), intOf(b)), a < b ? a : b);
        }
    });

    test('products of numbers, and division of what is not negative', () => {
        const random = new Random(4);
        for (let i = 0; i < 2000; i++) {
            const a = some(random);
            const by = random.pick([4096, 65536, 2 ** 21]);
            if (a >= 0n) {
                assert.equal(BigInt(quotient(intOf(a), by)), a / BigInt(by));
                assert.equal(BigInt(rest(intOf(a), by)), a % BigInt(by));
                assert.equal(plus(times(quotient(intOf(a), by), by), rest(intOf(a), by)), intOf(a));
            }
        }
        assert.equal(times(2 ** 51, 4096), 2n ** 63n);
    });

    test('halves of 64 bits, of negative numbers too', () => {
        const random = new Random(5);
        for (let i = 0; i < 2000; i++) {
            const a = BigInt.asUintN(64, some(random));
            const { low, high } = halvesOf(intOf(a));
            assert.equal(intOfHalves(low, high), intOf(a));
            assert.deepEqual(halvesOf(intOf(BigInt.asIntN(64, a))), { low, high });
        }
    });
});
