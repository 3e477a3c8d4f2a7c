/** What a user does and sees while debugging, in terms of the workbench's page. */
import { errors, type Locator, type Page } from 'playwright-core';

const WAIT_MS = 30_000;
const POLL_MS = 100;
/** A line that has not moved for so many polls stands. */
const STEADY_POLLS = 4;
/** A click that has had no effect for so long had none. */
const CLICK_MS = 3_000;

/** So many rounds of scrolling reach the end of every tree that a test unfolds. */
const MAX_SCROLLS = 60;
const SCROLL_PIXELS = 88;

/** Runs in the page, in one go: the editor redraws its lines at any time. */
const STOPPED_LINES = `(() => {
    const editor = document.querySelector('.editor-instance .monaco-editor');
    const top = element => element.getBoundingClientRect().top;
    const marks = [...editor?.querySelectorAll('.debug-top-stack-frame-line, .debug-focused-stack-frame-line') ?? []].map(top);
    return [...editor?.querySelectorAll('.view-line') ?? []]
        .filter(line => marks.some(mark => Math.abs(top(line) - mark) < 3))
        .map(line => line.textContent ?? '');
})()`;

function squeeze(text: string): string {
    return text.replace(/\s+/g, ' ').trim();
}

export class DebugPage {
    readonly editor: Locator;
    private readonly variablesPane: Locator;

    constructor(readonly page: Page) {
        this.editor = page.locator('.editor-instance .monaco-editor').first();
        this.variablesPane = page.locator('.debug-variables');
    }

    /** Polls until `probe` holds. `describe` says in the error message what was there instead. */
    async until(what: string, probe: () => Promise<boolean>, describe: () => string = () => ''): Promise<void> {
        for (const end = Date.now() + WAIT_MS; !(await probe()); ) {
            if (Date.now() > end) {
                throw new Error(`waited in vain for ${what}; ${describe()}`);
            }
            await this.page.waitForTimeout(POLL_MS);
        }
    }

