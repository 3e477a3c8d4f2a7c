/**
 * JavaScript for expressions. Each computes exactly what ../link/expressions and ../../language/values compute, or
 * leaves before it has had an effect: the operation is then executed by its closure, which also finds the error.
 */
import type { Expression, Literal, Slot } from '../form/form';
import { booleanPiece, either, type Kind, LARGEST, numberPiece, type Piece, unknownPiece } from './javascript';

/** Where an expression is computed: the variables of its frame, and the lines before it. */
export interface Scope {
    /** Adds a line. */
    line(text: string): void;
    /** Leaves for the closures if a condition holds. */
    leaveIf(condition: string): void;
    /** A name for an intermediate value. */
    name(): string;
    /** A value that is not written into the code. */
    constant(value: unknown): string;
    /** The number of a slot of the frame among all variables. */
    local(slot: Slot): number;
    /** The number of a variable of the process. */
    variable(name: string): number;
    readonly kinds: Kind[];
}

type Of<K extends Expression['k']> = Extract<Expression, { readonly k: K }>;

/** Operands of bit operators below this are computed with JavaScript's. */
const SMALL = 2 ** 31;

export function localName(local: number): string {
    return `s${local}`;
}

export function generateExpression(scope: Scope, e: Expression): Piece {
    switch (e.k) {
        case 'literal':
            return literal(scope, e.value);
        case 'slot':
            return variable(scope, scope.local(e.slot));
        case 'variable':
            return variable(scope, scope.variable(e.name));
        case 'element': {
            const { list, index } = generateElement(scope, e);
            const name = scope.name();
            scope.line(`const ${name} = ${list}.items[${index}];`);
            return unknownPiece(name);
        }
        case 'member': {
            const list = asList(scope, generateExpression(scope, e.object));
            return numberPiece(`${list}.length`, 0);
        }
        case 'global':
            return unknownPiece('null');
        case 'unary':
            return unary(scope, e);
        case 'binary':
            return generateBinary(scope, e.operator, e.left, e.right);
        case 'logical':
            return logical(scope, e);
        default:
            throw new RangeError(`no code is generated for ${e.k}`);
    }
}

function variable(scope: Scope, local: number): Piece {
    const kind = scope.kinds[local] ?? 'any';
    return kind === 'none' ? unknownPiece('undefined') : { ...unknownPiece(localName(local)), kind, local };
}

/** An element that exists, of a list. */
export function generateElement(scope: Scope, e: Of<'element'>): { readonly list: string; readonly index: string } {
    const list = asList(scope, generateExpression(scope, e.object));
    const index = asNumber(scope, generateExpression(scope, e.index));
    scope.leaveIf(`!(${index.min >= 0 ? '' : `${index.text} >= 0 && `}${index.text} < ${list}.length)`);
    return { list, index: index.text };
}

/** A value that must be a list. @returns its name */
export function asList(scope: Scope, p: Piece): string {
    const name = scope.name();
    scope.line(`const ${name} = ${p.text};`);
    scope.leaveIf(`!isList(${name})`);
    return name;
}

function literal(scope: Scope, value: Literal): Piece {
    switch (typeof value) {
        case 'number':
            return numberPiece(value < 0 ? `(${value})` : `${value}`, value, value);
        case 'boolean':
            return booleanPiece(`${value}`);
        case 'undefined':
            return unknownPiece('undefined');
        default:
            return unknownPiece(value === null ? 'null' : scope.constant(value));
    }
}

/** A value that must be a number. */
export function asNumber(scope: Scope, p: Piece): Piece {
    if (p.kind === 'number') {
        return p;
    }
    if (p.kind === 'boolean') {
        scope.leaveIf('true');
        return numberPiece('0');
    }
    scope.leaveIf(`!Number.isSafeInteger(${p.text})`);
    return retyped(scope, p, 'number', `+${p.text}`);
}

/** A value that must be true or false. */
export function asBoolean(scope: Scope, p: Piece): Piece {
    if (p.kind === 'boolean') {
        return p;
    }
    if (p.kind === 'number') {
        scope.leaveIf('true');
        return booleanPiece('false');
    }
    scope.leaveIf(`typeof ${p.text} !== 'boolean'`);
    return retyped(scope, p, 'boolean', `${p.text} === true`);
}

/** A value that has been checked. A variable keeps what is known of it. */
function retyped(scope: Scope, p: Piece, kind: Kind, text: string): Piece {
    if (p.local !== undefined) {
        scope.line(`${p.text} = ${text};`);
        scope.kinds[p.local] = kind;
        return { ...p, kind };
    }
    const name = scope.name();
    scope.line(`const ${name} = ${text};`);
    return { ...numberPiece(name), kind };
}

function unary(scope: Scope, { operator, operand }: Of<'unary'>): Piece {
    const p = generateExpression(scope, operand);
    if (operator === '!') {
        return booleanPiece(`!${asBoolean(scope, p).text}`);
    }
    const { text, min, max } = asNumber(scope, p);
    return numberPiece(`(0 - ${text})`, -max, -min);
}

function logical(scope: Scope, { operator, left, right }: Of<'logical'>): Piece {
    const a = asBoolean(scope, generateExpression(scope, left));
    const name = scope.name();
    scope.line(`let ${name} = ${a.text};`);
    scope.line(`if (${operator === '&&' ? '' : '!'}${name}) {`);
    const before = scope.kinds.slice();
    scope.line(`${name} = ${asBoolean(scope, generateExpression(scope, right)).text};`);
    scope.line('}');
    scope.kinds.splice(0, before.length, ...before.map((k, i) => either(k, scope.kinds[i] ?? k)));
    return booleanPiece(name);
}

