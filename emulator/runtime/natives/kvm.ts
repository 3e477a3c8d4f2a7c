/** Virtual machines for `.lus` code: KVM for processes, and guests seen from outside. */
import { counted } from '../../text/text';
import { fget, type Process } from '../../kernel/fs/process';
import { createVm, loadVm, MAX_VCPUS, saveVm, vmOf } from '../../kernel/kvm/file';
import type { VirtualMachine } from '../../kernel/kvm/vm';
import { Err, err } from '../../kernel/release/errno';
import {
    ANY,
    BOOL,
    FD,
    INT,
    listOf,
    objectOf,
    RECORD,
    SIZE,
    STRING,
    TIME,
    type Type,
    type Value,
} from '../../language/types';
import { asNumber, asString, ProgramError } from '../../language/values';
import { GuestLine } from '../../machine/interrupts/guest-line';
import { JournaledList } from '../../machine/journal';
import { Guest } from '../host/guests';
import { isStalled, linesOf } from '../host/guest-interrupts';
import type { Host } from '../host/host';
import { fdArg, isLeftOut, numberOr } from './arguments';
import { fdMethodOn, fn, global, Members, nothing, param, SYSCALL } from './define';
import type { NativeContext, NativeField, NativeFunction, NativeGlobal } from './native';
import { minus } from '../../machine/int';
import { GuestVcpu } from './vcpus';

/** The first vector of devices: those below are exceptions of the processor. */
const FIRST_VECTOR = 32;
const VECTORS = 256;

/** What `kvm` stands for in `.lus` code. */
class Kvm {}

const KVM = new Kvm();

/** Consecutive files: one descriptor, or a list of descriptors. */
function memoryArg(v: Value): number[] {
    if (isLeftOut(v)) {
        return [];
    }
    return v instanceof JournaledList ? v.items.map((fd) => fdArg(fd as Value)) : [fdArg(v)];
}

export const kvmObject = new Members(Kvm, 'kvm', '`/dev/kvm`: virtual machines.', false).method(
    'create_vm',
    [param('name', STRING), param('vcpus', INT, 1), param('memory', ANY, null)],
    { ...SYSCALL, result: FD },
    '`KVM_CREATE_VM`, `KVM_CREATE_VCPU` and `KVM_SET_USER_MEMORY_REGION`: creates a VM whose memory is a file, or a list of consecutive files, from address 0 on. ' +
        '`vm("guest")` finds the VM by its name in all later kernels. The VM ends with its last descriptor. ' +
        `EINVAL (not 1 to ${MAX_VCPUS} vCPUs), EEXIST (the name), EMFILE, EBADF, and for memory EACCES, EPERM (sealed against writing), ENODEV.`,
    (_kvm, [name, vcpus, memory], { running, process }) =>
        createVm(
            running,
            process,
            asString(name, 'the name'),
            asNumber(vcpus, 'the number of vCPUs'),
            memoryArg(memory),
        ),
);

/** EBUSY for ioctls of a preserved vCPU. */
function preserved(live: VirtualMachine): Err | undefined {
    return live.vcpus.items.some((v) => v.preserved) ? err('EBUSY') : undefined;
}

const ON_OTHERS = 'ENOTTY if the file is not a VM.';
const onVm = fdMethodOn(vmOf);

function wholeMemory(live: VirtualMachine): number {
    const last = live.slots.at(-1);
    return last ? last.gpa + last.length : 0;
}

/** `vCPU` by its number. */
function vcpuArg(live: VirtualMachine, v: Value): number {
    const index = asNumber(v, 'the vCPU');
    if (!live.vcpus.at(index) || index < 0) {
        throw new ProgramError(`${live.name} has ${counted(live.vcpus.length, 'vCPU')}, numbered from 0`);
    }
    return index;
}

