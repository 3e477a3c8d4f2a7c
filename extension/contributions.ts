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

/** The context key that is set while the extension is active, for menus of VS Code's own views. */
export const ACTIVE_KEY = 'lus.active';
/** The type of tasks, and the matcher of their problems. */
export const TASK_TYPE = 'lus';
export const PROBLEM_MATCHER = 'lus';

/** The view *Live Update* in *Run and Debug*. */
export const LIVE_UPDATE_VIEW = 'lus.liveUpdate';

/** The editor *Update Timeline*. */
export const TIMELINE_EDITOR = 'lus.timeline';

/** The editor *Physical Memory*, and the scheme of its document, which is not a file. */
export const MEMORY_EDITOR = 'lus.memory';
export const MEMORY_SCHEME = 'lus-memory';

/** The view *Exploration* beside it: what *Explore Scenario* has found. */
export const EXPLORATION_VIEW = 'lus.exploration';

export const COMMANDS = {
    run: 'lus.runScenario',
    debug: 'lus.debugScenario',
    explore: 'lus.exploreScenario',
    debugCourse: 'lus.debugCourse',
    debugRecording: 'lus.debugRecording',
    openExamples: 'lus.openExamples',
    openDocumentation: 'lus.openDocumentation',
    searchDocumentation: 'lus.searchDocumentation',
    learn: 'lus.learn',
    checkLesson: 'lus.checkLesson',
    resetLesson: 'lus.resetLesson',
    walkthrough: 'lus.walkthrough',
    compareKernels: 'lus.compareKernels',
    measureBlackout: 'lus.measureBlackout',
    writeTrace: 'lus.writeTrace',
    inspectImage: 'lus.inspectImage',
    debugImage: 'lus.debugImage',
    importRecording: 'lus.importRecording',
    explainCode: 'lus.explainCode',
    formatFiles: 'lus.formatFiles',
    openMemory: 'lus.openMemory',
    breakOnCallback: 'lus.breakOnCallback',
    stepIntoCallback: 'lus.stepIntoCallback',
    stepBackInto: 'lus.stepBackInto',
    stepBackOut: 'lus.stepBackOut',
    goToBeginning: 'lus.goToBeginning',
    goToEnd: 'lus.goToEnd',
    runBackToCursor: 'lus.runBackToCursor',
    undoChange: 'lus.undoChange',
    mark: 'lus.markThisMoment',
    goToMark: 'lus.goToMark',
    goToEvent: 'lus.goToEvent',
    goToLastChange: 'lus.goToLastChange',
    goToNextChange: 'lus.goToNextChange',
    goToCause: 'lus.goToCause',
    onlyChanges: 'lus.onlyChanges',
    allRows: 'lus.allRows',
    breakAtNextCallback: 'lus.breakAtNextCallback',
    goToHandler: 'lus.goToHandler',
    goToEventOfRow: 'lus.goToEventOfRow',
    showTimeline: 'lus.showTimeline',
    copyTimeline: 'lus.copyTimeline',
    showMemory: 'lus.showMemory',
    showMemoryOfRow: 'lus.showMemoryOfRow',
    copyMemory: 'lus.copyMemory',
} as const;

export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS];
