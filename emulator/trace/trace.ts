/**
 * A run as a trace for Perfetto (https://ui.perfetto.dev) and chrome://tracing: the JSON of the "Trace Event Format".
 * Each kernel is a process of the trace, and each process of the scenario a track of its kernel. Further processes hold
 * a track per update with its phases, a track per vCPU, a track per device, and what lasts beside calls: sessions,
 * disks and memory of devices, confidential guests.
 */
import { Updates } from '../diagnosis/updates';
import { Err } from '../kernel/release/errno';
import { LuoSession } from '../kernel/luo/state';
import type { OpenFile } from '../kernel/fs/file';
import type { Process } from '../kernel/fs/process';
import type { LogLine } from '../kernel/klog';
import type { Device } from '../machine/devices/device';
import type { DeviceMemoryEvent } from '../machine/devices/device-memory';
import type { NvmeEvent } from '../machine/devices/nvme';
import type { Delivery } from '../machine/interrupts/delivery';
import type { TeeEvent } from '../machine/tee/tee';
import type { Diagnosis } from '../findings/diagnosis';
import type { Frame, LockWait, Thread } from '../runtime/code';
import { outcomeText } from '../runtime/host/guest-interrupts';
import type { Listener, Phase } from '../runtime/listener';
import type { Value } from '../language/types';
import type { VcpuState } from '../machine/guests';
import { DeviceTracks } from './device-tracks';
import { STATE_GROUPS, type StateGroup, StateTracks } from './state-tracks';
import { GuestTracks } from './guest-tracks';
import { phasesOf } from './phases';
import { fileAtWork } from '../runtime/at-work';
import { processOf } from '../runtime/host/scenario-process';
import { hex } from '../text/text';
import type { Host } from '../runtime/host/host';
import type { CallbackCall, KernelWork } from '../runtime/purpose';

type Args = Readonly<Record<string, string | number | boolean>>;

/** Times in microseconds, as the format requires, with fractions down to the nanosecond. */
export type TraceEvent =
    | {
          readonly ph: 'X';
          readonly name: string;
          readonly cat: string;
          readonly pid: number;
          readonly tid: number;
          readonly ts: number;
          readonly dur: number;
          readonly args: Args;
      }
    | {
          readonly ph: 'i';
          readonly name: string;
          readonly cat: string;
          readonly pid: number;
          readonly tid: number;
          readonly ts: number;
          readonly s: 't' | 'g';
          readonly args: Args;
      }
    | { readonly ph: 'M'; readonly name: string; readonly pid: number; readonly tid: number; readonly args: Args };

/** The process of the trace that holds the phases; kernels follow it. */
const PHASES = 1;
/** Number of processes of one run at most; those of the next run of a trace begin after them. */
export const PROCESSES_OF_RUN = 10_000;
/** The process of the devices, after all kernels. */
const DEVICES = PROCESSES_OF_RUN - 1;
/** The process of the vCPUs of all guests: they outlive kernels. */
const GUESTS = PROCESSES_OF_RUN - 2;
/** Confidential guests, and sessions, which outlive kernels, too. */
const CONFIDENTIAL = PROCESSES_OF_RUN - 3;
const SESSIONS = PROCESSES_OF_RUN - 4;
/** The track of kernel work outside of processes. Threads of the run have ids of their own from 1. */
const KERNEL = 0;

/** Parameters of system calls that are shown in hexadecimal. */
const HEXADECIMAL: ReadonlySet<string> = new Set(['cmd', 'nr', 'token']);

/** A slice that has not ended yet. */
interface Open {
    readonly name: string;
    readonly cat: string;
    readonly pid: number;
    readonly tid: number;
    readonly begin: number;
    readonly args: Args;
}

export class Tracer implements Listener {
    private readonly list: TraceEvent[] = [];
    /** By thread id, the outermost slice first. */
    private readonly open = new Map<number, Open[]>();
    private readonly named = new Set<string>();
    private readonly devices: DeviceTracks;
    private readonly guests: GuestTracks;
    private readonly states: StateTracks;

