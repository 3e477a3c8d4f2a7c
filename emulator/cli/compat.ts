/** `lus compat`: runs scenarios for every pair of kernels, and prints the outcome of each. */
import { listed } from '../text/text';
import { descriptionOf, DESCRIPTIONS } from '../kernel/release/descriptions';
import type { Finalize } from '../kernel/release/kho-format';
import type { LogLine } from '../kernel/klog';
import { BUG_FLAWS } from '../kernel/release/known-bugs';
import { layersOf, titleOf } from '../kernel/release/layers';
import type { ScenarioDecl } from '../language/syntax/ast';
import { formatVerdict, negotiate, offersOf, type FormatOutcome, type Offer } from '../runtime/host/compatibility';
import { resolveKernel, type BootableKernel } from '../runtime/host/kernels';
import type { Program } from '../language/program';
import { Run, type RunOptions } from '../run/run';
import { isOver, type RunException } from '../runtime/stop';
import type { Host } from '../runtime/host/host';
import type { Files } from './files';
import { jsonDocument } from './json';
import { openOne, scenariosOf } from './one-file';
import { BadArguments, parse, type Command } from './options';
import { prettyMatrix } from './report/matrix';
import type { Cell, Matrix, Negotiation, Outcome } from './results';
import { styleFor } from './style';
import { whereOf } from './where';
import { print } from './print';

/**
 * The default kernels: every release, in the order of time, without the configurations of the recordings.
 */
const ALL = [...DESCRIPTIONS.keys()].filter((name) => !name.endsWith('-uma'));

const SLICE = 1 << 24;
const EXIT_UNUSABLE = 2;

export const command: Command = (args) => {
    const parsed = parse(args, {
        kernels: { type: 'string' },
        scenario: { type: 'string' },
        format: { type: 'string' },
    });
    const format = parsed.oneOf('format', ['pretty', 'json']);
    const opened = openOne(parsed.positionals);
    if (!opened) {
        return EXIT_UNUSABLE;
    }
    const { files, program } = opened;
    const matrices = scenariosOf(program, parsed.texts('scenario')).map((s) =>
        matrixOf(files, program, s, kernelsOf(program, parsed.text('kernels'))),
    );
    print(
        format === 'json'
            ? jsonDocument(1, { file: files.display(program.main), matrices })
            : matrices.map((m) => prettyMatrix(m, styleFor(process.stdout, process.env))).join('\n'),
    );
    return matrices.every((m) => m.cells.every((c) => c.outcome === 'works')) ? 0 : 1;
};

/** @throws BadArguments if one of them is unknown */
function kernelsOf(program: Program, list: string | undefined): readonly string[] {
    if (list === undefined) {
        return ALL;
    }
    const names = list
        .split(',')
        .map((n) => n.trim())
        .filter((n) => n !== '');
    const unknown = names.find((n) => descriptionOf(n) === undefined && !program.kernels.has(n));
    if (unknown !== undefined || names.length === 0) {
        throw new BadArguments(
            `${unknown === undefined ? '--kernels needs names of kernels' : `There is no kernel "${unknown}"`}. The kernels are ${listed([...DESCRIPTIONS.keys(), ...program.kernels.keys()])}, and stable releases such as 7.2.3.`,
        );
    }
    return [...new Set(names)];
}

export function matrixOf(files: Files, program: Program, scenario: ScenarioDecl, kernels: readonly string[]): Matrix {
    const proposed: Record<string, readonly string[]> = {};
    const formats: Record<string, readonly Offer[]> = {};
    const cells = kernels.flatMap((from) =>
        kernels.map((to) =>
            cellOf(files, program, scenario, from, to, ({ desc: { layers } }, offers) => {
                // a kernel of the program that is based on this description keeps its layers
                if (layers.size > 0) {
                    proposed[from] = layersOf(layers).map(titleOf);
                }
                formats[from] = offers;
            }),
        ),
    );
    return { file: files.display(program.main), scenario: scenario.name.value, kernels, proposed, formats, cells };
}

