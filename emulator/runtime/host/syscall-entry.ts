/** Going from user mode into the kernel. */
import { costId } from '../../machine/costs';
import type { Value } from '../../language/types';
import { Frame, type Mode } from '../code';
import type { Vm } from '../interpreter';
import type { NativeFunction } from '../natives/native';
import { plainCall, type KernelWork } from '../purpose';
import type { Thread, UserProcess } from '../thread';

const SYSCALL = costId('syscall');

/** What is told of a system call. */
export function workOf(vm: Vm, native: NativeFunction, args: readonly Value[]): KernelWork {
    return native.told ? { name: native.name, ...native.told(vm, args) } : plainCall(native.name);
}

/** A process makes a system call. */
export function systemCall(vm: Vm, work: KernelWork): void {
    kernelEntered(vm, work);
    vm.machine.clock.charge(SYSCALL);
    const { user } = vm.current;
    if (user && user.callsLeft > 0) {
        vm.machine.journal.edit<UserProcess>(user).callsLeft--;
    }
}

/** Kernel code begins whose end {@link Vm.kernelLeft} will tell. */
export function kernelEntered(vm: Vm, work: KernelWork): void {
    vm.guests.catchUp();
    for (const l of vm.listeners.active) {
        l.kernelEntered?.(work);
    }
}

/** Calls the function of std that is behind a native: where its caller is not kernel code, that is a system call. */
export function callCode(
    vm: Vm,
    native: NativeFunction,
    code: string,
    args: readonly Value[],
    slot: number,
    from: Mode,
): number {
    if (from === 'kernel') {
        return vm.callStd(code, args, slot);
    }
    const work = workOf(vm, native, args);
    systemCall(vm, work);
    return vm.callStd(code, args, slot, work);
}

/** A frame of kernel code that nobody has called: of what is done for a thread, or to bring the kernel up. */
export function workFrame(vm: Vm, work: KernelWork, waiter: Thread | null): Frame {
    const code = vm.std(work.name);
    const frame = new Frame(code, 'kernel', new Array<Value>(code.slots).fill(undefined), -1, null, waiter);
    frame.purpose = work;
    return frame;
}
