/** The layer iommu: what is refused and with what, what goes over a kexec, and what the next kernel makes of it. */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { COST_NAMES } from '../../emulator/machine/costs';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { cleanProgram, findingsOf, programOf } from '../support/programs';
import { FOREVER, passed } from '../support/runs';

const IOMMUS: ReadonlyMap<string, string> = new Map([
    ['vtd', 'iommu vtd'],
    ['amd', 'iommu amd'],
    ['smmuv3', 'arch arm64\niommu smmuv3'],
]);

/** A driver's handler that keeps `gpu` and nothing else: what is tested here is below it. */
const DRIVER = `
handler keeper "keeper-v1" for vfio uses pci_core {
    can_preserve(file) { return file.kind == vfio }
    preserve(args) {
        pci_liveupdate_preserve(gpu.pci_dev)
        undo { pci_liveupdate_unpreserve(gpu.pci_dev) }
        iommu_preserve_device(args, gpu)
    }
    unpreserve(args) {
        iommu_unpreserve_device(gpu)
        pci_liveupdate_unpreserve(gpu.pci_dev)
    }
    retrieve(args) { return -EIO }
    finish(args) { pci_liveupdate_finish(gpu.pci_dev) }
}`;

/** A guest's memory, sealed, at 0 in an address space; the GPU bound and attached to a marked table. */
const SETUP = `
    boot "next"
    process vmm {
        lu  = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        ram = memfd_create("ram", flags: MFD_ALLOW_SEALING)
        ram.truncate(16MiB)
        ram.pwrite(pattern(7, 16MiB), at: 0)
        ram.add_seals(F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)
        iommu = open("/dev/iommu")
        ioas  = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 16MiB)
        vfio  = open("/dev/vfio/devices/vfio0")
        vfio.bind_iommufd(iommu)
        hwpt  = ioas.hwpt_alloc(vfio)
        hwpt.mark_preserve(token: 0x7)
        vfio.attach_iommufd_pt(hwpt)
    }`;

const PRESERVED = `${SETUP}
    vmm {
        vm1.preserve_fd(ram, token: 1)
        vm1.preserve_fd(iommu, token: 2)
        vm1.preserve_fd(vfio, token: 3)
    }`;

const REBOOT = 'vmm {\nkexec_file_load("next")\nreboot(KEXEC)\n}\n';

const file = (body: string, { iommu = 'iommu vtd', kernel = '', more = '' } = {}): string => `
machine {
    memory 1GiB
    ${iommu}
    device gpu at "0000:3b:00.0" { kind gpu; driver vfio }
    device nic at "0000:3c:00.0" { kind nic }
}
kernel "next" from "7.3" { layers pci, iommu; handlers + keeper\n${kernel} }
${DRIVER}
${more}
scenario "s" {
    ${body}
}`;

/** Runs a scenario to its end, which must be a good one. */
function ran(body: string, options: Parameters<typeof file>[1] = {}): Host {
    return passed(cleanProgram(file(body, options)));
}

