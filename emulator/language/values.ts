/** Operations on run-time values: exact integers in −2⁶³ … 2⁶⁴−1, equality, display. */
import { Bytes } from '../machine/bytes';
import { intOf, type Int } from '../machine/int';
import { JournaledList } from '../machine/journal';
import { RecordValue } from './collections';
import type { AssignOp, BinaryOp } from './syntax/ast';
import type { Type, Value } from './types';
import { counted, hex, hexBytes } from '../text/text';
import { decodeName, joinText, quoted } from '../text/utf8';

export type { Int };

const INT_MIN = -(2n ** 63n);
/** The largest integer of the language. */
export const INT_MAX = 2n ** 64n - 1n;

/** A run-time error of a program: a wrong type, an integer out of range, a bad index. */
export class ProgramError extends Error {}

/** The kernel follows a pointer to an address without memory: it panics. */
export class KernelFault extends ProgramError {
    constructor(
        message: string,
        /** The address that it takes for a struct; absent for an access beyond an array. */
        readonly target?: { readonly address: Int; readonly struct: string },
    ) {
        super(message);
    }
}

function checked(x: bigint, what: string): Int {
    if (x < INT_MIN || x > INT_MAX) {
        throw new ProgramError(`${what} is outside the range of integers (−2⁶³ … 2⁶⁴−1): ${x}`);
    }
    return intOf(x);
}

export function isInt(v: Value): v is Int {
    return typeof v === 'number' || typeof v === 'bigint';
}

/** @throws ProgramError naming `what` if `v` is not an integer. */
export function asInt(v: Value, what: string): Int {
    if (isInt(v)) {
        return v;
    }
    throw new ProgramError(`${what} must be an integer, not ${describe(v)}`);
}

/** An integer that fits into a JavaScript number (below 2⁵³). */
export function asNumber(v: Value, what: string): number {
    if (typeof v === 'number') {
        return v;
    }
    throw new ProgramError(isInt(v) ? `${what} is too large: ${v}` : `${what} must be an integer, not ${describe(v)}`);
}

export function asBool(v: Value, what: string): boolean {
    if (typeof v === 'boolean') {
        return v;
    }
    throw new ProgramError(`${what} must be true or false, not ${describe(v)}`);
}

export function asString(v: Value, what: string): string {
    if (typeof v === 'string') {
        return v;
    }
    throw new ProgramError(`${what} must be a string, not ${describe(v)}`);
}

/** Non-negative 64-bit pattern of an integer, for the bit operators. */
const pattern = (x: Int): bigint => BigInt.asUintN(64, BigInt(x));

/** The result of a bit operator: signed if its operands are. */
function bits(x: bigint, a: Int, b: Int): Int {
    return intOf(a < 0 || b < 0 ? BigInt.asIntN(64, x) : BigInt.asUintN(64, x));
}

/** The source text of an expression, called only when a message names it. */
export type Named = () => string;

/** A text has at most so many characters. */
const MOST_TEXT = 16 * 1024 * 1024;
/** A byte string is made of at most so many runs of zeroes, pattern or bytes. */
const MOST_EXTENTS = 1024 * 1024;

function tooLong(): ProgramError {
    return new ProgramError(`a text has at most ${MOST_TEXT} characters`);
}

/** Texts one behind the other. @throws ProgramError where that is too long for a text */
export function joinTexts(texts: readonly string[]): string {
    if (texts.reduce((sum, t) => sum + t.length, 0) > MOST_TEXT) {
        throw tooLong();
    }
    return texts.reduce(joinText, '');
}

/** The text of bytes up to the first zero. @throws ProgramError where that is too long for a text */
export function textUpToZero(data: Bytes): string {
    const name = decodeName(data.slice(0, MOST_TEXT + 1).toUint8Array());
    if (name.length > MOST_TEXT) {
        throw tooLong();
    }
    return name;
}

export function add(a: Value, b: Value, named?: Named): Value {
    if (typeof a === 'number' && typeof b === 'number') {
        const r = a + b;
        if (Number.isSafeInteger(r)) {
            return r;
        }
    }
    if (typeof a === 'string' || typeof b === 'string') {
        return joinTexts([text(a), text(b)]);
    }
    if (a instanceof Bytes && b instanceof Bytes) {
        if (a.extents.length + b.extents.length > MOST_EXTENTS) {
            throw new ProgramError(`a byte string is made of at most ${MOST_EXTENTS} pieces`);
        }
        return Bytes.concat(a, b);
    }
    return checked(
        BigInt(asInt(a, 'the left side of +')) + BigInt(asInt(b, 'the right side of +')),
        named?.() ?? 'this sum',
    );
}

