/**
 * The shape of settings: what stands in `machine { }`, `kernel "…" { }` and in the braces of a device. The tables
 * beside this file say it once, as data: the checker checks by them, the runtime applies what they read, and completion
 * and the documentation show them.
 */
import type { PageGeometry } from '../../machine/arch';
import { settableCost, type CostName } from '../../machine/costs';
import { parsePciAddress, type PciAddress } from '../../machine/pci/address';
import type { Expr, Ident, MachineEntry } from '../syntax/ast';

/** What a reader is told of an entry, whatever declaration it stands in. */
export interface Description {
    /** How it is written; completion proposes the first. */
    readonly examples: readonly [string, ...string[]];
    /** Said behind the examples, where they do not say it themselves. */
    readonly remark?: string;
    /** One paragraph in Markdown for hover, completion and the documentation. */
    readonly doc: string;
    /** It may stand several times in one declaration. */
    readonly repeated?: boolean;
}

/** An entry with a value of type T. */
export interface Setting<T> extends Description {
    readonly takes: Argument<T>;
    /** Numbers that stand behind the value, by name: `node 1`. */
    readonly options?: Readonly<Partial<Record<OptionName, Option>>>;
    /** The layer that a kernel must have for it. */
    readonly layer?: string;
}

export const OPTION_NAMES = ['node', 'size'] as const;
export type OptionName = (typeof OPTION_NAMES)[number];
export interface Option extends NumberArgument {
    readonly required?: boolean;
}
export type Options = Readonly<Partial<Record<OptionName, number>>>;

/** The values of a table's settings, by name. */
export type ValuesOf<T> = { readonly [N in keyof T]: T[N] extends Setting<infer V> ? V : never };

/** A table with settings of these values. */
export type SettingsOf<V> = { readonly [N in keyof V]: Setting<V[N]> };

/** What stands behind the name of a setting. */
export interface Written {
    readonly args: readonly Expr[];
    readonly options: readonly { readonly key: Ident; readonly value: Expr }[];
    /** What stands in braces. */
    readonly body?: readonly MachineEntry[] | undefined;
}

/** The value of a constant expression; undefined: it is none. */
export type Constant = (e: Expr) => number | undefined;

/** What a setting takes. */
export interface Argument<T> {
    readonly kind: string;
    /** What an entry says; undefined where it does not say it as it should, which the checker complains about. */
    read(written: Written, constant: Constant): T | undefined;
}

/** A constant. */
export interface NumberArgument extends Argument<number> {
    readonly kind: 'number';
    /** What it is, at the beginning of a sentence. */
    readonly what: string;
    readonly least: number;
    readonly most?: number;
    /** Bytes, on a machine with these pages. */
    readonly multipleOf?: (page: PageGeometry) => number;
    /** What is said of a value outside of the limits, where the limits alone do not say it. */
    readonly refusal?: string;
}

export const number = (what: string, limits: Omit<NumberArgument, 'kind' | 'what' | 'read'>): NumberArgument => ({
    kind: 'number',
    what,
    ...limits,
    read: ({ args: [value] }, constant) => value && constant(value),
});

const wordIn = (e: Expr | undefined): string | undefined => (e?.kind === 'name' ? e.name : undefined);

/** `on` or `off` */
export interface SwitchArgument extends Argument<boolean> {
    readonly kind: 'switch';
}

export const onOff: SwitchArgument = {
    kind: 'switch',
    read: ({ args: [value] }) => {
        const word = wordIn(value);
        return word === 'on' ? true : word === 'off' ? false : undefined;
    },
};

/** One of some words. */
export interface WordArgument<W extends string> extends Argument<W> {
    readonly kind: 'word';
    /** What each of them means. */
    readonly words: Readonly<Record<W, string>>;
    /** The architecture that a machine must have for a word, where that matters. */
    readonly archs?: Readonly<Record<W, string>>;
}

