/** Entry point of the extension where there are processes: on a desktop and on a server. */
import * as vscode from 'vscode';
import { register } from './activation';
import { afterActivation, type Client } from './client';
import { LANGUAGE, TASK_TYPE } from './contributions';
import { cliCommands } from './cli-commands';
import { folderToShow } from './copies';
import { Course, LessonLenses } from './course/course';
import { AdapterFactory } from './debug-adapter';
import { showFirstExample } from './examples';
import { Exploring } from './exploring';
import { offerLusInTerminals } from './lus-in-terminals';
import { LusCommand } from './tests/lus-command';
import { LastOutcomes } from './tests/last-outcomes';
import { ScenarioTests } from './tests/scenario-tests';
import { LusTasks } from './tasks';
import { timelineRunsOf } from './timeline-runs';

let client: Promise<Client> | undefined;

export function activate(context: vscode.ExtensionContext): void {
    const { extensionUri } = context;
    const outcomes = new LastOutcomes();
    const course = new Course(context);
    const exploring = new Exploring(extensionUri);
    client = afterActivation(async () => (await import('./process-client')).processClient(extensionUri));
    register(context, {
        client,
        adapters: new AdapterFactory(extensionUri),
        cli: cliCommands(extensionUri, exploring),
        course,
        outcomes,
        timelineRuns: timelineRunsOf(new LusCommand(extensionUri)),
    });
    context.subscriptions.push(
        course,
        exploring,
        new ScenarioTests(extensionUri, outcomes),
        vscode.languages.registerCodeLensProvider({ language: LANGUAGE }, new LessonLenses(course)),
        vscode.tasks.registerTaskProvider(TASK_TYPE, new LusTasks(extensionUri)),
    );
    void showCopies(context, course);
    offerLusInTerminals(context).catch((e: unknown) => {
        console.error('Live Update: the command lus is not in the terminal', e);
    });
}

/** In the window of a folder that was just copied, opens its first example or lesson. */
async function showCopies(context: vscode.ExtensionContext, course: Course): Promise<void> {
    const folder = await folderToShow(context);
    if (folder) {
        await showFirstExample(folder);
        await course.showIn(folder);
    }
}

export async function deactivate(): Promise<void> {
    await (await client)?.stop();
}
