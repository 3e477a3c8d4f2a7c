/**
 * Interrupt remapping and posting: entries against the figures of the manuals, and the way of messages against a
 * walker that was written apart from it.
 */
import assert from 'node:assert/strict';
import { AMD_INTERRUPTS, interruptWord, interruptWordAt } from '../../../emulator/machine/interrupts/amd';
import {
    describeDescriptor,
    makeDescriptor,
    post,
    posted,
    take,
} from '../../../emulator/machine/interrupts/descriptor';
import { compatibleMessage, destinationOf, type Message } from '../../../emulator/machine/interrupts/message';
import {
    onlyFrom,
    type InterruptEntry,
    type RemappingFormat,
    type Route,
} from '../../../emulator/machine/interrupts/remapping';
import { VTD_INTERRUPTS } from '../../../emulator/machine/interrupts/vtd';
import { Journal } from '../../../emulator/machine/journal';
import { PhysicalMemory } from '../../../emulator/machine/memory';
import { Random } from '../../support/random';
import { bits } from '../../support/bits';

const RAM = 2 ** 32;
const TABLE = 0x10_0000;
const DEVICE_TABLE = 0x20_0000;
const NO_CACHE = { get: () => undefined, set: () => undefined };

class Host {
    readonly memory = new PhysicalMemory(new Journal());

    isRam(pa: number, length = 1): boolean {
        return pa >= 0 && pa + length <= RAM;
    }

    u64(pa: number): bigint {
        return BigInt(this.memory.readU64(pa));
    }

    put(format: RemappingFormat, at: number, entry: InterruptEntry | null): void {
        for (const [i, word] of format.words(entry).entries()) {
            this.memory.writeU32(at + i * 4, word);
        }
    }
}

