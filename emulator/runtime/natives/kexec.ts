/** Loading a kernel and ending the running one: kexec, reboot, crash, and the modules of a kernel. */
import { unloadKexec, type KexecLoad } from '../../kernel/kexec';
import type { Err } from '../../kernel/release/errno';
import { BOOL, INT, objectOf, STRING, type Value } from '../../language/types';
import { asString } from '../../language/values';
import { costId } from '../../machine/costs';
import { saveVmcore } from '../host/crash';
import { crash } from '../host/panic';
import { jump, jumpAndReturn, kernelNamed, loadKernel, runHandoverHooks } from '../host/kexec';
import { loadModule, unloadModule } from '../host/modules';
import type { Host } from '../host/host';
import { code, done, fn, global, Members, param, SYSCALL } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

const SHUTDOWN = costId('shutdown');

/** What `kexec` stands for in `.lus` code. */
class KexecState {}

const KEXEC_STATE = new KexecState();

/** @throws ProgramError if the scenario has no kernel of this name */
function load(host: Host, name: Value, cmdline: Value, how: KexecLoad | 'crash'): undefined | Err {
    return loadKernel(host, asString(name, 'the kernel'), asString(cmdline, 'the command line'), how);
}

export const kexecObject = new Members(KexecState, 'kexec', 'The loaded kernel, which a kexec reboot starts.')
    .field('loaded', BOOL, 'Whether a kernel is loaded.', (_kexec, { running }) => running.kexecImage !== null)
    .field(
        'crash_loaded',
        BOOL,
        'Whether a capture kernel is loaded.',
        (_kexec, { running }) => running.crashImage !== null,
    )
    .field(
        'preserve_context',
        BOOL,
        'Whether it was loaded with KEXEC_PRESERVE_CONTEXT.',
        (_kexec, { running }) => running.kexecImage?.preserveContext === true,
    )
    .field(
        'transition',
        objectOf('lock'),
        'system_transition_mutex, held during a reboot.',
        (_kexec, { running }) => running.transition,
    )
    .field(
        'lock',
        objectOf('lock'),
        'The lock of kexec_trylock(), held while a kernel is loaded, and during a kexec reboot.',
        (_kexec, { running }) => running.kexecLock,
    )
    .method(
        'load',
        [param('kernel', STRING), param('cmdline', STRING)],
        // the time for reading and checking the kernel
        { fails: true, long: true },
        'Reads a kernel and places its segments in scratch memory, where the next kernel expects them. EADDRNOTAVAIL, ENOEXEC, ENOMEM.',
        (_kexec, [name, cmdline], host: Host) => load(host, name, cmdline, { handover: true }),
    )
    .method(
        'load_crash',
        [param('kernel', STRING), param('cmdline', STRING)],
        { fails: true, long: true },
        'Reads a kernel and puts its segments into the memory of `crashkernel=`, for a panic. EADDRNOTAVAIL, ENOEXEC.',
        (_kexec, [name, cmdline], host: Host) => load(host, name, cmdline, 'crash'),
    )
    .method(
        'load_segments',
        [param('kernel', STRING), param('cmdline', STRING), param('preserve_context', BOOL)],
        { fails: true, long: true },
        'Loads a kernel to the addresses that user space passes. EADDRNOTAVAIL, ENOEXEC, ENOMEM.',
        (_kexec, [name, cmdline, keep], host: Host) =>
            load(host, name, cmdline, { handover: false, preserveContext: keep === true }),
    )
    .method(
        'prepare',
        [],
        // the other processors are still running
        { long: true },
        "kernel_restart_prepare(): begins the kernel's shutdown.",
        (_kexec, _args, host: Host) => {
            host.phase('shutdown');
            return undefined;
        },
    )
    .method('shutdown', [], {}, 'The rest of the shutdown, up to the jump.', (_kexec, _args, host: Host) => {
        const { clock } = host.machine;
        const begin = clock.now;
        host.running.devices.interrupts.shutdown();
        clock.charge(SHUTDOWN);
        // the other processors are stopped last: until here they run vCPUs
        host.guests.kernelStops(host.running);
        host.tell((l) => l.stage?.('kernel_restart_prepare', begin));
        return undefined;
    })
    .method('jump', [], {}, 'machine_kexec(): the next kernel starts.', (_kexec, _args, host: Host) => jump(host))
    .method(
        'jump_and_return',
        [],
        { long: true },
        'machine_kexec() of an image that was loaded with KEXEC_PRESERVE_CONTEXT: it runs, and this kernel goes on behind it.',
        (_kexec, _args, host: Host) => jumpAndReturn(host),
    );

