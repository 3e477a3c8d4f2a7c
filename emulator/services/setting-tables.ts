/** The settings of machines, kernels and devices by their names. */
import { DEVICE_SETTINGS } from '../language/settings/device';
import { KERNEL_COST, KERNEL_LISTS, KERNEL_SETTINGS } from '../language/settings/kernel';
import { MACHINE_SETTINGS } from '../language/settings/machine';
import type { AnySetting, Description } from '../language/settings/setting';
import type { SettingTable } from './subjects';

const TABLES: Readonly<Record<SettingTable, ReadonlyMap<string, Description | AnySetting>>> = {
    machine: new Map<string, AnySetting>(Object.entries(MACHINE_SETTINGS)),
    kernel: new Map<string, Description | AnySetting>([
        ...Object.entries(KERNEL_LISTS),
        ...Object.entries(KERNEL_SETTINGS),
        ['cost', KERNEL_COST],
    ]),
    device: new Map<string, AnySetting>(Object.entries(DEVICE_SETTINGS)),
};

export function settingNamed(table: SettingTable, name: string): Description | undefined {
    return TABLES[table].get(name);
}

/** The documentation of a setting's word: `nic` of `kind`, `off` of `acs`. */
export function wordOf(table: SettingTable, name: string, word: string): string | undefined {
    const setting = TABLES[table].get(name);
    const takes = setting && 'takes' in setting ? setting.takes : undefined;
    return takes?.kind === 'word' && Object.hasOwn(takes.words, word) ? takes.words[word] : undefined;
}

/** The names of a table's settings. */
export function settingNames(table: SettingTable): string[] {
    return [...TABLES[table].keys()];
}

/** The words that are values of a setting. */
export function settingWords(table: SettingTable, name: string): string[] {
    const setting = TABLES[table].get(name);
    const takes = setting && 'takes' in setting ? setting.takes : undefined;
    return takes?.kind === 'word' ? Object.keys(takes.words) : takes?.kind === 'switch' ? ['on', 'off'] : [];
}
