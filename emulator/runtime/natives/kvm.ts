/** Virtual machines for `.lus` code: KVM in processes, and guests as those who watch know them. */
import { fget, type Process } from '../../kernel/fs/process';
import { createVm, loadVm, MAX_VCPUS, saveVm, vmOf } from '../../kernel/kvm/file';
import type { VirtualMachine } from '../../kernel/kvm/vm';
import { Err } from '../../kernel/release/errno';
import { ANY, BOOL, FD, INT, listOf, objectOf, STRING, type Type, type Value } from '../../language/types';
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

/** The vectors that devices get: those below are exceptions of the processor. */
const FIRST_VECTOR = 32;
const VECTORS = 256;

/** What `kvm` stands for in `.lus` code. */
export class Kvm {}

const KVM = new Kvm();

/** Files behind one another: one descriptor, or a list of them. */
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
    '`KVM_CREATE_VM`, `KVM_CREATE_VCPU` and `KVM_SET_USER_MEMORY_REGION`: a VM whose memory is a file, or a list of files one behind the other, from address 0 on. ' +
        'The name is for those who watch: `vm("guest")` knows it over kernels. The VM ends with its last descriptor. ' +
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

const ON_OTHERS = 'ENOTTY on other files than a VM.';
const onVm = fdMethodOn(vmOf);

function wholeMemory(live: VirtualMachine): number {
    const last = live.slots.at(-1);
    return last ? last.gpa + last.length : 0;
}

/** `vCPU` by its number. */
function vcpuArg(live: VirtualMachine, v: Value): number {
    const index = asNumber(v, 'the vCPU');
    if (!live.vcpus.at(index) || index < 0) {
        throw new ProgramError(`${live.name} has ${live.vcpus.length} vCPUs, from 0 on`);
    }
    return index;
}

