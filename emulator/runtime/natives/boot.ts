/** The steps of a boot, which start_kernel() in std/kernel.lus takes. */
import { BOOL, INT, objectOf, PHYS, STRING } from '../../language/types';
import { asBool, asNumber, asString } from '../../language/values';
import { Boot } from '../host/boot';
import { runInit } from '../host/kexec';
import type { Host } from '../host/host';
import { fn, global, Members, param } from './define';
import type { NativeFunction, NativeGlobal } from './native';

export const bootObject = new Members(Boot, 'boot', 'The kernel that comes up.')
    .method('setup_arch', [], {}, 'Reads the setup data: command line, handover, scratch areas.', (boot) =>
        boot.setupArch(),
    )
    .method('early_memory', [], {}, 'Allocates what a kernel needs before its page allocator runs.', (boot) =>
        boot.earlyMemory(),
    )
    .method(
        'incoming_blob',
        [param('name', STRING)],
        { result: PHYS },
        'Where a blob lies that the previous kernel handed over under this name, before there is memory to be allocated; 0: there is none.',
        (boot, [name]) => boot.incomingBlob(asString(name, 'the name')),
    )
    .method(
        'hugetlb_preserved',
        [param('size', INT), param('count', INT)],
        {},
        'So many huge pages of a size are among what the previous kernel preserved.',
        (boot, [size, count]) => boot.hugePages.preserve(asNumber(size, 'the size'), asNumber(count, 'the count')),
    )
    .method(
        'hugetlb_bootmem_alloc',
        [],
        {},
        'Takes memory for gigantic pages that the command line asks for.',
        (boot) => boot.hugePages.bootmemAlloc(boot.handoverScratch),
    )
    .method('hugetlb_init', [], {}, 'Fills the pools of huge pages.', (boot) => boot.hugePages.init())
    .method('mm_core_init', [], {}, 'Reserves the preserved pages and opens the page allocator.', (boot) =>
        boot.mmCoreInit(),
    )
    .method('kho_init', [], {}, 'The outgoing side of KHO.', (boot) => boot.khoInit())
    .method('register_handlers', [], {}, 'Registers file handlers and FLBs.', (boot) => boot.registerHandlers())
    .method(
        'scan_pci',
        [param('inherit', BOOL)],
        {},
        'Scans the PCI buses. `inherit`: bridges keep the bus numbers that they have; one whose numbers cannot be right is cleared.',
        (boot, [inherit]) => boot.scanPci(asBool(inherit, 'inherit')),
    )
    .method('probe_devices', [], {}, 'Has drivers take their devices.', (boot) => boot.probeDevices())
    .method('start_userspace', [], {}, 'User space comes up and fills the page cache.', (boot) =>
        boot.startUserspace(),
    );

export const bootGlobals: readonly NativeGlobal[] = [
    global('boot', objectOf('boot'), 'kernel', 'The kernel that comes up.', (host: Host) => host.booting),
];

export const bootFunctions: readonly NativeFunction[] = [
    fn('run_init', [], {}, 'Runs the `init` blocks of the kernel that boots.', (host: Host) => runInit(host)),
];