suite('interrupts: entries as the manuals draw them', () => {
    test('messages in the compatibility format: destination in the address, vector in the data', () => {
        const m = compatibleMessage({ cpu: 5, vector: 0x41 });
        assert.deepEqual(m, { address: 0xfee0_5000, data: 0x41 });
        assert.deepEqual(destinationOf(m), { cpu: 5, vector: 0x41 });
        assert.equal(
            destinationOf({ address: 0xfee0_0000, data: 0x441 }),
            undefined,
            'an NMI is no interrupt of a device',
        );
        assert.deepEqual(
            destinationOf({ address: 0xfee0_8004, data: 0x41 }),
            { cpu: 3, vector: 0x41 },
            'a logical destination: a bit a processor',
        );
    });

    test('VT-d: requests in the remappable format (section 5.1.2.2)', () => {
        const { address, data } = VTD_INTERRUPTS.message(0x8123, { cpu: 0, vector: 0 });
        const a = BigInt(address);
        assert.deepEqual(
            {
                window: bits(a, 31, 20),
                handle: bits(a, 19, 5),
                format: bits(a, 4, 4),
                shv: bits(a, 3, 3),
                handle15: bits(a, 2, 2),
                data,
            },
            { window: 0xfeen, handle: 0x123n, format: 1n, shv: 1n, handle15: 1n, data: 0 },
        );
    });

    test('VT-d: entries for remapped (9.9) and for posted interrupts (9.10)', () => {
        const host = new Host();
        host.put(VTD_INTERRUPTS, TABLE, {
            kind: 'remapped',
            to: { cpu: 0x1_0002, vector: 0x41 },
            source: onlyFrom(0x3b10),
        });
        const low = host.u64(TABLE);
        const high = host.u64(TABLE + 8);
        assert.deepEqual(
            {
                p: bits(low, 0, 0),
                fpd: bits(low, 1, 1),
                dm: bits(low, 2, 2),
                rh: bits(low, 3, 3),
                tm: bits(low, 4, 4),
                dlm: bits(low, 7, 5),
                im: bits(low, 15, 15),
                v: bits(low, 23, 16),
                dst: bits(low, 63, 32),
            },
            { p: 1n, fpd: 0n, dm: 0n, rh: 0n, tm: 0n, dlm: 0n, im: 0n, v: 0x41n, dst: 0x1_0002n },
        );
        assert.deepEqual(
            { sid: bits(high, 15, 0), sq: bits(high, 17, 16), svt: bits(high, 19, 18) },
            { sid: 0x3b10n, sq: 0n, svt: 1n },
        );
        host.put(VTD_INTERRUPTS, TABLE, {
            kind: 'posted',
            descriptor: 0x5_4321_0040,
            vector: 0x51,
            urgent: true,
            source: onlyFrom(0x3b10),
        });
        const first = host.u64(TABLE);
        const second = host.u64(TABLE + 8);
        assert.deepEqual(
            {
                p: bits(first, 0, 0),
                urg: bits(first, 14, 14),
                im: bits(first, 15, 15),
                vv: bits(first, 23, 16),
                pdaLow: bits(first, 63, 38),
            },
            { p: 1n, urg: 1n, im: 1n, vv: 0x51n, pdaLow: 0x4321_0040n >> 6n },
        );
        assert.deepEqual(
            { sid: bits(second, 15, 0), svt: bits(second, 19, 18), pdaHigh: bits(second, 63, 32) },
            { sid: 0x3b10n, svt: 1n, pdaHigh: 5n },
        );
    });

    test('AMD: the interrupt fields of a device table entry (table 7), entries of 32 bits (section 2.2.5)', () => {
        const { low, high } = interruptWord(0x1_2345_6000);
        const word = (BigInt(high) << 32n) | BigInt(low);
        assert.equal(interruptWordAt(DEVICE_TABLE, 0x3b10) - DEVICE_TABLE, 0x3b10 * 32 + 16, 'bits 191:128');
        assert.deepEqual(
            { iv: bits(word, 0, 0), length: bits(word, 4, 1), root: bits(word, 51, 6), control: bits(word, 61, 60) },
            { iv: 1n, length: 9n, root: 0x1_2345_6000n >> 6n, control: 2n },
        );
        const host = new Host();
        host.put(AMD_INTERRUPTS, TABLE, { kind: 'remapped', to: { cpu: 7, vector: 0x41 }, source: undefined });
        const entry = BigInt(host.memory.readU32(TABLE));
        assert.deepEqual(
            {
                remapEn: bits(entry, 0, 0),
                type: bits(entry, 4, 2),
                dm: bits(entry, 6, 6),
                destination: bits(entry, 15, 8),
                vector: bits(entry, 23, 16),
            },
            { remapEn: 1n, type: 0n, dm: 0n, destination: 7n, vector: 0x41n },
        );
        assert.equal(AMD_INTERRUPTS.message(0x1a3, { cpu: 7, vector: 0x41 }).data, 0x1a3, 'MSI data bits 10:0');
    });

    test('posted-interrupt descriptors (9.11), and what the hardware does with them (5.2.3)', () => {
        const { memory } = new Host();
        const u64 = (at: number): bigint => BigInt(memory.readU64(at));
        makeDescriptor(memory, TABLE, { cpu: 3, vector: 0xf2 });
        assert.deepEqual(
            { nv: bits(u64(TABLE + 32), 23, 16), ndst: bits(u64(TABLE + 32), 63, 32) },
            { nv: 0xf2n, ndst: 3n },
        );
        assert.deepEqual(post(memory, TABLE, 0x51, false), { merged: false, notify: { cpu: 3, vector: 0xf2 } });
        assert.deepEqual(
            { pir: bits(u64(TABLE + 8), 0x11, 0x11), on: bits(u64(TABLE + 32), 0, 0) },
            { pir: 1n, on: 1n },
        );
        assert.deepEqual(
            post(memory, TABLE, 0x51, false),
            { merged: true, notify: null },
            'ON is set: nobody is told again',
        );
        assert.deepEqual(post(memory, TABLE, 0xff, false), { merged: false, notify: null });
        assert.deepEqual(posted(memory, TABLE), [0x51, 0xff]);
        assert.deepEqual(take(memory, TABLE), [0x51, 0xff]);
        assert.deepEqual(
            [posted(memory, TABLE), describeDescriptor(memory, TABLE)],
            [[], { outstanding: false, suppressed: false, vector: 0xf2, cpu: 3 }],
        );
        memory.writeU32(TABLE + 32, memory.readU32(TABLE + 32) | 2);
        assert.equal(post(memory, TABLE, 0x20, false)?.notify, null, 'SN suppresses');
        assert.notEqual(post(memory, TABLE, 0x21, true)?.notify, null, 'but not urgent ones');
        memory.writeU32(TABLE + 32, 4);
        assert.equal(post(memory, TABLE, 0x20, false), undefined, 'reserved bits');
    });
});

type Answer = string;

