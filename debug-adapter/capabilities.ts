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
    supportsCompletionsRequest: true,
    completionTriggerCharacters: ['.'],
    supportsValueFormattingOptions: true,
    supportsClipboardContext: true,
    supportsSetVariable: true,
    supportsSetExpression: true,
    supportsExceptionInfoRequest: true,
    supportsExceptionFilterOptions: true,
    supportsReadMemoryRequest: true,
    supportsWriteMemoryRequest: true,
    supportsLoadedSourcesRequest: true,
    supportsCancelRequest: true,
    supportsRestartRequest: true,
    supportsTerminateRequest: true,
    supportsSteppingGranularity: true,
    supportsStepInTargetsRequest: true,
    supportsStepBack: true,
    supportsRestartFrame: true,
    supportsDataBreakpoints: true,
    supportsDataBreakpointBytes: true,

    exceptionBreakpointFilters: FILTERS.map((f) => ({ ...f })),
};

/** The capabilities to turn off for sessions without a history: images, and runs without debugging. */
export const WITHOUT_PAST = {
    supportsStepBack: false,
    supportsRestartFrame: false,
    supportsDataBreakpoints: false,
    supportsDataBreakpointBytes: false,
} as const satisfies DebugProtocol.Capabilities;

/** The same for sessions with a history, which turn them on again. */
export const WITH_PAST: DebugProtocol.Capabilities = Object.fromEntries(
    Object.keys(WITHOUT_PAST).map((name) => [name, true]),
);

/** The capabilities to turn off for memory images, which cannot run or be changed. */
export const OF_IMAGES: DebugProtocol.Capabilities = {
    supportsSetVariable: false,
    supportsSetExpression: false,
    supportsWriteMemoryRequest: false,
    supportsStepInTargetsRequest: false,
};
