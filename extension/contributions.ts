/**
 * Names that the manifest (package.json, `contributes`) and the code share. test/unit/extension/manifest.test.ts checks
 * that they agree.
 */

/** Language id of scenario files, and the type of their debug sessions. */
export const LANGUAGE = 'lus';
export const DEBUG_TYPE = 'lus';
/** The source of the language server's findings in *Problems*. */
export const DIAGNOSTIC_SOURCE = 'live update';

/** Recordings of a real kernel have VS Code's language *JSON Lines*. */
export const RECORDING_ENDING = '.jsonl';

/** The scheme of the code that ships with the emulator: `lus-std:/memfd.lus`. */
export const SHIPPED_SCHEME = 'lus-std';

/** Section of the settings; a key is `lus.` and a name of {@link Settings}. */
export const SETTINGS_SECTION = 'lus';

export const COMMANDS = {
    run: 'lus.runScenario',
    debug: 'lus.debugScenario',
    debugRecording: 'lus.debugRecording',
    openExamples: 'lus.openExamples',
    openDocumentation: 'lus.openDocumentation',
    stepBackInto: 'lus.stepBackInto',
    stepBackOut: 'lus.stepBackOut',
    goToBeginning: 'lus.goToBeginning',
    goToEnd: 'lus.goToEnd',
    runBackToCursor: 'lus.runBackToCursor',
    undoChange: 'lus.undoChange',
    mark: 'lus.markThisMoment',
    goToMark: 'lus.goToMark',
    goToEvent: 'lus.goToEvent',
} as const;

export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS];
