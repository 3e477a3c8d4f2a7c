/** Where the scenarios of the workspace are. */
import * as vscode from 'vscode';
import { LANGUAGE } from './contributions';
import { findScenarios, type FoundScenario } from './find-scenarios';

/** A scenario and the file it is in. */
export interface Scenario extends FoundScenario {
    readonly uri: vscode.Uri;
}

/** At most so many files of a workspace are searched. */
const MAX_FILES = 1000;

/** The scenarios of an open document, in their order. */
export function scenariosOf(document: vscode.TextDocument): Scenario[] {
    return findScenarios(document.uri.toString(), document.getText()).map((s) => ({ ...s, uri: document.uri }));
}

/** The scenarios of the file in the editor: none if it is of another language, or has only what others import. */
export function scenariosOfEditor(): Scenario[] {
    const document = vscode.window.activeTextEditor?.document;
    return document?.languageId === LANGUAGE ? scenariosOf(document) : [];
}

/** The scenarios of a file: as it stands in the editor where it is open, else on disk. */
export async function scenariosOfFile(uri: vscode.Uri): Promise<Scenario[]> {
    const open = vscode.workspace.textDocuments.find((d) => d.uri.toString() === uri.toString());
    if (open) {
        return scenariosOf(open);
    }
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    return findScenarios(uri.toString(), text).map((s) => ({ ...s, uri }));
}

/** All scenarios of the workspace, by file. */
export async function scenariosOfWorkspace(): Promise<Scenario[]> {
    const files = await vscode.workspace.findFiles(`**/*.${LANGUAGE}`, '**/node_modules/**', MAX_FILES);
    files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return (await Promise.all(files.map(scenariosOfFile))).flat();
}

/** The scenario that a line is in, or else the first. */
export function scenarioAt(
    scenarios: readonly Scenario[],
    document: vscode.TextDocument,
    position: vscode.Position,
): Scenario | undefined {
    const offset = document.offsetAt(position);
    return scenarios.find((s) => s.start <= offset && offset <= s.end) ?? scenarios[0];
}
