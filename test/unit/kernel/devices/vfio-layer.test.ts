/** The layer vfio: which descriptors of devices are preserved, when, and how they come back. */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../../../support/programs';
import { failuresOf } from '../../../support/runs';

const HEAD = `
machine {
    memory 1GiB
    iommu vtd
    device nic0 at "0000:3b:00.0" { kind nic; driver vfio; msix 4 }
    device gpu0 at "0000:5f:00.0" { kind gpu; driver vfio; behind "0000:5e:00.0" }
    device vf0  at "0000:5f:00.1" { kind gpu; driver vfio; vf of gpu0 }
}
kernel "next" from "7.3" { layers pci, vfio }
kernel "keep" from "7.3" { layers pci, vfio; vfio_phase keep }
kernel "pci v8" from "7.3" { layers pci v8, vfio }

fn passthrough(ram, path) {
    ioas = open("/dev/iommu").ioas_alloc()
    ioas.map(ram, iova: 0, length: 4MiB)
    dev = open(path)
    dev.bind_iommufd(ioas)
    return dev
}
fn memory() {
    ram = memfd_create("ram")
    ram.truncate(4MiB)
    return ram
}
`;

const passes = (text: string): void => {
    const program = programOf({ 'test.lus': HEAD + text });
    assert.deepEqual(
        findingsOf(program).filter((f) => f.includes(': LU0')),
        [],
    );
    assert.deepEqual(failuresOf(program), []);
};

/** A preserved NIC, up to the statements in `before`; then the reboot, and `after` in the next kernel. */
const update = (kernel: string, before: string, after: string): string => `
scenario "update" {
    boot "${kernel}"
    process vmm {
        lu  = open("/dev/liveupdate")
        s   = lu.create_session("s")
        ram = memory()
        s.preserve_fd(ram, token: 1)
        nic = passthrough(ram, "/dev/vfio/devices/vfio0")
        s.preserve_fd(nic, token: 2)
        kexec_file_load("${kernel}")
        ${before}
    }
    ${after}
}
`;

