/** How long the extension takes to load and to activate. */
import { execFileSync } from 'node:child_process';
import { inRepository, ROOT } from '../support/repository';
import { median, type Figure } from './figures';

const ROUNDS = 9;

export function activation(): Figure {
    const script = inRepository('test', 'editor', 'vscode-stand-ins', 'activate.cjs');
    const taken = Array.from({ length: ROUNDS }, () => Number(execFileSync(process.execPath, [script, ROOT])));
    return {
        name: 'activation of the extension',
        value: median(taken),
        unit: 'ms',
        goal: { at: 'most', value: 30 },
        how: `processor time, median of ${ROUNDS}; a stand-in for the editor's API that does nothing`,
    };
}
