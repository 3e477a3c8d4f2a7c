/** A run, and what can be observed of it, in Node and in a web page. */
import type { Program } from '../../emulator/language/program';
import { format } from '../../emulator/language/values';
import { Run, type RunOptions } from '../../emulator/run/run';
import type { Code } from '../../emulator/runtime/code';
import type { Stop } from '../../emulator/runtime/stop';

export interface Watched {
    readonly run: Run;
    readonly log: string[];
    readonly codes: readonly Code[];
}

export function watched(program: Program, options: RunOptions): Watched {
    const run = Run.start(program, options);
    const log: string[] = [];
    run.host.listeners.report({
        log: ({ level, text, time }) => log.push(`${time} ${level} ${text}`),
        raised: ({ kind, message }) => log.push(`${kind}: ${message}`),
    });
    return { run, log, codes: run.executable.codeIn(program.main) };
}

/** Where a run is, and what can be observed of it so far. */
export function stateOf({ run, log }: Watched, stop: Stop | null): unknown {
    const { host } = run;
    const { interpreter } = host;
    return {
        stop: stop && { reason: stop.reason, ...('exception' in stop ? { message: stop.exception.message } : {}) },
        ticks: interpreter.ticks,
        time: host.machine.clock.now,
        current: interpreter.current.id,
        outcome: interpreter.outcome?.failure?.message ?? interpreter.outcome?.passed,
        log: log.splice(0),
        threads: interpreter.threads.map(({ id, frames }) => ({
            id,
            frames: frames.map((f) => ({
                code: f.code.name,
                pc: f.pc,
                born: f.born,
                mode: f.mode,
                resultSlot: f.resultSlot,
                accepts: f.accepts,
                slots: Array.from(f.slots, (v) => (v === undefined ? 'unset' : Object.is(v, -0) ? '-0' : format(v))),
            })),
        })),
    };
}
