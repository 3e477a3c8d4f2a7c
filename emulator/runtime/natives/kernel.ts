/** The running kernel for `.lus` code: boot, kexec, the kernel log, the state that scenarios read. */
import { type Err, errOfCode } from '../../kernel/release/errno';
import { deviceKindAt } from '../../kernel/device-nodes';
import { discardFile, hasDelayedFput, nextDelayedFput, OpenFile, releaseFile } from '../../kernel/fs/file';
import { type KexecLoad, unloadKexec } from '../../kernel/kexec';
import { Kernel } from '../../kernel/kernel';
import { closeOnExec, exitProcess } from '../../kernel/fs/process';
import { areaEntry } from '../../kernel/luo/abi';
import type { Luo } from '../../kernel/luo/state';
import { costId } from '../../machine/costs';
import { Seq } from '../../machine/journal';
import { Boot } from '../host/boot';
import { loadModule, unloadModule } from '../host/modules';
import { crash, panic } from '../host/kernel-end';
import { jump, kernelNamed, loadKernel, runHandoverHooks, runInit } from '../host/kexec';
import { openDevice } from '../host/callbacks';
import { giveWay } from '../scheduler';
import { UserProcess } from '../thread';
import { stateOf, waitsFor } from '../waiting';
import { ANY, BOOL, FD, INT, listOf, objectOf, PHYS, STRING, type Value } from '../../language/types';
import type { NativeFunction, NativeGlobal } from './native';
import { View } from '../view';
import { asBool, asInt, asNumber, asString, text } from '../../language/values';
import type { Vm } from '../interpreter';
import { constant } from './arguments';
import { callback, code, expect, fn, Members, nothing, param } from './define';
import { hex } from '../../text/text';

const SHUTDOWN = costId('shutdown');

const words = [{ ...param('words', ANY), rest: true }];

function joined(v: Value): string {
    return v instanceof Seq ? v.items.map((w) => text(w as Value)).join('') : text(v);
}

/** A file that `.lus` code opened or that came with a descriptor: what it has beyond the plain kernel. */
export const fileCallbacks: readonly NativeFunction[] = [
    callback('open', [], { fails: true }, "Calls what the file's kind does on open."),
    callback('release', [], { fails: true }, "Calls what the file's kind does when its last reference is gone."),
];

