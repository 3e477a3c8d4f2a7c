/** What devices do by themselves, for a trace: bursts of DMA, whichever kernel runs, or none. */
import type { Clock } from '../machine/clock';
import type { Device } from '../machine/devices/device';

/** Requests that follow each other, and had the same end. Nanoseconds. */
export interface Burst {
    readonly device: string;
    readonly what: 'DMA' | 'refused by the IOMMU';
    readonly begin: number;
    readonly end: number;
    /** Pieces of requests that lie in one page each. */
    readonly reads: number;
    readonly writes: number;
    readonly bytes: number;
}

/** Interrupts of a vector that followed each other and did not arrive, or arrived where nobody was. Nanoseconds. */
export interface InterruptMark {
    readonly device: string;
    readonly text: string;
    readonly time: number;
    readonly count: number;
}

type Growing = { -readonly [K in keyof Burst]: Burst[K] };

/** Rounds of its own that a device may leave out before it counts as having paused. */
const PAUSE = 2;

export class DeviceTracks {
    private readonly over: Burst[] = [];
    private readonly open = new Map<Device, Growing>();

    readonly marks: InterruptMark[] = [];
    private readonly marked = new Map<string, { -readonly [K in keyof InterruptMark]: InterruptMark[K] }>();

    constructor(private readonly clock: Clock) {}

    /** A piece of a request has come through. */
    dma(device: Device, length: number, write: boolean): void {
        this.count(device, 'DMA', length, write);
    }

    /** The IOMMU has refused one. */
    fault(device: Device, write: boolean): void {
        this.count(device, 'refused by the IOMMU', 0, write);
    }

    /**
     * An interrupt came out in a way that is worth a mark; undefined: as it should. Those that follow it in the same
     * way are counted with it.
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

    /** All of them so far, those of a device in the order of time. */
    bursts(): Burst[] {
        return [...this.over, ...this.open.values()];
    }

    private count(device: Device, what: Burst['what'], bytes: number, write: boolean): void {
        const { now } = this.clock;
        let burst = this.open.get(device);
        if (!burst || burst.what !== what || now - burst.end > PAUSE * (device.program?.every ?? 0)) {
            if (burst) {
                this.over.push(burst);
            }
            burst = { device: device.shape.name, what, begin: now, end: now, reads: 0, writes: 0, bytes: 0 };
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
