/** The machine's PCI hierarchy: where functions are plugged in, and the path of a device's requests to memory. */
import { Bytes } from '../bytes';
import type { Clock } from '../clock';
import { Device, type DeviceBus, type DeviceShape } from '../devices/device';
import { DEVICE_KINDS } from '../devices/kinds';
import { BARS, type DeviceMemory, type DeviceMemoryEvent } from '../devices/device-memory';
import type { NvmeEvent } from '../devices/nvme';
import type { Hasher } from '../hash';
import { InterruptController } from '../interrupts/controller';
import type { Delivery } from '../interrupts/delivery';
import type { Message } from '../interrupts/message';
import type { Processors as SetAside } from '../processors';
import { Iommu, type IommuHost, type Walked } from '../iommu/iommu';
import { IO_PAGE } from '../iommu/tables';
import type { IommuVendor } from '../iommu/unit';
import type { Journal } from '../journal';
import { formatPciAddress, type PciAddress } from './address';
import { PciFunction } from './function';

/**
 * A change of a device: a driver of the kernel binds to it and resets it, it is unplugged, or the kernel renumbers its
 * bus.
 */
export type DeviceChange =
    | { readonly kind: 'taken'; readonly driver: string }
    | { readonly kind: 'unplugged' }
    /** `before`: bus, device and function before the change. */
    | { readonly kind: 'renumbered'; readonly before: number };

/** An observer of DMA. It must not change anything. */
export interface DmaObserver {
    /** A part of a request within one page reaches memory. */
    dma(device: Device, iova: number, pa: number, length: number, write: boolean): void;
    /** The IOMMU has read tables at these addresses, the topmost first. */
    walked(device: Device, iova: number, trail: readonly number[]): void;
    /** The IOMMU has refused and logged a request. */
    fault(device: Device, iova: number, write: boolean): void;
    /** A device has raised one of its vectors. */
    interrupt(device: Device, vector: number, delivery: Delivery): void;
    changed(device: Device, change: DeviceChange): void;
    /** The controller of an NVMe disk has taken or executed a command, or its driver has used the queues. */
    disk(device: Device, event: NvmeEvent): void;
    /** A request to the memory of another device has failed: that device does not respond. */
    unanswered(device: Device, peer: Device, write: boolean): void;
    /** A bridge has sent a request straight to another device below it: the IOMMU has not seen it. */
    bypassed(device: Device, peer: Device, bridge: PciFunction, address: number, write: boolean): void;
    /** A reset has cleared memory of a device, or cleared memory is used. */
    memory(device: Device, event: DeviceMemoryEvent): void;
    /** The IOMMU has read interrupt tables at these addresses. */
    remapped(device: Device, vector: number, trail: readonly number[]): void;
}

/** The processors of a machine, as devices see them. */
export interface Processors {
    readonly count: number;
    /** Interrupts are events of an ITS, as on arm64. */
    readonly its: boolean;
    /** Those that were set aside. */
    readonly all: SetAside;
}

const ROOT_PORT = { ids: { vendor: 0x8086, device: 0x347a, classCode: 0x06_0400 } };
const BRIDGE = { ids: { vendor: 0x104c, device: 0x8232, classCode: 0x06_0400 } };

/** Bit of the ACS control register: requests between devices below go upstream. */
const ACS_REQUEST_REDIRECT = 4;

const NO_PATH: readonly number[] = [];

export class PciBus implements DeviceBus {
    /** Root ports and bridges, in the order of a scan. */
    readonly bridges: PciFunction[] = [];
    readonly devices: Device[] = [];
    readonly iommu: Iommu | null;
    /** Set by the run, like listeners; not part of the machine's state. */
    observer: DmaObserver | null = null;
    readonly interrupts: InterruptController;

    /** Created once, because there is only one request at a time. */
    private readonly walked: Walked = (trail, requester, iova) => {
        const device = this.devices.find((d) => d.requester === requester);
        if (device) {
            if (this.host.memory.watcher !== null) {
                this.path = trail.slice();
            }
            this.observer?.walked(device, iova, trail);
        }
    };
    /** The tables that were read for the present request, while somebody watches memory. */
    private path = NO_PATH;