export function binary(op: BinaryOp, a: Value, b: Value, named?: Named): Value {
    switch (op) {
        case '+':
            return add(a, b, named);
        case '==':
            return equal(a, b);
        case '!=':
            return !equal(a, b);
        case '&&':
            return asBool(a, 'the left side of &&') && asBool(b, 'the right side of &&');
        case '||':
            return asBool(a, 'the left side of ||') || asBool(b, 'the right side of ||');
        default:
            return arithmetic(op, asInt(a, `the left side of ${op}`), asInt(b, `the right side of ${op}`), named);
    }
}

const SMALL = 2 ** 31;
const HALF = 2 ** 32;
const isSmall = (x: number): boolean => x >= 0 && x < SMALL;

/** A bit operator on two numbers that are not negative, in halves of 32 bits. */
function bitsOfNumbers(op: '&' | '|' | '^', a: number, b: number): number {
    if (a < SMALL && b < SMALL) {
        return op === '&' ? a & b : op === '|' ? a | b : a ^ b;
    }
    const low = op === '&' ? a & b : op === '|' ? a | b : a ^ b;
    const [x, y] = [Math.floor(a / HALF), Math.floor(b / HALF)];
    const high = op === '&' ? x & y : op === '|' ? x | y : x ^ y;
    return high * HALF + (low >>> 0);
}

function arithmetic(op: Exclude<BinaryOp, '+' | '==' | '!=' | '&&' | '||'>, a: Int, b: Int, named?: Named): Value {
    switch (op) {
        case '<':
            return a < b;
        case '<=':
            return a <= b;
        case '>':
            return a > b;
        case '>=':
            return a >= b;
        case '-': {
            const r = typeof a === 'number' && typeof b === 'number' ? a - b : NaN;
            return Number.isSafeInteger(r) ? r : checked(BigInt(a) - BigInt(b), named?.() ?? 'this difference');
        }
        case '*': {
            const r = typeof a === 'number' && typeof b === 'number' ? a * b : NaN;
            // avoids −0, which a bigint does not have
            return Number.isSafeInteger(r) ? r + 0 : checked(BigInt(a) * BigInt(b), named?.() ?? 'this product');
        }
        case '/':
        case '%': {
            if (b == 0) {
                throw new ProgramError(`division by zero${named ? `: ${named()}` : ''}`);
            }
            if (typeof a === 'number' && typeof b === 'number') {
                return op === '/' ? Math.trunc(a / b) + 0 : (a % b) + 0;
            }
            return checked(op === '/' ? BigInt(a) / BigInt(b) : BigInt(a) % BigInt(b), named?.() ?? 'this quotient');
        }
        case '<<':
        case '>>': {
            if (b < 0 || b > 63) {
                throw new ProgramError(`cannot shift by ${b}: the limits are 0 and 63 bits`);
            }
            if (typeof a === 'number' && a >= 0) {
                const f = 2 ** Number(b);
                const r = op === '<<' ? a * f : Math.floor(a / f);
                if (Number.isSafeInteger(r)) {
                    return r;
                }
            }
            return checked(op === '<<' ? BigInt(a) << BigInt(b) : BigInt(a) >> BigInt(b), named?.() ?? 'this shift');
        }
        case '&':
        case '|':
        case '^': {
            if (typeof a === 'number' && typeof b === 'number') {
                if (op === '&' && (isSmall(a) || isSmall(b))) {
                    // the lower 32 bits of the other one, also of a negative one
                    return a & b;
                }
                if (a >= 0 && b >= 0) {
                    return bitsOfNumbers(op, a, b);
                }
            }
            const x = pattern(a);
            const y = pattern(b);
            return bits(op === '&' ? x & y : op === '|' ? x | y : x ^ y, a, b);
        }
    }
}

/** The operator inside a compound assignment: `+` of `+=`. */
export function operatorOf(op: Exclude<AssignOp, '='>): BinaryOp {
    const table: Record<Exclude<AssignOp, '='>, BinaryOp> = {
        '+=': '+',
        '-=': '-',
        '*=': '*',
        '/=': '/',
        '%=': '%',
        '|=': '|',
        '&=': '&',
        '^=': '^',
        '<<=': '<<',
        '>>=': '>>',
    };
    return table[op];
}

