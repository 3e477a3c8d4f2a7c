/** *Explore Scenario*: runs `lus explore` with progress, and shows what it finds as a tree for the debugger. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { DEBUG_TYPE, EXPLORATION_VIEW } from './contributions';
import { namedScenario } from './scenario-target';
import { startLus } from './lus-command';
import { pickScenario } from './pick-scenario';
import type { Scenario } from './scenarios';

const whereSchema = z.object({ file: z.string(), line: z.number() });
const reportSchema = z.object({
    scenarios: z.array(
        z.object({
            complete: z.boolean(),
            branches: z.number(),
            left: z.number(),
            outcomes: z.array(
                z.object({
                    name: z.string(),
                    verdict: z.enum(['passed', 'stopped', 'violated']),
                    message: z.nullable(z.string()),
                    courses: z.number(),
                    choices: z.array(z.string()),
                }),
            ),
            violations: z.array(
                z.object({
                    message: z.string(),
                    choices: z.array(z.string()),
                    inevitable: z.nullable(
                        z.object({
                            by: z.string(),
                            where: z.nullable(whereSchema),
                            before: z.string(),
                            choice: z.string(),
                            instead: z.string(),
                        }),
                    ),
                }),
            ),
            coverage: z.array(
                z.object({
                    what: z.string(),
                    alternative: z.string(),
                    met: z.number(),
                    taken: z.number(),
                    reason: z.nullable(z.string()),
                }),
            ),
        }),
    ),
});
type Report = z.infer<typeof reportSchema>['scenarios'][number];

const progressSchema = z.object({ branches: z.number(), outcomes: z.number(), left: z.number() });

/** A row of the tree. */
interface Row {
    readonly label: string;
    readonly description?: string;
    readonly icon?: string;
    /** The choices of the course that it opens. */
    readonly choices?: readonly string[];
    /** The last choice that could avoid how this course ends. */
    readonly avoidableUntil?: string;
    /** The place that it opens. */
    readonly line?: number;
    readonly children?: readonly Row[];
}

const ICONS = { passed: 'pass', stopped: 'circle-slash', violated: 'error' } as const;

/** What there is to choose from where the scenario does not say what is tried. */
const PROFILES: readonly (vscode.QuickPickItem & { readonly args: readonly string[] })[] = [
    { label: 'Crashes', description: 'kill each process after each system call', args: ['--profile', 'crashes'] },
    { label: 'Failures', description: 'each callback and allocation fails', args: ['--profile', 'failures'] },
    { label: 'Orders', description: 'each order of processes and timers', args: ['--profile', 'orders'] },
    { label: 'Panics and Power Cuts', description: 'at each system call', args: ['--profile', 'losses'] },
    {
        label: 'Flipped Bits',
        description: 'in each field of what is handed over, on the way to the next kernel',
        args: ['--profile', 'flips'],
    },
    { label: 'Everything', description: 'all of these but flipped bits', args: ['--profile', 'all'] },
];

export class Exploring implements vscode.TreeDataProvider<Row>, vscode.Disposable {
    private readonly changed = new vscode.EventEmitter<undefined>();
    private readonly view: vscode.TreeView<Row>;
    private rows: readonly Row[] = [];
    private scenario: Scenario | undefined;

    readonly onDidChangeTreeData = this.changed.event;

    constructor(private readonly extension: vscode.Uri) {
        this.view = vscode.window.createTreeView(EXPLORATION_VIEW, { treeDataProvider: this });
    }

