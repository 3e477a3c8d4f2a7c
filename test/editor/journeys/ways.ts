/** Further ways through the product: stepping over the kexec, stops in kernel code, the examples. */
import assert from 'node:assert/strict';
import { lineOf, stopAt, textOf, type Traveller } from './journey';

const FILE = 'update.lus';

export function defineWays(traveller: () => Traveller): void {
    test('steps: over a line, into the reboot, out of it, and over the kexec', async () => {
        const page = await traveller().openUpdate();
        await stopAt(page, 'load');
        await page.stepOver();
        await page.waitStoppedAt(textOf('reboot'));
        await page.stepInto();
        await page.waitCallStack(/^reboot\(KEXEC\)/, /^luod/, /^scenario "a counter/);
        await page.addFunctionBreakpoint('liveupdate_reboot');
        await page.continue();
        await page.waitCallStack(/^liveupdate_reboot/, /^reboot\(KEXEC\)/);
        // the workbench ignores a step before it has focused the frame of the stop
        await page.waitStoppedAt('if !luo.enabled');
        await page.stepOut();
        await page.waitStoppedAt('if kexec.preserve_context {');
        await page.stepOut();
        await page.waitStoppedAt(textOf('after the kexec'));
        await page.stepInto();
        await page.waitStoppedAt('lu = open("/dev/liveupdate")');
        await page.waitCallStack(/^luod/);
    });

    test('kernel code that is open takes breakpoints, and F5 in it debugs the same scenario again', async () => {
        const page = await traveller().openUpdate();
        await page.clickGutter(lineOf('first line of freeze'));
        await page.start();
        await page.waitStoppedAt(textOf('entry'));
        await page.continue();
        await page.waitStoppedAt(textOf('first line of freeze'));
        await page.openFrame(/^luo_session_serialize/);
        const line = await page.lineNumberOf('entry.name = session.name');
        await page.clickGutter(line);
        await page.focusEditor();
        await page.continue();
        await page.waitStoppedAt('entry.name = session.name');
        await page.stop();
        await page.waitEnded();

        await page.start();
        await page.waitStoppedAt(textOf('entry'));
        await page.continue();
        await page.waitStoppedAt(textOf('first line of freeze'));
        await page.continue();
        await page.waitStoppedAt('entry.name = session.name');
    });

    test('Loaded Scripts has the code of the kernel in a folder with a name', async () => {
        const page = await traveller().openUpdate();
        await page.start();
        await page.waitStoppedAt(textOf('entry'));
        for (const section of ['Variables', 'Call Stack', 'Breakpoints']) {
            await page.foldSection(section);
        }
        await page.foldSection('Loaded Scripts', false);
        await page.waitRow('Loaded Scripts', /Emulated kernel$/);
    });

    test('Open Examples asks for a place, copies them there, and shows the first beside an index', async () => {
        const page = await traveller().openFolder();
        await page.page.locator('.explorer-folders-view .monaco-list-row', { hasText: FILE }).waitFor();
        const opened = page.page.context().waitForEvent('page');
        await page.command('Live Update: Open Examples');
        await page.page.locator('.quick-input-widget').getByRole('button', { name: 'Copy Examples Here' }).click();
        const other = await opened;
        await other.locator('.explorer-folders-view .monaco-list-row', { hasText: 'first-session.lus' }).waitFor();
        await other.locator('.tab', { hasText: 'first-session.lus' }).waitFor();
        await other.locator('.tab', { hasText: 'Preview README.md' }).waitFor();
        assert.equal(await other.locator('.tab').count(), 2);
        assert.ok(traveller().has('live-update-examples', 'first-session.lus'));
    });
}
