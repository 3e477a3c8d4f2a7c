/** The end of a running kernel: at a jump, at a panic, or when the machine is switched off. */
import { JournaledList } from '../../machine/journal';
import { WildNumber } from '../../machine/memory';
import { dropProcesses } from './processes';
import { ScenarioProcess } from './scenario-process';
import type { Value } from '../../language/types';
import { format, KernelFault, ProgramError } from '../../language/values';
import type { Host } from './host';

/** Removes everything of the running kernel: its processes and threads. The frames of the scenario stay. */
export function dropKernel(host: Host): void {
    if (host.kernel) {
        host.guests.kernelStops(host.kernel);
    }
    host.machine.pci.interrupts.forget();
    dropProcesses(host);
    const { interpreter } = host;
    for (const t of interpreter.threads.slice(1)) {
        t.frames = [];
        interpreter.dropThread(t);
    }
    host.handoverHooks.clear();
    host.deadThreads.clear();
    interpreter.scheduler.end();
    const scenario = interpreter.scenarioThread;
    scenario.waiting = null;
    for (const frame of scenario.frames) {
        frame.slots = frame.slots.map((v) => tombstoneFor(host, v));
    }
    const state = host.machine.journal.edit(host.kernelState);
    state.kernel = null;
    state.booting = null;
    interpreter.current = scenario;
    interpreter.switchFrames();
}

/** Replaces an object of an ended kernel in a variable of the scenario; any use of it is an error that names it. */
class Tombstone {
    constructor(
        private readonly what: string,
        private readonly release: string,
    ) {}

    display(): string {
        return `${this.what} of the previous kernel, ${this.release}`;
    }
}

function tombstoneFor(host: Host, v: Value): Value {
    if (v instanceof JournaledList) {
        return host.list(v.items.map((x) => tombstoneFor(host, x as Value)));
    }
    if (
        typeof v !== 'object' ||
        v === null ||
        v instanceof ScenarioProcess ||
        host.natives.typeOf(v)?.ofKernel !== true
    ) {
        return v;
    }
    return new Tombstone(format(v), host.kernel?.display() ?? 'kernel');
}

/** The kernel panics. If the scenario expects the panic, it continues without a kernel. */
export function panic(host: Host, message: string): undefined {
    host.log('emerg', `Kernel panic - not syncing: ${message}`);
    const { panicExpected, panicTolerated } = host.kernelState;
    if (!panicTolerated && (panicExpected === null || !message.includes(panicExpected))) {
        host.interpreter.fail('kernel-warning', `kernel panic: ${message}`);
        return undefined;
    }
    die(host, message);
    return undefined;
}

/** `crash()`: the running kernel panics. @throws ProgramError if no kernel is running */
export function crash(host: Host, message: string): undefined {
    if (!host.kernel) {
        throw new ProgramError('no kernel is running');
    }
    host.log('emerg', `Kernel panic - not syncing: ${message}`);
    die(host, message);
    return undefined;
}

function die(host: Host, message: string): void {
    loseKernel(host, 'panic');
    const state = host.machine.journal.edit(host.kernelState);
    state.panicMessage = message;
    state.panicExpected = null;
}

/** The running kernel ends without a handover. */
export function loseKernel(host: Host, how: 'panic' | 'power'): void {
    if (host.kernel) {
        host.tell((l) => l.lost?.(how));
    }
    dropKernel(host);
}

/**
 * Handles an error in code: a fault in kernel code, or an overwritten structure of the kernel, is a panic; any other
 * ProgramError is an error of the program.
 * @throws all other errors
 */
export function stopFor(host: Host, e: unknown): void {
    if (e instanceof KernelFault) {
        const { target } = e;
        if (target) {
            host.tell((l) => l.kernelFault?.(target.address, target.struct));
        }
        panic(host, `unable to handle page fault: ${e.message}`);
    } else if (e instanceof WildNumber) {
        panic(host, `general protection fault, probably for non-canonical address: ${e.message}`);
    } else if (e instanceof ProgramError) {
        host.interpreter.fail('failed-call', e.message);
    } else {
        throw e;
    }
}
