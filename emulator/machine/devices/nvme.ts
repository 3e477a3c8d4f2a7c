/**
 * The controller of an NVMe disk: a pair of queues in memory, the commands in flight, and the blocks of its namespace.
 * Layouts and status values: NVM Express Base Specification 2.0, sections 3.3.3.1 (submission entries), 3.3.3.2
 * (completion entries, phase tag) and 4.1 (PRP entries); opcodes: NVM Command Set Specification 1.0, section 3.2.
 */
import { TIMER } from '../chooser';
import type { Clock, Timer } from '../clock';
import { costId } from '../costs';
import type { Hasher } from '../hash';
import { type Journal, JournaledList, JournaledRecord } from '../journal';
import { PhysicalMemory } from '../memory';
import { addressAt, record } from './model';

/** Bytes of a logical block. */
export const BLOCK = 4096;
/** Bytes of an entry of the two queues. */
export const SUBMISSION = 64;
export const COMPLETION = 16;
/** Queues of an I/O queue pair have at most 64 Ki entries. */
export const MOST_ENTRIES = 65_536;

const FLUSH = 0;
export const NVME_WRITE = 1;
export const NVME_READ = 2;
const PRP1 = 24;
const LBA = 40;
const BLOCKS = 48;
/** Where a completion entry has the id of its command. */
export const COMPLETION_ID = 12;

const SUCCESS = 0;
const INVALID_OPCODE = 0x01;
const ID_CONFLICT = 0x03;
const TRANSFER_ERROR = 0x04;
const OUT_OF_RANGE = 0x80;

const READ = costId('nvme_read');
const WRITE = costId('nvme_write');
const FLUSH_TIME = costId('nvme_flush');
const NOTHING = new Uint8Array(0);

/** An I/O queue pair as its driver creates it. Addresses are those that the device sends. */
export interface QueuePair {
    readonly submission: number;
    readonly completion: number;
    readonly entries: number;
}

/** A command that the controller has fetched. */
export interface Command {
    /** The number of commands before it, since the machine was switched on. */
    readonly serial: number;
    readonly id: number;
    readonly opcode: number;
    /** The first block, and the number of blocks. */
    readonly lba: number;
    readonly blocks: number;
    /** Where its data is in memory: contiguous for the device. */
    readonly buffer: number;
    /** The data of a write, which the controller fetches with the command. */
    readonly data: Uint8Array;
    readonly status: number;
    /** When it is executed, in nanoseconds. */
    readonly due: number;
}

/** What a command does, in a word. */
export const operationOf = ({ opcode }: Command): string =>
    opcode === NVME_WRITE ? 'write' : opcode === NVME_READ ? 'read' : 'flush';

/** What happens at the controller, for observers. */
export type NvmeEvent =
    | { readonly kind: 'submitted'; readonly command: Command }
    /** `status`: of the completion. */
    | { readonly kind: 'executed'; readonly command: Command; readonly status: number }
    /** The driver has read completions. `beyond`: slots that it read and that the controller has not written. */
    | { readonly kind: 'answered'; readonly commands: readonly Command[]; readonly beyond: readonly number[] }
    /** The queue pair is deleted: commands in flight are not executed, and completions may be unread. */
    | { readonly kind: 'deleted'; readonly aborted: readonly Command[]; readonly unread: readonly Command[] };

/** What the controller needs from its device. */
export interface NvmePort {
    /** The name of the device. */
    readonly name: string;
    read(iova: number, length: number): Uint8Array | null;
    write(iova: number, bytes: Uint8Array): boolean;
    interrupt(queue: number): unknown;
    happened(event: NvmeEvent): void;
}

