/** The views of the extension beside those of VS Code. */
import assert from 'node:assert/strict';
import type { DebugPage } from '../debug-page';
import { lineOf, stopAt, textOf, type Traveller } from './journey';

/** The view is folded at first: the input row for a function breakpoint and five rows of Variables stay in sight. */
async function assertLeavesRoom(page: DebugPage, traveller: Traveller): Promise<void> {
    // as the workbench opens them
    await page.foldSection('Watch', false);
    assert.equal(await page.isFolded('Live Update'), true);
    await page.unfold(/^Machine/);
    const input = await page.openFunctionBreakpointInput();
    await traveller.photograph('19-room-for-the-others');
    assert.ok(await page.isInSight(input, 'Breakpoints'), 'the input row of Breakpoints is out of sight');
    const rows = await page.rowsInSight('Variables');
    assert.ok(rows.length >= 5, `in sight of Variables: ${JSON.stringify(rows)}`);
    await page.page.keyboard.press('Escape');
    await page.foldSection('Watch');
}

export function defineViews(traveller: () => Traveller): void {
    test('Live Update: sessions and the stations of their files, what has changed, and an event of a file', async () => {
        const page = await traveller().openUpdate();
        await page.page.setViewportSize({ width: 1440, height: 900 });
        for (const mark of ['first line of freeze', 'what freeze left']) {
            await page.goToLine(lineOf(mark));
            await page.clickGutter(lineOf(mark));
        }
        await page.start();
        await page.waitStoppedAt(textOf('entry'));
        await assertLeavesRoom(page, traveller());
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
        const page = await traveller().openUpdate();
        await stopAt(page, 'last');
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

    test('Update Timeline: opened by the line about the blackout; two runs, a span, SVG, and a reload', async () => {
        const settings = { 'workbench.colorTheme': 'Default High Contrast' };
        const page = await traveller().openUpdate({ '.vscode/settings.json': JSON.stringify(settings) });
        await page.start();
        await page.waitStoppedAt(textOf('entry'));
        await page.continue();
        await page.waitConsole(/blackout/);
        await page.page.locator('.repl .monaco-list-row', { hasText: 'blackout' }).locator('.source').first().click();
        const view = page.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
        const title = view.locator('#title');
        await title.filter({ hasText: 'a counter and its memory' }).waitFor();

        await view.locator('#compare').click();
        await page.pick('Another seed…');
        await page.type('1');
        await title.filter({ hasText: '↔' }).waitFor();
        await view.locator('#difference', { hasText: /above, .* below, the same/ }).waitFor();

        const canvas = view.locator('#canvas');
        const box = await canvas.boundingBox();
        assert.ok(box);
        await page.drag(box.x + box.width / 2, box.y + 60, box.x + box.width - 20, box.y + 60);
        await view.locator('#span', { hasText: / ms$/ }).waitFor();
        await view
            .locator('#parts li', { hasText: /kernel startup/ })
            .first()
            .waitFor();
        await traveller().photograph('23-two-runs-in-high-contrast');

        await view.locator('#svg').click();
        await page.waitStatus('The timeline is in the clipboard, as SVG.');
        await page.command('Developer: Reload Window');
        await title.waitFor({ state: 'detached' });
        await title.filter({ hasText: 'a counter and its memory' }).waitFor();
    });
}
