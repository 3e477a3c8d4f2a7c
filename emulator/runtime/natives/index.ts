/** The natives of the host in one table. Observers of a run define theirs in their own files. */
import { listObject, recordFunctions } from './lists';
import { ERRNO, type ErrnoName } from '../../kernel/release/errno';
import { bootFunctions, bootGlobals, bootObject } from './boot';
import { callbacks } from './callbacks';
import { byteFunctions, fileConstants } from './constants';
import { constant, table } from './define';
import { deviceObject } from './devices';
import { driverFunctions } from './drivers';
import { eventCounter, eventfdConstants, eventfdFunctions, eventfdMethods, eventfdOfFile } from './eventfds';
import { fdtBuilder, fdtFunctions, fdtNode } from './fdt';
import { fileFunctions, fileReferences, fileObject, inodeObject } from './files';
import { folioFunctions, folioObject, foliosObject } from './folios';
import {
    guestMemfdConstants,
    guestMemfdFunctions,
    guestMemfdObject,
    guestMemfdSyscalls,
    guestOfFile,
    vmObject,
} from './guest-memfd';
import { hugePoolObject, hugetlbFunctions } from './hugetlb';
import { interruptGlobals, irqObject, irqType } from './interrupts';
import {
    deviceInKernel,
    hwptInKernel,
    iommuDomain,
    iommufdObject,
    iommuFunctions,
    iommuGlobals,
    iommuUnit,
} from './iommu';
import { hwptObject, ioasObject, iommufdSyscalls } from './iommufd';
import { deviceState } from './device-state';
import { deviceVram } from './device-memory';
import { deviceDisk } from './disks';
import { kstateFunctions, kstateGlobals, kstateObject } from './kstate';
import { kernelGlobals, kernelObject, messageFunctions } from './kernel';
import { kexecFunctions, kexecGlobals, kexecObject } from './kexec';
import { khoGlobals, khoObject, khoSide, subtree } from './kho';
import { guestLineObject, guestObject, kvmFields, kvmFunctions, kvmGlobals, kvmObject, kvmSyscalls } from './kvm';
import { inodeLocking, lockFunctions, lockObject } from './locks';
import { flbArgs, luoFlb } from './luo/flbs';
import { luoArgs, luoHandler } from './luo/handlers';
import { blockIterator, blockSet, luoGlobals, luoObject } from './luo/orchestrator';
import { luoRequest, luoSyscalls, requestFunctions } from './luo/requests';
import { guardedPage, guestPages, teeGlobals, teeObject, teeSyscalls, vmProtection } from './tee';
import { fileList, luoFile, luoSession, sessionFunctions, sessionList, sessionOfFile } from './luo/sessions';
import { mappingMethods, mappingObject } from './mappings';
import { memoryFunctions } from './memory';
import { movableFields, movableFunctions, movableMethods } from './movable';
import type { NativeFunction, Natives, ObjectType } from './native';
import { otherProcessFunctions, otherProcessMethods } from './other-processes';
import { bridgeObject, pciDev, pciFunctions, pciGlobals, pciObject } from './pci';
import { pipeConstants, pipeFunctions, pipeObject, pipeOfFile } from './pipes';
import { processFunctions, processObject } from './processes';
import { descriptorFields, descriptorMethods, fileSyscalls, statObject } from './syscalls';
import { cpuObject, guestVcpuObject, tablesOfVm, vcpuFunctions, vcpuObject, vcpuOfFile, vcpuSyscalls } from './vcpus';
import { socketConstants, socketEndObject, socketFunctions, socketOfFile, socketPairObject } from './sockets';
import {
    mountObject,
    mountOfFile,
    namedInode,
    superblockObject,
    tmpfsConstants,
    tmpfsFunctions,
    tmpfsMethods,
} from './tmpfs';
import { vfioDevice, vfioFunctions, vfioOfFile, vfioSyscalls } from './vfio';
import { vfioGroupFunctions, vfioGroupSyscalls } from './vfio-group';

/** Devices of the machine, with their members for kernel code. */
export const hostDevice = deviceObject.and(deviceInKernel, deviceState, deviceDisk, deviceVram);

/** Object types, found by the class of an object. */
const classes = [
    fileObject.and(
        sessionOfFile,
        vfioOfFile,
        guestOfFile,
        eventfdOfFile,
        pipeOfFile,
        socketOfFile,
        mountOfFile,
        vcpuOfFile,
    ),
    inodeObject.and(inodeLocking, namedInode),
    folioObject,
    foliosObject,
    statObject,
    mountObject,
    superblockObject,
    mappingObject,
    eventCounter,
    pipeObject,
    socketPairObject,
    socketEndObject,
    irqType,
    irqObject,
    kvmObject,
    guestMemfdObject.and(guestPages),
    vmObject.and(tablesOfVm, vmProtection),
    teeObject,
    guardedPage,
    vcpuObject,
    cpuObject,
    guestVcpuObject,
    guestLineObject,
    guestObject,
    luoFile,
    fileList,
    luoSession,
    sessionList,
    luoHandler,
    luoArgs,
    luoFlb,
    flbArgs,
    blockSet,
    blockIterator,
    luoObject,
    luoRequest,
    khoObject,
    khoSide,
    subtree,
    fdtBuilder,
    fdtNode,
    kernelObject,
    kstateObject,
    kexecObject,
    bootObject,
    iommuUnit,
    iommuDomain,
    iommufdObject,
    processObject,
    hostDevice,
    bridgeObject,
    pciDev,
    pciObject,
    vfioDevice,
    ioasObject,
    hwptObject.and(hwptInKernel),
    lockObject,
    hugePoolObject,
    listObject,
] as const;

