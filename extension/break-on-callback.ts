/** *Break on Callback…*: function breakpoints on callbacks, from a list of handlers, FLBs and file kinds. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { LANGUAGE } from './contributions';
import type { LastStarted } from './last-started';
import { pickScenario } from './pick-scenario';

const ownersSchema = z.array(
    z.object({
        name: z.string(),
        kind: z.enum(['handler', 'flb', 'file']),
        own: z.boolean(),
        callbacks: z.array(z.string()),
    }),
);

type Owner = z.infer<typeof ownersSchema>[number];

/** For callers other than the user: the names of function breakpoints to add. */
const argumentSchema = z.object({ names: z.array(z.string()) });

const KINDS: Readonly<Record<Owner['kind'], string>> = { handler: 'handler', flb: 'FLB', file: 'file kind' };

/** The callbacks of a program, by the URI of its file. */
export type CallbacksOf = (uri: string) => Promise<unknown>;

/** A row with the name of a function breakpoint, or the title above rows. */
interface Row extends vscode.QuickPickItem {
    readonly name: string;
}

function functionBreakpoints(): vscode.FunctionBreakpoint[] {
    return vscode.debug.breakpoints.filter((b) => b instanceof vscode.FunctionBreakpoint);
}

/** The callbacks of all owners first, then those of each. */
function rowsOf(owners: readonly Owner[]): Row[] {
    const there = new Set(functionBreakpoints().map((b) => b.functionName));
    const row = (name: string, description: string): Row => ({
        name,
        label: name,
        description,
        picked: there.has(name),
    });
    const title = (label: string): Row => ({ name: '', label, kind: vscode.QuickPickItemKind.Separator });
    const all = [...new Set(owners.filter((o) => o.kind !== 'file').flatMap((o) => o.callbacks))];
    return [
        ...owners.flatMap(({ name, kind, own, callbacks }) => [
            title(`${KINDS[kind]} ${name}${own ? '' : ', kernel'}`),
            ...callbacks.map((callback) => row(`${name}.${callback}`, '')),
            row(`${name}.*`, 'each of its callbacks'),
        ]),
        title('all handlers and FLBs'),
        ...all.map((callback) => row(`*.${callback}`, '')),
    ];
}

/** The file of the program: that in the editor, otherwise that of the session, otherwise one that the user picks. */
async function programAtHand(last: LastStarted): Promise<string | undefined> {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.languageId === LANGUAGE && document.uri.scheme !== 'debug') {
        return document.uri.toString();
    }
    return ((await last.scenario()) ?? (await pickScenario('Break on Callback')))?.uri.toString();
}

function add(names: readonly string[]): void {
    const there = new Set(functionBreakpoints().map((b) => b.functionName));
    vscode.debug.addBreakpoints(names.filter((n) => !there.has(n)).map((n) => new vscode.FunctionBreakpoint(n)));
}

/** Adds the breakpoints that the user selects, and removes those that the user deselects. */
export async function breakOnCallback(
    callbacksOf: CallbacksOf,
    last: LastStarted,
    argument: unknown,
): Promise<boolean> {
    const given = argumentSchema.safeParse(argument);
    if (given.success) {
        add(given.data.names);
        return true;
    }
    const uri = await programAtHand(last);
    if (uri === undefined) {
        return false;
    }
    const rows = rowsOf(ownersSchema.parse(await callbacksOf(uri)));
    const picked = await vscode.window.showQuickPick(rows, {
        title: 'Break on Callback',
        placeHolder: 'Select the callbacks at which the run stops',
        canPickMany: true,
        matchOnDescription: true,
    });
    if (!picked) {
        return false;
    }
    const names = new Set(picked.map((r) => r.name));
    const offered = new Set(rows.map((r) => r.name));
    vscode.debug.removeBreakpoints(
        functionBreakpoints().filter((b) => offered.has(b.functionName) && !names.has(b.functionName)),
    );
    add([...names]);
    return true;
}