export function generateBinary(
    scope: Scope,
    operator: Of<'binary'>['operator'],
    left: Expression,
    right: Expression,
): Piece {
    const l = generateExpression(scope, left);
    const r = generateExpression(scope, right);
    if (operator === '==' || operator === '!=') {
        return equality(scope, operator, l, r);
    }
    const a = asNumber(scope, l);
    const b = asNumber(scope, r);
    switch (operator) {
        case '<':
        case '<=':
        case '>':
        case '>=':
            return booleanPiece(`(${a.text} ${operator} ${b.text})`);
        case '+':
            return bounded(scope, `${a.text} + ${b.text}`, a.min + b.min, a.max + b.max);
        case '-':
            return bounded(scope, `${a.text} - ${b.text}`, a.min - b.max, a.max - b.min);
        case '*':
            return product(scope, a, b);
        case '/':
        case '%':
            return quotient(scope, operator, a, b);
        case '<<':
        case '>>':
            return shift(scope, operator, a, b);
        case '&':
        case '|':
        case '^':
            return bits(scope, operator, a, b);
    }
}

/** A number that is computed, unless it may be too large for one. */
function bounded(scope: Scope, text: string, min: number, max: number): Piece {
    const name = scope.name();
    scope.line(`const ${name} = ${text};`);
    const beyond = [max > LARGEST ? `${name} > ${LARGEST}` : '', min < -LARGEST ? `${name} < ${-LARGEST}` : ''];
    const condition = beyond.filter((c) => c !== '').join(' || ');
    if (condition !== '') {
        scope.leaveIf(condition);
    }
    return numberPiece(name, Math.max(min, -LARGEST), Math.min(max, LARGEST));
}

function product(scope: Scope, a: Piece, b: Piece): Piece {
    const corners = [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max];
    // −0 comes from zero times a negative number
    const positive = a.min > 0 || b.min > 0 || (a.min >= 0 && b.min >= 0);
    const text = `${a.text} * ${b.text}${positive ? '' : ' + 0'}`;
    return bounded(scope, text, Math.min(...corners) + 0, Math.max(...corners) + 0);
}

function quotient(scope: Scope, operator: '/' | '%', a: Piece, b: Piece): Piece {
    if (b.min <= 0 && b.max >= 0) {
        scope.leaveIf(`${b.text} === 0`);
    }
    const positive = a.min >= 0 && b.min >= 0;
    const name = scope.name();
    const zero = positive ? '' : ' + 0';
    if (operator === '/') {
        scope.line(`const ${name} = Math.trunc(${a.text} / ${b.text})${zero};`);
        const most = Math.max(Math.abs(a.min), Math.abs(a.max));
        return numberPiece(name, positive ? 0 : -most, most);
    }
    scope.line(`const ${name} = ${a.text} % ${b.text}${zero};`);
    const most = Math.max(Math.abs(b.min), Math.abs(b.max)) - 1;
    return numberPiece(name, a.min >= 0 ? 0 : -most, a.max <= 0 ? 0 : most);
}

function shift(scope: Scope, operator: '<<' | '>>', a: Piece, b: Piece): Piece {
    if (b.min < 0 || b.max > 63) {
        scope.leaveIf(`${b.text} < 0 || ${b.text} > 63`);
    }
    if (a.min < 0) {
        scope.leaveIf(`${a.text} < 0`);
    }
    const factor = b.min === b.max ? `${2 ** b.min}` : `2 ** ${b.text}`;
    return operator === '<<'
        ? bounded(scope, `${a.text} * ${factor}`, 0, Infinity)
        : bounded(scope, `Math.floor(${a.text} / ${factor})`, 0, Math.max(a.max, 0));
}

function bits(scope: Scope, operator: '&' | '|' | '^', a: Piece, b: Piece): Piece {
    const isSmall = ({ min, max }: Piece): boolean => min >= 0 && max < SMALL;
    const name = scope.name();
    const fast = `${a.text} ${operator} ${b.text}`;
    if ((isSmall(a) && isSmall(b)) || (operator === '&' && (isSmall(a) || isSmall(b)))) {
        scope.line(`const ${name} = ${fast};`);
        return numberPiece(
            name,
            0,
            operator === '&' ? Math.min(...[a, b].filter(isSmall).map((p) => p.max)) : SMALL - 1,
        );
    }
    const inRange = [a, b].filter((p) => !isSmall(p)).map(({ text }) => `${text} >= 0 && ${text} < ${SMALL}`);
    const slow = `binary('${operator}', ${a.text}, ${b.text})`;
    scope.line(`const ${name} = ${inRange.join(' && ')} ? ${fast} : ${slow};`);
    scope.leaveIf(`typeof ${name} !== 'number'`);
    return numberPiece(name);
}

function equality(scope: Scope, operator: '==' | '!=', a: Piece, b: Piece): Piece {
    const isPlain = ({ kind }: Piece): boolean => kind === 'number' || kind === 'boolean';
    const not = operator === '==' ? '' : '!';
    if (isPlain(a) || isPlain(b)) {
        return booleanPiece(`(${a.text} ${operator}= ${b.text})`);
    }
    const isNothing = ({ text }: Piece): boolean => text === 'null' || text === 'undefined';
    if (isNothing(a) || isNothing(b)) {
        return booleanPiece(`${not}isNothing(${isNothing(a) ? b.text : a.text})`);
    }
    // objects are compared by their closures
    scope.leaveIf(`isObject(${a.text}) && isObject(${b.text})`);
    return booleanPiece(`${not}(${a.text} === ${b.text} || isNothing(${a.text}) && isNothing(${b.text}))`);
}
