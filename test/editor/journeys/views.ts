/** The views of the extension beside those of VS Code. */
import { lineOf, textOf, type Traveller } from './journey';

const FILE = 'update.lus';

export function defineViews(traveller: () => Traveller): void {
    test('Live Update: sessions and the stations of their files, what has changed, and an event of a file', async () => {
        const page = await traveller().openFolder();
        await page.openFromExplorer(FILE, 'What the editor tests debug');
        await page.waitLanguage('Live Update Scenario');
        for (const mark of ['first line of freeze', 'what freeze left']) {
            await page.goToLine(lineOf(mark));
            await page.clickGutter(lineOf(mark));
        }
        await page.start();
        await page.waitStoppedAt(textOf('entry'));
        for (const section of ['Call Stack', 'Breakpoints', 'Loaded Scripts']) {
            await page.foldSection(section);
        }
        await page.foldSection('Live Update', false);
        await page.continue();
        await page.waitStoppedAt(textOf('first line of freeze'));
        await page.waitRow('Live Update', /^0x2 \/dev\/counter0\s*preserved · ▸ frozen$/);
        await traveller().photograph('20-live-update-in-freeze');
        await page.continue();
        await page.waitStoppedAt(textOf('what freeze left'));
        await page.waitRow('Live Update', /preserved · frozen → ▸ retrieved · finished\?$/);
        await traveller().photograph('21-live-update-after-the-kexec');
        await page.rowMenu('Live Update', /^0x2/, 'Go to When This Happened');
        await page.page
            .locator('.quick-input-list .monaco-list-row', { hasText: 'counter_handler.freeze' })
            .first()
            .click();
        await page.waitStoppedAt('luo_file.handler.freeze(args)');
    });

    test('Update Timeline: the run on lanes, and a click that goes back', async () => {
        const page = await traveller().openFolder();
        await page.openFromExplorer(FILE, 'What the editor tests debug');
        await page.waitLanguage('Live Update Scenario');
        await page.goToLine(lineOf('last'));
        await page.clickGutter(lineOf('last'));
        await page.start();
        await page.waitStoppedAt(textOf('entry'));
        await page.continue();
        await page.waitStoppedAt(textOf('last'));
        await page.command('Live Update: Show Update Timeline');
        const view = page.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
        await view.locator('#title', { hasText: 'a counter and its memory' }).waitFor();
        await view.locator('summary').click();
        const freeze = view.locator('li button', { hasText: 'counter_handler.freeze' });
        await freeze.waitFor();
        await traveller().photograph('22-update-timeline');
        await freeze.click();
        await page.waitStoppedAt('luo_file.handler.freeze(args)');
    });
}
