/** guest_memfd as kernels have it, and the proposed layers that carry it and its VM over a kexec. */
import { Diagnoses } from '../../../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { Run } from '../../../../emulator/run/run';
import type { Program } from '../../../../emulator/language/program';
import type { Checkpoint } from '../../../../emulator/runtime/stop';
import type { Host } from '../../../../emulator/runtime/host/host';
import { fingerprint } from '../../../../emulator/timeline/fingerprint';
import { correctProgram } from '../../../support/programs';
import { FOREVER, passed } from '../../../support/runs';

function programWith(body: string): Program {
    return correctProgram(
        `kernel "next" from "7.3" { layers kvm, guest_memfd }\nmachine { memory 1GiB }\nscenario "s" {\n${body}\n}\n`,
    );
}

const start = (body: string): Host => Run.start(programWith(body)).host;
const ran = (body: string): Host => passed(programWith(body));

const MAKE = `
    lu    = open("/dev/liveupdate")
    vm1   = lu.create_session("vm-1")
    state = memfd_create("guest-state"); state.truncate(4KiB)
    guest = kvm.create_vm("guest", vcpus: 2)
    ram   = guest.create_guest_memfd(1MiB)
    guest.set_memory(ram, at: 0)
`;

const UPDATE = `boot "next"
    process vmm {
        ${MAKE}
        ram.fallocate(0, 512KiB, keep_size: true)
        guest.run(dirty: 100MiB/s, from: 0, length: 512KiB)
        sleep 3ms
        vm1.preserve_fd(ram, token: 1); vm1.preserve_fd(guest, token: 2); vm1.preserve_fd(state, token: 3)
        sleep 3ms
        guest.pause(); guest.save(state)
        kexec_file_load("next"); reboot(KEXEC)
    }`;

suite('guest_memfd: the file', () => {
    test('has none of the operations of ordinary files', () => {
        ran(`boot "7.3"
        process vmm {
            ${MAKE}
            ram.read(10)  fails EINVAL
            ram.write("x")  fails EINVAL
            ram.pread(10, at: 0)  fails ESPIPE
            ram.pwrite("x", at: 0)  fails ESPIPE
            ram.lseek(0)  fails ESPIPE
            ram.truncate(2MiB)  fails EINVAL
            ram.add_seals(F_SEAL_GROW)  fails EINVAL
            ram.fallocate(0, 4KiB)  fails EOPNOTSUPP
            ram.fallocate(1, 4KiB, keep_size: true)  fails EINVAL
            ram.fallocate(1MiB, 4KiB, keep_size: true)  fails EINVAL
            ram.fallocate(0, 8KiB, keep_size: true)
            assert ram.blocks == 16
            ram.punch(0, 4KiB)
            assert ram.blocks == 8
            ram.mmap_write()
            hidden = guest.create_guest_memfd(4KiB, flags: GUEST_MEMFD_FLAG_INIT_SHARED)
            hidden.mmap_write()  fails ENODEV
            guest.create_guest_memfd(0)  fails EINVAL
            guest.create_guest_memfd(4097)  fails EINVAL
            guest.create_guest_memfd(4096, flags: 8)  fails EINVAL
            state.create_guest_memfd(4096)  fails ENOTTY
            state.poison(0)  fails ENOTTY
        }`);
    });

    test('belongs to one VM, at one address', () => {
        ran(`boot "7.3"
        process vmm {
            ${MAKE}
            other = kvm.create_vm("other")
            other.set_memory(ram, at: 0)  fails EINVAL
            guest.set_memory(ram, at: 1MiB)  fails EEXIST
            guest.remove_memory(0)
            guest.set_memory(ram, at: 1MiB)
            guest.set_private(at: 0, length: 4KiB)  fails EINVAL
            guest.set_private(at: 1MiB, length: 100)  fails EINVAL
            guest.set_private(at: 1MiB, length: 4KiB)
            guest.run(dirty: 1MiB/s, from: 1MiB, length: 1MiB)
            ram.close()                         // its slots have no memory any more
            sleep 20ms
            assert !guest.running
            guest.pause()
        }`);
    });

    test('its pages go back when it is closed', () => {
        const host = ran(`boot "7.3"
        process vmm {
            before = kvm.create_vm("x")
            ${MAKE}
            ram.fallocate(0, 1MiB, keep_size: true)
            ram.close(); guest.close(); before.close()
        }`);
        const left = [...(host.kernel?.memmap.owned() ?? [])].filter(
            (o) => host.machine.owners.name(o.owner) === 'guest_memfd of guest',
        );
        assert.deepEqual(left, []);
    });

    test('released kernels have no handler for it, nor for a VM', () => {
        ran(
            `boot "7.3"\nprocess vmm {\n${MAKE}\nvm1.preserve_fd(ram, token: 1)  fails ENOENT\nvm1.preserve_fd(guest, token: 2)  fails ENOENT\n}`,
        );
    });

    test('a poisoned page stops the vCPU that touches it', () => {
        const host = ran(`boot "7.3"
        process vmm {
            ${MAKE}
            ram.poison(0)  fails ENOENT
            guest.run(dirty: 100MiB/s)
            sleep 20ms
            ram.poison(4096)
            sleep 20ms
        }`);
        assert.deepEqual(host.guests.of('guest')?.live?.vcpus.at(0)?.fault, { gpa: 4096, why: 'EHWPOISON' });
        assert.deepEqual(
            Diagnoses.of(host)?.found.items.map((d) => d.code),
            ['LU1039'],
        );
    });
});

