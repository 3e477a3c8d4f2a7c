/** Layers in the versions in which their series were posted: what differs. */
import assert from 'node:assert/strict';
import { Run } from '../../../../emulator/run/run';
import { findingsOf, programOf } from '../../../support/programs';
import { FOREVER, failuresOf } from '../../../support/runs';

const HEAD = `
machine {
    memory 1GiB
    iommu vtd
    device nic0 at "0000:3b:00.0" { kind nic; driver vfio; msix 4 }
}
fn bound(ram) {
    ioas = open("/dev/iommu").ioas_alloc()
    ioas.map(ram, iova: 0, length: 4MiB)
    nic = open("/dev/vfio/devices/vfio0")
    nic.bind_iommufd(ioas)
    return nic
}
fn preserved_nic(next) {
    s   = open("/dev/liveupdate").create_session("s")
    ram = memfd_create("ram")
    ram.truncate(4MiB)
    s.preserve_fd(ram, token: 1)
    nic = bound(ram)
    s.preserve_fd(nic, token: 2)
    kexec_file_load(next)
    return nic
}
fn preserved_memory(vm_first) {
    vm1   = open("/dev/liveupdate").create_session("vm-1")
    guest = kvm.create_vm("guest", vcpus: 1)
    ram   = guest.create_guest_memfd(1MiB)
    if vm_first { vm1.preserve_fd(guest, token: 2) }
    return [vm1, ram]
}
`;

function passes(text: string): void {
    const program = programOf({ 'test.lus': HEAD + text });
    assert.deepEqual(
        findingsOf(program).filter((f) => f.includes(': LU0')),
        [],
    );
    assert.deepEqual(failuresOf(program), []);
}

