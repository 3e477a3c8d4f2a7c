/** The tests of the posted series for devices, virtual machines and eventfds, and what they assert. */
import type { PeerSuite } from './peer-case';

export const DEVICE_SUITES: readonly PeerSuite[] = [
    {
        title: 'VFIO',
        source: 'The VFIO series, `tools/testing/selftests/vfio/`. Layers `pci`, `vfio`.',
        file: 'vfio',
        cases: [
            {
                name: 'vfio_pci_liveupdate_kexec_test',
                asserts:
                    'a device that writes memory survives the kexec; FINISH fails until it is retrieved and bound; then it copies memory again',
            },
            {
                name: 'preserve_device',
                asserts:
                    'a device that is bound to `/dev/iommu` can be preserved; one that was opened through its group fails with ENOENT',
                differs: 'The variants with `/dev/iommu` as the container of a group are left out.',
            },
            { name: 'preserve_group_fails', asserts: 'a VFIO group fails with ENOENT' },
            { name: 'preserve_container_fails', asserts: 'a VFIO container fails with ENOENT' },
        ],
    },
    {
        title: 'IOMMU and iommufd',
        source: 'The IOMMU series, `tools/testing/selftests/iommu/` and `vfio/`. Layers `pci`, `vfio`, `iommu`.',
        file: 'iommufd',
        cases: [
            {
                name: 'iommufd_liveupdate_kexec_test',
                asserts:
                    'memory, `/dev/iommu` and device can be preserved only in this order (EINVAL), also again after their session was closed; in the next kernel `/dev/iommu` is not retrieved, another one cannot have the device (EPERM), and FINISH fails',
                differs: 'The kernel has `iommufd_phase 1`.',
            },
            {
                name: 'vfio_pci_liveupdate_kexec_test',
                asserts:
                    'the path of the device cannot be opened (EBUSY); FINISH fails before the device is retrieved and before it is bound; the device copies memory by the preserved table, and by the new one that replaces it',
            },
            {
                name: 'iommufd_liveupdate',
                asserts: '`/dev/iommu` comes back, and its device can be attached to a new address space before FINISH',
                differs:
                    'The test is older than the rule that the memory must be preserved; the scenario preserves it.',
            },
            {
                name: 'iommufd_liveupdate_duo',
                asserts:
                    'a preserved table of two devices cannot be taken over (ENODEV) until both are bound; then it can',
                differs:
                    'The test is older than LUO without states; the scenario preserves both devices and the memory too.',
            },
        ],
    },
    {
        title: 'guest_memfd',
        source: 'The series for VMs and their memory, `tools/testing/selftests/kvm/guest_memfd_preservation_test.c`. Layers `kvm`, `guest_memfd`.',
        file: 'guest_memfd',
        cases: [
            {
                name: 'test_preserve_disallowed_no_init_shared',
                asserts: 'memory that is private to the guest cannot be preserved',
            },
            {
                name: 'test_preserve_disallowed_mmap_only',
                asserts: 'memory that can be mapped but is private cannot be preserved',
            },
            { name: 'test_preserve_disallowed_non_gmem', asserts: '`/dev/null` cannot be preserved' },
            {
                name: 'test_allocate_while_frozen',
                asserts:
                    'preserved memory cannot be allocated or freed (EPERM); a mapping reads what is there, and raises SIGBUS on a missing page',
                differs: 'SIGBUS appears as EFAULT.',
            },
            {
                name: 'test_gmem_preservation',
                asserts: 'a guest finds the 5 MiB that it wrote before the kexec',
            },
        ],
    },
    {
        title: 'Eventfds',
        source: 'The series for eventfds, `tools/testing/selftests/liveupdate/luo_test_eventfd.c`. Layer `eventfd`.',
        file: 'eventfd',
        cases: [
            {
                name: 'luo_test_eventfd',
                asserts:
                    'six eventfds come back with their flags and counts, also one that was written after it was preserved',
                differs:
                    'It ends with the finding LU1010: the handler of the series never frees the record of a file that was retrieved.',
            },
        ],
    },
];
