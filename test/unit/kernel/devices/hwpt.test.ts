/**
 * Hardware page tables of /dev/iommu: made for a device, attached, replaced while DMA goes on, gone with their last
 * user.
 */
import assert from 'node:assert/strict';
import { readTables } from '../../../../emulator/kernel/devices/page-tables';
import { Run } from '../../../../emulator/run/run';
import type { Host } from '../../../../emulator/runtime/host/host';
import { findingsOf, programOf } from '../../../support/programs';
import { FOREVER } from '../../../support/runs';

const IOMMUS: ReadonlyMap<string, string> = new Map([
    ['vtd', 'iommu vtd'],
    ['amd', 'iommu amd'],
    ['smmuv3', 'arch arm64\niommu smmuv3'],
]);

/** Runs a scenario in which `gpu` and `nic` are in the hands of user space; it must be a good one. */
function ran(body: string, iommu = 'iommu vtd'): Host {
    const program = programOf({
        's.lus': `machine {
            memory 1GiB
            ${iommu}
            device gpu at "0000:3b:00.0" { kind gpu; driver vfio }
            device nic at "0000:3c:00.0" { kind nic; driver vfio }
        }
        scenario "s" {
            boot "7.2"
            process vmm {
                ram = memfd_create("ram")
                ram.truncate(16MiB)
                iommu = open("/dev/iommu")
                ioas = iommu.ioas_alloc()
                ioas.map(ram, iova: 0, length: 16MiB)
                ${body}
            }
        }`,
    });
    assert.deepEqual(findingsOf(program), []);
    const { host } = Run.start(program);
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    return host;
}

suite('iommufd: hardware page tables', () => {
    for (const [name, iommu] of IOMMUS) {
        test(`${name}: bound first, attached later; then another one from one request to the next`, () => {
            ran(
                `
                vfio = open("/dev/vfio/devices/vfio0")
                vfio.bind_iommufd(iommu)
                old = ioas.hwpt_alloc(vfio)
                vfio.attach_iommufd_pt(old)
                assert old.devices == 1 && old.tables > 1
                gpu.start_dma(ring: 0, length: 4MiB, every: 10us)
                sleep 1ms
                other = iommu.ioas_alloc()
                other.map(ram, iova: 0, length: 16MiB)
                fresh = other.hwpt_alloc(vfio)
                vfio.attach_iommufd_pt(fresh)
                assert old.devices == 0 && fresh.devices == 1 && fresh.domain != old.domain
                before = gpu.writes
                sleep 1ms
                assert gpu.writes > before && gpu.faults == 0 && gpu.strays == 0
                vfio.detach_iommufd_pt()
                sleep 1ms
                assert gpu.faults > 0
                vfio.detach_iommufd_pt()  fails EINVAL
                vfio.attach_iommufd_pt(ioas)
                assert ioas.devices == 1`,
                iommu,
            );
        });
    }

    test('a table is for a device of the same /dev/iommu only', () => {
        ran(`
            vfio = open("/dev/vfio/devices/vfio0")
            ioas.hwpt_alloc(vfio)  fails ENOENT
            vfio.attach_iommufd_pt(ioas)  fails EINVAL
            vfio.bind_iommufd(iommu)
            vfio.bind_iommufd(iommu)  fails EINVAL
            vfio.bind_iommufd(ram)  fails EINVAL
            hwpt = ioas.hwpt_alloc(vfio)
            other = open("/dev/iommu").ioas_alloc()
            other.hwpt_alloc(vfio)  fails ENOENT
            vfio.attach_iommufd_pt(other)  fails EINVAL
            ioas.hwpt_alloc(ram)  fails ENOTTY
            ram.bind_iommufd(iommu)  fails ENOTTY
            again = open("/dev/vfio/devices/vfio0")
            again.bind_iommufd(ram)  fails EBADFD
            again.bind_iommufd(descriptor(99))  fails EBADF
            again.bind_iommufd(iommu)  fails EINVAL
            assert hwpt.devices == 0 && hwpt.id == 2`);
    });

    test('two devices, two tables, one address space: what is mapped later is in both, and pinned once', () => {
        const host = ran(`
            one = open("/dev/vfio/devices/vfio0")
            two = open("/dev/vfio/devices/vfio1")
            one.bind_iommufd(iommu)
            two.bind_iommufd(iommu)
            a = ioas.hwpt_alloc(one)
            b = ioas.hwpt_alloc(two)
            one.attach_iommufd_pt(a)
            two.attach_iommufd_pt(b)
            ioas.map(ram, iova: 64MiB, length: 4KiB, offset: 8KiB)
            ioas.unmap(0, 16MiB)
            assert ioas.devices == 2`);
        const domains = (host.kernel?.devices.bound.items ?? []).map((b) => b.domain);
        for (const d of domains) {
            assert.deepEqual(
                d.areas.map((a) => [a.iova, a.length]),
                [[64 << 20, 4096]],
            );
        }
        const [pa] = domains[0]?.areas.map((a) => a.pa) ?? [];
        assert.equal(host.kernel?.memmap.pins((pa ?? 0) / 4096), 1);
    });

    test('with the last descriptor everything is given back', () => {
        const host = ran(`
            vfio = open("/dev/vfio/devices/vfio0")
            vfio.bind_iommufd(iommu)
            hwpt = ioas.hwpt_alloc(vfio)
            _spare = ioas.hwpt_alloc(vfio)
            vfio.attach_iommufd_pt(hwpt)
            ioas.map(ram, iova: 64MiB, length: 4KiB)
            iommu.close()
            vfio.close()
            ram.close()`);
        const { kernel } = host;
        assert.ok(kernel);
        const owned = [...kernel.memmap.owned()].map((o) => host.machine.owners.name(o.owner));
        assert.ok(!owned.includes('memfd ram'), 'pins and mappings held the file');
        // one topmost table for each of the two devices' own domains, and what those map: nothing
        assert.equal(owned.filter((o) => o === 'IOMMU page table').length, 2);
    });

    test("what a domain's tables say is read back as it was mapped", () => {
        const host = ran(`
            ioas.map(ram, iova: 1GiB - 4KiB, length: 4MiB, offset: 4KiB)
            vfio = open("/dev/vfio/devices/vfio0")
            vfio.bind_iommufd(ioas)`);
        const domain = host.kernel?.devices.bound.items[0]?.domain;
        const { iommu } = host.machine.pci;
        assert.ok(domain && iommu);
        const tree = readTables(
            host.machine.memory,
            (pa, n) => host.machine.isRam(pa, n),
            iommu.format.pages,
            domain.root,
            domain.levels,
        );
        assert.ok(typeof tree !== 'string');
        assert.equal(tree.tables.length, domain.tableCount);
        const pages = (areas: readonly { iova: number; pa: number; length: number }[]): string[] =>
            areas.flatMap((a) =>
                Array.from({ length: a.length / 4096 }, (_, i) => `${a.iova + i * 4096} ${a.pa + i * 4096}`),
            );
        assert.deepEqual(pages(tree.mapped), pages(domain.areas));
        host.machine.memory.writeU64(domain.root, 0xffff_f000_0003n);
        assert.equal(
            typeof readTables(
                host.machine.memory,
                (pa, n) => host.machine.isRam(pa, n),
                iommu.format.pages,
                domain.root,
                domain.levels,
            ),
            'string',
            'no memory there',
        );
    });
});