export function oneOf<W extends string>(
    words: Readonly<Record<W, string>>,
    archs?: Readonly<Record<W, string>>,
): WordArgument<W> {
    const isOne = (word: string | undefined): word is W => word !== undefined && Object.hasOwn(words, word);
    return {
        kind: 'word',
        words,
        ...(archs && { archs }),
        read: ({ args: [value] }) => {
            const word = wordIn(value);
            return isOne(word) ? word : undefined;
        },
    };
}

/** A string. */
export interface TextArgument extends Argument<string> {
    readonly kind: 'text';
}

export const text: TextArgument = {
    kind: 'text',
    read: ({ args: [value] }) => (value?.kind === 'string' ? value.value : undefined),
};

/** Physical addresses; `end` does not belong to them. */
export interface AddressRange {
    readonly start: number;
    readonly end: number;
}

/** `0x1000 .. 0x9fc00` */
export interface RangeArgument extends Argument<AddressRange> {
    readonly kind: 'range';
}

export const range: RangeArgument = {
    kind: 'range',
    read: ({ args: [value] }, constant) => {
        if (value?.kind !== 'range') {
            return undefined;
        }
        const start = constant(value.from);
        const end = constant(value.to);
        return start === undefined || end === undefined ? undefined : { start, end };
    },
};

/** `"0000:3b:00.0"` */
export interface PciArgument extends Argument<PciAddress> {
    readonly kind: 'pci';
}

const pciAddressOf = (e: Expr | undefined): PciAddress | undefined =>
    e?.kind === 'string' ? parsePciAddress(e.value) : undefined;

export const pciAddress: PciArgument = { kind: 'pci', read: ({ args: [value] }) => pciAddressOf(value) };

/** What something takes. */
export interface CostChange {
    readonly cost: CostName;
    readonly ns: number;
}

/** `copy 200us` */
export interface CostArgument extends Argument<CostChange> {
    readonly kind: 'cost';
    readonly ns: NumberArgument;
}

export const costChange: CostArgument = {
    kind: 'cost',
    ns: number('What something takes', { least: 0, refusal: 'Nothing takes less than no time.' }),
    read: ({ args: [name, value] }, constant) => {
        const cost = settableCost(wordIn(name) ?? '');
        const ns = value && constant(value);
        return cost === undefined || ns === undefined ? undefined : { cost, ns };
    },
};

/** A device as it is declared. */
export interface DeclaredDevice {
    readonly name: string;
    readonly address: PciAddress;
    readonly settings: readonly MachineEntry[];
}

/** `nic0 at "0000:3b:00.0" { … }` */
export interface DeviceArgument extends Argument<DeclaredDevice> {
    readonly kind: 'device';
}

/** Where a device sits; undefined where it does not say it. */
export const addressOf = ({ options }: Pick<Written, 'options'>): PciAddress | undefined =>
    pciAddressOf(options.find((o) => o.key.name === 'at')?.value);

export const device: DeviceArgument = {
    kind: 'device',
    read: (written) => {
        const name = wordIn(written.args[0]);
        const address = addressOf(written);
        return name !== undefined && address && written.body ? { name, address, settings: written.body } : undefined;
    },
};

/** `of nic0`: the name of the device that it is a function of. */
export interface FunctionArgument extends Argument<string> {
    readonly kind: 'function';
}

export const virtualFunction: FunctionArgument = {
    kind: 'function',
    read: ({ args: [of, physical] }) => (wordIn(of) === 'of' ? wordIn(physical) : undefined),
};

/** All that a setting can take, for those who go by the kind. */
export type AnyArgument =
    | NumberArgument
    | SwitchArgument
    | WordArgument<string>
    | TextArgument
    | RangeArgument
    | PciArgument
    | CostArgument
    | DeviceArgument
    | FunctionArgument;

/** A setting, whatever its value is. */
export interface AnySetting extends Setting<unknown> {
    readonly takes: AnyArgument;
}

/** The examples as they stand in a sentence: `memory 2GiB`, `memory 2GiB node 1`. */
export function exampleText({ examples, remark }: Description): string {
    const list = examples.map((e) => `\`${e}\``).join(', ');
    return remark === undefined ? list : `${list} (${remark})`;
}