export class NvmeController extends JournaledRecord implements Timer {
    readonly at: number = Infinity;
    /** Null: no queue pair exists. */
    readonly queues: QueuePair | null = null;
    /** The next slot that the controller fetches, and the one behind the last that the driver has submitted. */
    readonly submissionHead: number = 0;
    readonly submissionTail: number = 0;
    /** The next slot that the controller writes, with this phase, and the first that the driver has not read. */
    readonly completionTail: number = 0;
    readonly phase: number = 1;
    readonly completionHead: number = 0;
    /** Commands that were fetched, executed, and not executed because the queue pair was deleted. */
    readonly submitted: number = 0;
    readonly executed: number = 0;
    readonly aborted: number = 0;
    /** Completions that did not reach memory. */
    readonly lost: number = 0;
    /** Fetched and not executed, in the order of submission. */
    readonly flight: JournaledList<Command>;
    /** Executed, with a completion that the driver has not read, in the order of completion. */
    readonly unread: JournaledList<Command>;
    /** The contents of the namespace. They survive everything except a write. */
    readonly medium: PhysicalMemory;

    constructor(
        private readonly journal: Journal,
        private readonly clock: Clock,
        private readonly port: NvmePort,
        /** Size of the namespace in blocks. */
        readonly blocks: number,
    ) {
        super(journal);
        this.flight = new JournaledList(journal);
        this.unread = new JournaledList(journal);
        this.medium = new PhysicalMemory(journal);
        clock.add(this);
    }

    get label(): string {
        return this.port.name;
    }

    /** Create I/O Submission Queue and Create I/O Completion Queue: both are empty, and the phase is 1. */
    create(queues: QueuePair): void {
        this.delete();
        const e = this.journal.edit<NvmeController>(this);
        e.queues = queues;
        e.submissionHead = 0;
        e.submissionTail = 0;
        e.completionTail = 0;
        e.completionHead = 0;
        e.phase = 1;
    }

    /** The queue pair ends: by its deletion, a reset of the controller or of the function. */
    delete(): void {
        if (!this.queues) {
            return;
        }
        const aborted = this.flight.items.slice();
        const unread = this.unread.items.slice();
        this.flight.clear();
        this.unread.clear();
        const e = this.journal.edit<NvmeController>(this);
        e.queues = null;
        e.at = Infinity;
        e.aborted += aborted.length;
        this.clock.rearm();
        this.port.happened({ kind: 'deleted', aborted, unread });
    }

    /**
     * The doorbell of the submission queue: the controller fetches all new commands.
     * @param tail a slot of the queue
     */
    submit(tail: number): void {
        const { queues } = this;
        if (!queues) {
            return;
        }
        this.journal.edit<NvmeController>(this).submissionTail = tail;
        while (this.submissionHead !== tail) {
            const slot = this.submissionHead;
            this.journal.edit<NvmeController>(this).submissionHead = (slot + 1) % queues.entries;
            const entry = this.port.read(queues.submission + slot * SUBMISSION, SUBMISSION);
            if (entry) {
                this.fetched(entry);
            }
        }
        this.clock.rearm();
    }

    /** The doorbell of the completion queue: the driver has read all slots before this one. */
    acknowledge(head: number): void {
        const { queues } = this;
        if (!queues) {
            return;
        }
        const slots = (head - this.completionHead + queues.entries) % queues.entries;
        const commands = this.unread.items.slice(0, slots);
        for (const _ of commands) {
            this.unread.shift();
        }
        const beyond = Array.from(
            { length: slots - commands.length },
            (_, i) => (this.completionHead + commands.length + i) % queues.entries,
        );
        this.journal.edit<NvmeController>(this).completionHead = head;
        this.rearm();
        this.clock.rearm();
        this.port.happened({ kind: 'answered', commands, beyond });
    }

    fire(): void {
        const { now, chooser } = this.clock;
        const due = this.flight.items.filter((c) => c.due <= now);
        const command = due[due.length > 1 ? chooser.pick(TIMER, due.length) : 0];
        if (command) {
            this.flight.remove(command);
            this.execute(command);
        }
        this.rearm();
    }

