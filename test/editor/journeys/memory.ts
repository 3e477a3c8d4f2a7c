/** The editor Physical Memory, with a mouse and keys. */
import assert from 'node:assert/strict';
import { stopAt, type Traveller } from './journey';

export function defineMemory(traveller: () => Traveller): void {
    test('Physical Memory: from a row to its page, with the mouse over both kernels, and back to its last change', async () => {
        const page = await traveller().openUpdate();
        await stopAt(page, 'last');
        for (const section of ['Call Stack', 'Breakpoints', 'Loaded Scripts']) {
            await page.foldSection(section);
        }
        await page.foldSection('Live Update', false);
        await page.rowMenu('Live Update', /^0x1/, 'Show Its Pages');
        const view = page.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
        await view.locator('#m-title', { hasText: 'a counter and its memory' }).waitFor();
        await view.locator('#m-legend li', { hasText: /preserved and claimed 0 → 4 MiB/ }).waitFor();
        const chosen = view.locator('#m-page-title');
        await chosen.filter({ hasText: /^Page 0x/ }).waitFor();
        const lines = view.locator('#m-page-lines');
        await lines.filter({ hasText: /kernel 1: preserved: .*kernel 2: restored: /s }).waitFor();
        const canvas = view.locator('#m-canvas');
        const box = await canvas.boundingBox();
        assert.ok(box);
        // the end of the upper band, below the name of the node and the axis, is memory of kernel 1
        await page.page.mouse.move(box.x + box.width - 3, box.y + 60);
        const tip = view.locator('#m-tip');
        await tip.filter({ hasText: /before the kexec, kernel 1: 0x.*\n.*\nnow: .*\nkernel \d: /s }).waitFor();
        await traveller().photograph('23-physical-memory');
        const first = await chosen.textContent();
        await page.page.mouse.click(box.x + box.width - 3, box.y + 60);
        await chosen.filter({ hasNotText: String(first) }).waitFor();
        await page.page.keyboard.press('p');
        await chosen.filter({ hasText: /^Page 0x/ }).waitFor();
        await view.locator('#m-address').fill(String(first?.replace(/^Page |,.*$/g, '')));
        await page.page.keyboard.press('Enter');
        await chosen.filter({ hasText: String(first) }).waitFor();
        await view.locator('#m-follow').click();
        await view.locator('#m-follow[aria-pressed="true"]').waitFor();
        await view.locator('#m-last').click();
        await page.page.locator('.statusbar-item', { hasText: 'In the past: ' }).waitFor();
        // what was freed is not free yet
        await view
            .locator('#m-page-lines li')
            .first()
            .filter({ hasNotText: /^free$/ })
            .waitFor();
        await chosen.filter({ hasText: String(first) }).waitFor();
        await traveller().photograph('24-physical-memory-in-the-past');
    });
}
