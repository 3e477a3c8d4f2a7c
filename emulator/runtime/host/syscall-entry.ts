/** Going from user mode into the kernel. */
import { costId } from '../../machine/costs';
import type { UserProcess } from '../thread';
import type { Vm } from '../interpreter';

const SYSCALL = costId('syscall');

/** A process makes a system call; its name is that of the native, or of the function of the standard library. */
export function systemCall(vm: Vm, name: string): void {
    kernelEntered(vm, name);
    vm.machine.clock.charge(SYSCALL);
    const { user } = vm.current;
    if (user && user.callsLeft > 0) {
        vm.machine.journal.edit<UserProcess>(user).callsLeft--;
    }
}

/** Kernel code begins whose end {@link Vm.kernelLeft} tells by the same name. */
export function kernelEntered(vm: Vm, name: string): void {
    vm.guests.catchUp();
    for (const l of vm.listeners.active) {
        l.kernelEntered?.(name);
    }
}
