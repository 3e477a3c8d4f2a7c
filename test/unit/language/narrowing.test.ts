/** The fields of a file's kind behind `file.kind == nic`. */
import assert from 'node:assert/strict';
import { passes } from '../../support/runs';
import { findingsOf, programOf } from '../../support/programs';

const KIND = `
file nic at "/dev/nic0" { queues: u32 = 2 }
`;
/** A handler whose can_preserve() has this code. */
const handler = (code: string): string => `${KIND}
handler nics "nics-v1" for nic {
    can_preserve(file) { ${code} }
    preserve(args) { args.serialized_data = args.file.queues }
    unpreserve(args) { }
    retrieve(args) { args.file = new nic(queues: args.serialized_data) }
    finish(args) { }
}
kernel "k" from "7.2" { handlers + nics }
`;

const SCENARIO = `
scenario "s" {
    boot "k"
    process p {
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        vm1.preserve_fd(open("/dev/nic0"), token: 1)
        vm1.preserve_fd(open("/dev/null"), token: 2)  fails ENOENT
    }
}`;

suite('the kind of a file', () => {
    for (const code of [
        'return file.kind == nic && file.queues > 1',
        'return nic == file.kind && file.queues > 1',
        'return !(file.kind != nic || file.queues < 2)',
        'if file.kind != nic { return false }; return file.queues > 1',
        'if file.kind == nic { return file.queues > 1 }; return false',
        'if !(file.kind == nic) { return false } else { return file.queues > 1 }',
    ]) {
        test(`is known: ${code}`, () => {
            passes(handler(code) + SCENARIO);
        });
    }

    for (const code of [
        'return file.queues > 1 && file.kind == nic',
        'return file.kind == nic || file.queues > 1',
        'return file.kind != nic && file.queues > 1',
        'if file.kind == nic { log("nic") }; return file.queues > 1',
        'if file.kind == nic { file = file.inode.open() }; return file.queues > 1',
    ]) {
        test(`is not known: ${code}`, () => {
            const found = findingsOf(programOf(handler(code)));
            assert.ok(
                found.some((f) => /LU0203.*queues/.test(f)),
                found.join('\n'),
            );
        });
    }
});
