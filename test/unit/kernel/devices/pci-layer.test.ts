/** The layer pci: which devices and bridges are preserved, and what the next kernel leaves as it was. */
import assert from 'node:assert/strict';
import { evaluate } from '../../../../emulator/runtime/evaluate';
import { Run } from '../../../../emulator/run/run';
import { format } from '../../../../emulator/language/values';
import { findingsOf, programOf } from '../../../support/programs';
import { failuresOf } from '../../../support/runs';

/** A driver whose file stands for one device by its number in the scan; with `kernel "next"` (layer pci). */
const DRIVER = `
machine {
    memory 1GiB
    iommu vtd
    device nic0 at "0000:3b:00.0" { kind nic; driver none }
    device gpu0 at "0000:5f:00.0" { kind gpu; driver none; behind "0000:5e:00.0" }
    device dma0 at "0000:5f:01.0" { kind dma; driver none; behind "0000:5e:00.0" }
    device vf0  at "0000:3b:00.1" { kind nic; driver none; vf of nic0 }
}
struct DrvSer { domain: u32; bdf: u32 }
file drv at "/dev/drv" { which: int = 0; dev: any }
handler drv_handler "drv-v1" for drv uses pci_core {
    can_preserve(file) { return file.kind == drv }
    preserve(args) {
        dev = device_at(args.file.which)
        pci_liveupdate_preserve(dev)
        undo { pci_liveupdate_unpreserve(dev) }
        ser = kho.alloc_preserve(DrvSer)
        ser.domain = dev.domain
        ser.bdf    = dev.bdf
        args.serialized_data = phys(ser)
    }
    unpreserve(args) {
        ser = at(DrvSer, args.serialized_data)
        dev = pci.find(ser.domain, ser.bdf)
        if dev != none { pci_liveupdate_unpreserve(dev) }
        kho.unpreserve_free(ser)
    }
    retrieve(args) {
        ser = at(DrvSer, args.serialized_data)
        dev = pci.find(ser.domain, ser.bdf)
        if dev == none { return -ENODEV }
        args.file = new drv(dev: dev)
    }
    can_finish(args) { return args.retrieve_status > 0 }
    finish(args) {
        pci_liveupdate_finish(args.file.dev)
        kho.restore_free(at(DrvSer, args.serialized_data))
    }
}
fn device_at(i) {
    if i == 0 { return nic0.pci_dev }
    if i == 1 { return gpu0.pci_dev }
    if i == 2 { return dma0.pci_dev }
    return vf0.pci_dev
}
fn preserve_them(s) {
    s.preserve_fd(make_fd("drv", [1, none]), token: 1)
    s.preserve_fd(make_fd("drv", [2, none]), token: 2)
}
fn retrieve_them() {
    s = open("/dev/liveupdate").retrieve_session("s")
    s.retrieve_fd(token: 1)
    s.retrieve_fd(token: 2)
    return s
}
kernel "next" from "7.3" { layers pci; handlers + drv_handler }
`;

const passes = (text: string): void => {
    const program = programOf({ 'test.lus': DRIVER + text });
    assert.deepEqual(
        findingsOf(program).filter((f) => f.includes(': LU0')),
        [],
    );
    assert.deepEqual(failuresOf(program), []);
};

