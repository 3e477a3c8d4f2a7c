/**
 * Makes the moving picture of README.md in a real editor:
 *
 *     npm run build && npm run moving-picture
 *
 * It writes test/editor/pictures/in-thirty-seconds.png, an animated PNG, which is not packed into the extension.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { inRepository } from '../support/repository';
import { animatedPng, type PictureFrame } from './animated-png';
import type { DebugPage } from './debug-page';
import { Traveller } from './journeys/journey';
import { PICTURE_SETTINGS } from './vscode-settings';
import { NEWEST } from './vscode-servers';

const FILE = inRepository('test', 'editor', 'pictures', 'in-thirty-seconds.png');
const SECONDS = 4.2;
const MAX_BYTES = 2_000_000;
const EXAMPLE = 'first-session.lus';
/** The line of the example that retrieves the session. */
const NEXT_KERNEL = 32;

/** Says at the foot of the window what it shows; in the page, beside the workbench. */
const CAPTION = (text: string): string => `(() => {
    const old = document.getElementById('caption');
    const bar = old ?? document.body.appendChild(document.createElement('div'));
    bar.id = 'caption';
    bar.textContent = ${JSON.stringify(text)};
    bar.style.cssText = 'position:fixed;left:0;right:0;bottom:22px;z-index:10000;padding:12px 24px;' +
        'font:600 20px system-ui,sans-serif;color:#ffffff;background:#1f4e79';
})()`;

async function story(page: DebugPage, show: (caption: string) => Promise<void>): Promise<void> {
    await page.openFromExplorer(EXAMPLE, 'First session');
    await page.waitLanguage('Live Update Scenario');
    await page.goToLine(17);
    await show('A live update, as a scenario: a guest’s memory goes through a kexec');
    await page.goToLine(NEXT_KERNEL);
    await page.clickGutter(NEXT_KERNEL);
    await page.goToLine(1);
    await page.start();
    await page.waitStoppedAt('boot');
    await page.addFunctionBreakpoint('memfd.freeze');
    await page.focusEditor();
    await page.continue();
    await page.waitStoppedAt('args.serialized_data == 0');
    for (const section of ['Breakpoints', 'Loaded Scripts']) {
        await page.foldSection(section);
    }
    await page.arrange({ sideBarRight: 480, panelTop: 560, variablesBottom: 400 });
    await page.waitCallStack(/memfd\.freeze/, /reboot\(KEXEC\)/);
    await show('F5: stop in freeze(), inside the reboot system call');
    await page.unfold(/^Handover/, /outgoing/i, /vm-1/, /token 0x10/, /serialized_data/);
    await page.showFirstVariables();
    await show('What the next kernel gets: sessions, files, fields, pages');
    for (const section of ['Variables', 'Call Stack']) {
        await page.foldSection(section);
    }
    await page.foldSection('Live Update', false);
    await page.waitRow('Live Update', /frozen/);
    await show('Where each file is on its way');
    await page.foldSection('Live Update');
    for (const section of ['Variables', 'Call Stack']) {
        await page.foldSection(section, false);
    }
    await page.continue();
    await page.waitStatus('kernel 2: 7.2');
    await show('Over the kexec: the next kernel has only the bytes in memory');
    await page.page.keyboard.press('Control+F9');
    await page.waitCallStack(/memfd\.freeze/);
    await show('And back, over the kexec');
    await page.page.keyboard.press('Control+B');
    await page.command('Live Update: Show Update Timeline');
    const view = page.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
    await view.locator('body[data-painted]').waitFor();
    await show('What the blackout of the guest is made of');
}

async function main(): Promise<void> {
    const traveller = new Traveller('moving', { editor: NEWEST, extension: 'built', settings: PICTURE_SETTINGS });
    await traveller.arrive();
    try {
        const page = await traveller.openFolder({}, inRepository('extension', 'examples'));
        await page.page.setViewportSize({ width: 1120, height: 720 });
        const frames: PictureFrame[] = [];
        await story(page, async (caption) => {
            await page.page.evaluate(CAPTION(caption));
            // tooltips and the flashing of what has changed
            await page.page.waitForTimeout(1500);
            frames.push({
                png: readFileSync(await traveller.photograph(String(frames.length + 1))),
                seconds: SECONDS,
            });
        });
        const picture = animatedPng(frames);
        if (picture.length > MAX_BYTES) {
            throw new Error(`the picture has ${picture.length} bytes, more than ${MAX_BYTES}`);
        }
        mkdirSync(path.dirname(FILE), { recursive: true });
        writeFileSync(FILE, picture);
        console.log(`${FILE}: ${frames.length} frames, ${picture.length} bytes`);
    } finally {
        await traveller.photograph('last');
        await traveller.closeFolder(undefined);
        await traveller.leave();
    }
}

main().catch((e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    process.exitCode = 1;
});
