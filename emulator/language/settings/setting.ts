/**
 * The shape of the settings of `machine { }`, `kernel "…" { }` and devices. The tables in this folder describe each
 * setting once, as data: the checker checks entries against them, the runtime applies the values they read, and
 * completion and the documentation show them.
 */
import type { PageGeometry } from '../../machine/arch';
import { settableCost, type CostName } from '../../machine/costs';
import { parsePciAddress, type PciAddress } from '../../machine/pci/address';
import type { Expr, Ident, MachineEntry } from '../syntax/ast';

/** The documentation of an entry. */
export interface Description {
    /** How it is written; completion proposes the first. */
    readonly examples: readonly [string, ...string[]];
    /** Shown after the examples. */
    readonly remark?: string;
    /** One paragraph in Markdown for hover, completion and the documentation. */
    readonly doc: string;
    /** It may be given several times in one declaration. */
    readonly repeated?: boolean;
}

/** An entry with a value of type T. */
export interface Setting<T> extends Description {
    readonly takes: Argument<T>;
    /** Named numbers after the value: `node 1`. */
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

/** The source after the name of a setting. */
export interface Written {
    readonly args: readonly Expr[];
    readonly options: readonly { readonly key: Ident; readonly value: Expr }[];
    /** The entries in braces. */
    readonly body?: readonly MachineEntry[] | undefined;
}

/** The value of a constant expression; undefined if it is not constant. */
export type Constant = (e: Expr) => number | undefined;

/** What a setting takes. */
export interface Argument<T> {
    readonly kind: string;
    /** The value of an entry; undefined if the entry is invalid, which the checker reports. */
    read(written: Written, constant: Constant): T | undefined;
}

/** A constant. */
export interface NumberArgument extends Argument<number> {
    readonly kind: 'number';
    /** The subject of messages about it, such as "The size". */
    readonly what: string;
    readonly least: number;
    readonly most?: number;
    /** The unit in bytes, on a machine with these pages. */
    readonly multipleOf?: (page: PageGeometry) => number;
    /** The message about a value outside the limits, if the usual one does not fit. */
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

/** One of several words. */
export interface WordArgument<W extends string> extends Argument<W> {
    readonly kind: 'word';
    /** The meaning of each. */
    readonly words: Readonly<Record<W, string>>;
    /** The architecture that a word needs, if it needs one. */
    readonly archs?: Readonly<Partial<Record<W, string>>>;
}

export function oneOf<W extends string>(
    words: Readonly<Record<W, string>>,
    archs?: Readonly<Partial<Record<W, string>>>,
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

/** Physical addresses; `end` is exclusive. */
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

/** The new time of an operation. */
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
    ns: number('The cost', { least: 0, refusal: 'A cost cannot be negative.' }),
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

/** The PCI address of a device; undefined if the entry has none. */
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

/** Everything that a setting can take. */
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

/** A setting of any type. */
export interface AnySetting extends Setting<unknown> {
    readonly takes: AnyArgument;
}

/** The examples as part of a sentence: `memory 2GiB`, `memory 2GiB node 1`. */
export function exampleText({ examples, remark }: Description): string {
    const list = examples.map((e) => `\`${e}\``).join(', ');
    return remark === undefined ? list : `${list} (${remark})`;
}
