/** VFIO's groups and containers: their errors, the memory that devices reach, and what a live update refuses. */
import assert from 'node:assert/strict';
import { programOf } from '../../../support/programs';
import { failureOf } from '../../../support/runs';

/** Two devices, of which the second has its own group; runs statements of one process. */
function failure(statements: string, machine = '', layers = 'pci, vfio'): string | undefined {
    return failureOf(
        programOf(`machine {
    memory 1GiB
    iommu vtd
    device dev0 at "0000:5e:00.0" { kind gpu; driver vfio; msix 1 }
    device dev1 at "0000:5f:00.0" { kind gpu; driver vfio }
    ${machine}
}
kernel "k" from "7.3" { layers ${layers} }
scenario "s" {
    boot "k"
    process p {
        group = open("/dev/vfio/0")
        container = open("/dev/vfio/vfio")
        ${statements}
    }
}`),
    );
}

const READY = `group.set_container(container)
        container.set_iommu()
        dev = group.get_device_fd("0000:5e:00.0")`;

suite('groups and containers of VFIO', () => {
    test('a group is open once, and needs a container with an IOMMU', () => {
        const statements = `open("/dev/vfio/0")  fails EBUSY
        open("/dev/vfio/2")  fails ENOENT
        container.set_iommu()  fails EINVAL
        container.map_dma(memfd_create("ram"), iova: 0, length: 4KiB)  fails EINVAL
        group.get_device_fd("0000:5e:00.0")  fails EINVAL
        group.unset_container()  fails EINVAL
        group.set_container(group)  fails EBADFD
        group.set_container(descriptor(99))  fails EBADF
        group.set_container(container)
        group.set_container(container)  fails EINVAL
        group.get_device_fd("0000:5e:00.0")  fails EINVAL
        container.set_iommu()
        container.set_iommu()  fails EINVAL
        group.get_device_fd("0000:5f:00.0")  fails ENODEV
        group.set_iommu()  fails ENOTTY
        container.get_device_fd("0000:5e:00.0")  fails ENOTTY
        group.get_device_fd("0000:5e:00.0").set_irqs(msix: 1)`;
        assert.equal(failure(statements), undefined);
    });

    test('devices of all groups of a container reach its memory, which is pinned until the last group leaves', () => {
        const statements = `ram = memfd_create("ram")
        ram.truncate(2MiB)
        ram.pwrite(pattern(1, 2MiB), at: 0)
        ${READY}
        container.map_dma(ram, iova: 4GiB, length: 2MiB)
        container.map_dma(ram, iova: 4GiB, length: 4KiB)  fails EEXIST
        other = open("/dev/vfio/1")
        other.set_container(container)
        dev2 = other.get_device_fd("0000:5f:00.0")
        dev0.start_dma(ring: 4GiB, length: 1MiB, every: 1ms)
        dev1.start_dma(ring: 4GiB, length: 1MiB, every: 1ms)
        sleep 20ms
        assert dev0.faults == 0 && dev1.faults == 0
        assert ram.folio_at(0).pins > 0
        container.unmap_dma(4GiB, 4KiB)  fails EINVAL
        container.unmap_dma(8GiB, 4KiB)
        container.close()
        dev.close()
        group.close()
        dev2.close()
        other.unset_container()
        assert ram.folio_at(0).pins == 0
        dev2.set_irqs(msix: 1)  fails EBADF`;
        assert.equal(failure(statements), undefined);
    });

    test('a device is used through its group or through its node, not both', () => {
        const statements = `cdev = open("/dev/vfio/devices/vfio0")
        cdev.bind_iommufd(open("/dev/iommu"))  fails EBUSY
        ${READY}
        again = group.get_device_fd("0000:5e:00.0")
        space = open("/dev/iommu").ioas_alloc()
        dev.bind_iommufd(space)  fails EINVAL
        dev.attach_iommufd_pt(space)  fails ENOTTY
        dev.detach_iommufd_pt()  fails ENOTTY
        group.close()
        dev.close()
        cdev.bind_iommufd(space)  fails EBUSY
        again.close()
        cdev.bind_iommufd(space)
        open("/dev/vfio/0")  fails EBUSY
        cdev.close()
        group = open("/dev/vfio/0")`;
        assert.equal(failure(statements), undefined);
    });

    test('a descriptor of /dev/iommu is a container: its address space comes with the first group', () => {
        const statements = `iommu = open("/dev/iommu")
        ram = memfd_create("ram")
        ram.pwrite(pattern(1, 2MiB), at: 0)
        iommu.set_iommu()  fails ENODEV
        iommu.map_dma(ram, iova: 4GiB, length: 2MiB)  fails ENODEV
        iommu.unmap_dma(4GiB, 2MiB)  fails ENODEV
        iommu.vfio_ioas()  fails ENODEV
        iommu.set_vfio_ioas(open("/dev/iommu").ioas_alloc())  fails ENOENT
        assert group.get_status() == VFIO_GROUP_FLAGS_VIABLE
        group.set_container(iommu)
        group.set_container(container)  fails EINVAL
        assert group.get_status() == (VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET)
        space = iommu.vfio_ioas()
        iommu.set_vfio_ioas()
        group.get_device_fd("0000:5e:00.0")  fails ENODEV
        iommu.set_vfio_ioas(space)
        dev = group.get_device_fd("0000:5e:00.0")
        iommu.map_dma(ram, iova: 4GiB, length: 2MiB)
        iommu.map_dma(ram, iova: 4GiB, length: 4KiB)  fails EEXIST
        iommu.set_iommu()
        iommu.unmap_dma(4GiB, 4KiB)  fails ENOENT
        iommu.unmap_dma(8GiB, 4KiB)
        iommu.unmap_dma(8GiB, 0)  fails EINVAL
        dev0.start_dma(ring: 4GiB, length: 1MiB, every: 1ms)
        sleep 10ms
        group.unset_container()
        group.unset_container()  fails EINVAL
        group.get_device_fd("0000:5e:00.0")  fails EINVAL
        sleep 10ms
        assert dev0.faults == 0 && ram.folio_at(0).pins > 0
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(dev, token: 0)  fails ENOENT
        dev.close()
        assert !dev0.running && ram.folio_at(0).pins == 0
        group.set_container(iommu)
        iommu.close()
        dev = group.get_device_fd("0000:5e:00.0")
        dev0.start_dma(ring: 4GiB, length: 1MiB, every: 1ms)
        sleep 10ms
        assert dev0.faults == 0 && ram.folio_at(0).pins > 0
        dev.close()
        group.close()
        assert ram.folio_at(0).pins == 0
        open("/dev/vfio/0")`;
        assert.equal(failure(statements), undefined);
    });

    test('two groups of one /dev/iommu share its address space; another one cannot have a device of the group', () => {
        const statements = `iommu = open("/dev/iommu")
        ram = memfd_create("ram")
        ram.pwrite(pattern(1, 2MiB), at: 0)
        other = open("/dev/vfio/1")
        group.set_container(iommu)
        other.set_container(iommu)
        iommu.map_dma(ram, iova: 4GiB, length: 2MiB)
        dev = group.get_device_fd("0000:5e:00.0")
        dev2 = other.get_device_fd("0000:5f:00.0")
        dev0.start_dma(ring: 4GiB, length: 1MiB, every: 1ms)
        dev1.start_dma(ring: 4GiB, length: 1MiB, every: 1ms)
        sleep 10ms
        assert dev0.faults == 0 && dev1.faults == 0 && dev0.transferred > 0
        open("/dev/vfio/devices/vfio0").bind_iommufd(iommu)  fails EBUSY`;
        assert.equal(failure(statements), undefined);
    });

    test('with a driver of the kernel in the group, /dev/iommu takes the group, but none of its devices', () => {
        const statements = `assert group.get_status() == 0
        group.set_container(open("/dev/iommu"))
        assert group.get_status() == (VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET)
        group.get_device_fd("0000:5e:00.0")  fails EPERM`;
        assert.equal(failure(statements, 'device nic0 at "0000:5e:00.1" { kind nic }'), undefined);
    });

    test('no container takes a group with a device that a driver of the kernel has', () => {
        const statements = 'group.set_container(container)  fails EPERM';
        assert.equal(failure(statements, 'device nic0 at "0000:5e:00.1" { kind nic }'), undefined);
    });

    test('without an IOMMU a device needs the unsafe mode, and reaches all of memory', () => {
        const run = (cmdline: string, statements: string): string | undefined =>
            failureOf(
                programOf(`machine {
    memory 1GiB
    device dev0 at "0000:5e:00.0" { kind gpu; driver vfio; msix 1 }
    device dev1 at "0000:5f:00.0" { kind gpu; driver vfio }
}
kernel "k" from "7.3" { layers pci, vfio; cmdline "${cmdline}" }
scenario "s" {
    boot "k"
    process p {
        ${statements}
    }
}`),
            );
        const mode = 'vfio.enable_unsafe_noiommu_mode=1';
        assert.equal(
            run(
                mode,
                `assert kernel.logged("vfio-pci 0000:5e:00.0: Adding kernel taint for vfio-noiommu group on device")
        open("/dev/vfio/0")  fails ENOENT
        open("/dev/vfio/devices/vfio0")  fails ENOENT
        group = open("/dev/vfio/noiommu-0")
        open("/dev/vfio/noiommu-0")  fails EBUSY
        container = open("/dev/vfio/vfio")
        assert group.get_status() == VFIO_GROUP_FLAGS_VIABLE
        group.set_container(container)
        group.get_device_fd("0000:5e:00.0")  fails EINVAL
        ram = memfd_create("ram", huge: true)
        ram.pwrite(pattern(1, 2MiB), at: 0)
        container.map_dma(ram, iova: 0, length: 4KiB)  fails EINVAL
        container.set_iommu()  fails EINVAL
        container.set_iommu(VFIO_NOIOMMU_IOMMU)
        container.set_iommu(VFIO_NOIOMMU_IOMMU)  fails EINVAL
        container.map_dma(ram, iova: 0, length: 4KiB)  fails ENOTTY
        container.unmap_dma(0, 4KiB)  fails ENOTTY
        open("/dev/vfio/noiommu-1").set_container(container)
        dev = group.get_device_fd("0000:5e:00.0")
        dev0.start_dma(ring: phys(ram.folio_at(0)), length: 1MiB, every: 1ms)
        sleep 10ms
        assert dev0.transferred > 0 && ram.pread(2MiB, at: 0) != pattern(1, 2MiB)
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(dev, token: 0)  fails ENOENT
        dev.close()
        assert !dev0.running
        group.unset_container()
        group.get_device_fd("0000:5e:00.0")  fails EINVAL
    }
    assert !diagnosed("LU1027")
    process q {
        open("/dev/vfio/noiommu-1")  fails EBUSY`,
            ),
            undefined,
        );
        assert.equal(run('', 'open("/dev/vfio/noiommu-0")  fails ENOENT'), undefined);
    });

    test('none of its descriptors can be preserved, and after an update a preserved device is opened by its session', () => {
        const statements = `${READY}
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(dev, token: 0)  fails ENOENT
        s.preserve_fd(group, token: 0)  fails ENOENT
        s.preserve_fd(container, token: 0)  fails ENOENT
        dev.close()
        group.close()
        cdev = open("/dev/vfio/devices/vfio0")
        cdev.bind_iommufd(open("/dev/iommu").ioas_alloc())
        s.preserve_fd(cdev, token: 0)
        kexec_file_load("k")
        reboot(KEXEC)
    }
    process q {
        group = open("/dev/vfio/0")
        container = open("/dev/vfio/vfio")
        group.set_container(container)
        container.set_iommu()
        group.get_device_fd("0000:5e:00.0")  fails EBUSY`;
        assert.equal(failure(statements), undefined);
    });
});
