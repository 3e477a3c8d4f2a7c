/** What the adapter can do, as it tells clients. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ExceptionKind } from '../emulator/scenario/vm';

export interface Filter {
    readonly filter: ExceptionKind;
    readonly label: string;
    readonly description: string;
    readonly default: boolean;
}

export const FILTERS: readonly Filter[] = [
    { filter: 'failed-call', label: 'Failed Call', description: 'A system call fails, or succeeds, and the scenario did not announce that.', default: true },
    { filter: 'failed-assertion', label: 'Failed Assertion', description: 'An assert does not hold.', default: true },
    { filter: 'callback-error', label: 'Callback Returned an Error', description: 'A callback of a handler, FLB or file kind returns an error.', default: false },
    { filter: 'kernel-warning', label: 'Kernel Warning or Panic', description: 'The kernel warns (WARN_ON), or panics.', default: true },
    { filter: 'difference', label: 'Difference from the Recording', description: 'A step of a recording comes out otherwise than on the real kernel.', default: true },
    { filter: 'diagnosis', label: 'Diagnosis: Something Is Lost', description: 'The emulator sees that data or the machine is or will be lost, which no kernel tells.', default: true },
    { filter: 'diagnosis-warning', label: 'Diagnosis: Warning', description: 'The emulator sees a leak or another mistake, which no kernel tells.', default: false },
];

export function isFilter(name: string): name is ExceptionKind {
    return FILTERS.some((f) => f.filter === name);
}

export const CAPABILITIES: DebugProtocol.Capabilities = {
    supportsConfigurationDoneRequest: true,
    supportsFunctionBreakpoints: true,
    supportsConditionalBreakpoints: true,
    supportsHitConditionalBreakpoints: true,
    supportsLogPoints: true,
    supportsBreakpointLocationsRequest: true,
    supportsEvaluateForHovers: true,
    supportsClipboardContext: true,
    supportsSetVariable: true,
    supportsSetExpression: true,
    supportsExceptionInfoRequest: true,
    supportsReadMemoryRequest: true,
    supportsLoadedSourcesRequest: true,
    supportsRestartRequest: true,
    supportsTerminateRequest: true,
    supportsSteppingGranularity: true,
    supportsDelayedStackTraceLoading: true,
    exceptionBreakpointFilters: FILTERS.map((f) => ({ ...f })),
};
