/** How a running kernel ends: at a jump, at a panic, when the machine is switched off. */
import { JournaledList } from '../../machine/journal';
import { WildNumber } from '../../machine/memory';
import { dropProcesses } from './processes';
import { ScenarioProcess } from './scenario-process';
import type { Value } from '../../language/types';
import { format, KernelFault, ProgramError } from '../../language/values';
import type { Host } from './host';

/** Nothing of the running kernel is left: no process, no thread of its own. The scenario's own frames stay. */
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

/** What a variable of the scenario keeps of an object that died with its kernel: using it is an error that says so. */
class Tombstone {
    constructor(
        private readonly what: string,
        private readonly release: string,
    ) {}

    display(): string {
        return `${this.what} of the ${this.release} that is gone`;
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

/** The kernel panics. Where the scenario announced it, it goes on without a kernel. */
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

/** `crash()`: the running kernel panics here and now, as the scenario wants it. @throws ProgramError where none runs */
export function crash(host: Host, message: string): undefined {
    if (!host.kernel) {
        throw new ProgramError('no kernel runs that could crash');
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

/** The running kernel ends without handing anything over. */
export function loseKernel(host: Host, how: 'panic' | 'power'): void {
    if (host.kernel) {
        host.tell((l) => l.lost?.(how));
    }
    dropKernel(host);
}

/**
 * Code has gone wrong: a fault of the kernel is its panic, and so is a structure of its own that somebody has written
 * over; another ProgramError is the program's own mistake.
 * @throws anything else again
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
