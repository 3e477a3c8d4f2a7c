/** PCI functions for `.lus` code: the PCI core of the kernel, and its interface for drivers. */
import { KernelPci, PciDev } from '../../kernel/devices/pci';
import { BOOL, INT, listOf, objectOf, PHYS, STRING } from '../../language/types';
import { asBool, asNumber } from '../../language/values';
import { Device } from '../../machine/devices/device';
import { formatPciAddress } from '../../machine/pci/address';
import { PciFunction } from '../../machine/pci/function';
import { code, global, Members, nothing, param, RecordMembers } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

export const pciDev = new RecordMembers(PciDev, 'pci_dev', 'A PCI function of the running kernel (`struct pci_dev`).')
    .field('name', STRING, 'Its PCI address: `0000:3b:00.0`.', (dev) => dev.fn.name)
    .field('domain', INT, 'Its PCI domain (segment).', (dev) => dev.domain)
    .field('bdf', INT, 'Its requester id: bus, device and function in 16 bits.', (dev) => dev.fn.requester)
    .field('bridge', BOOL, 'Whether it is a bridge.', (dev) => dev.fn.isBridge)
    .field('virtfn', BOOL, 'Whether it is a virtual function of another device (SR-IOV).', (dev) => dev.isVirtual)
    .field(
        'acs_by_quirk',
        BOOL,
        'Whether the bridge above isolates it in a way that only a quirk of the kernel knows (`acs quirk`).',
        (dev) => dev.acsByQuirk,
    )
    .field('upstream', objectOf('pci_dev'), 'The bridge above it; `none` on a root bus.', (dev) => dev.upstream)
    .field('device', objectOf('device'), 'The device of the machine; `none` for a bridge.', ({ fn }) =>
        fn instanceof Device ? fn : null,
    )
    .field('present', BOOL, 'Whether it is plugged in.', (dev) => dev.fn.present)
    .field('power', INT, 'Its power state, 0 (D0) to 3 (D3hot).', (dev) => dev.fn.power)
    .journaled(
        'outgoing',
        'outgoing',
        PHYS,
        'The address of its entry for the next kernel; 0 if it is not preserved.',
        asNumber,
    )
    .journaled(
        'incoming',
        'incoming',
        PHYS,
        'The address of its entry from the previous kernel; 0 if it has none or is finished.',
        asNumber,
    )
    .journaled(
        'frozen',
        'frozen',
        BOOL,
        'Whether it is too late to preserve the function, because the kernel is shutting down.',
        asBool,
    )
    .method(
        'shutdown_driver',
        [],
        {},
        'Calls the `.shutdown()` of its driver, if there is one.',
        (dev, _args, { running }) => nothing(running.devices.shutdownDriver(dev)),
    )
    .method('clear_master', [], {}, 'pci_clear_master(): blocks its requests.', (dev) =>
        nothing(dev.fn.setBusMaster(false)),
    );

export const pciObject = new Members(KernelPci, 'pci', 'The PCI core of the running kernel.')
    .field(
        'devices',
        listOf(objectOf('pci_dev')),
        'The bridges and devices in the order of the bus scan.',
        (pci) => pci.devs,
    )
    .field('length', INT, 'The number of bridges and devices.', (pci) => pci.devs.length)
    .field(
        'inherited',
        BOOL,
        'Whether the scan kept the bus numbers of the previous kernel, because devices may be running.',
        (pci) => pci.inherited,
    )
    .field(
        'shutdown_order',
        listOf(objectOf('pci_dev')),
        'The devices, then the bridges, the newest first.',
        (pci, context) => context.list(pci.shutdownOrder),
    )
    .method(
        'find',
        [param('domain', INT), param('bdf', INT)],
        { result: objectOf('pci_dev') },
        'pci_get_domain_bus_and_slot(): the function at an address; `none` if there is none.',
        (pci, [domain, bdf]) => pci.find(asNumber(domain, 'the domain'), asNumber(bdf, 'the address')) ?? null,
    )
    .method(
        'name',
        [param('domain', INT), param('bdf', INT)],
        { result: STRING },
        'A PCI address as text.',
        (_pci, [domain, bdf]) => {
            const address = asNumber(bdf, 'the address');
            return formatPciAddress({
                segment: asNumber(domain, 'the domain'),
                bus: address >> 8,
                device: (address >> 3) & 31,
                fn: address & 7,
            });
        },
    );

export const pciGlobals: readonly NativeGlobal<NativeContext>[] = [
    global(
        'pci',
        objectOf('pci'),
        'kernel',
        'The PCI core of the running kernel.',
        ({ running }) => running.devices.pci,
    ),
];

export const bridgeObject = new Members(
    PciFunction,
    'bridge',
    'A bridge or root port of the machine. It exists independently of kernels.',
    false,
)
    .field('name', STRING, 'Its PCI address.', (bridge) => bridge.name)
    .field(
        'bus_master',
        BOOL,
        'Whether it forwards requests from below. Can be assigned.',
        (bridge) => bridge.busMaster,
        (bridge, on) => bridge.setBusMaster(asBool(on, 'bus_master')),
    )
    .field(
        'acs',
        INT,
        'The enabled Access Control Services: 1 source validation, 2 translation blocking, 4 request redirect, 8 completion redirect, 0x10 upstream forwarding. Can be assigned.',
        (bridge) => bridge.acs,
        (bridge, bits) => bridge.setAcs(asNumber(bits, 'acs')),
    )
    .field(
        'ari_forwarding',
        BOOL,
        'Whether it forwards requests of functions beyond the eighth. Can be assigned.',
        (bridge) => bridge.ariForwarding,
        (bridge, on) => bridge.setAriForwarding(asBool(on, 'ari_forwarding')),
    )
    .field(
        'secondary_bus',
        INT,
        'The number of the bus below it. Can be assigned.',
        (bridge) => bridge.secondaryBus,
        (bridge, bus) => bridge.setBuses(bridge.busNumber, asNumber(bus, 'the bus'), bridge.subordinateBus),
    )
    .field(
        'subordinate_bus',
        INT,
        'The highest bus number below it. Can be assigned.',
        (bridge) => bridge.subordinateBus,
        (bridge, bus) => bridge.setBuses(bridge.busNumber, bridge.secondaryBus, asNumber(bus, 'the bus')),
    );

const DEV = [param('dev', objectOf('pci_dev'))];

/** Functions for the file handler of a driver. */
export const pciFunctions: readonly NativeFunction<NativeContext>[] = [
    code(
        'pci_liveupdate_preserve',
        DEV,
        {},
        'Keeps the device and all bridges above it running over the kexec. For handlers that use the FLB `pci_core`, in preserve. EINVAL (a virtual function), EBUSY (preserved already, or too late), ENOSPC, ENOENT; EOPNOTSUPP in kernels without the layer `pci`.',
        'pci_liveupdate_preserve',
    ),
    code(
        'pci_liveupdate_unpreserve',
        DEV,
        { fails: false },
        'Undoes pci_liveupdate_preserve().',
        'pci_liveupdate_unpreserve',
    ),
    code(
        'pci_liveupdate_finish',
        DEV,
        { fails: false },
        'The driver has taken over the incoming device, which from now on is an ordinary device. For handlers, in finish.',
        'pci_liveupdate_finish',
    ),
];