    /**
     * @param index of the run among those of one trace.
     * @param title prefix of the names of the run's processes; empty if there is only one run.
     */
    constructor(
        private readonly host: Host,
        private readonly index = 0,
        private readonly title = '',
    ) {
        this.devices = new DeviceTracks(host.machine.clock);
        this.guests = new GuestTracks(host.machine.clock);
        this.states = new StateTracks(host.machine.clock);
    }

    dma(device: Device, _iova: number, _pa: number, length: number, write: boolean): void {
        this.devices.dma(device, length, write);
    }

    iommuFault(device: Device, _iova: number, write: boolean): void {
        this.devices.fault(device, write);
    }

    interrupt(device: Device, vector: number, delivery: Delivery): void {
        const { outcome } = delivery;
        const latched =
            (outcome === 'posted' || outcome === 'merged') && this.host.machine.pci.interrupts.accepting === 0;
        const asItShould = outcome === 'delivered' || ((outcome === 'posted' || outcome === 'merged') && !latched);
        this.devices.interrupt(
            device,
            vector,
            asItShould
                ? undefined
                : `vector ${vector} ${outcomeText(delivery)}${latched ? ', while no kernel takes interrupts' : ''}`,
        );
    }

    vcpu(guest: string, index: number, state: VcpuState): void {
        this.guests.vcpu(guest, index, state);
    }

    kernelEntered({ kind, name }: KernelWork): void {
        const category = kind === 'boot' || kind === 'release' || kind === 'exit' ? 'kernel' : 'syscall';
        this.begin(this.host.interpreter.current, name, category, {});
    }

    kernelLeft(work: KernelWork, result: Value | Err, frame: Frame | null): void {
        const { name } = work;
        const thread = this.host.interpreter.current;
        if (this.stackOf(thread).some((o) => o.name === name)) {
            this.endUpTo(thread.id, name, { ...this.argumentsOf(frame), result: shown(result) });
        }
        this.states.kernelLeft(work, result);
    }

    callbackEntered(call: CallbackCall): void {
        this.begin(this.host.interpreter.current, call.name, call.kind, this.aboutCallback(call));
    }

    callbackLeft(call: CallbackCall, result: Value | Err): void {
        const failed = result instanceof Err ? { result: shown(result) } : {};
        this.endUpTo(this.host.interpreter.current.id, call.name, { ...this.aboutCallback(call), ...failed });
        this.states.callbackLeft(call, result);
    }

    sessionReleased(session: LuoSession): void {
        this.states.sessionReleased(session.name);
    }

    processFrozen(process: Process, frozen: boolean): void {
        const thread = this.host.processes.items.find((p) => p.process === process)?.thread;
        if (thread && frozen) {
            this.begin(thread, FROZEN, 'wait', {});
        } else if (thread) {
            this.endUpTo(thread.id, FROZEN, {});
        }
    }

    disk(device: Device, event: NvmeEvent): void {
        this.states.disk(device, event);
    }

    deviceMemory(device: Device, event: DeviceMemoryEvent): void {
        this.states.deviceMemory(device, event);
    }

    unanswered(device: Device, peer: Device): void {
        this.states.unanswered(device, peer);
    }

    deviceSuspended(device: Device): void {
        this.states.deviceSuspended(device);
    }

    deviceResumed(device: Device, wasReset: boolean): void {
        this.states.deviceResumed(device, wasReset);
    }

    tee(event: TeeEvent): void {
        this.states.tee(event);
    }

    kstateVersion(name: string, found: number, expected: number): void {
        this.kernelMark(`KSTATE: ${name} is of version ${found}, not ${expected}`);
    }

    kstateDefault(name: string, field: string): void {
        this.kernelMark(`KSTATE: ${name} has no ${field}`);
    }

    captureFaulted(): void {
        this.kernelMark('the capture kernel faults at a handover that is not for it');
    }

    dumped(): void {
        this.kernelMark('the memory of the crashed kernel is saved');
    }

    waits(thread: Thread, { lock }: LockWait): void {
        this.begin(thread, waitName(lock.name), 'wait', { 'held by': lock.holders.map((h) => h.task.name).join(', ') });
    }

