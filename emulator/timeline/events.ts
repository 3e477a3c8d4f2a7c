/**
 * What has happened in a run so far, in the order of time: system calls and what they return, callbacks, findings, the
 * kernel log, phases, faults of devices. Events are collected only while the timeline executes the run again for
 * that, so that a run without a request for the list does not pay for it.
 */
import type { Diagnosis } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import { Err } from '../kernel/release/errno';
import type { LogLine } from '../kernel/klog';
import type { Device } from '../machine/devices/device';
import type { Value } from '../language/types';
import type { Host } from '../runtime/host/host';
import type { Listener, Phase } from '../runtime/listener';
import type { CallbackCall, KernelWork } from '../runtime/purpose';
import { hex } from '../text/text';
import { EventLog, type EventKind, type Result, type TimelineEvent } from './event-log';

const PHASES: Readonly<Record<Phase, string>> = {
    running: 'the kernel is up',
    shutdown: 'the kernel shuts down',
    jump: 'the jump into the next kernel',
    boot: 'a kernel begins',
};

export class Events implements Listener {
    private readonly list = new EventLog();
    /** The call that was the last event, if it was: what it returns at once is a part of it. */
    private entered: KernelWork | null = null;
    /** Where that was. */
    private enteredAt = -1;
    /** The position up to which the list is complete, including the user's changes there; −1: nothing is collected. */
    private known = -1;

    constructor(private readonly host: Host) {}

    get all(): readonly TimelineEvent[] {
        return Array.from({ length: this.list.length }, (_, i) => this.list.at(i));
    }

    /** The position up to which the list is complete; −1: not even the events of the beginning were collected. */
    get upTo(): number {
        return this.known;
    }

    /** How many are not there any more, the oldest. */
    get forgotten(): number {
        return this.list.forgotten;
    }

    withId(id: number): TimelineEvent | undefined {
        const index = id - this.forgotten - 1;
        return index >= 0 && index < this.list.length ? this.list.at(index) : undefined;
    }

    // ------------------------------------------------------------ what is heard

    kernelEntered(work: KernelWork): void {
        this.add('call', callText(work));
        this.entered = work;
        this.enteredAt = this.host.interpreter.ticks;
    }

    kernelLeft(work: KernelWork, result: Value | Err): void {
        if (work.kind === 'boot' || work.kind === 'exit' || work.kind === 'release') {
            return;
        }
        if (this.entered !== work || this.enteredAt !== this.host.interpreter.ticks) {
            this.add('call', callText(work));
        }
        this.list.give(resultOf(result));
        this.entered = null;
    }

    callbackEntered({ name }: CallbackCall): void {
        this.add('callback', `${name} begins`);
    }

    callbackLeft({ name }: CallbackCall, result: Value | Err, place: Place | undefined): void {
        this.add('callback', name, place);
        this.list.give(resultOf(result));
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

    // ------------------------------------------------------------ completeness

    /** Events from {@link upTo} to a position were collected. */
    listenedUpTo(position: number): void {
        this.known = position;
        this.entered = null;
    }

    /** The user changes the run at a position: removes the events from there on, so that they are collected again. */
    cut(position: number): void {
        this.known = Math.min(this.known, position - 1);
        this.list.cut(this.known);
    }

    private add(kind: EventKind, text: string, place?: Place, who?: string): void {
        const { interpreter, machine, boot } = this.host;
        const { current, ticks } = interpreter;
        const frame = current.top;
        this.entered = null;
        const where = place ?? frame?.code ?? null;
        this.list.add(ticks, machine.clock.now, kind, boot, who ?? current.name, text, where, frame?.pc ?? 0);
    }
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
            return work.name;
    }
}

function ofSession(name: string | undefined): string {
    return name === undefined ? '' : ` of session ${JSON.stringify(name)}`;
}

function resultOf(result: Value | Err): Result {
    if (typeof result === 'number' || typeof result === 'bigint' || typeof result === 'boolean') {
        return result;
    }
    return result instanceof Err ? `-${result.name}` : 'done';
}
