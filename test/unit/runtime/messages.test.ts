/** The messages of failed assertions, and what `log()` prints. */
import assert from 'node:assert/strict';
import { Run } from '../../../emulator/run/run';
import { failureOf, runToEnd } from '../../support/runs';
import { programOf } from '../../support/programs';

function failure(body: string): string | undefined {
    return failureOf(programOf(`scenario "s" {\n${body}\n}`));
}

/** What the scenario prints with `log()`. */
function logged(text: string): string[] {
    const { host } = Run.start(programOf(text));
    const lines: string[] = [];
    host.listeners.report({ log: (line) => void (line.level === 'log' && lines.push(line.text)) });
    runToEnd(host);
    return lines;
}

suite('the messages of assertions', () => {
    test('a side of `&&` that is false is named, with both sides of its comparison', () => {
        assert.equal(
            failure('n = 3; assert n == 3 && n < 2 && n == 1'),
            'assertion failed: n == 3 && n < 2 && n == 1, but in n < 2 the left side is 3 and the right side is 2',
        );
    });

    test('so is a side without a comparison', () => {
        assert.equal(failure('b = false; assert !b && b, "why"'), 'assertion failed: why: !b && b, but b is false');
    });

    test('of `||`, all sides are shown', () => {
        assert.equal(
            failure('n = 3; b = false; assert n > 0 && (n == 1 || b)'),
            'assertion failed: n > 0 && (n == 1 || b), but in n == 1 the left side is 3 and the right side is 1 and b is false',
        );
    });

    test('a side after a false one is not evaluated, and a message that calls something is computed once', () => {
        const calls = 'fn told(l: list, w: string) { l[0] += 1; return w }\n';
        const text = `${calls}scenario "s" { l = [0]; d = 0; assert l[0] == 0 && d > 0 && 1 / d == 1, told(l, "m") }`;
        assert.equal(
            failureOf(programOf(text)),
            'assertion failed: m: l[0] == 0 && d > 0 && 1 / d == 1, but in l[0] == 0 the left side is 1 and the right side is 0',
        );
    });

    test('the right side of `||` may call something', () => {
        assert.equal(
            failure('boot "7.2"\nprocess p { assert 1 == 2 || (try memfd_create("m")) < 0 }'),
            'assertion failed: 1 == 2 || (try memfd_create("m")) < 0 is false',
        );
    });
});

suite('log()', () => {
    test('prints a struct with its fields, and a longer array in part', () => {
        const text = `
struct Slot { pfn: u64:52; flags: u64:12 }
struct Ring { magic: u32; name: string[8]; pa: phys; slots: Slot[2]; map: u8[12] }
kernel "k" from "7.2" {
    init {
        r = kho.alloc_preserve(Ring)
        r.magic = 7
        r.name = "rx"
        r.pa = 0x1000
        r.slots[1].pfn = 5
        log("ring ", r)
        kho.unpreserve_free(r)
    }
}
scenario "s" { boot "k" }`;
        const [line] = logged(text);
        assert.match(
            line ?? '',
            /^ring Ring at 0x[0-9a-f]+ \{ magic: 7, name: "rx", pa: 0x1000, slots: \[Slot at 0x[0-9a-f]+ \{ pfn: 0, flags: 0 \}, Slot at 0x[0-9a-f]+ \{ pfn: 5, flags: 0 \}\], map: \[0, 0, 0, 0, 0, 0, 0, 0, … 12 in all\] \}$/,
        );
    });
});
