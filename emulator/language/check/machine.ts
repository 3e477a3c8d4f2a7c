/** `machine { }`: its entries, and the devices with their settings. */
import { DEVICE_SETTINGS } from '../settings/device';
import { MACHINE_SETTINGS } from '../settings/machine';
import { addressOf, exampleText, pciAddress, type AnySetting } from '../settings/setting';
import { PAGE_GEOMETRIES } from '../../machine/arch';
import { MEMORY_LIMIT, MOST_MEMORY } from '../../machine/machine';
import { listed, sizeLiteral } from '../../text/text';
import { archOf } from '../machine-arch';
import { spanOf } from '../check-finding';
import type { Expr, MachineDecl, MachineEntry } from '../syntax/ast';
import { ANY } from '../types';
import { checkEntry, checkPciAddress, checkRepeats } from './arguments';
import type { CodeContext } from './context';
import { checkImagePath } from './kernel-end';
import { quoted } from './program-builder';

const MACHINE: ReadonlyMap<string, AnySetting> = new Map(Object.entries(MACHINE_SETTINGS));
const DEVICE: ReadonlyMap<string, AnySetting> = new Map(Object.entries(DEVICE_SETTINGS));
const DEVICE_EXAMPLE = '`device nic0 at "0000:3b:00.0" { kind nic; queues 2; msix 4 }`';

export function checkMachine(c: CodeContext, decl: MachineDecl): void {
    checkRepeats(
        c,
        decl.entries.map((e) => e.key),
        MACHINE,
    );
    for (const e of decl.entries) {
        const setting = MACHINE.get(e.key.name);
        if (!setting) {
            c.unknown(
                'LU0218',
                e.key,
                e.key.name,
                `A machine has no entry ${quoted(e.key.name)}. Expected ${[...MACHINE.values()].map(exampleText).join(', ')}.`,
                MACHINE.keys(),
            );
        } else if (setting.takes.kind === 'device') {
            checkDevice(c, e);
        } else {
            checkEntry(c, setting, e, MACHINE);
            if (e.key.name === 'like' && e.args[0]?.kind === 'string') {
                checkImagePath(c, e.args[0]);
            }
            checkArch(c, decl, setting, e);
            if (e.key.name === 'page' && e.args[0]) {
                checkPage(c, decl, e.args[0]);
            }
        }
    }
    checkAddresses(c, decl);
    checkMemory(c, decl);
}

/** Reports RAM that overlaps, and more of it than a machine can have. The RAM is that of `map`, if there is one. */
function checkMemory(c: CodeContext, { entries }: MachineDecl): void {
    const { constants } = c.program;
    const ranges = entries.flatMap((entry) => {
        const [e] = entry.key.name === 'map' ? entry.args : [];
        const start = e?.kind === 'range' ? constants.get(e.from) : undefined;
        const end = e?.kind === 'range' ? constants.get(e.to) : undefined;
        const valid = start !== undefined && end !== undefined && start < end && end <= MEMORY_LIMIT;
        return e && valid ? [{ e, start, end, size: end - start }] : [];
    });
    const sorted = [...ranges].sort((a, b) => a.start - b.start || a.e.start - b.e.start);
    for (const [i, range] of sorted.entries()) {
        const below = sorted[i - 1];
        if (below && range.start < below.end) {
            c.error('LU0311', range.e, `This range overlaps ${c.text(below.e)}.`);
        }
    }
    const banks = entries.flatMap((entry) => {
        const [e] = entry.key.name === 'memory' ? entry.args : [];
        const size = e && constants.get(e);
        return e && size !== undefined && size <= MOST_MEMORY ? [{ e, size }] : [];
    });
    let sum = 0;
    for (const { e, size } of entries.some(({ key }) => key.name === 'map') ? ranges : banks) {
        sum += size;
        if (sum > MOST_MEMORY) {
            c.error('LU0311', e, 'A machine has at most 64 TiB of memory; with this it has more.');
            return;
        }
    }
}

/** Reports two functions with the same address: such a machine cannot be built. */
function checkAddresses(c: CodeContext, { entries }: MachineDecl): void {
    const taken = new Map<string, Expr>();
    for (const e of entries) {
        const at = e.options.find((o) => o.key.name === 'at')?.value;
        const address = e.key.name === 'device' ? addressOf(e) : undefined;
        const first = address && taken.get(JSON.stringify(address));
        if (at && first) {
            const { uri } = c.unit;
            c.program.report(
                'error',
                'LU0417',
                uri,
                at,
                'Another device has this address. Give this one a different address.',
                {
                    related: [{ uri, span: spanOf(first), message: 'the other device' }],
                },
            );
        } else if (at && address) {
            taken.set(JSON.stringify(address), at);
        }
    }
}