suite('versions of layers', () => {
    test('pci: what cannot be read about devices stops the boot, up to v8 it does not', () =>
        passes(`
kernel "v9" from "7.3" { layers pci v9, vfio }
kernel "v8" from "7.3" { layers pci v8, vfio }
scenario "v9" {
    boot "v9"
    inject EIO into pci_core.retrieve in next kernel
    process vmm { preserved_nic("v9"); reboot(KEXEC)  panics }
}
scenario "v8" {
    boot "v8"
    inject EIO into pci_core.retrieve in next kernel
    process vmm { preserved_nic("v8"); reboot(KEXEC) }
    assert kernel.logged("cannot read what the previous kernel says about devices [-5]: all are taken to be idle")
}`));

    test('pci: isolation by a quirk is refused from v8 on', () => {
        const scenario = (version: string, preserve: string): string => `
kernel "${version}" from "7.3" { layers pci ${version}, vfio }
scenario "${version}" {
    boot "${version}"
    process vmm {
        s   = open("/dev/liveupdate").create_session("s")
        ram = memfd_create("ram")
        ram.truncate(4MiB)
        s.preserve_fd(ram, token: 1)
        nic = bound(ram)
        s.preserve_fd(nic, token: 2)  ${preserve}
    }
}`;
        const program = programOf({
            'test.lus':
                HEAD.replace('driver vfio;', 'driver vfio; acs quirk;') +
                scenario('v7', '') +
                scenario('v8', 'fails EINVAL') +
                scenario('v9', 'fails EINVAL'),
        });
        assert.deepEqual(failuresOf(program), []);
    });

    test('vfio: a retrieved device has to be bound before finish, in v4 not', () => {
        const scenario = (version: string, finish: string): string => `
kernel "${version}" from "7.3" { layers pci, vfio ${version} }
scenario "${version}" {
    boot "${version}"
    process vmm { preserved_nic("${version}"); reboot(KEXEC) }
    process vmm {
        s   = open("/dev/liveupdate").retrieve_session("s")
        s.retrieve_fd(token: 1)
        s.retrieve_fd(token: 2)
        s.finish()  ${finish}
    }
}`;
        passes(scenario('v5', 'fails EBUSY') + scenario('v4', ''));
    });

    test('iommu: from v5 on the mark of a page table can be removed', () => {
        const scenario = (version: string, first: string, second: string): string => `
kernel "${version}" from "7.3" { layers pci, vfio, iommu ${version}; vfio_phase keep }
scenario "${version}" {
    boot "${version}"
    process vmm {
        ioas = open("/dev/iommu").ioas_alloc()
        nic  = open("/dev/vfio/devices/vfio0")
        nic.bind_iommufd(ioas)
        hwpt = ioas.hwpt_alloc(nic)
        hwpt.mark_preserve(token: 1)
        hwpt.unmark_preserve()  ${first}
        hwpt.mark_preserve(token: 2)  ${second}
    }
}`;
        passes(scenario('v5', '', '') + scenario('v4', 'fails ENOTTY', 'fails EINVAL'));
    });

    test('sparse_memfd: holes are not filled, stay holes over the kexec, and are not written meanwhile', () =>
        passes(`
kernel "sparse" from "7.3" { layers sparse_memfd }
scenario "sparse" {
    boot "sparse"
    process p {
        lu   = open("/dev/liveupdate")
        s    = lu.create_session("s")
        file = memfd_create("cache")
        file.truncate(64MiB)
        file.pwrite("in the middle", 8MiB)
        s.preserve_fd(file, token: 1)
        assert file.stat().blocks == 8 && file.pread(1, 0) == bytes(0)
        file.pwrite("lost", 16MiB)  fails EPERM
        file.pwrite("In", 8MiB)
        s.close()
        s = lu.create_session("s")
        file.pwrite("kept", 16MiB)
        s.preserve_fd(file, token: 1)
        kexec_file_load("sparse")
        reboot(KEXEC)
    }
    process p {
        s    = open("/dev/liveupdate").retrieve_session("s")
        file = s.retrieve_fd(token: 1)
        assert file.stat().size == 64MiB && file.stat().blocks == 16
        assert text_of(file.pread(13, 8MiB)) == "In the middle" && text_of(file.pread(4, 16MiB)) == "kept"
        file.pwrite("a hole can be filled again", 32MiB)
        s.finish()
    }
}
scenario "to a kernel without it" {
    boot "sparse"
    process p {
        s    = open("/dev/liveupdate").create_session("s")
        file = memfd_create("cache")
        file.truncate(64MiB)
        s.preserve_fd(file, token: 1)
        kexec_file_load("7.3")
        reboot(KEXEC)
    }
    process p { open("/dev/liveupdate")  fails EIO }
}`));

    test('guest_memfd: the VM is preserved before its memory in the RFC, at any time before the reboot in v4', () => {
        const scenario = (version: string, vmFirst: boolean, preserve: string): string => `
scenario "${version}, the VM ${vmFirst ? 'first' : 'later'}" {
    boot "${version}"
    process vmm { both = preserved_memory(${vmFirst}); vm1 = both[0]; vm1.preserve_fd(both[1], token: 1)  ${preserve} }
}`;
        passes(
            `kernel "v4" from "7.3" { layers kvm, guest_memfd v4 }\nkernel "rfc2" from "7.3" { layers kvm, guest_memfd rfc2 }\n` +
                scenario('v4', false, '') +
                scenario('v4', true, '') +
                scenario('rfc2', false, 'fails ENOENT') +
                scenario('rfc2', true, ''),
        );
    });

    test('hugetlb rfc1: the FLB has the orders of the pools and their preserved pages, as it was posted', () => {
        const program = programOf({
            'test.lus': `
kernel "next" from "7.3" { layers hugetlb rfc1; cmdline "hugepages=16" }
scenario "s" {
    boot "next"
    process vmm {
        s   = open("/dev/liveupdate").create_session("s")
        ram = memfd_create("ram", hugetlb: 2MiB)
        ram.truncate(6MiB)
        s.preserve_fd(ram, token: 1)
    }
}`,
        });
        assert.deepEqual(findingsOf(program), []);
        const { host } = Run.start(program);
        host.interpreter.run(FOREVER);
        const flb = host.kernel?.luo.flbs.items.find((f) => f.compatible === 'hugetlb-v1');
        const at = Number(flb?.outgoing.data);
        assert.ok(at > 0);
        const bytes = host.machine.memory.read(at, 37);
        assert.deepEqual(
            [...bytes],
            [3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 18, ...Array.from({ length: 18 }, () => 0), 2],
        );
    });
});
