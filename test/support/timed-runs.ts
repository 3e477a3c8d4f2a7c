/** Runs of which the time matters: with costs that are changed, and traces. */
import assert from 'node:assert/strict';
import { SETTABLE_COSTS, type CostChanges, type CostName } from '../../emulator/machine/costs';
import { Run } from '../../emulator/run/run';
import { type Update, Updates } from '../../emulator/diagnosis/updates';
import type { Host } from '../../emulator/runtime/host/host';
import { Tracer, type TraceEvent } from '../../emulator/trace/trace';
import { findingsOf, programOf } from './programs';
import { runToEnd } from './runs';

/** Nothing takes any time, but for these. */
export function onlyFor(...names: readonly CostName[]): CostChanges {
    return Object.fromEntries(SETTABLE_COSTS.filter((name) => !names.includes(name)).map((name) => [name, 0]));
}

export const FREE = onlyFor();

export interface Options {
    readonly costs?: CostChanges;
    readonly trace?: boolean;
    readonly mayFail?: boolean;
}

/** Runs the first scenario, which must pass unless it may fail. */
export function ran(
    text: string,
    options: Options = {},
): { readonly host: Host; readonly events: readonly TraceEvent[] } {
    const program = programOf({ 't.lus': text });
    assert.deepEqual(
        findingsOf(program).filter((f) => !f.includes('LU0209')),
        [],
    );
    const { host } = Run.start(program, { costs: options.costs });
    const tracer = new Tracer(host);
    if (options.trace) {
        host.listeners.report(tracer);
    }
    runToEnd(host);
    if (!options.mayFail) {
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    }
    return { host, events: options.trace ? tracer.events() : [] };
}

/** The updates of a run that are over. */
export function updates(host: Host): readonly Update[] {
    return Updates.of(host)?.done ?? [];
}

/**
 * An update with a wait in every phase, in milliseconds: 1 before it, 2 in the pre-blackout, 4 in the blackout, 8
 * after it, 16 at the end.
 */
export const WAITING = `
scenario "waits" {
    boot "7.2"
    sleep 1ms
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        sleep 2ms
        ram = memfd_create("ram")
        ram.truncate(8KiB)
        vm1.preserve_fd(ram, token: 1)
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.retrieve_session("vm-1")
        sleep 4ms
        ram = vm1.retrieve_fd(token: 1)
        sleep 8ms
        vm1.finish()
        sleep 16ms
    }
}`;
