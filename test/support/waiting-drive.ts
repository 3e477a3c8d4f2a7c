/** A guest with a drive of its own whose driver waits for every interrupt, in the words of a scenario. */

interface Leaving {
    /** How long the drive takes for a command. */
    readonly every?: string;
    /** How long the guest works before anything is preserved. */
    readonly works?: string;
    /** What its monitor does to the interrupts when it has paused it. */
    readonly paused?: string;
}

/** What its monitor does up to the reboot. The machine has a device `disk` that is vfio-pci's first. */
export const leaving = ({ every = '100ms', works = '950ms', paused = '' }: Leaving = {}): string => `
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        ram = memfd_create("ram", flags: MFD_ALLOW_SEALING)
        ram.truncate(4MiB)
        ram.add_seals(F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)
        state = memfd_create("state")
        state.truncate(4KiB)
        guest = kvm.create_vm("guest", memory: ram)
        iommu = open("/dev/iommu")
        ioas  = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 4MiB)
        vfio = open("/dev/vfio/devices/vfio0")
        vfio.bind_iommufd(iommu)
        hwpt = ioas.hwpt_alloc(vfio)
        hwpt.mark_preserve(token: 7)
        vfio.attach_iommufd_pt(hwpt)
        vfio.set_irqs(msix: 1, vm: guest)
        guest.run()
        disk.start_dma(ring: 0, every: ${every}, waits: true)
        sleep ${works}
        vm1.preserve_fd(ram, token: 1)
        vm1.preserve_fd(state, token: 2)
        vm1.preserve_fd(iommu, token: 3)
        vm1.preserve_fd(vfio, token: 4)
        guest.pause()
        ${paused}
        guest.save(state)
`;