const byClass = new Map<unknown, ObjectType>(classes.map((members) => [members.cls, members.type]));

/**
 * The object type of an object that `.lus` code can hold, by its class or the nearest above it; undefined for plain
 * values.
 */
function typeOf(o: object): ObjectType | undefined {
    for (let cls: unknown = o.constructor; typeof cls === 'function'; cls = Object.getPrototypeOf(cls)) {
        const type = byClass.get(cls);
        if (type) {
            return type;
        }
    }
    return undefined;
}

const errnoConstants = (Object.keys(ERRNO) as ErrnoName[]).map((name) =>
    constant(name, ERRNO[name], `Error number ${ERRNO[name]}.`),
);

export const HOST_NATIVES: Natives = {
    typeOf,
    functions: table<NativeFunction>([
        ...kvmFunctions,
        ...guestMemfdFunctions,
        ...byteFunctions,
        ...recordFunctions,
        ...driverFunctions,
        ...fileFunctions,
        ...fileReferences,
        ...folioFunctions,
        ...fileSyscalls,
        ...eventfdFunctions,
        ...pipeFunctions,
        ...socketFunctions,
        ...tmpfsFunctions,
        ...processFunctions,
        ...otherProcessFunctions,
        ...kexecFunctions,
        ...messageFunctions,
        ...bootFunctions,
        ...iommuFunctions,
        ...memoryFunctions,
        ...kstateFunctions,
        ...fdtFunctions,
        ...sessionFunctions,
        ...requestFunctions,
        ...lockFunctions,
        ...movableFunctions,
        ...hugetlbFunctions,
        ...vfioFunctions,
        ...vfioGroupFunctions,
        ...pciFunctions,
        ...vcpuFunctions,
    ]),
    objects: table(byClass.values()),
    globals: table([
        ...fileConstants,
        ...eventfdConstants,
        ...pipeConstants,
        ...socketConstants,
        ...tmpfsConstants,
        ...kvmGlobals,
        ...interruptGlobals,
        ...teeGlobals,
        ...guestMemfdConstants,
        ...kernelGlobals,
        ...khoGlobals,
        ...luoGlobals,
        ...kexecGlobals,
        ...iommuGlobals,
        ...pciGlobals,
        ...kstateGlobals,
        ...bootGlobals,
        ...errnoConstants,
    ]),
    fd: {
        name: 'fd',
        doc: "A descriptor. Every system call on a file is a method; on the wrong kind of file it fails with the kernel's error.",
        fields: table([...descriptorFields, ...kvmFields, ...movableFields]),
        methods: table([
            ...descriptorMethods,
            ...mappingMethods,
            ...eventfdMethods,
            ...tmpfsMethods,
            ...otherProcessMethods,
            ...kvmSyscalls,
            ...guestMemfdSyscalls,
            ...teeSyscalls,
            ...vcpuSyscalls,
            ...luoSyscalls,
            ...iommufdSyscalls,
            ...vfioSyscalls,
            ...vfioGroupSyscalls,
            ...movableMethods,
        ]),
        ofKernel: true,
    },
    fileKinds: new Map([
        ['memfd', 'A file made by memfd_create().'],
        ['tmpfs', 'A file on a tmpfs.'],
        ['directory', 'A directory of a tmpfs.'],
        ['pipe', 'One end of a pipe.'],
        ['socket', 'A socket.'],
        ['eventfd', 'An eventfd.'],
        ['pidfd', 'A descriptor of a process.'],
        ['null', 'A memory device: /dev/null, /dev/zero, /dev/full, /dev/random or /dev/urandom.'],
        ['liveupdate', '/dev/liveupdate'],
        ['luo_session', 'A session of LUO.'],
        ['kho_finalize', '/sys/kernel/debug/kho/out/finalize'],
        [
            'kho_debugfs',
            '/sys/kernel/debug/kho: `out/fdt`, `in/fdt`, `out/sub_fdts/NAME`, `in/sub_fdts/NAME`, `out/scratch_phys`, `out/scratch_len`.',
        ],
        ['iommu', '/dev/iommu'],
        ['kvm_vm', 'A virtual machine of KVM.'],
        ['kvm_vcpu', 'A vCPU of a virtual machine.'],
        ['cpu', '/sys/devices/system/cpu/cpuN/preserve: a processor that a session can set aside.'],
        ['guest_memfd', 'Memory that belongs to a virtual machine.'],
        ['vfio', '/dev/vfio/devices/vfioN: a device bound to vfio-pci.'],
        ['vfio_group', '/dev/vfio/N: an IOMMU group with a device bound to vfio-pci.'],
        ['vfio_container', '/dev/vfio/vfio: groups that share an address space.'],
    ]),
    injectionPoints: new Map([
        ['page_alloc', 'The page allocator: an allocation fails because memory is short.'],
        [
            'migrate_pages',
            'The migration of a folio: the folio is not moved, as if it were in use. For a long-term pin the result is ENOMEM, whichever error is injected.',
        ],
        ['copy_to_user', 'The reply of an ioctl of LUO cannot be written to user space: the ioctl fails with EFAULT.'],
        ['luo_session', 'The allocation of a session, created or incoming, fails because memory is short.'],
    ]),
    callbacks,
};