    /** @throws RangeError if two functions have one address, or a kind of device is unknown */
    constructor(
        journal: Journal,
        readonly clock: Clock,
        private readonly host: IommuHost,
        iommu: IommuVendor | undefined,
        shapes: readonly DeviceShape[],
        processors: Processors,
    ) {
        this.iommu = iommu === undefined ? null : new Iommu(journal, iommu, host);
        this.interrupts = new InterruptController(
            journal,
            processors.count,
            processors.its,
            this.iommu,
            host,
            processors.all,
        );
        const ports = new Map<string, PciFunction>();
        const acs = (bus: number, segment: number): boolean =>
            shapes.every((s) => s.acs !== 'off' || s.address.bus !== bus || s.address.segment !== segment);
        const portTo = (bus: number, segment: number): PciFunction | null => {
            if (bus === 0) {
                return null;
            }
            const key = `${segment}:${bus}`;
            let port = ports.get(key);
            if (!port) {
                port = new PciFunction(journal, { segment, bus: 0, device: ports.size + 1, fn: 0 }, null, {
                    ...ROOT_PORT,
                    secondary: bus,
                    acs: acs(bus, segment),
                });
                ports.set(key, port);
                this.bridges.push(port);
            }
            return port;
        };
        const between = (at: PciAddress, bus: number): PciFunction => {
            const bridge = new PciFunction(journal, at, portTo(at.bus, at.segment), {
                ...BRIDGE,
                secondary: bus,
                acs: acs(bus, at.segment),
            });
            this.bridges.push(bridge);
            return bridge;
        };
        for (const shape of shapes) {
            const model = DEVICE_KINDS.get(shape.kind);
            if (!model) {
                throw new RangeError(`no device is of kind ${shape.kind}`);
            }
            const { address } = shape;
            // a virtual function is plugged in with its device
            const { behind } = shapes.find((p) => p.name === shape.physical) ?? shape;
            const known = behind && this.bridges.find((b) => b.name === formatPciAddress(behind));
            const upstream = behind ? (known ?? between(behind, address.bus)) : portTo(address.bus, address.segment);
            this.devices.push(new Device(journal, this, shape, model, upstream, this.devices.length));
            const { atc } = this.devices.at(-1) ?? {};
            if (atc) {
                this.iommu?.tlb.followers.push(atc);
            }
        }
        const names = [...this.bridges, ...this.devices].map((f) => f.name);
        const twice = names.find((n, i) => names.indexOf(n) < i);
        if (twice !== undefined) {
            throw new RangeError(`${twice} is the address of two functions`);
        }
    }

    /**
     * The machine is switched on: nothing runs, and nothing is set up except the bus numbers, which the firmware
     * assigns.
     */
    powerOn(): void {
        for (const f of [...this.bridges, ...this.devices]) {
            f.reset();
        }
        for (const { memory } of this.devices) {
            memory?.powerOn();
        }
        this.iommu?.powerOn();
        this.interrupts.powerOn();
    }

    device(name: string): Device | undefined {
        return this.devices.find((d) => d.shape.name === name);
    }

    /** A device sends the message of one of its vectors. */
    interrupt(device: Device, vector: number, message: Message): Delivery {
        const trail: number[] = [];
        const delivery = this.interrupts.send(device, vector, message, trail);
        if (trail.length > 0) {
            this.observer?.remapped(device, vector, trail);
        }
        return delivery;
    }

    read(device: Device, iova: number, length: number): Uint8Array | null {
        const out = new Uint8Array(length);
        for (let done = 0; done < length; ) {
            const n = Math.min(IO_PAGE - ((iova + done) % IO_PAGE), length - done);
            const pa = this.request(device, iova + done, n, false);
            if (pa < 0) {
                return null;
            }
            const peer = this.peerAt(pa);
            if (peer) {
                out.set(peer.read(pa - peer.bar, n).toUint8Array(), done);
                done += n;
                continue;
            }
            const { watcher } = this.host.memory;
            if (watcher !== null) {
                this.asWriter(device, iova + done, () => watcher.reads(pa, n));
            }
            out.set(this.host.memory.read(pa, n), done);
            done += n;
        }
        device.count('reads', length);
        return out;
    }