    woken(thread: Thread, { lock }: LockWait): void {
        this.endUpTo(thread.id, waitName(lock.name), {});
    }

    stage(name: string, begin: number): void {
        this.slice({ name, cat: 'stage', pid: this.pid, tid: KERNEL, begin, args: {} });
    }

    log(line: LogLine): void {
        if (line.level === 'log') {
            return;
        }
        this.list.push({
            ph: 'i',
            name: line.text,
            cat: 'log',
            pid: this.pid,
            tid: KERNEL,
            ts: us(line.time),
            s: 't',
            args: { level: line.level },
        });
    }

    diagnosed(d: Diagnosis): void {
        this.list.push({
            ph: 'i',
            name: `${d.code}: ${d.message}`,
            cat: 'diagnosis',
            pid: this.pid,
            tid: KERNEL,
            ts: us(d.time),
            s: 'g',
            args: { severity: d.severity },
        });
    }

    injected(target: string, error: Err | null): void {
        this.fault(`${error?.name ?? 'no'} is injected into ${target}`);
    }

    corrupted(): void {
        this.fault('memory is corrupted');
    }

    lost(how: 'panic' | 'power'): void {
        this.fault(how === 'panic' ? 'panic' : 'power cut');
        this.states.kernelEnded(false);
    }

    phase(phase: Phase): void {
        if (phase === 'boot') {
            const { boot, booting } = this.host;
            const capture = booting?.commandLine.crashKernel === true ? ', capture kernel' : '';
            this.nameProcess(this.pid, `kernel ${boot + 1} (Linux ${booting?.kernel.desc.release ?? ''}${capture})`);
            this.nameThread(this.pid, KERNEL, 'kernel');
        }
    }

    jumped(): void {
        this.endAll();
        this.states.kernelEnded(true);
    }

    threadStarted(thread: Thread): void {
        const process = processOf(thread)?.process;
        if (process) {
            this.nameThread(this.pid, thread.id, `${thread.name} (${process.pid})`);
        }
    }

    threadEnded(thread: Thread): void {
        while (this.end(thread.id, {})) {
            // the innermost slice ends first
        }
    }

    /** All events of the run so far. */
    events(): TraceEvent[] {
        this.endAll();
        return [...this.list, ...this.deviceTracks(), ...this.guestTracks(), ...this.stateTracks(), ...this.phases()];
    }

    private get now(): number {
        return this.host.machine.clock.now;
    }

    private get pid(): number {
        return this.index * PROCESSES_OF_RUN + PHASES + 1 + this.host.boot;
    }

    /** What the scenario does to the machine, on the track of the process that it meets. */
    private fault(name: string): void {
        const thread = this.host.interpreter.current;
        const tid = processOf(thread) ? thread.id : KERNEL;
        this.list.push({ ph: 'i', name, cat: 'fault', pid: this.pid, tid, ts: us(this.now), s: 't', args: {} });
    }

    private kernelMark(name: string): void {
        const tid = KERNEL;
        this.list.push({ ph: 'i', name, cat: 'state', pid: this.pid, tid, ts: us(this.now), s: 't', args: {} });
    }

    private begin(thread: Thread, name: string, cat: string, args: Args): void {
        const tid = processOf(thread) ? thread.id : KERNEL;
        this.stackOf(thread).push({ name, cat, pid: this.pid, tid, begin: this.now, args });
    }

    private stackOf(thread: Thread): Open[] {
        const known = this.open.get(thread.id);
        const stack = known ?? [];
        if (!known) {
            this.open.set(thread.id, stack);
        }
        return stack;
    }

    /** Ends the innermost slice of this name, and all open slices inside of it. */
    private endUpTo(thread: number, name: string, args: Args): void {
        const stack = this.open.get(thread) ?? [];
        while (stack.some((o) => o.name === name)) {
            const last = stack.at(-1)?.name === name;
            this.end(thread, last ? args : {});
            if (last) {
                return;
            }
        }
    }

