/**
 * A kernel of a release on a machine of its own, as it is once its subsystems are there, for tests of what it decides
 * by itself.
 */
import assert from 'node:assert/strict';
import { spawn } from '../../emulator/kernel/fs/process';
import { readCommandLine } from '../../emulator/kernel/command-line/command-line';
import { Kernel } from '../../emulator/kernel/kernel';
import { DEFAULT_KERNEL, DESCRIPTIONS } from '../../emulator/kernel/release/descriptions';
import type { IommuVendor } from '../../emulator/machine/iommu/unit';
import type { Value } from '../../emulator/language/types';
import { JournaledList } from '../../emulator/machine/journal';
import type { NativeContext } from '../../emulator/runtime/natives/native';
import { type Host, makeHost, MiB } from './kho-host';

export interface BareKernel {
    readonly kernel: Kernel;
    readonly host: Host;
    /** What natives are given that a process calls. */
    readonly context: NativeContext;
}

export interface BareKernelOptions {
    /** A release, by its description. */
    readonly release?: string;
    /** What the command line adds. */
    readonly cmdline?: string;
    /** Bytes of memory. */
    readonly memory?: number;
    /** None where it is left out. */
    readonly iommu?: IommuVendor;
}

export function bareKernel({
    release = DEFAULT_KERNEL,
    cmdline = '',
    memory = 64 * MiB,
    iommu,
}: BareKernelOptions = {}): BareKernel {
    const description = DESCRIPTIONS.get(release);
    if (!description) {
        throw new RangeError(`there is no kernel ${release}`);
    }
    const host = makeHost({ scratchEnd: 0, iommu }, [{ start: 0, size: memory, node: 0 }]);
    const { machine, env, kho } = host;
    assert.equal(kho.createOutgoing(), 0);
    const kernel = new Kernel(
        machine,
        description,
        readCommandLine(`${description.cmdline} ${cmdline}`, {
            arch: 'x86-64',
            page: machine.page,
            kexecHandover: true,
            scratchParameter: description.kho.scratchParameter,
            zeroScratchSizes: description.kho.zeroScratchSizes,
        }),
        0,
        env.memmap,
        env.allocator,
        kho,
        env,
    );
    const context: NativeContext = {
        machine,
        running: kernel,
        process: spawn(kernel, 'a'),
        list: (items) => new JournaledList<Value>(machine.journal, items),
        log: (level, text) => env.log.log(level === 'log' ? 'info' : level, text),
    };
    return { kernel, host, context };
}