export function unary(op: '-' | '!' | '~', v: Value): Value {
    if (op === '!') {
        return !asBool(v, 'the operand of !');
    }
    const x = asInt(v, `the operand of ${op}`);
    if (op === '-') {
        return typeof x === 'number' ? 0 - x : checked(-x, 'this negation');
    }
    // ~ of an unsigned 64-bit value, as in C with u64
    return intOf(BigInt.asUintN(64, ~BigInt(x)));
}

/** An object with its own equality. */
export interface Comparable {
    sameAs(other: object): boolean;
}

function isComparable(v: object): v is Comparable {
    return 'sameAs' in v && typeof v.sameAs === 'function';
}

/** Lists and records are nested at most so deep where they are compared. */
const DEEPEST = 200;

export function equal(a: Value, b: Value, depth = 0): boolean {
    if (a === b) {
        return true;
    }
    if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') {
        return (a === undefined || a === null) && (b === undefined || b === null);
    }
    if (a instanceof Bytes) {
        return b instanceof Bytes && a.equals(b);
    }
    if (depth > DEEPEST) {
        throw new ProgramError(`lists and records that are nested more than ${DEEPEST} deep cannot be compared`);
    }
    if (a instanceof JournaledList && b instanceof JournaledList) {
        return a.length === b.length && a.items.every((x: Value, i) => equal(x, b.items[i] as Value, depth + 1));
    }
    if (a instanceof RecordValue && b instanceof RecordValue) {
        return a.size === b.size && [...a].every(([name, x]) => b.has(name) && equal(x, b.get(name), depth + 1));
    }
    return isComparable(a) && isComparable(b) ? a.sameAs(b) : false;
}

/** The text of a value inside a message: strings without quotes. */
export function text(v: Value): string {
    return typeof v === 'string' ? v : format(v);
}

function describe(v: Value): string {
    return v === undefined || v === null ? 'nothing' : format(v);
}

/** An object with a short text for the variables pane and messages. */
export interface Displayed {
    display(): string;
}

function isDisplayed(v: object): v is Displayed {
    return 'display' in v && typeof v.display === 'function';
}

/** Short byte strings in full; of long ones the length and the first bytes. */
function describeBytes(b: Bytes): string {
    const [only, more] = b.extents;
    if (only && !more && only.kind === 'pattern') {
        return `${counted(b.length, 'byte')}: pattern ${only.seed} from offset ${hex(only.offset)}`;
    }
    if (only && !more && only.kind === 'zero') {
        return counted(b.length, 'zero byte');
    }
    const head = b.slice(0, Math.min(b.length, 16)).toUint8Array();
    const shown =
        head.length > 0 && head.every((x) => x >= 0x20 && x < 0x7f)
            ? JSON.stringify(String.fromCharCode(...head))
            : hexBytes(head);
    return `${counted(b.length, 'byte')}: ${shown}${b.length > 16 ? ' …' : ''}`;
}

/** Elements and fields below this depth are left out. */
const DEEPEST_SHOWN = 4;

/**
 * A value in one line, as the debugger and failure messages show it. Values of an address type are in hexadecimal.
 */
export function format(v: Value, type?: Type, depth = 0): string {
    if (v === undefined || v === null) {
        return 'none';
    }
    if (typeof v === 'string') {
        return quoted(v);
    }
    if (isInt(v)) {
        return type?.k === 'phys' ? hex(v) : String(v);
    }
    if (typeof v !== 'object') {
        return String(v);
    }
    if (v instanceof Bytes) {
        return describeBytes(v);
    }
    if (v instanceof JournaledList) {
        const shown = v.items
            .slice(0, 8)
            .map((x) => (depth > DEEPEST_SHOWN ? '…' : format(x as Value, undefined, depth + 1)));
        return `[${shown.join(', ')}${v.length > 8 ? `, … ${v.length} in all` : ''}]`;
    }
    if (v instanceof RecordValue) {
        const fields = [...v].map(
            ([name, x]) => `${name}: ${depth > DEEPEST_SHOWN ? '…' : format(x, undefined, depth + 1)}`,
        );
        return `record(${fields.join(', ')})`;
    }
    return isDisplayed(v) ? v.display() : v.constructor.name;
}
