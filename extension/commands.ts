/** The commands of the category *Live Update*. */
import * as vscode from 'vscode';
import { breakOnCallback, type CallbacksOf } from './break-on-callback';
import type { CliCommands } from './cli-commands';
import { COMMANDS, type CommandId } from './contributions';
import type { Course } from './course/course';
import { openDocumentation } from './documentation';
import { openExamples } from './examples';
import { dataChangeCommands } from './data-changes';
import { goingBackCommands } from './going-back';
import { isRecordingFile, launchConfiguration, recordingConfiguration } from './launch-configuration';
import type { LastStarted } from './last-started';
import { openMemory } from './open-memory';
import { breakAtNextCallback, goToHandler, type LiveUpdateView } from './live-update-view';
import type { MemoryEditors } from './memory-editor';
import type { TimelineEditors } from './timeline-editor';
import { pickScenario } from './pick-scenario';
import { namedScenario, targetIn } from './scenario-target';
import type { Scenario } from './scenarios';
import { searchDocumentation } from './search';
import { walk } from './walkthrough';
import { step } from './session-at-hand';

/** The debugger reads files, so an unsaved file is saved first, with a name that the user chooses. */
async function onDisk(scenario: Scenario): Promise<Scenario | undefined> {
    if (scenario.uri.scheme !== 'untitled') {
        return scenario;
    }
    const uri = await vscode.workspace.save(scenario.uri);
    return uri && { ...scenario, uri };
}

async function start(argument: unknown, options: { readonly noDebug: boolean }): Promise<boolean> {
    const chosen =
        (await namedScenario(argument)) ?? (await pickScenario(options.noDebug ? 'Run Scenario' : 'Debug Scenario'));
    const scenario = chosen && (await onDisk(chosen));
    if (!scenario) {
        return false;
    }
    const folder = vscode.workspace.getWorkspaceFolder(scenario.uri);
    return await vscode.debug.startDebugging(folder, launchConfiguration(scenario, options), options);
}

/** Debugs the recording in the argument of a menu, otherwise the one in the editor. */
async function debugRecording(argument: unknown): Promise<boolean> {
    const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
    if (!uri || !isRecordingFile(uri)) {
        void vscode.window.showWarningMessage(
            'Open a recording of a real kernel first: a .jsonl file that begins with {"boot": 0}.',
        );
        return false;
    }
    return await vscode.debug.startDebugging(
        vscode.workspace.getWorkspaceFolder(uri),
        recordingConfiguration(uri, { noDebug: false }),
    );
}

/** What commands need of the extension. */
export interface Services {
    readonly cli: CliCommands;
    /** The course; it runs lessons. */
    readonly course: Pick<Course, 'learn' | 'check' | 'reset'>;
    readonly last: LastStarted;
    readonly view: LiveUpdateView;
    readonly timeline: TimelineEditors;
    readonly memory: MemoryEditors;
    readonly callbacksOf: CallbacksOf;
}

/** Registers every command of the manifest. */
export function registerCommands(
    context: vscode.ExtensionContext,
    { cli, course, last, view, timeline, memory, callbacksOf }: Services,
): void {
    const commands: Record<CommandId, (argument?: unknown) => Promise<unknown>> = {
        [COMMANDS.run]: (argument) => start(argument, { noDebug: true }),
        [COMMANDS.debug]: (argument) => start(argument, { noDebug: false }),
        [COMMANDS.debugRecording]: (argument) => debugRecording(argument),
        [COMMANDS.openExamples]: (argument) => openExamples(context, argument),
        [COMMANDS.openDocumentation]: (argument) => openDocumentation(context.extensionUri, argument),
        [COMMANDS.searchDocumentation]: () => searchDocumentation(context.extensionUri),
        [COMMANDS.learn]: (argument) => course.learn(argument),
        [COMMANDS.checkLesson]: (argument) => course.check(argument),
        [COMMANDS.resetLesson]: (argument) => course.reset(argument),
        [COMMANDS.walkthrough]: (argument) => walk(context, argument),
        ...cli,
        [COMMANDS.openMemory]: (argument) => openMemory(argument),
        [COMMANDS.breakOnCallback]: (argument) => breakOnCallback(callbacksOf, last, argument),
        [COMMANDS.stepIntoCallback]: step('lus/stepIntoCallback'),
        ...goingBackCommands,
        ...dataChangeCommands,
        [COMMANDS.onlyChanges]: async () => view.setOnlyChanges(true),
        [COMMANDS.allRows]: async () => view.setOnlyChanges(false),
        [COMMANDS.breakAtNextCallback]: async (argument) => breakAtNextCallback(argument),
        [COMMANDS.goToHandler]: goToHandler,
        [COMMANDS.showTimeline]: (argument) => timeline.show(targetIn(argument)),
        [COMMANDS.copyTimeline]: () => timeline.copy(),
        [COMMANDS.showMemory]: (argument) => memory.show(argument),
        [COMMANDS.showMemoryOfRow]: (argument) => memory.show(argument),
        [COMMANDS.copyMemory]: () => memory.copy(),
    };
    for (const [id, command] of Object.entries(commands)) {
        context.subscriptions.push(vscode.commands.registerCommand(id, command));
    }
}
