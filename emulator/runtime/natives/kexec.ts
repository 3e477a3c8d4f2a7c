/** Loading a kernel and leaving the one that runs: kexec, reboot, crash, and the modules of a kernel. */
import { unloadKexec, type KexecLoad } from '../../kernel/kexec';
import type { Err } from '../../kernel/release/errno';
import { BOOL, INT, objectOf, STRING, type Value } from '../../language/types';
import { asString } from '../../language/values';
import { costId } from '../../machine/costs';
import { crash } from '../host/kernel-end';
import { jump, jumpAndReturn, kernelNamed, loadKernel, runHandoverHooks } from '../host/kexec';
import { loadModule, unloadModule } from '../host/modules';
import type { Host } from '../host/host';
import { code, done, fn, global, Members, param, SYSCALL } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

const SHUTDOWN = costId('shutdown');

/** What `kexec` stands for in `.lus` code. */
export class KexecState {}

const KEXEC_STATE = new KexecState();

/** @throws ProgramError where the scenario has no kernel of this name */
function load(host: Host, name: Value, cmdline: Value, how: KexecLoad): undefined | Err {
    return loadKernel(host, asString(name, 'the kernel'), asString(cmdline, 'the command line'), how);
}

export const kexecObject = new Members(KexecState, 'kexec', 'The kernel that a reboot would jump to.')
    .field('loaded', BOOL, 'One is loaded.', (_kexec, { running }) => running.kexecImage !== null)
    .field(
        'preserve_context',
        BOOL,
        'It was loaded with KEXEC_PRESERVE_CONTEXT.',
        (_kexec, { running }) => running.kexecImage?.preserveContext === true,
    )
    .field(
        'transition',
        objectOf('lock'),
        'system_transition_mutex: held by whoever reboots.',
        (_kexec, { running }) => running.transition,
    )
    .field(
        'lock',
        objectOf('lock'),
        'What kexec_trylock() takes: held by whoever loads a kernel, or reboots into one.',
        (_kexec, { running }) => running.kexecLock,
    )
    .method(
        'load',
        [param('kernel', STRING), param('cmdline', STRING)],
        // it has to be read and checked
        { fails: true, long: true },
        'Reads a kernel, and puts it where it may lie in the next one: in scratch. EADDRNOTAVAIL, ENOEXEC, ENOMEM.',
        (_kexec, [name, cmdline], host: Host) => load(host, name, cmdline, { handover: true }),
    )
    .method(
        'load_segments',
        [param('kernel', STRING), param('cmdline', STRING), param('preserve_context', BOOL)],
        { fails: true, long: true },
        'Takes a kernel from user space, which says where it goes. EADDRNOTAVAIL, ENOEXEC, ENOMEM.',
        (_kexec, [name, cmdline, keep], host: Host) =>
            load(host, name, cmdline, { handover: false, preserveContext: keep === true }),
    )
    .method(
        'prepare',
        [],
        // the other processors still run
        { long: true },
        'kernel_restart_prepare(): from here on the kernel goes down.',
        (_kexec, _args, host: Host) => {
            host.phase('shutdown');
            return undefined;
        },
    )
    .method('shutdown', [], {}, 'What follows up to the jump.', (_kexec, _args, host: Host) => {
        const { clock } = host.machine;
        const begin = clock.now;
        host.running.devices.interrupts.shutdown();
        clock.charge(SHUTDOWN);
        // other processors are stopped last: until here vCPUs run on them
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
    global('kexec', objectOf('kexec'), 'kernel', 'The kernel that a reboot would jump to.', () => KEXEC_STATE),
];

/** @throws ProgramError where there is no such kernel */
function isKernel(host: Host, [name, cmdline]: readonly Value[]): void {
    kernelNamed(host, asString(name, 'the kernel'), 'load');
    asString(cmdline, 'the command line');
}

export const kexecFunctions: readonly NativeFunction[] = [
    code(
        'kexec_file_load',
        [param('kernel', STRING), param('cmdline', STRING, '')],
        { ...SYSCALL, checks: isKernel },
        '`kexec_file_load(2)`: loads a kernel by its name, with additions to its command line. EADDRNOTAVAIL where it does not fit into scratch; EBUSY while somebody else loads one, or reboots.',
        'sys_kexec_file_load',
    ),
    code(
        'kexec_load',
        [param('kernel', STRING), param('cmdline', STRING, ''), param('preserve_context', BOOL, false)],
        { ...SYSCALL, checks: isKernel },
        '`kexec_load(2)`, the older call: the kernel it loads is handed nothing over. `preserve_context`: `KEXEC_PRESERVE_CONTEXT`, for a jump from which this kernel comes back: the reboot returns 0 then, and LUO is not asked (before 7.2 it was).',
        'sys_kexec_load',
    ),
    fn(
        'crash',
        [param('message', STRING, 'sysrq triggered crash')],
        { context: 'scenario' },
        'The running kernel panics, here and now (as by `echo c > /proc/sysrq-trigger`). Nothing of it is left, and nothing is handed over; `boot` one again. `panicked` is the message.',
        (host: Host, [message]) => crash(host, asString(message, 'the message')),
    ),
    fn(
        'modprobe',
        [param('handler', STRING)],
        SYSCALL,
        '`init_module(2)` of the module that a handler is in (`modules` in a kernel): it registers with LUO. EEXIST, EOPNOTSUPP.',
        (host: Host, [handler]) => done(loadModule(host, asString(handler, 'the handler'))),
    ),
    fn(
        'rmmod',
        [param('handler', STRING)],
        SYSCALL,
        '`delete_module(2)`: the handler is gone. EAGAIN while it has preserved files, ENOENT where it is not loaded.',
        (host: Host, [handler]) => done(unloadModule(host, asString(handler, 'the handler'))),
    ),
    fn(
        'kexec_unload',
        [],
        SYSCALL,
        'Unloads what kexec_file_load() loaded. EBUSY while somebody loads a kernel, or reboots.',
        ({ running }) => unloadKexec(running),
    ),
    code(
        'reboot',
        [param('command', INT)],
        { ...SYSCALL, noReturn: true },
        '`reboot(2)`. `reboot(KEXEC)` freezes every preserved file and jumps to the loaded kernel: EBUSY while somebody loads a kernel, EINVAL where none is loaded, or the error of a freeze; where somebody else reboots it waits. When it succeeds it does not return, unless the kernel was loaded with `preserve_context`: no process is left, and the next statement of the scenario runs in the next kernel.',
        'sys_reboot',
    ),
    fn('run_handover_hooks', [], {}, 'Runs the `at handover` blocks of the scenario.', (host: Host) =>
        runHandoverHooks(host),
    ),
];