/** Another reading of VT-d's rules, on bigints and one field after the other. */
function naiveVtd(host: Host, entries: number, requester: number, { address, data }: Message): Answer {
    const a = BigInt(address);
    if (bits(a, 31, 20) !== 0xfeen) {
        return 'as-is';
    }
    if (bits(a, 4, 4) === 0n) {
        return 'fault compatibility';
    }
    let index = bits(a, 19, 5) | (bits(a, 2, 2) << 15n);
    if (bits(a, 3, 3) === 1n) {
        if (BigInt(data) >> 16n !== 0n) {
            return 'fault request';
        }
        index += BigInt(data) & 0xffffn;
    }
    if (index >= BigInt(entries)) {
        return 'fault index';
    }
    const at = TABLE + Number(index) * 16;
    const entry = host.u64(at) | (host.u64(at + 8) << 64n);
    if (bits(entry, 0, 0) === 0n) {
        return 'fault not-present';
    }
    const isPosted = bits(entry, 15, 15) === 1n;
    const reserved = isPosted
        ? [
              [7, 2],
              [13, 12],
              [31, 24],
              [37, 32],
              [95, 84],
          ]
        : [
              [14, 12],
              [31, 24],
              [127, 84],
          ];
    const mode = bits(entry, 7, 5);
    if (
        reserved.some(([high, low]) => bits(entry, high ?? 0, low ?? 0) !== 0n) ||
        bits(entry, 83, 82) === 3n ||
        (!isPosted && mode > 1n)
    ) {
        return 'fault reserved';
    }
    const sid = bits(entry, 79, 64);
    const rid = BigInt(requester);
    if (bits(entry, 83, 82) === 1n) {
        const same = { 0: 0xffffn, 1: 0xfffbn, 2: 0xfff9n, 3: 0xfff8n }[Number(bits(entry, 81, 80))] ?? 0n;
        if ((sid & same) !== (rid & same)) {
            return 'fault source';
        }
    } else if (
        bits(entry, 83, 82) === 2n &&
        (bits(rid, 15, 8) < bits(sid, 15, 8) || bits(rid, 15, 8) > bits(sid, 7, 0))
    ) {
        return 'fault source';
    }
    if (isPosted) {
        return `posted ${bits(entry, 23, 16)} at ${(bits(entry, 127, 96) << 32n) | (bits(entry, 63, 38) << 6n)}${bits(entry, 14, 14) === 1n ? ' urgent' : ''}`;
    }
    const destination = bits(entry, 63, 32);
    if (bits(entry, 2, 2) === 0n) {
        return `vector ${bits(entry, 23, 16)} of ${destination}`;
    }
    for (let i = 0n; i < 16n; i++) {
        if (bits(destination, Number(i), Number(i)) === 1n) {
            return `vector ${bits(entry, 23, 16)} of ${bits(destination, 31, 16) * 16n + i}`;
        }
    }
    return `vector ${bits(entry, 23, 16)} of -1`;
}

/** The same for AMD. */
function naiveAmd(host: Host, requester: number, { address, data }: Message): Answer {
    if (BigInt(address) >> 20n !== 0xfeen) {
        return 'as-is';
    }
    const word = host.u64(DEVICE_TABLE + requester * 32 + 16);
    const control = bits(word, 61, 60);
    if (bits(word, 0, 0) === 0n || control === 1n) {
        return 'as-is';
    }
    if (control === 0n) {
        return 'fault compatibility';
    }
    const length = bits(word, 4, 1);
    if (control === 3n || length > 11n) {
        return 'fault request';
    }
    const index = BigInt(data) & 0x7ffn;
    if (index >= 1n << length) {
        return 'fault index';
    }
    const at = (bits(word, 51, 7) << 7n) + index * 4n;
    if (at + 4n > BigInt(RAM)) {
        return 'fault table';
    }
    const entry = BigInt(host.memory.readU32(Number(at)));
    if (bits(entry, 0, 0) === 0n) {
        return 'fault not-present';
    }
    if (bits(entry, 4, 2) > 1n || bits(entry, 7, 7) === 1n || bits(entry, 31, 24) !== 0n) {
        return 'fault reserved';
    }
    const destination = Number(bits(entry, 15, 8));
    const lowest = [0, 1, 2, 3, 4, 5, 6, 7].find((i) => (destination >> i) % 2 === 1) ?? -1;
    return `vector ${bits(entry, 23, 16)} of ${bits(entry, 6, 6) === 0n ? destination : lowest}`;
}

function answerOf(r: Route): Answer {
    switch (r.kind) {
        case 'as-is':
            return 'as-is';
        case 'fault':
            return `fault ${r.reason}`;
        case 'posted':
            return `posted ${r.vector} at ${r.descriptor}${r.urgent ? ' urgent' : ''}`;
        case 'remapped':
            return `vector ${r.to.vector} of ${r.to.cpu}`;
    }
}