suite('layer pci', () => {
    test('bridges are preserved with the devices below them, as often as there are such', () =>
        passes(`
scenario "counts" {
    boot "next"
    process p {
        lu = open("/dev/liveupdate")
        s = lu.create_session("s")
        preserve_them(s)
        ser = at(pci_ser, pci_core.out_data)
        assert ser.max_nr_devices == 7 && ser.nr_devices == 4
        root = at(pci_dev_ser, gpu0.pci_dev.upstream.upstream.outgoing)
        assert root.refcount == 2 && at(pci_dev_ser, gpu0.pci_dev.upstream.outgoing).refcount == 2
        assert at(pci_dev_ser, gpu0.pci_dev.outgoing).refcount == 1 && at(pci_dev_ser, gpu0.pci_dev.outgoing).bdf == 0x5f00
        s.preserve_fd(make_fd("drv", [2, none]), token: 3)  fails EBUSY
        s.preserve_fd(make_fd("drv", [3, none]), token: 3)  fails EINVAL
        assert root.refcount == 2 && ser.nr_devices == 4
        s.close()
        assert gpu0.pci_dev.outgoing == 0 && dma0.pci_dev.outgoing == 0 && gpu0.pci_dev.upstream.upstream.outgoing == 0
        assert pci_core.out_count == 0 && kho.outgoing.pages > 0
        again = lu.create_session("s")
        preserve_them(again)
    }
}`));

    test('what fails later takes the whole path back', () =>
        passes(`
scenario "no memory" {
    boot "next"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(make_fd("drv", [0, none]), token: 1)
        s.preserve_fd(memfd_create("more"), token: 2)
        inject ENOMEM into page_alloc
        s.preserve_fd(make_fd("drv", [1, none]), token: 3)  fails ENOMEM
        assert gpu0.pci_dev.outgoing == 0 && gpu0.pci_dev.upstream.outgoing == 0 && pci_core.out_count == 1
        assert at(pci_ser, pci_core.out_data).nr_devices == 2
    }
}`));

    test('room for what was there when the first device was preserved', () =>
        passes(`
scenario "full" {
    boot "next"
    gpu0.unplug()
    dma0.unplug()
    assert !gpu0.present && gpu0.pci_dev == none
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(make_fd("drv", [0, none]), token: 1)
        assert at(pci_ser, pci_core.out_data).max_nr_devices == 5
        gpu0.plug()
        dma0.plug()
        s.preserve_fd(make_fd("drv", [1, none]), token: 2)
        s.preserve_fd(make_fd("drv", [2, none]), token: 3)  fails ENOSPC
        assert dma0.pci_dev.outgoing == 0 && at(pci_dev_ser, gpu0.pci_dev.upstream.outgoing).refcount == 1
    }
}`));

    test('only preserved devices and the bridges above them go on mastering the bus', () =>
        passes(`
scenario "shutdown" {
    boot "next"
    nic0.bus_master = true
    gpu0.bus_master = true
    dma0.bus_master = true
    process p {
        s = open("/dev/liveupdate").create_session("s")
        preserve_them(s)
        kexec_file_load("next")
        reboot(KEXEC)
    }
    assert !nic0.bus_master && gpu0.bus_master && dma0.bus_master && gpu0.bridge.bus_master
    assert gpu0.pci_dev.incoming != 0 && gpu0.pci_dev.upstream.incoming != 0 && nic0.pci_dev.incoming == 0
    process p {
        s = retrieve_them()
        s.finish()
        assert gpu0.pci_dev.incoming == 0 && gpu0.pci_dev.upstream.upstream.incoming == 0 && pci_core.finished
    }
    assert kho.incoming.unclaimed == 0
}`));

    test('everything holds what came along until it is finished', () =>
        passes(`
scenario "references" {
    boot "next"
    process p {
        lu = open("/dev/liveupdate")
        s = lu.create_session("s")
        s.preserve_fd(make_fd("drv", [1, none]), token: 1)
        t = lu.create_session("t")
        t.preserve_fd(make_fd("drv", [2, none]), token: 1)
        kexec_file_load("next")
        reboot(KEXEC)
    }
    assert pci_core.in_count == 6                // two files, two devices, two bridges
    process p {
        lu = open("/dev/liveupdate")
        s = lu.retrieve_session("s")
        s.retrieve_fd(token: 1)
        s.finish()
        assert gpu0.pci_dev.incoming == 0 && gpu0.pci_dev.upstream.incoming != 0 && pci_core.in_count == 4
        t = lu.retrieve_session("t")
        t.finish()  fails EBUSY
        t.retrieve_fd(token: 1)
        t.finish()
        assert pci_core.finished && gpu0.pci_dev.upstream.incoming == 0
    }
}`));

    test('buses keep their numbers only where a device came along', () =>
        passes(`
scenario "inherited" {
    boot "next"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        preserve_them(s)
        kexec_file_load("next", cmdline: "pci=assign-busses")
        reboot(KEXEC)
    }
    assert gpu0.name == "0000:5f:00.0" && nic0.name == "0000:3b:00.0"
}
scenario "nothing came along" {
    boot "next"
    process p {
        kexec_file_load("next", cmdline: "pci=assign-busses,nomsi")
        reboot(KEXEC)
    }
    assert nic0.name == "0000:01:00.0" && gpu0.name == "0000:03:00.0" && dma0.name == "0000:03:01.0"
}
scenario "a stock kernel numbers anew whatever runs" {
    boot "7.3"
    process p {
        kexec_file_load("7.3", cmdline: "pci=assign-busses")
        reboot(KEXEC)
    }
    assert nic0.name == "0000:01:00.0" && gpu0.bridge.secondary_bus == 3
}`));

    test('a bridge whose numbers cannot be right is cleared, and nothing below it is found', () =>
        passes(`
scenario "misconfigured" {
    boot "next"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(make_fd("drv", [0, none]), token: 1)
        kexec_file_load("next")
    }
    at handover { gpu0.bridge.subordinate_bus = 0x10 }
    p { reboot(KEXEC) }
    assert nic0.pci_dev != none && gpu0.pci_dev == none && dma0.pci_dev == none
    assert gpu0.bridge.secondary_bus == 0 && kernel.logged("bridge configuration invalid ([bus 5f-10]), disabling it")
}
scenario "without incoming devices nobody looks" {
    boot "next"
    process p { kexec_file_load("next") }
    at handover { gpu0.bridge.subordinate_bus = 0x10 }
    p { reboot(KEXEC) }
    assert gpu0.pci_dev != none
}`));

    test('a preserved device that is unplugged gives its entry back, in v8 not', () => {
        passes(`
kernel "v8" from "7.3" { layers pci v8; handlers + drv_handler }
scenario "v9" {
    boot "next"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        preserve_them(s)
        before = at(pci_ser, pci_core.out_data).nr_devices
        gpu0.unplug()
        assert kernel.logged("WARNING: pci 0000:5f:00.0: removed while it is preserved")
        assert at(pci_ser, pci_core.out_data).nr_devices < before
    }
}
scenario "v8" {
    boot "v8"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        preserve_them(s)
        gpu0.unplug()
        assert kernel.logged("WARNING: pci 0000:5f:00.0: removed while it is preserved")
        assert at(pci_ser, pci_core.out_data).nr_devices == 4
        kexec_file_load("next")
        reboot(KEXEC)
    }
    assert kernel.logged("0000:5f:00.0 was preserved, but is not there")
    process p {
        s = open("/dev/liveupdate").retrieve_session("s")
        s.retrieve_fd(token: 1)  fails ENODEV
        s.retrieve_fd(token: 2)
        s.finish()  fails EBUSY
    }
}`);
    });

    test('a handler without the FLB, and a kernel without the layer', () => {
        passes(`
struct X { v: u8 }
file other at "/dev/other" { }
handler other_handler "other-v1" for other {
    can_preserve(file) { return file.kind == other }
    preserve(args) { pci_liveupdate_preserve(nic0.pci_dev) }
    unpreserve(args) { }
    retrieve(args) { }
    finish(args) { }
}
kernel "forgetful" from "next" { handlers + other_handler }
scenario "no FLB" {
    boot "forgetful"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/other"), token: 1)  fails ENOENT
    }
}`);
        const stock = programOf({
            'test.lus':
                'kernel "a" from "7.3" { }\nflb x "x" { preserve(args) { }\nunpreserve(args) { }\nretrieve(args) { }\nfinish(args) { } }\nhandler h "h" uses pci_core { can_preserve(file) { return true }\npreserve(args) { }\nunpreserve(args) { }\nretrieve(args) { }\nfinish(args) { } }\n',
        });
        assert.match(
            findingsOf(stock).join('\n'),
            /LU0212: There is no FLB `pci_core`\. It belongs to the layer `pci`, which no kernel of this program has\. Declare one: `kernel "next" from "7.3" \{ layers pci \}`/,
        );
    });

    test('once the kernel has come to a device on its way down it is too late to preserve it', () => {
        const program = programOf({
            'test.lus': `${DRIVER}
fn too_late() { return (try pci_liveupdate_preserve(nic0.pci_dev)) == -EBUSY }
scenario "down" {
    boot "next"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(make_fd("drv", [1, none]), token: 1)
        kexec_file_load("next")
        reboot(KEXEC)
    }
}`,
        });
        const { host } = Run.start(program, { scenario: 'down' });
        const tried = (): string => format(evaluate(host, host.interpreter.current.top, 'too_late()').value);
        for (let steps = 0; host.interpreter.current.top?.code.name !== 'iommu_shutdown'; steps++) {
            assert.ok(steps < 20_000);
            host.interpreter.step('in');
            assert.equal(host.interpreter.run(1e7)?.reason, 'step');
            if (host.interpreter.current.top?.code.name === 'device_shutdown') {
                break;
            }
        }
        assert.equal(tried(), 'false', 'the loop has just begun');
        while (host.interpreter.current.top?.code.name !== 'iommu_shutdown') {
            host.interpreter.step('in');
            assert.equal(host.interpreter.run(1e7)?.reason, 'step');
        }
        assert.equal(tried(), 'true');
        assert.equal(
            host.kernel?.devices.pci.devs.items.every((d) => d.frozen),
            true,
        );
    });

    test('ACS keeps devices apart; that of incoming bridges is adopted as found', () => {
        passes(`
scenario "adopted" {
    boot "next"
    assert gpu0.group.length == 1 && gpu0.bridge.acs == 0x1d && gpu0.bridge.ari_forwarding
    process p {
        s = open("/dev/liveupdate").create_session("s")
        preserve_them(s)
        kexec_file_load("next")
        gpu0.bridge.acs = 1
        gpu0.bridge.ari_forwarding = false
        nic0.bridge.acs = 1
        reboot(KEXEC)
    }
    assert gpu0.bridge.acs == 1 && !gpu0.bridge.ari_forwarding && gpu0.group.length == 2
    assert nic0.bridge.acs == 0x1d && nic0.group.length == 1
}
`);
    });

    test('what nothing keeps apart is in one group, and claimed as a whole', () => {
        const machine = (acs: string, driver: string): string => `machine {
    memory 1GiB
    iommu vtd
    device gpu0 at "0000:5f:00.0" { kind gpu; driver vfio; behind "0000:5e:00.0"; acs ${acs} }
    device nic0 at "0000:5f:01.0" { kind nic; driver ${driver}; behind "0000:5e:00.0" }
    device fn0  at "0000:60:00.0" { kind dma; driver none }
    device fn1  at "0000:60:00.1" { kind dma; driver none }
    device vf   at "0000:60:01.0" { kind dma; driver none; vf of fn0 }
}
`;
        const scenario = (text: string): string => `scenario "s" {
    boot "7.3"
    process p {
        ram = memfd_create("ram")
        ram.truncate(4MiB)
        ioas = open("/dev/iommu").ioas_alloc()
        ioas.map(ram, iova: 0, length: 4MiB)
        gpu = open("/dev/vfio/devices/vfio0")
        ${text}
    }
}`;
        const run = (text: string): void => {
            const program = programOf({ 'test.lus': text });
            assert.deepEqual(findingsOf(program), []);
            assert.deepEqual(failuresOf(program), []);
        };
        run(
            machine('on', 'native') +
                scenario(
                    'assert gpu0.group.length == 1 && fn0.group.length == 2 && vf.group.length == 1\n gpu.bind_iommufd(ioas)',
                ),
        );
        run(
            machine('off', 'native') +
                scenario(
                    'assert gpu0.group[1] == "nic0"\n gpu.bind_iommufd(ioas)  fails EPERM\n nic0.bind("vfio")\n gpu.bind_iommufd(ioas)',
                ),
        );
        run(machine('off', 'vfio') + scenario('gpu.bind_iommufd(ioas)'));
    });

    test('virtual functions belong to a device on their bus', () => {
        const findings = (device: string): string[] =>
            findingsOf(
                programOf({
                    'test.lus': `machine {\n memory 1GiB\n device nic0 at "0000:3b:00.0" { kind nic }\n device vf0 at "0000:3b:00.1" { kind nic; vf of nic0 }\n ${device}\n}\n`,
                }),
            );
        assert.deepEqual(findings(''), []);
        assert.match(
            findings('device v at "0000:3b:00.2" { kind nic; vf of nic1 }')[0] ?? '',
            /LU0218: .* Did you mean `nic0`\?/,
        );
        assert.match(
            findings('device v at "0000:3b:00.2" { kind nic; vf of vf0 }')[0] ?? '',
            /LU0218: `vf of` needs another device of this machine/,
        );
        assert.match(
            findings('device v at "0000:3c:00.2" { kind nic; vf of nic0 }')[0] ?? '',
            /LU0311: A virtual function must be on the bus/,
        );
        assert.match(
            findings('device v at "0000:3b:00.2" { kind nic; vf nic0 }')[0] ?? '',
            /LU0304: Expected `vf of nic0`/,
        );
    });
});
