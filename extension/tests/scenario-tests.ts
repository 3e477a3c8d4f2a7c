/** The scenarios of the workspace in the Test Explorer. They are found by the parser; nothing runs for that. */
import * as vscode from 'vscode';
import { LineMap } from '../../emulator/language/syntax/positions';
import { LANGUAGE } from '../contributions';
import { findScenarios } from '../find-scenarios';
import { textOf } from '../scenarios';
import { detailsOf } from './coverage';
import { debugTests } from './debug-run';
import type { LastOutcomes } from './last-outcomes';
import { LusCommand } from './lus-command';
import { TestRunner, type Manner } from './test-run';

const FILES = `**/*.${LANGUAGE}`;
/** How long the typing must have paused before the tests of a file change, in milliseconds. */
const PAUSE_MS = 50;

export class ScenarioTests implements vscode.Disposable {
    private readonly controller = vscode.tests.createTestController(LANGUAGE, 'Live Update');
    private readonly subscriptions: vscode.Disposable[] = [this.controller];
    /** Files that were edited, with the timers that wait for a pause. */
    private readonly edited = new Map<string, NodeJS.Timeout>();
    private readonly runner: TestRunner;
    private found: Promise<void> | undefined;

    constructor(extension: vscode.Uri, last: LastOutcomes) {
        this.runner = new TestRunner(new LusCommand(extension), last);
        this.controller.resolveHandler = (item) => (item ? undefined : this.findAll());
        this.controller.refreshHandler = () => {
            this.found = undefined;
            return this.findAll();
        };
        const { Run, Debug, Coverage } = vscode.TestRunProfileKind;
        const profile = (kind: vscode.TestRunProfileKind, label: string, manner: Manner): vscode.TestRunProfile =>
            this.controller.createRunProfile(
                label,
                kind,
                (request) => this.run(request, (run, items) => this.runner.run(run, items, manner)),
                manner === 'once' || manner === 'with coverage',
            );
        profile(Run, 'Run', 'once');
        profile(Run, 'Run on Every Kernel', 'every kernel');
        profile(Run, 'Run with Ten Seeds', 'ten seeds');
        profile(Run, 'Explore Crashes', 'crashes');
        const covering = profile(Coverage, 'Run with Coverage of Handlers', 'with coverage');
        covering.loadDetailedCoverage = (_, file) => Promise.resolve(detailsOf(file));
        this.controller.createRunProfile('Debug', Debug, (request) => this.run(request, debugTests), true);
        const watcher = vscode.workspace.createFileSystemWatcher(FILES);
        this.subscriptions.push(
            watcher,
            watcher.onDidCreate((uri) => this.read(uri)),
            watcher.onDidChange((uri) => this.read(uri)),
            watcher.onDidDelete((uri) => this.controller.items.delete(uri.toString())),
            vscode.workspace.onDidOpenTextDocument((document) => this.show(document)),
            vscode.workspace.onDidChangeTextDocument(({ document }) => this.afterPause(document)),
        );
        for (const document of vscode.workspace.textDocuments) {
            this.show(document);
        }
        void this.findAll();
    }

    dispose(): void {
        for (const timer of this.edited.values()) {
            clearTimeout(timer);
        }
        for (const s of this.subscriptions) {
            s.dispose();
        }
    }

    private findAll(): Promise<void> {
        this.found ??= this.search();
        return this.found;
    }

    private async search(): Promise<void> {
        const files = await vscode.workspace.findFiles(FILES, '**/node_modules/**');
        await Promise.all(files.map((uri) => this.read(uri)));
    }

    private async read(uri: vscode.Uri): Promise<void> {
        try {
            this.update(uri, await textOf(uri));
        } catch {
            this.controller.items.delete(uri.toString()); // it was deleted meanwhile
        }
    }

    private show(document: vscode.TextDocument): void {
        if (document.languageId === LANGUAGE && document.uri.scheme === 'file') {
            this.update(document.uri, document.getText());
        }
    }

    private afterPause(document: vscode.TextDocument): void {
        const key = document.uri.toString();
        clearTimeout(this.edited.get(key));
        this.edited.set(
            key,
            setTimeout(() => {
                this.edited.delete(key);
                this.show(document);
            }, PAUSE_MS),
        );
    }

    /** Brings the tests of a file up to date. An item that still exists is kept, and with it its results. */
    private update(uri: vscode.Uri, text: string): void {
        const scenarios = findScenarios(uri.toString(), text);
        const id = uri.toString();
        if (scenarios.length === 0) {
            this.controller.items.delete(id);
            return;
        }
        let file = this.controller.items.get(id);
        if (!file) {
            file = this.controller.createTestItem(id, vscode.workspace.asRelativePath(uri), uri);
            this.controller.items.add(file);
        }
        const lines = new LineMap(text);
        const children = new Map<string, vscode.TestItem>();
        for (const { name, start } of scenarios) {
            const child = `${id}#${name}`;
            if (!children.has(child)) {
                const item = file.children.get(child) ?? this.controller.createTestItem(child, name, uri);
                const { line, column } = lines.position(start);
                const at = new vscode.Position(line - 1, column - 1);
                item.range = new vscode.Range(at, at);
                children.set(child, item);
            }
        }
        file.children.replace([...children.values()]);
    }

    private async run(
        request: vscode.TestRunRequest,
        runAll: (run: vscode.TestRun, items: readonly vscode.TestItem[]) => Promise<void>,
    ): Promise<void> {
        await this.findAll();
        const run = this.controller.createTestRun(request);
        await runAll(run, this.chosen(request));
    }

    /** The scenarios of a request, each once. */
    private chosen({ include, exclude }: vscode.TestRunRequest): vscode.TestItem[] {
        const excluded = new Set(exclude);
        const chosen = new Set<vscode.TestItem>();
        const visit = (item: vscode.TestItem): void => {
            if (excluded.has(item)) {
                return;
            }
            if (item.parent) {
                chosen.add(item);
            } else {
                item.children.forEach(visit);
            }
        };
        if (include) {
            include.forEach(visit);
        } else {
            this.controller.items.forEach(visit);
        }
        return [...chosen];
    }
}
