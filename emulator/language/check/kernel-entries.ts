/** The entries of `kernel "…" { }`: their names and their values. */
import { listed } from '../../text/text';
import { FLAWS } from '../../kernel/release/flaws';
import { insertAt } from '../check-finding';
import { KERNEL_COST, KERNEL_ENTRIES, KERNEL_LISTS, KERNEL_SETTINGS } from '../settings/kernel';
import { exampleText, type AnyArgument, type AnySetting } from '../settings/setting';
import type { Ident, KernelCost, KernelDecl, KernelList, KernelSetting } from '../syntax/ast';
import { ANY, BOOL, INT, STRING, type Type } from '../types';
import { checkCostName, checkLimits, checkRepeats, constantOf, wrongWord } from './arguments';
import { checkCommandLine } from './command-line';
import type { CodeContext } from './context';
import { quoted } from './program-builder';

const SETTINGS: ReadonlyMap<string, AnySetting> = new Map(Object.entries(KERNEL_SETTINGS));

export function checkKernelEntries(c: CodeContext, decl: KernelDecl): void {
    const keys = decl.entries.flatMap((e) => (e.kind === 'setting' || e.kind === 'list' ? [e.key] : []));
    checkRepeats(c, keys, KERNEL_ENTRIES);
    for (const e of decl.entries) {
        switch (e.kind) {
            case 'cost':
                checkCostName(c, e.cost);
                checkNumber(c, KERNEL_COST, KERNEL_COST.takes.ns, 'cost', e);
                break;
            case 'setting':
                checkSetting(c, e);
                break;
            case 'list':
                checkList(c, e);
                break;
        }
    }
}

function checkList(c: CodeContext, e: KernelList): void {
    if (!Object.hasOwn(KERNEL_LISTS, e.key.name)) {
        unknownEntry(c, e.key);
    } else if (e.key.name === 'flaws') {
        for (const flaw of e.names.filter((n) => n.name !== '' && !FLAWS.has(n.name))) {
            c.unknown(
                'LU0218',
                flaw,
                flaw.name,
                `There is no flaw ${quoted(flaw.name)}. Expected ${listed([...FLAWS.keys()].map(quoted), 'or')}.`,
                FLAWS.keys(),
            );
        }
    } else if (e.sign === '' && e.key.name === 'handlers') {
        c.error(
            'LU0218',
            e.key,
            'Add handlers with `handlers + nic_handler`, remove them with `handlers - memfd`.',
            insertAt(e.names[0]?.start ?? e.key.end, '+ '),
        );
    }
}

function unknownEntry(c: CodeContext, key: Ident): void {
    c.unknown(
        'LU0218',
        key,
        key.name,
        `A kernel has no entry ${quoted(key.name)}. Expected ${[...KERNEL_ENTRIES.values()].map(exampleText).join(', ')}.`,
        KERNEL_ENTRIES.keys(),
    );
}

function typeOf(takes: AnyArgument): Type {
    switch (takes.kind) {
        case 'text':
            return STRING;
        case 'switch':
            return BOOL;
        case 'number':
            return INT;
        default:
            return ANY;
    }
}

/** The words that a setting takes; undefined if it takes something else. */
function wordsOf(takes: AnyArgument): readonly string[] | undefined {
    return takes.kind === 'switch' ? ['on', 'off'] : takes.kind === 'word' ? Object.keys(takes.words) : undefined;
}

function checkSetting(c: CodeContext, e: KernelSetting): void {
    const setting = SETTINGS.get(e.key.name);
    if (!setting) {
        unknownEntry(c, e.key);
    } else if (setting.takes.kind === 'number') {
        checkNumber(c, setting, setting.takes, e.key.name, e);
    } else {
        c.typed(e.value, typeOf(setting.takes));
        if (e.key.name === 'cmdline') {
            checkCommandLine(c, e.value);
        }
        const read = setting.takes.read({ args: [e.value], options: [] }, () => undefined);
        if (read === undefined && e.value.kind !== 'error') {
            const words = wordsOf(setting.takes);
            if (words) {
                wrongWord(c, words, e.key.name, e.value);
            } else {
                c.error('LU0301', e.value, `Expected ${exampleText(setting)}.`);
            }
        }
    }
}

/** A constant within the limits. */
function checkNumber(
    c: CodeContext,
    setting: AnySetting,
    limits: Extract<AnyArgument, { kind: 'number' }>,
    key: string,
    { value: e }: KernelSetting | KernelCost,
): void {
    const example = exampleText(setting);
    const value = constantOf(c, e);
    if (value !== undefined) {
        c.expr(e);
        checkLimits(c, limits, key, example, e, value);
        return;
    }
    c.typed(e, INT);
    if (e.kind !== 'error') {
        c.error('LU0301', e, `Expected ${example}.`);
    }
}