    write(device: Device, iova: number, bytes: Uint8Array): boolean {
        const { length } = bytes;
        for (let done = 0; done < length; ) {
            const n = Math.min(IO_PAGE - ((iova + done) % IO_PAGE), length - done);
            const pa = this.request(device, iova + done, n, true);
            if (pa < 0) {
                return false;
            }
            const part = n === length ? bytes : bytes.subarray(done, done + n);
            const peer = this.peerAt(pa);
            if (peer) {
                peer.write(pa - peer.bar, Bytes.of(part));
            } else if (this.host.memory.watcher === null) {
                this.host.memory.write(pa, part);
            } else {
                this.asWriter(device, iova + done, () => this.host.memory.write(pa, part));
            }
            done += n;
        }
        device.count('writes', length);
        return true;
    }

    /** A device accesses memory that somebody watches. */
    private asWriter(device: Device, iova: number, access: () => void): void {
        const { memory } = this.host;
        memory.writer = { kind: 'device', device: device.shape.name, iova, path: this.path };
        try {
            access();
        } finally {
            memory.writer = null;
        }
    }

    /** The memory of a device that has this bus address; undefined: none has. */
    private peerAt(pa: number): DeviceMemory | undefined {
        return this.peerOf(pa)?.memory ?? undefined;
    }

    private peerOf(pa: number): Device | undefined {
        return pa < BARS
            ? undefined
            : this.devices.find(({ memory }) => memory && memory.bar <= pa && pa < memory.bar + memory.size);
    }

    /**
     * The bridge that sends a request straight to another device below it, by its address and untranslated: the lowest
     * one above both, if it does not redirect such requests upstream (PCI Express, ACS P2P Request Redirect).
     */
    private turnsAt(device: Device, peer: Device): PciFunction | undefined {
        const common = device.path.find((bridge) => peer.path.includes(bridge));
        return common && (common.acs & ACS_REQUEST_REDIRECT) === 0 ? common : undefined;
    }

    /** The same as {@link request}, for one that does not come to the IOMMU; undefined: it does. */
    private requestBelow(device: Device, iova: number, write: boolean): number | undefined {
        const peer = this.peerOf(iova);
        const bridge = peer && peer !== device ? this.turnsAt(device, peer) : undefined;
        if (!peer || !bridge) {
            return undefined;
        }
        if (!device.reaches(bridge)) {
            device.count('dropped', 0);
            return -1;
        }
        if (!peer.responds) {
            this.observer?.unanswered(device, peer, write);
            device.count('dropped', 0);
            return -1;
        }
        this.observer?.bypassed(device, peer, bridge, iova, write);
        return iova;
    }

    /** The destination of a request within a page; −1: none, and the request is counted. */
    private request(device: Device, iova: number, length: number, write: boolean): number {
        const below = iova < BARS ? undefined : this.requestBelow(device, iova, write);
        if (below !== undefined) {
            return below;
        }
        if (!device.reachesMemory) {
            device.count('dropped', 0);
            return -1;
        }
        const { iommu, observer } = this;
        this.path = NO_PATH;
        let pa = iova;
        if (iommu) {
            const { atc } = device;
            const page = Math.floor(iova / IO_PAGE);
            const frame = atc ? atc.find(page, write) : -1;
            pa =
                frame < 0
                    ? iommu.translate(device.requester, iova, write, this.walked)
                    : frame * IO_PAGE + (iova % IO_PAGE);
            if (pa < 0) {
                device.count('faults', 0);
                observer?.fault(device, iova, write);
                return -1;
            }
            if (atc && frame < 0 && iommu.enabled) {
                atc.add(page, Math.floor(pa / IO_PAGE), iommu.contexts.get(device.requester)?.domain ?? 0, write);
            }
        }
        if (!this.host.isRam(pa, length)) {
            const peer = this.peerOf(pa);
            if (peer?.responds === true) {
                return pa;
            }
            if (peer) {
                observer?.unanswered(device, peer, write);
            }
            device.count('dropped', 0);
            return -1;
        }
        observer?.dma(device, iova, pa, length, write);
        return pa;
    }

    hash(hasher: Hasher): void {
        this.iommu?.hash(hasher);
        for (const f of [...this.bridges, ...this.devices]) {
            f.hash(hasher);
        }
        this.interrupts.hash(hasher);
    }
}