suite('layer iommu', () => {
    for (const [name, iommu] of IOMMUS) {
        test(`${name}: DMA goes on from one kernel to the next, into the same memory`, () => {
            const host = ran(
                `${PRESERVED}
                vmm { gpu.start_dma(ring: 0, length: 4MiB, every: 200us) }
                ${REBOOT}
                assert gpu.faults == 0 && gpu.dropped == 0
                before = gpu.writes
                process next {
                    vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
                    ram = vm1.retrieve_fd(token: 1)
                    iommu = vm1.retrieve_fd(token: 2)
                    old = iommu.hwpt(token: 0x7)
                    iommu.hwpt(token: 0x8)  fails ENOENT
                    assert old.domain == hwpt_domain && old.tables == tables
                    sleep 1ms
                    assert gpu.writes > before && gpu.faults == 0
                    assert ram.pread(4KiB, at: 2MiB) == ram.pread(4KiB, at: 0)
                }`
                    .replace('boot "next"', 'boot "next"\nhwpt_domain = 0\ntables = 0')
                    .replace(
                        'vmm { gpu.start',
                        'hwpt_domain = vmm.hwpt.domain\ntables = vmm.hwpt.tables\nvmm { gpu.start',
                    ),
                { iommu },
            );
            const { kernel } = host;
            assert.ok(kernel);
            const [gpu] = kernel.devices.bound;
            assert.ok(gpu?.inherited && gpu.domain === gpu.inherited);
            assert.equal(
                kernel.devices.bound.items.some((b) => b !== gpu && b.domain.id === gpu.domain.id),
                false,
                'its id is reserved',
            );
            // what the hardware walks are pages of this kernel's
            const trail: number[] = [];
            assert.ok(host.machine.pci.iommu);
            host.machine.pci.iommu.tlb.invalidate();
            host.machine.pci.iommu.translate(gpu.device.requester, 0x5000, true, (t) => trail.push(...t));
            assert.ok(trail.length >= 4);
            for (const pa of trail) {
                const owner = host.machine.owners.name(kernel.memmap.ownerOf(pa / 4096));
                assert.match(owner, /^IOMMU /);
            }
        });
    }

    test('marks: numbers are taken once, and only kernels with the layer have them', () => {
        ran(`${SETUP}
            vmm {
                hwpt.mark_preserve(token: 0x9)  fails EINVAL
                other = ioas.hwpt_alloc(vfio)
                other.mark_preserve(token: 0x7)  fails EADDRINUSE
                other.mark_preserve(token: 0x8)
                vm1.preserve_fd(ram, token: 1)
            }`);
        ran(`${SETUP.replace('boot "next"', 'boot "7.3"').replace('hwpt.mark_preserve(token: 0x7)', 'hwpt.mark_preserve(token: 0x7)  fails ENOTTY')}
            vmm {
                vm1.preserve_fd(iommu, token: 2)  fails ENOENT
                vm1.preserve_fd(ram, token: 1)
                assert hwpt.token == none
            }`);
    });

    test('the order is memory, iommufd, device; in any other one something is missing', () => {
        ran(`${SETUP}
            vmm {
                vm1.preserve_fd(vfio, token: 3)  fails EINVAL
                vm1.preserve_fd(iommu, token: 2)  fails EINVAL
                vm1.preserve_fd(ram, token: 1)
                vm1.preserve_fd(vfio, token: 3)  fails EINVAL
                vm1.preserve_fd(iommu, token: 2)
                vm1.preserve_fd(vfio, token: 3)
                vm1.preserve_fd(vfio, token: 4)  fails EBUSY
            }`);
    });

    test('the dependency must be in the same session', () => {
        ran(`${SETUP}
            vmm {
                vm2 = lu.create_session("vm-2")
                vm2.preserve_fd(ram, token: 1)
                vm1.preserve_fd(iommu, token: 2)  fails EINVAL
                vm2.preserve_fd(iommu, token: 2)
                vm1.preserve_fd(vfio, token: 3)  fails EINVAL
                vm2.preserve_fd(vfio, token: 3)
            }`);
    });

    test('memory that is not sealed when it is mapped is refused, and so is what no device may be attached to', () => {
        const unsealed = SETUP.replace(
            '        ram.add_seals(F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)\n',
            '',
        ).replace(
            'vfio.attach_iommufd_pt(hwpt)',
            'vfio.attach_iommufd_pt(hwpt)\nram.add_seals(F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)',
        );
        ran(`${unsealed}
            vmm {
                vm1.preserve_fd(ram, token: 1)
                vm1.preserve_fd(iommu, token: 2)  fails EINVAL
            }`);
    });

    test('from then on nothing changes: neither the address space nor what is attached', () => {
        ran(`${PRESERVED}
            vmm {
                ioas.map(ram, iova: 1GiB, length: 4KiB)  fails EBUSY
                ioas.unmap(0, 16MiB)  fails EBUSY
                vfio.detach_iommufd_pt()  fails EBUSY
                vfio.attach_iommufd_pt(iommu.ioas_alloc())  fails EBUSY
                other = ioas.hwpt_alloc(vfio)
                vfio.attach_iommufd_pt(other)  fails EBUSY
            }`);
    });

    test('unpreserved with its session, all is as it was', () => {
        const host = ran(`${PRESERVED}
            vmm {
                assert kho.outgoing.pages > 20
                vm1.close()
                ioas.map(ram, iova: 1GiB, length: 4KiB)
                vfio.detach_iommufd_pt()
                vfio.attach_iommufd_pt(hwpt)
                again = lu.create_session("vm-1")
                again.preserve_fd(ram, token: 1)
                again.preserve_fd(iommu, token: 2)
                again.close()
            }`);
        const owners = host.kernel?.kho.outgoingRuns().map((r) => r.owner) ?? [];
        assert.ok(
            owners.every((o) => /^(KHO|luo|KEXEC|.*luo_)/i.test(o)),
            owners.join(),
        );
    });

    test('without memory at any moment, preserving leaves nothing behind and works the next time', () => {
        let failed = 0;
        for (let after = 0; after < 12; after++) {
            for (const [what, before] of [
                ['iommu, token: 2', ''],
                ['vfio, token: 3', 'vm1.preserve_fd(iommu, token: 2)'],
            ] as const) {
                const host = ran(`${SETUP}
                    vmm {
                        vm1.preserve_fd(ram, token: 1)
                        ${before}
                        pages = kho.outgoing.pages
                        inject ENOMEM into page_alloc after ${after}
                        r = try vm1.preserve_fd(${what})
                        assert r == 0 || r == -ENOMEM
                        assert (r != 0) == (kho.outgoing.pages == pages)
                        if r != 0 {
                            vm1.preserve_fd(${what})
                            vm1.close()
                            ioas.map(ram, iova: 1GiB, length: 4KiB)
                            vfio.detach_iommufd_pt()
                        }
                    }`);
                if (host.processNamed('vmm')?.vars.get('r') === 0) {
                    continue;
                }
                failed++;
                const left = host.kernel?.kho.outgoingRuns().filter((r) => /iommu|IOMMU|memfd/.test(r.owner)) ?? [];
                assert.deepEqual(left, [], `after ${after}: ${what}`);
            }
        }
        assert.ok(failed > 4, `${failed} of them failed`);
    });

    test('a device that is not preserved sees nothing any more, and translation stays on', () => {
        const program = programOf({
            's.lus': file(`${PRESERVED}
            nic.start_dma(every: 200us)
            ${REBOOT}`),
        });
        assert.deepEqual(findingsOf(program), []);
        const { host } = Run.start(program);
        /** What the IOMMU finds for the two devices while no kernel runs. */
        const gap: string[] = [];
        host.listeners.report({
            jumped: () => {
                const { iommu, devices } = host.machine.pci;
                for (const d of iommu?.enabled === true ? devices : []) {
                    const found = iommu?.format.lookup(host.machine, iommu.root, d.requester, []);
                    gap.push(
                        `${d.shape.name}: ${found && 'fault' in found ? found.fault : (found?.kind ?? '')}, ${iommu?.contexts.has(d.requester) === true ? 'cached' : 'not cached'}`,
                    );
                }
            },
        });
        host.interpreter.run(FOREVER);
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
        for (const cost of ['iommu_table', 'iommu_flush'] as const) {
            assert.ok((host.machine.clock.spent[COST_NAMES.indexOf(cost)] ?? 0) > 0, cost);
        }
        assert.deepEqual(gap, ['gpu: paging, not cached', 'nic: context-absent, not cached']);
        const { iommu } = host.machine.pci;
        assert.ok(iommu?.enabled);
        assert.equal(host.kernel?.kho.unclaimed !== 0, true, 'the memfd waits to be retrieved');
        const [, nic] = host.kernel?.devices.bound ?? [];
        assert.ok(nic && !nic.inherited && nic.domain === nic.own);
    });

    test('where something cannot be restored the kernel panics', () => {
        for (const [at, what] of [
            ['inject EIO into iommu_core.retrieve in next kernel', 'cannot read'],
            ['inject ENOMEM into iommu_core.retrieve in next kernel', 'cannot read'],
        ] as const) {
            ran(`${PRESERVED}
                ${at}
                vmm {
                    kexec_file_load("next")
                    reboot(KEXEC)  panics "iommu: ${what} what the previous kernel has preserved"
                }`);
        }
    });

    test('nor may the next kernel leave the IOMMU off', () => {
        ran(`${PRESERVED}
            vmm {
                kexec_file_load("next", cmdline: "intel_iommu=off")
                reboot(KEXEC)  panics "the IOMMU is to stay off"
            }`);
    });

    test('in the first phase of the series a file that was preserved cannot be retrieved, nor its session be finished', () => {
        ran(
            `${PRESERVED}
            ${REBOOT}
            process next {
                vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
                ram = vm1.retrieve_fd(token: 1)
                vm1.retrieve_fd(token: 2)  fails EOPNOTSUPP
                vm1.finish()  fails EBUSY
                ram.close()
            }`,
            { kernel: 'iommufd_phase 1' },
        );
    });

    test('a domain without devices comes along, too, and goes when its file is finished', () => {
        const host = ran(`${SETUP}
            vmm {
                vfio.detach_iommufd_pt()
                vm1.preserve_fd(ram, token: 1)
                vm1.preserve_fd(iommu, token: 2)
            }
            ${REBOOT}
            process next {
                vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
                _ram = vm1.retrieve_fd(token: 1)
                iommu = vm1.retrieve_fd(token: 2)
                assert iommu.hwpt(token: 0x7).devices == 0
                vm1.finish()
                iommu.hwpt(token: 0x7)  fails ENOENT
            }
            assert kho.incoming.unclaimed == 0`);
        assert.equal(host.kernel?.devices.unit.restored.length, 0);
    });

    test('more domains than a page of the chain has entries', () => {
        ran(`${SETUP}
            vmm {
                for i in 0..200 { ioas.hwpt_alloc(vfio).mark_preserve(token: 100 + i) }
                vm1.preserve_fd(ram, token: 1)
                vm1.preserve_fd(iommu, token: 2)
                vfio.detach_iommufd_pt()
            }
            ${REBOOT}
            process next {
                vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
                _ram = vm1.retrieve_fd(token: 1)
                iommu = vm1.retrieve_fd(token: 2)
                for i in 0..200 { assert iommu.hwpt(token: 100 + i).tables > 1 }
                vm1.finish()
            }
            assert kho.incoming.unclaimed == 0`);
    });

    test('what is handed over and makes no sense is not followed: the kernel panics', () => {
        for (const [line, message] of [
            ['at(iommu_lu_ser, iommu_core.out_data).version = 2', 'cannot read'],
            ['at(iommu_unit_ser, at(iommu_lu_ser, iommu_core.out_data).units + 16).token = 0x1000', 'cannot restore'],
            ['at(iommu_domain_ser, at(iommu_lu_ser, iommu_core.out_data).domains + 16).levels = 2', 'cannot restore'],
            [
                'at(iommu_domain_ser, at(iommu_lu_ser, iommu_core.out_data).domains + 16).top = 0x7fff_0000_0000',
                'cannot restore',
            ],
            [
                'at(iommu_device_ser, at(iommu_lu_ser, iommu_core.out_data).devices + 16).devid = 0x0100',
                'cannot restore',
            ],
        ] as const) {
            ran(`${PRESERVED}
                vmm { kexec_file_load("next") }
                at handover { ${line} }
                vmm { reboot(KEXEC)  panics "iommu: ${message} what the previous kernel has preserved" }`);
        }
    });

    for (const [name, iommu] of IOMMUS) {
        test(`${name}: several updates in a row, by hotswap and by reuse in turn, without a request that is lost`, () => {
            const program = programOf({
                's.lus': `
machine {
    memory 1GiB
    ${iommu}
    device gpu at "0000:3b:00.0" { kind gpu; driver vfio; msix 0 }
}
kernel "next" from "7.3" { layers pci, vfio, iommu; vfio_phase keep }

fn update(vm1, ram, iommu, vfio) {
    vm1.preserve_fd(ram, token: 1)
    vm1.preserve_fd(iommu, token: 2)
    vm1.preserve_fd(vfio, token: 3)
    kexec_file_load("next")
    reboot(KEXEC)
}

scenario "s" {
    boot "next"
    process vmm {
        ram = memfd_create("ram", flags: MFD_ALLOW_SEALING)
        ram.truncate(4MiB)
        ram.add_seals(F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
        iommu = open("/dev/iommu")
        ioas = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 4MiB)
        vfio = open("/dev/vfio/devices/vfio0")
        vfio.bind_iommufd(iommu)
        hwpt = ioas.hwpt_alloc(vfio)
        hwpt.mark_preserve(token: 1)
        vfio.attach_iommufd_pt(hwpt)
        gpu.start_dma(ring: 0, length: 4MiB, every: 1ms)
        update(open("/dev/liveupdate").create_session("vm-1"), ram, iommu, vfio)
    }
    for round in 0..3 {
        process vmm {
            lu = open("/dev/liveupdate")
            vm1 = lu.retrieve_session("vm-1")
            ram = vm1.retrieve_fd(token: 1)
            iommu = vm1.retrieve_fd(token: 2)
            vfio = vm1.retrieve_fd(token: 3)
            vfio.bind_iommufd(iommu)
            ioas = iommu.ioas_alloc()
            ioas.map(ram, iova: 0, length: 4MiB)
            if round % 2 == 0 {
                hwpt = ioas.hwpt_alloc(vfio)
                vfio.attach_iommufd_pt(hwpt)
            } else {
                hwpt = iommu.hwpt(token: 1)
                hwpt.reuse(ioas)
            }
            hwpt.mark_preserve(token: 1)
            vm1.finish()
            vm1.close()
            assert kho.incoming.unclaimed == 0
            update(lu.create_session("vm-1"), ram, iommu, vfio)
        }
    }
    assert gpu.running && gpu.faults == 0 && gpu.strays == 0 && gpu.dropped == 0
}`,
            });
            assert.deepEqual(findingsOf(program), []);
            const { host } = Run.start(program);
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure?.message, undefined);
            assert.deepEqual(
                Diagnoses.of(host)?.found.items.map((d) => d.code),
                ['LU1002'],
                'nobody asks for the last one',
            );
            assert.equal(host.boot, 4);
        });
    }
});
