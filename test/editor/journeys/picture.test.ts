/**
 * The pictures of the documentation: the first example, stopped in the freeze callback of the memfd handler, and the
 * flagship with its devices. With UPDATE_PICTURE=1 they are written to their places; otherwise this only goes the way
 * to them.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { inRepository } from '../../support/repository';
import { palettePng } from '../palette-png';
import { NEWEST } from '../vscode-servers';
import { PICTURE_SETTINGS } from '../vscode-settings';
import { JOURNEY_LIMIT_MS, JOURNEY_RETRIES, SETUP_LIMIT_MS, Traveller } from './journey';

const PICTURES = inRepository('extension', 'docs', 'images');
const MAX_BYTES = 90_000;
const WINDOW = { width: 1280, height: 844 };
const PARTS = { sideBarRight: 500, panelTop: 694, variablesBottom: 440 };

suite('the pictures of the documentation', function () {
    this.timeout(JOURNEY_LIMIT_MS);
    this.retries(JOURNEY_RETRIES);
    const traveller = new Traveller('picture', { editor: NEWEST, extension: 'built', settings: PICTURE_SETTINGS });

    suiteSetup(async function () {
        this.timeout(SETUP_LIMIT_MS);
        await traveller.arrive();
    });

    suiteTeardown(() => traveller.leave());

    teardown(function () {
        return traveller.closeFolder(this.currentTest?.state === 'passed' ? undefined : this.currentTest?.title);
    });

    async function keep(name: string): Promise<void> {
        const picture = palettePng(readFileSync(await traveller.photograph(name)));
        assert.ok(picture.length <= MAX_BYTES, `${picture.length} bytes`);
        if (process.env['UPDATE_PICTURE'] === '1') {
            writeFileSync(path.join(PICTURES, `${name}.png`), picture);
        }
    }

    test('the first example, stopped in freeze', async () => {
        const page = await traveller.openFolder({}, inRepository('extension', 'examples'));
        await page.page.setViewportSize(WINDOW);
        await page.openFromExplorer('first-session.lus', 'First session');
        await page.waitLanguage('Live Update Scenario');
        await page.start();
        await page.waitStoppedAt('boot');
        await page.addFunctionBreakpoint('memfd.freeze');
        await page.focusEditor();
        await page.continue();
        await page.waitStoppedAt('args.serialized_data == 0');
        await page.waitCallStack(/memfd\.freeze/, /vm-1.*1 of 1/, /reboot\(KEXEC\)/, /luod/, /scenario "a guest/);
        await page.stepOver();
        await page.waitStoppedAt('ser = at(');
        await page.stepOver();
        await page.waitStoppedAt('ser.pos = args.file.pos');
        await page.waitVariable(/^ser = /);
        for (const section of ['Breakpoints', 'Loaded Scripts']) {
            await page.foldSection(section);
        }
        await page.arrange(PARTS);
        await page.unfold(/^Handover/, /outgoing/i, /vm-1/, /token 0x10/, /serialized_data/);
        await page.showFirstVariables();
        await page.waitCallStack(/memfd\.freeze/, /scenario "a guest/);
        await keep('stopped-in-freeze');
    });

    test('the flagship, in the next kernel before any driver runs', async () => {
        // by itself: the explorer draws only the files that there is room for
        const name = 'passthrough-guest.lus';
        const page = await traveller.openFolder({
            [name]: readFileSync(inRepository('extension', 'examples', name), 'utf8'),
        });
        await page.page.setViewportSize(WINDOW);
        await page.openFromExplorer(name, 'The purpose of live update');
        await page.waitLanguage('Live Update Scenario');
        await page.start();
        await page.waitStoppedAt('boot');
        await page.addFunctionBreakpoint('iommu_core.retrieve');
        await page.focusEditor();
        await page.continue();
        await page.waitCallStack(/iommu_core\.retrieve/, /iommu_init/, /start_kernel/);
        for (const section of ['Breakpoints', 'Loaded Scripts']) {
            await page.foldSection(section);
        }
        await page.arrange(PARTS);
        await page.unfold(/^Machine/, /^devices/);
        await keep('devices-go-on');
    });
});
