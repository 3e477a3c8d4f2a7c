/** Other names for things, over imports, and where they are refused. */
import assert from 'node:assert/strict';
import { renamable, rename } from '../../../emulator/services/rename';
import { afterEdits, marked, URI, workspaceOf, type Texts } from '../../support/services';

/** The texts after a rename of what is at the mark in `a.lus`, or why not. */
function renamed(texts: Texts, newName: string): Record<string, string> | string {
    const { text, offset } = marked(texts['a.lus'] ?? '');
    const plain = { ...texts, 'a.lus': text };
    const edits = rename(workspaceOf(plain), URI, offset, newName);
    return 'refused' in edits ? edits.refused : afterEdits(plain, edits);
}

const AGENT = `scenario "s" {
    boot "7.2"
    process luod, vmm
    luod {
        lu = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        send vm1 to vmm
    }
    vmm { vm1.finish()  fails EINVAL }
    assert luod.vm1 >= 0
}
`;

suite('rename', () => {
    test('over imports, in every file that imports', () => {
        const lib = 'const RAM = 1MiB\nfn double(n) { return n * 2 }\n';
        const use = 'import "lib.lus"\nscenario "s" { boot "7.2"; assert double(n: RAM) == 2 * RAM }\n';
        const texts = { 'lib.lus': lib, 'b.lus': use };
        assert.deepEqual(renamed({ ...texts, 'a.lus': use.replace('(n: RAM', '(n: R‸AM') }, 'SIZE'), {
            'lib.lus': lib.replace('RAM', 'SIZE'),
            'b.lus': use.replaceAll('RAM', 'SIZE'),
            'a.lus': use.replaceAll('RAM', 'SIZE'),
        });
        assert.deepEqual(renamed({ ...texts, 'a.lus': use.replace('(n:', '(‸n:') }, 'size'), {
            'lib.lus': lib.replace('(n) { return n', '(size) { return size'),
            'b.lus': use.replace('(n:', '(size:'),
            'a.lus': use.replace('(n:', '(size:'),
        });
    });

    test('of a descriptor that is sent: the other process keeps its name', () => {
        assert.deepEqual(renamed({ 'a.lus': AGENT.replace('luod.vm1', 'luod.v‸m1') }, 'session'), {
            'a.lus': AGENT.replace('vm1 = lu', 'session = lu')
                .replace('send vm1 to vmm', 'send session to vmm as vm1')
                .replace('luod.vm1', 'luod.session'),
        });
        assert.deepEqual(renamed({ 'a.lus': AGENT.replace('vm1.finish', 'v‸m1.finish') }, 'session'), {
            'a.lus': AGENT.replace('send vm1 to vmm', 'send vm1 to vmm as session').replace(
                'vm1.finish',
                'session.finish',
            ),
        });
    });

    test('of processes and of names in quotes', () => {
        assert.deepEqual(renamed({ 'a.lus': AGENT.replace('    vmm {', '    v‸mm {') }, 'guest'), {
            'a.lus': AGENT.replaceAll('vmm', 'guest'),
        });
        const kernel = 'kernel "mi‸ne" from "7.2" { }\nscenario "s" { boot "mine" }\n';
        assert.deepEqual(renamed({ 'a.lus': kernel }, 'our own'), {
            'a.lus': 'kernel "our own" from "7.2" { }\nscenario "s" { boot "our own" }\n',
        });
    });

    test('is refused, with the reason, for what ships and for words of the language', () => {
        const reasons = [
            [AGENT.replace('create_session', 'create‸_session'), /`create_session` is part of the emulator/],
            [AGENT.replace('"7.2"', '"7‸.2"'), /`7\.2` is part of the emulator/],
            [AGENT.replace('send', 's‸end'), /`send` is a keyword of the language/],
            [AGENT.replace('EINVAL', 'EIN‸VAL'), /`EINVAL` is part/],
            ['flb f "f-v1" { preser‸ve(args) { } }', /`preserve` is a callback, whose name the kernel defines/],
            [AGENT.replace('assert', '‸ assert'), /There is no name here/],
        ] as const;
        for (const [text, reason] of reasons) {
            const { program, offset } = marked(text);
            const found = renamable(program, URI, offset);
            assert.ok('refused' in found, text);
            assert.match(found.refused, reason);
        }
    });

    test('is refused where the new name is none, is taken, or would be caught by something else', () => {
        const refused = (text: string, name: string): string => {
            const result = renamed({ 'a.lus': text }, name);
            return typeof result === 'string' ? result : assert.fail(JSON.stringify(result));
        };
        const text = AGENT.replace('vm1 = lu', 'v‸m1 = lu');
        assert.match(refused(text, '1st'), /`1st` is not a name/);
        assert.match(refused(text, 'while'), /`while` is a keyword of the language/);
        assert.match(refused(text, 'lu'), /`lu` already has another meaning|would cause an error/);
        assert.match(refused('const A‸ = 1\nconst B = 2\nconst C = A + B\n', 'B'), /would cause an error: .*`B`/);
        const local = 'fn f(a, b) { c‸ = a + b\n    d = a - b\n    return c * d\n}\n';
        assert.match(refused(local, 'a'), /already has another meaning/);
    });

    test('works in a file with errors that it does not make worse', () => {
        const text = 'const A‸ = 1\nconst B = A + nothing\n';
        assert.deepEqual(renamed({ 'a.lus': text }, 'C'), { 'a.lus': 'const C = 1\nconst B = C + nothing\n' });
    });
});
