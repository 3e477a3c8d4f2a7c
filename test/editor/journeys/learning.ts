/** The way in: the walkthrough, each of whose buttons does what its step says. */
import { JOURNEY_LIMIT_MS, type Traveller } from './journey';

export function defineLearning(traveller: () => Traveller): void {
    test('the walkthrough: its six buttons, one after the other', async function () {
        this.timeout(2 * JOURNEY_LIMIT_MS);
        const page = await traveller().openFolder();
        await page.command('Welcome: Open Walkthrough');
        await page.pick('Get Started with Live Update');
        const steps = page.page.locator('.gettingStartedContainer');
        await steps.getByText('Get Started with Live Update').first().waitFor();
        const press = async (step: string, button: string): Promise<void> => {
            const action = steps.locator('.getting-started-step.expanded .monaco-button', { hasText: button });
            await page.until(`the button ${button}`, async () => {
                if (!(await action.isVisible())) {
                    await steps.locator('.getting-started-step', { hasText: step }).first().click();
                }
                return await action.isVisible();
            });
            await action.click();
        };
        await press('Open an example', 'Open the Example');
        await page.page.locator('.tab', { hasText: 'first-session.lus' }).waitFor();
        await press('Stop in freeze()', 'Stop in freeze()');
        await page.waitCallStack(/memfd\.freeze/, /liveupdate_reboot/);
        await press('Look at the session', 'Show the Session');
        await page.waitRow('Live Update', /^0x10 guest-ram\s*preserved · ▸ frozen$/);
        await press('Go over the kexec', 'Continue in the Next Kernel');
        await page.waitStatus('kernel 2: 7.2');
        await press('Go back', 'Go Back to the Last Stop');
        await page.waitCallStack(/memfd\.freeze/);
        await traveller().photograph('30-walkthrough');
        await press('Break it', 'Take the Line Out and Run');
        await page.page.locator('.exception-widget', { hasText: 'fails with ENOENT' }).waitFor();
        await traveller().photograph('31-walkthrough-broken');
    });
}
