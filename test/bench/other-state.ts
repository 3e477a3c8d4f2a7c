/** Another state of this repository, built beside it for as long as it is compared. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { inRepository, ROOT } from '../support/repository';

function run(folder: string, program: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) {
        throw new Error(`${program} ${args.join(' ')} failed: ${stderr.trim() || stdout.trim()}`);
    }
    return stdout.trim();
}

export interface State {
    /** Where it lies, built. */
    readonly folder: string;
    /** Its commit, and what that says of itself. */
    readonly title: string;
}

export const THIS_STATE: State = { folder: ROOT, title: 'this checkout' };

/**
 * Checks out a revision into a temporary folder that is gone when this process ends, and builds it there with the
 * packages of this checkout.
 * @throws Error where there is no such revision, or it cannot be built
 */
export function otherState(revision: string): State {
    const title = run(ROOT, 'git', 'log', '-1', '--format=%h %s', revision, '--');
    const folder = path.join(mkdtempSync(path.join(tmpdir(), 'lus-against-')), 'state');
    process.once('exit', () => {
        spawnSync('git', ['worktree', 'remove', '--force', folder], { cwd: ROOT });
        rmSync(path.dirname(folder), { recursive: true, force: true });
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => process.exit(1));
    }
    run(ROOT, 'git', 'worktree', 'add', '--detach', folder, revision);
    symlinkSync(realpathSync(inRepository('node_modules')), path.join(folder, 'node_modules'));
    run(folder, 'npm', 'run', '--silent', 'build');
    return { folder, title };
}

/** Whether a state names other packages than this one: it is built with this one's all the same. */
export function hasOtherPackages({ folder }: State): boolean {
    const lock = (of: string): string => readFileSync(path.join(of, 'package-lock.json'), 'utf8');
    return lock(folder) !== lock(ROOT);
}
