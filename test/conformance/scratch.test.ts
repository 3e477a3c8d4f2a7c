/** Scratch areas, compared with those of real kernels: their sizes and their places, on machines of many sizes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { memblockInit } from '../../emulator/kernel/kho/boot';
import type { BootContext } from '../../emulator/kernel/kho/boot-context';
import { earlyAllocations } from '../../emulator/kernel/kho/early-allocations';
import { placeImage } from '../../emulator/kernel/kho/kaslr';
import { DEFAULT_SCRATCH, reserveScratch } from '../../emulator/kernel/kho/scratch';
import { Memblock } from '../../emulator/kernel/mm/memblock';
import { Memmap } from '../../emulator/kernel/mm/memmap';
import { MEMORY_DEFAULTS } from '../../emulator/kernel/mm/parameters';
import { archNamed } from '../../emulator/kernel/release/arch';
import { DEFAULT_EARLY_MEMORY } from '../../emulator/kernel/release/early-memory';
import { KHO_V4 } from '../../emulator/kernel/release/kho-format';
import { Machine } from '../../emulator/machine/machine';
import { ROOT } from '../support/repository';

/** A boot of a real kernel; addresses and sizes are written in hexadecimal. */
interface RealBoot {
    readonly arch: 'x86-64' | 'arm64';
    readonly cpus: number;
    /** CONFIG_NUMA. */
    readonly numa: boolean;
    /** CONFIG_ZONE_DMA. */
    readonly zoneDma: boolean;
    /** Ranges of memory by first byte, first byte behind, and node. */
    readonly memory: readonly (readonly [string, string, number])[];
    /** By address and size, as all that follow. */
    readonly image: readonly [string, string];
    readonly initrd: readonly [string, string];
    readonly parameters: readonly (readonly [string, string])[];
    /** Bytes of its command line. */
    readonly commandLine: number;
    /** The address of the array of areas, and the areas in it. */
    readonly array?: string;
    readonly areas?: readonly (readonly [string, string])[];
    /** What could not be reserved. */
    readonly failed?: string;
}

const FOLDER = path.join(ROOT, 'test/conformance/scratch');
const BOOTS = JSON.parse(readFileSync(path.join(FOLDER, 'boots.json'), 'utf8')) as readonly RealBoot[];

const area = ([addr, size]: readonly [string, string]) => ({ addr: Number(addr), size: Number(size) });

function titleOf(boot: RealBoot): string {
    const bytes = boot.memory.reduce((sum, [start, end]) => sum + Number(end) - Number(start), 0);
    const nodes = new Set(boot.memory.map(([, , node]) => node)).size;
    return [
        `${Math.ceil(bytes / 2 ** 20)} MiB of ${boot.arch}`,
        `image at ${boot.image[0]}`,
        ...(boot.cpus > 1 ? [`${boot.cpus} processors`] : []),
        ...(boot.numa ? [`${nodes} nodes`] : []),
        ...(boot.zoneDma ? [] : ['no DMA zone']),
    ].join(', ');
}

const rangesOf = (boot: RealBoot) =>
    boot.memory.map(([start, end, node]) => ({ start: Number(start), size: Number(end) - Number(start), node }));

suite('scratch areas of real kernels', () => {
    test('their images lie in places that an image can have', () => {
        for (const boot of BOOTS.filter((b) => b.arch === 'x86-64')) {
            const { addr, size } = area(boot.image);
            const machine = new Machine({ ranges: rangesOf(boot) });
            const loaded = { addr: archNamed(boot.arch).kernelAddress(machine), size };
            const possible = new Set([loaded.addr]);
            let count = 1;
            for (let i = 0; i < count; i++) {
                const wanted = { image: loaded, avoid: [area(boot.initrd)], scratch: undefined };
                possible.add(
                    placeImage(machine, wanted, (n) => {
                        count = n;
                        return i;
                    }),
                );
            }
            assert.ok(possible.has(addr), `${titleOf(boot)}`);
        }
    });

    for (const boot of BOOTS) {
        test(titleOf(boot), () => {
            const machine = new Machine({ ranges: rangesOf(boot), arch: boot.arch, cpus: boot.cpus });
            const log: string[] = [];
            const ctx: BootContext = {
                machine,
                memmap: new Memmap(machine.journal),
                memblock: new Memblock(machine.journal, machine.page),
                log: { log: (_level, text) => log.push(text), warning: (_where, text) => log.push(text) },
                description: {
                    numa: boot.numa,
                    debug: true,
                    format: KHO_V4,
                    arch: archNamed(boot.arch),
                    release: '7.2.13',
                    early: DEFAULT_EARLY_MEMORY,
                    kfence: false,
                    zoneDma: boot.zoneDma,
                    bounceBuffers: MEMORY_DEFAULTS.bounceBuffers,
                    iommuOff: false,
                },
                commandLine: boot.commandLine,
            };
            memblockInit(ctx, {
                image: area(boot.image),
                initrd: area(boot.initrd),
                parameters: boot.parameters.map(area),
            });
            assert.equal(earlyAllocations(ctx), undefined);
            const reserved = reserveScratch(ctx, DEFAULT_SCRATCH);
            if (boot.failed !== undefined) {
                assert.equal(reserved, undefined);
                assert.equal(log[0], `KHO: failed to reserve ${boot.failed}`);
                return;
            }
            const hex = (n: number): string => `0x${n.toString(16)}`;
            assert.ok(reserved, log.join('\n'));
            assert.deepEqual(
                { array: hex(reserved.array), areas: reserved.scratch.map((a) => [hex(a.addr), hex(a.size)]) },
                { array: boot.array, areas: boot.areas },
            );
        });
    }
});
