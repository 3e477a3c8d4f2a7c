/** Kernels coming up and going down: cold boot, loading the next one, the jump, panic. */
import type { Err } from '../kernel/errno';
import type { Value } from './types';
import type { Vm } from './vm';
export class Boot { setupArch(): Value | Err { return undefined; } earlyMemory(): Value | Err { return undefined; } mmCoreInit(): Value | Err { return undefined; } khoInit(): Value | Err { return undefined; } registerHandlers(): Value | Err { return undefined; } startUserspace(): Value | Err { return undefined; } }
export function coldBoot(_vm: Vm, _n: string, _c: string): void {}
export function jump(_vm: Vm): Value { return undefined; }
export function loadKexec(_vm: Vm, _n: string, _c: string, _f: boolean): Value | Err { return undefined; }
export function unloadKexec(_vm: Vm): Value { return undefined; }
export function panic(_vm: Vm, _m: string): Value { return undefined; }
export function runHandoverHooks(_vm: Vm): Value { return undefined; }
export function runInit(_vm: Vm): Value { return undefined; }
