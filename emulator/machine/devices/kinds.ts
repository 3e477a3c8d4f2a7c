/** The kinds of devices that a machine can have. */
import { IO_PAGE } from '../iommu/tables';
import { addressAt, payload, record, type Model } from './model';
import { COMPLETION, NVME_READ, NVME_WRITE, SUBMISSION } from './nvme';

/**
 * Receive and transmit descriptors of 16 bytes as in the legacy format of Intel's 8254x (PCI/PCI-X Family of Gigabit
 * Ethernet Controllers, Software Developer's Manual, sections 3.2.3 and 3.3.3): address, length, and a status byte at
 * 12 whose bit 0 means done.
 */
const DESCRIPTOR = 16;
const DONE = 1;
const END_OF_PACKET = 2;
const DESCRIPTORS = 16;
const TX_RING = 0x800;
const BUFFER = 2048;
/** In one of this many rounds, a frame is sent instead of received. */
const TRANSMIT_EVERY = 4;

/** For each queue a page with its two rings, followed by the buffers. */
const nicBuffer = (base: number, queues: number, queue: number, index: number): number =>
    base + queues * IO_PAGE + (queue * DESCRIPTORS + index) * BUFFER;

const nic: Model = {
    ids: { vendor: 0x8086, device: 0x100e, classCode: 0x02_0000 },
    barSize: 0x2_0000,
    length: (queues) => queues * (IO_PAGE + DESCRIPTORS * BUFFER),
    size: 1500,
    every: 20_000,
    hasShutdown: true,
    hasLink: true,
    blocks: 0,
    prepare(program, queues, put) {
        for (let q = 0; q < queues; q++) {
            for (let i = 0; i < DESCRIPTORS; i++) {
                const descriptor = record(
                    DESCRIPTOR,
                    [0, 8, nicBuffer(program.base, queues, q, i)],
                    [8, 2, program.size],
                );
                put(program.base + q * IO_PAGE + i * DESCRIPTOR, descriptor);
                put(program.base + q * IO_PAGE + TX_RING + i * DESCRIPTOR, descriptor);
            }
        }
    },
    step(device, program, round) {
        const queue = round % device.queues;
        const index = Math.floor(round / device.queues) % DESCRIPTORS;
        const send = round % TRANSMIT_EVERY === TRANSMIT_EVERY - 1;
        const at = program.base + queue * IO_PAGE + (send ? TX_RING : 0) + index * DESCRIPTOR;
        const descriptor = device.read(at, DESCRIPTOR);
        const buffer = descriptor ? addressAt(descriptor, 0) : -1;
        const length = Math.min(program.size, BUFFER);
        const done =
            descriptor !== null &&
            (send ? device.read(buffer, length) !== null : device.write(buffer, payload(length, round)));
        if (!send) {
            device.frame(done);
        }
        if (done) {
            device.write(at + 8, record(8, [0, 2, length], [4, 1, DONE | END_OF_PACKET]));
            device.interrupt(queue);
        }
    },
};

/**
 * Submission and completion queues: NVM Express Base Specification 2.0, sections 3.3.3.1 (entries of 64 bytes: opcode,
 * command id, PRP 1 at 24) and 3.3.3.2 (16 bytes: submission queue head, command id, phase bit).
 */
const COMMANDS = 64;
const PRP1 = 24;
/** A namespace of 1 TiB. */
const NVME_BLOCKS = 2 ** 28;
const nvme: Model = {
    ids: { vendor: 0x144d, device: 0xa80a, classCode: 0x01_0802 },
    barSize: 0x4000,
    length: () => 2 * IO_PAGE + COMMANDS * IO_PAGE,
    size: IO_PAGE,
    every: 50_000,
    hasShutdown: true,
    hasLink: false,
    blocks: NVME_BLOCKS,
    prepare(program, _queues, put) {
        for (let i = 0; i < COMMANDS; i++) {
            const opcode = i % 4 === 3 ? NVME_WRITE : NVME_READ;
            put(
                program.base + i * SUBMISSION,
                record(SUBMISSION, [0, 1, opcode], [2, 2, i], [4, 4, 1], [PRP1, 8, program.base + (2 + i) * IO_PAGE]),
            );
        }
    },
    step(device, program, round) {
        const index = round % COMMANDS;
        const command = device.read(program.base + index * SUBMISSION, SUBMISSION);
        if (!command) {
            return;
        }
        const buffer = addressAt(command, PRP1);
        const size = Math.min(program.size, IO_PAGE);
        const ok =
            command[0] === NVME_READ ? device.write(buffer, payload(size, round)) : device.read(buffer, size) !== null;
        const phase = Math.floor(round / COMMANDS) % 2 === 0 ? 1 : 0;
        const status = ok ? 0 : 4;
        const id = (command[2] ?? 0) + (command[3] ?? 0) * 256;
        if (
            device.write(
                program.base + IO_PAGE + index * COMPLETION,
                record(COMPLETION, [8, 2, (index + 1) % COMMANDS], [12, 2, id], [14, 2, status * 2 + phase]),
            )
        ) {
            device.interrupt(0);
        }
    },
};

/** Copies in bulk from the first half of its memory to the second, and raises an interrupt when it starts over. */
const gpu: Model = {
    ids: { vendor: 0x10de, device: 0x2330, classCode: 0x03_0200 },
    barSize: 0x100_0000,
    length: () => 0x20_0000,
    size: 0x1_0000,
    every: 100_000,
    hasShutdown: false,
    hasLink: false,
    blocks: 0,
    prepare: () => undefined,
    step(device, { base, length, size }, round) {
        const half = Math.floor(length / 2);
        const n = Math.min(size, half);
        const chunks = Math.max(1, Math.floor(half / n));
        const at = (round % chunks) * n;
        const data = device.read(base + at, n);
        if (data && device.write(base + half + at, data) && round % chunks === chunks - 1) {
            device.interrupt(0);
        }
    },
};

/** A simple engine: it writes from one end of its memory to the other, again and again. */
const dma: Model = {
    ids: { vendor: 0x8086, device: 0x0b25, classCode: 0x08_8000 },
    barSize: 0x1_0000,
    length: () => 0x10_0000,
    size: 64,
    every: 1000,
    hasShutdown: false,
    hasLink: false,
    blocks: 0,
    prepare: () => undefined,
    step(device, { base, length, size }, round) {
        const places = Math.max(1, Math.floor(length / size));
        device.write(base + (round % places) * size, payload(size, round));
        if (round % places === places - 1) {
            device.interrupt(0);
        }
    },
};

const MODELS = { nic, nvme, gpu, dma };

export type DeviceKind = keyof typeof MODELS;

export const DEVICE_KINDS: ReadonlyMap<string, Model> = new Map(Object.entries(MODELS));
