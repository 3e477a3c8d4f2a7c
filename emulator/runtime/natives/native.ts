/** Natives of the emulated host, and the part of the host that most of them need. */
import type { Process } from '../../kernel/fs/process';
import type { Kernel } from '../../kernel/kernel';
import type { LogLine } from '../../kernel/klog';
import type { Value } from '../../language/types';
import type { ListValue, RecordValue } from '../../language/collections';
import type { Machine } from '../../machine/machine';
import type { Host } from '../host/host';
import type { NativeFieldOn, NativeFunctionOn, NativeGlobalOn, NativesOn, ObjectTypeOn } from '../native-code';

/** The part of the host that most natives need. A native that needs more takes the whole host. */
export interface NativeContext {
    readonly machine: Machine;
    /** The running kernel. @throws ProgramError if there is none */
    readonly running: Kernel;
    /** The process that makes the system call. @throws ProgramError outside of processes */
    readonly process: Process;
    /** A new list value. */
    list(items: readonly Value[]): ListValue;
    /** A new record value. */
    record(fields: Iterable<readonly [string, Value]>): RecordValue;
    /** A line of the kernel log; lines of the level `log` are from `log()`. */
    log(level: LogLine['level'], text: string): void;
}

export type NativeFunction<Context = Host> = NativeFunctionOn<Context>;
export type NativeField<Context = Host> = NativeFieldOn<Context>;
export type ObjectType = ObjectTypeOn<Host>;
export type NativeGlobal<Context = Host> = NativeGlobalOn<Context>;
export type Natives = NativesOn<Host>;
