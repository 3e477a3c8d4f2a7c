/** Builds the machine that a program describes. */
import type { Program } from '../language/program';
import { applySettings, type Appliers } from '../language/settings/apply';
import { MACHINE_SETTINGS, type MachineValues } from '../language/settings/machine';
import type { DeclaredDevice } from '../language/settings/setting';
import type { ArchName } from '../machine/arch';
import type { CostChanges, CostName } from '../machine/costs';
import type { IommuVendor } from '../machine/iommu/unit';
import { armMemory, Machine, pcMemory, type RamRange } from '../machine/machine';
import { deviceOf } from './devices';
import { UsageError } from './usage-error';

const GIB = 0x4000_0000;

/** The program's description of its machine. Sizes and addresses in bytes. */
interface Draft {
    readonly banks: { readonly size: number; readonly node: number }[];
    readonly ranges: RamRange[];
    readonly emptyNodes: number[];
    readonly devices: DeclaredDevice[];
    readonly costs: { [K in CostName]?: number };
    readonly scratch: { readonly addr: number; readonly size: number }[];
    arch: ArchName;
    cpus?: number;
    iommu?: IommuVendor;
    fdt?: number;
    scratchArray?: number;
}

const ARCH_NAMES: Readonly<Record<MachineValues['arch'], ArchName>> = { arm64: 'arm64', x86_64: 'x86-64' };

const SETTINGS: Appliers<MachineValues, Draft> = {
    memory: (m, size, { node = 0 }) => {
        m.banks.push({ size, node });
    },
    map: (m, { start, end }, { node = 0 }) => {
        m.ranges.push({ start, size: end - start, node });
    },
    cpus: (m, count) => {
        m.cpus = count;
    },
    node: (m, node) => {
        m.emptyNodes.push(node);
    },
    arch: (m, name) => {
        m.arch = ARCH_NAMES[name];
    },
    iommu: (m, vendor) => {
        m.iommu = vendor;
    },
    device: (m, device) => {
        m.devices.push(device);
    },
    cost: (m, { cost, ns }) => {
        m.costs[cost] = ns;
    },
    kho_fdt: (m, address) => {
        m.fdt = address;
    },
    scratch_array: (m, address) => {
        m.scratchArray = address;
    },
    scratch: (m, addr, { size = 0 }) => {
        m.scratch.push({ addr, size });
    },
};

export interface BuiltMachine {
    readonly machine: Machine;
    /** The costs that differ from the table. */
    readonly costs: CostChanges;
}

/**
 * The machine that a program describes; by default it has 2 GiB on one node.
 * @throws UsageError if it cannot be built
 */
export function machineOf({ machine: decl, constants }: Program): BuiltMachine {
    const m: Draft = {
        banks: [],
        ranges: [],
        emptyNodes: [],
        devices: [],
        costs: {},
        scratch: [],
        arch: 'x86-64',
    };
    const constant = (e: Parameters<typeof constants.get>[0]): number | undefined => constants.get(e);
    applySettings(MACHINE_SETTINGS, SETTINGS, decl?.entries ?? [], constant, m);
    try {
        const machine = new Machine({
            ranges: m.ranges.length > 0 ? m.ranges : memoryOf(m),
            arch: m.arch,
            emptyNodes: m.emptyNodes,
            places: decl && { fdt: m.fdt, scratchArray: m.scratchArray, scratch: m.scratch },
            iommu: m.iommu,
            devices: m.devices.map((d) => deviceOf(d, constant)),
            cpus: m.cpus,
        });
        return { machine, costs: m.costs };
    } catch (e) {
        if (e instanceof RangeError) {
            throw new UsageError(`this machine cannot be built: ${e.message}`);
        }
        throw e;
    }
}

/** The memory banks at the addresses of a typical machine. */
function memoryOf({ arch, banks }: Draft): RamRange[] {
    const layout = arch === 'arm64' ? armMemory : pcMemory;
    return layout(banks.length > 0 ? banks : [{ size: 2 * GIB, node: 0 }]);
}
