/** Activity of devices for a trace: bursts of DMA and lost interrupts, independent of the running kernel. */
import type { Clock } from '../machine/clock';
import type { Device } from '../machine/devices/device';

/** Consecutive requests with the same outcome. Times in nanoseconds. */
export interface Burst {
    readonly device: string;
    /** By the IOMMU. */
    readonly refused: boolean;
    readonly begin: number;
    readonly end: number;
    /** Numbers of pieces of requests; a piece lies within one page. */
    readonly reads: number;
    readonly writes: number;
    readonly bytes: number;
}

/** Consecutive interrupts of a vector that were lost, spurious or misrouted in the same way. Time in nanoseconds. */
export interface InterruptMark {
    readonly device: string;
    readonly text: string;
    readonly time: number;
    readonly count: number;
}

type Growing = { -readonly [K in keyof Burst]: Burst[K] };

/** Nanoseconds between the commands of a device that takes them from queues. */
const COMMANDS = 100_000;
/** Number of rounds that a device may skip before its burst ends. */
const PAUSE = 2;

export class DeviceTracks {
    private readonly over: Burst[] = [];
    private readonly open = new Map<Device, Growing>();

    readonly marks: InterruptMark[] = [];
    private readonly marked = new Map<string, { -readonly [K in keyof InterruptMark]: InterruptMark[K] }>();

    constructor(private readonly clock: Clock) {}

    /** A piece of a request has reached memory. */
    dma(device: Device, length: number, write: boolean): void {
        this.count(device, false, length, write);
    }

    /** The IOMMU has refused a request. */
    fault(device: Device, write: boolean): void {
        this.count(device, true, 0, write);
    }

    /**
     * Records the outcome of an interrupt. Consecutive interrupts with the same text are counted in one mark.
     * @param text of the mark; undefined: the interrupt was delivered
     */
    interrupt(device: Device, vector: number, text: string | undefined): void {
        const key = `${device.shape.name} ${vector}`;
        const last = this.marked.get(key);
        if (text === undefined) {
            this.marked.delete(key);
        } else if (last?.text === text) {
            last.count++;
        } else {
            const mark = { device: device.shape.name, text, time: this.clock.now, count: 1 };
            this.marked.set(key, mark);
            this.marks.push(mark);
        }
    }

    /** All bursts so far, those of a device in the order of time. */
    bursts(): Burst[] {
        return [...this.over, ...this.open.values()];
    }

    private count(device: Device, refused: boolean, bytes: number, write: boolean): void {
        const { now } = this.clock;
        let burst = this.open.get(device);
        if (!burst || burst.refused !== refused || now - burst.end > PAUSE * (device.program?.every ?? COMMANDS)) {
            if (burst) {
                this.over.push(burst);
            }
            burst = { device: device.shape.name, refused, begin: now, end: now, reads: 0, writes: 0, bytes: 0 };
            this.open.set(device, burst);
        }
        burst.end = now;
        burst.bytes += bytes;
        if (write) {
            burst.writes++;
        } else {
            burst.reads++;
        }
    }
}
