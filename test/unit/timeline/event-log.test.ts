/** The log of events: events that are cut off leave no trace, and the oldest are removed when there are too many. */
import assert from 'node:assert/strict';
import { EventLog, type Result } from '../../../emulator/timeline/event-log';

const RESULTS: readonly Result[] = [null, 7, 'done', null, '-ENOENT', true, 2n ** 60n, Infinity];

function filled(count: number): EventLog {
    const log = new EventLog();
    addTo(log, 1, count);
    return log;
}

function addTo(log: EventLog, first: number, last: number): void {
    for (let at = first; at <= last; at++) {
        const where = at % 2 === 0 ? { uri: 'a.lus', start: at, end: at + 1 } : null;
        log.add(at, at * 10, 'call', 0, 'p', `call ${at}`, where, 0);
        log.give(RESULTS[at % RESULTS.length] ?? null);
    }
}

const all = (log: EventLog): object[] => Array.from({ length: log.length }, (_, i) => log.at(i));

suite('the log of events', () => {
    for (const count of [0, 1, 8191, 8192, 8193, 20_000]) {
        test(`${count} events, cut off at several places and added again`, () => {
            const whole = all(filled(count));
            for (const position of [0, 1, 5000, 8191, 8192, 8193, 16_384, count]) {
                const log = filled(count);
                log.cut(position);
                assert.deepEqual(all(log), whole.slice(0, position));
                log.add(position + 1, 0, 'log', 0, 'p', 'another future', null, 0);
                log.give(7);
                log.cut(position);
                addTo(log, position + 1, count);
                assert.deepEqual(all(log), whole);
            }
        });
    }

    test('numbers stay the same where the oldest are gone', () => {
        const log = filled(300_000);
        assert.ok(log.forgotten > 90_000 && log.length > 190_000, `${log.forgotten} are gone`);
        const { id, text } = log.at(0);
        const result = RESULTS[id % RESULTS.length] ?? null;
        assert.equal(text, `call ${id}${result === null ? '' : ` = ${result}`}`);
        assert.equal(id, log.forgotten + 1);
        assert.equal(log.at(log.length - 1).id, 300_000);
        assert.throws(() => log.at(log.length), RangeError);
    });
});
