/** Checks and runs `.lus` text in the test's own process. */
import type { SourceHost } from '../../emulator/language/load';
import type { Program } from '../../emulator/language/program';
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';

const SLICE = 1 << 24;

/** A program from texts by name; the first one is the main file. */
export function programOf(texts: Readonly<Record<string, string>>): Program {
    const host: SourceHost = { read: (uri) => texts[uri] };
    return loadProgram(host, Object.keys(texts)[0] ?? '');
}

/** The findings of a program, as `line: CODE: message`. */
export function findingsOf(program: Program): string[] {
    return program.diagnostics.map((d) => {
        const line = (program.files.get(d.uri)?.text ?? '').slice(0, d.span.start).split('\n').length;
        return `${line}: ${d.code}: ${d.message}`;
    });
}

/** Runs a scenario to its end. @returns why it failed, undefined where it passed */
export function failureOf(program: Program, scenario: string, kernel?: string): string | undefined {
    const { vm } = Run.start(program, { scenario, kernel });
    let stop = vm.run(SLICE);
    while (stop?.reason !== 'end' && !(stop?.reason === 'exception' && stop.exception.fatal)) {
        stop = vm.run(SLICE);
    }
    return vm.outcome?.passed === true ? undefined : (vm.outcome?.failure?.message ?? 'no reason given');
}

/** The failures of all scenarios of a program, as `scenario: reason`. */
export function failuresOf(program: Program): string[] {
    return program.scenarios.flatMap((s) => {
        const failure = failureOf(program, s.name.value);
        return failure === undefined ? [] : [`${s.name.value}: ${failure}`];
    });
}
