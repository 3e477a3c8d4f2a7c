/** Bit operators on numbers give what they give on the patterns of 64 bits. */
import assert from 'node:assert/strict';
import { binary } from '../../../emulator/language/values';
import { intOf } from '../../../emulator/machine/int';
import { Random } from '../../support/random';

const OPERATORS = ['&', '|', '^'] as const;
const EDGES = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER].flatMap((x) => [
    x,
    0 - x,
]);

/** On the patterns; signed if an operand is negative. */
function expected(op: (typeof OPERATORS)[number], a: number, b: number): number | bigint {
    const [x, y] = [a, b].map((n) => BigInt.asUintN(64, BigInt(n)));
    assert.ok(x !== undefined && y !== undefined);
    const result = op === '&' ? x & y : op === '|' ? x | y : x ^ y;
    return intOf(a < 0 || b < 0 ? BigInt.asIntN(64, result) : result);
}

suite('bit operators', () => {
    test('at the edges', () => {
        for (const op of OPERATORS) {
            for (const a of EDGES) {
                for (const b of EDGES) {
                    assert.equal(binary(op, a, b), expected(op, a, b), `${a} ${op} ${b}`);
                }
            }
        }
    });

    test('of random numbers', () => {
        const random = new Random(1);
        const number = (): number => {
            const size = 2 ** random.below(54);
            return random.below(Math.min(size, Number.MAX_SAFE_INTEGER)) * random.pick([1, 1, -1]) + 0;
        };
        for (let i = 0; i < 20_000; i++) {
            const [a, b, op] = [number(), number(), random.pick(OPERATORS)];
            assert.equal(binary(op, a, b), expected(op, a, b), `${a} ${op} ${b}`);
        }
    });
});