export const kvmSyscalls: readonly NativeFunction[] = [
    onVm(
        'run',
        [param('dirty', INT, null), param('from', INT, 0), param('length', INT, null)],
        {},
        'Every vCPU enters the guest (`KVM_RUN`). With `dirty`, the guest repeatedly writes the range of `length` bytes at the guest address `from` (default: all memory), ' +
            "at this rate in bytes per second over all vCPUs (`200MiB/s`); each vCPU writes its part of the range. It runs by the machine's clock while the kernel runs. " +
            `EINVAL if the range is not memory, or is smaller than one page per vCPU; EBUSY if a session has a vCPU. ${ON_OTHERS}`,
        (live, [dirty, from, length]) => {
            const busy = preserved(live);
            if (busy) {
                return busy;
            }
            const start = asNumber(from, 'the address');
            const rate = numberOr(dirty, 'the rate', undefined);
            if (rate !== undefined) {
                if (rate < 0) {
                    throw new ProgramError('a rate cannot be negative');
                }
                const failed = live.begin(rate, start, numberOr(length, 'the length', wholeMemory(live) - start));
                if (failed) {
                    return failed;
                }
            }
            return nothing(live.resume());
        },
    ),
    onVm(
        'pause',
        [],
        {},
        `The VMM stops every vCPU, one after the other: the guest writes no more memory. ${ON_OTHERS}`,
        (live) => preserved(live) ?? nothing(live.pause()),
    ),
    onVm(
        'resume',
        [],
        {},
        `Every stopped vCPU enters the guest again and takes its pending interrupts. ${ON_OTHERS}`,
        (live) => preserved(live) ?? nothing(live.resume()),
    ),
    onVm(
        'save',
        [param('to', FD)],
        { result: INT },
        'Writes the state of all vCPUs to the beginning of a file: registers, progress of their programs, pending interrupts ([layout](virtual-machines.md)). Returns the size. ' +
            `The guest can continue to run afterwards. EBADF, EPERM (the file cannot grow). ${ON_OTHERS}`,
        (live, [to], { running, process }) => saveVm(running, process, live, fdArg(to)),
    ),
    onVm(
        'load',
        [param('from', FD)],
        {},
        `Loads a saved state into the vCPUs; resume() continues from there. EINVAL (no saved state, or one with another number of vCPUs), EBUSY (they run), EBADF. ${ON_OTHERS}`,
        (live, [from], { running, process }) => loadVm(running, process, live, fdArg(from)),
    ),
    onVm(
        'set_memory',
        [param('fd', FD), param('at', INT), param('length', INT, null), param('offset', INT, 0)],
        {},
        `\`KVM_SET_USER_MEMORY_REGION\`: maps a part of a file (default: all of it) as guest memory at an address. EINVAL, EEXIST (there is memory already), EBADF, EACCES, EPERM, ENODEV. ${ON_OTHERS}`,
        (live, [fd, at, length, offset], { process }) => {
            const file = fget(process, fdArg(fd));
            if (file instanceof Err) {
                return file;
            }
            const skip = asNumber(offset, 'the offset');
            return live.space.add(
                file,
                asNumber(at, 'the address'),
                skip,
                numberOr(length, 'the length', Number(minus(file.inode.size, skip))),
            );
        },
    ),
    onVm(
        'remove_memory',
        [param('at', INT)],
        {},
        `\`KVM_SET_USER_MEMORY_REGION\` with size 0: removes the memory at an address. ENOENT. ${ON_OTHERS}`,
        (live, [at]) => live.space.remove(asNumber(at, 'the address')),
    ),
    onVm(
        'inject',
        [param('vector', INT), param('vcpu', INT, 0)],
        {},
        `Sends an interrupt to a vCPU. A stopped vCPU takes it when it enters the guest; until then, interrupts of the same vector merge. ${ON_OTHERS}`,
        (live, [vector, vcpu]) => {
            const number = asNumber(vector, 'the vector');
            if (!Number.isInteger(number) || number < FIRST_VECTOR || number >= VECTORS) {
                throw new ProgramError(`interrupt vectors are ${FIRST_VECTOR} to ${VECTORS - 1}`);
            }
            return nothing(live.inject(number, vcpuArg(live, vcpu)));
        },
    ),
    fn(
        'verify',
        [],
        { ...SYSCALL, result: INT },
        `The guest checks all memory that its programs use and returns the number of bytes that differ, or differed earlier, from what it wrote. A difference is reported as a diagnosis. ${ON_OTHERS}`,
        (host: Host, [fd]) => {
            const live = vmOf(host.process, fdArg(fd));
            if (live instanceof Err) {
                return live;
            }
            live.catchUp();
            return host.guests.verify(live.name);
        },
    ),
];

/** A field of a descriptor of a VM. */
function vmField<C extends { readonly process: Process }>(
    name: string,
    type: Type,
    doc: string,
    get: (live: VirtualMachine, context: C) => Value,
): NativeField<C> {
    return {
        name,
        type,
        doc: `${doc} ${ON_OTHERS}`,
        get(context, fd) {
            const live = vmOf(context.process, fdArg(fd));
            return live instanceof Err ? live : get(live, context);
        },
    };
}

export const kvmFields: readonly NativeField[] = [
    vmField(
        'wrong',
        SIZE,
        "The number of bytes of the guest's memory that differ, or differed earlier, from what it wrote.",
        (live, host: Host) => host.guests.of(live.name)?.wrong ?? 0,
    ),
    vmField(
        'written',
        SIZE,
        "The number of bytes that the guest's programs have written so far, by the guest's own count.",
        (live) => live.written,
    ),
    vmField(
        'blackout',
        TIME,
        'Its blackout in nanoseconds, as in `vm(name).blackout`.',
        (live, host: Host) => host.guests.of(live.name)?.blackout ?? 0,
    ),
    vmField('running', BOOL, 'Whether a vCPU of it is running.', (live) => live.running),
    vmField('vcpus', INT, 'The number of vCPUs.', (live) => live.vcpus.length),
];

