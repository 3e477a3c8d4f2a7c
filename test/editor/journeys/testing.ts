/**
 * The Test Explorer in the workbench: a thousand scenarios, and an edit. How long they take is printed; VS Code itself
 * collects changes of tests for 200 ms before it shows them.
 */
import type { Locator } from 'playwright-core';
import type { Traveller } from './journey';

const FILES = 50;
const PER_FILE = 20;

const scenario = (name: string): string => `scenario "${name}" {\n    boot "7.2"\n    process p { x = 1 }\n}\n`;

const fileOf = (n: number): string =>
    Array.from({ length: PER_FILE }, (_, i) => scenario(`file ${n}, scenario ${i}`)).join('\n');

/** Milliseconds until an element with a text stands in the page. @param text in the rows of the tests */
const untilShown = (text: string): string => `new Promise((resolve) => {
    const begin = performance.now();
    const look = () => [...document.querySelectorAll('.test-explorer .monaco-list-row')]
        .some((row) => row.textContent.includes(${JSON.stringify(text)}))
        ? resolve(performance.now() - begin)
        : requestAnimationFrame(look);
    look();
})`;

export function defineTesting(traveller: () => Traveller): void {
    test('Testing: a thousand scenarios are listed, and a new one appears while it is typed', async () => {
        const files = Object.fromEntries(
            Array.from({ length: FILES }, (_, n) => [`many/a${String(n).padStart(2, '0')}.lus`, fileOf(n)]),
        );
        const page = await traveller().openFolder(files);
        await page.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'update.lus' }).waitFor();
        await page.page.locator('.activitybar .action-item a[aria-label^="Testing"]').click();
        const listed = await page.page.evaluate<number>(untilShown('a00.lus'));
        await page.command('Go to File');
        await page.page.locator('.quick-input-widget input').fill('a00.lus');
        await page.pick('a00.lus');
        await page.waitLanguage('Live Update Scenario');
        const row = (text: string): Locator =>
            page.page.locator('.test-explorer .monaco-list-row', { hasText: text }).first();
        await page.until('the scenarios of a00.lus', async () => {
            if ((await row('a00.lus').getAttribute('aria-expanded')) === 'false') {
                await row('a00.lus').locator('.monaco-tl-twistie').click();
            }
            return await row('file 0, scenario 1').isVisible();
        });
        await page.focusEditor();
        await page.page.keyboard.press('Control+Home');
        const shown = page.page.evaluate<number>(untilShown('a new one'));
        await page.page.keyboard.insertText(scenario('a new one'));
        const edited = await shown;
        await traveller().photograph('40-a-thousand-scenarios');
        console.log(`a thousand scenarios after ${listed.toFixed(0)} ms, an edit after ${edited.toFixed(0)} ms`);
    });
}