export const kernelFunctions: readonly NativeFunction[] = [
    // ---- messages
    fn(
        'log',
        words,
        { context: 'any' },
        'Prints its arguments, one behind the other, to the debug console and the output of `lus run`.',
        (vm, [w]) => {
            vm.log('log', joined(w));
            return undefined;
        },
    ),
    fn('klog_info', words, {}, 'A line of the kernel log.', (vm, [w]) => klog(vm, 'info', w)),
    fn('klog_warn', words, {}, 'A warning in the kernel log.', (vm, [w]) => klog(vm, 'warn', w)),
    fn('klog_err', words, {}, 'An error in the kernel log.', (vm, [w]) => klog(vm, 'err', w)),
    fn('hex', [param('value', INT)], { context: 'any', result: STRING }, 'An integer in hexadecimal.', (_vm, [v]) =>
        hex(asInt(v, 'the value')),
    ),
    fn(
        'str',
        words,
        { context: 'any', result: STRING },
        'Its arguments as text, one behind the other: `str("vm-", i)`.',
        (_vm, [w]) => joined(w),
    ),
    fn(
        'errno_name',
        [param('code', INT)],
        { context: 'any', result: STRING },
        'The name of a positive error number.',
        (_vm, [v]) => errOfCode(asNumber(v, 'the error number'))?.name ?? text(v),
    ),
    fn('panic', words, {}, 'The kernel panics.', (vm, [w]) => panic(vm, joined(w))),

    // ---- files and processes
    fn('has_delayed_fput', [], { result: BOOL }, 'Files wait to be released.', (vm) => hasDelayedFput(vm.running)),
    fn(
        'next_delayed_fput',
        [],
        { result: objectOf('file') },
        'Takes the next file that waits to be released. task_work_run() takes all that wait at once and begins with the newest; what comes up meanwhile is for its next round.',
        (vm) => {
            return nextDelayedFput(vm.running);
        },
    ),
    fn(
        'release_file',
        [param('file', objectOf('file'))],
        {},
        'What the kernel itself does when a file is released.',
        (vm, [f]) => {
            return nothing(releaseFile(vm.running, expect(OpenFile, f, 'a file')));
        },
    ),
    fn(
        'discard_file',
        [param('file', objectOf('file'))],
        {},
        'Frees a file whose open() failed; its release() does not run.',
        (vm, [f]) => nothing(discardFile(vm.running, expect(OpenFile, f, 'a file'))),
    ),
    fn('close_all_files', [], {}, 'Closes every descriptor of the current process.', (vm) => {
        exitProcess(vm.running, vm.process);
        return undefined;
    }),
    fn('close_on_exec', [], {}, 'Closes the descriptors of the current process that have `FD_CLOEXEC`.', (vm) => {
        closeOnExec(vm.running, vm.process);
        return undefined;
    }),
    fn(
        'device_kind',
        [param('path', STRING)],
        { result: { k: 'decl', of: 'file', name: '' } },
        'The kind of file at a device path; `none` for other paths.',
        (vm, [p]) => {
            const path = asString(p, 'the path');
            return deviceKindAt(vm.running, path) ?? vm.executable.fileKindAt(path)?.name.name ?? null;
        },
    ),
    fn(
        'open_device',
        [param('kind', { k: 'decl', of: 'file', name: '' }), param('path', STRING)],
        { result: objectOf('file') },
        'A file of this kind, before its open() has run.',
        (vm, [kind, path]) => openDevice(vm, asString(kind, 'the kind'), asString(path, 'the path')),
    ),

    fn(
        'should_fail',
        [param('point', STRING)],
        { result: INT },
        'Whether a failure was injected at a point of this name: a positive error number, or 0.',
        (vm, [point]) => vm.injections.hit(asString(point, 'the point'), vm.boot)?.error?.code ?? 0,
    ),

    // ---- boot and reboot
    fn('run_init', [], {}, 'Runs the `init` blocks of the kernel that boots.', (vm) => runInit(vm)),
    fn('run_handover_hooks', [], {}, 'Runs the `at handover` blocks of the scenario.', (vm) => runHandoverHooks(vm)),

    // ---- what scenarios read
    fn(
        'session',
        [param('name', STRING)],
        { context: 'any', result: objectOf('luo_session'), fails: false },
        'A session of the running kernel by its name: an outgoing one, else an incoming one; `none` where there is none.',
        (vm, [n]) => {
            const { luo } = vm.running;
            const name = asString(n, 'the name');
            return luo.outgoing.find(name) ?? luo.incoming.find(name) ?? null;
        },
    ),
    fn(
        'handed_over',
        [param('name', STRING)],
        { context: 'scenario', result: { k: 'view', struct: 'luo_session_ser' } },
        'The entry of an outgoing session as the next kernel will read it; inside `at handover`. `none` where there is none.',
        (vm, [n]) => {
            const { luo } = vm.running;
            const layout = vm.executable.struct('luo_session_ser', vm.library);
            const index = luo.outgoing.sessions.items.findIndex((s) => s.name === asString(n, 'the name'));
            const pa = index < 0 ? undefined : sessionEntry(luo, index);
            return layout && pa !== undefined ? new View(layout, vm.machine.memory, pa) : null;
        },
    ),
];

/** Where the entry of an outgoing session lies: in blocks, or in an area behind its count. */
function sessionEntry(luo: Luo, index: number): number | undefined {
    const { area, blocks } = luo.outgoing;
    return area === 0 ? blocks.entryAt(index) : areaEntry(area, index);
}

