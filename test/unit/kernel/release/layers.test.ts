/** Layers of proposed code, and flaws: which there are and what is said of a wrong list. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DESCRIPTIONS, LIBRARY_7_2 } from '../../../../emulator/kernel/release/descriptions';
import { FLAWS } from '../../../../emulator/kernel/release/flaws';
import { BUG_FLAWS } from '../../../../emulator/kernel/release/known-bugs';
import { LAYERS, layersOf, titleOf, withLayers } from '../../../../emulator/kernel/release/layers';
import { standardLibrary } from '../../../../emulator/runtime/standard-library';
import { LIBRARY_SOURCES } from '../../../../emulator/std/texts';
import { inRepository } from '../../../support/repository';
import { findingsOf, programOf } from '../../../support/programs';
import { failuresOf } from '../../../support/runs';

const program = (text: string): ReturnType<typeof programOf> => programOf({ 'test.lus': text });

/** A handler whose file depends on a memfd of the same session. */
const VM = `
struct Pair { token: u64 }
file vm at "/dev/vm" { ram: any }
handler vm_handler "vm-v1" for vm {
    can_preserve(file) { return file.kind == vm }
    preserve(args) {
        ser = kho.alloc_preserve(Pair)
        undo { kho.unpreserve_free(ser) }
        ser.token = args.token_of(args.session.files[0].file)
        args.serialized_data = phys(ser)
    }
    unpreserve(args) { kho.unpreserve_free(at(Pair, args.serialized_data)) }
    retrieve(args) {
        ser = at(Pair, args.serialized_data)
        ram = args.file_of(ser.token)
        fput(ram)
        args.file = new vm(ram: ram)
        kho.restore_free(ser)
    }
    finish(args) { }
}
kernel "next" from "7.3" { layers lookup; handlers + vm_handler }
kernel "plain" from "7.3" { handlers + vm_handler }
`;

