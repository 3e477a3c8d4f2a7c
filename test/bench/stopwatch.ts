/** How long a scenario takes from the line marked `//# begin` to the one marked `//# end`; and processor time. */
import type { Program } from '../../emulator/language/program';
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { setTrap, SWITCH } from '../../emulator/runtime/code';
import { markedLine } from '../support/markers';

const URI = 'bench.lus';
const SLICE = 1 << 30;

function load(text: string): Program {
    return loadProgram({ read: (uri) => (uri === URI ? text : undefined) }, URI);
}

/** Puts a breakpoint on every statement of a line, as the debug adapter does. */
function breakOn(run: Run, text: string, line: number): void {
    for (const code of run.executable.codeIn(URI)) {
        for (const { pc, span } of code.statements) {
            if (text.slice(0, span.start).split('\n').length - 1 === line) {
                setTrap(code, pc, (frame) =>
                    run.host.interpreter.trap(frame) ? SWITCH : (code.pristine[pc]?.(frame) ?? SWITCH),
                );
            }
        }
    }
}

/**
 * @param markers lines that have a breakpoint; only `begin` and `end` are expected to be reached
 * @param change what is done to the run before it starts
 */
export function seconds(
    text: string,
    markers: readonly string[] = [],
    change: (run: Run) => void = () => undefined,
): number {
    const run = Run.start(load(text));
    change(run);
    for (const marker of ['begin', 'end', ...markers]) {
        breakOn(run, text, markedLine(text, marker));
    }
    const { host } = run;
    host.interpreter.onTrap = () => [1];
    expectStop(host.interpreter.run(SLICE)?.reason, 'breakpoint');
    const begin = process.hrtime.bigint();
    expectStop(host.interpreter.run(SLICE)?.reason, 'breakpoint');
    const end = process.hrtime.bigint();
    expectStop(host.interpreter.run(SLICE)?.reason, 'end');
    if (host.interpreter.outcome?.passed !== true) {
        throw new Error(host.interpreter.outcome?.failure?.message ?? 'the scenario failed');
    }
    return Number(end - begin) / 1e9;
}

function expectStop(reason: string | undefined, wanted: string): void {
    if (reason !== wanted) {
        throw new Error(`stopped for ${reason ?? 'nothing'}, not for ${wanted}`);
    }
}

/** Milliseconds of processor time that this process has used: other load on the machine hardly changes it. */
export function cpuNow(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
}

/** The same for a piece of work. */
export function cpuMs(what: () => void): number {
    const begin = cpuNow();
    what();
    return cpuNow() - begin;
}
