/** vCPUs that go on in a caretaker while the kernel is replaced. */
import assert from 'node:assert/strict';
import { orphansOf } from '../../../../emulator/kernel/kvm/orphan';
import type { Host } from '../../../../emulator/runtime/host/host';
import { cleanProgram } from '../../../support/programs';
import { passed } from '../../../support/runs';

const ran = (text: string): Host => passed(cleanProgram(text));

const KERNEL = 'kernel "next" from "7.3" { layers kvm, vcpu, cpu_preserve, caretaker }\n';

/** A guest of two vCPUs whose vCPUs are preserved with these processors. `before`, `after`: around that. */
const prepared = (processors: readonly number[], before = '', after = ''): string => `
    s   = open("/dev/liveupdate").create_session("vm-1")
    ram = memfd_create("guest-ram")
    ram.truncate(4MiB)
    guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
    guest.prefault(0, 4MiB)
    guest.run(dirty: 256MiB/s)
    ${before}
    sleep 30ms
    s.preserve_fd(ram, token: 1)
    ${processors.map((n) => `s.preserve_fd(open("/sys/devices/system/cpu/cpu${n}/preserve", flags: O_RDONLY), token: ${60 + n})`).join('\n    ')}
    s.preserve_fd(guest, token: 2)
    guest.pause()
    s.preserve_fd(guest.vcpu(0), token: 10)
    s.preserve_fd(guest.vcpu(1), token: 11)
    ${after}`;

const REBOOT = 'kexec_file_load("next")\nreboot(KEXEC)';
const BACK = `
    s = open("/dev/liveupdate").retrieve_session("vm-1")
    guest = s.retrieve_fd(token: 2)
    guest.set_memory(s.retrieve_fd(token: 1), at: 0)
    s.retrieve_fd(token: 10)
    s.retrieve_fd(token: 11)
    guest.resume()
    s.finish()
    sleep 20ms`;

const file = (body: string): string =>
    `machine { memory 512MiB; cpus 4 }\n${KERNEL}scenario "s" {\nboot "next"\n${body}\n}\n`;
const vmm = (body: string): string => `process vmm {\n${body}\n}\n`;

suite('orphaned vCPUs', () => {
    test('they write while no kernel runs, and the next kernel continues them where they are', () => {
        const host = ran(
            file(
                `${vmm(`${prepared([2, 3], '', 'sleep 10ms')}\nassert guest.written > 0\n${REBOOT}`)}
                 assert vm("guest").state == "running"
                 ${vmm(BACK)}
                 assert vm("guest").wrong == 0 && vm("guest").blackout < 1ms`,
            ),
        );
        const guest = host.guests.of('guest');
        // 256 MiB/s for the whole of the update, which takes more than 200 ms, except for what it stood still
        assert.ok(guest && guest.written > 50 * 2 ** 20, String(guest?.written));
        assert.equal(orphansOf(host.machine).length, 0);
        assert.deepEqual(host.machine.processors.setAside, [], 'finish() starts the processors again');
    });

    test('two on one processor have half of its time each', () => {
        const written = (processors: readonly number[]): number => {
            const host = ran(file(vmm(`${prepared(processors)}\n${REBOOT}`)));
            return orphansOf(host.machine).reduce((n, o) => n + o.count, 0);
        };
        const [one, two] = [written([2]), written([2, 3])];
        assert.ok(one < 0.65 * two && one > 0.45 * two, `${one} and ${two}`);
    });

    test('a session that is closed gives them back to the old kernel, with what they wrote', () => {
        const host = ran(
            file(
                vmm(
                    `${prepared([3], '', 'sleep 50ms')}
                     guest.resume() fails EBUSY
                     guest.pause() fails EBUSY
                     before = guest.written
                     s.close()
                     assert guest.written > before && !guest.running
                     guest.resume()
                     sleep 20ms
                     assert guest.wrong == 0`,
                ),
            ),
        );
        assert.equal(orphansOf(host.machine).length, 0);
        assert.deepEqual(host.machine.processors.setAside, []);
    });

    test('errors: a vCPU that runs or is preserved, a processor that is set aside, a VM that is not in the session', () => {
        ran(
            file(
                vmm(
                    `s = open("/dev/liveupdate").create_session("vm-1")
                     ram = memfd_create("guest-ram")
                     ram.truncate(1MiB)
                     guest = kvm.create_vm("guest", memory: ram)
                     guest.vcpu(1) fails EINVAL
                     ram.vcpu(0) fails ENOTTY
                     open("/sys/devices/system/cpu/cpu0/preserve", flags: O_RDONLY) fails ENOENT
                     open("/sys/devices/system/cpu/cpu4/preserve", flags: O_RDONLY) fails ENOENT
                     v = guest.vcpu(0)
                     guest.run()
                     s.preserve_fd(v, token: 10) fails EBUSY
                     guest.pause()
                     s.preserve_fd(v, token: 10)
                     cpu = open("/sys/devices/system/cpu/cpu3/preserve", flags: O_RDONLY)
                     s.preserve_fd(cpu, token: 60)
                     other = open("/sys/devices/system/cpu/cpu3/preserve", flags: O_RDONLY)
                     s.preserve_fd(other, token: 61) fails EBUSY
                     kexec_file_load("next")
                     reboot(KEXEC) fails ENOENT`,
                ),
            ),
        );
    });

    test('exits: handled ones do not stop them, a late timer comes at the adoption, a machine check is fatal', () => {
        const after = (exit: string, next: string): Host =>
            ran(file(`${vmm(`${prepared([2, 3], exit)}\n${REBOOT}`)}${next}`));
        const timer = after('guest.set_exit("timer", every: 50ms)', `${vmm(BACK)}assert vm("guest").interrupts == 2`);
        assert.equal(timer.guests.of('guest')?.standstill.vcpus[0]?.stalls, 0);
        after('guest.set_exit("cpuid", every: 1ms)', `${vmm(BACK)}assert vm("guest").blackout < 1ms`);
        after(
            'guest.set_exit("machine_check", every: 60ms)',
            `assert vm("guest").vcpu(1).state == "failed"\n${vmm('s = open("/dev/liveupdate").retrieve_session("vm-1")\ns.retrieve_fd(token: 10) fails EIO')}`,
        );
    });
});