    private end(thread: number, args: Args): boolean {
        const open = this.open.get(thread)?.pop();
        if (open) {
            this.slice({ ...open, args: { ...open.args, ...args } });
        }
        return open !== undefined;
    }

    private endAll(): void {
        for (const thread of this.open.keys()) {
            while (this.end(thread, {})) {
                // the innermost slice ends first
            }
        }
    }

    private slice({ name, cat, pid, tid, begin, args }: Open): void {
        this.list.push({
            ph: 'X',
            name,
            cat,
            pid,
            tid,
            ts: us(begin),
            dur: us(this.now - begin),
            args,
        });
    }

    private nameProcess(pid: number, name: string): void {
        this.list.push({
            ph: 'M',
            name: 'process_name',
            pid,
            tid: 0,
            args: { name: this.title === '' ? name : `${this.title}: ${name}` },
        });
        this.list.push({ ph: 'M', name: 'process_sort_index', pid, tid: 0, args: { sort_index: pid } });
    }

    private nameThread(pid: number, tid: number, name: string): void {
        const key = `${pid} ${tid}`;
        if (!this.named.has(key)) {
            this.named.add(key);
            this.list.push({ ph: 'M', name: 'thread_name', pid, tid, args: { name } });
            this.list.push({ ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: tid } });
        }
    }

    // ------------------------------------------------------------ arguments

    /** The file and session that a callback works on. */
    private aboutCallback(call: CallbackCall): Args {
        const file = (call.kind === 'handler' ? call.args?.luoFile : undefined) ?? fileAtWork(this.host);
        return file
            ? {
                  session: file.session.name,
                  token: hex(file.token),
                  handler: file.handler.compatible,
                  ...fileNamed(file.file),
              }
            : {};
    }

    /** The arguments of a system call of the standard library; descriptors are shown as their files. */
    private argumentsOf(frame: Frame | null): Args {
        const args: Record<string, string | number | boolean> = {};
        const process = processOf(this.host.interpreter.current)?.process;
        for (const [i, name] of (frame?.code.params ?? []).entries()) {
            const value = frame?.slots[i];
            if (name === 'readonly_reply' || value === undefined || value === null || typeof value === 'object') {
                continue;
            }
            const file =
                (name === 'fd' || name === 'file') && typeof value === 'number' ? process?.fds.get(value) : undefined;
            args[name] = file
                ? descriptor(file)
                : typeof value === 'bigint' || (typeof value === 'number' && HEXADECIMAL.has(name))
                  ? hex(value)
                  : value;
        }
        return args;
    }

    // ------------------------------------------------------------ devices

    private deviceTracks(): TraceEvent[] {
        const pid = this.index * PROCESSES_OF_RUN + DEVICES;
        const before = this.list.length;
        const names = this.host.machine.pci.devices.map((d) => d.shape.name);
        if (names.length > 0) {
            this.nameProcess(pid, 'devices');
        }
        for (const [tid, name] of names.entries()) {
            this.nameThread(pid, tid, name);
        }
        for (const { device, refused, begin, end, reads, writes, bytes } of this.devices.bursts()) {
            const tid = names.indexOf(device) + (refused ? names.length : 0);
            if (refused) {
                this.nameThread(pid, tid, `IOMMU, for ${device}`);
            }
            this.list.push({
                ph: 'X',
                name: refused ? 'refused' : 'DMA',
                cat: 'device',
                pid,
                tid,
                ts: us(begin),
                dur: us(end - begin),
                args: { reads, writes, bytes },
            });
        }
        for (const { device, text, time, count } of this.devices.marks) {
            this.list.push({
                ph: 'i',
                name: text,
                cat: 'interrupt',
                pid,
                tid: names.indexOf(device),
                ts: us(time),
                s: 't',
                args: { count },
            });
        }
        return this.list.splice(before);
    }

    // ------------------------------------------------------------ guests

    private guestTracks(): TraceEvent[] {
        const pid = this.index * PROCESSES_OF_RUN + GUESTS;
        const before = this.list.length;
        const slices = this.guests.slices();
        if (slices.length > 0) {
            this.nameProcess(pid, 'guests');
        }
        const tracks = [...new Set(slices.map(({ guest, index }) => `${guest}, vCPU ${index}`))];
        for (const [tid, name] of tracks.entries()) {
            this.nameThread(pid, tid, name);
        }
        for (const { guest, index, state, begin, end } of slices) {
            this.list.push({
                ph: 'X',
                name: state,
                cat: 'guest',
                pid,
                tid: tracks.indexOf(`${guest}, vCPU ${index}`),
                ts: us(begin),
                dur: us(end - begin),
                args: {},
            });
        }
        return this.list.splice(before);
    }

    // ------------------------------------------------------------ states

    private stateTracks(): TraceEvent[] {
        const before = this.list.length;
        const slices = this.states.slices();
        const { marks } = this.states;
        for (const group of STATE_GROUPS) {
            const pid = this.index * PROCESSES_OF_RUN + STATE_PROCESSES[group];
            // the tracks of the devices themselves stand before
            const first = group === 'devices' ? 2 * this.host.machine.pci.devices.length : 0;
            const tracks = [
                ...new Set([...slices, ...marks].filter((t) => t.group === group).map(({ track }) => track)),
            ];
            if (tracks.length > 0 && group !== 'devices') {
                this.nameProcess(pid, group);
            }
            for (const [i, track] of tracks.entries()) {
                this.nameThread(pid, first + i, track);
            }
            const at = (track: string): { cat: string; pid: number; tid: number } => ({
                cat: 'state',
                pid,
                tid: first + tracks.indexOf(track),
            });
            for (const { track, state, begin, end } of slices.filter((s) => s.group === group)) {
                this.list.push({ ph: 'X', name: state, ...at(track), ts: us(begin), dur: us(end - begin), args: {} });
            }
            for (const { track, text, time, count } of marks.filter((m) => m.group === group)) {
                this.list.push({ ph: 'i', name: text, ...at(track), ts: us(time), s: 't', args: { count } });
            }
        }
        return this.list.splice(before);
    }

    // ------------------------------------------------------------ phases

    private phases(): TraceEvent[] {
        const updates = (Updates.of(this.host)?.items ?? []).filter(
            (u) => u.prepared !== null || u.shutdownBegan !== null,
        );
        const pid = this.index * PROCESSES_OF_RUN + PHASES;
        const before = this.list.length;
        this.nameProcess(pid, 'live updates');
        for (const [i, u] of updates.entries()) {
            this.nameThread(pid, u.number, `update ${u.number}`);
            const begin = updates[i - 1]?.finished ?? (i === 0 ? 0 : null);
            const end = updates[i + 1]?.prepared ?? this.now;
            for (const { name, from, to, args } of phasesOf(u, begin, end)) {
                const until = to ?? this.now;
                this.list.push({
                    ph: 'X',
                    name,
                    cat: 'phase',
                    pid,
                    tid: u.number,
                    ts: us(from),
                    dur: us(until - from),
                    args,
                });
            }
        }
        return this.list.splice(before);
    }
}

/** The processes of the trace that hold the groups of states. */
const STATE_PROCESSES: Readonly<Record<StateGroup, number>> = {
    sessions: SESSIONS,
    devices: DEVICES,
    'confidential guests': CONFIDENTIAL,
};

/** The slice of a process whose cgroup is frozen. */
const FROZEN = 'frozen';

function waitName(lock: string): string {
    return `waits for ${lock}`;
}

function us(ns: number): number {
    return ns / 1000;
}

function shown(result: Value | Err): string | number {
    return result instanceof Err
        ? `-${result.name}`
        : typeof result === 'number' || typeof result === 'string'
          ? result
          : typeof result === 'bigint'
            ? hex(result)
            : 'ok';
}

function descriptor(file: OpenFile): string {
    return file.priv instanceof LuoSession ? `session ${file.priv.name}` : `${file.kind} ${file.name}`;
}

function fileNamed(file: OpenFile | null): Args {
    return file ? { file: file.name } : {};
}
