/** The command line of a kernel, parsed once at boot (parse_early_param() and start_kernel() in init/main.c). */
import { DEVICE_DEFAULTS, DEVICE_SETUPS, type DeviceSettings } from '../devices/parameters';
import { FILE_DEFAULTS, FILE_SETUPS, type FileSettings } from '../fs/parameters';
import { HUGETLB_DEFAULTS, HUGETLB_SETUPS, type HugetlbSettings } from '../hugetlb/parameters';
import { IMAGE_DEFAULTS, IMAGE_SETUPS, type ImageSettings } from '../kho/kaslr';
import { KHO_DEFAULTS, KHO_SETUPS, type KhoSettings } from '../kho/parameters';
import { LUO_DEFAULTS, LUO_SETUPS, type LuoSettings } from '../luo/parameters';
import { type ParameterName, parameterNamed, PARAMETERS, type Parameter } from '../release/parameters';
import { argumentsOf } from '../release/arguments';
import type { Build, Setup } from './setup';

/** The parameters of a kernel's command line, with defaults for those that are not given. */
export interface CommandLine
    extends ImageSettings,
        KhoSettings,
        LuoSettings,
        HugetlbSettings,
        DeviceSettings,
        FileSettings {
    readonly text: string;
    /** The early parameters whose values the kernel could not parse, as written. */
    readonly malformed: readonly string[];
}

const DEFAULTS: Omit<CommandLine, 'text' | 'malformed'> = {
    ...IMAGE_DEFAULTS,
    ...KHO_DEFAULTS,
    ...LUO_DEFAULTS,
    ...HUGETLB_DEFAULTS,
    ...DEVICE_DEFAULTS,
    ...FILE_DEFAULTS,
};

const SETUPS: Readonly<Record<ParameterName, Setup<CommandLine>>> = {
    ...IMAGE_SETUPS,
    ...KHO_SETUPS,
    ...LUO_SETUPS,
    ...HUGETLB_SETUPS,
    ...DEVICE_SETUPS,
    ...FILE_SETUPS,
};

/** Parses a command line: each argument in turn, as the setup functions of a kernel of this build do. */
export function readCommandLine(text: string, build: Build): CommandLine {
    const malformed: string[] = [];
    let read: CommandLine = { ...DEFAULTS, text, malformed };
    for (const { name: given, value } of argumentsOf(text)) {
        const name = parameterNamed(given);
        if (name === undefined) {
            continue;
        }
        const { arch, config, declared }: Parameter = PARAMETERS[name];
        if ((arch !== undefined && arch !== build.arch) || (config !== undefined && !build.kexecHandover)) {
            continue;
        }
        const set = SETUPS[name](value, read, build);
        if (set) {
            read = { ...read, ...set };
        } else if (declared === 'early_param') {
            malformed.push(given);
        }
    }
    return read;
}
