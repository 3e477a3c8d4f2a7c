/**
 * Runs the suite in a desktop VS Code, for machines that have one or can download it:
 *
 *     npm run editor:desktop                          the newest VS Code, downloaded
 *     npm run editor:desktop -- 1.100.3               that version, downloaded
 *     npm run editor:desktop -- /usr/share/code/code  an executable of yours
 */
import { existsSync, rmSync } from 'node:fs';
import { runTests } from '@vscode/test-electron';
import { ROOT } from '../support/repository';
import { buildSuite, makeWorkspace } from './workspace-folder';

async function main(): Promise<void> {
    const [which] = process.argv.slice(2);
    const folder = makeWorkspace();
    try {
        const editor =
            which === undefined ? {} : existsSync(which) ? { vscodeExecutablePath: which } : { version: which };
        await runTests({
            ...editor,
            extensionDevelopmentPath: ROOT,
            extensionTestsPath: await buildSuite(),
            launchArgs: [
                folder,
                '--disable-extensions',
                '--disable-workspace-trust',
                '--skip-welcome',
                '--skip-release-notes',
            ],
        });
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

main().catch((e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    process.exitCode = 1;
});
