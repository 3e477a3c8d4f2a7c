/** The transition between kernels: cold boot, loading by kexec, the jump, panic. */
import { coreHeader } from '../../kernel/crash/core-header';
import { within } from '../../kernel/mm/usable-memory';
import { Err } from '../../kernel/release/errno';
import { memparse } from '../../kernel/release/parameter-values';
import { DEFAULT_KERNEL } from '../../kernel/release/descriptions';
import { parameterBuild, unknownArguments } from '../../kernel/release/unknown-parameters';
import { archNamed, X86_64, type Arch } from '../../kernel/release/arch';
import { readKernelName, readParameters } from '../../kernel/kho/boot-params';
import { coldLoad, loadCrashImage } from '../../kernel/kho/kexec-image';
import type { KernelFile } from '../../kernel/kho/segment-places';
import { loadCrashKexec, loadKexec, type KexecLoad } from '../../kernel/kexec';
import { costId } from '../../machine/costs';
import { Boot } from './boot';
import { workFrame } from './syscall-entry';
import { Frame } from '../code';
import { kernelAs, kernelWithout, resolveKernel, type BootableKernel } from './kernels';
import { dropKernel, loseKernel } from './kernel-end';
import type { Value } from '../../language/types';
import { ProgramError } from '../../language/values';
import type { Host } from './host';
import { processOf } from './scenario-process';
import { hex } from '../../text/text';
import type { KernelWork } from '../purpose';

const FIRMWARE = costId('firmware');
const JUMP = costId('jump');

const START: KernelWork = { kind: 'boot', name: 'start_kernel' };
/**
 * Resolves a kernel name of a scenario: `--kernel` replaces the default kernel, and `lus compat` replaces all.
 * @param instead the description that replaces its base
 */
export function kernelNamed(
    host: Host,
    name: string,
    how: 'boot' | 'load' = 'boot',
    instead = host.substitutes?.[how],
): BootableKernel {
    const { program } = host.declarations;
    const meant = instead === undefined ? meantBy(host, name) : kernelAs(program, name, instead);
    return resolveKernel(program, kernelWithout(meant, host.cured));
}

function meantBy(host: Host, name: string): string {
    return name === DEFAULT_KERNEL ? (host.kernelOption ?? name) : name;
}

/** The segments of a kernel, with additions to its command line. */
function fileOf(kernel: BootableKernel, cmdline: string, machine: Arch = X86_64): KernelFile {
    const { desc } = kernel;
    const commandLine = cmdline === '' ? desc.cmdline : `${desc.cmdline} ${cmdline}`;
    const arch = desc.arch ?? machine;
    return {
        name: desc.name,
        arch,
        imageSize: desc.early.image ?? arch.early.image,
        commandLine,
        initrdSize: desc.initrdSize,
    };
}

/** A kernel is booted or loaded: its unknown parameters are probably mistakes. */
function tellUnknown(host: Host, { desc }: BootableKernel, { commandLine, arch }: KernelFile): void {
    const unknown = unknownArguments(commandLine, parameterBuild(desc, (arch ?? archNamed(host.machine.arch)).name));
    if (unknown.length > 0) {
        host.tell((l) => l.parametersUnknown?.(desc, unknown, commandLine));
    }
}

/**
 * The same for a kernel that the machine is switched on with.
 * @throws ProgramError if it is built for another architecture
 */
export function bootFileOf({ machine }: Host, kernel: BootableKernel, cmdline: string): KernelFile {
    const { name, arch } = kernel.desc;
    if (arch && arch.name !== machine.arch) {
        throw new ProgramError(
            `kernel "${name}" is built for ${arch.name}, but the machine is ${machine.arch}. Change \`arch\` of the kernel or of the machine`,
        );
    }
    return fileOf(kernel, cmdline, archNamed(machine.arch));
}

/** `boot "7.2"`: the machine is switched on. Its memory contains only the segments of the boot loader. */
export function coldBoot(host: Host, name: string, cmdline: string): void {
    const { machine } = host;
    const kernel = kernelNamed(host, name, 'boot');
    const file = bootFileOf(host, kernel, cmdline);
    if (host.kernel === null && host.panicMessage !== '' && startsCapture(host, kernel, file)) {
        return;
    }
    loseKernel(host, 'power');
    machine.powerOn();
    if (machine.boots > 0) {
        machine.clock.charge(FIRMWARE);
    }
    machine.useAll();
    for (const range of machine.ram) {
        machine.memory.zero(range.start, range.size);
    }
    const at = coldLoad({ machine }, file);
    if (at === undefined) {
        throw new ProgramError(
            `kernel "${name}" does not fit into the memory of the machine. Give the machine more memory`,
        );
    }
    tellUnknown(host, kernel, file);
    startKernel(host, at);
}

/** Bytes of the memory that a capture kernel gets that the scenario has not loaded. */
const CAPTURE_MEMORY = 256 * 2 ** 20;

/**
 * A kernel that is booted after a panic with `elfcorehdr=` on its command line is a capture kernel, as if it had been
 * loaded before: the machine is not reset. Its memory begins at the address of the core header.
 * @returns false: the command line makes it an ordinary kernel, or there is no memory at this address
 */