suite('layers', () => {
    test('every layer has its files, and its libraries check', () => {
        for (const layer of LAYERS.values()) {
            const library = withLayers(LIBRARY_7_2, layersOf([...layer.needs, layer.name]));
            assert.deepEqual(
                standardLibrary(library).diagnostics.map((d) => `${d.uri}: ${d.message}`),
                [],
                layer.name,
            );
            const declared = [...standardLibrary(library).handlers.keys(), ...standardLibrary(library).flbs.keys()];
            for (const name of [...layer.handlers, ...layer.flbs]) {
                assert.ok(declared.includes(name), `${layer.name} has no ${name}`);
            }
            for (const f of layer.files) {
                assert.ok(LIBRARY_SOURCES.has(`lus-std:/${f}.lus`), f);
            }
        }
        const all = withLayers(LIBRARY_7_2, layersOf(LAYERS.keys()));
        assert.deepEqual(
            standardLibrary(all).diagnostics.map((d) => `${d.uri}: ${d.message}`),
            [],
        );
        assert.deepEqual(
            all.filter((f) => f.endsWith('-none') && all.includes(f.slice(0, -5))),
            [],
        );
    });

    test('the same layers are the same library; no release has any', () => {
        assert.equal(withLayers(LIBRARY_7_2, layersOf(['lookup'])), withLayers(LIBRARY_7_2, layersOf(['lookup'])));
        assert.equal(withLayers(LIBRARY_7_2, []), LIBRARY_7_2);
        for (const d of DESCRIPTIONS.values()) {
            assert.equal(d.layers.size, d.name === '7.4' ? 2 : 0);
            assert.deepEqual(standardLibrary(d.library).diagnostics, [], d.name);
        }
    });

    test('the page of kernels has them all, each at its version', () => {
        const page = readFileSync(inRepository('extension', 'docs', 'kernels.md'), 'utf8');
        for (const layer of LAYERS.values()) {
            assert.ok(
                page.includes(`| \`${layer.name}\` | ${layer.version === '' ? '–' : layer.version}, ${layer.status} |`),
                titleOf(layer),
            );
        }
    });

    test('flaws are known ones, and each is in the documentation', () => {
        const findings = (entries: string): string[] =>
            findingsOf(program(`kernel "next" from "7.3" { ${entries} }\n`));
        const anywhere = [...FLAWS.keys()].filter((name) => BUG_FLAWS.get(name)?.flaw?.only === undefined);
        assert.deepEqual(findings(`flaws ${anywhere.join(', ')}`), []);
        assert.match(
            findings('flaws iommu_early_dit')[0] ?? '',
            /LU0218: There is no flaw `iommu_early_dit`\. .* Did you mean `iommu_early_did`\?/,
        );
        assert.match(findings('layers pci, iommu; iommufd_phase on')[0] ?? '', /LU0301: Expected `iommufd_phase 1`/);
        const pages = ['kernels.md', 'known-bugs.md', 'devices.md', 'interrupts.md', 'orphans.md']
            .map((f) => readFileSync(inRepository('extension', 'docs', f), 'utf8'))
            .join('');
        assert.deepEqual(
            [...FLAWS.keys()].filter((name) => !pages.includes(`\`${name}\``)),
            [],
        );
    });

    test('what is wrong with a list of layers is said', () => {
        const findings = (entries: string, from = '7.3'): string[] =>
            findingsOf(program(`kernel "next" from "${from}" { ${entries} }\n`));
        assert.deepEqual(findings('layers lookup'), []);
        assert.match(
            findings('layers lokup')[0] ?? '',
            /LU0218: There is no layer `lokup`\. .* Did you mean `lookup`\?/,
        );
        assert.match(findings('layers + lookup')[0] ?? '', /LU0218: Layers take no sign/);
        assert.match(findings('layers lookup, lookup')[0] ?? '', /LU0204: .*listed twice/);
        assert.deepEqual(findings('layers pci v8'), []);
        assert.deepEqual(findings('layers pci v9, vfio'), []);
        assert.match(findings('layers pci v8, pci')[0] ?? '', /LU0204: The layer `pci` is listed twice/);
        assert.match(
            findings('layers pci v88')[0] ?? '',
            /LU0218: There is no layer `pci v88`\. .* Did you mean `pci v8`\?/,
        );
        assert.match(findings('layers lookup', '7.1')[0] ?? '', /LU0415: Layers need "7.2" or later. "7.1" lacks/);
    });

    test('a layer of an older kernel in the line is one, too', () => {
        assert.deepEqual(
            findingsOf(program('kernel "a" from "7.3" { layers lookup }\nkernel "b" from "a" { numa off }\n')),
            [],
        );
    });

    test('a kernel that comes with layers needs them named no more, and its programs know their names', () => {
        const findings = (text: string): string[] => findingsOf(program(text));
        assert.deepEqual(findings('kernel "a" from "7.4" { layers vfio; vfio_phase keep }\n'), []);
        assert.deepEqual(findings('kernel "a" from "7.4-rc1" { layers pci, vfio }\n'), []);
        assert.deepEqual(
            failuresOf(
                program(`scenario "queued" {
    boot "7.4"
    assert kernel.logged("not released yet: pci v9 (queued for 7.4)") && pci_core.out_count == 0
}
`),
            ),
            [],
        );
    });

    test('a flaw needs the code that it is in', () => {
        const findings = (from: string, flaws: string): string[] =>
            findingsOf(program(`kernel "a" from "${from}" { flaws ${flaws} }\n`));
        assert.deepEqual(findings('7.2', 'luo_finish_reserved, kho_half_subtree'), []);
        assert.deepEqual(findings('7.1', '- luo_stale_session'), []);
        assert.deepEqual(findings('7.2', '- luo_stale_session'), []);
        assert.match(
            findings('7.2', 'luo_stale_session')[0] ?? '',
            /LU0218: "7\.2" does not have the code that `luo_stale_session` is a flaw of: it was there from 6\.19-rc1 to before 7\.2-rc1\./,
        );
        assert.match(findings('6.17', 'memfd_partial_success')[0] ?? '', /LU0218: "6\.17" does not have the code/);
    });

    test('handlers ask for the other files of their session', () => {
        assert.deepEqual(
            failuresOf(
                program(`${VM}
scenario "the file that is needed comes along" {
    boot "next"
    assert kernel.logged("proposed, not part of Linux 7.3.4: lookup (queued for 7.4)")
    process p {
        lu = open("/dev/liveupdate")
        s = lu.create_session("s")
        ram = memfd_create("ram")
        ram.truncate(4KiB)
        s.preserve_fd(ram, token: 7)
        s.preserve_fd(open("/dev/vm"), token: 8)
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process p {
        lu = open("/dev/liveupdate")
        s = lu.retrieve_session("s")
        s.retrieve_fd(token: 8)
        assert session("s").files[0].retrieve_status == 1
        s.finish()
    }
}
scenario "a token that is not there" {
    boot "next"
    process p {
        lu = open("/dev/liveupdate")
        s = lu.create_session("s")
        s.preserve_fd(memfd_create("ram"), token: 7)
        other = lu.create_session("other")
        vm = open("/dev/vm")
        other.preserve_fd(memfd_create("other"), token: 7)
        other.preserve_fd(vm, token: 8)
        assert at(Pair, session("other").files[1].serialized_data).token == 7
    }
}
scenario "without the layer" {
    boot "plain"
    assert !kernel.logged("proposed")
    process p {
        lu = open("/dev/liveupdate")
        s = lu.create_session("s")
        s.preserve_fd(memfd_create("ram"), token: 7)
        s.preserve_fd(open("/dev/vm"), token: 8)  fails EOPNOTSUPP
    }
}
`),
            ),
            [],
        );
    });
});
