/** `iommu vtd` and `device nic0 at "0000:3b:00.0" { … }` of a machine. */
import { DEVICE_KINDS } from '../../machine/devices/kinds';
import { parsePciAddress } from '../../machine/pci/address';
import type { Expr, MachineDecl, MachineEntry } from '../syntax/ast';
import { ANY, STRING } from '../types';
import { constant } from './constant';
import type { CodeContext } from './context';
import { quoted } from './program-builder';

/** The IOMMUs, and the machines that have them. */
const IOMMUS = new Map([
    ['vtd', 'x86_64'],
    ['amd', 'x86_64'],
    ['smmuv3', 'arm64'],
]);
const EXAMPLE = '`device nic0 at "0000:3b:00.0" { kind nic; queues 2; msix 4 }`';
const SETTINGS = new Map([
    ['kind', '`kind nic`'],
    ['queues', '`queues 2`'],
    ['msix', '`msix 4`'],
    ['driver', '`driver vfio`'],
    ['behind', '`behind "0000:3a:00.0"`'],
    ['vf', '`vf of nic0`'],
    ['acs', '`acs off`'],
    ['ignores_bus_master', '`ignores_bus_master on`'],
    ['ats', '`ats on`'],
]);
const CHOICES: ReadonlyMap<string, readonly string[]> = new Map([
    ['kind', [...DEVICE_KINDS.keys()]],
    ['driver', ['native', 'vfio', 'none']],
    ['ignores_bus_master', ['on', 'off']],
    ['acs', ['on', 'off']],
    ['ats', ['on', 'off', 'deaf']],
]);
const MOST: ReadonlyMap<string, number> = new Map([
    ['queues', 64],
    ['msix', 2048],
]);

/** One of some words; complains where it is none. */
function word(c: CodeContext, e: Expr, words: readonly string[], example: string): string | undefined {
    c.typed(e, ANY);
    if (e.kind === 'name' && words.includes(e.name)) {
        return e.name;
    }
    if (e.kind !== 'error') {
        c.error('LU0301', e, `It reads ${example}: there is ${words.map(quoted).join(', ')}.`);
    }
    return undefined;
}

function address(c: CodeContext, e: Expr): void {
    c.typed(e, STRING);
    const found = e.kind === 'string' ? parsePciAddress(e.value) : undefined;
    if (!found && e.kind !== 'error') {
        c.error('LU0301', e, 'An address on the PCI buses stands here, as lspci writes it: `"0000:3b:00.0"`.');
    }
}

export function checkIommu(c: CodeContext, machine: MachineDecl, e: MachineEntry): void {
    const [first] = e.args;
    if (!first || e.args.length > 1) {
        c.error('LU0304', e.args[1] ?? e.key, 'It reads `iommu vtd`.');
        return;
    }
    const kind = word(c, first, [...IOMMUS.keys()], '`iommu vtd`');
    const arch = machine.entries.find((o) => o.key.name === 'arch')?.args[0];
    const has = arch?.kind === 'name' && arch.name === 'arm64' ? 'arm64' : 'x86_64';
    if (kind !== undefined && IOMMUS.get(kind) !== has) {
        c.error(
            'LU0301',
            first,
            `${quoted(kind)} belongs to ${quoted(`arch ${IOMMUS.get(kind) ?? ''}`)}: this machine is ${quoted(has)}.`,
        );
    }
}

export function checkDevice(c: CodeContext, e: MachineEntry): void {
    const [name] = e.args;
    const at = e.options.find((o) => o.key.name === 'at');
    if (name?.kind !== 'name' || e.args.length > 1 || !at || !e.body) {
        c.error('LU0304', name ?? e.key, `It reads ${EXAMPLE}.`);
        return;
    }
    c.typed(name, ANY);
    for (const o of e.options) {
        if (o === at) {
            address(c, o.value);
        } else {
            c.unknown(
                'LU0218',
                o.key,
                o.key.name,
                `A device has no option ${quoted(o.key.name)}: it reads ${EXAMPLE}.`,
                ['at'],
            );
        }
    }
    for (const setting of e.body) {
        checkSetting(c, e, setting);
    }
    if (!e.body.some((b) => b.key.name === 'kind')) {
        c.error('LU0304', e.key, `A device says what kind it is: ${EXAMPLE}.`);
    }
}

/** `vf of nic0`: another device of the machine, on the same bus, which is no virtual function itself. */
function checkVf(c: CodeContext, device: MachineEntry, e: MachineEntry, example: string): void {
    const [of, physical, ...more] = e.args;
    for (const a of e.args) {
        c.typed(a, ANY);
    }
    const found = physical?.kind === 'name' ? c.program.devices.get(physical.name) : undefined;
    const busOf = (d: MachineEntry): string => {
        const at = d.options.find((o) => o.key.name === 'at')?.value;
        const address = at?.kind === 'string' ? parsePciAddress(at.value) : undefined;
        return address ? `${address.segment}:${address.bus}` : '';
    };
    if (of?.kind !== 'name' || of.name !== 'of' || !physical || more.length > 0) {
        c.error('LU0304', more[0] ?? e.key, `It reads ${example}.`);
    } else if (!found || found === device || found.body?.some((b) => b.key.name === 'vf')) {
        c.unknown(
            'LU0218',
            physical,
            physical.kind === 'name' ? physical.name : '',
            'A virtual function belongs to another device of the machine that is none itself: `vf of nic0`.',
            c.program.devices.keys(),
        );
    } else if (busOf(found) !== busOf(device)) {
        c.error('LU0311', physical, 'A virtual function is on the bus of its device: give it an address there.');
    }
}

function checkSetting(c: CodeContext, device: MachineEntry, e: MachineEntry): void {
    const { name } = e.key;
    const example = SETTINGS.get(name);
    const [first, ...more] = e.args;
    if (example === undefined) {
        c.unknown(
            'LU0218',
            e.key,
            name,
            `A device has no ${quoted(name)}: there is ${[...SETTINGS.values()].join(', ')}.`,
            SETTINGS.keys(),
        );
    } else if (name === 'vf') {
        checkVf(c, device, e, example);
    } else if (!first || more.length > 0) {
        c.error('LU0304', more[0] ?? e.key, `It reads ${example}.`);
    } else if (name === 'behind') {
        address(c, first);
    } else if (CHOICES.has(name)) {
        word(c, first, CHOICES.get(name) ?? [], example);
    } else {
        const n = constant(c, first, `${quoted(name)} of a device`);
        const least = name === 'queues' ? 1 : 0;
        const most = MOST.get(name) ?? 1;
        if (n !== undefined && (n < least || n > most)) {
            c.error('LU0311', first, `${quoted(name)} is ${least} to ${most}.`);
        }
    }
}