function startsCapture(host: Host, kernel: BootableKernel, { commandLine, ...file }: KernelFile): boolean {
    const { machine } = host;
    const value = commandLine.match(/(?<=^|\s)elfcorehdr=(\S*)/)?.[1];
    if (value === undefined) {
        return false;
    }
    const { size } = machine.page;
    const headerAt = Math.floor(memparse(value).value / size) * size;
    const areas = within(machine.ram, [{ addr: headerAt, size: CAPTURE_MEMORY }]).map((r) => ({
        addr: r.start,
        size: r.size,
    }));
    const plain = { ...file, commandLine: commandLine.replace(/(?:^|\s+)elfcorehdr=\S*/, '').trim() };
    const header = coreHeader(machine, areas);
    const image =
        areas[0]?.addr === headerAt
            ? loadCrashImage(machine, plain, { areas, header, headerAt }, undefined)
            : undefined;
    if (image === undefined || image instanceof Err) {
        return false;
    }
    tellUnknown(host, kernel, plain);
    startKernel(host, image.parameters);
    return true;
}

/**
 * Loads a kernel by its name in the scenario.
 * @param how `crash`: for the panic of the running kernel
 * @returns the result of the running kernel's system call
 */
export function loadKernel(host: Host, name: string, cmdline: string, how: KexecLoad | 'crash'): undefined | Err {
    const { running } = host;
    const other = how === 'crash' ? undefined : host.injections.trials?.kernelBehind(meantBy(host, name), host.boot);
    const kernel = kernelNamed(host, name, 'load', other);
    const file = fileOf(kernel, cmdline, running.kho.env.options.arch);
    const result = how === 'crash' ? loadCrashKexec(running, file) : loadKexec(running, file, how);
    if (result === undefined) {
        tellUnknown(host, kernel, file);
    }
    return result;
}

/**
 * machine_kexec(): copies the segments to their addresses, and starts the next kernel, whose only input is memory.
 */
export function jump(host: Host): Value {
    const image = host.running.kexecImage;
    if (!image) {
        throw new ProgramError('no kernel is loaded');
    }
    const mustFail = processOf(host.interpreter.current)?.rebootMustFail ?? null;
    if (mustFail !== null) {
        host.interpreter.fail('failed-call', `${mustFail}, but it succeeds.`);
        return undefined;
    }
    host.phase('jump');
    const begin = host.machine.clock.now;
    const at = image.copyToDestinations();
    host.tell((l) => l.stage?.('machine_kexec', begin));
    dropKernel(host);
    for (const l of host.listeners.active) {
        l.jumped?.(at);
    }
    startKernel(host, at);
    return undefined;
}

/**
 * machine_kexec() of an image that returns: the memory of its segments is swapped with them, it runs, and everything is
 * swapped back. A scenario cannot say what the image does, so it does nothing.
 */
export function jumpAndReturn(host: Host): undefined {
    const image = host.running.kexecImage;
    if (image) {
        host.machine.clock.charge(JUMP);
        host.machine.clock.charge(JUMP);
        host.log('notice', `PM: back from "${image.kernel}"`);
        host.tell((l) => l.cameBack?.(image));
    }
    return undefined;
}

/** Boots the kernel with the boot parameters at `at`. The scenario waits until the boot is complete. */
export function startKernel(host: Host, at: number): void {
    const { machine } = host;
    machine.useAll();
    const params = readParameters(machine, at);
    const name = params && readKernelName(machine, params.kernel.addr);
    if (!params || name === undefined) {
        throw new ProgramError(`there is no kernel to start: no boot parameters at ${hex(at)}`);
    }
    machine.journal.edit(machine).boots = machine.boots + 1;
    host.injections.expire(host.boot);
    const state = machine.journal.edit(host.kernelState);
    const kernel = resolveKernel(host.declarations.program, name);
    host.costs.startKernel(kernel.desc.costs);
    state.booting = new Boot(host, kernel, at, params);
    state.panicMessage = '';
    host.phase('boot');
    const { interpreter } = host;
    const scenario = interpreter.scenarioThread;
    const thread = interpreter.newThread('kernel');
    scenario.waiting = { kind: 'thread', thread };
    thread.frames.push(workFrame(host, START, scenario));
    interpreter.current = thread;
    host.kernelEntered(START);
    interpreter.stepAcrossJump();
    interpreter.switchFrames();
}

/** Runs the `init` blocks of the booting kernel, the oldest ancestor's first. */
export function runInit(host: Host): undefined {
    const { inits } = resolveKernel(host.declarations.program, host.running.desc.name);
    pushFrames(
        host,
        inits.map(({ init }) => {
            const code = host.executable.initCode(init);
            const frame = Frame.of(code, 'kernel', host.interpreter.ticks);
            frame.purpose = { kind: 'init', callback: 'init', name: code.name };
            return frame;
        }),
    );
    return undefined;
}

/** Runs the `at handover` blocks of the scenario, in their order. */
export function runHandoverHooks(host: Host): undefined {
    const frames = host.handoverHooks.items.map(({ code, pc }) => {
        // the block sees the variables of the code around it
        const { scenarioThread, ticks } = host.interpreter;
        const around = scenarioThread.frames.find((f) => f.code === code);
        const frame = around ? new Frame(code, 'scenario', ticks, around.slots, -1) : Frame.of(code, 'scenario', ticks);
        frame.pc = pc;
        return frame;
    });
    pushFrames(host, frames);
    return undefined;
}

/** The first of the frames runs first. */
function pushFrames(host: Host, frames: readonly Frame[]): void {
    host.interpreter.current.frames.push(...frames.slice().reverse());
    if (frames.length > 0) {
        host.interpreter.switchFrames();
    }
}
