/** How kernels negotiate their formats: strings, composite strings and words of features. */
import assert from 'node:assert/strict';
import { descriptionOf, type KernelDescription } from '../../../../emulator/kernel/release/descriptions';
import {
    composed,
    featureNames,
    handlerString,
    outOfOrder,
    readWords,
    withFormats,
    wordsOf,
} from '../../../../emulator/kernel/release/formats';
import { failuresOf } from '../../../support/runs';
import { findingsOf, programOf } from '../../../support/programs';

const PLAIN = descriptionOf('7.3');
assert.ok(PLAIN);

const withLayer = (layer: string, changes: Partial<KernelDescription> = {}): KernelDescription =>
    withFormats({ ...PLAIN, layers: new Set([layer]), ...changes });

const stringsOf = ({ kho, luo }: KernelDescription): readonly (string | undefined)[] => [
    kho.compatible,
    luo?.compatible,
];

/** A memfd with a name goes from one kernel to the other; `then` is what its monitor does there. */
function update(from: string, to: string, then: string, finds = ''): string {
    return `
kernel "plain"     from "7.3" { }
kernel "composite" from "7.3" { layers composite_strings }
kernel "block"     from "7.3" { layers composite_strings; new_format block }
kernel "words"     from "7.3" { layers feature_flags }
kernel "supported" from "7.3" { layers feature_flags; memfd_feature supported }
kernel "optional"  from "7.3" { layers feature_flags; memfd_feature optional }
kernel "required"  from "7.3" { layers feature_flags; memfd_feature required }
scenario "s"${finds} {
    boot "${from}"
    process vmm {
        s   = open("/dev/liveupdate").create_session("vm")
        ram = memfd_create("guest-ram", MFD_ALLOW_SEALING)
        ram.write("hello")
        ram.lseek(3)
        ram.add_seals(F_SEAL_SHRINK)
        s.preserve_fd(ram, token: 1)
        kexec_file_load("${to}")
        reboot(KEXEC)
    }
    process vmm {
        ${then}
    }
}
`;
}

const RETRIEVE = 's = open("/dev/liveupdate").retrieve_session("vm")';
const WHOLE = `${RETRIEVE}
        ram = s.retrieve_fd(token: 1)
        assert text_of(ram.pread(5, at: 0)) == "hello" && ram.read(2) == bytes("lo")
        assert ram.get_seals() == F_SEAL_SHRINK
        s.finish()`;

function passes(text: string): void {
    const program = programOf({ 'test.lus': text });
    assert.deepEqual(findingsOf(program), []);
    assert.deepEqual(failuresOf(program), []);
}

