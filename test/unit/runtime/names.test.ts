/** Names of sessions and texts in structs are bytes: UTF-8 in and out, and whatever else a program puts there. */
import assert from 'node:assert/strict';
import { Outcomes } from '../../support/outcomes';
import { correctProgram } from '../../support/programs';

function passes(text: string): void {
    assert.deepEqual(new Outcomes().failuresOf(correctProgram(text)), []);
}

suite('names are bytes', () => {
    for (const [what, literal, hex] of [
        ['UTF-8', '"gäst"', 'bytes(0x67, 0xc3, 0xa4, 0x73, 0x74)'],
        ['code points of three and four bytes', '"日本 😀"', 'bytes("日本 😀")'],
        ['no UTF-8', '"\\xff\\xfe\\x80bytes"', 'bytes(0xff, 0xfe, 0x80, "bytes")'],
        ['UTF-8 in bytes', '"g\\xc3\\xa4st"', 'bytes("gäst")'],
    ] as const) {
        test(`a session whose name is ${what} crosses a kexec`, () => {
            passes(`scenario "s" {
    boot "7.2"
    process old {
        dev = open("/dev/liveupdate")
        s = dev.create_session(${literal})
        assert s.get_name() == ${literal}
        dev.create_session(${literal})  fails EEXIST
        dev.ioctl(0, 72, bytes(zeros(4), ${hex}))  fails EEXIST
        m = memfd_create("m")
        m.write("x")
        s.preserve_fd(m, token: 1)
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
    process new {
        dev = open("/dev/liveupdate")
        s = dev.retrieve_session(${literal})
        assert s.get_name() == ${literal}
        s.retrieve_fd(token: 1)
        s.finish()
    }
}`);
        });
    }

    test('a text in a struct is what was written there', () => {
        passes(`struct Named { name: string[16]; rest: u64 }
kernel "k" from "7.2" {
    init {
        n = kho.alloc_preserve(Named)
        n.name = "gäst"
        assert n.name == "gäst"
        n.name = "\\xc3" + "\\xa4\\xff"
        assert n.name == "ä\\xff"
    }
}
scenario "s" { boot "k" }`);
    });

    test('files hold the bytes of a text, and texts come from them', () => {
        passes(`scenario "s" {
    boot "7.2"
    process p {
        m = memfd_create("m")
        m.write("ä\\xffü")
        assert m.stat().size == 5
        assert m.pread(3, at: 0) == bytes(0xc3, 0xa4, 0xff)
        assert text_of(m.pread(5, at: 0)) == "ä\\xffü"
        assert text_of(m.pread(1, at: 0)) + text_of(m.pread(1, at: 1)) == "ä"
    }
}`);
    });
});
