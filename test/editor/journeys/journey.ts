/** What every journey needs: an editor with the extension, a folder, a page; and a picture of how it ended. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Browser } from 'playwright-core';
import { inRepository } from '../../support/repository';
import { markedLine } from '../../support/markers';
import { DebugPage } from '../debug-page';
import { launchBrowser, openWorkbench, startServer, type Server, type ServerOptions } from '../server';
import { makeWorkspace } from '../workspace-folder';

const SCREENSHOTS = inRepository('.build', 'screenshots');

/** Installing an editor for the first time is part of it. */
export const SETUP_LIMIT_MS = 180_000;
export const JOURNEY_LIMIT_MS = 120_000;
/** A busy machine's workbench loses a click now and then; what is wrong in the extension fails every time. */
export const JOURNEY_RETRIES = 2;

/** One editor for the journeys of a suite; each journey gets a folder and a page of its own. */
export class Traveller {
    private server: Server | undefined;
    private browser: Browser | undefined;
    private folder: string | undefined;
    private current: DebugPage | undefined;

    /** @param prefix begins the names of the screenshots */
    constructor(
        private readonly prefix: string,
        private readonly options: ServerOptions,
    ) {}

    async arrive(): Promise<void> {
        mkdirSync(SCREENSHOTS, { recursive: true });
        this.server = await startServer(this.options);
        this.browser = await launchBrowser();
    }

    /**
     * A window on a fresh copy of the fixtures, or of another folder.
     * @param more files to write there, by their paths; there is no launch.json but one of these
     */
    async openFolder(more: Readonly<Record<string, string>> = {}, original?: string): Promise<DebugPage> {
        if (!this.server || !this.browser) {
            throw new Error('there is no editor yet');
        }
        this.folder = makeWorkspace(original);
        rmSync(path.join(this.folder, '.vscode'), { recursive: true, force: true });
        for (const [name, text] of Object.entries(more)) {
            const file = path.join(this.folder, name);
            mkdirSync(path.dirname(file), { recursive: true });
            writeFileSync(file, text);
        }
        this.current = new DebugPage(await openWorkbench(this.browser, this.server, this.folder));
        return this.current;
    }

    /** A window on a fresh copy of the fixtures in which update.lus is open. @param more as in {@link openFolder} */
    async openUpdate(more?: Readonly<Record<string, string>>): Promise<DebugPage> {
        const page = await this.openFolder(more);
        await page.openFromExplorer('update.lus', 'What the editor tests debug');
        await page.waitLanguage('Live Update Scenario');
        return page;
    }

    /** Whether the window's folder has such a file by now. */
    has(...names: readonly string[]): boolean {
        return this.folder !== undefined && existsSync(path.join(this.folder, ...names));
    }

    /** Stores a picture of the window. @returns its file */
    async photograph(name: string): Promise<string> {
        const file = path.join(SCREENSHOTS, `${this.prefix}-${name}.png`);
        await this.current?.page.screenshot({ path: file });
        return file;
    }

    /** Closes the window; a picture shows how the journey, or a try of it, ended where it failed. */
    async closeFolder(failed: string | undefined): Promise<void> {
        if (failed !== undefined) {
            await this.photograph(`FAILED ${failed.replace(/\W+/g, '-')}`);
        }
        await this.current?.page.context().close();
        this.current = undefined;
        if (this.folder !== undefined) {
            rmSync(this.folder, { recursive: true, force: true });
        }
    }

    async leave(): Promise<void> {
        await this.browser?.close();
        await this.server?.stop();
    }
}

const fixture = readFileSync(inRepository('test', 'editor', 'fixtures', 'update.lus'), 'utf8');

/** The number, counted from 1, of a marked line of update.lus. */
export function lineOf(marker: string): number {
    return markedLine(fixture, marker) + 1;
}

/** The text of a marked line of update.lus, without indentation and comment. */
export function textOf(marker: string): string {
    return (fixture.split('\n')[markedLine(fixture, marker)] ?? '').replace(/\s*\/\/#.*$/, '').trim();
}

/** Debugs update.lus, which is open, up to a marked line, in which it sets a breakpoint. */
export async function stopAt(page: DebugPage, marker: string): Promise<void> {
    await page.goToLine(lineOf(marker));
    await page.clickGutter(lineOf(marker));
    await page.start();
    await page.waitStoppedAt(textOf('entry'));
    await page.continue();
    await page.waitStoppedAt(textOf(marker));
}
