/** What users do in the workbench, with the extension as it is installed from a package. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { inRepository, ROOT } from '../../support/repository';
import { NEWEST } from '../vscode-servers';
import { defineJourneys } from './scenarios';

/** Packages the build. */
function makeVsix(): string {
    mkdirSync(inRepository('.build'), { recursive: true });
    const vsix = inRepository('.build', 'lus-debug.vsix');
    const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'package', '--', '--out', vsix], {
        cwd: ROOT,
        encoding: 'utf8',
    });
    if (status !== 0) {
        throw new Error(`no .vsix: ${stdout}${stderr}`);
    }
    return vsix;
}

defineJourneys('journeys with the installed .vsix', 'vsix', () => ({
    editor: NEWEST,
    extension: { vsix: makeVsix() },
}));