/** Reports a word of another architecture than that of the machine. */
function checkArch(c: CodeContext, machine: MachineDecl, { takes }: AnySetting, { args: [word] }: MachineEntry): void {
    const archs = takes.kind === 'word' ? takes.archs : undefined;
    const wanted = word?.kind === 'name' ? archs?.[word.name] : undefined;
    const arch = machine.entries.find((o) => o.key.name === 'arch')?.args[0];
    const has = arch?.kind === 'name' && arch.name === 'arm64' ? 'arm64' : 'x86_64';
    if (word && wanted !== undefined && wanted !== has) {
        c.error(
            'LU0301',
            word,
            `${c.text(word)} needs ${quoted(`arch ${wanted}`)}, but this machine is ${quoted(has)}.`,
        );
    }
}

/** Reports a page size that no kernel of the architecture has. */
function checkPage(c: CodeContext, machine: MachineDecl, size: Expr): void {
    const arch = archOf(machine);
    const sizes = PAGE_GEOMETRIES[arch].map((page) => sizeLiteral(page.size));
    if (size.kind !== 'int' || !PAGE_GEOMETRIES[arch].some((page) => page.size === size.value)) {
        c.error(
            'LU0312',
            size,
            `The page size must be ${listed(sizes, 'or')}: the pages of kernels for ${quoted(arch === 'arm64' ? 'arm64' : 'x86_64')}.`,
        );
    }
}

function checkDevice(c: CodeContext, e: MachineEntry): void {
    const [name] = e.args;
    const at = e.options.find((o) => o.key.name === 'at');
    if (name?.kind !== 'name' || e.args.length > 1 || !at || !e.body) {
        c.error('LU0304', name ?? e.key, `Expected ${DEVICE_EXAMPLE}.`);
        return;
    }
    c.typed(name, ANY);
    for (const o of e.options) {
        if (o === at) {
            checkPciAddress(c, pciAddress, o.value);
        } else {
            c.unknown(
                'LU0218',
                o.key,
                o.key.name,
                `A device has no option ${quoted(o.key.name)}. Expected ${DEVICE_EXAMPLE}.`,
                ['at'],
            );
        }
    }
    checkRepeats(
        c,
        e.body.map((b) => b.key),
        DEVICE,
    );
    for (const setting of e.body) {
        checkDeviceSetting(c, e, setting);
    }
    if (!e.body.some((b) => b.key.name === 'kind')) {
        c.error('LU0304', e.key, `A device needs a \`kind\`: ${DEVICE_EXAMPLE}.`);
    }
}

function checkDeviceSetting(c: CodeContext, device: MachineEntry, e: MachineEntry): void {
    const { name } = e.key;
    const setting = DEVICE.get(name);
    if (!setting) {
        c.unknown(
            'LU0218',
            e.key,
            name,
            `A device has no setting ${quoted(name)}. Expected ${[...DEVICE.values()].map(exampleText).join(', ')}.`,
            DEVICE.keys(),
        );
    } else if (setting.takes.kind === 'function') {
        checkVf(c, device, e, exampleText(setting));
    } else {
        checkEntry(c, setting, e, DEVICE);
    }
}

/** `vf of nic0`: another device of the machine, on the same bus, that is not a virtual function itself. */
function checkVf(c: CodeContext, device: MachineEntry, e: MachineEntry, example: string): void {
    const [of, physical, ...more] = e.args;
    for (const a of e.args) {
        c.typed(a, ANY);
    }
    const found = physical?.kind === 'name' ? c.program.devices.get(physical.name) : undefined;
    const busOf = (d: MachineEntry): string => {
        const address = addressOf(d);
        return address ? `${address.segment}:${address.bus}` : '';
    };
    if (of?.kind !== 'name' || of.name !== 'of' || !physical || more.length > 0) {
        c.error('LU0304', more[0] ?? e.key, `Expected ${example}.`);
    } else if (!found || found === device || found.body?.some((b) => b.key.name === 'vf')) {
        c.unknown(
            'LU0218',
            physical,
            physical.kind === 'name' ? physical.name : '',
            '`vf of` needs another device of this machine that is not a virtual function itself: `vf of nic0`.',
            c.program.devices.keys(),
        );
    } else if (busOf(found) !== busOf(device)) {
        c.error(
            'LU0311',
            physical,
            'A virtual function must be on the bus of its device. Give it an address on that bus.',
        );
    }
}