function klog(vm: Vm, level: 'info' | 'warn' | 'err', w: Value): undefined {
    const line = joined(w);
    vm.running.klog(level, line);
    if (line.startsWith('WARNING:')) {
        const frame = vm.frame;
        vm.raise('kernel-warning', line, frame && vm.placeOf(frame));
    }
    return undefined;
}

export const kernelObject = new Members(Kernel, 'kernel', 'The running kernel.')
    .field('name', STRING, 'As the scenario names it.', (k) => k.desc.name)
    .field('release', STRING, '`uname -r`', (k) => k.desc.release)
    .field('boot', INT, 'Which boot of the machine this is, 0 for the first.', (k) => k.boot)
    .field(
        'vfio_phase',
        STRING,
        'What its layer `vfio` does to a preserved device: `"reset"` or `"keep"`.',
        (k) => k.desc.vfioPhase,
    )
    .field('cmdline', STRING, 'Its command line.', (k) => k.commandLine.text)
    .field(
        'iommufd_phase',
        INT,
        'With the layer iommu: 1 where a preserved `/dev/iommu` cannot be retrieved yet, 2 where it can.',
        (k) => k.desc.iommufdPhase,
    )
    .method('flaw', [param('name', STRING)], { context: 'any', result: BOOL }, 'It was given this mistake.', (k, [n]) =>
        k.desc.flaws.has(asString(n, 'the name')),
    )
    .method(
        'reserve_mem',
        [param('name', STRING)],
        { context: 'any', result: PHYS },
        'reserve_mem_find_by_name(): where the memory of `reserve_mem=size:align:name` on its command line is; 0 where there is none of this name.',
        (k, [n]) => k.reserveMem.regions.find((r) => r.name === asString(n, 'the name'))?.addr ?? 0,
    )
    .method(
        'logged',
        [param('text', STRING)],
        { context: 'any', result: BOOL },
        'A line of its log contains this text.',
        (k, [t]) => k.log.items.some((l) => l.text.includes(asString(t, 'the text'))),
    )
    .method(
        'logged_in_order',
        [param('texts', listOf(STRING))],
        { context: 'any', result: BOOL },
        'Its log has lines that contain these texts, in this order; others may stand between.',
        (k, [texts]) => {
            let at = 0;
            for (const text of texts instanceof Seq ? texts.items : []) {
                const found = k.log.items.findIndex(
                    (l, i) => i >= at && l.text.includes(asString(text as Value, 'a text')),
                );
                if (found < 0) {
                    return false;
                }
                at = found + 1;
            }
            return true;
        },
    );

/** What `kexec` stands for in `.lus` code. */
export class KexecState {}

