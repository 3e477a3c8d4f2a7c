/** The capabilities of the adapter. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { FILTERS } from './filters';

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
    supportsExceptionFilterOptions: true,
    supportsReadMemoryRequest: true,
    supportsLoadedSourcesRequest: true,
    supportsRestartRequest: true,
    supportsTerminateRequest: true,
    supportsSteppingGranularity: true,
    supportsStepBack: true,
    supportsRestartFrame: true,

    exceptionBreakpointFilters: FILTERS.map((f) => ({ ...f })),
};

/** The capabilities to turn off for sessions without a history: images, and runs without debugging. */
export const WITHOUT_PAST: DebugProtocol.Capabilities = { supportsStepBack: false, supportsRestartFrame: false };
