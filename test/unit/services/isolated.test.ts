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

    test('leave out the bodies of other callbacks, and what only they call', () => {
        const text = `
fn helper() {
    log("helped")
}
fn size() {
    log("sized")
}
handler nic "nic-v1" {
    can_preserve(file) { return false }
    preserve(args) {
        helper()  // }
    }
}
flb core "core-v1" {
    preserve(args) { args.data = size() }
}
`;
        const at = text.indexOf('size() }');
        const part = isolated(text, at);
        for (const kept of ['fn helper() {', 'can_preserve(file) {', 'preserve(args) {', 'log("sized")', 'size() }']) {
            assert.equal(part.indexOf(kept), text.indexOf(kept), kept);
        }
        for (const gone of ['log("helped")', 'return false', 'helper()  ']) {
            assert.equal(part.includes(gone), false, gone);
        }
        assert.equal(
            isolated(text, text.indexOf('helper()  ')).indexOf('log("helped")'),
            text.indexOf('log("helped")'),
        );
    });

    test('keep the bodies of a declaration whose braces do not match', () => {
        const text = 'handler nic "nic-v1" {\n    preserve(args) { log("x")\n}\nscenario "s" {\n}\n';
        assert.equal(isolated(text, text.length - 2), text);
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
