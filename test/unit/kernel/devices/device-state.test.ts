/** Devices whose drivers save their state for the next kernel: the layers device_pm and kstate. */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../../../support/programs';
import { failuresOf } from '../../../support/runs';

const HEAD = `
machine {
    memory 1GiB
    iommu vtd
    device nic0 at "0000:3b:00.0" { kind nic; queues 2; msix 2 }
    device nic1 at "0000:3c:00.0" { kind nic; queues 2; msix 2 }
}
kernel "pm" from "7.3" { layers device_pm }
kernel "ks" from "7.3" { layers kstate }
fn traffic() {
    nic0.start_dma(every: 200us)
    nic1.start_dma(every: 400us, size: 500)
    sleep 1ms
}
`;

function passes(text: string): void {
    const program = programOf(HEAD + text);
    assert.deepEqual(findingsOf(program), []);
    assert.deepEqual(failuresOf(program), []);
}

suite('state of devices', () => {
    for (const kernel of ['pm', 'ks']) {
        test(`${kernel}: two cards come over two updates at the same addresses, behind an IOMMU`, () =>
            passes(`
scenario "twice" {
    boot "${kernel}"
    traffic()
    ring = nic0.ring
    process p { kexec_file_load("${kernel}"); reboot(KEXEC) }
    process p { kexec_file_load("${kernel}"); reboot(KEXEC) }
    sleep 1ms
    assert nic0.ring == ring && nic0.running && nic1.running && nic1.frame_size == 500
    assert nic0.strays + nic1.strays + nic0.faults + nic1.faults == 0
    assert nic0.lost_frames > 250 && nic1.lost_frames > 120 && nic0.blackout > 50ms
    assert kho.incoming.unclaimed == 0
    before = nic0.interrupts
    sleep 1ms
    assert nic0.interrupts > before && nic0.lost_interrupts == 0
}`));

        test(`${kernel}: a reboot that fails leaves the cards running, and nothing preserved`, () =>
            passes(`
scenario "fails" {
    boot "${kernel}"
    traffic()
    process p {
        s = open("/dev/liveupdate").create_session("s")
        m = memfd_create("m")
        s.preserve_fd(m, token: 1)
        kexec_file_load("${kernel}")
    }
    before = kho.outgoing.pages
    inject EIO into memfd.freeze
    p { reboot(KEXEC)  fails EIO }
    assert nic0.running && nic1.running && nic0.bus_master && nic0.strays == 0
    assert kho.outgoing.pages == before && kstate.entries.length == 0
    inject ENOMEM into page_alloc
    p { reboot(KEXEC)  fails ENOMEM }
    assert nic0.running && nic1.running && nic0.bus_master
    assert kho.outgoing.pages == before && kstate.entries.length == 0
    p { s.close(); reboot(KEXEC) }
    assert nic0.running && nic1.running
}`));
    }

    test('a card that its driver stops before the kexec is not suspended', () =>
        passes(`
scenario "stopped" {
    boot "pm"
    traffic()
    nic0.stop()
    process p { kexec_file_load("pm"); reboot(KEXEC) }
    assert !nic0.running && nic1.running && nic0.ring == 0
}`));

    test('what is not registered is not in the stream, and kernels without the layer have none', () =>
        passes(`
struct S { a: u32 }
fn state() { return kstate_description("s", 9, 1, [KSTATE_BASE_TYPE(S, "a")]) }
kernel "tried" from "ks" {
    init {
        s = at(S, phys(alloc_folio()))
        assert (try kstate_restore(state(), s, 0)) == -ENOENT
        kstate_register(state(), s, 0)
        kstate_unregister(s, 0)
    }
}
kernel "none" from "7.3" {
    init {
        s = at(S, phys(alloc_folio()))
        assert (try kstate_register(state(), s, 0)) == -EOPNOTSUPP
    }
}
scenario "not there" {
    boot "tried"
    process p { kexec_file_load("tried"); reboot(KEXEC) }
    assert kernel.boot == 1 && kstate.stream == 0
    process p { kexec_file_load("none"); reboot(KEXEC) }
    assert kernel.boot == 2
}`));
});
