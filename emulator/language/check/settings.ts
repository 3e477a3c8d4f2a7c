/** Entries of `machine` and `kernel` declarations: which there are, and what they take. */
import { FLAWS } from '../../kernel/release/flaws';
import { SETTABLE_COSTS, settableCost } from '../../machine/costs';
import type { Expr, Ident, KernelDecl, KernelSetting, MachineDecl, MachineEntry, Span } from '../syntax/ast';
import { ANY } from '../types';
import { constant } from './constant';
import type { CodeContext } from './context';
import { checkDevice, checkIommu } from './devices';
import { quoted, type ProgramBuilder } from './program-builder';
import { insertAt } from '../check-finding';

const MACHINE = new Map([
    ['memory', '`memory 2GiB`, `memory 2GiB node 1`'],
    ['map', '`map 0x10_0000 .. 0x4000_0000 node 0`'],
    ['cpus', '`cpus 4`'],
    ['node', '`node 2` (without memory)'],
    ['arch', '`arch arm64`, `arch x86_64`'],
    ['iommu', '`iommu vtd`'],
    ['device', '`device nic0 at "0000:3b:00.0" { kind nic }`'],
    ['cost', '`cost copy 200us`'],
    ['kho_fdt', '`kho_fdt 0x4c_2000`'],
    ['scratch_array', '`scratch_array 0xfc2_9000`'],
    ['scratch', '`scratch 0xcc0_0000 size 40MiB`'],
]);
/** Options of the entries. */
const OPTIONS = new Map([
    ['memory', 'node'],
    ['map', 'node'],
    ['scratch', 'size'],
]);
/** What an address among the entries is a multiple of. */
const ALIGNMENT = new Map([
    ['kho_fdt', 0x1000],
    ['scratch_array', 0x1000],
    ['scratch', 0x40_0000],
]);
/** CONFIG_NR_CPUS of the larger distributions. */
const MOST_CPUS = 8192;
const LISTS = ['handlers', 'modules', 'layers', 'flaws'];
/** Settings that are on or off. */
const SWITCHES = new Set(['numa', 'kho', 'kho_debug', 'iommu_shutdown']);
const ARCHS = ['arm64', 'x86_64'];
/** Settings that are one of some words. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
    ['arch', ARCHS],
    ['vfio_phase', ['reset', 'keep']],
]);
const SETTINGS = new Map([
    ['cmdline', '`cmdline "kho_scratch=64M,64M,32M"`'],
    ['numa', '`numa off`'],
    ['kho', '`kho off`'],
    ['kho_debug', '`kho_debug off`'],
    ['iommu_shutdown', '`iommu_shutdown off`'],
    ['early_memory', '`early_memory 40MiB`'],
    ['page_cache', '`page_cache 64MiB`'],
    ['image_size', '`image_size 24MiB`'],
    ['initrd', '`initrd 48MiB`'],
    ['arch', '`arch arm64`, `arch x86_64`'],
    ['vfio_phase', '`vfio_phase keep`, `vfio_phase reset`'],
    ['iommufd_phase', '`iommufd_phase 1`'],
]);

export function checkMachine(c: CodeContext, decl: MachineDecl): void {
    for (const e of decl.entries) {
        const example = MACHINE.get(e.key.name);
        if (example === undefined) {
            c.unknown(
                'LU0218',
                e.key,
                e.key.name,
                `A machine has no entry ${quoted(e.key.name)}: there is ${[...MACHINE.values()].join(', ')}.`,
                MACHINE.keys(),
            );
            continue;
        }
        if (e.key.name === 'iommu') {
            checkIommu(c, decl, e);
        } else if (e.key.name === 'device') {
            checkDevice(c, e);
        } else {
            machineEntry(c, e, example);
        }
    }
}

function machineEntry(c: CodeContext, e: MachineEntry, example: string): void {
    const [first, ...more] = e.args;
    if (e.key.name === 'cost') {
        machineCost(c, e, example);
    } else if (!first || more.length > 0) {
        c.error('LU0304', more[0] ?? e.key, `It reads ${example}.`);
    } else if (e.key.name === 'node') {
        const node = constant(c, first, 'The node');
        if (node !== undefined && (node < 0 || node > 63)) {
            c.error('LU0311', first, 'Nodes are numbered from 0 to 63.');
        }
    } else if (e.key.name === 'arch') {
        c.typed(first, ANY);
        if (first.kind !== 'name' || !ARCHS.includes(first.name)) {
            c.error('LU0301', first, `It reads ${example}.`);
        }
    } else if (e.key.name === 'map') {
        if (first.kind === 'range') {
            const from = constant(c, first.from, 'The start of the range');
            const to = constant(c, first.to, 'The end of the range');
            if (from !== undefined && to !== undefined && to <= from) {
                c.error(
                    'LU0311',
                    first,
                    'This range is empty: its end, which does not belong to it, lies above its start.',
                );
            }
        } else {
            c.error('LU0301', first, `A range of addresses stands here: ${example}.`);
        }
    } else if (ALIGNMENT.has(e.key.name)) {
        aligned(c, e, constant(c, first, 'The address'), first);
    } else {
        const size = constant(c, first, e.key.name === 'cpus' ? 'The number of processors' : 'The size');
        if (size !== undefined && e.key.name === 'cpus' && size > MOST_CPUS) {
            c.error('LU0311', first, `\`cpus\` is 1 to ${MOST_CPUS}.`);
        }
        if (size !== undefined && size <= 0) {
            c.error('LU0311', first, `${quoted(e.key.name)} is more than nothing: ${example}.`);
        }
    }
    if (e.key.name === 'scratch' && !e.options.some((o) => o.key.name === 'size')) {
        c.error('LU0304', e.key, `It reads ${example}.`);
    }
    for (const { key, value } of e.options) {
        const known = OPTIONS.get(e.key.name);
        if (key.name === 'size' && known === 'size') {
            aligned(c, e, constant(c, value, 'The size'), value);
        } else if (key.name === 'node' && known === 'node') {
            const node = constant(c, value, 'The node');
            if (node !== undefined && (node < 0 || node > 63)) {
                c.error('LU0311', value, 'Nodes are numbered from 0 to 63.');
            }
        } else {
            c.unknown(
                'LU0218',
                key,
                key.name,
                `${quoted(e.key.name)} has no option ${quoted(key.name)}: it reads ${example}.`,
                known === undefined ? [] : [known],
            );
        }
    }
}

/** `cost copy 200us` */
function machineCost(c: CodeContext, e: MachineEntry, example: string): void {
    const [name, value, ...more] = e.args;
    if (name?.kind !== 'name' || !value || more.length > 0) {
        c.error('LU0304', more[0] ?? e.key, `It reads ${example}.`);
        return;
    }
    c.typed(name, ANY);
    checkCostName(c.program, c.unit.uri, name);
    const ns = constant(c, value, 'What something takes');
    if (ns !== undefined && ns < 0) {
        c.error('LU0311', value, 'Nothing takes less than no time.');
    }
}

