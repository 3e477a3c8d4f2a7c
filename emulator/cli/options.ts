/** Reads the arguments of a command. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { listed } from '../text/text';

/** Runs the command. Returns the exit code. */
export type Command = (args: readonly string[]) => number | Promise<number>;

/** A request of the user that cannot be done; the message is one sentence. */
export class BadArguments extends Error {}

export interface Parsed {
    readonly positionals: readonly string[];
    /** An option's value, or undefined if it was not given. */
    text(name: string): string | undefined;
    /** The values of an option that may be given several times, in their order. */
    texts(name: string): readonly string[];
    flag(name: string): boolean;
    /** @throws BadArguments if it is not an integer from `min` to `max` */
    integer(name: string, min: number, max: number): number | undefined;
    /** @throws BadArguments if it is none of them */
    oneOf<T extends string>(name: string, choices: readonly [T, ...T[]]): T;
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** @throws BadArguments if the arguments do not match the options */
export function parse(args: readonly string[], options: Options): Parsed {
    const { tokens, positionals } = parseArgs({
        args: [...args],
        options,
        allowPositionals: true,
        strict: false,
        tokens: true,
    });
    const given = new Map<string, string | true>();
    const all = new Map<string, string[]>();
    for (const t of tokens) {
        if (t.kind !== 'option') {
            continue;
        }
        const option = options[t.name];
        if (!option) {
            throw new BadArguments(`There is no option ${t.rawName}.`);
        }
        if (option.type === 'string' && (t.value === undefined || (t.value.startsWith('--') && !t.inlineValue))) {
            throw new BadArguments(`${t.rawName} needs a value.`);
        }
        if (option.type === 'boolean' && t.value !== undefined) {
            throw new BadArguments(`${t.rawName} takes no value.`);
        }
        given.set(t.name, t.value ?? true);
        if (t.value !== undefined) {
            all.set(t.name, [...(all.get(t.name) ?? []), t.value]);
        }
    }
    const text = (name: string): string | undefined => {
        const value = given.get(name);
        return typeof value === 'string' ? value : undefined;
    };
    return {
        positionals,
        text,
        texts: (name) => all.get(name) ?? [],
        flag: (name) => given.has(name),
        integer(name, min, max) {
            const value = text(name);
            if (value === undefined) {
                return undefined;
            }
            const n = /^\d+$/.test(value) ? Number(value) : Number.NaN;
            if (!(n >= min && n <= max)) {
                throw new BadArguments(`--${name} must be an integer from ${min} to ${max}, not "${value}".`);
            }
            return n;
        },
        oneOf(name, choices) {
            const value = text(name);
            if (value === undefined) {
                return choices[0];
            }
            const choice = choices.find((c) => c === value);
            if (choice === undefined) {
                throw new BadArguments(`--${name} must be ${listed(choices, 'or')}, not "${value}".`);
            }
            return choice;
        },
    };
}
