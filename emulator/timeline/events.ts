/**
 * What has happened in a run so far, in the order of time: system calls and what they return, callbacks, findings, the
 * kernel log, phases, faults of devices. A reporter, so that nothing is in it twice.
 */
import type { Diagnosis } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import { Err } from '../kernel/release/errno';
import type { LogLine } from '../kernel/klog';
import type { Device } from '../machine/devices/device';
import type { Value } from '../language/types';
import { type Frame, placeOf } from '../runtime/code';
import type { Host } from '../runtime/host/host';
import type { Listener, Phase } from '../runtime/listener';
import type { CallbackCall, KernelWork } from '../runtime/purpose';
import { hex } from '../text/text';

/** More are not kept: the oldest go. */
const MOST = 200_000;

export type EventKind = 'call' | 'callback' | 'finding' | 'log' | 'phase' | 'fault';

export interface TimelineEvent {
    /** Grows by one from event to event, and stays the same. */
    readonly id: number;
    readonly kind: EventKind;
    /** The position of the run, in the operation in which it happened. */
    readonly at: number;
    /** Nanoseconds of the machine's clock. */
    readonly time: number;
    /** Which boot of the machine it was, from 0. */
    readonly boot: number;
    /** The process, the thread or the device. */
    readonly who: string;
    readonly text: string;
    readonly place: Place | undefined;
}

/** Events of a future that was cut off. */
export type LaterEvents = readonly TimelineEvent[];

const PHASES: Readonly<Record<Phase, string>> = {
    running: 'the kernel is up',
    shutdown: 'the kernel shuts down',
    jump: 'the jump into the next kernel',
    boot: 'a kernel begins',
};

export class Events implements Listener {
    private list: TimelineEvent[] = [];
    private nextId = 1;
    /** The call that was the last event, if it was: what it returns is a part of it. */
    private entered: KernelWork | null = null;

    constructor(private readonly host: Host) {}

    get all(): readonly TimelineEvent[] {
        return this.list;
    }

    /** How many are not there any more, the oldest. */
    get forgotten(): number {
        return (this.list[0]?.id ?? 1) - 1;
    }

    withId(id: number): TimelineEvent | undefined {
        return this.list[id - (this.list[0]?.id ?? 0)];
    }

    // ------------------------------------------------------------ what is heard

    kernelEntered(work: KernelWork): void {
        this.add('call', callText(work));
        this.entered = work;
    }

    kernelLeft(work: KernelWork, result: Value | Err): void {
        if (work.kind === 'boot' || work.kind === 'exit' || work.kind === 'release') {
            return;
        }
        const text = `${callText(work)} = ${resultText(result)}`;
        const last = this.list.at(-1);
        if (last && this.entered === work) {
            this.list[this.list.length - 1] = { ...last, text };
            this.entered = null;
        } else {
            this.add('call', text);
        }
    }

    callbackEntered({ name }: CallbackCall): void {
        this.add('callback', `${name} begins`);
    }

    callbackLeft({ name }: CallbackCall, result: Value | Err, place: Place | undefined): void {
        this.add('callback', `${name} = ${resultText(result)}`, place);
    }

    diagnosed({ code, severity, message, place }: Diagnosis): void {
        this.add('finding', `${severity} ${code}: ${message}`, place);
    }

    log({ level, text }: LogLine, place: Place | undefined): void {
        this.add('log', level === 'log' ? text : `${level}: ${text}`, place);
    }

    phase(phase: Phase): void {
        this.add('phase', PHASES[phase]);
    }

    iommuFault(device: Device, iova: number, write: boolean): void {
        const text = `the IOMMU refuses ${write ? 'a write' : 'a read'} at ${hex(iova)}`;
        this.add('fault', text, undefined, device.shape.name);
    }

    // ------------------------------------------------------------ futures

    /** What comes after a position is another future's. */
    cut(position: number): LaterEvents {
        const at = this.list.findIndex((e) => e.at > position);
        this.entered = null;
        return at < 0 ? [] : this.list.splice(at);
    }

    /** Takes back what was cut off. */
    rejoin(later: LaterEvents): void {
        for (const e of later) {
            this.list.push(e);
        }
        this.nextId = (this.list.at(-1)?.id ?? 0) + 1;
    }

    private add(kind: EventKind, text: string, place?: Place, who?: string): void {
        const { host } = this;
        const { current, ticks } = host.interpreter;
        this.entered = null;
        this.list.push({
            id: this.nextId++,
            kind,
            at: ticks,
            time: host.machine.clock.now,
            boot: host.boot,
            who: who ?? current.name,
            text,
            place: place ?? placeOfFrame(host.frame),
        });
        if (this.list.length > MOST) {
            this.list.splice(0, MOST / 10);
        }
    }
}

function placeOfFrame(frame: Frame | undefined): Place | undefined {
    return frame && placeOf(frame);
}

function callText(work: KernelWork): string {
    switch (work.kind) {
        case 'open':
            return `open(${JSON.stringify(work.path)})`;
        case 'create_session':
        case 'retrieve_session':
            return `${work.name}(${JSON.stringify(work.session)})`;
        case 'preserve_fd':
        case 'retrieve_fd':
            return `${work.name}(token ${hex(work.token)})${ofSession(work.session?.name)}`;
        case 'finish':
            return `${work.name}()${ofSession(work.session?.name)}`;
        default:
            return `${work.name}()`;
    }
}

function ofSession(name: string | undefined): string {
    return name === undefined ? '' : ` of session ${JSON.stringify(name)}`;
}

function resultText(result: Value | Err): string {
    return result instanceof Err
        ? `-${result.name}`
        : typeof result === 'number' || typeof result === 'bigint' || typeof result === 'boolean'
          ? String(result)
          : 'done';
}