suite('formats that kernels negotiate', () => {
    test('the strings of the series', () => {
        assert.deepEqual(stringsOf(withFormats(PLAIN)), ['kho-v4', 'luo-v5']);
        const composite = withLayer('composite_strings');
        assert.deepEqual(stringsOf(composite), ['kho-v4;radix-v1;vmalloc-v1', 'luo-v5;block-v1']);
        assert.equal(handlerString(composite, 'memfd-v2'), 'memfd-v2;vmalloc-v1');
        assert.equal(handlerString(composite, 'vfio-pci-v1'), 'vfio-pci-v1');
        assert.equal(handlerString(PLAIN, 'memfd-v2'), 'memfd-v2');
        assert.equal(composed('memfd'), 'memfd');
    });

    test('a format inside changes the parts that use it, or without composite strings KHO', () => {
        const block = withLayer('composite_strings', { innerFormat: 'block-v2' });
        assert.deepEqual(stringsOf(block), ['kho-v4;radix-v1;vmalloc-v1', 'luo-v5;block-v2']);
        const vmalloc = withLayer('composite_strings', { innerFormat: 'vmalloc-v2' });
        assert.deepEqual(stringsOf(vmalloc), ['kho-v4;radix-v1;vmalloc-v2', 'luo-v5;block-v1']);
        assert.equal(handlerString(vmalloc, 'memfd-v2'), 'memfd-v2;vmalloc-v2');
        assert.deepEqual(stringsOf(withFormats({ ...PLAIN, innerFormat: 'block-v2' })), ['kho-v5', 'luo-v5']);
    });

    test('the order of formats, as the KUnit suite checks it', () => {
        assert.equal(outOfOrder('kho-v4'), undefined);
        assert.equal(outOfOrder('kho-v4;radix-v1;vmalloc-v1'), undefined);
        assert.deepEqual(outOfOrder('x-v1;vmalloc-v1;block-v1'), ['vmalloc-v1', 'block-v1']);
        assert.deepEqual(outOfOrder('x-v1;block-v1;block-v1'), ['block-v1', 'block-v1']);
    });

    test('words: a required bit that is not supported is refused, another one ignored', () => {
        assert.deepEqual(readWords({ supp: 7, req: 3, active: 7 }, 3), { refused: 0, ignored: 4 });
        assert.deepEqual(readWords({ supp: 7, req: 7, active: 7 }, 3), { refused: 4, ignored: 0 });
        assert.deepEqual(readWords({ supp: 7, req: 3, active: 3 }, 3), { refused: 0, ignored: 0 });
        assert.equal(featureNames('memfd', 5 + 64), 'seals, name, bit 6');
        assert.equal(featureNames('memfd', 0), 'none');
        assert.equal(wordsOf(PLAIN).size, 0);
    });

    for (const feature of ['off', 'supported', 'optional', 'required'] as const) {
        test(`a kernel with memfd_feature ${feature} writes the words that its description has`, () => {
            const words = wordsOf(withLayer('feature_flags', { memfdFeature: feature }));
            const memfd = words.get('memfd');
            const luo = words.get('LUO');
            assert.ok(memfd && luo);
            passes(`
kernel "k" from "7.3" { layers feature_flags; memfd_feature ${feature} }
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(memfd_create("m"), token: 1)
        hdr = at(luo_feature_hdr, session("s").files[0].serialized_data)
        assert hdr.supp == ${memfd.supp} && hdr.req == ${memfd.req} && hdr.active == ${memfd.active}
        core = at(luo_feature_hdr, luo.ser)
        assert core.supp == ${luo.supp} && core.req == ${luo.req} && core.active == ${luo.active}
        s.close()
    }
}
`);
        });
    }

    for (const kernel of ['plain', 'composite', 'words', 'supported', 'optional', 'required']) {
        test(`a memfd comes over from "${kernel}" to itself`, () => passes(update(kernel, kernel, WHOLE)));
    }

    test('an optional feature is ignored, and a supported one not sent', () => {
        passes(update('optional', 'words', WHOLE, ' finds LU1133'));
        passes(update('supported', 'words', WHOLE));
        passes(update('words', 'required', WHOLE));
    });

    test('a required feature is refused file by file, and its memory stays reserved', () =>
        passes(
            update(
                'required',
                'words',
                `${RETRIEVE}
        s.retrieve_fd(token: 1)  fails EOPNOTSUPP
        s.finish()
        assert kho.incoming.unclaimed > 0 && kernel.logged("requires features 0x4")`,
                ' finds LU1132',
            ),
        ));

    test('the name is handed over where both kernels know it', () =>
        passes(
            update(
                'optional',
                'required',
                `${RETRIEVE}
        ram = s.retrieve_fd(token: 1)
        assert readlink(str("/proc/self/fd/", ram)) == "/memfd:guest-ram (deleted)"
        s.finish()`,
            ),
        ));

    test('strings, composite strings and words do not understand each other', () => {
        passes(update('plain', 'composite', 'assert kernel.logged("disabling KHO revival")', ' finds LU1016'));
        for (const [from, to] of [
            ['composite', 'block'],
            ['plain', 'words'],
            ['words', 'plain'],
        ] as const) {
            const text = update(from, to, '', ' finds LU1016').replace(
                'reboot(KEXEC)',
                'reboot(KEXEC)  panics "incoming tree"',
            );
            passes(text.replace(/ {4}process vmm \{\n\s*\}\n/, ''));
        }
    });
});
