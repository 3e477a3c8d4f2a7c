/** Tasks of type `lus`: `lus run` and `lus check` with VS Code's own runtime. No Node.js has to be installed. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { PROBLEM_MATCHER, TASK_TYPE } from './contributions';
import { lusBundle } from './lus-command';

const definitionSchema = z.object({
    command: z.enum(['run', 'check']),
    files: z.optional(z.array(z.string())),
    options: z.optional(z.array(z.string())),
});

export class LusTasks implements vscode.TaskProvider {
    /** @param extension the extension's folder */
    constructor(private readonly extension: vscode.Uri) {}

    /** A task for each folder of the workspace that contains scenarios: run all of them. */
    async provideTasks(): Promise<vscode.Task[]> {
        const folders = vscode.workspace.workspaceFolders ?? [];
        const found = await Promise.all(
            folders.map((folder) =>
                vscode.workspace.findFiles(new vscode.RelativePattern(folder, '**/*.lus'), undefined, 1),
            ),
        );
        return folders.flatMap((folder, i) =>
            found[i]?.length ? [this.task(folder, { type: TASK_TYPE, command: 'run', files: ['.'] })] : [],
        );
    }

    /** Completes a task of tasks.json. */
    resolveTask({ definition, scope }: vscode.Task): vscode.Task | undefined {
        return definitionSchema.safeParse(definition).success
            ? this.task(typeof scope === 'object' ? scope : vscode.TaskScope.Workspace, definition)
            : undefined;
    }

    private task(
        scope: vscode.WorkspaceFolder | vscode.TaskScope.Workspace,
        definition: vscode.TaskDefinition,
    ): vscode.Task {
        const { command, files = [], options = [] } = definitionSchema.parse(definition);
        const args = [command, ...files, ...options];
        const execution = new vscode.ProcessExecution(process.execPath, [lusBundle(this.extension), ...args], {
            env: { ELECTRON_RUN_AS_NODE: '1' },
        });
        const task = new vscode.Task(definition, scope, args.join(' '), TASK_TYPE, execution, [`$${PROBLEM_MATCHER}`]);
        task.group = vscode.TaskGroup.Test;
        return task;
    }
}
