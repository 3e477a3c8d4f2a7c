/** The user settings of every test window: no prompts, no tips, no network. */
export const SETTINGS: Readonly<Record<string, unknown>> = {
    'security.workspace.trust.enabled': false,
    'workbench.startupEditor': 'none',
    'workbench.tips.enabled': false,
    'workbench.welcomePage.walkthroughs.openOnInstall': false,
    'workbench.colorTheme': 'Default Dark Modern',
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'workbench.editor.enablePreview': false,
    'editor.minimap.enabled': false,
    'editor.cursorBlinking': 'solid',
    'telemetry.telemetryLevel': 'off',
    'update.mode': 'none',
    'extensions.autoUpdate': false,
    'extensions.autoCheckUpdates': false,
    'extensions.ignoreRecommendations': true,
    'chat.disableAIFeatures': true,
    'chat.commandCenter.enabled': false,
    'git.enabled': false,
    'files.simpleDialog.enable': true,
    // 'openOnDebugBreak' opens the Run view only where the reason is 'breakpoint', not for 'entry' or 'step'.
    'debug.openDebug': 'openOnSessionStart',
    // The configurations of the extension itself say when the console opens.
    'debug.internalConsoleOptions': 'neverOpen',
};