suite('layer vfio', () => {
    test('which descriptors are taken', () =>
        passes(`
scenario "preserve" {
    boot "next"
    process vmm {
        s = open("/dev/liveupdate").create_session("s")
        ram = memory()
        open("/dev/vfio/devices/vfio1")
        unbound = open("/dev/vfio/devices/vfio1")
        s.preserve_fd(unbound, token: 1)  fails ENOENT
        gpu = passthrough(ram, "/dev/vfio/devices/vfio1")
        s.preserve_fd(gpu, token: 2)
        assert gpu0.pci_dev.outgoing != 0 && session("s").files[0].compatible == "vfio-pci-v1"
        s.preserve_fd(gpu, token: 3)  fails EBUSY
        other = open("/dev/liveupdate2")  fails ENOENT
        vf = passthrough(ram, "/dev/vfio/devices/vfio2")
        s.preserve_fd(vf, token: 4)  fails EINVAL
        assert pci_core.out_count == 1
        s.close()
        assert gpu0.pci_dev.outgoing == 0 && pci_core.out_count == 0
    }
}
`));

    test('in a released kernel no handler takes one', () => {
        passes(`
scenario "stock" {
    boot "7.3"
    process vmm {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(passthrough(memory(), "/dev/vfio/devices/vfio0"), token: 1)  fails ENOENT
    }
}`);
        const injected = programOf({
            'test.lus': 'scenario "s" {\n boot "7.3"\n inject EIO into vfio_pci.freeze\n}\n',
        });
        assert.match(
            findingsOf(injected).join('\n'),
            /LU0212: .*It belongs to the layer `vfio`, which no kernel of this program has\. Declare one: `kernel "next" from "7.3" \{ layers pci, vfio \}`/,
        );
    });

    test('the freeze wants interrupts off', () =>
        passes(
            update(
                'next',
                `
        nic0.start_dma(ring: 0)
        sleep 1ms
        reboot(KEXEC)  fails EINVAL
        assert nic0.running && kernel.logged("Freeze failed for token[0x2] handler[vfio-pci-v1] err[-22]")
        nic.disable_irqs()
        reboot(KEXEC)
    `,
                'assert nic0.pci_dev.incoming != 0 && !nic0.running',
            ),
        ));

    test('the freeze wants the device awake', () =>
        passes(
            update(
                'next',
                `
        nic0.power = 3
        reboot(KEXEC)  fails EINVAL
        nic0.power = 0
        reboot(KEXEC)
    `,
                'assert nic0.power == 0',
            ),
        ));

    test('phase 1: the device is reset, and nothing can be asked of it until it is opened anew', () =>
        passes(
            update(
                'next',
                `
        nic0.start_dma(ring: 0)
        sleep 1ms
        nic.disable_irqs()
        s.preserve_fd(memfd_create("more"), token: 3)
        inject EIO into memfd.freeze after 1
        reboot(KEXEC)  fails EIO
        assert !nic0.running && !nic0.bus_master
        nic0.start_dma(ring: 0)  fails EBUSY
        nic.detach_iommufd_pt()  fails EBUSY
        nic.set_irqs(msix: 1)  fails EBUSY
        s.close()
        nic.close()
        again = passthrough(ram, "/dev/vfio/devices/vfio0")
        again.set_irqs(msix: 4)
        nic0.start_dma(ring: 0)
        sleep 1ms
        assert nic0.running && nic0.bus_master
    `,
                'assert kernel.boot == 0',
            ),
        ));

    test('with vfio_phase keep a reboot that fails leaves it as it was', () =>
        passes(
            update(
                'keep',
                `
        nic0.start_dma(ring: 0)
        sleep 1ms
        nic.disable_irqs()
        s.preserve_fd(memfd_create("more"), token: 3)
        inject EIO into memfd.freeze after 1
        reboot(KEXEC)  fails EIO
        assert nic0.running && nic0.bus_master
        nic.set_irqs(msix: 1)
        nic.disable_irqs()
        reboot(KEXEC)
    `,
                'assert nic0.bus_master && nic0.power == 0',
            ),
        ));

    test('in the next kernel: retrieved, bound, finished, and nothing in another order', () =>
        passes(
            update(
                'next',
                'reboot(KEXEC)',
                `
    assert kernel.logged("left as the previous kernel preserved it") && nic0.power == 0 && gpu0.power == 3
    process vmm {
        nic = open("/dev/vfio/devices/vfio0")  fails EBUSY
        lu  = open("/dev/liveupdate")
        s   = lu.retrieve_session("s")
        ram = s.retrieve_fd(token: 1)
        s.finish()  fails EBUSY
        nic = s.retrieve_fd(token: 2)
        open("/dev/vfio/devices/vfio0")  fails EBUSY
        ioas = open("/dev/iommu").ioas_alloc()
        ioas.map(ram, iova: 0, length: 4MiB)
        nic.attach_iommufd_pt(ioas)  fails EINVAL
        nic.set_irqs(msix: 1)  fails EINVAL
        nic.bind_iommufd(ioas)
        nic.set_irqs(msix: 1)
        nic0.start_dma(ring: 0)
        s.finish()
        assert nic0.pci_dev.incoming == 0 && pci_core.finished
        sleep 1ms
        assert nic0.writes > 0 && nic0.strays == 0 && nic0.faults == 0
        nic.close()
        open("/dev/vfio/devices/vfio0")
    }
    assert kho.incoming.unclaimed == 0`,
            ),
        ));

    test('with the layer iommu it is claimed for the /dev/iommu that came along, and no other one gets it', () =>
        passes(`
kernel "claims" from "7.3" { layers pci, iommu, vfio; vfio_phase keep }
scenario "claimed" {
    boot "claims"
    process vmm {
        s   = open("/dev/liveupdate").create_session("s")
        ram = memfd_create("ram", flags: MFD_ALLOW_SEALING)
        ram.truncate(4MiB)
        ram.add_seals(F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)
        iommu = open("/dev/iommu")
        ioas  = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 4MiB)
        nic   = open("/dev/vfio/devices/vfio0")
        nic.bind_iommufd(iommu)
        hwpt  = ioas.hwpt_alloc(nic)
        hwpt.mark_preserve(token: 7)
        nic.attach_iommufd_pt(hwpt)
        s.preserve_fd(ram, token: 1)
        s.preserve_fd(iommu, token: 2)
        s.preserve_fd(nic, token: 3)
        kexec_file_load("claims")
        reboot(KEXEC)
    }
    nic0.bind("native")  fails EBUSY
    process vmm {
        s     = open("/dev/liveupdate").retrieve_session("s")
        ram   = s.retrieve_fd(token: 1)
        nic   = s.retrieve_fd(token: 3)
        other = open("/dev/iommu")
        nic.bind_iommufd(other)  fails EPERM
        iommu = s.retrieve_fd(token: 2)
        nic.bind_iommufd(other)  fails EPERM
        nic.bind_iommufd(iommu)
        ioas  = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 4MiB)
        iommu.hwpt(token: 7).reuse(ioas)
        s.finish()
    }
}`));

    test('closed before it was retrieved, the session is out of reach', () =>
        passes(
            update(
                'next',
                'reboot(KEXEC)',
                `
    process vmm {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.retrieve_fd(token: 1)
        s.close()
        assert kernel.logged("Unable to finish session")
        open("/dev/vfio/devices/vfio0")  fails EBUSY
    }`,
            ),
        ));

    test('a device that is pulled out: nothing to retrieve', () =>
        passes(
            update(
                'next',
                `
        nic0.unplug()
        nic.set_irqs(msix: 1)  fails ENODEV
        inject no into vfio_pci.can_finish in next kernel
        reboot(KEXEC)  fails EINVAL, EIO
        `,
                'assert kernel.boot == 0',
            )
                .replace(
                    '        inject no into vfio_pci.can_finish in next kernel\n        reboot(KEXEC)  fails EINVAL, EIO\n',
                    '        nic0.power = 0\n        reboot(KEXEC)\n',
                )
                .replace(
                    'assert kernel.boot == 0',
                    `
    process vmm {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.retrieve_fd(token: 2)  fails ENODEV
        s.finish()  fails EBUSY
    }`,
                ),
        ));

    test('a second update with the descriptor that was retrieved', () =>
        passes(
            update(
                'next',
                'reboot(KEXEC)',
                `
    for i in 0..3 {
        process vmm {
            lu  = open("/dev/liveupdate")
            s   = lu.retrieve_session("s")
            ram = s.retrieve_fd(token: 1)
            nic = s.retrieve_fd(token: 2)
            ioas = open("/dev/iommu").ioas_alloc()
            ioas.map(ram, iova: 0, length: 4MiB)
            nic.bind_iommufd(ioas)
            s.finish()
            s.close()
            again = lu.create_session("s")
            again.preserve_fd(ram, token: 1)
            again.preserve_fd(nic, token: 2)
            kexec_file_load("next")
            reboot(KEXEC)
        }
    }
    assert kernel.boot == 4 && nic0.pci_dev.incoming != 0`,
            ),
        ));

    test('whatever allocation fails, preserving leaves nothing behind', () =>
        passes(
            Array.from(
                { length: 10 },
                (_, n) => `
scenario "allocation ${n}" {
    boot "next"
    process vmm {
        empty = kho.outgoing.pages
        s = open("/dev/liveupdate").create_session("s")
        gpu = passthrough(memory(), "/dev/vfio/devices/vfio1")
        before = kho.outgoing.pages
        inject ENOMEM into page_alloc after ${n}
        s.preserve_fd(gpu, token: 1)  may fail ENOMEM
        if session("s").count == 0 {
            assert kho.outgoing.pages == before && gpu0.pci_dev.outgoing == 0 && gpu0.pci_dev.upstream.outgoing == 0 && pci_core.out_count == 0
            s.preserve_fd(gpu, token: 1)
        }
        assert gpu0.pci_dev.outgoing != 0 && pci_core.out_count == 1
        s.close()
        assert gpu0.pci_dev.outgoing == 0 && pci_core.out_count == 0 && kho.outgoing.pages == empty
    }
}`,
            ).join('\n'),
        ));

    for (const point of [
        'vfio_pci.preserve',
        'pci_core.preserve',
        'vfio_pci.freeze',
        'vfio_pci.retrieve',
        'pci_core.retrieve',
    ]) {
        test(`a failure injected into ${point}`, () => {
            const next = point.endsWith('retrieve');
            // v9 panics
            const after = point === 'pci_core.retrieve' ? 'pci v8' : 'next';
            const failing = next
                ? ''
                : point.endsWith('freeze')
                  ? 'reboot(KEXEC)  fails EIO\n'
                  : 's.preserve_fd(gpu, token: 2)  fails EIO\n assert pci_core.out_count == 0 && gpu0.pci_dev.outgoing == 0\n';
            passes(`
scenario "injected" {
    boot "next"
    process vmm {
        s   = open("/dev/liveupdate").create_session("s")
        ram = memory()
        gpu = passthrough(ram, "/dev/vfio/devices/vfio1")
        s.preserve_fd(ram, token: 1)
        kexec_file_load("${after}")
        inject EIO into ${point}${next ? ' in next kernel' : ''}
        ${point.endsWith('freeze') ? `s.preserve_fd(gpu, token: 2)\n ${failing}` : `${failing}s.preserve_fd(gpu, token: 2)\n`}
        reboot(KEXEC)
    }
    process vmm {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.retrieve_fd(token: 1)
        gpu = s.retrieve_fd(token: 2)${next ? `  fails ${point.startsWith('pci') ? 'ENODEV' : 'EIO'}\n        gpu = s.retrieve_fd(token: 2)  fails ${point.startsWith('pci') ? 'ENODEV' : 'EIO'}\n        s.finish()  fails EBUSY` : ''}
    }
    ${point === 'pci_core.retrieve' ? 'assert kernel.logged("cannot read what the previous kernel says about devices [-5]")' : ''}
}`);
        });
    }

    for (const [how, finish, open] of [
        ['refuse', 'fails EBUSY', 'fails EBUSY'],
        ['hold', '', 'fails EBUSY'],
        ['reset', '', ''],
    ] as const) {
        test(`vfio_unclaimed ${how}: what becomes of a device that no process retrieves`, () => {
            assert.deepEqual(
                failuresOf(
                    programOf(`${HEAD}
kernel "k" from "7.3" { layers pci, vfio; vfio_phase keep; vfio_unclaimed ${how} }
scenario "s" {
    boot "k"
    process vmm {
        s   = open("/dev/liveupdate").create_session("s")
        nic = passthrough(memory(), "/dev/vfio/devices/vfio0")
        s.preserve_fd(nic, token: 1)
        kexec_file_load("k")
        reboot(KEXEC)
    }
    process vmm {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.finish()  ${finish}
        open("/dev/vfio/devices/vfio0")  ${open}
    }
    assert (nic0.pci_dev.incoming == 0) == ${how === 'reset'}
    vmm { kexec_file_load("k"); reboot(KEXEC) }
    assert nic0.pci_dev.incoming == 0
}`),
                ),
                [],
            );
        });
    }

    test('vfio_phase is reset or keep', () => {
        assert.match(
            findingsOf(programOf({ 'test.lus': 'kernel "a" from "7.3" { layers pci, vfio; vfio_phase on }\n' })).join(),
            /LU0301: `vfio_phase` must be `keep` or `reset`/,
        );
        assert.match(
            findingsOf(programOf({ 'test.lus': 'kernel "a" from "7.3" { layers vfio }\n' })).join(),
            /LU0415: The layer `vfio` needs `pci`/,
        );
        assert.match(
            findingsOf(programOf({ 'test.lus': 'kernel "a" from "7.3" { layers pci; vfio_phase keep }\n' })).join(),
            /LU0415: `vfio_phase` needs the layer `vfio`/,
        );
    });
});
