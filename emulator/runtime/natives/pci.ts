/** PCI functions for `.lus` code: what the PCI core of the kernel knows of them, and what drivers ask of it. */
import { KernelPci, PciDev } from '../../kernel/devices/pci';
import { Device } from '../../machine/devices/device';
import { formatPciAddress } from '../../machine/pci/address';
import { PciFunction } from '../../machine/pci/function';
import { VfioFile, vfioLiveupdateFile } from '../../kernel/devices/vfio';
import { OpenFile } from '../../kernel/fs/file';
import { costId } from '../../machine/costs';
import { BOOL, INT, listOf, objectOf, PHYS, STRING } from '../../language/types';
import type { NativeField, NativeFunction } from './native';
import { asBool, asNumber } from '../../language/values';
import { code, expect, fn, Members, param } from './define';

const DEVICE_RESET = costId('device_reset');

export const pciDev = new Members(
    PciDev,
    'pci_dev',
    'A PCI function as the running kernel knows it (`struct pci_dev`).',
)
    .field('name', STRING, 'Where it sits: `0000:3b:00.0`.', (d) => d.fn.name)
    .field('domain', INT, 'Its PCI domain, which is the segment.', (d) => d.domain)
    .field('bdf', INT, 'Bus, device and function in 16 bits.', (d) => d.fn.requester)
    .field('bridge', BOOL, 'It is a bridge.', (d) => d.fn.isBridge)
    .field(
        'virtfn',
        BOOL,
        'It is a virtual function of another device (SR-IOV).',
        (d) => d.fn instanceof Device && d.fn.shape.physical !== '',
    )
    .field('upstream', objectOf('pci_dev'), 'The bridge above; `none` for what is on a root bus.', (d) => d.upstream)
    .field('present', BOOL, 'It is plugged in.', (d) => d.fn.present)
    .field('power', INT, 'Its power state, 0 (D0) to 3 (D3hot).', (d) => d.fn.power)
    .field(
        'outgoing',
        PHYS,
        'Where its entry for the next kernel lies; 0: it is not preserved.',
        (d) => d.outgoing,
        (d, v, vm) => {
            vm.machine.journal.edit(d).outgoing = asNumber(v, 'an address');
        },
    )
    .field(
        'incoming',
        PHYS,
        'Where its entry from the previous kernel lies; 0: it has none, or is finished.',
        (d) => d.incoming,
        (d, v, vm) => {
            vm.machine.journal.edit(d).incoming = asNumber(v, 'an address');
        },
    )
    .field(
        'frozen',
        BOOL,
        'The kernel goes down: it is too late to preserve it.',
        (d) => d.frozen,
        (d, v, vm) => {
            vm.machine.journal.edit(d).frozen = asBool(v, 'frozen');
        },
    )
    .method(
        'shutdown_driver',
        [],
        { context: 'kernel' },
        'The `.shutdown()` of its driver, where that has one.',
        (d, _a, vm) => {
            if (d.fn instanceof Device) {
                vm.running.devices.shutdownDriver(d.fn);
            }
            return undefined;
        },
    )
    .method(
        'clear_master',
        [],
        { context: 'kernel' },
        'pci_clear_master(): its requests do not come through any more.',
        (d) => {
            d.fn.setBusMaster(false);
            return undefined;
        },
    );

export const pciObject = new Members(KernelPci, 'pci', 'The PCI core of the running kernel.')
    .field(
        'devices',
        listOf(objectOf('pci_dev')),
        'Bridges and devices in the order in which the scan found them.',
        (p) => p.devs,
    )
    .field('length', INT, 'How many there are.', (p) => p.devs.length)
    .field(
        'inherited',
        BOOL,
        'The scan has left the bus numbers as it found them, as there are devices that may be running.',
        (p) => p.inherited,
    )
    .field('shutdown_order', listOf(objectOf('pci_dev')), 'Devices and then bridges, the newest first.', (p, vm) =>
        vm.list(p.shutdownOrder),
    )
    .method(
        'find',
        [param('domain', INT), param('bdf', INT)],
        { context: 'kernel', result: objectOf('pci_dev') },
        'pci_get_domain_bus_and_slot(): the function at an address; `none` where there is none.',
        (p, [domain, bdf]) => p.find(asNumber(domain, 'the domain'), asNumber(bdf, 'the address')) ?? null,
    )
    .method(
        'name',
        [param('domain', INT), param('bdf', INT)],
        { context: 'kernel', result: STRING },
        'An address as text.',
        (_p, [domain, bdf]) => {
            const n = asNumber(bdf, 'the address');
            return formatPciAddress({
                segment: asNumber(domain, 'the domain'),
                bus: n >> 8,
                device: (n >> 3) & 31,
                fn: n & 7,
            });
        },
    );

