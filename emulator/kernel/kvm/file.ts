/** The descriptor of a virtual machine, and the operations of a VMM on it (virt/kvm/kvm_main.c). */
import { Bytes } from '../../machine/bytes';
import { anonFile } from '../fs/anon';
import { Err, err } from '../release/errno';
import { O_RDWR } from '../fs/fcntl';
import { type FileOps, fput, type OpenFile } from '../fs/file';
import { fget, fgetPriv, installFd, type Process } from '../fs/process';
import { sysPread, sysPwrite } from '../fs/syscalls/rw';
import { makeGuestMemfd } from './guest-memfd';
import { Protection } from './protection';
import { titleOf } from './slots';
import { decodeState, encodeState, STATE_HEADER, stateSize, vcpusOf } from './state';
import { type KvmEnv, VirtualMachine } from './vm';
import { encodeText } from '../../text/utf8';

const EINVAL = err('EINVAL');

/** KVM_MAX_VCPUS */
export const MAX_VCPUS = 4096;
/** Maximum length of a name in bytes: the handler of VMs has room for this many. */
const MAX_NAME = 63;

/**
 * A VM is freed with the last reference to its file. In the kernel, each vCPU's file holds one; here vCPUs have no
 * files, and end with their process.
 */
const vmOps: FileOps = {
    positioned: false,
    release: (_k, file) => {
        if (file.priv instanceof VirtualMachine) {
            file.priv.release();
        }
    },
};

/** A VM without vCPUs and memory, and its open file. @returns EEXIST if there is one of this name */
export function makeVm(k: KvmEnv, name: string): { readonly vm: VirtualMachine; readonly file: OpenFile } | Err {
    if (k.vms.items.some((v) => v.name === name)) {
        return err('EEXIST');
    }
    const file = anonFile(k, 'kvm_vm', 'kvm-vm', O_RDWR, vmOps);
    const vm = VirtualMachine.create(k, name);
    k.journal.edit(file).priv = vm;
    k.journal.edit(vm).file = file;
    return { vm, file };
}

/** Makes a VM a confidential guest. @returns EINVAL on other machines, and the errors of {@link Protection.launch} */
function protect(k: KvmEnv, vm: VirtualMachine): undefined | Err {
    const made = k.tee ? Protection.launch(k, k.tee, vm.name) : EINVAL;
    if (made instanceof Err) {
        return made;
    }
    k.journal.edit(vm).protection = made;
    return undefined;
}

/**
 * A new VM becomes the confidential guest of the previous kernel with this ASID or KeyID and this context.
 * @returns EINVAL on other machines, EIO if the firmware does not know it
 */
export function adoptGuest(k: KvmEnv, vm: VirtualMachine, slot: number, context: number): undefined | Err {
    const made = k.tee ? Protection.adopt(k, k.tee, vm.name, slot, context) : EINVAL;
    if (made instanceof Err) {
        return made;
    }
    k.journal.edit(vm).protection = made;
    return undefined;
}

/** The VM behind a descriptor. @returns EBADF; ENOTTY for other files */
export function vmOf(p: Process, fd: number): VirtualMachine | Err {
    return fgetPriv(p, fd, VirtualMachine);
}

/**
 * KVM_CREATE_VM, KVM_CREATE_VCPU and KVM_SET_USER_MEMORY_REGION: a VM whose memory consists of these files,
 * consecutively from address 0 on.
 * @param confidential whether it is a confidential guest, whose private memory the host cannot read
 * @returns its descriptor; EINVAL (the number of vCPUs, a long name, no confidential guests here), EEXIST (the name),
 * EMFILE, EBADF, or the errors of the memory slots
 */
export function createVm(
    k: KvmEnv,
    p: Process,
    name: string,
    vcpus: number,
    memory: readonly number[],
    confidential: boolean,
): number | Err {
    if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > MAX_VCPUS || encodeText(name).length > MAX_NAME) {
        return EINVAL;
    }
    const files: OpenFile[] = [];
    for (const fd of memory) {
        const file = fget(p, fd);
        if (file instanceof Err) {
            return file;
        }
        files.push(file);
    }
    const free = p.fds.unused(p.nofile);
    if (free instanceof Err) {
        return free;
    }
    const made = makeVm(k, name);
    if (made instanceof Err) {
        return made;
    }
    const { vm, file: vmFile } = made;
    const failed = (confidential ? protect(k, vm) : undefined) ?? vm.createVcpus(vcpus);
    if (failed) {
        fput(k, vmFile);
        return failed;
    }
    let gpa = 0;
    for (const file of files) {
        // a size that does not fit into a number is too large for a slot, too
        const size = Number(file.inode.size);
        const refused = vm.space.add(file, gpa, 0, size);
        if (refused) {
            fput(k, vmFile);
            return refused;
        }
        gpa += size;
    }
    return installFd(p, vmFile, true);
}

/**
 * A guest_memfd, without a descriptor, of the VM of an open file.
 * @returns EINVAL for other files, and the errors of {@link makeGuestMemfd}
 */
export function guestMemfdOfFile(k: KvmEnv, { priv }: OpenFile, size: number, flags: number): OpenFile | Err {
    return priv instanceof VirtualMachine ? makeGuestMemfd(k, priv, size, flags) : EINVAL;
}

/**
 * Writes the state of all vCPUs to the beginning of a file.
 * @returns its size in bytes; EINVAL for a confidential guest, whose state is protected; the errors of pwrite(2)
 */
export function saveVm(k: KvmEnv, p: Process, vm: VirtualMachine, fd: number): number | Err {
    if (vm.protection) {
        return EINVAL;
    }
    const written = sysPwrite(k, p, fd, Bytes.of(encodeState(vm.saveState())), 0);
    const file = p.fds.get(fd);
    if (!(written instanceof Err) && file) {
        k.machine.guestObserver?.saved(vm.name, file.inode.ino, titleOf(file));
    }
    return written;
}

/**
 * Reads the state of all vCPUs from the beginning of a file.
 * @returns the errors of pread(2), EINVAL (no saved state, of another VM, a confidential guest), EBUSY (the vCPUs run)
 */
export function loadVm(k: KvmEnv, p: Process, vm: VirtualMachine, fd: number): undefined | Err {
    if (vm.protection) {
        return EINVAL;
    }
    const header = sysPread(k, p, fd, STATE_HEADER, 0);
    const vcpus = header instanceof Err ? undefined : vcpusOf(header.toUint8Array());
    if (vcpus === undefined || vcpus > MAX_VCPUS) {
        return header instanceof Err ? header : EINVAL;
    }
    const bytes = sysPread(k, p, fd, stateSize(vcpus), 0);
    const state = bytes instanceof Err ? undefined : decodeState(bytes.toUint8Array());
    if (!state) {
        return bytes instanceof Err ? bytes : EINVAL;
    }
    return vm.loadState(state);
}
