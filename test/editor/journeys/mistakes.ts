/** What goes wrong: launch configurations that say nonsense, files with errors, scenarios that never end. */
import assert from 'node:assert/strict';
import type { DebugPage } from '../debug-page';
import type { Traveller } from './journey';

const BROKEN = `scenario "has mistakes" {
    boot "7.2"
    process luod {
        memfd_creat("ram")
        log(nowhere)
    }
}
`;

const ENDLESS = `scenario "goes on for ever" {
    boot "7.2"
    process spinner {
        n = 0
        while true { n = n + 1 }
    }
}
`;

interface Mistake {
    readonly name: string;
    /** What the launch configuration says beside type, request and name. */
    readonly says: Readonly<Record<string, unknown>>;
    /** What the editor's message must name. */
    readonly message: RegExp;
}

/** The file with errors comes first: the debug console shows the first session, also when others come. */
const MISTAKES: readonly Mistake[] = [
    { name: 'a file with errors', says: { program: 'broken.lus' }, message: /broken\.lus has 2 errors.*memfd_creat/ },
    {
        name: 'a wrong type',
        says: { program: 'update.lus', stopOnEntry: 'always' },
        message: /"stopOnEntry" must be true or false, not "always"/,
    },
    { name: 'a missing file', says: { program: 'nowhere.lus' }, message: /no scenario file .*nowhere\.lus/ },
    {
        name: 'an unknown scenario',
        says: { program: 'update.lus', scenario: 'none such' },
        message: /"none such".*"a counter and its memory"/,
    },
    { name: 'an unknown kernel', says: { program: 'update.lus', kernel: '2.4' }, message: /"2\.4".*7\.2/ },
];

const LAUNCH_JSON = JSON.stringify({
    version: '0.2.0',
    configurations: MISTAKES.map(({ name, says }) => ({ type: 'lus', request: 'launch', name, ...says })),
});

/** Starts a configuration by its name, and waits for the message that it leads to. */
async function messageOf(page: DebugPage, name: string): Promise<string> {
    await page.startConfiguration(name);
    const text = await page.dialog();
    await page.cancelDialog();
    return text;
}

export function defineMistakes(traveller: () => Traveller): void {
    test('a bad launch configuration is answered with a message that says what is wrong', async () => {
        const page = await traveller().openFolder({ '.vscode/launch.json': LAUNCH_JSON, 'broken.lus': BROKEN });
        for (const [i, { name, message }] of MISTAKES.entries()) {
            assert.match(await messageOf(page, name), message, name);
            await page.waitEnded();
            if (i === 0) {
                await page.waitConsole(/broken\.lus:5:13.*nowhere/);
                await traveller().photograph('7-a-file-with-errors');
            }
        }
    });

    test('a scenario that never ends is paused, goes on, and is stopped', async () => {
        const page = await traveller().openFolder({ 'endless.lus': ENDLESS });
        await page.openFromExplorer('endless.lus', 'goes on for ever');
        await page.waitLanguage('Live Update Scenario');
        await page.start();
        await page.waitStoppedAt('boot');
        await page.continue();
        await page.waitRunning();
        await page.pause();
        await page.waitStoppedAt('while true');
        await page.waitVariable(/^n = \d+/);
        await page.continue();
        await page.waitRunning();
        await page.stop();
        await page.waitEnded();
    });
}
