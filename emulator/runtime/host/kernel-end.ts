/** How a running kernel ends: at a jump, at a panic, when the machine is switched off. */
import { Seq } from '../../machine/journal';
import { WildNumber } from '../../machine/memory';
import { dropAllUsers } from './processes';
import { UserProcess } from '../thread';
import type { Value } from '../../language/types';
import { format, KernelFault, ProgramError } from '../../language/values';
import type { Vm } from '../interpreter';

/** Nothing of the running kernel is left: no process, no thread of its own. The scenario's own frames stay. */
export function dropKernel(vm: Vm): void {
    if (vm.kernel) {
        vm.guests.kernelStops(vm.kernel);
    }
    vm.machine.pci.interrupts.forget();
    dropAllUsers(vm);
    for (const t of vm.threads.slice(1)) {
        t.frames = [];
        vm.dropThread(t);
    }
    vm.handoverHooks.clear();
    vm.scheduler.end();
    const scenario = vm.scenarioThread;
    scenario.waiting = null;
    for (const frame of scenario.frames) {
        frame.slots = frame.slots.map((v) => tombstone(vm, v));
    }
    const power = vm.machine.journal.edit(vm.power);
    power.kernel = null;
    power.booting = null;
    vm.current = scenario;
    vm.switchFrames();
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

function tombstone(vm: Vm, v: Value): Value {
    if (v instanceof Seq) {
        return vm.list(v.items.map((x) => tombstone(vm, x as Value)));
    }
    if (
        typeof v !== 'object' ||
        v === null ||
        v instanceof UserProcess ||
        vm.executable.objectTypeOf(v)?.ofKernel !== true
    ) {
        return v;
    }
    return new Tombstone(format(v), vm.kernel?.display() ?? 'kernel');
}

/** The kernel panics. Where the scenario announced it, it goes on without a kernel. */
export function panic(vm: Vm, message: string): undefined {
    vm.log('emerg', `Kernel panic - not syncing: ${message}`);
    const { panicExpected, panicTolerated } = vm.power;
    if (!panicTolerated && (panicExpected === null || !message.includes(panicExpected))) {
        vm.fail('kernel-warning', `kernel panic: ${message}`);
        return undefined;
    }
    die(vm, message);
    return undefined;
}

/** `crash()`: the running kernel panics here and now, as the scenario wants it. @throws ProgramError where none runs */
export function crash(vm: Vm, message: string): undefined {
    if (!vm.kernel) {
        throw new ProgramError('no kernel runs that could crash');
    }
    vm.log('emerg', `Kernel panic - not syncing: ${message}`);
    die(vm, message);
    return undefined;
}

function die(vm: Vm, message: string): void {
    loseKernel(vm, 'panic');
    const power = vm.machine.journal.edit(vm.power);
    power.panicMessage = message;
    power.panicExpected = null;
}

/** The running kernel ends without handing anything over. */
export function loseKernel(vm: Vm, how: 'panic' | 'power'): void {
    if (vm.kernel) {
        vm.tell((l) => l.lost?.(how));
    }
    dropKernel(vm);
}

/**
 * Code has gone wrong: a fault of the kernel is its panic, and so is a structure of its own that somebody has written over; another
 * ProgramError is the program's own mistake. @throws anything else again
 */
export function stopFor(vm: Vm, e: unknown): void {
    if (e instanceof KernelFault) {
        const { target } = e;
        if (target) {
            vm.tell((l) => l.kernelFault?.(target.address, target.struct));
        }
        panic(vm, `unable to handle page fault: ${e.message}`);
    } else if (e instanceof WildNumber) {
        panic(vm, `general protection fault, probably for non-canonical address: ${e.message}`);
    } else if (e instanceof ProgramError) {
        vm.fail('failed-call', e.message);
    } else {
        throw e;
    }
}