    /** @returns whether the tree has new contents */
    async explore(argument: unknown): Promise<boolean> {
        const scenario = (await namedScenario(argument)) ?? (await pickScenario('Explore Scenario'));
        if (!scenario) {
            return false;
        }
        if (scenario.uri.scheme !== 'file') {
            void vscode.window.showWarningMessage('This command needs a file on disk. Save the scenario first.');
            return false;
        }
        await vscode.workspace.save(scenario.uri);
        const document = await vscode.workspace.openTextDocument(scenario.uri);
        const says = /\bexplore\s*\{/.test(document.getText().slice(scenario.start, scenario.end));
        const profile = says
            ? undefined
            : await vscode.window.showQuickPick(PROFILES, { title: `Explore "${scenario.name}": What Is Tried` });
        if (!says && !profile) {
            return false;
        }
        const report = await this.run(scenario, profile?.args ?? []);
        if (report) {
            this.scenario = scenario;
            this.rows = rowsOf(report);
            this.view.message = messageOf(scenario, report);
            this.changed.fire(undefined);
            await vscode.commands.executeCommand(`${EXPLORATION_VIEW}.focus`);
        }
        return report !== undefined;
    }

    /** Cancelled, it shows what it has found so far. */
    private async run(scenario: Scenario, args: readonly string[]): Promise<Report | undefined> {
        const all = ['explore', scenario.uri.fsPath, '--scenario', scenario.name, '--format', 'json', '--progress'];
        const finished = await vscode.window.withProgress(
            {
                location: vscode.ProgressLocation.Notification,
                title: `Exploring "${scenario.name}"`,
                cancellable: true,
            },
            (progress, cancelled) =>
                startLus(this.extension, [...all, ...args], cancelled, (line) => {
                    const told = progressSchema.safeParse(parsedJson(line));
                    if (told.success) {
                        const { branches, outcomes, left } = told.data;
                        progress.report({ message: `${branches} branches, ${outcomes} outcomes, ${left} to go` });
                    }
                }),
        );
        const report = reportSchema.safeParse(parsedJson(finished.stdout));
        if (!report.success) {
            void vscode.window.showErrorMessage(finished.stderr.trim() || 'The exploration was ended.');
            return undefined;
        }
        return report.data.scenarios[0];
    }

    /** Debugs the course of a row: the run stays at its end, with the way there behind it. */
    async debug(row: unknown): Promise<boolean> {
        const chosen = this.rows.flatMap(withChildren).find((r) => r === row) ?? this.view.selection[0];
        const { scenario } = this;
        if (!chosen?.choices || !scenario) {
            return false;
        }
        return await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(scenario.uri), {
            type: DEBUG_TYPE,
            request: 'launch',
            name: `${scenario.name}: ${chosen.label}`,
            program: scenario.uri.fsPath,
            scenario: scenario.name,
            choices: chosen.choices,
            ...(chosen.avoidableUntil === undefined ? {} : { avoidableUntil: chosen.avoidableUntil }),
            stopOnEntry: false,
            stopAtEnd: 'always',
        });
    }

    getChildren(row?: Row): Row[] {
        return [...(row ? (row.children ?? []) : this.rows)];
    }

    getTreeItem(row: Row): vscode.TreeItem {
        const { label, description = '', icon, choices, line, children } = row;
        const item = new vscode.TreeItem(
            label,
            children ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None,
        );
        item.description = description;
        item.tooltip = choices ? [label, ...choices].join('\n') : label;
        if (icon !== undefined) {
            item.iconPath = new vscode.ThemeIcon(icon);
        }
        if (choices) {
            item.contextValue = 'course';
        } else if (line !== undefined && this.scenario) {
            const place = new vscode.Range(line - 1, 0, line - 1, 0);
            const options: vscode.TextDocumentShowOptions = { selection: place };
            item.command = { command: 'vscode.open', title: 'Go to Place', arguments: [this.scenario.uri, options] };
        }
        return item;
    }

    dispose(): void {
        this.view.dispose();
        this.changed.dispose();
    }
}

function withChildren(row: Row): Row[] {
    return [row, ...(row.children ?? []).flatMap(withChildren)];
}

function parsedJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function messageOf({ name }: Scenario, { complete, branches, left }: Report): string {
    return complete
        ? `"${name}": all ${branches} branches`
        : `"${name}": ${branches} branches, and ${left} courses are left`;
}

function rowsOf({ outcomes, violations, coverage }: Report): Row[] {
    const group = (label: string, children: readonly Row[]): Row[] =>
        children.length === 0 ? [] : [{ label, description: String(children.length), children }];
    return [
        ...group(
            'Violations',
            violations.map(({ message, choices, inevitable }) => ({
                label: message,
                icon: ICONS.violated,
                choices,
                ...(inevitable && {
                    avoidableUntil: inevitable.before,
                    children: [
                        {
                            label: `could be avoided until: ${inevitable.by}, by ${inevitable.instead}`,
                            description: `instead of ${inevitable.choice}`,
                            icon: 'debug-reverse-continue',
                            ...(inevitable.where ? { line: inevitable.where.line } : {}),
                        },
                    ],
                }),
            })),
        ),
        ...group(
            'Outcomes',
            outcomes.map(({ name, message, verdict, courses, choices }) => ({
                label: name === '' ? 'as the scenario says' : name,
                description: message ?? `${courses} courses`,
                icon: ICONS[verdict],
                choices,
            })),
        ),
        ...group(
            'Coverage',
            coverage.map(({ what, alternative, met, taken, reason }) => ({
                label: [what, alternative].filter((t) => t !== '').join(': '),
                description: `${taken} of ${met} places${reason === null ? '' : `, the others: ${reason}`}`,
                icon: taken === met ? 'pass' : 'circle-outline',
            })),
        ),
    ];
}
