/** Files that the language tests read. */

/** A first scenario, both sides of a kexec. */
export const TOUR = `// A guest's memory survives a kernel update.

machine {
    memory 2GiB
    memory 2GiB node 1
}

scenario "a guest's memory survives" {
    boot "7.2"                                  // a cold boot; the description of 7.2 has kho=on liveupdate=on

    process luod, vmm                           // two processes start
    luod {                                      // what follows runs in luod
        lu  = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        lu.create_session("vm-1")  fails EEXIST
        send vm1 to vmm                         // SCM_RIGHTS: vmm gets its own descriptor, under the same name
    }
    vmm {
        ram = memfd_create("guest-ram")
        ram.truncate(64MiB)
        ram.pwrite(pattern(7, 16MiB), at: 0)
        vm1.preserve_fd(ram, token: 0x10)
        vm1.preserve_fd(ram, token: 0x11)  fails EBUSY
        exit                                    // its descriptors close; luod still holds the session
    }
    luod {
        kexec_file_load("7.2")
        reboot(KEXEC)
    }

    // From here on a new kernel runs, and no process of the old one exists.
    process luod {                              // starts one and runs in it
        lu  = open("/dev/liveupdate")
        vm1 = lu.retrieve_session("vm-1")
        ram = vm1.retrieve_fd(token: 0x10)
        assert ram.size == 64MiB
        assert ram.pread(16MiB, at: 0) == pattern(7, 16MiB)
        vm1.finish()
    }
    assert kho.incoming.unclaimed == 0, "everything preserved has found an owner"
}
`;

/** A handler of its own, with an FLB and a kernel that has both. */
export const NIC = `struct NicState {                               // packed, little-endian, in this order
    magic:   u32
    queues:  u32
    ring_pa: phys
}
struct NicCore {
    count: u64
}

file nic at "/dev/nic0" {                       // a kind of file, and what its open and last close do
    queues: u32 = 2
    ring:   folio
    open()    { ring = alloc_folio(order: 0) }
    release() { put_folio(ring) }
}

flb nic_core "nic-core-v1" {
    preserve(args)   { core = kho.alloc_preserve(NicCore); args.data = phys(core); args.obj = core }
    unpreserve(args) { kho.unpreserve_free(args.obj) }
    retrieve(args)   { args.obj = at(NicCore, args.data) }
    finish(args)     { kho.restore_free(args.obj) }
}

handler nic_handler "nic-v1" for nic uses nic_core {
    can_preserve(file) { return file.kind == nic }
    preserve(args) {
        ser = kho.alloc_preserve(NicState)
        undo { kho.unpreserve_free(ser) }       // runs if this callback fails later on
        kho.preserve_folio(args.file.ring)      // a failing call makes the callback return its errno
        undo { kho.unpreserve_folio(args.file.ring) }
        ser.magic   = 0x4e49_4331
        ser.queues  = args.file.queues
        ser.ring_pa = phys(args.file.ring)
        args.serialized_data = phys(ser)
    }
    unpreserve(args) { kho.unpreserve_folio(args.file.ring); kho.unpreserve_free(at(NicState, args.serialized_data)) }
    freeze(args)     { if args.file.queues == 0 { return -EBUSY } }
    retrieve(args) {
        ser = at(NicState, args.serialized_data)
        args.file = new nic(queues: ser.queues, ring: kho.restore_folio(ser.ring_pa))
        kho.restore_free(ser)
    }
    can_finish(args) { return args.retrieve_status > 0 }
    finish(args)     { }
}

kernel "7.2-nic" from "7.2" {                   // a kernel with one more handler than the stock one
    handlers + nic_handler
    cmdline "kho_scratch=64M,64M,32M"
    init {                                      // runs when the kernel comes up, after its handlers are registered
        // loads the FLB's count: without it 7.2 underflows
        if (try nic_core.get_incoming()) == 0 { nic_core.put_incoming() }
    }
}
`;

/** One statement of every kind. */
export const EVERYTHING = `import "nic.lus"
const N = 4
machine {
    memory 2GiB; memory 1GiB node 1
    map 0x1000 .. 0x9_fc00
    cpus 4
}
struct Inner { a: u32; b: u32 }
struct Outer {
    pfn: u64:52
    flags: u64:12
    inner: Inner
    list: u64[8]
    name: string[64]
    raw: bytes[48]
    next: phys Outer
    array: vmalloc
}
kernel "7.2-tiny" from "7.2-nic" {
    handlers - memfd
    layers pci, vfio
    cmdline "kho=on"
    early_memory 40MiB
    numa off
}
fn fill(fd, size: int) label("fill ", size) {
    at = 0
    while at < size { fd.pwrite(pattern(7, 4096), at: at); at += 4KiB }
    if size == 0 { return -EINVAL } else if size > 1GiB { return -EFBIG } else { return 0 }
}
scenario "everything" {
    explore { crash luod; fail memfd.*, page_alloc; errors EIO, ENOMEM; kernels "7.2", "7.3"; orders; switches 3 }
    explore nightly { profile all; faults 2 }
    always { assert faults < 3 }
    finally { assert faults == 0 || happened("kill luod") || happened("memfd.*") }
    boot "7.2-nic" cmdline "kho=on liveupdate=on"
    process luod, vmm
    inject EIO into memfd.freeze
    inject ENOMEM into nic_handler.preserve after 2 times 3 in next kernel
    inject no into nic_handler.can_finish
    at handover { corrupt session("vm-1").files xor 0x01 }
    sleep 50ms
    luod {
        lu = open("/dev/liveupdate")
        a = lu.create_session("a") may fail EEXIST, EINVAL
        r = try a.finish()
        assert r == 0 || r == -EBUSY && !(r > 0), "finished"
        b = lu.retrieve_session("a") with readonly_reply fails EFAULT
        send a to vmm as theirs fails EPERM
        for i in 0..N { assert [1, 2, 3, i][i] == ~i + 1 }
        total = 1 +
            2 *
            3
        assert fill(
            a,
            size: total
        ) == 0
    }
    vmm { exit }
    kill luod
}
`;
