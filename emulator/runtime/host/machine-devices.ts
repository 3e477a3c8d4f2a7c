/** The devices of a machine, as a program describes them. The checker has seen to it that the parts are there. */
import type { DeviceShape, DriverChoice } from '../../machine/devices/device';
import type { IommuVendor } from '../../machine/iommu/unit';
import { parsePciAddress } from '../../machine/pci/address';
import type { Expr, MachineDecl, MachineEntry } from '../../language/syntax/ast';

const VENDORS: ReadonlyMap<string, IommuVendor> = new Map([
    ['vtd', 'vtd'],
    ['amd', 'amd'],
    ['smmuv3', 'smmuv3'],
]);
const DRIVERS: ReadonlyMap<string, DriverChoice> = new Map([
    ['native', 'native'],
    ['vfio', 'vfio'],
    ['none', 'none'],
]);

const ATS: ReadonlyMap<string, DeviceShape['ats']> = new Map([
    ['on', 'on'],
    ['deaf', 'deaf'],
]);

const wordOf = (e: Expr | undefined): string => (e?.kind === 'name' ? e.name : '');
const textOf = (e: Expr | undefined): string => (e?.kind === 'string' ? e.value : '');

export function iommuOf(decl: MachineDecl | undefined): IommuVendor | undefined {
    return VENDORS.get(wordOf(decl?.entries.find((e) => e.key.name === 'iommu')?.args[0]));
}

/** Processors of the machine; undefined: it does not say. */
export function cpusOf(decl: MachineDecl | undefined, constant: (e: Expr) => number): number | undefined {
    const [count] = decl?.entries.find((e) => e.key.name === 'cpus')?.args ?? [];
    return count && constant(count);
}

export function devicesOf(decl: MachineDecl | undefined, constant: (e: Expr) => number): DeviceShape[] {
    return (decl?.entries ?? []).filter((e) => e.key.name === 'device').flatMap((e) => deviceOf(e, constant) ?? []);
}

function deviceOf(e: MachineEntry, constant: (e: Expr) => number): DeviceShape | undefined {
    const setting = (key: string): Expr | undefined => e.body?.find((b) => b.key.name === key)?.args[0];
    const number = (key: string, otherwise: number): number => {
        const value = setting(key);
        return value ? constant(value) : otherwise;
    };
    const address = parsePciAddress(textOf(e.options.find((o) => o.key.name === 'at')?.value));
    return (
        address && {
            name: wordOf(e.args[0]),
            kind: wordOf(setting('kind')),
            address,
            behind: parsePciAddress(textOf(setting('behind'))),
            queues: number('queues', 1),
            vectors: number('msix', 1),
            driver: DRIVERS.get(wordOf(setting('driver'))) ?? 'native',
            acs: wordOf(setting('acs')) !== 'off',
            physical: wordOf(e.body?.find((b) => b.key.name === 'vf')?.args[1]),
            ignoresBusMaster: wordOf(setting('ignores_bus_master')) === 'on',
            ats: ATS.get(wordOf(setting('ats'))) ?? 'off',
        }
    );
}
