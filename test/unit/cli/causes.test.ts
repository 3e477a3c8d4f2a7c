/** Where the error of a failure came up: the one of the call that failed, and no other. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { execute } from '../../../emulator/cli/execute';
import { Files } from '../../../emulator/cli/files';
import type { Cause } from '../../../emulator/cli/results';
import { loadProgram } from '../../../emulator/run/load-program';

/** Why the only scenario of a text fails, and where that came up. */
function failure(text: string, seed = 0): { readonly message: string; readonly cause: Cause | null } {
    const folder = mkdtempSync(path.join(tmpdir(), 'lus-causes-'));
    const file = path.join(folder, 'test.lus');
    writeFileSync(file, text);
    const files = new Files();
    const program = loadProgram(files, files.open(file));
    rmSync(folder, { recursive: true });
    const [scenario] = program.scenarios;
    assert.ok(scenario);
    const result = execute(files, program, scenario, { kernel: undefined, seed, log: false });
    assert.ok(result.failure);
    return result.failure;
}

const TWICE = `
        s = open("/dev/liveupdate").create_session("vm")
        ram = memfd_create("ram")
        s.preserve_fd(ram, token: 1)`;

suite('where the error came up', () => {
    test('is where the kernel first gave it', () => {
        const { cause } = failure(`scenario "s" { boot "7.2"
    process a {${TWICE}
        s.preserve_fd(ram, token: 2)
    }
}`);
        assert.equal(cause?.message, 'luo.claim(id) fails with EBUSY');
    });

    test('is nowhere where a call succeeds that should fail, whatever has failed before', () => {
        const { message, cause } = failure(`scenario "s" { boot "7.2"
    process a {${TWICE}
        s.preserve_fd(ram, token: 2)  fails EBUSY
        sleep 1s
        memfd_create("other")  fails EBUSY
    }
}`);
        assert.match(message, /should fail with EBUSY, but it succeeds/);
        assert.equal(cause, null);
    });

    test('is not in an earlier call that the kernel has got over', () => {
        const { message, cause } = failure(`
file card at "/dev/card" { }
handler cards "card-v1" for card {
    can_preserve(file) { return file.kind == card }
    preserve(args)     { try refuses() }
    unpreserve(args)   { }
    retrieve(args)     { args.file = new card() }
    finish(args)       { }
}
fn refuses() { return -EINVAL }
kernel "k" from "7.2" { handlers + cards }
scenario "s" { boot "k"
    process a {
        s = open("/dev/liveupdate").create_session("vm")
        s.preserve_fd(open("/dev/card"), token: 1)
        memfd_create("ram", flags: 0x800)
    }
}`);
        assert.match(message, /memfd_create\(.* fails with EINVAL/);
        assert.equal(cause, null);
    });

    test('is in the thread that fails, not in another one that fails with the same error meanwhile', () => {
        for (let seed = 1; seed < 12; seed++) {
            const { message, cause } = failure(
                `
flb bus "bus-v1" {
    preserve(args)   { args.data = 1 }
    unpreserve(args) { log("taken back") }
    retrieve(args)   { args.obj = 1 }
    finish(args)     { }
}
file card at "/dev/card" { }
handler cards "card-v1" for card uses bus {
    can_preserve(file) { return file.kind == card }
    preserve(args)     { return -EBUSY }
    unpreserve(args)   { }
    retrieve(args)     { args.file = new card() }
    finish(args)       { }
}
kernel "k" from "7.2" { handlers + cards }
scenario "s" {
    boot "k"
    process a, b
    a {
        lu = open("/dev/liveupdate")
        one = lu.create_session("one")
        two = lu.create_session("two")
        send two to b
    }
    concurrently {
        a { one.preserve_fd(open("/dev/card"), token: 2)  fails EBUSY }
        b { two.preserve_fd(open("/dev/card"), token: 3) }
    }
}`,
                seed,
            );
            assert.match(message, /token: 3/);
            assert.deepEqual(
                cause?.stack.filter((l) => l.label.startsWith('preserve_fd token')).map((l) => l.label),
                ['preserve_fd token 3'],
                `seed ${seed}`,
            );
        }
    });
});
