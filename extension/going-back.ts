/** The commands that go back in a debug session, or to any other moment of it. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { COMMANDS } from './contributions';
import { ask, sessionAtHand, step } from './session-at-hand';
import { seconds } from './machine-time';
import { eventWords } from './live-update-view';
import { pickEvent } from './pick-event';

type Command = (argument?: unknown) => Promise<unknown>;

const marksSchema = z.object({
    marks: z.array(
        z.object({ name: z.string(), time: z.number(), reachable: z.boolean(), line: z.optional(z.number()) }),
    ),
});

/** The file of an editor, as the debug adapter knows it: kernel code that was opened from a call stack has a number. */
function sourceOf(uri: vscode.Uri): object {
    const reference = uri.scheme === 'debug' ? Number(new URLSearchParams(uri.query).get('ref')) : 0;
    return reference > 0
        ? { path: uri.path, sourceReference: reference }
        : { path: uri.scheme === 'file' ? uri.fsPath : uri.toString() };
}

async function runBackToCursor(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor) {
        await ask('lus/runBackTo', { source: sourceOf(editor.document.uri), line: editor.selection.active.line + 1 });
    }
}

async function mark(argument: unknown): Promise<void> {
    const given = z.safeParse(z.object({ name: z.string() }), argument);
    const name = given.success
        ? given.data.name
        : await vscode.window.showInputBox({
              title: 'Mark This Moment',
              prompt: 'A name for this moment of the run. Empty: it gets a number.',
          });
    if (name !== undefined) {
        await ask('lus/mark', { name });
    }
}

async function goToMark(argument: unknown): Promise<void> {
    const given = z.safeParse(z.object({ name: z.string() }), argument);
    const name = given.success ? given.data.name : await pickMark('Go to Mark');
    if (name !== undefined) {
        await ask('lus/goToMark', { name });
    }
}

/** @returns the name of the mark that the user picks; undefined: none */
export async function pickMark(title: string): Promise<string | undefined> {
    const answer = marksSchema.safeParse(await ask('lus/marks'));
    if (!answer.success) {
        return undefined;
    }
    const items = answer.data.marks.map(({ name, time, reachable, line }) => ({
        label: name,
        description: `${seconds(time)}${line === undefined ? '' : `, line ${line}`}${reachable ? '' : ' (cut off by a change)'}`,
    }));
    if (items.length === 0) {
        void vscode.window.showInformationMessage('Nothing is marked yet: "Live Update: Mark This Moment" does that.');
        return undefined;
    }
    return (await vscode.window.showQuickPick(items, { title }))?.label;
}

/** @param argument a row of the view *Live Update*, of which the events are searched first */
async function goToEvent(argument?: unknown): Promise<void> {
    const session = sessionAtHand();
    const id = session && (await pickEvent(session, eventWords(argument)));
    if (id !== undefined) {
        await ask('lus/goToEvent', { id });
    }
}

export const goingBackCommands = {
    [COMMANDS.stepBackInto]: step('lus/stepBackInto'),
    [COMMANDS.stepBackOut]: step('lus/stepBackOut'),
    [COMMANDS.goToBeginning]: () => ask('lus/goToBeginning'),
    [COMMANDS.goToEnd]: () => ask('lus/goToEnd'),
    [COMMANDS.runBackToCursor]: runBackToCursor,
    [COMMANDS.undoChange]: () => ask('lus/undoChange'),
    [COMMANDS.mark]: mark,
    [COMMANDS.goToMark]: goToMark,
    [COMMANDS.goToEvent]: () => goToEvent(),
    [COMMANDS.goToEventOfRow]: goToEvent,
} as const satisfies Record<string, Command>;