export const kexecObject = new Members(KexecState, 'kexec', 'The kernel that a reboot would jump to.')
    .field('loaded', BOOL, 'One is loaded.', (_k, vm) => vm.running.kexecImage !== null)
    .field(
        'preserve_context',
        BOOL,
        'It was loaded with KEXEC_PRESERVE_CONTEXT.',
        (_k, vm) => vm.running.kexecImage?.preserveContext === true,
    )
    .field(
        'transition',
        objectOf('lock'),
        'system_transition_mutex: held by whoever reboots.',
        (_k, vm) => vm.running.transition,
    )
    .field(
        'lock',
        objectOf('lock'),
        'What kexec_trylock() takes: held by whoever loads a kernel, or reboots into one.',
        (_k, vm) => vm.running.kexecLock,
    )
    .method(
        'load',
        [param('kernel', STRING), param('cmdline', STRING)],
        { context: 'kernel', fails: true },
        'Reads a kernel, and puts it where it may lie in the next one: in scratch. EADDRNOTAVAIL, ENOEXEC, ENOMEM.',
        (_k, [name, cmdline], vm) => loading(vm, name, cmdline, { handover: true }),
    )
    .method(
        'load_segments',
        [param('kernel', STRING), param('cmdline', STRING), param('preserve_context', BOOL)],
        { context: 'kernel', fails: true },
        'Takes a kernel from user space, which says where it goes. EADDRNOTAVAIL, ENOEXEC, ENOMEM.',
        (_k, [name, cmdline, keep], vm) =>
            loading(vm, name, cmdline, { handover: false, preserveContext: keep === true }),
    )
    .method(
        'prepare',
        [],
        { context: 'kernel' },
        'kernel_restart_prepare(): from here on the kernel goes down.',
        (_k, _a, vm) => {
            vm.phase('shutdown');
            // it takes its time, and the other processors still run
            giveWay(vm);
            return undefined;
        },
    )
    .method('shutdown', [], { context: 'kernel' }, 'What follows up to the jump.', (_k, _a, vm) => {
        const { clock } = vm.machine;
        const begin = clock.now;
        vm.running.devices.interrupts.shutdown();
        clock.charge(SHUTDOWN);
        // other processors are stopped last: until here vCPUs run on them
        vm.guests.kernelStops(vm.running);
        vm.tell((l) => l.stage?.('kernel_restart_prepare', begin));
        return undefined;
    })
    .method('jump', [], { context: 'kernel' }, 'machine_kexec(): the next kernel starts.', (_k, _a, vm) => jump(vm));

function loading(vm: Vm, name: Value, cmdline: Value, how: KexecLoad): undefined | Err {
    const result = loadKernel(vm, asString(name, 'the kernel'), asString(cmdline, 'the command line'), how);
    // it has to be read and checked, and others get on meanwhile
    giveWay(vm);
    return result;
}

/** @throws ProgramError where there is no such kernel */
function isKernel(vm: Vm, [name, cmdline]: readonly Value[]): void {
    kernelNamed(vm, asString(name, 'the kernel'), 'load');
    asString(cmdline, 'the command line');
}

/** The steps of a boot. */
export const bootObject = new Members(Boot, 'boot', 'The kernel that comes up.')
    .method(
        'setup_arch',
        [],
        { context: 'kernel' },
        'Reads the setup data: command line, handover, scratch areas.',
        (b) => b.setupArch(),
    )
    .method(
        'early_memory',
        [],
        { context: 'kernel' },
        'Allocates what a kernel needs before its page allocator runs.',
        (b) => b.earlyMemory(),
    )
    .method(
        'incoming_blob',
        [param('name', STRING)],
        { context: 'kernel', result: PHYS },
        'Where a blob lies that the previous kernel handed over under this name, before there is memory to be allocated; 0: there is none.',
        (b, [name]) => b.incomingBlob(asString(name, 'the name')),
    )
    .method(
        'hugetlb_preserved',
        [param('size', INT), param('count', INT)],
        { context: 'kernel' },
        'So many huge pages of a size are among what the previous kernel preserved.',
        (b, [size, count]) => b.hugePages.preserve(asNumber(size, 'the size'), asNumber(count, 'the count')),
    )
    .method(
        'hugetlb_bootmem_alloc',
        [],
        { context: 'kernel' },
        'Takes memory for gigantic pages that the command line asks for.',
        (b) => b.hugePages.bootmemAlloc(b.handoverScratch),
    )
    .method('hugetlb_init', [], { context: 'kernel' }, 'Fills the pools of huge pages.', (b) => b.hugePages.init())
    .method(
        'mm_core_init',
        [],
        { context: 'kernel' },
        'Reserves the preserved pages and opens the page allocator.',
        (b) => b.mmCoreInit(),
    )
    .method('kho_init', [], { context: 'kernel' }, 'The outgoing side of KHO.', (b) => b.khoInit())
    .method('register_handlers', [], { context: 'kernel' }, 'Registers file handlers and FLBs.', (b) =>
        b.registerHandlers(),
    )
    .method(
        'scan_pci',
        [param('inherit', BOOL)],
        { context: 'kernel' },
        'Scans the PCI buses. `inherit`: bridges keep the bus numbers that they have; one whose numbers cannot be right is cleared.',
        (b, [inherit]) => b.scanPci(asBool(inherit, 'inherit')),
    )
    .method('probe_devices', [], { context: 'kernel' }, 'Has drivers take their devices.', (b) => b.probeDevices())
    .method('start_userspace', [], { context: 'kernel' }, 'User space comes up and fills the page cache.', (b) =>
        b.startUserspace(),
    );

