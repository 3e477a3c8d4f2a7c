/** Natives of the emulated host, and what most of them need of it. */
import type { Process } from '../../kernel/fs/process';
import type { Kernel } from '../../kernel/kernel';
import type { LogLine } from '../../kernel/klog';
import type { Value } from '../../language/types';
import type { JournaledList } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { Host } from '../host/host';
import type { NativeFieldOn, NativeFunctionOn, NativeGlobalOn, NativesOn, ObjectTypeOn } from '../native-code';

/** What most natives need: the host, as the code that runs meets it. One that needs more asks for the whole host. */
export interface NativeContext {
    readonly machine: Machine;
    /** The kernel that runs. @throws ProgramError where none does */
    readonly running: Kernel;
    /** The process that makes the system call. @throws ProgramError outside of processes */
    readonly process: Process;
    /** A new list value. */
    list(items: readonly Value[]): JournaledList<Value>;
    /** A line of the kernel log; one of the level `log` is the scenario's own. */
    log(level: LogLine['level'], text: string): void;
}

export type NativeFunction<Context = Host> = NativeFunctionOn<Context>;
export type NativeField<Context = Host> = NativeFieldOn<Context>;
export type ObjectType = ObjectTypeOn<Host>;
export type NativeGlobal<Context = Host> = NativeGlobalOn<Context>;
export type Natives = NativesOn<Host>;
