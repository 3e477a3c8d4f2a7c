/** The part of a file that is checked during typing. */
import assert from 'node:assert/strict';
import { completionsAt } from '../../../emulator/services/completion/complete';
import { isolated } from '../../../emulator/services/isolated';

const TEXT = `
fn used(n: int) {
    return inner(n)
}
fn inner(n: int) {
    return record(name: "a", size: n)
}
fn other(n: int) {
    log("other", n)
}
scenario "one" {
    vm = used(3)
    log(vm.|)
}
scenario "two" {
    other(4)
}
`;
const OFFSET = TEXT.indexOf('|');
const SOURCE = TEXT.replace('|', '');

suite('checks during typing', () => {
    test('leave out other scenarios, and functions that are not called; offsets stay', () => {
        const part = isolated(SOURCE, OFFSET);
        assert.equal(part.length, SOURCE.length);
        assert.equal(part.split('\n').length, SOURCE.split('\n').length);
        for (const kept of ['return inner(n)', 'record(name', 'fn other(n: int) {', 'log(vm.']) {
            assert.equal(part.indexOf(kept), SOURCE.indexOf(kept), kept);
        }
        for (const gone of ['log("other"', 'scenario "two"', 'other(4)']) {
            assert.equal(part.includes(gone), false, gone);
        }
    });

    test('know the results of functions: the fields of a record are offered', () => {
        const host = { read: (uri: string) => (uri === 'file:///a.lus' ? SOURCE : undefined), exists: () => true };
        const found = completionsAt({ host, uri: 'file:///a.lus' }, OFFSET, () => []);
        assert.deepEqual(
            found?.offers.map((o) => o.label),
            ['name', 'size'],
        );
    });
});
