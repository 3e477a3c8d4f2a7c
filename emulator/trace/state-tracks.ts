/**
 * What of a run lasts beside the calls of its processes, for a trace: sessions over a kexec, commands of disks, memory
 * and suspended drivers of devices, confidential guests.
 */
import type { Clock } from '../machine/clock';
import type { Device } from '../machine/devices/device';
import type { DeviceMemoryEvent } from '../machine/devices/device-memory';
import type { NvmeEvent } from '../machine/devices/nvme';
import type { TeeEvent } from '../machine/tee/tee';
import { Err } from '../kernel/release/errno';
import type { Value } from '../language/types';
import type { CallbackCall, KernelWork } from '../runtime/purpose';
import { counted, hex, sizeText } from '../text/text';

export type StateGroup = 'sessions' | 'devices' | 'confidential guests';

/** The groups, in the order in which a trace shows them. */
export const STATE_GROUPS: readonly StateGroup[] = ['sessions', 'devices', 'confidential guests'];

interface Track {
    readonly group: StateGroup;
    readonly track: string;
}

/** A state that lasts. Times in nanoseconds. */
export interface StateSlice extends Track {
    readonly state: string;
    readonly begin: number;
    readonly end: number;
}

/** A moment on a track. `count`: how often it happened in a row. */
export interface StateMark extends Track {
    readonly text: string;
    readonly time: number;
    readonly count: number;
}

/** More sessions have no tracks: a trace with thousands of them cannot be read. */
const SESSIONS = 100;

/** Nanoseconds without a command of a disk that are not shown. */
const PAUSE = 200_000;

export class StateTracks {
    private readonly over: StateSlice[] = [];
    private readonly open = new Map<string, StateSlice>();
    /** By track, the latest of its marks. */
    private readonly latest = new Map<string, { -readonly [K in keyof StateMark]: StateMark[K] }>();
    /** By track, commands of a disk that were in flight: more may follow at once. */
    private readonly resting = new Map<string, StateSlice>();
    readonly marks: StateMark[] = [];
    private readonly sessions = new Set<string>();
    /** Commands of disks that were taken and not executed. */
    private readonly flight = new Map<string, number>();

    constructor(private readonly clock: Clock) {}

    /** All slices up to now. */
    slices(): StateSlice[] {
        return [
            ...this.over,
            ...this.resting.values(),
            ...[...this.open.values()].map((s) => ({ ...s, end: this.clock.now })),
        ];
    }

    // ------------------------------------------------------------ sessions

    callbackLeft(call: CallbackCall, result: Value | Err): void {
        if (call.kind !== 'handler' || call.args === null) {
            return;
        }
        const { session, token, handler } = call.args.luoFile;
        const failed = result instanceof Err ? ` fails with ${result.name}` : '';
        switch (call.callback) {
            case 'preserve':
            case 'retrieve':
            case 'unpreserve':
                this.sessionMark(session.name, `${call.callback} ${hex(token)} ${handler.compatible}${failed}`);
                break;
            case 'freeze':
                if (failed === '') {
                    this.sessionState(session.name, 'frozen');
                } else {
                    this.sessionMark(session.name, `freeze ${hex(token)} ${handler.compatible}${failed}`);
                }
                break;
            case 'unfreeze':
                this.sessionState(session.name, 'outgoing');
        }
    }

    kernelLeft(work: KernelWork, result: Value | Err): void {
        if (result instanceof Err) {
            return;
        }
        if (work.kind === 'create_session') {
            this.sessionState(work.session, 'outgoing');
        } else if (work.kind === 'retrieve_session') {
            this.sessionState(work.session, 'retrieved');
        } else if (work.kind === 'finish' && work.session) {
            this.sessionState(work.session.name, null);
        }
    }

    sessionReleased(name: string): void {
        this.sessionState(name, null);
    }

    /** The kernel has ended, and with it all sessions but those that it hands over. */
    kernelEnded(handsOver: boolean): void {
        for (const { group, track, state } of [...this.open.values()]) {
            if (group === 'sessions' && state !== 'handed over') {
                this.state({ group, track }, handsOver && state === 'frozen' ? 'handed over' : null);
            }
        }
    }

    private hasTrack(session: string): boolean {
        if (this.sessions.size < SESSIONS) {
            this.sessions.add(session);
        }
        return this.sessions.has(session);
    }

