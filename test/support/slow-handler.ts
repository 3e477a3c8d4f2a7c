/** Scenarios in which processes run at the same time, with a handler whose callbacks take long. */
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { programOf } from './programs';
import { FOREVER } from './runs';

/** A handler whose freeze takes long, and may be told to fail. */
export const SLOW = `
file slow at "/dev/slow" { }
handler slow_handler "slow-v1" for slow {
    can_preserve(file) { return file.kind == slow }
    preserve(args) { sleep 2ms; args.serialized_data = 7 }
    unpreserve(args) { log("unpreserve") }
    freeze(args) {
        sleep 1ms
        e = should_fail("slow freeze")
        if e != 0 { return -e }
    }
    unfreeze(args) { log("thaw") }
    retrieve(args) { args.file = new slow() }
    finish(args) { }
}
kernel "slow" from "7.2" { handlers + slow_handler }
`;

export const SESSION = `
    boot "slow"
    process luod, vmm, admin
    vmm {
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        dev = open("/dev/slow")
    }
    luod { kexec_file_load("slow") }
`;

export interface Result {
    readonly host: Host;
    /** Empty where the run passed. */
    readonly failure: string;
    readonly log: readonly string[];
}

export function start(source: string, seed: number): { readonly host: Host; readonly log: string[] } {
    const { host } = Run.start(programOf(source), { seed });
    const log: string[] = [];
    host.listeners.report({ log: (line) => void (line.level === 'log' && log.push(line.text)) });
    return { host, log };
}

export function run(source: string, seed = 0): Result {
    const { host, log } = start(source, seed);
    host.interpreter.run(FOREVER);
    assert.ok(host.interpreter.outcome, 'the run ends');
    return { host, failure: host.interpreter.outcome.failure?.message ?? '', log };
}

/** What it prints; it must pass. */
export function prints(source: string, seed = 0): readonly string[] {
    const { failure, log } = run(source, seed);
    assert.equal(failure, '', `seed ${seed}`);
    return log;
}
