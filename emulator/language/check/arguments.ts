/** The values of settings: whether an entry has the value that its table describes. */
import { MEMORY_LIMIT } from '../../machine/machine';
import { hex, listed, sizeLiteral } from '../../text/text';
import { SETTABLE_COSTS, settableCost } from '../../machine/costs';
import { insertAt, spanOf } from '../check-finding';
import {
    exampleText,
    type AnyArgument,
    type AnySetting,
    type Description,
    type NumberArgument,
    type WordArgument,
} from '../settings/setting';
import type { Expr, Ident, MachineEntry, Span } from '../syntax/ast';
import { ANY, STRING } from '../types';
import type { CodeContext } from './context';
import { fold } from './fold';
import { quoted } from './program-builder';
import { describeType } from './types-of';

/**
 * The value of a constant integer below 2^53; reports an error if the expression is not one.
 * @param what the subject of the message
 */
function constant(c: CodeContext, e: Expr, what: string): number | undefined {
    if (e.kind === 'error') {
        return undefined;
    }
    const type = c.expr(e);
    const value = constantOf(c, e);
    if (value === undefined && type.k !== 'any') {
        c.error(
            'LU0312',
            e,
            type.k === 'int'
                ? `${what} must be a constant below 2^53: a number such as 2GiB, or a \`const\`.`
                : `${what} must be a number, not ${describeType(type)}.`,
        );
    }
    return value;
}

/** The value of a constant expression, which the program keeps; undefined if it is not constant. */
export function constantOf(c: CodeContext, e: Expr): number | undefined {
    const value = fold(c.program, c.unit.uri, e);
    if (typeof value !== 'number') {
        return undefined;
    }
    c.program.constants.set(e, value);
    return value;
}

/** Reports an error if a number is outside its limits. @param key the setting that has these limits */
export function checkLimits(
    c: CodeContext,
    { least, most, multipleOf, refusal }: NumberArgument,
    key: string,
    example: string,
    e: Expr,
    value: number,
): void {
    const unit = multipleOf?.(c.program.page);
    if (unit !== undefined && (value < least || value % unit !== 0)) {
        c.error('LU0311', e, `${quoted(key)} must be a multiple of ${sizeLiteral(unit)}.`);
    } else if (value < least || (most !== undefined && value > most)) {
        c.error(
            'LU0311',
            e,
            refusal ??
                (most === undefined
                    ? `${quoted(key)} must be greater than 0: ${example}.`
                    : `${quoted(key)} must be from ${least} to ${most}.`),
        );
    }
}

function checkNumber(c: CodeContext, argument: NumberArgument, key: string, example: string, e: Expr): void {
    const value = constant(c, e, argument.what);
    if (value !== undefined) {
        checkLimits(c, argument, key, example, e, value);
    }
}

/** The name of a cost that can be changed. */
export function checkCostName(c: CodeContext, { name, start, end }: { readonly name: string } & Span): void {
    if (name !== '' && settableCost(name) === undefined) {
        c.unknown(
            'LU0218',
            { start, end },
            name,
            `There is no cost ${quoted(name)}. Expected ${listed(SETTABLE_COSTS.map(quoted), 'or')}.`,
            SETTABLE_COSTS,
        );
    }
}

/** One of several words. */
function checkWord(c: CodeContext, { words }: WordArgument<string>, key: string, e: Expr): void {
    c.typed(e, ANY);
    if (e.kind !== 'error' && !(e.kind === 'name' && Object.hasOwn(words, e.name))) {
        wrongWord(c, Object.keys(words), key, e);
    }
}

/** Reports a value that is none of these words. @param key the setting that takes them */
export function wrongWord(c: CodeContext, words: readonly string[], key: string, e: Expr): void {
    c.error('LU0301', e, `${quoted(key)} must be ${listed(words.map(quoted), 'or')}, not ${c.text(e)}.`);
}

/** An address on the PCI buses. */
export function checkPciAddress(c: CodeContext, argument: Extract<AnyArgument, { kind: 'pci' }>, e: Expr): void {
    c.typed(e, STRING);
    if (e.kind !== 'error' && !argument.read({ args: [e], options: [] }, () => undefined)) {
        c.error('LU0301', e, 'Expected a PCI address in the notation of lspci: `"0000:3b:00.0"`.');
    }
}

