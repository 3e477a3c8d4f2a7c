/** Preserved vCPUs and processors for `.lus` code (std/vcpu.lus, cpu-preserve.lus, caretaker.lus). */
import { CpuFile, openCpu } from '../../kernel/devices/cpu-file';
import { OpenFile } from '../../kernel/fs/file';
import { EXIT_REASONS, isExitReason } from '../../kernel/kvm/exits';
import { vmOf } from '../../kernel/kvm/file';
import {
    attachVcpu,
    detachVcpu,
    dropOrphan,
    loadVcpu,
    makeVcpu,
    mapForCaretaker,
    openVcpu,
    saveVcpu,
    VcpuFile,
} from '../../kernel/kvm/vcpu-file';
import { VirtualMachine } from '../../kernel/kvm/vm';
import { FolioRef } from '../../kernel/mm/file-folios';
import { BOOL, FD, INT, objectOf, PHYS, STRING } from '../../language/types';
import { asBool, asNumber, asString, ProgramError } from '../../language/values';
import type { Host } from '../host/host';
import { fileArg } from './arguments';
import { fdMethodOn, fn, Members, nothing, param } from './define';
import type { NativeContext, NativeFunction } from './native';

export const vcpuObject = new Members(VcpuFile, 'vcpu', 'A vCPU, as used by its handler.')
    .field('index', INT, 'Its number.', ({ vcpu }) => vcpu.index)
    .field('vm', objectOf('file'), 'The file of its VM.', ({ vm }) => vm.file)
    .field('running', BOOL, 'Whether it is in the guest (`KVM_RUN`).', ({ vcpu }) => vcpu.state === 'running')
    .journaledIn(
        ({ vcpu }: VcpuFile) => vcpu,
        'preserved',
        'preserved',
        BOOL,
        'Whether a session has it: all ioctls of it fail with EBUSY. Can be assigned.',
        asBool,
    )
    .method(
        'save',
        [param('address', PHYS)],
        {},
        'Writes its state to a `kvm_vcpu_arch` in memory.',
        (vcpu, [address]) => nothing(saveVcpu(vcpu, asNumber(address, 'the address'))),
    )
    .method(
        'load',
        [param('address', PHYS)],
        { fails: true },
        'Loads its state from a `kvm_vcpu_arch` in memory. EINVAL: it is not one.',
        (vcpu, [address]) => loadVcpu(vcpu, asNumber(address, 'the address')),
    )
    .method(
        'suspend',
        [],
        {},
        'Leaves it stopped, without a processor, until the next kernel has it.',
        ({ vm, vcpu }) => nothing(vm.become(vcpu, 'suspended')),
    )
    .method(
        'map_memory',
        [],
        { fails: true },
        "Builds the second-level tables that the caretaker uses, from what the guest's tables map now. ENOSPC, ENOMEM.",
        ({ vm }, _args, { running }) => mapForCaretaker(running, vm),
    )
    .field(
        'descriptor',
        PHYS,
        'The address of its posted-interrupt descriptor; 0 if it has none.',
        ({ vm, vcpu }) => vm.posted?.addressOf(vcpu.index) ?? 0,
    )
    .method(
        'detach',
        [param('cpu', INT), param('block', PHYS)],
        {},
        'It begins to run in the caretaker on a processor that was set aside, with the `caretaker_block` at an address.',
        (vcpu, [cpu, block]) => nothing(detachVcpu(vcpu, asNumber(cpu, 'the processor'), asNumber(block, 'the block'))),
    );

/** Members of a VM for its handler. */
export const tablesOfVm = new Members(VirtualMachine, 'virtual_machine', '').field(
    'tables',
    objectOf('folio'),
    'The second-level tables that a caretaker uses; `none` if there are none.',
    ({ tables }, { machine: { page } }) => (tables ? new FolioRef(tables.pfn, page) : null),
);

export const cpuObject = new Members(CpuFile, 'processor', 'A processor, as used by its handler.')
    .field('number', INT, 'Its number.', ({ cpu }) => cpu)
    .field('jobs', INT, 'The number of vCPUs that run on it.', ({ jobs }) => jobs)
    .method(
        'park',
        [],
        { fails: true },
        'Takes it offline and parks it: kernels that know about it neither stop nor start it. EBUSY if it is parked already.',
        (cpu) => cpu.park(),
    )
    .method('unpark', [], {}, 'Stops the vCPU that it runs, and brings it online in this kernel.', (cpu) =>
        nothing(cpu.unpark()),
    );

/** Members of an open file for the handlers. */
export const vcpuOfFile = new Members(OpenFile, 'file', '')
    .field('vcpu', objectOf('vcpu'), 'The vCPU behind a `kvm_vcpu`; `none` for other files.', ({ priv }) =>
        priv instanceof VcpuFile ? priv : null,
    )
    .field('cpu', objectOf('processor'), 'The processor behind a `cpu`; `none` for other files.', ({ priv }) =>
        priv instanceof CpuFile ? priv : null,
    );

