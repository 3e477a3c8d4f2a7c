/** The natives of the host in one table. What observers of a run add to them stands where they are. */
import { DESCRIPTIONS } from '../../kernel/release/descriptions';
import { ERRNO, type ErrnoName } from '../../kernel/release/errno';
import { Stat } from '../../kernel/fs/syscalls/file';
import { ANY, BOOL, INT, objectOf, type Type } from '../../language/types';
import type { CallbackShape, NativeParam } from '../../language/natives';
import type { Natives, ObjectType } from './native';
import { byteFunctions, fileConstants } from './constants';
import { byName, constant } from './arguments';
import { driverFunctions } from './drivers';
import { deviceObject, deviceSyscalls, hwptObject, ioasObject } from './devices';
import { iommuDomain, iommufdObject, iommuFunctions, iommuUnit } from './iommu';
import { fdtBuilder, fdtFunctions, fdtNode } from './fdt';
import { fileFunctions, fileObjectType, fileType, inodeType } from './files';
import { folioFunctions, foliosType, folioType } from './folios';
import {
    bootObject,
    fileCallbacks,
    kernelFunctions,
    kernelGlobals,
    kernelObject,
    kexecObject,
    kexecSyscalls,
    processObject,
} from './kernel';
import {
    guestFileFields,
    guestMemfdConstants,
    guestMemfdFunctions,
    guestMemfdObject,
    guestMemfdSyscalls,
    vmObject,
} from './guest-memfd';
import { interruptGlobals, irqObject, irqType } from './interrupts';
import { guestLineObject, guestObject, kvmFields, kvmFunctions, kvmGlobals, kvmObject, kvmSyscalls } from './kvm';
import {
    blockIterator,
    blockSet,
    fileList,
    flbArgs,
    luoArgs,
    luoFile,
    luoFlb,
    luoFunctions,
    luoHandler,
    luoObject,
    luoRequest,
    luoSession,
    luoSyscalls,
    sessionField,
    sessionList,
} from './luo/sessions';
import { bridgeObject, pciDev, pciFunctions, pciObject, vfioDevice, vfioField } from './pci';
import { inodeLocking, lockFunctions, lockObject, takingLong, withLocks } from './locks';
import { khoObject, khoSide, memoryFunctions, subtree } from './memory';
import { hugePoolObject, hugetlbFunctions } from './hugetlb';
import { movableFields, movableFunctions, movableMethods } from './movable';
import { descriptor, fileSyscalls, statType } from './syscalls';

/** Object types that are found by their class. */
const classes = [
    irqType,
    irqObject,
    kvmObject,
    guestMemfdObject,
    vmObject,
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
    kexecObject,
    bootObject,
    iommuUnit,
    iommuDomain,
    iommufdObject,
    processObject,
    deviceObject,
    bridgeObject,
    pciDev,
    pciObject,
    vfioDevice,
    ioasObject,
    hwptObject,
    lockObject,
    hugePoolObject,
] as const;

const file: ObjectType = {
    ...fileType,
    fields: new Map([
        ...fileType.fields,
        [sessionField.name, sessionField],
        [vfioField.name, vfioField],
        ...byName(guestFileFields),
    ]),
    methods: new Map([...fileType.methods, ...byName(fileCallbacks)]),
};

const inode: ObjectType = { ...inodeType, methods: byName(inodeLocking) };

const byClass = new Map<unknown, ObjectType>(classes.map((m) => [m.class, m.type]));
const objects = new Map<string, ObjectType>(
    [file, inode, folioType, foliosType, statType, ...byClass.values()].map((t) => [t.name, t]),
);

/** The object type of an object that `.lus` code can hold; undefined for plain values. */
export function hostObjectTypeOf(o: object): ObjectType | undefined {
    const named = fileObjectType(o);
    if (named) {
        return objects.get(named);
    }
    return o instanceof Stat ? statType : byClass.get(o.constructor);
}

const errnoConstants = (Object.keys(ERRNO) as ErrnoName[]).map((name) =>
    constant(name, ERRNO[name], `Error number ${ERRNO[name]}.`),
);

function shape(params: readonly [string, Type][], result: Type, required: boolean, doc: string): CallbackShape {
    return { params: params.map(([name, type]): NativeParam => ({ name, type })), result, required, doc };
}

const FILE: [string, Type][] = [['file', objectOf('file')]];
const ARGS: [string, Type][] = [['args', objectOf('luo_args')]];
const FLB: [string, Type][] = [['args', objectOf('flb_args')]];

