/** The settings of test windows. */

/** Of every window: no prompts, no tips, no network. */
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

/** Of windows for pictures: without what a reader of the documentation does not need. */
export const PICTURE_SETTINGS: Readonly<Record<string, unknown>> = {
    'window.commandCenter': false,
    'window.title': 'Live update',
    'workbench.layoutControl.enabled': false,
    'workbench.activityBar.location': 'hidden',
    'workbench.statusBar.visible': true,
    'debug.toolBarLocation': 'docked',
    'breadcrumbs.enabled': false,
    'editor.stickyScroll.enabled': false,
    'workbench.tree.enableStickyScroll': false,
};
