/** The end of a running kernel: at a jump, at a panic, or when the machine is switched off. */
import { ListValue, RecordValue } from '../../language/collections';
import { JournaledList } from '../../machine/journal';
import { WildNumber } from '../../machine/memory';
import { HardwareFault } from '../../machine/tee/tee';
import { KernelPanic } from './kernel-panic';
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
    const seen = new Set<Value>();
    for (const frame of scenario.frames) {
        frame.slots = frame.slots.map((v) => tombstoneFor(host, v, seen));
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

/**
 * The value of a variable after the end of its kernel. Lists and records of the program stay what they are, with other
 * elements.
 */
function tombstoneFor(host: Host, v: Value, seen: Set<Value>): Value {
    if (seen.has(v)) {
        return v;
    }
    const bury = (old: Value, replace: (now: Value) => void): void => {
        const now = tombstoneFor(host, old, seen);
        if (now !== old) {
            replace(now);
        }
    };
    if (v instanceof ListValue) {
        seen.add(v);
        for (const [i, x] of v.items.entries()) {
            bury(x, (now) => v.set(i, now));
        }
        return v;
    }
    if (v instanceof RecordValue) {
        seen.add(v);
        for (const [name, x] of v) {
            bury(x, (now) => v.set(name, now));
        }
        return v;
    }
    if (v instanceof JournaledList) {
        return host.list(v.items.map((x) => tombstoneFor(host, x as Value, seen)));
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
    const timeout = host.commandLine?.panicTimeout ?? 0;
    if (timeout > 0) {
        host.log('emerg', `Rebooting in ${timeout} seconds..`);
    }
    loseKernel(host, 'panic');
    if (timeout !== 0) {
        restart(host, Math.max(timeout, 0));
    }
    const state = host.machine.journal.edit(host.kernelState);
    state.panicMessage = message;
    state.panicExpected = null;
}

/** The longest time before a restart that is emulated, in seconds. */
const LONGEST_WAIT = 24 * 60 * 60;

/** emergency_restart(), which resets all devices; what they do in the seconds before is not emulated. */
function restart(host: Host, seconds: number): void {
    const { machine } = host;
    machine.pci.powerOn();
    machine.clock.set(machine.clock.now + Math.min(seconds, LONGEST_WAIT) * 1e9);
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
    if (e instanceof KernelPanic || e instanceof HardwareFault) {
        panic(host, e.message);
    } else if (e instanceof KernelFault) {
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