    private sessionState(name: string, state: string | null): void {
        if (this.hasTrack(name)) {
            this.state({ group: 'sessions', track: name }, state);
        }
    }

    private sessionMark(name: string, text: string): void {
        if (this.hasTrack(name)) {
            this.mark({ group: 'sessions', track: name }, text);
        }
    }

    // ------------------------------------------------------------ devices

    disk({ shape: { name } }: Device, event: NvmeEvent): void {
        const track: Track = { group: 'devices', track: `${name}, queue` };
        const before = this.flight.get(name) ?? 0;
        switch (event.kind) {
            case 'submitted':
                this.inFlight(track, name, before + 1);
                break;
            case 'executed':
                this.inFlight(track, name, before - 1);
                if (event.status !== 0) {
                    this.mark(track, 'a command fails');
                }
                break;
            case 'answered':
                if (event.beyond.length > 0) {
                    this.mark(track, 'an old completion is read for a new one');
                }
                break;
            case 'deleted':
                this.inFlight(track, name, 0);
                this.mark(
                    track,
                    `the queues are deleted: ${counted(event.aborted.length, 'command')} not executed, ${counted(event.unread.length, 'completion')} not read`,
                );
        }
    }

    private inFlight(track: Track, name: string, count: number): void {
        this.flight.set(name, Math.max(count, 0));
        const key = keyOf(track);
        const { now } = this.clock;
        const open = this.open.get(key);
        if (count > 0 && !open) {
            const before = this.resting.get(key);
            this.resting.delete(key);
            if (before && now - before.end > PAUSE) {
                this.over.push(before);
            }
            const begin = before && now - before.end <= PAUSE ? before.begin : now;
            this.open.set(key, { ...track, state: 'commands in flight', begin, end: now });
        } else if (count <= 0 && open) {
            this.open.delete(key);
            this.resting.set(key, { ...open, end: now });
        }
    }

    deviceMemory({ shape: { name } }: Device, event: DeviceMemoryEvent): void {
        this.mark(
            { group: 'devices', track: `${name}, memory` },
            event.kind === 'cleared'
                ? `a reset clears ${sizeText(event.bytes)}`
                : `the ${event.by} uses ${sizeText(event.length)} that a reset has cleared`,
        );
    }

    unanswered({ shape: { name } }: Device, peer: Device): void {
        this.mark({ group: 'devices', track: `${name}, memory of others` }, `${peer.shape.name} does not answer`);
    }

    deviceSuspended({ shape: { name } }: Device): void {
        this.state({ group: 'devices', track: `${name}, driver` }, 'suspended');
    }

    deviceResumed({ shape: { name } }: Device, wasReset: boolean): void {
        const track: Track = { group: 'devices', track: `${name}, driver` };
        this.state(track, null);
        this.mark(track, wasReset ? 'resumed after a reset' : 'resumed');
    }

    // ------------------------------------------------------------ confidential guests

    tee(event: TeeEvent): void {
        switch (event.kind) {
            case 'launched':
                this.mark(
                    { group: 'confidential guests', track: event.guest.name },
                    event.before === 0 ? 'launched' : 'launched again: what it was before is lost',
                );
                break;
            case 'taken':
                this.mark(
                    { group: 'confidential guests', track: event.name },
                    `not launched: ${event.by.name} has its place`,
                );
                break;
            case 'written':
                this.mark(
                    { group: 'confidential guests', track: 'memory' },
                    'a kernel writes a page that is not its own',
                );
        }
    }

    // ------------------------------------------------------------ tracks

    /** Ends the state of a track. `state`: what it is from now on; null: nothing. The same state goes on. */
    private state(track: Track, state: string | null): void {
        const key = keyOf(track);
        const before = this.open.get(key);
        if (before?.state === state) {
            return;
        }
        const { now } = this.clock;
        if (before) {
            this.over.push({ ...before, end: now });
            this.open.delete(key);
        }
        if (state !== null) {
            this.open.set(key, { ...track, state, begin: now, end: now });
        }
    }

    private mark(track: Track, text: string): void {
        const key = keyOf(track);
        const last = this.latest.get(key);
        if (last?.text === text) {
            last.count++;
        } else {
            const mark = { ...track, text, time: this.clock.now, count: 1 };
            this.latest.set(key, mark);
            this.marks.push(mark);
        }
    }
}

function keyOf({ group, track }: Track): string {
    return `${group} ${track}`;
}