    /** The next command is executed when its time has passed and the completion queue has room. */
    private rearm(): void {
        const full = this.queues !== null && this.unread.length >= this.queues.entries - 1;
        const at = full ? Infinity : this.flight.items.reduce((least, { due }) => Math.min(least, due), Infinity);
        this.journal.edit<NvmeController>(this).at = at;
    }

    private fetched(entry: Uint8Array): void {
        const view = new DataView(entry.buffer, entry.byteOffset, entry.length);
        const opcode = view.getUint8(0);
        const id = view.getUint16(2, true);
        const lba = addressAt(entry, LBA);
        const blocks = opcode === FLUSH ? 0 : view.getUint16(BLOCKS, true) + 1;
        const buffer = addressAt(entry, PRP1);
        const refused = this.check(opcode, id, lba, blocks);
        const data = opcode === NVME_WRITE && refused === SUCCESS ? this.port.read(buffer, blocks * BLOCK) : NOTHING;
        const status = data ? refused : TRANSFER_ERROR;
        const rate = this.clock.rate(opcode === FLUSH ? FLUSH_TIME : opcode === NVME_READ ? READ : WRITE);
        const time = status === SUCCESS ? rate * Math.max(blocks, 1) : 0;
        const command: Command = {
            serial: this.submitted,
            id,
            opcode,
            lba,
            blocks,
            buffer,
            data: data ?? NOTHING,
            status,
            due: this.clock.now + time,
        };
        this.journal.edit<NvmeController>(this).submitted++;
        this.flight.push(command);
        this.rearm();
        this.port.happened({ kind: 'submitted', command });
    }

    private check(opcode: number, id: number, lba: number, blocks: number): number {
        if (opcode !== FLUSH && opcode !== NVME_WRITE && opcode !== NVME_READ) {
            return INVALID_OPCODE;
        }
        if (this.flight.items.some((c) => c.id === id)) {
            return ID_CONFLICT;
        }
        return lba + blocks <= this.blocks ? SUCCESS : OUT_OF_RANGE;
    }

    private execute(command: Command): void {
        const { queues } = this;
        if (!queues) {
            return;
        }
        let { status } = command;
        if (status === SUCCESS && command.opcode === NVME_WRITE) {
            this.medium.write(command.lba * BLOCK, command.data);
        } else if (status === SUCCESS && command.opcode === NVME_READ) {
            const data = this.medium.read(command.lba * BLOCK, command.blocks * BLOCK);
            status = this.port.write(command.buffer, data) ? SUCCESS : TRANSFER_ERROR;
        }
        const slot = this.completionTail;
        const reached = this.port.write(
            queues.completion + slot * COMPLETION,
            record(
                COMPLETION,
                [8, 2, this.submissionHead],
                [COMPLETION_ID, 2, command.id],
                [14, 2, status * 2 + this.phase],
            ),
        );
        const e = this.journal.edit<NvmeController>(this);
        e.executed++;
        e.completionTail = (slot + 1) % queues.entries;
        e.phase = e.completionTail === 0 ? 1 - this.phase : this.phase;
        e.lost += reached ? 0 : 1;
        this.unread.push(command);
        this.port.happened({ kind: 'executed', command, status });
        if (reached) {
            this.port.interrupt(0);
        }
    }

    hash(hasher: Hasher): void {
        const { queues } = this;
        hasher
            .num(queues?.submission ?? -1)
            .num(queues?.completion ?? -1)
            .num(queues?.entries ?? 0)
            .num(this.submissionHead)
            .num(this.submissionTail)
            .num(this.completionTail)
            .num(this.completionHead)
            .num(this.phase)
            .num(this.submitted)
            .num(this.executed)
            .num(this.aborted)
            .num(this.lost);
        for (const list of [this.flight, this.unread]) {
            hasher.u32(list.length);
            for (const { id, opcode, lba, blocks, buffer, data, status, due } of list) {
                hasher.num(id).num(opcode).num(lba).num(blocks).num(buffer).bytes(data).num(status).num(due);
            }
        }
        this.medium.hash(hasher);
    }
}
