/** What a run says and leaves behind, for comparing one run with another. */
import { Hasher } from '../../emulator/machine/hash';
import type { Listener } from '../../emulator/runtime/listener';
import type { Vm } from '../../emulator/runtime/interpreter';

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

export function recordOf(vm: Vm, witness: Witness): RunRecord {
    const memory = new Hasher();
    vm.machine.memory.hash(memory);
    const kho = new Hasher();
    vm.kernel?.kho.hash(kho);
    return {
        failure: vm.outcome?.failure?.message ?? (vm.outcome ? null : 'it has not ended'),
        log: witness.lines,
        memory: memory.digest(),
        clock: vm.machine.clock.now,
        boots: vm.machine.boots,
        kho: kho.digest(),
    };
}
