/** The coverage of handlers in a run of tests, as the editor shows it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { Counts, type FileCounts } from './lcov';
import { fileOf } from './places';

/** The details of what was reported, which the editor asks for when it shows a file. */
const details = new WeakMap<vscode.FileCoverage, vscode.FileCoverageDetail[]>();

export function detailsOf(coverage: vscode.FileCoverage): vscode.FileCoverageDetail[] {
    return details.get(coverage) ?? [];
}

export class Coverage {
    private readonly counts = new Counts();

    /** Lets a command write its coverage to a file, and adds that. @param run gets the option for the command */
    async during<T>(run: (option: string) => Promise<T>): Promise<T> {
        const folder = await mkdtemp(path.join(tmpdir(), 'lus-coverage-'));
        try {
            const file = path.join(folder, 'lcov.info');
            const result = await run(`--coverage=${file}`);
            this.counts.add(await readFile(file, 'utf8'));
            return result;
        } finally {
            await rm(folder, { recursive: true, force: true });
        }
    }

    /** @param near a file on the drive of the scenarios */
    report(run: vscode.TestRun, near: string): void {
        for (const [name, counts] of this.counts.files) {
            const found = detailsIn(counts);
            const file = vscode.FileCoverage.fromDetails(fileOf(name, near), found);
            details.set(file, found);
            run.addCoverage(file);
        }
    }
}

function detailsIn({ functions, lines }: FileCounts): vscode.FileCoverageDetail[] {
    const at = (line: number): vscode.Position => new vscode.Position(line - 1, 0);
    return [
        ...[...functions].map(([name, { line, count }]) => new vscode.DeclarationCoverage(name, count, at(line))),
        ...[...lines].map(([line, count]) => new vscode.StatementCoverage(count, at(line))),
    ];
}
