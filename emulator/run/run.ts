/** A scenario, loaded and ready to run. */
import { settableCost, type CostChanges, type CostName } from '../machine/costs';
import { armMemory, Machine, pcMemory, type ArchName, type HandoverPlaces, type RamRange } from '../machine/machine';
import type { Expr, MachineDecl, ScenarioDecl } from '../language/syntax/ast';
import { check } from '../language/check/check';
import { Frame } from '../runtime/code';
import { cpusOf, devicesOf, iommuOf } from '../runtime/host/machine-devices';
import { Diagnoses } from '../diagnosis/diagnoses';
import { Executable } from '../runtime/executable';
import type { SourceHost } from '../language/load';
import { NATIVES, objectTypeOf } from '../diagnosis/natives';
import type { CheckFinding } from '../language/check-finding';
import type { Program } from '../language/program';
import { isRecording, loadRecording } from '../recording/program';
import { libraryWith, standardLibrary } from '../runtime/standard-library';
import type { Value } from '../language/types';
import { Updates } from '../diagnosis/updates';
import { asNumber, binary, ProgramError, unary } from '../language/values';
import { Vm } from '../runtime/interpreter';

const GIB = 0x4000_0000;

/** What a user asked for cannot be done: an unknown scenario, a bad kernel name. One clear sentence. */
export class UsageError extends Error {}

export interface RunOptions {
    /** The name of a scenario; the first one where it is left out. */
    readonly scenario?: string | undefined;
    /** Boot this kernel where the scenario boots the default one. */
    readonly kernel?: string | undefined;
    /** Use these descriptions wherever the scenario boots or loads a kernel, whatever it is made from. */
    readonly substitutes?: { readonly boot: string; readonly load: string } | undefined;
    /** What takes another time, whatever the table and the program say. */
    readonly costs?: CostChanges | undefined;
    /** Picks one of the possible schedules. */
    readonly seed?: number | undefined;
    /** The kernel code of a release; what ships with the emulator where it is left out. The program must have been checked with it. */
    readonly standard?: typeof standardLibrary | undefined;
}

/** Reads and checks a file and what it imports, or reads a recording. What is wrong with it is in its diagnostics. */
export function loadProgram(host: SourceHost, uri: string): Program {
    if (isRecording(uri)) {
        return loadRecording(host, uri);
    }
    return check(host, uri, NATIVES, (layers) => standardLibrary(libraryWith(layers)));
}

/** The errors that keep a program from running. */
export function errorsOf(program: Program): CheckFinding[] {
    return program.diagnostics.filter((d) => d.severity === 'error');
}

export class Run {
    private constructor(
        readonly program: Program,
        readonly executable: Executable,
        readonly scenario: ScenarioDecl,
        readonly vm: Vm,
    ) {}

    /**
     * @throws UsageError where the program has errors, no such scenario, or the options name an unknown kernel.
     */
    static start(program: Program, options: RunOptions = {}): Run {
        const [first] = errorsOf(program);
        if (first) {
            throw new UsageError(`the program has errors: ${first.message}`);
        }
        const scenario = scenarioNamed(program, options.scenario);
        if (
            options.kernel !== undefined &&
            !NATIVES.kernels.has(options.kernel) &&
            !program.kernels.has(options.kernel)
        ) {
            const known = [...NATIVES.kernels.keys(), ...program.kernels.keys()].join(', ');
            throw new UsageError(`no kernel is called "${options.kernel}". There are: ${known}.`);
        }
        const { standard = standardLibrary } = options;
        const executable = new Executable(
            program,
            standard(libraryWith(program.layers)),
            NATIVES,
            objectTypeOf,
            standard,
        );
        const machine = machineOf(program);
        const vm = new Vm(machine, executable, options.seed ?? 0, options.kernel);
        vm.substitutes = options.substitutes ?? null;
        vm.costs.begin(costsOf(program), options.costs ?? {});
        const code = executable.scenarioCode(scenario);
        vm.scenarioThread.frames.push(new Frame(code, 'scenario', new Array<Value>(code.slots).fill(undefined), -1));
        Updates.attach(vm);
        Diagnoses.attach(vm, scenario, { uri: code.uri, start: scenario.name.start, end: scenario.name.end });
        return new Run(program, executable, scenario, vm);
    }
}

function scenarioNamed(program: Program, name: string | undefined): ScenarioDecl {
    const names = program.scenarios.map((s) => `"${s.name.value}"`).join(', ');
    const found = name === undefined ? program.scenarios[0] : program.scenarios.find((s) => s.name.value === name);
    if (found) {
        return found;
    }
    throw new UsageError(
        name === undefined || names === ''
            ? 'the file has no scenario: write scenario "what it shows" { … }'
            : `no scenario is called "${name}". There are: ${names}.`,
    );
}