    async openFromExplorer(name: string, textInIt: string): Promise<void> {
        await this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).dblclick();
        await this.editor.locator('.view-line', { hasText: textInIt }).first().waitFor();
    }

    /** Waits until the status bar names the language of the editor. */
    async waitLanguage(name: string): Promise<void> {
        await this.page.locator('.statusbar-item', { hasText: name }).first().waitFor();
    }

    /** Waits until the status bar shows the state of the run. */
    async waitStatus(text: string): Promise<void> {
        await this.page.locator('.statusbar-item', { hasText: text }).first().waitFor();
    }

    /** Waits until the editor shows a value beside the code. */
    async waitInlineValue(text: string): Promise<void> {
        await this.editor.locator('.view-line', { hasText: text }).first().waitFor();
    }

    /** Runs a command from the palette. A new window has to read the commands of extensions first. */
    async command(title: string): Promise<void> {
        await this.fromPalette('>', title);
    }

    /** Chooses a row of the quick pick that is open. */
    async pick(label: string): Promise<void> {
        await this.page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first().click();
    }

    /** Answers the input box that is open. */
    async type(text: string): Promise<void> {
        await this.page.locator('.quick-input-widget input').fill(text);
        await this.page.keyboard.press('Enter');
    }

    /** Starts a configuration of launch.json. A new window has to read that first: until then the list is empty. */
    async startConfiguration(name: string): Promise<void> {
        await this.fromPalette('debug ', name);
    }

    private async fromPalette(prefix: string, name: string): Promise<void> {
        const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first();
        const input = this.page.locator('.quick-input-widget input');
        await this.until(`${name} in the palette`, async () => {
            try {
                // a stop takes the focus, and that closes the palette
                if (!(await input.isVisible())) {
                    await this.page.keyboard.press('F1');
                    await input.waitFor({ timeout: CLICK_MS });
                }
                await input.fill(prefix, { timeout: CLICK_MS });
                await input.fill(`${prefix}${name}`, { timeout: CLICK_MS });
                await this.page.waitForTimeout(POLL_MS);
                if (!(await row.isVisible())) {
                    return false;
                }
                await row.click({ timeout: CLICK_MS });
                return true;
            } catch (error) {
                if (error instanceof errors.TimeoutError) {
                    return false;
                }
                throw error;
            }
        });
    }

    private get dialogBox(): Locator {
        return this.page.locator('.monaco-dialog-box');
    }

    /** The text of the message box that comes. */
    async dialog(): Promise<string> {
        return squeeze(await this.dialogBox.locator('.dialog-message-container').innerText());
    }

    async cancelDialog(): Promise<void> {
        await this.dialogBox.getByRole('button', { name: 'Cancel' }).click();
        await this.dialogBox.waitFor({ state: 'hidden' });
    }

    async focusEditor(): Promise<void> {
        await this.page.keyboard.press('Control+1');
    }

    /** Scrolls the editor to a line, counted from 1, and puts the cursor there. */
    async goToLine(line: number): Promise<void> {
        await this.page.keyboard.press('Control+G');
        const input = this.page.locator('.quick-input-widget input');
        await input.waitFor();
        await input.fill(`:${line}`);
        await this.page.keyboard.press('Enter');
        await this.lineNumber(line).waitFor();
    }

    private lineNumber(line: number): Locator {
        return this.editor.locator('.margin-view-overlays .line-numbers', { hasText: new RegExp(`^${line}$`) });
    }

    /**
     * Hovers over the margin beside a line until the workbench hints at a breakpoint there. Before that the extension's
     * contributions are not live: clicks into the margin and F5 would be lost.
     */
    private async hoverGutter(number: Locator): Promise<{ readonly x: number; readonly y: number }> {
        const hints = this.editor.locator('.codicon-debug-hint, .codicon-debug-breakpoint');
        let x = 0;
        let y = 0;
        let nudge = 0;
        // Lines may still move: the editor scrolls smoothly, and lenses come when they are known.
        let [steady, stood] = [0, -1];
        await this.until('the breakpoint hint', async () => {
            const box = await number.boundingBox();
            const margin = await this.editor.locator('.margin[role=presentation]').boundingBox();
            if (!box || !margin) {
                return false;
            }
            nudge = 1 - nudge;
            steady = box.y === stood ? steady + 1 : 0;
            stood = box.y;
            x = margin.x + 10 + nudge;
            y = box.y + box.height / 2;
            await this.page.mouse.move(x, y);
            const boxes = await Promise.all((await hints.all()).map((hint) => hint.boundingBox()));
            return (
                steady >= STEADY_POLLS &&
                boxes.some((hint) => hint && Math.abs(hint.y + hint.height / 2 - y) < 5) &&
                (await number.boundingBox())?.y === box.y
            );
        });
        return { x, y };
    }

    /** Sets or clears a breakpoint by a click into the margin. */
    async clickGutter(line: number): Promise<void> {
        const breakpoints = this.editor.locator('.codicon-debug-breakpoint');
        const before = await breakpoints.count();
        const { x, y } = await this.hoverGutter(this.lineNumber(line));
        await this.page.mouse.click(x, y);
        await this.until('the breakpoint', async () => (await breakpoints.count()) !== before);
    }

    /** Starts debugging the file in the editor, which shows a breakpoint or its second line. */
    async start(): Promise<void> {
        if ((await this.editor.locator('.codicon-debug-breakpoint').count()) === 0) {
            // not the first line: a scenario there has the mark of a test in the margin, and no hint
            await this.hoverGutter(this.lineNumber(2));
        }
        await this.focusEditor();
        await this.page.keyboard.press('F5');
    }

    /**
     * Waits until the program is stopped with this text in the line that the editor marks, and its scopes are there.
     */
    async waitStoppedAt(text: string): Promise<void> {
        await this.editor.locator('.debug-top-stack-frame-line, .debug-focused-stack-frame-line').first().waitFor();
        let seen: string[] = [];
        await this.until(
            `a stop at ${text}`,
            async () => {
                seen = await this.stoppedLines();
                return seen.some((line) => line.includes(text));
            },
            () => JSON.stringify(seen),
        );
        if (!(await this.variablesPane.isVisible())) {
            await this.page.keyboard.press('Control+Shift+D');
        }
        await this.variablesPane.locator('.monaco-list-row[aria-level="1"]').first().waitFor();
        await this.foldSection('Watch');
    }

    private headerOf(section: string): Locator {
        return this.page.locator(`.pane-header[aria-label^="${section}"]`).first();
    }

    async isFolded(section: string): Promise<boolean> {
        return (await this.headerOf(section).getAttribute('aria-expanded')) === 'false';
    }

    /** Whether all of an element is in the part of a section that the window shows. */
    async isInSight(element: Locator, section: string): Promise<boolean> {
        const body = await this.page.locator(`.pane:has(> .pane-header[aria-label^="${section}"])`).boundingBox();
        const box = await element.boundingBox();
        const height = this.page.viewportSize()?.height ?? 0;
        return (
            body !== null &&
            box !== null &&
            box.y >= body.y &&
            box.y + box.height <= Math.min(body.y + body.height, height)
        );
    }

    async rowsInSight(section: string): Promise<string[]> {
        const seen: string[] = [];
        for (const row of await this.rowsOf(section).all()) {
            if (await this.isInSight(row, section)) {
                seen.push(squeeze(await row.innerText()));
            }
        }
        return seen;
    }

    /** Folds a section of the side bar, for the others to have its room; or unfolds it. */
    async foldSection(name: string, folded = true): Promise<void> {
        const header = this.headerOf(name);
        const stands = async (): Promise<boolean> => (await this.isFolded(name)) === folded;
        await this.until(`the section ${name} ${folded ? 'folded' : 'unfolded'}`, async () => {
            // a section that opens at the same time may move the header from under the click
            if (!(await stands())) {
                // at its left: buttons come up at its right under the mouse
                await header.click({ position: { x: 30, y: 10 } });
            }
            return await stands();
        });
    }

    /** The rows of a view in the side bar. */
    private rowsOf(view: string): Locator {
        return this.page.locator(`.pane:has(> .pane-header[aria-label^="${view}"]) .monaco-list-row`);
    }

    async waitRow(view: string, text: RegExp): Promise<void> {
        let seen: string[] = [];
        await this.until(
            `a row ${text} in ${view}`,
            async () => {
                seen = (await this.rowsOf(view).allInnerTexts()).map(squeeze);
                return seen.some((row) => text.test(row));
            },
            () => JSON.stringify(seen),
        );
    }

    /** Chooses an entry of the context menu of a row. */
    async rowMenu(view: string, row: RegExp, entry: string): Promise<void> {
        await this.rowsOf(view).filter({ hasText: row }).first().click({ button: 'right' });
        const action = this.page.locator('.monaco-menu .action-label', { hasText: entry }).first();
        await action.waitFor();
        // the workbench ignores a click that follows too soon on the one that opened the menu
        await this.until(`the menu to close with ${entry}`, async () => {
            if (await action.isVisible()) {
                await action.click({ timeout: CLICK_MS }).catch(() => undefined);
            }
            return !(await action.isVisible());
        });
    }

    /** Moves the mouse with its button pressed. */
    async drag(fromX: number, fromY: number, toX: number, toY: number): Promise<void> {
        await this.page.mouse.move(fromX, fromY);
        await this.page.mouse.down();
        await this.page.mouse.move(toX, toY, { steps: 5 });
        await this.page.mouse.up();
    }

    /** Arranges the window for a picture: where side bar and variables end and where the panel begins, in pixels. */
    async arrange(to: {
        readonly sideBarRight: number;
        readonly panelTop: number;
        readonly variablesBottom: number;
    }): Promise<void> {
        const box = async (selector: string): Promise<{ x: number; y: number; width: number; height: number }> => {
            const found = await this.page.locator(selector).first().boundingBox();
            if (!found) {
                throw new Error(`there is no ${selector}`);
            }
            return found;
        };
        const sideBar = await box('.part.sidebar');
        await this.drag(
            sideBar.x + sideBar.width,
            sideBar.y + sideBar.height / 2,
            to.sideBarRight,
            sideBar.y + sideBar.height / 2,
        );
        const panel = await box('.part.panel');
        await this.drag(panel.x + panel.width / 4, panel.y - 2, panel.x + panel.width / 4, to.panelTop);
        const watch = await box('.pane-header[aria-label^="Watch"]');
        await this.drag(watch.x + watch.width / 2, watch.y, watch.x + watch.width / 2, to.variablesBottom);
    }

    /** @returns the input box for the name of a function, a row of the Breakpoints section */
    async openFunctionBreakpointInput(): Promise<Locator> {
        await this.headerOf('Breakpoints').hover();
        await this.page.getByRole('button', { name: 'Add Function Breakpoint' }).click();
        const input = this.page.locator('.debug-breakpoints input:focus');
        await input.waitFor();
        return input;
    }

    /** Adds a breakpoint by the name of a function, in the Breakpoints section of a debug session. */
    async addFunctionBreakpoint(name: string): Promise<void> {
        // the new row is the last one of a list that the workbench draws only as far as it can be seen
        const others = ['Variables', 'Call Stack'];
        for (const section of ['Watch', ...others]) {
            await this.foldSection(section);
        }
        await this.openFunctionBreakpointInput();
        await this.page.keyboard.type(name);
        await this.page.keyboard.press('Enter');
        await this.page.locator('.debug-breakpoints .monaco-list-row', { hasText: name }).waitFor();
        for (const section of others) {
            await this.foldSection(section, false);
        }
    }

    /** The texts of the editor's lines in view that are marked as places of the stop: one a thread. */
    private async stoppedLines(): Promise<string[]> {
        return (await this.page.evaluate<string[]>(STOPPED_LINES)).map((line) => line.replaceAll('\u00a0', ' '));
    }

    private async rows(selector: string): Promise<string[]> {
        return (await this.page.locator(`${selector} .monaco-list-row`).allInnerTexts()).map(squeeze);
    }

    /** The rows in view: lists in the workbench are virtual. */
    async variables(): Promise<string[]> {
        return await this.rows('.debug-variables');
    }

    async callStack(): Promise<string[]> {
        return await this.rows('.debug-call-stack');
    }

    /** Waits for rows of the call stack; frames but the top one come a moment after the stop. */
    async waitCallStack(...patterns: readonly RegExp[]): Promise<void> {
        let seen: string[] = [];
        await this.until(
            `${patterns.join(', ')} in the call stack`,
            async () => {
                seen = await this.callStack();
                return patterns.every((p) => seen.some((row) => p.test(row)));
            },
            () => JSON.stringify(seen),
        );
    }

    /** Opens a frame's source in the editor. */
    async openFrame(name: RegExp): Promise<void> {
        await this.page.locator('.debug-call-stack .monaco-list-row').filter({ hasText: name }).first().click();
        await this.editor.locator('.debug-focused-stack-frame-line').first().waitFor();
    }

    /** The number of the line in view that has a text. */
    async lineNumberOf(text: string): Promise<number> {
        const line = await this.editor.locator('.view-line', { hasText: text }).first().boundingBox();
        for (const number of await this.editor.locator('.margin-view-overlays .line-numbers').all()) {
            const box = await number.boundingBox();
            if (line && box && Math.abs(box.y - line.y) < 3) {
                return Number(await number.innerText());
            }
        }
        throw new Error(`no line in view has ${text}`);
    }

    /** The rows of the debug console in view. */
    async console(): Promise<string[]> {
        return await this.rows('.repl');
    }

    async waitConsole(pattern: RegExp): Promise<void> {
        let seen: string[] = [];
        await this.until(
            `${pattern} in the console`,
            async () => {
                seen = await this.console();
                return seen.some((row) => pattern.test(row));
            },
            () => JSON.stringify(seen),
        );
    }

    async waitVariable(pattern: RegExp): Promise<void> {
        let seen: string[] = [];
        await this.until(
            `a variable like ${pattern}`,
            async () => {
                seen = await this.variables();
                return seen.some((row) => pattern.test(row));
            },
            () => JSON.stringify(seen),
        );
    }

    /** Scrolls the variables to their beginning. */
    async showFirstVariables(): Promise<void> {
        await this.scrollVariables(-100_000);
    }

    private async scrollVariables(pixels: number): Promise<void> {
        const box = await this.variablesPane.boundingBox();
        if (box) {
            await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
            await this.page.mouse.wheel(0, pixels);
        }
        await this.page.waitForTimeout(POLL_MS);
    }

    /** A row of the variables at a depth (scopes are at 1), scrolled into view. */
    private async variableRow(level: number, pattern: RegExp): Promise<Locator> {
        const row = this.variablesPane
            .locator(`.monaco-list-row[aria-level="${level}"]`)
            .filter({ hasText: pattern })
            .first();
        for (let n = 0; n < 10; n++) {
            if ((await row.count()) > 0) {
                return row;
            }
            await this.page.waitForTimeout(POLL_MS);
        }
        await this.scrollVariables(-100_000);
        for (let n = 0; n < MAX_SCROLLS; n++) {
            if ((await row.count()) > 0) {
                return row;
            }
            await this.scrollVariables(SCROLL_PIXELS);
        }
        throw new Error(`no variable like ${pattern} at level ${level}: ${JSON.stringify(await this.variables())}`);
    }

    /**
     * Unfolds rows from a scope inwards, each by its text, where they are not unfolded yet. @returns the last row's
     * text
     */
    async unfold(...path: readonly RegExp[]): Promise<string> {
        let text = '';
        for (const [depth, pattern] of path.entries()) {
            // Rows may move under the mouse while others come in: a click that was lost is made again.
            await this.until(`${pattern} unfolded`, async () => {
                const row = await this.variableRow(depth + 1, pattern);
                text = squeeze(await row.innerText());
                if ((await row.getAttribute('aria-expanded')) !== 'false') {
                    return true;
                }
                await row
                    .locator('.monaco-tl-twistie')
                    .click({ timeout: CLICK_MS })
                    .catch(() => undefined);
                const unfolded = this.variablesPane
                    .locator(`.monaco-list-row[aria-level="${depth + 1}"][aria-expanded="true"]`)
                    .filter({ hasText: pattern });
                return await unfolded
                    .first()
                    .waitFor({ timeout: CLICK_MS })
                    .then(
                        () => true,
                        () => false,
                    );
            });
        }
        return text;
    }

    async continue(): Promise<void> {
        await this.page.keyboard.press('F5');
    }

    async stepOver(): Promise<void> {
        await this.page.keyboard.press('F10');
    }

    async stepInto(): Promise<void> {
        await this.page.keyboard.press('F11');
    }

    async stepOut(): Promise<void> {
        await this.page.keyboard.press('Shift+F11');
    }

    async stepBack(): Promise<void> {
        await this.page.keyboard.press('Control+F10');
    }

    /** To the last place that would have stopped the run. */
    async reverse(): Promise<void> {
        await this.page.keyboard.press('Control+F9');
    }

    /** Types into the input box with a title, which comes after the palette. */
    async answer(title: string, text: string): Promise<void> {
        await this.page.locator('.quick-input-title', { hasText: title }).waitFor();
        await this.page.locator('.quick-input-widget input').fill(text);
        await this.page.keyboard.press('Enter');
    }

    /** Types words into the quick pick that is open. */
    async search(title: string, words: string): Promise<void> {
        await this.page.locator('.quick-input-title', { hasText: title }).waitFor();
        await this.page.keyboard.type(words);
    }

    /** Waits until a row is the first of the quick pick. */
    async pickIsThere(label: string): Promise<void> {
        await this.page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first().waitFor();
    }

    /** Evaluates something in the debug console. */
    async evaluate(expression: string): Promise<void> {
        await this.page.locator('.repl .repl-input-wrapper .view-lines').click();
        await this.page.keyboard.type(expression);
        // the suggestions would take the key
        await this.page.keyboard.press('Escape');
        await this.page.keyboard.press('Enter');
    }

    /** Waits until screen readers are told a text. */
    async waitAnnounced(text: RegExp): Promise<void> {
        let seen: string[] = [];
        await this.until(
            `the announcement ${text}`,
            async () => {
                seen = await this.page.locator('.monaco-aria-container > *').allInnerTexts();
                return seen.some((said) => text.test(said));
            },
            () => JSON.stringify(seen),
        );
    }

    async pause(): Promise<void> {
        await this.page.keyboard.press('F6');
    }

    async stop(): Promise<void> {
        await this.page.keyboard.press('Shift+F5');
    }

    /** Waits until the program runs: it could be paused. */
    async waitRunning(): Promise<void> {
        await this.page.locator('.debug-toolbar .codicon-debug-pause').waitFor();
    }

    /** Waits until nothing is being debugged any more. */
    async waitEnded(): Promise<void> {
        await this.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    }
}
