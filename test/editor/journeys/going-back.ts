/** Going back in time: over the kexec, to a cause, to a mark, and with a change in the past. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inRepository } from '../../support/repository';
import { lineOf, stopAt, textOf, type Traveller } from './journey';
import type { DebugPage } from '../debug-page';

/** A kernel that forgets to preserve tables of its IOMMU, without what the scenario expects to find. */
const TABLES = readFileSync(inRepository('test', 'catalogue', 'F-110-table-page.lus'), 'utf8').replace(
    ' finds LU1045',
    '',
);

async function stoppedInRetrieve(traveller: Traveller): Promise<DebugPage> {
    const page = await traveller.openUpdate();
    await stopAt(page, 'what freeze left');
    await page.waitStatus('kernel 2: 7.2-counter');
    return page;
}

export function defineGoingBack(traveller: () => Traveller): void {
    test('going back: out of retrieve, over the kexec, into the freeze of the old kernel', async () => {
        const page = await stoppedInRetrieve(traveller());
        await page.goToLine(lineOf('second line of freeze'));
        await page.clickGutter(lineOf('second line of freeze'));
        await page.focusEditor();
        await page.reverse();
        await page.waitStoppedAt(textOf('second line of freeze'));
        await page.waitStatus('In the past');
        await page.waitStatus('kernel 1: 7.2-counter');
        await page.waitCallStack(/counter_handler\.freeze/, /reboot\(KEXEC\)/, /in the past/);
        await page.stepBack();
        await page.waitStoppedAt(textOf('first line of freeze'));
        await page.waitAnnounced(/debugging paused.*step back.*update\.lus:20/);
        assert.ok(!(await page.variables()).some((row) => row.includes('no longer exists')));
        await traveller().photograph('30-back-over-the-kexec');
        await page.command('Live Update: Go to the End of What Has Run');
        await page.waitStoppedAt(textOf('what freeze left'));
        await page.waitStatus('kernel 2: 7.2-counter');
    });

    test('going back: to an event that is found by words', async () => {
        const page = await stoppedInRetrieve(traveller());
        await page.command('Live Update: Go to Event…');
        await page.search('Go to Event', 'counter_handler freeze');
        await page.pickIsThere('counter_handler.freeze begins');
        await traveller().photograph('37-events');
        await page.pick('counter_handler.freeze begins');
        await page.waitCallStack(/reboot\(KEXEC\)/, /in the past/);
        await page.waitStatus('kernel 1: 7.2-counter');
    });

    test('going back: a mark, a change in the past, and its undoing', async () => {
        const page = await stoppedInRetrieve(traveller());
        await page.command('Live Update: Mark This Moment');
        await page.answer('Mark This Moment', 'retrieving');
        await page.goToLine(lineOf('second line of freeze'));
        await page.clickGutter(lineOf('second line of freeze'));
        await page.focusEditor();
        await page.reverse();
        await page.waitStoppedAt(textOf('second line of freeze'));
        await page.evaluate('ser.count = 7');
        await page.waitConsole(/changes the past: what came after this moment is cut off/);
        await traveller().photograph('31-a-change-in-the-past');
        await page.focusEditor();
        await page.continue();
        await page.waitStoppedAt(textOf('what freeze left'));
        await page.evaluate('ser.count + 1000');
        await page.waitConsole(/1008/);
        await page.command('Live Update: Undo Change in the Past');
        await page.waitStoppedAt(textOf('second line of freeze'));
        await page.waitConsole(/Undone: ser\.count = 7/);
        await page.command('Live Update: Go to Mark…');
        await page.pick('retrieving');
        await page.waitStoppedAt(textOf('what freeze left'));
        await page.evaluate('ser.count + 1000');
        await page.waitConsole(/1042/);
        await traveller().photograph('32-at-the-mark');
    });

    test('going back: from a wrong translation to the tables that were not preserved', async () => {
        const page = await traveller().openFolder({ 'tables.lus': TABLES });
        await page.openFromExplorer('tables.lus', 'F-110');
        await page.waitLanguage('Live Update Scenario');
        await page.start();
        await page.waitStoppedAt('boot');
        await page.continue();
        await page.waitStoppedAt('for i in 0..ser.max_nr_devices');
        await page.waitConsole(/LU1028/);
        await traveller().photograph('33-a-wrong-translation');
        await page.command('Live Update: Go to Cause');
        await page.waitStoppedAt('kexec.prepare()');
        await page.waitConsole(/LU1028 follows from LU1045/);
        await traveller().photograph('34-its-cause');
        await page.command('Live Update: Go to Cause');
        await page.waitConsole(/LU1045 follows from no earlier finding/);
        await page.waitConsole(/The run has no moment at which the object was preserved/);
        await page.waitCallStack(/update/, /in the past/);
        await traveller().photograph('35-the-table-that-was-not-preserved');
        await page.command('Live Update: Go to the End of What Has Run');
        await page.waitStoppedAt('for i in 0..ser.max_nr_devices');
        await page.command('Live Update: Go to Last Change');
        await page.answer('Go to Last Change', 'owner(0x4ad3000)');
        await page.waitConsole(/owner\(0x4ad3000\): .* → /);
        await page.waitStoppedAt('boot.kho_init()');
        await page.waitCallStack(/start_kernel/, /in the past/);
        await traveller().photograph('36-the-last-owner');
    });
}
