/** Bytes of a guest's memory that were not the guest's own stay counted, whatever becomes of them. */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../../../emulator/diagnosis/diagnoses';
import type { Host } from '../../../../emulator/runtime/host/host';
import { correctProgram } from '../../../support/programs';
import { passed } from '../../../support/runs';

/** A guest whose state is saved too early, and what becomes of it behind the kexec. */
const torn = (after: string): string => `
scenario "torn" {
    boot "7.2"
    process vmm {
        s = open("/dev/liveupdate").create_session("vm")
        ram = memfd_create("ram")
        ram.truncate(4MiB)
        st = memfd_create("st")
        st.truncate(4KiB)
        g = kvm.create_vm("g", memory: ram)
        g.run(dirty: 100MiB/s)
        s.preserve_fd(ram, token: 1)
        s.preserve_fd(st, token: 2)
        kexec_file_load("7.2")
        g.save(st)                              // not paused
        reboot(KEXEC)
    }
    process vmm {
        s = open("/dev/liveupdate").retrieve_session("vm")
        ram = s.retrieve_fd(token: 1)
        st = s.retrieve_fd(token: 2)
        g = kvm.create_vm("g", memory: ram)
        g.load(st)
        g.resume()
        s.finish()
        before = g.wrong
        first = vm("g").first_wrong
        assert before > 1MiB && first > 0
        ${after}
    }
}`;

const ran = (text: string): Host => passed(correctProgram(text));

suite('guest memory that was wrong', () => {
    test('is wrong for good, though the guest writes over it; and is counted once', () => {
        const host = ran(
            torn('sleep 100ms\n assert g.wrong == before && g.verify() == before && vm("g").first_wrong == first'),
        );
        const guest = host.guests.of('g');
        assert.equal(guest?.examine().bytes, 0);
        assert.equal(guest.foundWrong, guest.wrong);
    });

    test('also after the monitor has put right what the guest has not come to yet', () => {
        ran(torn('g.pause()\n ram.pwrite(zeros(4MiB), at: 0)\n assert g.wrong >= before && g.verify() >= before'));
    });

    test('also when its VM is gone, and over another kexec', () => {
        const host = ran(
            torn(`sleep 1ms
        g.close()
        assert vm("g").state == "gone" && vm("g").wrong == before
        kexec_file_load("7.2")
        reboot(KEXEC)`),
        );
        assert.equal(host.boot, 2);
        assert.ok((host.guests.of('g')?.wrong ?? 0) > 2 ** 20);
    });

    test('without a kexec in between, what the program has not come to yet may change', () => {
        const host = ran(`
scenario "s" {
    boot "7.2"
    process vmm {
        ram = memfd_create("ram")
        ram.truncate(4MiB)
        g = kvm.create_vm("g", memory: ram)
        g.run(dirty: 100MiB/s)
        sleep 5ms
        ram.pwrite(pattern(7, 1MiB), at: 3MiB)
        sleep 60ms
        assert g.wrong == 0
    }
}`);
        assert.deepEqual(Diagnoses.of(host)?.found.items, []);
    });
});