/** `node 2`: nodes that `memory` does not mention. */
function emptyNodesOf(program: Program): number[] {
    return program.machine
        ? entries(program.machine, 'node').flatMap((e) => e.args.map((a) => asNumber(fold(program, a), 'a node')))
        : [];
}

function archOf(program: Program): ArchName {
    const value = program.machine && entries(program.machine, 'arch')[0]?.args[0];
    return value?.kind === 'name' && value.name === 'arm64' ? 'arm64' : 'x86-64';
}

function machineOf(program: Program): Machine {
    const constant = (e: Expr): number => asNumber(fold(program, e), 'a machine setting');
    const { machine: decl } = program;
    try {
        return new Machine({
            ranges: memoryOf(program),
            arch: archOf(program),
            emptyNodes: emptyNodesOf(program),
            places: placesOf(program),
            iommu: iommuOf(decl),
            devices: devicesOf(decl, constant),
            cpus: cpusOf(decl, constant),
        });
    } catch (e) {
        if (e instanceof RangeError) {
            throw new UsageError(`this machine cannot be built: ${e.message}`);
        }
        throw e;
    }
}

/** The RAM of the machine that a program describes; 2 GiB on one node where it does not. */
function memoryOf(program: Program): RamRange[] {
    const decl = program.machine;
    const layout = archOf(program) === 'arm64' ? armMemory : pcMemory;
    if (!decl) {
        return layout([{ size: 2 * GIB, node: 0 }]);
    }
    const constant = (e: Expr): number => asNumber(fold(program, e), 'a machine setting');
    const given = entries(decl, 'map').map((e): RamRange => {
        const [range] = e.args;
        if (range?.kind !== 'range') {
            throw new UsageError('map takes a range of addresses: map 0x100000 .. 0x4000_0000 node 0');
        }
        const start = constant(range.from);
        return { start, size: constant(range.to) - start, node: optionOf(e.options, 'node', constant) };
    });
    if (given.length > 0) {
        return given;
    }
    const banks = entries(decl, 'memory').map((e) => {
        const [size] = e.args;
        return { size: size ? constant(size) : 0, node: optionOf(e.options, 'node', constant) };
    });
    try {
        return layout(banks.length > 0 ? banks : [{ size: 2 * GIB, node: 0 }]);
    } catch (e) {
        if (e instanceof RangeError || e instanceof ProgramError) {
            throw new UsageError(`this machine cannot be built: ${e.message}`);
        }
        throw e;
    }
}

/** What takes another time on the machine that a program describes. */
function costsOf(program: Program): CostChanges {
    const changes: { [K in CostName]?: number } = {};
    for (const {
        args: [name, value],
    } of program.machine ? entries(program.machine, 'cost') : []) {
        const cost = name?.kind === 'name' ? settableCost(name.name) : undefined;
        if (cost && value) {
            changes[cost] = asNumber(fold(program, value), 'a machine setting');
        }
    }
    return changes;
}

/** Where the program wants the parts of the first handover. */
function placesOf(program: Program): HandoverPlaces | undefined {
    const decl = program.machine;
    if (!decl) {
        return undefined;
    }
    const constant = (e: Expr): number => asNumber(fold(program, e), 'a machine setting');
    const address = (key: string): number | undefined => {
        const [first] = entries(decl, key)[0]?.args ?? [];
        return first && constant(first);
    };
    const scratch = entries(decl, 'scratch').flatMap(({ args: [first], options }) =>
        first ? [{ addr: constant(first), size: optionOf(options, 'size', constant) }] : [],
    );
    return { fdt: address('kho_fdt'), scratchArray: address('scratch_array'), scratch };
}

/** The value of a constant expression. The checker has seen to it that it is one. */
function fold(program: Program, e: Expr): Value {
    switch (e.kind) {
        case 'int':
            return e.value;
        case 'name': {
            const m = program.names.get(e);
            return m?.kind === 'const' ? m.value : undefined;
        }
        case 'unary':
            return unary(e.op, fold(program, e.operand));
        case 'binary':
            return binary(e.op, fold(program, e.left), fold(program, e.right));
        default:
            return undefined;
    }
}

function entries(decl: MachineDecl, key: string): MachineDecl['entries'] {
    return decl.entries.filter((e) => e.key.name === key);
}

function optionOf(
    options: MachineDecl['entries'][number]['options'],
    key: string,
    constant: (e: Expr) => number,
): number {
    const found = options.find((o) => o.key.name === key);
    return found ? constant(found.value) : 0;
}
