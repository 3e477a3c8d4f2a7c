/** Block sets of handlers and FLBs: `kho.block_set()`. */
import { passes } from '../../../support/runs';

const CODE = `
machine { memory 2GiB }
struct Queue { number: u64; depth: u32; flags: u32 }
struct NicSer { queues: phys; count: u64 }
file nic at "/dev/nic0" { count: int = 300 }
handler nic_handler "nic-v1" for nic {
    can_preserve(file) { return file.kind == nic }
    preserve(args) {
        set = kho.block_set(Queue)
        set.grow(args.file.count)
        undo { set.destroy() }
        slots = set.iterator()
        for i in 0..args.file.count {
            slot = slots.reserve(Queue)
            slot.number = i
            slot.depth  = i * 2
        }
        ser = kho.alloc_preserve(NicSer)
        ser.queues = set.head
        ser.count  = args.file.count
        args.serialized_data = phys(ser)
        args.private_data = set
    }
    unpreserve(args) { args.private_data.destroy(); kho.unpreserve_free(at(NicSer, args.serialized_data)) }
    retrieve(args) {
        ser = at(NicSer, args.serialized_data)
        set = kho.block_set(Queue)
        set.restore(ser.queues)
        slots = set.iterator()
        n = 0
        for i in 0..ser.count {
            slot = slots.read(Queue)
            if slot.number != i || slot.depth != i * 2 { return -EIO }
            n += 1
        }
        if slots.read(Queue) != none { return -EIO }
        klog_info("queues: ", n, " in ", set.length, " blocks")
        set.destroy()
        kho.restore_free(ser)
        args.file = new nic(count: n)
    }
    finish(args) { }
}
kernel "k" from "7.2" { handlers + nic_handler }
kernel "old" from "7.1" { handlers + nic_handler }
`;

suite('block sets of handlers', () => {
    test('carry entries over a kexec, in as many pages as they need', () => {
        passes(`${CODE}
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/nic0"), token: 1)
        kexec_file_load("k")
        reboot(KEXEC)
    }
    process q {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.retrieve_fd(token: 1)
        s.finish()
    }
    assert kernel.logged("queues: 300 in 2 blocks")
    assert kho.incoming.unclaimed == 0
}`);
    });

    test('are given back when the session is closed', () => {
        passes(`${CODE}
scenario "s" {
    boot "k"
    process p {
        before = kho.outgoing.pages
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/nic0"), token: 1)
        assert kho.outgoing.pages > before
        s.close()
        assert kho.outgoing.pages == before
    }
}`);
    });

    test('do not exist before 7.2', () => {
        passes(`${CODE}
scenario "s" {
    boot "old"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/nic0"), token: 1)  fails EOPNOTSUPP
    }
}`);
    });
});
