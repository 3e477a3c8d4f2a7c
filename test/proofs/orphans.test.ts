/** Orphaned vCPUs and checkpoints: from each of them the run goes on to the same end. */
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import { endsTheSame } from '../support/checkpoints';
import { cleanProgram } from '../support/programs';

const TEXT = `machine { memory 512MiB; cpus 4 }
kernel "next" from "7.3" { layers kvm, vcpu, cpu_preserve, caretaker }
scenario "s" {
    boot "next"
    process vmm {
        s   = open("/dev/liveupdate").create_session("vm-1")
        ram = memfd_create("guest-ram")
        ram.truncate(4MiB)
        guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
        guest.prefault(0, 4MiB)
        guest.run(dirty: 256MiB/s)
        guest.set_exit("cpuid", every: 7ms)
        sleep 30ms
        s.preserve_fd(ram, token: 1)
        s.preserve_fd(open("/sys/devices/system/cpu/cpu3/preserve", flags: O_RDONLY), token: 60)
        s.preserve_fd(guest, token: 2)
        guest.pause()
        s.preserve_fd(guest.vcpu(0), token: 10)
        s.preserve_fd(guest.vcpu(1), token: 11)
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process vmm {
        s = open("/dev/liveupdate").retrieve_session("vm-1")
        guest = s.retrieve_fd(token: 2)
        guest.set_memory(s.retrieve_fd(token: 1), at: 0)
        s.retrieve_fd(token: 10)
        s.retrieve_fd(token: 11)
        guest.resume()
        s.finish()
        sleep 20ms
    }
}
`;

suite('orphaned vCPUs', () => {
    test('from checkpoints, also while no monitor has them, the run goes on to the same end', () => {
        const { host } = Run.start(cleanProgram(TEXT));
        endsTheSame(host, { keep: (n) => n % 500 === 0, moreThan: 1 });
        assert.equal(host.guests.of('guest')?.wrong, 0);
    });
});
