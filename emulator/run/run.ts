/** Runs: a scenario of a program on its machine, with its observers. */
import { DESCRIPTIONS, descriptionOf } from '../kernel/release/descriptions';
import { Diagnoses } from '../diagnosis/diagnoses';
import { NATIVES } from '../diagnosis/natives';
import { Updates } from '../diagnosis/updates';
import type { Program } from '../language/program';
import { isNamed, type Variant } from '../language/syntax/variants';
import type { Library } from '../kernel/release/layers';
import { type Chooser, FIRST, SeededChooser } from '../machine/chooser';
import type { CostChanges } from '../machine/costs';
import type { Journal } from '../machine/journal';
import { Frame } from '../runtime/code';
import { Declarations } from '../runtime/declarations';
import type { Executable } from '../runtime/executable';
import { environmentOf } from '../runtime/host/host-environment';
import { Host } from '../runtime/host/host';
import { LinkedProgram } from '../runtime/link/linked-program';
import { libraryWith, standardLibrary } from '../runtime/standard-library';
import { choiceFrom, type Deviation } from '../language/choice';
import { recording } from '../runtime/touching/natives';
import { Decider } from './decider';
import { errorsOf } from './load-program';
import { machineOf } from './machine';
import { touchesOf } from './touches';
import { NOTHING, type Tried } from './tried';
import { UsageError } from './usage-error';

export interface RunOptions {
    /** The name of a scenario; the first value is that of one with a parameter. Default: the first scenario. */
    readonly scenario?: string | undefined;
    /** The kernel that replaces the default kernel of scenarios. */
    readonly kernel?: string | undefined;
    /** Descriptions that replace the base of every kernel that the scenario boots or loads. */
    readonly substitutes?: { readonly boot: string; readonly load: string } | undefined;
    /** Bugs that no kernel of the run has, whatever its release. */
    readonly cured?: ReadonlySet<string> | undefined;
    /** Costs that override the table and the program. */
    readonly costs?: CostChanges | undefined;
    /**
     * Selects one of the possible schedules. With 0, the default, a process runs until it blocks or its time slice
     * ends, and the blocks run in the order of the source. Any other seed makes a random choice wherever a process may
     * be preempted.
     */
    readonly seed?: number | undefined;
    /** Whether the run may end without the findings that the scenario declares. */
    readonly findingsOptional?: boolean | undefined;
    /** The choices of an exploration: the run asks its {@link Run.decider} for each. */
    readonly tried?: Tried | undefined;
    /** These choices are made, and all others are usual. Default: those that the scenario lists. */
    readonly choices?: readonly Deviation[] | undefined;
    /** Makes all choices of the run instead of the seed. */
    readonly chooser?: ((journal: Journal) => Chooser) | undefined;
    /**
     * The kernel code of a release. Default: that of the emulator. The program must be checked with the same code.
     */
    readonly standard?: typeof standardLibrary | undefined;
    /** How many rounds of a loop closures execute before code is generated for it. Infinity: all. */
    readonly hotAfter?: number | undefined;
}

/** A scenario that is ready to run. */
export class Run {
    private constructor(
        readonly program: Program,
        readonly scenario: Variant,
        readonly host: Host,
        /** Makes the choices of a run that is explored, or whose choices are listed. */
        readonly decider: Decider | null,
    ) {}

    get executable(): Executable {
        return this.host.executable;
    }

    /**
     * @throws UsageError if the program has errors, no such scenario, or the options name an unknown kernel.
     */
    static start(program: Program, options: RunOptions = {}): Run {
        const [first] = errorsOf(program);
        if (first) {
            throw new UsageError(`the program has errors: ${first.message}`);
        }
        const scenario = scenarioNamed(program, options.scenario);
        if (
            options.kernel !== undefined &&
            descriptionOf(options.kernel) === undefined &&
            !program.kernels.has(options.kernel)
        ) {
            const known = [...DESCRIPTIONS.keys(), ...program.kernels.keys()].join(', ');
            throw new UsageError(`there is no kernel "${options.kernel}". Expected ${known}.`);
        }
        const { machine, costs } = machineOf(program);
        const standard = (library: Library): Program => (options.standard ?? standardLibrary)(library, machine.page);
        const { seed = 0 } = options;
        const decider = deciderOf(machine.journal, scenario, options);
        const chooser =
            decider ??
            options.chooser?.(machine.journal) ??
            (seed === 0 ? FIRST : new SeededChooser(machine.journal, seed));
        const touches = options.tried?.orders ? touchesOf(machine.journal, () => host) : null;
        const host: Host = new Host({
            machine,
            declarations: new Declarations(program, standard(libraryWith(program.layers)), standard),
            natives: touches ? recording(NATIVES, touches) : NATIVES,
            touches,
            policy: decider || options.chooser || seed !== 0 ? 'anywhere' : 'slices',
            chooser,
            kernelOption: options.kernel,
            // generated code does not record its accesses
            executable: (host) => new LinkedProgram(program, host, host.touches ? Infinity : options.hotAfter),
            environment: environmentOf,
        });
        host.substitutes = options.substitutes ?? null;
        host.cured = options.cured ?? host.cured;
        host.costs.begin(costs, options.costs ?? {});
        const code = host.executable.scenarioCode(scenario);
        const frame = Frame.of(code, 'scenario', 0);
        if (scenario.of) {
            frame.slots[0] = host.executable.constant(program, code.uri, scenario.of.value);
        }
        host.interpreter.scenarioThread.frames.push(frame);
        decider?.attach(host, options.tried ?? NOTHING);
        Updates.attach(host);
        const diagnoses = Diagnoses.attach(host, scenario, {
            uri: code.uri,
            start: scenario.name.start,
            end: scenario.name.end,
        });
        diagnoses.demanding = options.findingsOptional !== true;
        return new Run(program, scenario, host, decider);
    }
}

function deciderOf(journal: Journal, scenario: Variant, options: RunOptions): Decider | null {
    const { tried } = options;
    const choosing = scenario.choosing ?? (scenario.avoidableUntil ? [] : undefined);
    const listed = options.choices ?? (tried ? undefined : choosing?.flatMap((c) => choiceFrom(c.value) ?? []));
    if (!tried && !listed) {
        return null;
    }
    const decider = new Decider(journal, tried ?? NOTHING);
    if (listed) {
        decider.replay(listed);
    }
    return decider;
}

function scenarioNamed(program: Program, name: string | undefined): Variant {
    const names = program.scenarios.map((s) => `"${s.name.value}"`).join(', ');
    const found = name === undefined ? program.scenarios[0] : program.scenarios.find((s) => isNamed(s, name));
    if (found) {
        return found;
    }
    throw new UsageError(
        name === undefined || names === ''
            ? 'the file has no scenario. Write scenario "name" { … }'
            : `there is no scenario "${name}". Scenarios: ${names}.`,
    );
}
