/** A race of which the outcomes are known. */

/** Three system calls at the same time; the timer gives the others time. */
export const REBOOT_RACE = `
scenario "a file is preserved and a descriptor closed while the machine reboots" finds LU1032 {
    boot "7.2"
    process luod, vmm, other, timer
    vmm {
        vm1  = open("/dev/liveupdate").create_session("vm-1")
        disk = memfd_create("disk")
        send vm1 to luod
        send vm1 to other
    }
    luod { kexec_file_load("7.2") }
    concurrently {
        luod  { reboot(KEXEC) }
        vmm   { vm1.preserve_fd(disk, token: 1) }
        other { vm1.close() }
        timer { sleep 1us }
    }
    process luod {
        vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
        disk = try vm1.retrieve_fd(token: 1)
        vm1.finish()
    }
}`;
