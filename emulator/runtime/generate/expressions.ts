/**
 * JavaScript for expressions. Each computes exactly what ../link/expressions and ../../language/values compute, or
 * leaves before it has had an effect: the operation is then executed by its closure, which also finds the error.
 */
import type { Expression, Literal, Slot } from '../form/form';
import type { BitsType, FieldType, LayoutField } from '../../language/layout';
import { type Collection, LIST, type Seen } from './outside';
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
    /** For calls of code outside; null: there are none. */
    readonly seen: Seen | null;
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
            const { list, index, collection } = generateElement(scope, e);
            const name = scope.name();
            scope.line(`const ${name} = ${elementText(collection, list, index)};`);
            return unknownPiece(name);
        }
        case 'member': {
            const list = asCollection(scope, generateExpression(scope, e.object), LIST);
            return numberPiece(`${list}.length`, 0);
        }
        case 'global':
            return global(scope, e.name);
        case 'native-field':
            return nativeField(scope, e);
        case 'struct-field':
            return readStructField(scope, e);
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

interface Element {
    readonly list: string;
    readonly index: string;
    readonly collection: Collection;
}

/** An element that exists, of a collection. */
export function generateElement(scope: Scope, e: Of<'element'>): Element {
    const collection = scope.seen?.collection(e.object) ?? LIST;
    const list = asCollection(scope, generateExpression(scope, e.object), collection);
    const index = asNumber(scope, generateExpression(scope, e.index));
    scope.leaveIf(`!(${index.min >= 0 ? '' : `${index.text} >= 0 && `}${index.text} < ${list}.length)`);
    return { list, index: index.text, collection };
}

/** A value that must be a collection of this kind. @returns its name */
export function asCollection(scope: Scope, p: Piece, collection: Collection): string {
    const name = scope.name();
    scope.line(`const ${name} = ${p.text};`);
    switch (collection.k) {
        case 'list':
            scope.leaveIf(`!isList(${name})`);
            break;
        case 'array':
            scope.leaveIf(`!${isOfClass(name, 'ArrayView')}`);
            break;
        case 'indexed':
            scope.leaveIf(`!${isOfClass(name, scope.constant(collection.cls))}`);
            break;
    }
    return name;
}

/**
 * Whether a value is an object of exactly this class. The check is written out at each place, because the JavaScript
 * engine records for each place which classes of objects occur there.
 */
export function isOfClass(value: string, cls: string): string {
    return `(typeof ${value} === 'object' && ${value} !== null && ${value}.constructor === ${cls})`;
}

export function elementText(collection: Collection, list: string, index: string): string {
    switch (collection.k) {
        case 'list':
            return `${list}.items[${index}]`;
        case 'array':
            return `${list}.read(${index})`;
        case 'indexed':
            return `${list}.elementAt(${index})`;
    }
}

function global(scope: Scope, name: string): Piece {
    const found = name === 'none' ? undefined : scope.seen?.outside.global(name);
    if (!found || !scope.seen) {
        return unknownPiece('null');
    }
    const value = scope.name();
    scope.line(`const ${value} = ${scope.constant(found.get)}(${scope.constant(scope.seen.outside.host)});`);
    return unknownPiece(value);
}

function nativeField(scope: Scope, e: Of<'native-field'>): Piece {
    const { outside } = seenBy(scope);
    const { on } = outside.field(e.field);
    const object = generateExpression(scope, e.object).text;
    scope.leaveIf(`!${isOfClass(object, scope.constant(on?.cls))}`);
    const name = scope.name();
    scope.line(`const ${name} = ${scope.constant(on?.code)}(${object}, ${scope.constant(outside.host)});`);
    scope.leaveIf(`${name} instanceof Err`);
    return unknownPiece(name);
}

function readStructField(scope: Scope, e: Of<'struct-field'>): Piece {
    const { view, field, constant } = generateStructField(scope, e);
    const name = scope.name();
    const { type, offset } = field;
    const slow = `${view}.read(${constant})`;
    const at = `${view}.base + ${offset}`;
    const isUnwatched = `${view}.area === null && ${view}.memory.watcher === null`;
    if (type.k === 'bits' && isWide(type)) {
        const word = `${view}.memory.readMasked(${at}, ${type.low}, ${type.high})`;
        scope.line(`const ${name} = ${isUnwatched} ? ${word}${type.shift === 0 ? '' : ` / ${type.unit}`} : ${slow};`);
    } else if (isWord(type)) {
        scope.line(`const ${name} = ${isUnwatched} ? ${view}.memory.readU64(${at}) : ${slow};`);
    } else {
        scope.line(`const ${name} = ${slow};`);
    }
    // values of wider fields may be too large for a number
    return type.k === 'bits' && type.bits <= 53 ? numberPiece(name, 0, type.beyond - 1) : unknownPiece(name);
}

/** Assigns a number. For every other value, it calls the view, which reports what is wrong. */
export function writeStructField(scope: Scope, e: Of<'struct-field'>, { text, kind }: Piece): void {
    const { view, field, constant } = generateStructField(scope, e);
    const { type, offset } = field;
    const at = `${view}.base + ${offset}`;
    const isNumber = kind === 'number' ? '' : `typeof ${text} === 'number' && `;
    const slow = `${view}.set(${constant}, ${text});`;
    if (type.k === 'bits' && isWide(type)) {
        const fits = `${view}.area === null && ${isNumber}${text} >= 0 && ${text} < ${type.beyond}`;
        const value = type.shift === 0 ? text : `${text} * ${type.unit}`;
        scope.line(`if (${fits}) ${view}.memory.writeMasked(${at}, ${type.low}, ${type.high}, ${value});`);
        scope.line(`else ${slow}`);
    } else if (isWord(type)) {
        const fits = `${view}.area === null && ${isNumber}${text} >= 0`;
        scope.line(`if (${fits}) ${view}.memory.writeU64(${at}, ${text});`);
        scope.line(`else ${slow}`);
    } else {
        scope.line(slow);
    }
}

/** Whether a type is a bit field of a word of 64 bits whose values fit into a number. */
function isWide({ bytes, bits }: BitsType): boolean {
    return bytes === 8 && bits <= 53;
}

/** Whether a type is an unsigned integer of 64 bits. */
function isWord(type: FieldType): boolean {
    return type.k === 'phys' || (type.k === 'int' && type.bytes === 8 && !type.signed);
}

interface StructField {
    readonly view: string;
    readonly field: LayoutField;
    /** The name of the constant that holds the field. */
    readonly constant: string;
}

/** A field of a struct, after a check that the struct has the expected layout. */
function generateStructField(scope: Scope, e: Of<'struct-field'>): StructField {
    const found = seenBy(scope).outside.structField(e.struct, e.field);
    if (!found) {
        throw new RangeError(`there is no field ${e.struct}.${e.field}`);
    }
    const view = generateExpression(scope, e.object).text;
    scope.leaveIf(`!(${isOfClass(view, 'View')} && ${view}.layout === ${scope.constant(found.layout)})`);
    return { view, field: found.field, constant: scope.constant(found.field) };
}

function seenBy({ seen }: Scope): Seen {
    if (!seen) {
        throw new RangeError('no code is generated for calls outside');
    }
    return seen;
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