/** A process as the scenario sees it. */
export const processObject = new Members(UserProcess, 'process', 'A process that the scenario started.', true)
    .field('pid', INT, 'Its number.', (p) => p.process.pid)
    .field('name', STRING, 'Its name.', (p) => p.name)
    .field(
        'state',
        STRING,
        'What it is at, as ps(1) shows it: `R` it runs or could, `S` it sleeps or has nothing to do, `D` it waits in the kernel and no signal reaches it.',
        (p) => stateOf(p.thread),
    )
    .field(
        'waits_for',
        STRING,
        'The lock that it waits for, and who holds it; empty where it waits for none.',
        (p, vm) => waitsFor(vm, p.thread) ?? '',
    );

export const kexecSyscalls: readonly NativeFunction[] = [
    code(
        'open',
        [param('path', STRING), param('flags', INT, 2)],
        { context: 'user', syscall: true, result: FD },
        '`open(2)`: `/dev/liveupdate`, `/dev/null`, `/dev/iommu`, `/dev/vfio/devices/vfioN`, files on tmpfs, and the paths of declared file kinds. `/dev/liveupdate` has one opener at a time (EBUSY), and gives EIO where the incoming sessions could not be rebuilt.',
        'sys_open',
    ),
    {
        ...code(
            'kexec_file_load',
            [param('kernel', STRING), param('cmdline', STRING, '')],
            { context: 'user', syscall: true },
            '`kexec_file_load(2)`: loads a kernel by its name, with additions to its command line. EADDRNOTAVAIL where it does not fit into scratch; EBUSY while somebody else loads one, or reboots.',
            'sys_kexec_file_load',
        ),
        checks: isKernel,
    },
    {
        ...code(
            'kexec_load',
            [param('kernel', STRING), param('cmdline', STRING, ''), param('preserve_context', BOOL, false)],
            { context: 'user', syscall: true },
            '`kexec_load(2)`, the older call: the kernel it loads is handed nothing over. `preserve_context`: `KEXEC_PRESERVE_CONTEXT`, a jump from which one might come back; the reboot does not even ask LUO.',
            'sys_kexec_load',
        ),
        checks: isKernel,
    },
    fn(
        'crash',
        [param('message', STRING, 'sysrq triggered crash')],
        { context: 'scenario' },
        'The running kernel panics, here and now (as by `echo c > /proc/sysrq-trigger`). Nothing of it is left, and nothing is handed over; `boot` one again. `panicked` is the message.',
        (vm, [m]) => crash(vm, asString(m, 'the message')),
    ),
    fn(
        'modprobe',
        [param('handler', STRING)],
        { context: 'user', syscall: true, fails: true },
        '`init_module(2)` of the module that a handler is in (`modules` in a kernel): it registers with LUO. EEXIST, EOPNOTSUPP.',
        (vm, [h]) => loadModule(vm, asString(h, 'the handler')),
    ),
    fn(
        'rmmod',
        [param('handler', STRING)],
        { context: 'user', syscall: true, fails: true },
        '`delete_module(2)`: the handler is gone. EAGAIN while it has preserved files, ENOENT where it is not loaded.',
        (vm, [h]) => unloadModule(vm, asString(h, 'the handler')),
    ),
    fn(
        'kexec_unload',
        [],
        { context: 'user', syscall: true, fails: true },
        'Unloads what kexec_file_load() loaded. EBUSY while somebody loads a kernel, or reboots.',
        (vm) => unloadKexec(vm.running),
    ),
    code(
        'execve',
        [],
        { context: 'user', syscall: true },
        '`execve(2)` of the program itself, as an agent does that was updated: descriptors with `FD_CLOEXEC` close, and LUO gives out no others. The variables stay, with numbers that mean nothing any more.',
        'sys_execve',
    ),
    code(
        'reboot',
        [param('command', INT)],
        { context: 'user', syscall: true },
        '`reboot(2)`. `reboot(KEXEC)` freezes every preserved file and jumps to the loaded kernel: EBUSY while somebody loads a kernel, EINVAL where none is loaded, or the error of a freeze; where somebody else reboots it waits. When it succeeds it does not return: no process is left, and the next statement of the scenario runs in the next kernel.',
        'sys_reboot',
    ),
];