export const kexecGlobals: readonly NativeGlobal<NativeContext>[] = [
    global('kexec', objectOf('kexec'), 'kernel', 'The loaded kernel, which a kexec reboot starts.', () => KEXEC_STATE),
];

/** @throws ProgramError if there is no such kernel */
function isKernel(host: Host, [name, cmdline]: readonly Value[]): void {
    kernelNamed(host, asString(name, 'the kernel'), 'load');
    asString(cmdline, 'the command line');
}

export const kexecFunctions: readonly NativeFunction[] = [
    code(
        'kexec_file_load',
        [param('kernel', STRING), param('cmdline', STRING, ''), param('crash', BOOL, false)],
        { ...SYSCALL, checks: isKernel },
        '`kexec_file_load(2)`: loads a kernel by its name, with additions to its command line. EADDRNOTAVAIL if it does not fit into scratch memory; EBUSY during another load or a reboot. `crash`: `KEXEC_FILE_ON_CRASH`, a capture kernel that a panic starts, in the memory of `crashkernel=`.',
        'sys_kexec_file_load',
    ),
    code(
        'kexec_load',
        [param('kernel', STRING), param('cmdline', STRING, ''), param('preserve_context', BOOL, false)],
        { ...SYSCALL, checks: isKernel },
        '`kexec_load(2)`, the older call: the loaded kernel gets no handover. `preserve_context`: `KEXEC_PRESERVE_CONTEXT`, a kexec that returns to this kernel: `reboot` then returns 0; from 7.2 on the reboot does not call LUO.',
        'sys_kexec_load',
    ),
    fn(
        'crash',
        [param('message', STRING, 'sysrq triggered crash')],
        { context: 'scenario' },
        'Makes the running kernel panic (as `echo c > /proc/sysrq-trigger` does). Nothing is handed over. If a capture kernel is loaded (`kexec_file_load` with `crash: true`), it boots; otherwise the scenario continues with another `boot`. `panicked` is the message.',
        (host: Host, [message]) => crash(host, asString(message, 'the message')),
    ),
    fn(
        'save_vmcore',
        [],
        { ...SYSCALL, result: INT },
        'Saves `/proc/vmcore`, the memory of the kernel that has crashed, as `makedumpfile` does in a capture kernel: the number of bytes of memory in it. `lus run --save-vmcore` writes it to a file. ENOENT in any other kernel.',
        (host: Host) => saveVmcore(host),
    ),
    fn(
        'modprobe',
        [param('handler', STRING)],
        SYSCALL,
        '`init_module(2)` for the module of a handler (`modules` in a kernel): the handler registers with LUO. EEXIST, EOPNOTSUPP.',
        (host: Host, [handler]) => done(loadModule(host, asString(handler, 'the handler'))),
    ),
    fn(
        'rmmod',
        [param('handler', STRING)],
        SYSCALL,
        '`delete_module(2)`: unloads the module of a handler. EAGAIN while it has preserved files, ENOENT if it is not loaded.',
        (host: Host, [handler]) => done(unloadModule(host, asString(handler, 'the handler'))),
    ),
    fn(
        'kexec_unload',
        [],
        SYSCALL,
        'Unloads the kernel that kexec_file_load() loaded. EBUSY during a load or a reboot.',
        ({ running }) => unloadKexec(running),
    ),
    code(
        'reboot',
        [param('command', INT)],
        { ...SYSCALL, noReturn: true },
        '`reboot(2)`. `reboot(KEXEC)` freezes every preserved file and jumps to the loaded kernel. EBUSY while a kernel is being loaded, EINVAL if none is loaded, or the error of a freeze; it waits for another reboot in progress. On success it does not return, unless the kernel was loaded with `preserve_context`: all processes end, and the next statement of the scenario runs in the next kernel.',
        'sys_reboot',
    ),
    fn('run_handover_hooks', [], {}, 'Runs the `at handover` blocks of the scenario.', (host: Host) =>
        runHandoverHooks(host),
    ),
];
