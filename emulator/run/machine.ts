/** Builds the machine that a program describes. */
import type { Program } from '../language/program';
import { applySettings, type Appliers } from '../language/settings/apply';
import { MACHINE_SETTINGS, type MachineValues } from '../language/settings/machine';
import type { DeclaredDevice } from '../language/settings/setting';
import { PAGE_GEOMETRIES, type ArchName } from '../machine/arch';
import type { CostChanges, CostName } from '../machine/costs';
import type { FirmwareKind } from '../machine/firmware';
import type { IommuVendor } from '../machine/iommu/unit';
import type { TeeKind } from '../machine/tee/entry';
import { armMemory, Machine, pcMemory, type RamRange } from '../machine/machine';
import { inspectFile } from '../handover/inspect';
import { shapeOf, type Shape } from '../handover/shape';
import { sourceOf } from '../machine/core-file';
import { deviceOf } from './devices';
import { sizeLiteral } from '../text/text';
import { UsageError } from './usage-error';

const GIB = 0x4000_0000;
/** ASIDs or KeyIDs where the program does not say how many. */
const TEE_SLOTS = 15;

/** What the program says of its machine. Sizes and addresses in bytes. */
interface Draft {
    readonly banks: { readonly size: number; readonly node: number }[];
    readonly ranges: RamRange[];
    readonly emptyNodes: number[];
    readonly devices: DeclaredDevice[];
    readonly costs: { [K in CostName]?: number };
    readonly scratch: { readonly addr: number; readonly size: number }[];
    arch: ArchName;
    cpus?: number;
    /** The size of a page. */
    page?: number;
    iommu?: IommuVendor;
    firmware?: FirmwareKind;
    tee?: TeeKind;
    asids?: number;
    keyids?: number;
    fdt?: number;
    /** The path of an image. */
    like?: string;
    scratchArray?: number;
}

const ARCH_NAMES: Readonly<Record<MachineValues['arch'], ArchName>> = { arm64: 'arm64', x86_64: 'x86-64' };

const SETTINGS: Appliers<MachineValues, Draft> = {
    like: (m, path) => {
        m.like = path;
    },
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
    page: (m, size) => {
        m.page = size;
    },
    iommu: (m, vendor) => {
        m.iommu = vendor;
    },
    firmware: (m, kind) => {
        m.firmware = kind;
    },
    tee: (m, kind) => {
        m.tee = kind;
    },
    asids: (m, count) => {
        m.asids = count;
    },
    keyids: (m, count) => {
        m.keyids = count;
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
    /** What takes another time on it than the table of costs says. */
    readonly costs: CostChanges;
}

/**
 * The machine that a program describes; 2 GiB on one node where it does not.
 * @throws UsageError where it cannot be built
 */
export function machineOf(program: Program): BuiltMachine {
    const { machine: decl, constants } = program;
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
    if (m.like !== undefined) {
        takeShape(m, imageShape(program, m.like));
    }
    try {
        const machine = new Machine({
            ranges: m.ranges.length > 0 ? m.ranges : memoryOf(m),
            arch: m.arch,
            page: PAGE_GEOMETRIES[m.arch].find((page) => page.size === m.page),
            emptyNodes: m.emptyNodes,
            places: decl && { fdt: m.fdt, scratchArray: m.scratchArray, scratch: m.scratch },
            iommu: m.iommu,
            firmware: m.firmware,
            tee: m.tee && { kind: m.tee, slots: (m.tee === 'snp' ? m.asids : m.keyids) ?? TEE_SLOTS },
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

/** @throws UsageError where the image says nothing of its machine */
function imageShape({ machine, uriOf, readBytes }: Program, path: string): Shape {
    const from = machine && uriOf.get(machine);
    const bytes = from === undefined ? undefined : readBytes?.(from, path);
    if (!bytes) {
        throw new UsageError(`there is no image "${path}" in the folder of the scenario, or it cannot be decompressed`);
    }
    const shape = shapeOf(inspectFile(sourceOf(bytes), { contents: false }));
    if (!shape) {
        throw new UsageError(`"${path}" is not a memory image of a supported machine`);
    }
    return shape;
}

/** What the program says itself counts more than what the image says. */
function takeShape(m: Draft, shape: Shape): void {
    if (shape.arch !== m.arch) {
        const arch = shape.arch === 'arm64' ? 'arm64' : 'x86_64';
        throw new UsageError(`image "${m.like ?? ''}" has another architecture. Add \`arch ${arch}\` to the machine`);
    }
    const page = m.page ?? PAGE_GEOMETRIES[m.arch][0].size;
    if (shape.page.size !== page) {
        const size = sizeLiteral(shape.page.size);
        throw new UsageError(
            `image "${m.like ?? ''}" is of a kernel with pages of ${size}. Add \`page ${size}\` to the machine`,
        );
    }
    if (m.ranges.length === 0 && m.banks.length === 0) {
        if (shape.map.length === 0) {
            throw new UsageError(
                `image "${m.like ?? ''}" does not contain the memory map of its machine. Add it, for example \`map 0 .. 0x9fc00\``,
            );
        }
        m.ranges.push(...shape.map);
    }
    if (m.scratch.length === 0) {
        m.scratch.push(...shape.scratch);
    }
    if (shape.fdt !== undefined) {
        m.fdt ??= shape.fdt;
    }
    if (shape.scratchArray !== undefined) {
        m.scratchArray ??= shape.scratchArray;
    }
}

/** Banks where the firmware of such a machine has them. */
function memoryOf({ arch, banks }: Draft): RamRange[] {
    const layout = arch === 'arm64' ? armMemory : pcMemory;
    return layout(banks.length > 0 ? banks : [{ size: 2 * GIB, node: 0 }]);
}