export const vcpuFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'kvm_vcpu_alloc_file',
        [param('vm', objectOf('file')), param('index', INT)],
        { fails: true, result: objectOf('file') },
        'Creates a vCPU of a VM and its file, without a descriptor. EINVAL, EEXIST.',
        ({ running }, [vm, index]) => makeVcpu(running, fileArg(vm), asNumber(index, 'the number')),
    ),
    fn(
        'cpu_alloc_file',
        [param('cpu', INT)],
        { result: objectOf('file') },
        'The file of a processor, without a descriptor.',
        ({ running }, [cpu]) => openCpu(running, asNumber(cpu, 'the processor')),
    ),
    fn(
        'caretaker_stop',
        [param('block', PHYS), param('arch', PHYS)],
        { fails: true },
        'Stops the vCPU of a `caretaker_block` and stores its state in a `kvm_vcpu_arch`. EIO: it has failed, or does not exist.',
        ({ running }, [block, arch]) => attachVcpu(running, asNumber(block, 'the block'), asNumber(arch, 'the state')),
    ),
    fn(
        'caretaker_drop',
        [param('block', PHYS)],
        {},
        'Ends the vCPU of a `caretaker_block`, if it still runs.',
        ({ running }, [block]) => nothing(dropOrphan(running, asNumber(block, 'the block'))),
    ),
    fn(
        'keep_cpu',
        [param('cpu', INT)],
        {},
        'This kernel knows that a processor is set aside, and does not start it.',
        ({ machine }, [cpu]) => nothing(machine.processors.keep(asNumber(cpu, 'the processor'), machine.boots)),
    ),
];

const onVm = fdMethodOn(vmOf);

export const vcpuSyscalls: readonly NativeFunction<NativeContext>[] = [
    onVm(
        'vcpu',
        [param('index', INT)],
        { result: FD },
        'A descriptor of a vCPU of a VM, for a session. EINVAL (there is no such vCPU), EMFILE. ENOTTY if the file is not a VM.',
        (vm, [index], { running, process }) => openVcpu(running, process, vm, asNumber(index, 'the number')),
    ),
    onVm(
        'prefault',
        [param('at', INT), param('length', INT)],
        {},
        "`KVM_PRE_FAULT_MEMORY`: maps a range of guest addresses in the guest's tables before the guest accesses it. EFAULT. ENOTTY if the file is not a VM.",
        (vm, [at, length]) => vm.space.prefault(asNumber(at, 'the address'), asNumber(length, 'the length')),
    ),
    onVm(
        'set_exit',
        [param('reason', STRING), param('every', INT)],
        {},
        `From now on the programs of the guest leave it for this reason again and again, with this period (0: no longer): ${EXIT_REASONS.map((r) => `"${r}"`).join(', ')}. KVM handles all of them; the caretaker of an orphaned vCPU handles some. ENOTTY if the file is not a VM.`,
        (vm, [reason, every]) => {
            const name = asString(reason, 'the reason');
            const period = asNumber(every, 'the period');
            if (!isExitReason(name) || period < 0) {
                throw new ProgramError(
                    `the reason must be one of ${EXIT_REASONS.join(', ')}, and the period not negative`,
                );
            }
            return nothing(vm.causes(name, period));
        },
    ),
];

/** For `vm("guest").vcpu(n)`. */
export class GuestVcpu {
    constructor(
        readonly guest: string,
        readonly index: number,
    ) {}

    display(): string {
        return `vCPU ${this.index} of guest ${this.guest}`;
    }
}

const recordOf = (host: Host, { guest, index }: GuestVcpu) => host.guests.of(guest)?.standstill.vcpus[index];

export const guestVcpuObject = new Members(GuestVcpu, 'guest_vcpu', 'A vCPU of a guest, in all kernels.', false)
    .field(
        'state',
        STRING,
        '`"running"`, `"paused"`, `"faulted"`, `"gone"`; if it is preserved: `"suspended"`, `"orphaned"` (it runs in the caretaker), `"stalled"` (it waits there for the next kernel), `"failed"`.',
        (v, host: Host) => recordOf(host, v)?.state ?? 'new',
    )
    .field(
        'stalls',
        INT,
        'The number of exits in this update that the caretaker could not handle.',
        (v, host: Host) => recordOf(host, v)?.stalls ?? 0,
    )
    .field(
        'stall_reason',
        STRING,
        'The last of them: an exit, or `"ept"` (an address that the second-level tables do not map). Empty if there was none.',
        (v, host: Host) => recordOf(host, v)?.stallReason ?? '',
    );
