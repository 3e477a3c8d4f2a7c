/** The scenarios of the workspace. */
import * as vscode from 'vscode';
import { LANGUAGE } from './contributions';
import { findScenarios, type FoundScenario } from './find-scenarios';

/** A scenario and its file. */
export interface Scenario extends FoundScenario {
    readonly uri: vscode.Uri;
}

/** The most files of a workspace that are searched. */
const MAX_FILES = 1000;

/** The scenarios of an open document, in their order. */
export function scenariosOf(document: vscode.TextDocument): Scenario[] {
    return findScenarios(document.uri.toString(), document.getText()).map((s) => ({ ...s, uri: document.uri }));
}

/** The scenarios of the file in the editor; none if it has another language, or no scenarios. */
export function scenariosOfEditor(): Scenario[] {
    const document = vscode.window.activeTextEditor?.document;
    return document?.languageId === LANGUAGE ? scenariosOf(document) : [];
}

/** The text of a file: from the editor if it is open, otherwise from disk. */
export async function textOf(uri: vscode.Uri): Promise<string> {
    const open = vscode.workspace.textDocuments.find((d) => d.uri.toString() === uri.toString());
    return open ? open.getText() : new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

export async function scenariosOfFile(uri: vscode.Uri): Promise<Scenario[]> {
    return findScenarios(uri.toString(), await textOf(uri)).map((s) => ({ ...s, uri }));
}

/** All scenarios of the workspace, by file. */
export async function scenariosOfWorkspace(): Promise<Scenario[]> {
    const files = await vscode.workspace.findFiles(`**/*.${LANGUAGE}`, '**/node_modules/**', MAX_FILES);
    files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return (await Promise.all(files.map(scenariosOfFile))).flat();
}

/** The scenario around a position, otherwise the nearest; of two at the same distance, the one below. */

export function scenarioAt(
    scenarios: readonly Scenario[],
    document: vscode.TextDocument,
    position: vscode.Position,
): Scenario | undefined {
    const offset = document.offsetAt(position);
    const away = (s: Scenario): number => Math.max(s.start - offset, offset - s.end, 0);
    return scenarios.reduce<Scenario | undefined>((best, s) => (best && away(best) < away(s) ? best : s), undefined);
}
