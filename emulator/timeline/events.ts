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
import type { Code } from '../runtime/code';
import type { Host } from '../runtime/host/host';
import type { Listener, Phase } from '../runtime/listener';
import type { CallbackCall, KernelWork } from '../runtime/purpose';
import { hex } from '../text/text';
import { EventLog, type EventKind, type LaterEvents, type Result, type TimelineEvent } from './event-log';

const PHASES: Readonly<Record<Phase, string>> = {
    running: 'the kernel is up',
    shutdown: 'the kernel shuts down',
    jump: 'the jump into the next kernel',
    boot: 'a kernel begins',
};

export class Events implements Listener {
    private readonly kept = new EventLog();
    /**
     * The call that was the last event, if it was: what it returns at once is a part of it, so that it is added when
     * it returns, or when something else happens.
     */
    private entered: KernelWork | null = null;
    /** Where and when that was, and who it was. */
    private enteredAt = -1;
    private enteredTime = 0;
    private enteredBoot = 0;
    private enteredBy = '';
    private enteredIn: Code | null = null;
    private enteredPc = 0;

    constructor(private readonly host: Host) {}

    get all(): readonly TimelineEvent[] {
        const { list } = this;
        return Array.from({ length: list.length }, (_, i) => list.at(i));
    }

    /** How many are not there any more, the oldest. */
    get forgotten(): number {
        return this.list.forgotten;
    }

    withId(id: number): TimelineEvent | undefined {
        const index = id - this.forgotten - 1;
        const { list } = this;
        return index >= 0 && index < list.length ? list.at(index) : undefined;
    }

    /** With the call that was entered last. */
    private get list(): EventLog {
        this.addEntered(null);
        return this.kept;
    }

    // ------------------------------------------------------------ what is heard

    kernelEntered(work: KernelWork): void {
        const { interpreter, machine, boot } = this.host;
        const { current } = interpreter;
        const frame = current.top;
        this.addEntered(null);
        this.entered = work;
        this.enteredAt = interpreter.ticks;
        this.enteredTime = machine.clock.now;
        this.enteredBoot = boot;
        this.enteredBy = current.name;
        this.enteredIn = frame?.code ?? null;
        this.enteredPc = frame?.pc ?? 0;
    }

    kernelLeft(work: KernelWork, result: Value | Err): void {
        if (work.kind === 'boot' || work.kind === 'exit' || work.kind === 'release') {
            return;
        }
        if (this.entered === work && this.enteredAt === this.host.interpreter.ticks) {
            this.addEntered(resultOf(result));
        } else {
            this.add('call', work, undefined, undefined, resultOf(result));
        }
    }

    callbackEntered({ name }: CallbackCall): void {
        this.add('callback', `${name} begins`);
    }

    callbackLeft({ name }: CallbackCall, result: Value | Err, place: Place | undefined): void {
        this.add('callback', name, place, undefined, resultOf(result));
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
        return this.list.takeBehind(position);
    }

    /** Takes back what was cut off; what has happened in its place is cut off before. */
    rejoin(later: LaterEvents): void {
        this.list.append(later);
    }

    private add(kind: EventKind, what: string | KernelWork, place?: Place, who?: string, result: Result = null): void {
        const { interpreter, machine, boot } = this.host;
        const { current, ticks } = interpreter;
        const frame = current.top;
        const where = place ?? frame?.code ?? null;
        this.list.add(ticks, machine.clock.now, kind, boot, who ?? current.name, what, where, frame?.pc ?? 0, result);
    }

    private addEntered(result: Result): void {
        const { entered } = this;
        if (entered) {
            this.entered = null;
            this.kept.add(
                this.enteredAt,
                this.enteredTime,
                'call',
                this.enteredBoot,
                this.enteredBy,
                entered,
                this.enteredIn,
                this.enteredPc,
                result,
            );
        }
    }
}

function resultOf(result: Value | Err): Result {
    if (typeof result === 'number' || typeof result === 'bigint' || typeof result === 'boolean') {
        return result;
    }
    return result instanceof Err ? `-${result.name}` : 'done';
}
