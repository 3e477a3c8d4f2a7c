/** The steps of a boot, for start_kernel() in std/kernel.lus. */
import { BOOL, INT, objectOf, PHYS, STRING } from '../../language/types';
import { asBool, asNumber, asString } from '../../language/values';
import { Boot } from '../host/boot';
import { runInit } from '../host/kexec';
import type { Host } from '../host/host';
import { fn, global, Members, param } from './define';
import type { NativeFunction, NativeGlobal } from './native';

export const bootObject = new Members(Boot, 'boot', 'The booting kernel.')
    .method('setup_arch', [], {}, 'Reads the setup data: command line, handover, scratch areas.', (boot) =>
        boot.setupArch(),
    )
    .method(
        'early_memory',
        [],
        {},
        'Allocates the memory that a kernel needs before its page allocator runs.',
        (boot) => boot.earlyMemory(),
    )
    .method(
        'incoming_blob',
        [param('name', STRING)],
        { result: PHYS },
        'The address of the blob that the previous kernel handed over under this name; 0 if there is none. Works before memory can be allocated.',
        (boot, [name]) => boot.incomingBlob(asString(name, 'the name')),
    )
    .method(
        'hugetlb_preserved',
        [param('size', INT), param('count', INT)],
        {},
        'Records that the previous kernel preserved `count` huge pages of this size.',
        (boot, [size, count]) => boot.hugePages.preserve(asNumber(size, 'the size'), asNumber(count, 'the count')),
    )
    .method('hugetlb_bootmem_alloc', [], {}, 'Allocates the gigantic pages that the command line requests.', (boot) =>
        boot.hugePages.bootmemAlloc(boot.handoverScratch),
    )
    .method('hugetlb_init', [], {}, 'Fills the pools of huge pages.', (boot) => boot.hugePages.init())
    .method('mm_core_init', [], {}, 'Reserves the preserved pages and opens the page allocator.', (boot) =>
        boot.mmCoreInit(),
    )
    .method(
        'smp_init',
        [],
        {},
        'Starts the other processors, except those that this kernel knows to be set aside.',
        (boot) => boot.smpInit(),
    )
    .method('kho_init', [], {}, 'Initializes the outgoing side of KHO.', (boot) => boot.khoInit())
    .method('register_handlers', [], {}, 'Registers file handlers and FLBs.', (boot) => boot.registerHandlers())
    .method(
        'scan_pci',
        [param('inherit', BOOL)],
        {},
        'Scans the PCI buses. `inherit`: bridges keep their bus numbers; a bridge with invalid numbers is cleared.',
        (boot, [inherit]) => boot.scanPci(asBool(inherit, 'inherit')),
    )
    .method('probe_devices', [], {}, 'Binds drivers to their devices.', (boot) => boot.probeDevices())
    .method('start_userspace', [], {}, 'Starts user space, which fills the page cache.', (boot) =>
        boot.startUserspace(),
    );

export const bootGlobals: readonly NativeGlobal[] = [
    global('boot', objectOf('boot'), 'kernel', 'The booting kernel.', (host: Host) => host.booting),
];

export const bootFunctions: readonly NativeFunction[] = [
    fn('run_init', [], {}, 'Runs the `init` blocks of the booting kernel.', (host: Host) => runInit(host)),
];