/** @param booted gets the first kernel, and what it hands over and understands */
function cellOf(
    files: Files,
    program: Program,
    scenario: ScenarioDecl,
    from: string,
    to: string,
    booted: (kernel: BootableKernel, offers: readonly Offer[]) => void,
): Cell {
    const { host } = Run.start(program, pairOf(scenario, from, to));
    const log: LogLine[] = [];
    const used = new Set<string>();
    let jumps = 0;
    // the kernels of the last kexec, as they are named with what the program changes in them
    let pair: readonly [string, string] = [from, to];
    const kernelOf = (name: string): BootableKernel => resolveKernel(host.declarations.program, name);
    host.listeners.report({
        log: (line) => {
            if (line.level !== 'log') {
                log.push(line);
            }
        },
        phase: (phase) => {
            if (phase === 'running' && jumps === 0 && host.kernel) {
                const first = kernelOf(host.kernel.desc.name);
                booted(first, offersOf(host.declarations, first));
            } else if (phase === 'jump') {
                jumps++;
                pair = [host.kernel?.desc.name ?? from, host.kernel?.kexecImage?.kernel ?? to];
                used.clear();
                for (const session of host.kernel?.luo.outgoing.sessions ?? []) {
                    for (const file of session.files) {
                        used.add(file.handler.compatible);
                    }
                }
            }
        },
    });
    const failure = failureOf(host);
    const [sender, reader] = [kernelOf(pair[0]), kernelOf(pair[1])];
    const negotiated =
        jumps === 0
            ? []
            : negotiate(host.declarations, sender, reader, [...used]).map(
                  ({ part, way, sent, understood, result }): Negotiation => ({ part, way, sent, understood, result }),
              );
    const verdict = formatVerdict(host.declarations, sender, reader, [...used]);
    if (!failure) {
        const { reason } = verdict;
        return {
            from,
            to,
            outcome: 'works',
            reason: negotiated.some((n) => n.result === 'features ignored') ? reason : '',
            message: null,
            where: null,
            kernelLog: [],
            knownBugs: [],
            negotiated,
        };
    }
    const last = log
        .filter((l) => l.boot === host.boot && l.level !== 'info' && l.level !== 'notice')
        .map((l) => l.text);
    const base = {
        from,
        to,
        message: failure.message,
        where: failure.place ? whereOf(files, failure.place.uri, failure.place) : null,
        kernelLog: last.slice(-4),
        negotiated,
    };
    const outcome = jumps === 0 ? 'unsuited' : outcomeOf(failure.message, last);
    const explained = EXPLAINS[verdict.outcome] === outcome;
    const reason = explained
        ? verdict.reason
        : outcome === 'lost'
          ? NOT_FINALIZED[sender.desc.kho.finalize]
          : shortened(failure.message);
    const knownBugs = explained ? [] : decisiveBugs(program, scenario, from, to);
    return { ...base, outcome, reason, knownBugs };
}

function pairOf(scenario: ScenarioDecl, from: string, to: string): RunOptions {
    return { scenario: scenario.name.value, substitutes: { boot: from, load: to } };
}

/** Runs a scenario to its end. @returns why it fails */
function failureOf({ interpreter }: Host): RunException | undefined {
    for (let over = false; !over; ) {
        over = isOver(interpreter.run(SLICE));
    }
    return interpreter.outcome?.passed === false ? interpreter.outcome.failure : undefined;
}

/** The fewest bugs of two releases without which a scenario works that does not; none where there are no such. */
function decisiveBugs(program: Program, scenario: ScenarioDecl, from: string, to: string): string[] {
    const works = (cured: readonly string[]): boolean =>
        failureOf(Run.start(program, { ...pairOf(scenario, from, to), cured: new Set(cured) }).host) === undefined;
    const all = [from, to].flatMap((name) => [...resolveKernel(program, name).desc.flaws]);
    const bugs = [...new Set(all)].filter((flaw) => BUG_FLAWS.has(flaw));
    return bugs.length > 0 && works(bugs) ? smallest(bugs, (part, also) => works([...part, ...also])) : [];
}

/**
 * The smallest part of a list that is enough, where the whole list is: of n elements one takes about 2 log n questions.
 * @param enough whether a part of the list is, together with other elements of it
 */
function smallest(
    list: readonly string[],
    enough: (part: readonly string[], also: readonly string[]) => boolean,
    also: readonly string[] = [],
): string[] {
    if (list.length <= 1) {
        return [...list];
    }
    const half = list.length >> 1;
    const [first, second] = [list.slice(0, half), list.slice(half)];
    if (enough(first, also)) {
        return smallest(first, enough, also);
    }
    if (enough(second, also)) {
        return smallest(second, enough, also);
    }
    const left = smallest(first, enough, [...also, ...second]);
    return [...left, ...smallest(second, enough, [...also, ...left])];
}

/** The outcome of a scenario that a verdict on the formats explains. */
const EXPLAINS: Readonly<Record<FormatOutcome, Outcome>> = {
    works: 'works',
    lost: 'lost',
    panic: 'panic',
    EIO: 'EIO',
    refused: 'fails',
    held: 'fails',
    'no handover': 'unsuited',
};

/** Why a handover with the right format is refused. */
const NOT_FINALIZED: Readonly<Record<Finalize, string>> = {
    never: 'refused',
    debugfs: 'not finalized',
    reboot: 'not finalized',
    prepare: 'no PREPARE',
};

/** The outcome, from the kernel log and the failure of the scenario. */
function outcomeOf(message: string, log: readonly string[]): Outcome {
    if (message.startsWith('kernel panic')) {
        return 'panic';
    }
    if (log.some((l) => l.includes('disabling KHO revival'))) {
        return 'lost';
    }
    return /open\("\/dev\/liveupdate".*EIO/.test(message) ? 'EIO' : 'fails';
}

function shortened(message: string): string {
    const [line] = message.split('\n');
    return line ?? message;
}