export const bridgeObject = new Members(
    PciFunction,
    'bridge',
    'A bridge or root port of the machine. It stays when kernels come and go.',
    false,
)
    .field('name', STRING, 'Where it sits.', (b) => b.name)
    .field(
        'bus_master',
        BOOL,
        'It passes on requests from below. Can be assigned.',
        (b) => b.busMaster,
        (b, v) => b.setBusMaster(asBool(v, 'bus_master')),
    )
    .field(
        'acs',
        INT,
        'What of Access Control Services is on: 1 source validation, 2 translation blocking, 4 request redirect, 8 completion redirect, 0x10 upstream forwarding. Can be assigned.',
        (b) => b.acs,
        (b, v) => b.setAcs(asNumber(v, 'acs')),
    )
    .field(
        'ari_forwarding',
        BOOL,
        'It passes on requests of functions beyond the eighth. Can be assigned.',
        (b) => b.ariForwarding,
        (b, v) => b.setAriForwarding(asBool(v, 'ari_forwarding')),
    )
    .field(
        'secondary_bus',
        INT,
        'The number of the bus below it. Can be assigned.',
        (b) => b.secondaryBus,
        (b, v) => b.setBuses(b.busNumber, asNumber(v, 'the bus'), b.subordinateBus),
    )
    .field(
        'subordinate_bus',
        INT,
        'The highest number of a bus below it. Can be assigned.',
        (b) => b.subordinateBus,
        (b, v) => b.setBuses(b.busNumber, b.secondaryBus, asNumber(v, 'the bus')),
    );

/** The `vfio` of an open file. */
export const vfioField: NativeField = {
    name: 'vfio',
    type: objectOf('vfio_device'),
    doc: 'The device behind the file, for files of the kind vfio; else `none`.',
    get: (_vm, o) => (o instanceof OpenFile && o.priv instanceof VfioFile ? o.priv : null),
};

export const vfioDevice = new Members(
    VfioFile,
    'vfio_device',
    'A device in the hands of vfio-pci, as one open descriptor has it.',
)
    .field(
        'pci_dev',
        objectOf('pci_dev'),
        'The PCI function; `none` once it is pulled out.',
        (f, vm) => vm.running.devices.pci.of(f.device.device) ?? null,
    )
    .field('device', objectOf('device'), 'The device itself.', (f) => f.device.device)
    .field('present', BOOL, 'The device is plugged in.', (f) => f.device.device.present)
    .field('bound', BOOL, 'The descriptor is bound to an iommufd.', (f) => f.bound)
    .field('irqs', BOOL, 'Its interrupts are set up: their type is not none.', (f) => f.device.device.msix.enabled)
    .field('power', INT, 'Its power state, 0 (D0) to 3 (D3hot).', (f) => f.device.device.power)
    .field(
        'frozen',
        BOOL,
        'A live update has frozen it: whatever is asked of the descriptor is refused with EBUSY.',
        (f) => f.device.frozen,
        (f, v, vm) => {
            vm.machine.journal.edit(f.device).frozen = asBool(v, 'frozen');
        },
    )
    .method(
        'zap_bars',
        [],
        { context: 'kernel' },
        'vfio_pci_zap_bars(): user space has no register of it mapped any more, and the device does not answer at its addresses.',
        (f) => {
            f.device.device.disable();
            return undefined;
        },
    )
    .method(
        'clear_master',
        [],
        { context: 'kernel' },
        'pci_clear_master(): its requests do not come through any more.',
        (f) => {
            f.device.device.setBusMaster(false);
            return undefined;
        },
    )
    .method(
        'reset',
        [],
        { context: 'kernel' },
        'pci_reset_function_locked(): it stops, and is as after power-on.',
        (f, _a, vm) => {
            f.device.device.reset();
            vm.machine.clock.charge(DEVICE_RESET);
            return undefined;
        },
    );

const DEV = [param('dev', objectOf('pci_dev'))];

/** What a driver's file handler calls. */
export const pciFunctions: readonly NativeFunction[] = [
    fn(
        'vfio_alloc_file',
        DEV,
        { result: objectOf('file'), fails: true },
        'The file `[vfio-device-liveupdate]` of a device from the previous kernel. Before it is bound to an iommufd it can do nothing. ENODEV where vfio-pci does not drive the device.',
        (vm, [d]) => {
            const { fn: device } = expect(PciDev, d, 'a pci_dev');
            return vfioLiveupdateFile(vm.running, device instanceof Device ? vm.running.devices.of(device) : undefined);
        },
    ),
    code(
        'pci_liveupdate_preserve',
        DEV,
        {},
        'The device keeps running over the kexec, with all bridges above it. For handlers that use the FLB `pci_core`, in preserve: EINVAL (a virtual function), EBUSY (preserved already, or too late), ENOSPC, ENOENT; EOPNOTSUPP in kernels without the layer `pci`.',
        'pci_liveupdate_preserve',
    ),
    code(
        'pci_liveupdate_unpreserve',
        DEV,
        { fails: false },
        'Takes pci_liveupdate_preserve() back.',
        'pci_liveupdate_unpreserve',
    ),
    code(
        'pci_liveupdate_finish',
        DEV,
        { fails: false },
        'The driver has the incoming device in hand: it is a device like any other from now on. In finish.',
        'pci_liveupdate_finish',
    ),
];
