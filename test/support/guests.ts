/** Guests on 7.2: a monitor that leaves for the next kernel and one that arrives there. */
import type { Program } from '../../emulator/language/program';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { correctProgram } from './programs';
import { passed } from './runs';

/** A scenario on 7.2 with these statements. @param machine its entries */
function programWith(body: string, machine = 'memory 2GiB'): Program {
    return correctProgram(`machine { ${machine} }\nscenario "s" {\n    boot "7.2"\n${body}\n}\n`);
}

export const start = (body: string, machine?: string): Host => Run.start(programWith(body, machine)).host;
export const ran = (body: string, machine?: string): Host => passed(programWith(body, machine));

/** A monitor that preserves a guest's memory and state, up to the reboot. */
export const LEAVE = (run: string, between = ''): string => `
    process vmm {
        vm1   = open("/dev/liveupdate").create_session("vm-1")
        ram   = memfd_create("guest-ram")
        state = memfd_create("guest-state")
        ram.truncate(16MiB)
        state.truncate(4KiB)
        guest = kvm.create_vm("guest", vcpus: 3, memory: ram)
        ${run}
        vm1.preserve_fd(ram, token: 1)
        vm1.preserve_fd(state, token: 2)
        guest.pause()
        ${between}
        guest.save(state)
        kexec_file_load("7.2")
        reboot(KEXEC)
    }`;

/** The monitor in the next kernel. */
export const ARRIVE = (behind: string): string => `
    process vmm {
        vm1   = open("/dev/liveupdate").retrieve_session("vm-1")
        ram   = vm1.retrieve_fd(token: 1)
        state = vm1.retrieve_fd(token: 2)
        vm1.finish()
        guest = kvm.create_vm("guest", vcpus: 3, memory: ram)
        guest.load(state)
        ${behind}
    }`;
