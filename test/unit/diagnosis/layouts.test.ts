/** LU1092: which changes of a struct are harmless, and which are read as something else. */
import assert from 'node:assert/strict';
import { fieldsText, misreadFields } from '../../../emulator/diagnosis/layouts';
import { Diagnoses } from '../../../emulator/diagnosis/diagnoses';
import { correctProgram, programOf } from '../../support/programs';
import { passed } from '../../support/runs';

/** What of `read` does not find what `written` has put there, as `offset read < written`. */
function misread(written: string, read: string): string[] {
    const { structs } = programOf(
        `struct Inner { a: u32; b: u32 }\nstruct Turned { b: u32; a: u32 }\nstruct Written { ${written} }\nstruct Read { ${read} }\n`,
    );
    const [one, other] = [structs.get('Written'), structs.get('Read')];
    assert.ok(one && other);
    return misreadFields(one, other).map((m) => `${m.offset} ${m.read} < ${m.written ?? 'nothing'}`);
}

suite('layouts', () => {
    test('what is the same, renamed, or not read does no harm', () => {
        for (const [written, read] of [
            ['a: u64; b: phys', 'a: u64; b: phys'],
            ['a: u64; b: phys', 'x: u64; y: phys'],
            ['a: u64; b: phys', 'a: u64'],
            ['a: u64; b: phys', 'a: u64; b: u64'],
            ['a: u32; b: i32', 'a: i32; b: u32'],
            ['a: Inner; b: u64', 'a: Inner; b: u64'],
            ['a: bytes[8]', 'name: bytes[8]'],
            ['a: u16[4]', 'a: u16[4]'],
        ] as const) {
            assert.deepEqual(misread(written, read), [], `${written} read as ${read}`);
        }
    });

    test('what has moved, has another type, or was never written is read as something else', () => {
        assert.deepEqual(misread('ring: phys; len: u64', 'len: u64; ring: phys'), [
            '0 len u64 < ring phys',
            '8 ring phys < len u64',
        ]);
        assert.deepEqual(misread('a: u64; b: u64', 'b: u64; a: u64'), ['0 b u64 < a u64', '8 a u64 < b u64']);
        assert.deepEqual(misread('a: u32; b: u32', 'wide: u64'), ['0 wide u64 < a u32, b u32']);
        assert.deepEqual(misread('a: u64', 'a: u64; more: u32'), ['8 more u32 < nothing']);
        assert.deepEqual(misread('a: Inner', 'a: Turned'), ['0 a Turned < a Inner']);
        assert.deepEqual(misread('a: u16[4]', 'a: u16[8]'), ['0 a u16[8] < a u16[4]']);
        assert.deepEqual(misread('a: string[8]', 'a: bytes[8]'), ['0 a bytes[8] < a string[8]']);
    });

    test('all fields of a struct in a line', () => {
        const layout = programOf('struct S { a: u16; b: phys S; c: bytes[3] }\n').structs.get('S');
        assert.equal(layout && fieldsText(layout), '0 a u16, 2 b phys S, 10 c bytes[3]');
    });
});

/** A handler that hands over an array, and one that reads it as elements of another struct. */
const arrays = (written: string, read: string): string => `
struct Written { ${written} }
struct Read { ${read} }
struct Head { count: u64; entries: vmalloc }
file card at "/dev/card" { }
handler writes "card-v1" for card {
    can_preserve(file) { return file.kind == card }
    preserve(args) {
        head = kho.alloc_preserve(Head)
        entries = vcalloc(Written, 4)
        kho.preserve_vmalloc(entries, head.entries)
        head.count = 4
        args.serialized_data = phys(head)
        args.private_data = entries
    }
    unpreserve(args) { }
    retrieve(args) { return -EIO }
    finish(args) { }
}
handler reads "card-v1" for card {
    can_preserve(file) { return file.kind == card }
    preserve(args) { return -EIO }
    unpreserve(args) { }
    retrieve(args) {
        head = at(Head, args.serialized_data)
        entries = kho.restore_vmalloc(Read, head.entries, head.count)
        log(entries[0].a)
        vfree(entries)
        kho.restore_free(head)
        args.file = new card()
    }
    finish(args) { }
}
kernel "old" from "7.2" { handlers + writes }
kernel "new" from "7.2" { handlers + reads }
scenario "s" {
    boot "old"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/card"), token: 1)
        kexec_file_load("new")
        reboot(KEXEC)
    }
    process p {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.retrieve_fd(token: 1)
        s.finish()
    }
}`;

suite('LU1092: arrays', () => {
    const found = (written: string, read: string): string[] =>
        (Diagnoses.of(passed(correctProgram(arrays(written, read))))?.found.items ?? []).map(
            (d) => `${d.code}: ${d.message.replace(/^.*: /, '')}`,
        );

    test('of the same elements, whatever they are called', () => {
        assert.deepEqual(found('a: u64; b: u64', 'a: u64; c: u64'), []);
    });

    test('of elements of another size, and of others', () => {
        assert.deepEqual(found('a: u64; b: u64', 'a: u64'), [
            'LU1092: its elements have 16 bytes, but are read as 8 bytes each.',
        ]);
        assert.deepEqual(found('b: u64; a: u64', 'a: u64; b: u64'), [
            'LU1092: at offset 0 it reads a u64, but b u64 was written there; at offset 8 it reads b u64, but a u64 was written there.',
        ]);
    });
});