export const guestObject = new Members(Guest, 'guest', 'A guest, identified by its name in all kernels.', false)
    .field('name', STRING, 'Its name.', (guest) => guest.name)
    .field(
        'state',
        STRING,
        '`"running"`, `"paused"` (also: faulted, or not started) or `"gone"` (there is no VM of this name).',
        (guest) => guest.state,
    )
    .field('vcpus', INT, 'The number of vCPUs that it has, or had.', (guest) => guest.vcpus)
    .field(
        'blackout',
        TIME,
        'The blackout in nanoseconds: from the first vCPU that stopped to the last that ran again, in the latest update if there was one. If the blackout is not over, the time until now.',
        (guest) => guest.blackout,
    )
    .field(
        'causes',
        listOf(RECORD),
        'In an update with preserved vCPUs: what its blackout consists of, as records of `cause` and `time` in nanoseconds: `paused`, `suspended`, `stall NAME` for an exit that waited, `adoption`, `failed`.',
        (guest, host: Host) =>
            host.list(
                guest.standstill.causes.map(({ cause, time }) =>
                    host.record([
                        ['cause', cause],
                        ['time', time],
                    ]),
                ),
            ),
    )
    .method(
        'stood_still',
        [param('cause', STRING)],
        { context: 'any', result: TIME },
        'In an update with preserved vCPUs: how long it stood still for this cause, in nanoseconds.',
        (guest, [cause]) => guest.standstill.causes.find((c) => c.cause === asString(cause, 'the cause'))?.time ?? 0,
    )
    .method(
        'vcpu',
        [param('index', INT)],
        { context: 'any', result: objectOf('guest_vcpu') },
        'One of its vCPUs, in whichever kernel it is.',
        (guest, [index]) => new GuestVcpu(guest.name, asNumber(index, 'the number')),
    )
    .field(
        'written',
        SIZE,
        'The number of bytes that its programs have written, by its own count.',
        (guest) => guest.written,
    )
    .field(
        'wrong',
        SIZE,
        'The number of bytes of its memory that differ from what it wrote: those that it has noticed, and those that a check would find now. A byte stays counted even if the guest overwrites it.',
        (guest) => guest.wrong,
    )
    .field(
        'first_wrong',
        INT,
        'The guest address of the first of them; −1 if there is none.',
        (guest) => guest.firstWrong?.gpa ?? -1,
    )
    .field(
        'exits',
        INT,
        'The number of VM exits: for unmapped pages, for interrupts and for pauses.',
        (guest) => guest.exits,
    )
    .field(
        'interrupts',
        INT,
        'The number of interrupts that it has taken since its VM was created.',
        (guest) => guest.live?.vcpus.items.reduce((sum, vcpu) => sum + vcpu.interrupts, 0) ?? 0,
    )
    .field(
        'stalled',
        INT,
        'The number of device vectors whose interrupt was lost: a driver of the guest waits for it, and none is pending.',
        (guest, host: Host) => linesOf(host, guest.name).filter((line) => isStalled(host, line)).length,
    )
    .field(
        'vectors',
        listOf(objectOf('guest_line')),
        'The device vectors that it has set up, in that order.',
        (guest, host: Host) => host.list(linesOf(host, guest.name)),
    );

export const kvmFunctions: readonly NativeFunction[] = [
    fn(
        'vm',
        [param('name', STRING)],
        { context: 'any', result: objectOf('guest') },
        'The guest with this name (see `kvm.create_vm`), in whichever kernel it runs: `assert vm("guest").blackout < 300ms`.',
        (host: Host, [name]) => {
            const text = asString(name, 'the name');
            const guest = host.guests.of(text);
            if (!guest) {
                const known = host.guests.all.map((g) => `"${g.name}"`).join(', ');
                throw new ProgramError(
                    `there is no guest "${text}"${known === '' ? '. No guest has been created' : `. Guests: ${known}`}`,
                );
            }
            return guest;
        },
    ),
];

export const kvmGlobals: readonly NativeGlobal<NativeContext>[] = [
    global('kvm', objectOf('kvm'), 'any', '`/dev/kvm`: virtual machines.', () => KVM),
];

export const guestLineObject = new Members(
    GuestLine,
    'guest_line',
    'A device vector that a driver of a guest has set up. It exists independently of kernels.',
    false,
)
    .field('device', STRING, 'The name of the device.', (line) => line.source.shape.name)
    .field('index', INT, 'The index of the vector in the device.', (line) => line.index)
    .field('vector', INT, 'The interrupt vector that the guest has assigned.', (line) => line.vector)
    .field('vcpu', INT, 'The vCPU that takes it.', (line) => line.vcpu)
    .field('raised', INT, 'The number of times that the device raised it.', (line) => line.raised)
    .field(
        'delivered',
        INT,
        'The number of interrupts after which the driver found new work of the device.',
        (line) => line.delivered,
    )
    .field('merged', INT, 'The number of interrupts that merged with a pending one.', (line) => line.merged)
    .field('injected', INT, 'The number of interrupts that the VMM injected (`trigger_irq`).', (line) => line.injected)
    .field('lost', INT, 'The number of interrupts that were raised and lost.', (line) => line.lost)
    .field(
        'spurious',
        INT,
        'The number of interrupts after which the driver found nothing new.',
        (line) => line.spurious,
    )
    .field('stalled', BOOL, 'Whether the driver waits for it and none is pending.', (line, host: Host) =>
        isStalled(host, line),
    );