function checkRange(c: CodeContext, example: string, e: Expr): void {
    if (e.kind !== 'range') {
        c.error('LU0301', e, `Expected a range of addresses: ${example}.`);
        return;
    }
    const from = constant(c, e.from, 'The start of the range');
    const to = constant(c, e.to, 'The end of the range');
    if (from !== undefined && to !== undefined && to <= from) {
        c.error('LU0311', e, 'This range is empty. Its end is exclusive and must be greater than its start.');
    } else if (to !== undefined && to > MEMORY_LIMIT) {
        c.error('LU0311', e, `Memory must be below ${hex(MEMORY_LIMIT)} (128 TiB).`);
    }
}

/** `copy 200us` */
function checkCostChange(c: CodeContext, ns: NumberArgument, example: string, e: MachineEntry): void {
    const [name, value, ...more] = e.args;
    if (name?.kind !== 'name' || !value || more.length > 0) {
        c.error('LU0304', more[0] ?? e.key, `Expected ${example}.`);
        return;
    }
    c.typed(name, ANY);
    checkCostName(c, name);
    checkNumber(c, ns, e.key.name, example, value);
}

/** Reports entries that are given twice although only one is allowed. */
export function checkRepeats(c: CodeContext, keys: readonly Ident[], entries: ReadonlyMap<string, Description>): void {
    const seen = new Map<string, Ident>();
    for (const key of keys) {
        const first = seen.get(key.name);
        if (first && entries.get(key.name)?.repeated !== true && entries.has(key.name)) {
            const { uri } = c.unit;
            c.program.report('error', 'LU0204', uri, key, `${quoted(key.name)} is given twice. Remove one of them.`, {
                related: [{ uri, span: spanOf(first), message: 'the first one' }],
            });
        }
        seen.set(key.name, first ?? key);
    }
}

/**
 * An entry with one value of any kind, and its options.
 * @param siblings the settings that can follow it
 */
export function checkEntry(
    c: CodeContext,
    setting: AnySetting,
    e: MachineEntry,
    siblings: ReadonlyMap<string, AnySetting>,
): void {
    checkValue(c, setting, e);
    checkOptions(c, setting, e, siblings);
}

function checkValue(c: CodeContext, setting: AnySetting, e: MachineEntry): void {
    const { takes } = setting;
    const example = exampleText(setting);
    const [first, ...more] = e.args;
    if (takes.kind === 'cost') {
        checkCostChange(c, takes.ns, example, e);
        return;
    }
    if (!first || more.length > 0) {
        c.error('LU0304', more[0] ?? e.key, `Expected ${example}.`);
        return;
    }
    switch (takes.kind) {
        case 'number':
            checkNumber(c, takes, e.key.name, example, first);
            break;
        case 'word':
            checkWord(c, takes, e.key.name, first);
            break;
        case 'range':
            checkRange(c, example, first);
            break;
        case 'pci':
            checkPciAddress(c, takes, first);
            break;
    }
}

function checkOptions(
    c: CodeContext,
    setting: AnySetting,
    e: MachineEntry,
    siblings: ReadonlyMap<string, AnySetting>,
): void {
    const example = exampleText(setting);
    const options = Object.entries(setting.options ?? {});
    if (options.some(([name, { required }]) => required === true && !e.options.some((o) => o.key.name === name))) {
        c.error('LU0304', e.key, `Expected ${example}.`);
    }
    for (const { key, value } of e.options) {
        const found = options.find(([name]) => name === key.name);
        if (found) {
            checkNumber(c, found[1], e.key.name, example, value);
            continue;
        }
        const none = `${quoted(e.key.name)} has no option ${quoted(key.name)}.`;
        if (siblings.has(key.name)) {
            c.error(
                'LU0218',
                key,
                `${none} To begin the setting ${quoted(key.name)}, write it on a new line, or \`;\` before it.`,
                insertAt(key.start, '; '),
            );
        } else {
            c.unknown(
                'LU0218',
                key,
                key.name,
                `${none} Expected ${example}.`,
                options.map(([name]) => name),
            );
        }
    }
}