suite('interrupts: random tables against a naive walker', () => {
    test('VT-d', () => {
        const host = new Host();
        const random = new Random(11);
        const seen = new Map<string, number>();
        const word = (): number => random.below(0x1_0000) * 0x1_0000 + random.below(0x1_0000);
        for (let i = 0; i < 256; i++) {
            // some as a driver writes them, some with a bit turned, some as they come
            const entry: InterruptEntry =
                random.below(2) === 0
                    ? {
                          kind: 'remapped',
                          to: { cpu: random.below(64), vector: random.below(256) },
                          source: onlyFrom(random.below(4)),
                      }
                    : {
                          kind: 'posted',
                          descriptor: random.below(0x4000) * 64,
                          vector: random.below(256),
                          urgent: random.below(2) === 0,
                          source: undefined,
                      };
            const words =
                random.below(4) === 0
                    ? [word(), word(), word(), word()]
                    : [...VTD_INTERRUPTS.words(random.below(8) === 0 ? null : entry)];
            if (random.below(2) === 0) {
                const at = random.pick([0, 0, 2]);
                words[at] = ((words[at] ?? 0) ^ (2 ** random.below(32))) >>> 0;
            }
            for (const [n, w] of words.entries()) {
                host.memory.writeU32(TABLE + i * 16 + n * 4, w);
            }
        }
        for (let i = 0; i < 20_000; i++) {
            const good = VTD_INTERRUPTS.message(random.below(300), { cpu: 0, vector: 0 });
            const message = {
                address: random.below(8) === 0 ? (good.address ^ (2 ** random.below(32))) >>> 0 : good.address,
                data: random.below(8) === 0 ? word() : random.below(4),
            };
            const requester = random.below(4);
            const expected = naiveVtd(host, 256, requester, message);
            const found = answerOf(
                VTD_INTERRUPTS.route(
                    host,
                    { on: true, table: TABLE, entries: 256, strict: true },
                    NO_CACHE,
                    requester,
                    message,
                    [],
                ),
            );
            assert.equal(
                found,
                expected,
                `${message.address.toString(16)} ${message.data.toString(16)} by ${requester}`,
            );
            const [kind, what] = expected.split(' ');
            const key = kind === 'fault' ? expected : `${kind}${what === undefined ? '' : '…'}`;
            seen.set(key, (seen.get(key) ?? 0) + 1);
        }
        assert.deepEqual([...seen.keys()].sort(), [
            'as-is',
            'fault compatibility',
            'fault index',
            'fault not-present',
            'fault request',
            'fault reserved',
            'fault source',
            'posted…',
            'vector…',
        ]);
    });

    test('AMD', () => {
        const host = new Host();
        const random = new Random(12);
        const seen = new Set<string>();
        for (let requester = 0; requester < 64; requester++) {
            const { low, high } = interruptWord(random.below(16) === 0 ? 0 : TABLE + random.below(64) * 0x1000);
            const at = interruptWordAt(DEVICE_TABLE, requester);
            host.memory.writeU32(at, random.below(4) === 0 ? (low ^ (2 ** random.below(32))) >>> 0 : low);
            host.memory.writeU32(
                at + 4,
                random.below(4) === 0 ? (high ^ (2 ** random.pick([28, 29, random.below(32)]))) >>> 0 : high,
            );
        }
        for (let i = 0; i < 64 * 1024; i++) {
            const entry =
                AMD_INTERRUPTS.words(
                    random.below(8) === 0
                        ? null
                        : {
                              kind: 'remapped',
                              to: { cpu: random.below(256), vector: random.below(256) },
                              source: undefined,
                          },
                )[0] ?? 0;
            host.memory.writeU32(
                TABLE + i * 4,
                random.below(2) === 0 ? (entry ^ (2 ** random.below(32))) >>> 0 : entry,
            );
        }
        for (let i = 0; i < 20_000; i++) {
            const message = {
                address: random.below(16) === 0 ? 0xfed0_0000 : 0xfee0_0000,
                data: random.below(random.pick([512, 4096])),
            };
            const requester = random.below(64);
            const expected = naiveAmd(host, requester, message);
            const found = answerOf(
                AMD_INTERRUPTS.route(
                    host,
                    { on: true, table: DEVICE_TABLE, entries: 0, strict: true },
                    NO_CACHE,
                    requester,
                    message,
                    [],
                ),
            );
            assert.equal(found, expected, `${message.data.toString(16)} by ${requester}`);
            seen.add(expected.startsWith('fault') ? expected : (expected.split(' ')[0] ?? ''));
        }
        assert.deepEqual([...seen].sort(), [
            'as-is',
            'fault compatibility',
            'fault index',
            'fault not-present',
            'fault request',
            'fault reserved',
            'fault table',
            'vector',
        ]);
    });
});
