/** The journeys: what users do, from opening the folder to the end of the scenario. They run on each way to install. */
import assert from 'node:assert/strict';
import type { ServerOptions } from '../server';
import { JOURNEY_LIMIT_MS, JOURNEY_RETRIES, lineOf, SETUP_LIMIT_MS, textOf, Traveller } from './journey';

const FILE = 'update.lus';

/** @param more defines journeys beside those that every way to install takes */
export function defineJourneys(
    title: string,
    prefix: string,
    options: () => ServerOptions,
    more?: (traveller: () => Traveller) => void,
): void {
    suite(title, function () {
        this.timeout(JOURNEY_LIMIT_MS);
        this.retries(JOURNEY_RETRIES);
        let traveller: Traveller;

        suiteSetup(async function () {
            this.timeout(SETUP_LIMIT_MS);
            traveller = new Traveller(prefix, options());
            await traveller.arrive();
        });

        suiteTeardown(() => traveller.leave());

        teardown(function () {
            return traveller.closeFolder(this.currentTest?.state === 'passed' ? undefined : this.currentTest?.title);
        });

        test('a breakpoint on a freeze line, F5, through the kexec to the end', async () => {
            const page = await traveller.openUpdate();
            await page.clickGutter(lineOf('first line of freeze'));
            await page.start();
            await page.waitStoppedAt(textOf('entry'));
            await page.continue();
            await page.waitStoppedAt(textOf('first line of freeze'));
            await page.waitCallStack(/counter_handler\.freeze/, /vm-1.*2 of 2/, /reboot\(KEXEC\)/);
            await page.waitStatus('kernel 1: 7.2-counter');
            await traveller.photograph('1-stopped-in-freeze');

            await page.stepOver();
            await page.waitStoppedAt(textOf('second line of freeze'));
            await page.waitVariable(/^ser\b/);
            await page.waitInlineValue('args = ');
            const folio = await page.unfold(
                /^Handover/,
                /outgoing/i,
                /vm-1/,
                /token 0x1\b/,
                /serialized_data/,
                /^folios/,
                /\[0/,
                /\[0\]/,
            );
            assert.match(folio, /0x[0-9a-f]+/i);
            await traveller.photograph('2-session-unfolded-to-a-folio');

            await page.goToLine(lineOf('last'));
            await page.clickGutter(lineOf('last'));
            await page.continue();
            await page.waitStoppedAt(textOf('last'));
            await page.waitCallStack(/luod/);
            await page.waitStatus('kernel 2: 7.2-counter');
            await traveller.photograph('3-in-the-next-kernel');
            await page.continue();
            await page.waitEnded();
        });

        test('Run Scenario from the command palette, and its result', async () => {
            const page = await traveller.openUpdate();
            await page.command('Live Update: Run Scenario');
            await page.pick('an expectation that does not hold');
            await page.waitConsole(/two pages are one/);
            await traveller.photograph('4-result-of-a-run');
            await page.waitEnded();
        });

        test('Debug Scenario picks among the scenarios of the workspace where no file is open', async () => {
            const page = await traveller.openFolder();
            await page.page.locator('.explorer-folders-view .monaco-list-row', { hasText: FILE }).waitFor();
            await page.command('Live Update: Debug Scenario');
            await page.pick('a counter and its memory');
            await page.waitStoppedAt(textOf('entry'));
        });

        test('the Debug lens above a scenario starts it', async () => {
            const page = await traveller.openUpdate();
            await page.goToLine(lineOf('entry'));
            const lens = page.editor.locator('.codelens-decoration a', { hasText: /^Debug$/ }).first();
            await lens.waitFor();
            await traveller.photograph('6-lenses');
            await lens.click();
            await page.waitStoppedAt(textOf('entry'));
        });

        test('a mistake is underlined as one types', async () => {
            const page = await traveller.openUpdate();
            await page.goToLine(lineOf('entry'));
            await page.page.keyboard.press('End');
            await page.page.keyboard.press('Enter');
            await page.page.keyboard.type('boot boot (');
            await page.editor.locator('.squiggly-error').first().waitFor();
            await traveller.photograph('5-underlined-mistake');
        });

        more?.(() => traveller);
    });
}
