/** The descriptor of a vCPU, and what a kernel does with a vCPU that a session preserves. */
import { Bytes } from '../../machine/bytes';
import { costId } from '../../machine/costs';
import { anonFile } from '../fs/anon';
import { O_RDWR } from '../fs/fcntl';
import { type FileOps, fput, getFile, type OpenFile } from '../fs/file';
import { installFd, type Process } from '../fs/process';
import { Err, err } from '../release/errno';
import { EXIT_REASONS, restarted } from './exits';
import { Orphan, orphanAt } from './orphan';
import { buildSecondLevel } from './second-level';
import { decodeState, encodeState, stateSize } from './state';
import type { Vcpu } from './vcpu';
import { type KvmEnv, VirtualMachine } from './vm';

const VCPU_ADOPT = costId('vcpu_adopt');
const VCPU_STATE = costId('vcpu_state');
/** Offset in the descriptor of the processor that is notified (NDST). */
const NOTIFIED = 36;

/** A vCPU behind its descriptor. */
export class VcpuFile {
    constructor(
        readonly k: KvmEnv,
        readonly vm: VirtualMachine,
        readonly vcpu: Vcpu,
    ) {}

    display(): string {
        return `vCPU ${this.vcpu.index} of ${this.vm.name}`;
    }
}

/** Each vCPU's file holds a reference to its VM. */
const vcpuOps: FileOps = {
    positioned: false,
    release: (k, { priv }) => {
        if (priv instanceof VcpuFile && priv.vm.file) {
            fput(k, priv.vm.file);
        }
    },
};

function fileOf(k: KvmEnv, vm: VirtualMachine, vcpu: Vcpu): OpenFile {
    const file = anonFile(k, 'kvm_vcpu', `kvm-vcpu:${vcpu.index}`, O_RDWR, vcpuOps);
    k.journal.edit(file).priv = new VcpuFile(k, vm, vcpu);
    if (vm.file) {
        getFile(k, vm.file);
    }
    return file;
}

/** A descriptor of a vCPU of a VM. @returns EINVAL (it has no such vCPU), EMFILE */
export function openVcpu(k: KvmEnv, p: Process, vm: VirtualMachine, index: number): number | Err {
    const vcpu = vm.vcpus.items.find((v) => v.index === index);
    const free = p.fds.unused(p.nofile);
    if (!vcpu || free instanceof Err) {
        return vcpu && free instanceof Err ? free : err('EINVAL');
    }
    return installFd(p, fileOf(k, vm, vcpu), true);
}

/** A new vCPU of the VM of an open file, and its file without a descriptor. @returns EINVAL, EEXIST */
export function makeVcpu(k: KvmEnv, { priv }: OpenFile, index: number): OpenFile | Err {
    if (!(priv instanceof VirtualMachine)) {
        return err('EINVAL');
    }
    const vcpu = priv.addVcpu(index);
    return vcpu instanceof Err ? vcpu : fileOf(k, priv, vcpu);
}

/** Offset of the periods of exits in `kvm_vcpu_arch` (std/vcpu.lus), 8 bytes for each reason. */
const PERIODS = stateSize(1);

/** Writes the state of a vCPU to memory (KVM_GET_REGS, KVM_GET_LAPIC, …), and what its program does. */
export function saveVcpu({ k, vm, vcpu }: VcpuFile, pa: number): void {
    k.clock.charge(VCPU_STATE);
    vm.catchUp();
    k.memory.writeBytes(pa, Bytes.of(encodeState({ memory: 0, vcpus: [vcpu] })));
    for (const [i, reason] of EXIT_REASONS.entries()) {
        k.memory.writeU64(pa + PERIODS + i * 8, vcpu.sources.find((s) => s.reason === reason)?.every ?? 0);
    }
}

/** Loads a state into a vCPU. @returns EINVAL: it is not a state */
export function loadVcpu({ k, vm, vcpu }: VcpuFile, pa: number): undefined | Err {
    const state = decodeState(k.memory.readBytes(pa, stateSize(1)).toUint8Array())?.vcpus[0];
    if (!state) {
        return err('EINVAL');
    }
    k.clock.charge(VCPU_STATE);
    const sources = EXIT_REASONS.flatMap((reason, i) => {
        const every = Number(k.memory.readU64(pa + PERIODS + i * 8));
        return every > 0 ? [{ reason, every, next: 0 }] : [];
    });
    Object.assign(k.journal.edit(vcpu), state, { credit: 0, sources: restarted(sources, k.clock.now) });
    vm.become(vcpu, 'paused');
    k.machine.guestObserver?.adopted(vm.name, vcpu.index);
    return undefined;
}

/** Builds the tables that the caretaker uses, once per VM. @returns ENOSPC, ENOMEM */
export function mapForCaretaker(k: KvmEnv, vm: VirtualMachine): undefined | Err {
    if (vm.tables) {
        return undefined;
    }
    vm.catchUp();
    const tables = buildSecondLevel(k, vm.space.mappedRuns(), vm.name);
    if (tables instanceof Err) {
        return tables;
    }
    k.journal.edit(vm).tables = tables;
    return undefined;
}

/** The vCPU begins to run in the caretaker. @param block its `caretaker_block` */
export function detachVcpu({ k, vm, vcpu }: VcpuFile, cpu: number, block: number): void {
    const descriptor = vm.posted?.addressOf(vcpu.index) ?? 0;
    if (descriptor > 0) {
        k.memory.writeU32(descriptor + NOTIFIED, cpu);
    }
    const sources = restarted(vcpu.sources, k.clock.now);
    const { start, pages, count, rate, pending } = vcpu;
    k.journal.edit(vcpu).pending = [];
    const orphan = new Orphan(k.machine, vm.name, vcpu.index, cpu, block, {
        start,
        pages,
        count,
        rate,
        pending,
        sources,
    });
    k.journal.edit(vcpu).state = 'orphaned';
    orphan.enter();
}

/**
 * A kernel takes a vCPU over from the caretaker and stores its state at `pa`.
 * @returns EIO: it has failed, or is not there
 */
export function attachVcpu(k: KvmEnv, block: number, pa: number): undefined | Err {
    k.clock.charge(VCPU_ADOPT);
    const orphan = orphanAt(k.machine, block);
    const failed = orphan?.state === 'failed';
    const state = orphan?.stop();
    if (!state || failed) {
        return err('EIO');
    }
    k.memory.writeBytes(pa, Bytes.of(encodeState({ memory: 0, vcpus: [state] })));
    return undefined;
}

/** The caretaker stops a vCPU for good: no kernel has taken it over. */
export function dropOrphan(k: KvmEnv, block: number): void {
    const orphan = orphanAt(k.machine, block);
    if (orphan) {
        orphan.stop();
        k.machine.guestObserver?.vcpu(orphan.guest, orphan.index, 'gone');
    }
}
