/** Kernels going down and others taking their place: cold boot, loading by kexec, the jump, panic. */
import type { Err } from '../../kernel/release/errno';
import { DEFAULT_KERNEL } from '../../kernel/release/descriptions';
import { archNamed, X86_64, type Arch } from '../../kernel/release/arch';
import { readKernelName, readParameters } from '../../kernel/kho/boot-params';
import { coldLoad, type KernelFile } from '../../kernel/kho/kexec-image';
import { loadKexec, type KexecLoad } from '../../kernel/kexec';
import { costId } from '../../machine/costs';
import { Boot } from './boot';
import { kernelEntered, workFrame } from './syscall-entry';
import { Frame } from '../code';
import { kernelAs, resolveKernel, type BootableKernel } from './kernels';
import { dropKernel, loseKernel } from './kernel-end';
import type { Value } from '../../language/types';
import { ProgramError } from '../../language/values';
import type { Vm } from '../interpreter';
import { hex } from '../../text/text';
import type { KernelWork } from '../purpose';

const FIRMWARE = costId('firmware');

const START: KernelWork = { kind: 'boot', name: 'start_kernel' };

/** The kernel that a scenario means by a name: `--kernel` takes the place of the default one, and `lus compat` gives others for all. */
export function kernelNamed(vm: Vm, name: string, how: 'boot' | 'load' = 'boot'): BootableKernel {
    const instead = vm.substitutes?.[how];
    if (instead !== undefined) {
        return resolveKernel(vm.executable, kernelAs(vm.executable, name, instead));
    }
    return resolveKernel(vm.executable, name === DEFAULT_KERNEL ? (vm.kernelOption ?? name) : name);
}

/** What is put into memory for a kernel, with additions to its command line. */
export function fileOf(kernel: BootableKernel, cmdline: string, machine: Arch = X86_64): KernelFile {
    const { desc } = kernel;
    const commandLine = cmdline === '' ? desc.cmdline : `${desc.cmdline} ${cmdline}`;
    return {
        name: desc.name,
        arch: desc.arch ?? machine,
        imageSize: desc.early.image,
        commandLine,
        initrdSize: desc.initrdSize,
    };
}

/** `boot "7.2"`: the machine is switched on. Its memory is empty but for what the boot loader puts there. */
export function coldBoot(vm: Vm, name: string, cmdline: string): void {
    const { machine } = vm;
    const kernel = kernelNamed(vm, name, 'boot');
    loseKernel(vm, 'power');
    machine.pci.powerOn();
    if (machine.boots > 0) {
        machine.clock.charge(FIRMWARE);
    }
    for (const range of machine.map) {
        machine.memory.zero(range.start, range.size);
    }
    const at = coldLoad({ machine }, fileOf(kernel, cmdline, archNamed(machine.arch)));
    if (at === undefined) {
        throw new ProgramError(`kernel "${name}" does not fit into the machine's memory: give it more`);
    }
    startKernel(vm, at);
}

/** Loads a kernel that the scenario means by a name. @returns what the system call of the running kernel does */
export function loadKernel(vm: Vm, name: string, cmdline: string, how: KexecLoad): undefined | Err {
    const { running } = vm;
    return loadKexec(running, fileOf(kernelNamed(vm, name, 'load'), cmdline, running.kho.env.options.arch), how);
}

/** machine_kexec(): the segments go to their places, and the next kernel starts with nothing but what lies in memory. */
export function jump(vm: Vm): Value {
    const image = vm.running.kexecImage;
    if (!image) {
        throw new ProgramError('no kernel is loaded');
    }
    if (vm.current.noJump !== null) {
        vm.fail('failed-call', `${vm.current.noJump}, but it succeeds.`);
        return undefined;
    }
    vm.phase('jump');
    const begin = vm.machine.clock.now;
    const at = image.copyToDestinations();
    vm.tell((l) => l.stage?.('machine_kexec', begin));
    dropKernel(vm);
    for (const l of vm.listeners.active) {
        l.jumped?.(at);
    }
    startKernel(vm, at);
    return undefined;
}

/** Boots the kernel whose boot parameters lie at `at`. The scenario waits until it is up. */
export function startKernel(vm: Vm, at: number): void {
    const { machine } = vm;
    const params = readParameters(machine, at);
    const name = params && readKernelName(machine, params.kernel.addr);
    if (!params || name === undefined) {
        throw new ProgramError(`there is no kernel to start: no boot parameters at ${hex(at)}`);
    }
    machine.journal.edit(machine).boots = machine.boots + 1;
    vm.injections.expire(vm.boot);
    const power = machine.journal.edit(vm.power);
    const kernel = resolveKernel(vm.executable, name);
    vm.costs.startKernel(kernel.desc.costs);
    power.booting = new Boot(vm, kernel, at, params);
    power.panicMessage = '';
    vm.phase('boot');
    const scenario = vm.scenarioThread;
    const thread = vm.newThread('kernel', null);
    scenario.waiting = { kind: 'thread', thread };
    thread.frames.push(workFrame(vm, START, scenario));
    vm.current = thread;
    kernelEntered(vm, START);
    vm.stepAcrossJump();
    vm.switchFrames();
}

/** Runs the `init` blocks of the kernel that comes up, the oldest ancestor's first. */
export function runInit(vm: Vm): undefined {
    const { inits } = resolveKernel(vm.executable, vm.running.desc.name);
    pushFrames(
        vm,
        inits.map(({ decl, init }) => {
            const code = vm.executable.initCode(init, decl);
            const frame = new Frame(code, 'kernel', new Array<Value>(code.slots).fill(undefined), -1);
            frame.purpose = { kind: 'init', callback: 'init', name: code.name };
            return frame;
        }),
    );
    return undefined;
}

/** Runs the `at handover` blocks of the scenario, in their order. */
export function runHandoverHooks(vm: Vm): undefined {
    const frames = vm.handoverHooks.items.map(({ code, pc }) => {
        // the block sees the variables of the code that it stands in
        const around = vm.scenarioThread.frames.find((f) => f.code === code);
        const frame = new Frame(code, 'scenario', around?.slots ?? new Array<Value>(code.slots).fill(undefined), -1);
        frame.pc = pc;
        return frame;
    });
    pushFrames(vm, frames);
    return undefined;
}

/** The first of the frames runs first. */
function pushFrames(vm: Vm, frames: readonly Frame[]): void {
    vm.current.frames.push(...frames.slice().reverse());
    if (frames.length > 0) {
        vm.switchFrames();
    }
}