suite('guest_memfd: over a kexec', () => {
    test('memory and VM come over, holes stay holes, and everything can be had again', () => {
        const host = ran(`${UPDATE}
        process vmm {
            lu    = open("/dev/liveupdate")
            vm1   = lu.retrieve_session("vm-1")
            ram   = vm1.retrieve_fd(token: 1)
            assert session("vm-1").files[1].retrieve_status == 1, "the VM was retrieved"
            guest = vm1.retrieve_fd(token: 2)
            state = vm1.retrieve_fd(token: 3)
            vm1.finish()
            assert ram.size == 1MiB && ram.blocks == 1024
            guest.create_vcpus(2)
            guest.create_vcpus(2)  fails EEXIST
            guest.load(state)
            guest.resume()                      // without memory
            sleep 20ms
            assert !guest.running
            guest.set_memory(ram, at: 0)
            guest.resume()
            sleep 20ms
            assert guest.running && guest.wrong == 0
            ram.punch(512KiB, 512KiB)
            guest.set_private(at: 0, length: 4KiB)
        }
        assert kho.incoming.unclaimed == 0`);
        assert.equal(host.guests.of('guest')?.foundWrong, 0);
    });

    test('once preserved its pages stay as they are', () => {
        ran(`boot "next"
        process vmm {
            ${MAKE}
            vm1.preserve_fd(ram, token: 1)
            ram.fallocate(0, 4KiB, keep_size: true)  fails EPERM
            ram.punch(0, 4KiB)  fails EPERM
            guest.set_private(at: 0, length: 4KiB)  fails EPERM
            vm1.close()
            ram.fallocate(0, 4KiB, keep_size: true)
            guest.set_private(at: 0, length: 4KiB)
        }`);
    });

    test('only what is shared as a whole, and sound, is taken', () => {
        ran(`boot "next"
        process vmm {
            ${MAKE}
            hidden = guest.create_guest_memfd(4KiB, flags: GUEST_MEMFD_FLAG_MMAP)
            vm1.preserve_fd(hidden, token: 9)  fails EINVAL
            guest.set_private(at: 8KiB, length: 8KiB)
            vm1.preserve_fd(ram, token: 1)  fails EINVAL
            guest.set_private(at: 8KiB, length: 4KiB, private: false)
            vm1.preserve_fd(ram, token: 1)  fails EINVAL
            guest.set_private(at: 12KiB, length: 4KiB, private: false)
            ram.fallocate(0, 8KiB, keep_size: true)
            vm1.preserve_fd(ram, token: 1)
            vm1.close()
            vm1 = lu.create_session("vm-1")
            ram.poison(4KiB)
            vm1.preserve_fd(ram, token: 1)  fails EHWPOISON
            ram.punch(0, 4KiB)                  // it is not frozen
        }`);
    });

    test('the VM must be in the same session, and can be added after a reboot that failed', () => {
        const host = ran(`boot "next"
        process vmm {
            ${MAKE}
            guest.run(dirty: 10MiB/s); guest.pause(); guest.save(state)
            vm1.preserve_fd(ram, token: 1)
            vm1.preserve_fd(state, token: 3)
            kexec_file_load("next")
            reboot(KEXEC)  fails ENOENT
            vm1.preserve_fd(guest, token: 2)
            reboot(KEXEC)
        }
        process vmm { vm1 = open("/dev/liveupdate").retrieve_session("vm-1"); vm1.retrieve_fd(token: 1); vm1.retrieve_fd(token: 3); vm1.finish() }`);
        assert.equal(host.boot, 1);
    });

    test('what nobody retrieves is given back', () => {
        ran(`${UPDATE}
        process vmm { open("/dev/liveupdate").retrieve_session("vm-1").finish() }
        assert kho.incoming.unclaimed == 0`);
    });

    test('a retrieve that fails half way gives its pages back', () => {
        ran(`${UPDATE}
        process vmm {
            vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
            inject ENOMEM into kvm_vm.retrieve
            vm1.retrieve_fd(token: 1)  fails ENOMEM
            vm1.retrieve_fd(token: 2)  fails ENOMEM
            vm1.finish()
        }`);
    });

    test('from any statement the run goes on to the same end', () => {
        const body = `${UPDATE}
        process vmm { vm1 = open("/dev/liveupdate").retrieve_session("vm-1"); ram = vm1.retrieve_fd(token: 1); guest = vm1.retrieve_fd(token: 2); state = vm1.retrieve_fd(token: 3); vm1.finish()
            guest.create_vcpus(2); guest.set_memory(ram, at: 0); guest.load(state); guest.resume(); sleep 2ms }`;
        const end = fingerprint(ran(body));
        const host = start(body);
        const saved: Checkpoint[] = [];
        for (let i = 0; ; i++) {
            host.interpreter.step('in');
            if (host.interpreter.run(FOREVER)?.reason === 'end') {
                break;
            }
            if (i % 211 === 0) {
                saved.push(host.interpreter.checkpoint());
            }
        }
        assert.ok(saved.length > 5);
        for (const c of saved.reverse()) {
            host.interpreter.restore(c);
            host.interpreter.run(FOREVER);
            assert.equal(fingerprint(host), end);
        }
    });
});
