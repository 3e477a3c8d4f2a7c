/** Runs the suite inside the extension host of a server's window, as `@vscode/test-electron` does on a desktop. */
import { z } from 'zod';
import type { Results } from '../runner/results';
import { launchBrowser, newPage, type Server } from './server';

export interface SuiteRun {
    /** Folder that the window opens. */
    readonly folder: string;
    readonly extensionDevelopmentPath: string;
    /** The suite's entry, a bundle that exports `run()`. */
    readonly extensionTestsPath: string;
    readonly limitSeconds: number;
}

/** What the suite's entry prints at its end. */
const resultSchema = z.object({ passes: z.number(), failures: z.number(), pending: z.number() });

const PAGE_CRASHED = 97;
const OUT_OF_TIME = 98;

/**
 * The results are those that the suite itself printed: when the extension host dies in mid-run, VS Code says exit
 * code 0.
 * @throws where the suite printed no result
 */
export async function runSuite(server: Server, run: SuiteRun): Promise<Results> {
    const uri = (path: string): string => `vscode-remote://${server.authority}${path}`;
    const payload = JSON.stringify([
        ['extensionDevelopmentPath', uri(run.extensionDevelopmentPath)],
        ['extensionTestsPath', uri(run.extensionTestsPath)],
    ]);
    const browser = await launchBrowser();
    try {
        const page = await newPage(browser);
        const chatter: string[] = [];
        const failed: string[] = [];
        let results: Results | undefined;
        let finish: (code: number) => void = () => {};
        const finished = new Promise<number>((resolve) => {
            finish = resolve;
        });
        await page.exposeFunction('codeAutomationLog', (_level: string, args: readonly unknown[]) => {
            const line = args.map(String).join(' ');
            const result = /^@@RESULT (\{.*\})/.exec(line)?.[1];
            if (result === undefined) {
                // The rest is the workbench talking to itself.
                if (/^ {2}(ok|again|FAIL) /.test(line)) {
                    console.log(line);
                    failed.push(...(/^ {2}FAIL (.*)$/s.exec(line)?.slice(1) ?? []));
                } else {
                    chatter.push(line);
                }
            } else {
                const { passes, failures, pending } = resultSchema.parse(JSON.parse(result));
                results = { passed: passes, failed: failures, skipped: pending, failures: failed };
            }
        });
        await page.exposeFunction('codeAutomationExit', finish);
        page.on('crash', () => finish(PAGE_CRASHED));
        const query = `folder=${encodeURIComponent(run.folder)}&payload=${encodeURIComponent(payload)}`;
        await page.goto(`${server.url}?${query}`, { waitUntil: 'domcontentloaded' });
        const timer = setTimeout(finish, run.limitSeconds * 1000, OUT_OF_TIME);
        const code = await finished;
        clearTimeout(timer);
        if (!results) {
            throw new Error(
                `the suite ended with code ${code} and without a result:\n${chatter.slice(-30).join('\n')}`,
            );
        }
        return results;
    } finally {
        await browser.close();
    }
}
