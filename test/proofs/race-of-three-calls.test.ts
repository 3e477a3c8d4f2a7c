/** The race of three system calls that the page about exploring describes: all its outcomes are found, by name. */
import assert from 'node:assert/strict';
import { together } from '../../emulator/explore/profiles';
import { explored, namesOfOutcomes } from '../support/explorations';
import { correctProgram } from '../support/programs';
import { REBOOT_RACE } from '../support/reboot-race';

suite('exploring a race', function () {
    this.timeout(600_000);

    test('the race of preserve_fd, close and reboot has six outcomes', () => {
        const found = explored(correctProgram(REBOOT_RACE), {
            tried: together([{ orders: true }]),
            faults: 1,
            switches: 1,
            limit: 5e6,
            memory: 64 * 2 ** 20,
        });
        assert.deepEqual(namesOfOutcomes(found), [
            'luod retrieve_fd: ENOENT; other close: is not reached; vmm preserve_fd: does not return; LU1032',
            'luod retrieve_fd: ENOENT; other close: is not reached; vmm preserve_fd: is not reached',
            'luod retrieve_fd: ENOENT; other close: ok; vmm preserve_fd: does not return; LU1032',
            'luod retrieve_fd: ENOENT; other close: ok; vmm preserve_fd: is not reached',
            'luod retrieve_fd: ok; other close: is not reached; vmm preserve_fd: ok',
            'luod retrieve_fd: ok; other close: ok; vmm preserve_fd: ok',
        ]);
        assert.equal(found.complete, true);
        assert.ok(found.classes.every((c) => c.outcome.verdict === 'passed'));
    });
});