export const HOST_NATIVES: Natives = {
    functions: byName([
        ...kvmFunctions,
        ...guestMemfdFunctions,
        ...byteFunctions,
        ...driverFunctions,
        ...fileFunctions.map((f) => (f.name === 'memfd_pin_folios' ? takingLong(f) : f)),
        ...folioFunctions,
        ...fileSyscalls,
        ...kexecSyscalls,
        ...kernelFunctions,
        ...iommuFunctions,
        ...memoryFunctions,
        ...fdtFunctions,
        ...luoFunctions,
        ...lockFunctions,
        ...movableFunctions,
        ...hugetlbFunctions,
        ...pciFunctions,
    ]),
    objects,
    globals: byName([
        ...fileConstants,
        ...kvmGlobals,
        ...interruptGlobals,
        ...guestMemfdConstants,
        ...kernelGlobals,
        ...errnoConstants,
    ]),
    fd: {
        name: 'fd',
        doc: "A descriptor. Every system call is a method of it; on the wrong kind of file it gives the kernel's error.",
        fields: byName([...descriptor.fields, ...kvmFields, ...movableFields]),
        methods: byName([
            ...withLocks(descriptor.methods),
            ...kvmSyscalls,
            ...guestMemfdSyscalls,
            ...luoSyscalls,
            ...deviceSyscalls,
            ...movableMethods,
        ]),
        ofKernel: true,
    },
    fileKinds: new Map([
        ['memfd', 'A file made by memfd_create().'],
        ['tmpfs', 'A file on a tmpfs.'],
        ['pipe', 'One end of a pipe.'],
        ['socket', 'A socket.'],
        ['eventfd', 'An eventfd.'],
        ['null', '/dev/null'],
        ['liveupdate', '/dev/liveupdate'],
        ['luo_session', 'A session of LUO.'],
        ['kho_finalize', '/sys/kernel/debug/kho/out/finalize'],
        [
            'kho_debugfs',
            '/sys/kernel/debug/kho: `out/fdt`, `in/fdt`, `out/sub_fdts/NAME`, `in/sub_fdts/NAME`, `out/scratch_phys`, `out/scratch_len`.',
        ],
        ['iommu', '/dev/iommu'],
        ['kvm_vm', 'A virtual machine of KVM.'],
        ['guest_memfd', 'Memory that belongs to a virtual machine.'],
        ['vfio', '/dev/vfio/devices/vfioN: a device bound to vfio-pci.'],
    ]),
    injectionPoints: new Map([
        ['page_alloc', 'The page allocator: an allocation fails for want of memory.'],
        [
            'migrate_pages',
            'The migration of a folio: it stays where it is, as if somebody used it. For a long-term pin that is ENOMEM, whatever error is injected.',
        ],
        ['luo_session', 'The allocation of a session, created or from the previous kernel, fails for want of memory.'],
    ]),
    callbacks: {
        handler: new Map([
            ['can_preserve', shape(FILE, BOOL, true, 'Whether the handler takes this file.')],
            ['get_id', shape(FILE, ANY, false, 'What makes two files the same resource; without it, the open file.')],
            ['preserve', shape(ARGS, INT, true, 'Prepares the file for the kexec and sets `args.serialized_data`.')],
            ['unpreserve', shape(ARGS, INT, true, 'Takes preserve back.')],
            [
                'freeze',
                shape(
                    ARGS,
                    INT,
                    false,
                    'The last chance, inside the reboot system call; may change `args.serialized_data`.',
                ),
            ],
            ['unfreeze', shape(ARGS, INT, false, 'The reboot failed after all.')],
            ['retrieve', shape(ARGS, INT, true, 'Makes the file again in the next kernel and sets `args.file`.')],
            ['can_finish', shape(ARGS, BOOL, false, 'Whether the session may be finished now.')],
            ['finish', shape(ARGS, INT, true, 'Nothing of the handover is needed any more.')],
        ]),
        flb: new Map([
            [
                'preserve',
                shape(FLB, INT, true, 'The first file that uses it is preserved: sets `args.data` and `args.obj`.'),
            ],
            ['unpreserve', shape(FLB, INT, true, 'The last such file is unpreserved.')],
            [
                'freeze',
                shape(
                    FLB,
                    INT,
                    false,
                    'Inside the reboot: may change `args.data`. Only the kernel `luo-v4` calls it, to which an FLB is a subsystem.',
                ),
            ],
            ['retrieve', shape(FLB, INT, true, 'In the next kernel: sets `args.obj` from `args.data`.')],
            ['finish', shape(FLB, INT, true, 'The last file that used it is finished.')],
        ]),
        file: new Map([
            ['open', shape([], INT, false, 'The device node is opened.')],
            ['release', shape([], INT, false, 'The last reference is gone.')],
        ]),
    },
    kernels: new Map([...DESCRIPTIONS.values()].map((d) => [d.name, d.summary])),
};
