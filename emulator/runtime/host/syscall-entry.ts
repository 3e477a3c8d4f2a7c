/** Going from user mode into the kernel. */
import { costId } from '../../machine/costs';
import type { Host } from './host';
import { processOf, type ScenarioProcess } from './scenario-process';

const SYSCALL = costId('syscall');

/** A process makes a system call; its name is that of the native, or of the function of the standard library. */
export function systemCall(host: Host, name: string): void {
    host.kernelEntered(name);
    host.machine.clock.charge(SYSCALL);
    const p = processOf(host.interpreter.current);
    if (p && p.callsLeft > 0) {
        host.machine.journal.edit<ScenarioProcess>(p).callsLeft--;
    }
}