/** enum liveupdate_event and enum liveupdate_state of the interface before the merge. */
const V4_CONSTANTS: readonly (readonly [string, number, string])[] = [
    ['LIVEUPDATE_PREPARE', 0, 'Event: what is preserved is prepared for the kexec.'],
    ['LIVEUPDATE_FREEZE', 1, 'Event: the last chance before the kexec.'],
    ['LIVEUPDATE_FINISH', 2, 'Event: the update is over, what nobody has asked for is given up.'],
    ['LIVEUPDATE_CANCEL', 3, 'Event: there will be no update after all.'],
    ['LIVEUPDATE_STATE_UNDEFINED', 0, 'State: not known yet.'],
    ['LIVEUPDATE_STATE_NORMAL', 1, 'State: no update is under way.'],
    ['LIVEUPDATE_STATE_PREPARED', 2, 'State: everything is prepared for the kexec.'],
    ['LIVEUPDATE_STATE_FROZEN', 3, 'State: the kexec is about to happen.'],
    ['LIVEUPDATE_STATE_UPDATED', 4, 'State: the kexec has happened, and what came along waits to be asked for.'],
];

export const kernelGlobals: readonly NativeGlobal[] = [
    { name: 'none', type: ANY, context: 'any', doc: 'No object.', get: () => null },
    { name: 'KEXEC', type: INT, context: 'any', doc: 'LINUX_REBOOT_CMD_KEXEC', get: () => 0x45584543 },
    ...V4_CONSTANTS.map(([name, value, doc]) => constant(name, value, doc)),
    { name: 'kernel', type: objectOf('kernel'), context: 'any', doc: 'The running kernel.', get: (vm) => vm.running },
    {
        name: 'kho',
        type: objectOf('kho'),
        context: 'any',
        doc: 'Kexec HandOver of the running kernel.',
        get: (vm) => vm.running.kho,
    },
    {
        name: 'luo',
        type: objectOf('luo'),
        context: 'any',
        doc: 'The Live Update Orchestrator of the running kernel.',
        get: (vm) => vm.running.luo,
    },
    {
        name: 'kexec',
        type: objectOf('kexec'),
        context: 'kernel',
        doc: 'The kernel that a reboot would jump to.',
        get: () => KEXEC_STATE,
    },
    {
        name: 'iommu_unit',
        type: objectOf('iommu_unit'),
        context: 'kernel',
        doc: 'The IOMMU, as its driver sees it.',
        get: (vm) => vm.running.devices.unit,
    },
    {
        name: 'pci',
        type: objectOf('pci'),
        context: 'kernel',
        doc: 'The PCI core of the running kernel.',
        get: (vm) => vm.running.devices.pci,
    },
    {
        name: 'boot',
        type: objectOf('boot'),
        context: 'kernel',
        doc: 'The kernel that comes up.',
        get: (vm) => vm.booting,
    },
    {
        name: 'panicked',
        type: STRING,
        context: 'scenario',
        doc: 'The message with which the last kernel panicked; empty where none did.',
        get: (vm) => vm.panicMessage,
    },
];

const KEXEC_STATE = new KexecState();