export const kvmSyscalls: readonly NativeFunction[] = [
    onVm(
        'run',
        [param('dirty', INT, null), param('from', INT, 0), param('length', INT, null)],
        {},
        'Every vCPU enters the guest (`KVM_RUN`). With `dirty`, its program begins to write memory, so many bytes a second in all (`200MiB/s`): each vCPU its part of the range of ' +
            "`length` bytes at the guest's address `from`, left out: all memory, over and over. It goes on by the machine's clock while the kernel runs. " +
            `EINVAL where the range is no memory, or less than a page a vCPU. ${ON_OTHERS}`,
        (live, [dirty, from, length]) => {
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
        `The VMM gets every vCPU out of the guest, one after the other: nothing is written any more. ${ON_OTHERS}`,
        (live) => nothing(live.pause()),
    ),
    onVm(
        'resume',
        [],
        {},
        `Every vCPU that stands still enters the guest again, and finds the interrupts that waited for it. ${ON_OTHERS}`,
        (live) => nothing(live.resume()),
    ),
    onVm(
        'save',
        [param('to', FD)],
        { result: INT },
        'Writes the state of all vCPUs to the beginning of a file: registers, how far their programs are, pending interrupts, in [a layout of its own](virtual-machines.md). The result is its size. ' +
            `Nothing keeps the guest from running on afterwards. EBADF, EPERM (a file that may not grow). ${ON_OTHERS}`,
        (live, [to], { running, process }) => saveVm(running, process, live, fdArg(to)),
    ),
    onVm(
        'load',
        [param('from', FD)],
        {},
        `Puts a saved state into the vCPUs, which go on from there with resume(). EINVAL (no saved state, or one of another number of vCPUs), EBUSY (they run), EBADF. ${ON_OTHERS}`,
        (live, [from], { running, process }) => loadVm(running, process, live, fdArg(from)),
    ),
    onVm(
        'set_memory',
        [param('fd', FD), param('at', INT), param('length', INT, null), param('offset', INT, 0)],
        {},
        `\`KVM_SET_USER_MEMORY_REGION\`: a part of a file, left out: all of it, becomes the guest's memory from an address on. EINVAL, EEXIST (memory is there already), EBADF, EACCES, EPERM, ENODEV. ${ON_OTHERS}`,
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
        `\`KVM_SET_USER_MEMORY_REGION\` with size 0: takes the memory at an address away. ENOENT. ${ON_OTHERS}`,
        (live, [at]) => live.space.remove(asNumber(at, 'the address')),
    ),
    onVm(
        'inject',
        [param('vector', INT), param('vcpu', INT, 0)],
        {},
        `An interrupt for a vCPU: one that does not run finds it when it enters the guest; two of a vector are one until then. ${ON_OTHERS}`,
        (live, [vector, vcpu]) => {
            const number = asNumber(vector, 'the vector');
            if (!Number.isInteger(number) || number < FIRST_VECTOR || number >= VECTORS) {
                throw new ProgramError(`vectors for interrupts are ${FIRST_VECTOR} to ${VECTORS - 1}`);
            }
            return nothing(live.inject(number, vcpuArg(live, vcpu)));
        },
    ),
    fn(
        'verify',
        [],
        { ...SYSCALL, result: INT },
        `The guest looks at all that its programs work on: how many bytes are not what it wrote there. What it finds is a diagnosis. ${ON_OTHERS}`,
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
        INT,
        "Bytes of a guest's memory that are not what it wrote there.",
        (live, host: Host) => host.guests.of(live.name)?.wrong ?? 0,
    ),
    vmField(
        'written',
        INT,
        "Bytes that a guest's programs have written so far, by its own count.",
        (live) => live.written,
    ),
    vmField(
        'blackout',
        INT,
        'How long it stood still, in nanoseconds, as `vm(name).blackout` has it.',
        (live, host: Host) => host.guests.of(live.name)?.blackout ?? 0,
    ),
    vmField('running', BOOL, 'A vCPU of it is in the guest.', (live) => live.running),
    vmField('vcpus', INT, 'How many vCPUs it has.', (live) => live.vcpus.length),
];

export const guestObject = new Members(
    Guest,
    'guest',
    'A guest as those who watch know it by its name, over kernels.',
    false,
)
    .field('name', STRING, 'Its name.', (guest) => guest.name)
    .field(
        'state',
        STRING,
        '`"running"`, `"paused"` (or faulted, or not started), `"gone"`: there is no VM of this name.',
        (guest) => guest.state,
    )
    .field('vcpus', INT, 'How many vCPUs it has, or had.', (guest) => guest.vcpus)
    .field(
        'blackout',
        INT,
        'How long it stood still, in nanoseconds: from the first paused vCPU to the last that ran again, over the latest update where it went through one. Up to now where that is not over.',
        (guest) => guest.blackout,
    )
    .field('written', INT, 'Bytes that its programs have written, by its own count.', (guest) => guest.written)
    .field(
        'wrong',
        INT,
        'Bytes of its memory that are not what it wrote: those that it has come across, and those that it would find now.',
        (guest) => guest.wrong,
    )
    .field(
        'first_wrong',
        INT,
        'Its own address of the first of them; −1: none.',
        (guest) => guest.firstWrong?.gpa ?? -1,
    )
    .field(
        'exits',
        INT,
        'How often vCPUs left it: for pages that were not mapped yet, for interrupts, for being paused.',
        (guest) => guest.exits,
    )
    .field(
        'interrupts',
        INT,
        'Interrupts that it has taken since its VM was made.',
        (guest) => guest.live?.vcpus.items.reduce((sum, vcpu) => sum + vcpu.interrupts, 0) ?? 0,
    )
    .field(
        'stalled',
        INT,
        'Vectors of devices for which a driver of the guest waits, and of which none is on its way: the interrupt was lost.',
        (guest, host: Host) => linesOf(host, guest.name).filter((line) => isStalled(host, line)).length,
    )
    .field(
        'vectors',
        listOf(objectOf('guest_line')),
        'The vectors of devices that it has set up, in the order in which it did.',
        (guest, host: Host) => host.list(linesOf(host, guest.name)),
    );

export const kvmFunctions: readonly NativeFunction[] = [
    fn(
        'vm',
        [param('name', STRING)],
        { context: 'any', result: objectOf('guest') },
        'A guest by the name that `kvm.create_vm` gave it, whichever kernel runs: `assert vm("guest").blackout < 300ms`.',
        (host: Host, [name]) => {
            const text = asString(name, 'the name');
            const guest = host.guests.of(text);
            if (!guest) {
                const known = host.guests.all.map((g) => `"${g.name}"`).join(', ');
                throw new ProgramError(
                    `no guest is called "${text}"${known === '' ? ': none was created so far' : `: there are ${known}`}`,
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
    'A vector of a device as the driver of a guest knows it. It stays when kernels come and go.',
    false,
)
    .field('device', STRING, 'The name of the device.', (line) => line.source.shape.name)
    .field('index', INT, 'Which vector of the device it is.', (line) => line.index)
    .field('vector', INT, 'The vector that the guest has given to it.', (line) => line.vector)
    .field('vcpu', INT, 'The vCPU that takes it.', (line) => line.vcpu)
    .field('raised', INT, 'Times that the device raised it.', (line) => line.raised)
    .field(
        'delivered',
        INT,
        'Interrupts at which the driver found something that the device had done.',
        (line) => line.delivered,
    )
    .field('merged', INT, 'Raised while one was on its way already: the two are one.', (line) => line.merged)
    .field('injected', INT, 'Interrupts that the VMM put in (`trigger_irq`).', (line) => line.injected)
    .field('lost', INT, 'Raised, and lost on the way.', (line) => line.lost)
    .field('spurious', INT, 'Interrupts at which the driver found nothing new.', (line) => line.spurious)
    .field('stalled', BOOL, 'The driver waits for it, and none is on its way.', (line, host: Host) =>
        isStalled(host, line),
    );
