/** The command line of a kernel, parsed once at boot (parse_early_param() and start_kernel() in init/main.c). */
import { DEVICE_DEFAULTS, DEVICE_SETUPS, type DeviceSettings } from '../devices/parameters';
import { FILE_DEFAULTS, FILE_SETUPS, type FileSettings } from '../fs/parameters';
import { HUGETLB_DEFAULTS, HUGETLB_SETUPS, type HugetlbSettings } from '../hugetlb/parameters';
import { IMAGE_DEFAULTS, IMAGE_SETUPS, type ImageSettings } from '../kho/kaslr';
import { KHO_DEFAULTS, KHO_SETUPS, type KhoSettings } from '../kho/parameters';
import { LUO_DEFAULTS, LUO_SETUPS, type LuoSettings } from '../luo/parameters';
import { MEMORY_DEFAULTS, MEMORY_SETUPS, type MemorySettings } from '../mm/parameters';
import { argumentsOf } from '../release/arguments';
import { type ParameterName, parameterNamed, PARAMETERS, type Parameter } from '../release/parameters';
import { declares, unknownArguments, unknownLine } from '../release/unknown-parameters';
import { PANIC_DEFAULTS, PANIC_SETUPS, type PanicSettings } from './panic';
import type { Build, Setup } from './setup';

/** The parameters of a kernel's command line, with defaults for those that are not given. */
export interface CommandLine
    extends ImageSettings,
        KhoSettings,
        LuoSettings,
        MemorySettings,
        HugetlbSettings,
        DeviceSettings,
        FileSettings,
        PanicSettings {
    readonly text: string;
    /** The early parameters whose values the kernel could not parse, as written. */
    readonly malformed: readonly string[];
    /** What parse_args() logs of core parameters that it could not parse. */
    readonly invalid: readonly string[];
    /** What the kernel logs of arguments that it does not know; undefined: it knows all. */
    readonly unknown: string | undefined;
}

const DEFAULTS: Omit<CommandLine, 'text' | 'malformed' | 'invalid' | 'unknown'> = {
    ...IMAGE_DEFAULTS,
    ...KHO_DEFAULTS,
    ...LUO_DEFAULTS,
    ...HUGETLB_DEFAULTS,
    ...DEVICE_DEFAULTS,
    ...FILE_DEFAULTS,
    ...MEMORY_DEFAULTS,
    ...PANIC_DEFAULTS,
};

const SETUPS: Readonly<Record<ParameterName, Setup<CommandLine>>> = {
    ...IMAGE_SETUPS,
    ...KHO_SETUPS,
    ...LUO_SETUPS,
    ...HUGETLB_SETUPS,
    ...DEVICE_SETUPS,
    ...FILE_SETUPS,
    ...MEMORY_SETUPS,
    ...PANIC_SETUPS,
};

/** Parses a command line: each argument in turn, as the setup functions of a kernel of this build do. */
export function readCommandLine(text: string, build: Build): CommandLine {
    const malformed: string[] = [];
    const invalid: string[] = [];
    const unknown = unknownArguments(text, build);
    let read: CommandLine = {
        ...DEFAULTS,
        text,
        malformed,
        invalid,
        unknown: unknown.length > 0 ? unknownLine(unknown) : undefined,
    };
    for (const { name: given, value } of argumentsOf(text)) {
        const name = parameterNamed(given);
        if (name === undefined || !declares(build, name)) {
            continue;
        }
        const { declared }: Parameter = PARAMETERS[name];
        const set = SETUPS[name](value, read, build);
        if (set) {
            read = { ...read, ...set };
        } else if (declared === 'early_param') {
            malformed.push(given);
        } else if (declared === 'core_param') {
            invalid.push(`Booting kernel: \`${value ?? ''}' invalid for parameter \`${given}'`);
        }
    }
    return read;
}
