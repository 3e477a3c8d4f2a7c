/** Runs scenarios as tests: once, on every kernel, with ten seeds, or with each process killed at each place. */
import * as vscode from 'vscode';
import { DESCRIPTIONS } from '../../emulator/kernel/release/descriptions';
import { settings } from '../settings';
import { Coverage } from './coverage';
import type { LastOutcomes } from './last-outcomes';
import type { LusCommand } from './lus-command';
import { outcomesOfCompat, outcomesOfExplore, outcomesOfRun, type NamedOutcome, type Outcome } from './outcome';
import { messageOf } from './places';

/** How scenarios are run; on every kernel: each release with itself as the next kernel. */
export type Manner = 'once' | 'with coverage' | 'every kernel' | 'ten seeds' | 'crashes';

/** Scenarios of a process: a file with hundreds of them shows its first results early. */
const BATCH = 20;

/** How long the crashes of a batch are explored. */
const EXPLORING = '60s';

/** Every release, without other configurations of one, and without the series from before the merge. */
const RELEASES = [...DESCRIPTIONS.keys()].filter((name) => /^\d+\.\d+$/.test(name));

/** Scenarios of one file, by name. */
type Batch = ReadonlyMap<string, vscode.TestItem>;

/** One run of a batch, and in which circumstances. */
interface Pass {
    /** The kernel; empty if it is that of the scenarios. */
    readonly under: string;
    readonly outcomes: readonly NamedOutcome[];
}

export class TestRunner {
    constructor(
        private readonly lus: LusCommand,
        private readonly last: LastOutcomes,
    ) {}

    /** Runs scenarios, several at once, and ends the run. */
    async run(run: vscode.TestRun, items: readonly vscode.TestItem[], manner: Manner): Promise<void> {
        for (const item of items) {
            run.enqueued(item);
        }
        const coverage = new Coverage();
        await Promise.all(batchesOf(items).map((batch) => this.runBatch(run, batch, manner, coverage)));
        coverage.report(run, items[0]?.uri?.fsPath ?? '');
        run.end();
    }

    private async runBatch(run: vscode.TestRun, batch: Batch, manner: Manner, coverage: Coverage): Promise<void> {
        const begin = Date.now();
        try {
            for (const item of batch.values()) {
                run.started(item);
            }
            const passes = await this.passes(batch, manner, coverage, run.token);
            for (const [name, item] of batch) {
                this.report(run, item, passesOf(name, passes), Date.now() - begin);
            }
        } catch (e) {
            for (const item of batch.values()) {
                if (e instanceof vscode.CancellationError) {
                    run.skipped(item);
                } else {
                    run.errored(item, new vscode.TestMessage(e instanceof Error ? e.message : String(e)));
                }
            }
        }
    }

    private async passes(
        batch: Batch,
        manner: Manner,
        coverage: Coverage,
        token: vscode.CancellationToken,
    ): Promise<Pass[]> {
        const names = [...batch.keys()];
        const [item] = batch.values();
        const uri = item?.uri;
        if (!uri) {
            return [];
        }
        const chosen = names.map((name) => `--scenario=${name}`);
        const { kernel } = settings(uri);
        const replaced = kernel === '' ? [] : [`--kernel=${kernel}`];
        const run = async (...options: readonly string[]): Promise<Pass> => {
            const args = ['run', '--format=json', ...options, ...replaced, ...chosen];
            return { under: '', outcomes: outcomesOfRun(await this.lus.output(uri.fsPath, args, token), names) };
        };
        switch (manner) {
            case 'once':
                return [await run()];
            case 'with coverage':
                return [await coverage.during((option) => run(option))];
            case 'ten seeds':
                return [await run('--seeds=0..9')];
            case 'crashes': {
                const args = ['explore', '--format=json', '--profile=crashes', `--budget=${EXPLORING}`, ...replaced];
                const printed = await this.lus.output(uri.fsPath, [...args, ...chosen], token);
                return [{ under: '', outcomes: outcomesOfExplore(printed) }];
            }
            case 'every kernel':
                return await Promise.all(
                    RELEASES.map(async (release) => {
                        const args = ['compat', '--format=json', `--kernels=${release}`, ...chosen];
                        const printed = await this.lus.output(uri.fsPath, args, token);
                        return { under: release, outcomes: outcomesOfCompat(printed) };
                    }),
                );
        }
    }

    private report(
        run: vscode.TestRun,
        item: vscode.TestItem,
        outcomes: readonly { readonly under: string; readonly outcome: Outcome }[],
        ms: number,
    ): void {
        const messages: vscode.TestMessage[] = [];
        let broken = false;
        for (const { under, outcome } of outcomes) {
            const lines =
                outcome.kind === 'unsuited' ? ['not suited for this kernel', ...outcome.output] : outcome.output;
            for (const line of lines) {
                run.appendOutput(`${under === '' ? '' : `${under}: `}${line}\r\n`, undefined, item);
            }
            if ('failure' in outcome) {
                messages.push(messageOf(outcome.failure, item, under));
                broken ||= outcome.kind === 'broken';
            }
        }
        if (outcomes.every((o) => o.outcome.kind === 'unsuited')) {
            run.skipped(item);
            return;
        }
        const [first] = messages;
        if (!first) {
            run.passed(item, ms);
        } else if (broken) {
            run.errored(item, messages, ms);
        } else {
            run.failed(item, messages, ms);
        }
        if (item.uri) {
            const reason = typeof first?.message === 'string' ? first.message : '';
            this.last.set(item.uri, item.label, { passed: !first, reason });
        }
    }
}

/** The items by file, in batches. */
function batchesOf(items: readonly vscode.TestItem[]): Batch[] {
    const files = new Map<string, vscode.TestItem[]>();
    for (const item of items) {
        const key = item.uri?.toString() ?? '';
        files.set(key, [...(files.get(key) ?? []), item]);
    }
    return [...files.values()].flatMap((ofFile) =>
        Array.from(
            { length: Math.ceil(ofFile.length / BATCH) },
            (_, n) => new Map(ofFile.slice(n * BATCH, (n + 1) * BATCH).map((item) => [item.label, item])),
        ),
    );
}

function passesOf(name: string, passes: readonly Pass[]): { readonly under: string; readonly outcome: Outcome }[] {
    return passes.flatMap(({ under, outcomes }) =>
        outcomes.filter((o) => o.name === name).map(({ outcome }) => ({ under, outcome })),
    );
}
