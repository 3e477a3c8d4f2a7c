/** Applies entries: each is read by its table and passed to the function of its name. */
import type { Ident } from '../syntax/ast';
import {
    OPTION_NAMES,
    type Constant,
    type OptionName,
    type Options,
    type Setting,
    type SettingsOf,
    type Written,
} from './setting';

/** For every setting the function that applies it to `to`; a missing function is a type error. */
export type Appliers<V, To> = { readonly [N in keyof V]: (to: To, value: V[N], options: Options) => void };

interface Entry extends Written {
    readonly key: Ident;
}

/**
 * Applies entries in their order. Those with errors of the checker are left out.
 * @param constant the values that the checker has computed; see {@link Program.constants}
 */
export function applySettings<V, To>(
    table: SettingsOf<V>,
    appliers: Appliers<V, To>,
    entries: readonly Entry[],
    constant: Constant,
    to: To,
): void {
    const isSetting = (name: PropertyKey): name is keyof V => Object.hasOwn(table, name);
    for (const entry of entries) {
        const { name } = entry.key;
        if (isSetting(name)) {
            const value = table[name].takes.read(entry, constant);
            if (value !== undefined) {
                appliers[name](to, value, optionsOf(table[name], entry, constant));
            }
        }
    }
}

function optionsOf<V>(setting: Setting<V>, { options }: Written, constant: Constant): Options {
    const given: { [N in OptionName]?: number } = {};
    for (const name of OPTION_NAMES.filter((n) => setting.options?.[n])) {
        const option = options.find((o) => o.key.name === name);
        const value = option && constant(option.value);
        if (value !== undefined) {
            given[name] = value;
        }
    }
    return given;
}
