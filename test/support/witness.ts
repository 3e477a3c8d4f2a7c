/** What a run says and leaves behind, for comparing one run with another. */
import { Hasher } from '../../emulator/machine/hash';
import type { Listener } from '../../emulator/runtime/listener';
import type { Host } from '../../emulator/runtime/host/host';

/** The kernel log from a jump on, with times, and what the scenario prints. */
export class Witness implements Listener {
    lines: string[] = [];

    log: NonNullable<Listener['log']> = (line) => {
        this.lines.push(`${line.boot} ${line.time} ${line.level} ${line.text}`);
    };
}

export interface RunRecord {
    readonly failure: string | null;
    readonly log: readonly string[];
    /** Of all physical memory. */
    readonly memory: string;
    readonly clock: number;
    readonly boots: number;
    /** The last kernel's own view. */
    readonly kho: string;
}

export function recordOf(host: Host, witness: Witness): RunRecord {
    const memory = new Hasher();
    host.machine.memory.hash(memory);
    return { ...recordWithoutMemory(host, witness), memory: memory.digest() };
}

/** Without reading all memory, which takes longer than a short run. */
export function recordWithoutMemory(host: Host, witness: Witness): Omit<RunRecord, 'memory'> {
    const kho = new Hasher();
    host.kernel?.kho.hash(kho);
    return {
        failure: host.interpreter.outcome?.failure?.message ?? (host.interpreter.outcome ? null : 'it has not ended'),
        log: witness.lines,
        clock: host.machine.clock.now,
        boots: host.machine.boots,
        kho: kho.digest(),
    };
}
