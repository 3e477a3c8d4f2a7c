/** Devices in a page table that was kept over the kexec: idle ones that are started there, and several of one table. */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../../../emulator/diagnosis/diagnoses';
import type { Host } from '../../../../emulator/runtime/host/host';
import { cleanProgram } from '../../../support/programs';
import { passed } from '../../../support/runs';

const HEAD = `
machine {
    memory 1GiB
    iommu vtd
    device d1 at "0000:5e:00.0" { kind dma; driver vfio; msix 0 }
    device d2 at "0000:5f:00.0" { kind dma; driver vfio; msix 0 }
}
kernel "next" from "7.3" { layers pci, vfio, iommu; vfio_phase keep }
fn memory() {
    ram = memfd_create("ram", flags: MFD_ALLOW_SEALING)
    ram.truncate(1MiB)
    ram.add_seals(F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
    return ram
}
fn update() {
    kexec_file_load("next")
    reboot(KEXEC)
}`;

/** A device in a marked page table, preserved with all that it needs; it does not run. */
const IDLE = `
    process vmm {
        s     = open("/dev/liveupdate").create_session("s")
        ram   = memory()
        iommu = open("/dev/iommu")
        ioas  = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 1MiB)
        a = open("/dev/vfio/devices/vfio0")
        a.bind_iommufd(iommu)
        table = ioas.hwpt_alloc(a)
        table.mark_preserve(token: 7)
        a.attach_iommufd_pt(table)
        s.preserve_fd(ram, token: 1)
        s.preserve_fd(iommu, token: 2)
        s.preserve_fd(a, token: 3)
        update()
    }`;

const RETRIEVED = `
    s     = open("/dev/liveupdate").retrieve_session("s")
    ram   = s.retrieve_fd(token: 1)
    iommu = s.retrieve_fd(token: 2)
    a     = s.retrieve_fd(token: 3)
    ioas  = iommu.ioas_alloc()
    ioas.map(ram, iova: 0, length: 1MiB)
`;

const ran = (body: string): Host => passed(cleanProgram(`${HEAD}\nscenario "s" {\n boot "next"\n${body}\n}`));
const codes = (host: Host): string[] => Diagnoses.of(host)?.found.items.map((d) => d.code) ?? [];

suite('page tables that were kept', () => {
    test('a device that was idle over the kexec and is started in the kept table goes to its own memory', () => {
        const host = ran(`${IDLE}
    process vmm { ${RETRIEVED}
        a.bind_iommufd(iommu)
        d1.start_dma(ring: 0, length: 64KiB, every: 10us)
        sleep 1ms
        assert d1.writes > 0 && d1.strays == 0 && d1.faults == 0
        a.attach_iommufd_pt(ioas.hwpt_alloc(a))
        s.finish()
        sleep 1ms
        assert d1.strays == 0 && d1.faults == 0
    }`);
        assert.deepEqual(codes(host), []);
    });

    test('what the page table still leads to and somebody else has is a stray all the same', () => {
        const host = ran(`${IDLE}
    process vmm {
        s     = open("/dev/liveupdate").retrieve_session("s")
        ram   = s.retrieve_fd(token: 1)
        iommu = s.retrieve_fd(token: 2)
        a     = s.retrieve_fd(token: 3)
        a.bind_iommufd(iommu)
        ram.punch(0, length: 1MiB)
        d1.start_dma(ring: 0, length: 64KiB, every: 10us)
        sleep 1ms
        assert d1.strays > 0
    }`);
        assert.deepEqual(codes(host), ['LU1027']);
    });

    test('a kernel that was switched on has none of it', () => {
        const host = ran(`${IDLE}
    crash("gone")
    boot "next"
    process vmm {
        ram  = memory()
        ioas = open("/dev/iommu").ioas_alloc()
        ioas.map(ram, iova: 0, length: 1MiB)
        a = open("/dev/vfio/devices/vfio0")
        a.bind_iommufd(ioas)
        d1.start_dma(ring: 0, length: 64KiB, every: 10us)
        sleep 1ms
        assert d1.writes > 0 && d1.strays == 0 && d1.faults == 0
    }`);
        assert.ok(!codes(host).includes('LU1027'));
    });

    const PAIR = `
    process vmm {
        s     = open("/dev/liveupdate").create_session("s")
        ram   = memory()
        iommu = open("/dev/iommu")
        a = open("/dev/vfio/devices/vfio0")
        b = open("/dev/vfio/devices/vfio1")
        a.bind_iommufd(iommu)
        b.bind_iommufd(iommu)
        ioas = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 1MiB)
        table = ioas.hwpt_alloc(a)
        a.attach_iommufd_pt(table)
        b.attach_iommufd_pt(table)
        table.mark_preserve(token: 7)
        s.preserve_fd(ram, token: 1)
        s.preserve_fd(iommu, token: 2)
        s.preserve_fd(a, token: 3)
        s.preserve_fd(b, token: 4)
        d1.start_dma(ring: 0, length: 64KiB, every: 10us)
        d2.start_dma(ring: 64KiB, length: 64KiB, every: 10us)
        update()
    }`;

    test('one that two devices see is taken over when both are bound, and not before', () => {
        const host = ran(`${PAIR}
    process vmm { ${RETRIEVED}
        b = s.retrieve_fd(token: 4)
        iommu.hwpt(token: 7).reuse(ioas)  fails ENODEV
        a.bind_iommufd(iommu)
        iommu.hwpt(token: 7).reuse(ioas)  fails ENODEV
        s.finish()  fails EBUSY
        b.bind_iommufd(iommu)
        iommu.hwpt(token: 7).reuse(ioas)
        s.finish()
        sleep 1ms
        assert d1.strays == 0 && d2.strays == 0 && d1.faults == 0 && d2.faults == 0
    }`);
        assert.deepEqual(codes(host), []);
    });

    test('or each of them moves to another one, in its time', () => {
        const host = ran(`${PAIR}
    process vmm { ${RETRIEVED}
        a.bind_iommufd(iommu)
        a.attach_iommufd_pt(ioas.hwpt_alloc(a))
        b = s.retrieve_fd(token: 4)
        s.finish()  fails EBUSY
        b.bind_iommufd(iommu)
        b.attach_iommufd_pt(ioas.hwpt_alloc(b))
        s.finish()
        sleep 1ms
        assert d1.strays == 0 && d2.strays == 0 && d1.faults == 0 && d2.faults == 0
    }`);
        assert.deepEqual(codes(host), []);
    });
});
