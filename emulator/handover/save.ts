/** Writes memory images of a run: the handover of a kernel (or all of memory), and the memory of a crashed kernel. */
import { type CoreContent, writeCoreFile } from '../machine/core-file';
import type { Machine } from '../machine/machine';
import { machineView } from '../machine/view';
import { readKernelName, readParameters } from '../kernel/kho/boot-params';
import type { OldMemory } from '../kernel/crash/core-header';
import type { KhoSetupData } from '../kernel/kho/boot-info';
import { handoverNote } from '../kernel/kho/note';
import { SCRATCH_ENTRY } from '../kernel/kho/scratch';
import type { Listener, Phase } from '../runtime/listener';
import type { Host } from '../runtime/host/host';
import { inspect } from './inspect';

export interface SaveOptions {
    /** Saves all memory that is not known to be zero, not only the handover. */
    readonly whole: boolean;
}

/** The address of the array of scratch areas of the ending kernel. */
interface Origin {
    readonly array: number;
    readonly areas: number;
}

/**
 * The image of a handover at the jump, in pieces. The pieces are generated lazily: read them before the machine
 * continues.
 * @param parameters the address of the next kernel's boot parameters.
 * @param origin the kernel's own array of scratch areas; without it the copy that was loaded for the next kernel is
 * used.
 * @returns undefined if nothing is handed over.
 */
function handoverImage(
    machine: Machine,
    parameters: number,
    options: SaveOptions,
    origin?: Origin,
): Iterable<Uint8Array> | undefined {
    const params = readParameters(machine, parameters);
    const named = params?.kho;
    if (!params || !named) {
        return undefined;
    }
    const setup: KhoSetupData =
        origin && origin.array !== 0 && !options.whole
            ? { ...named, scratch: origin.array, scratchSize: origin.areas * SCRATCH_ENTRY }
            : named;
    const note = handoverNote({
        setup,
        map: machine.ram,
        kernel: readKernelName(machine, params.kernel.addr) ?? '',
        commandLine: params.commandLine,
        parameters: options.whole ? parameters : 0,
        time: machine.clock.now,
        boots: machine.boots,
    });
    const runs =
        (options.whole ? undefined : handoverPages(machine, setup)) ??
        [...machineView(machine).runs()].map(({ pa, size }) => pages(machine, pa, size));
    return writeCoreFile(machine.arch === 'arm64' ? 'arm64' : 'x86-64', merged(runs), [note], (pa, length) =>
        machine.memory.read(pa, length),
    );
}

function pages({ page }: Machine, pa: number, size: number): CoreContent {
    const start = Math.floor(pa / page.size) * page.size;
    return { pa: start, size: Math.ceil((pa + size) / page.size) * page.size - start };
}

/**
 * FDT, array of scratch areas, tree, preserved memory; undefined if the kernel's release hands over in another
 * format.
 */
function handoverPages(machine: Machine, setup: KhoSetupData): CoreContent[] | undefined {
    const { radixNodes, preserved, findings } = inspect(machineView(machine), {
        fdt: setup.fdt,
        scratch: { addr: setup.scratch, size: setup.scratchSize },
        contents: false,
    });
    if (findings.some((f) => f.code === 'fdt-incompatible')) {
        return undefined;
    }
    const { size: page } = machine.page;
    return [
        pages(machine, setup.fdt, setup.fdtSize),
        pages(machine, setup.scratch, setup.scratchSize),
        ...radixNodes.map((pa) => pages(machine, pa, page)),
        ...preserved
            .ranges()
            .map((r) => pages(machine, r.start * page, (r.end - r.start) * page))
            .filter((r) => machine.isRam(r.pa, r.size)),
    ];
}

/** In ascending order; adjacent or overlapping ranges are merged. */
function merged(runs: readonly CoreContent[]): CoreContent[] {
    const result: { pa: number; size: number }[] = [];
    for (const run of [...runs].sort((a, b) => a.pa - b.pa)) {
        const last = result[result.length - 1];
        if (last && run.pa <= last.pa + last.size) {
            last.size = Math.max(last.size, run.pa + run.size - last.pa);
        } else {
            result.push({ ...run });
        }
    }
    return result;
}

/** Saves the memory of crashed kernels, as capture kernels read it, without memory that is known to be zero. */
export class VmcoreSaver implements Listener {
    constructor(
        private readonly host: Host,
        /** Gets the pieces of an image, which are generated lazily. */
        private readonly save: (image: Iterable<Uint8Array>) => void,
    ) {}

    dumped({ runs, notes }: OldMemory): void {
        const { machine } = this.host;
        const { size: page } = machine.page;
        const stored = [...machineView(machine).runs()].flatMap(({ pa, size }) =>
            runs.flatMap((r) => {
                const from = Math.max(r.pa, Math.floor(pa / page) * page);
                const to = Math.min(r.pa + r.size, Math.ceil((pa + size) / page) * page);
                return from < to ? [{ pa: from, size: to - from }] : [];
            }),
        );
        this.save(
            writeCoreFile(machine.arch === 'arm64' ? 'arm64' : 'x86-64', merged(stored), notes, (pa, length) =>
                machine.memory.read(pa, length),
            ),
        );
    }
}

/** Saves every handover of a run, at the jump. */
export class HandoverSaver implements Listener {
    private origin: Origin | undefined;

    /**
     * @param save gets the pieces of an image, which are generated lazily, or undefined for a jump without a handover.
     */
    constructor(
        private readonly host: Host,
        private readonly options: SaveOptions,
        private readonly save: (image: Iterable<Uint8Array> | undefined) => void,
    ) {}

    phase(phase: Phase): void {
        if (phase === 'jump') {
            const { kho } = this.host.running;
            this.origin = { array: kho.scratchArray, areas: kho.scratch.length };
        }
    }

    jumped(parameters: number): void {
        this.save(handoverImage(this.host.machine, parameters, this.options, this.origin));
    }
}
