/** Capture kernels: the core header against a naive count of pages, the dump as an image, the tables of an IOMMU. */
import assert from 'node:assert/strict';
import { VmcoreSaver } from '../../emulator/handover/save';
import { inspectFile } from '../../emulator/handover/inspect';
import { coreHeader, readCoreHeader } from '../../emulator/kernel/crash/core-header';
import { sourceOf } from '../../emulator/machine/core-file';
import { Machine } from '../../emulator/machine/machine';
import { Run } from '../../emulator/run/run';
import { correctProgram } from '../support/programs';
import { FOREVER } from '../support/runs';

const PAGE = 4096;

/** Numbers from a seed (Park and Miller). */
function numbers(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
        state = (state * 48271) % 0x7fff_ffff;
        return state % below;
    };
}

suite('crash kernels', () => {
    test('the core header has all memory but the areas of crashkernel=, page by page', () => {
        for (let seed = 1; seed <= 50; seed++) {
            const next = numbers(seed);
            const ranges = [
                { start: PAGE, size: (1 + next(30)) * PAGE, node: 0 },
                { start: 64 * PAGE, size: (1 + next(100)) * PAGE, node: 0 },
            ];
            const machine = new Machine({ ranges });
            const areas = Array.from({ length: next(4) }, () => ({
                addr: next(160) * PAGE,
                size: (1 + next(20)) * PAGE,
            }));
            const at = 64 * PAGE;
            const header = coreHeader(machine, areas, '7.3.4');
            const expected = new Set<number>();
            for (const { start, size } of ranges) {
                for (let pa = start; pa < start + size; pa += PAGE) {
                    if (!areas.some((a) => pa >= a.addr && pa < a.addr + a.size)) {
                        expected.add(pa);
                    }
                }
            }
            machine.memory.write(at, header);
            const found = new Set<number>();
            for (const { pa, size } of readCoreHeader(machine, at)?.runs ?? []) {
                for (let p = pa; p < pa + size; p += PAGE) {
                    assert.ok(!found.has(p), `seed ${seed}: a page is there once`);
                    found.add(p);
                }
            }
            assert.deepEqual(
                [...found].sort((a, b) => a - b),
                [...expected].sort((a, b) => a - b),
                `seed ${seed}`,
            );
        }
    });

    test('the dump opens as an image with the handover that the crashed kernel had prepared', () => {
        const { host } = Run.start(
            correctProgram(`
machine { memory 2GiB }
kernel "host" from "7.3" { cmdline "crashkernel=256M" }
scenario "s" finds LU1061 {
    boot "host"
    process luod {
        save_vmcore()  fails ENOENT
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        vm1.preserve_fd(memfd_create("guest-ram"), token: 1)
        kexec_file_load("7.3", crash: true)
    }
    crash("oops")
    assert panicked == "oops" && kernel.boot == 1
    process makedumpfile { save_vmcore() }
}`),
        );
        const chunks: Uint8Array[] = [];
        host.listeners.report(new VmcoreSaver(host, (image) => chunks.push(...image)));
        host.interpreter.run(FOREVER);
        assert.equal(host.interpreter.outcome?.failure, undefined);
        const { handover, file } = inspectFile(sourceOf(Buffer.concat(chunks)), {});
        assert.deepEqual(file.findings, []);
        assert.match(new TextDecoder().decode(file.notes[0]?.content), /^OSRELEASE=7\.3\.4\nPAGESIZE=4096\n$/);
        assert.ok(handover.fdt && handover.preserved.pages > 0);
    });

    for (const [iommu, release, arch, became] of [
        ['vtd', '7.3', 'x86-64', 'copied'],
        ['amd', '6.17', 'x86-64', 'copied'],
        ['amd', '6.18', 'x86-64', 'reused'],
        ['smmuv3', '7.3', 'arm64', 'replaced'],
    ] as const) {
        test(`${iommu} in ${release}: the tables of the crashed kernel are ${became}`, () => {
            const { host } = Run.start(
                correctProgram(`
machine {
    ${arch === 'arm64' ? 'arch arm64' : ''}
    memory 4GiB
    iommu ${iommu}
    device nic0 at "0000:3b:00.0" { kind nic }
}
kernel "host" from "${release}" { cmdline "crashkernel=256M" }
scenario "s" {
    boot "host"
    nic0.start_dma(every: 20us)
    process kdump { kexec_file_load("${release}", "kho=off", crash: true) }
    writes = nic0.writes
    crash("oops")
    assert nic0.running
    assert nic0.writes ${became === 'replaced' ? '< writes + 2000 && nic0.faults > 0' : '> writes + 2000 && nic0.faults == 0'}
}`),
            );
            const iommuOf = host.machine.pci.iommu;
            let before = 0;
            host.listeners.report({
                lost: () => {
                    before = iommuOf?.root ?? 0;
                },
            });
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure, undefined);
            assert.equal(host.running.devices.crashedTables, became);
            assert.equal(iommuOf?.root === before, became === 'reused');
        });
    }
});
