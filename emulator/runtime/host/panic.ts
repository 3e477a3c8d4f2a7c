/** Panics: what makes a kernel panic, and what follows: a capture kernel, a restart, or a machine without a kernel. */
import { WildNumber } from '../../machine/memory';
import { KernelFault, ProgramError } from '../../language/values';
import { crashKexec } from './crash';
import type { Host } from './host';
import { loseKernel } from './kernel-end';
import { KernelPanic } from './kernel-panic';

/** The kernel panics. If the scenario expects the panic, it continues without a kernel. */
export function panic(host: Host, message: string): undefined {
    host.log('emerg', `Kernel panic - not syncing: ${message}`);
    const { panicExpected, panicTolerated } = host.kernelState;
    // a dump that fails ends the scenario's machine, not the scenario
    const captures = host.booting?.commandLine.crashKernel === true || host.kernel?.commandLine.crashKernel === true;
    if (!panicTolerated && !captures && (panicExpected === null || !message.includes(panicExpected))) {
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

/** __crash_kexec() comes first (kernel/panic.c): no notifier, no shutdown of devices, nothing of LUO. */
function die(host: Host, message: string): void {
    const image = host.kernel?.crashImage;
    if (image) {
        crashKexec(host, image);
        ended(host, message);
        return;
    }
    const timeout = host.commandLine?.panicTimeout ?? 0;
    if (timeout > 0) {
        host.log('emerg', `Rebooting in ${timeout} seconds..`);
    }
    loseKernel(host, 'panic');
    if (timeout !== 0) {
        restart(host, Math.max(timeout, 0));
    }
    ended(host, message);
}

function ended(host: Host, message: string): void {
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

/**
 * Handles an error in code: a fault in kernel code, or an overwritten structure of the kernel, is a panic; any other
 * ProgramError is an error of the program.
 * @throws all other errors
 */
export function stopFor(host: Host, e: unknown): void {
    if (e instanceof KernelPanic) {
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
