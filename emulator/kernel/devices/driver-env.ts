/** What drivers of devices need from their kernel. */
import type { CommandLine } from '../command-line/command-line';
import type { LogLevel } from '../klog';
import type { KvmEnv } from '../kvm/vm';
import type { KernelDescription } from '../release/descriptions';

export interface DriverEnv extends KvmEnv {
    readonly desc: KernelDescription;
    readonly commandLine: CommandLine;
    /** Number of this boot of the machine, 0 for the first. */
    readonly boot: number;
    klog(level: LogLevel, text: string): void;
}