/** The name of a cost that can be given another figure. */
export function checkCostName(
    program: ProgramBuilder,
    uri: string,
    { name, start, end }: { readonly name: string } & Span,
): void {
    if (name !== '' && settableCost(name) === undefined) {
        program.unknown(
            'LU0218',
            uri,
            { start, end },
            name,
            `No cost is called ${quoted(name)}: there is ${SETTABLE_COSTS.map(quoted).join(', ')}.`,
            SETTABLE_COSTS,
        );
    }
}

function aligned(c: CodeContext, e: MachineEntry, value: number | undefined, at: Expr): void {
    const to = ALIGNMENT.get(e.key.name) ?? 1;
    if (value !== undefined && (value < 0 || value % to !== 0)) {
        c.error('LU0311', at, `${quoted(e.key.name)} takes multiples of ${to === 0x1000 ? '4KiB' : '4MiB'}.`);
    }
}

export function checkKernelEntries(c: CodeContext, decl: KernelDecl): void {
    for (const e of decl.entries) {
        if (e.kind === 'cost') {
            checkCostName(c.program, c.unit.uri, e.cost);
            c.typed(e.value, { k: 'int' });
            if (e.value.kind !== 'int' && e.value.kind !== 'error') {
                c.error('LU0301', e.value, 'It reads `cost preserve_folio 150ns`.');
            }
        } else if (e.kind === 'setting') {
            setting(c, e);
        } else if (e.kind === 'list') {
            if (!LISTS.includes(e.key.name)) {
                unknownKey(c, e.key);
            } else if (e.key.name === 'flaws') {
                for (const flaw of e.names.filter((n) => n.name !== '' && !FLAWS.has(n.name))) {
                    c.unknown(
                        'LU0218',
                        flaw,
                        flaw.name,
                        `No flaw is called ${quoted(flaw.name)}: there are ${[...FLAWS.keys()].map(quoted).join(', ')}.`,
                        FLAWS.keys(),
                    );
                }
            } else if (e.sign === '' && e.key.name === 'handlers') {
                const at = e.names[0]?.start ?? e.key.end;
                c.error(
                    'LU0218',
                    e.key,
                    'Say whether these handlers are added or taken away: `handlers + nic_handler`, `handlers - memfd`.',
                    insertAt(at, '+ '),
                );
            }
        }
    }
}

function unknownKey(c: CodeContext, key: Ident): void {
    c.unknown(
        'LU0218',
        key,
        key.name,
        `A kernel has no entry ${quoted(key.name)}: there is \`handlers + …\`, \`modules …\`, \`layers …\`, \`flaws …\`, ${[...SETTINGS.values()].join(', ')}, \`cost copy 200us\`, \`init { }\`.`,
        [...LISTS, ...SETTINGS.keys(), 'cost', 'init'],
    );
}

function setting(c: CodeContext, e: KernelSetting): void {
    const example = SETTINGS.get(e.key.name);
    if (example === undefined) {
        unknownKey(c, e.key);
        return;
    }
    const { value } = e;
    const words = WORDS.get(e.key.name);
    const fits =
        e.key.name === 'cmdline'
            ? value.kind === 'string'
            : SWITCHES.has(e.key.name)
              ? value.kind === 'name' && (value.name === 'on' || value.name === 'off')
              : words
                ? value.kind === 'name' && words.includes(value.name)
                : value.kind === 'int';
    c.typed(
        value,
        e.key.name === 'cmdline'
            ? { k: 'string' }
            : SWITCHES.has(e.key.name)
              ? { k: 'bool' }
              : words
                ? ANY
                : { k: 'int' },
    );
    if (!fits && value.kind !== 'error') {
        c.error('LU0301', value, `It reads ${example}.`);
    }
}
