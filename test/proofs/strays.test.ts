/**
 * The sanitizer of devices against a shadow that knows who may write where: it counts a stray exactly where the
 * shadow says so.
 */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import type { Device } from '../../emulator/machine/devices/device';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { programOf } from '../support/programs';
import { Random } from '../support/random';
import { FOREVER } from '../support/runs';

const PAGE = 4096;
const PROGRAMS = 2600;
const STEPS = 24;
const MACHINES = ['', 'iommu vtd', 'iommu amd', 'arch arm64\niommu smmuv3'];
const OWNERS = ['driver', 'page cache'];

interface Memory {
    readonly pfn: number;
    readonly order: number;
}

interface Given {
    readonly iova: number;
    readonly memory: Memory;
    /** Freed while the device had it. */
    stale: boolean;
}

class Shadow {
    readonly allocated: Memory[] = [];
    readonly given: Given[] = [];
    translating = true;

    at(iova: number): Given | undefined {
        return this.given.find((g) => iova >= g.iova && iova < g.iova + PAGE * 2 ** g.memory.order);
    }

    /** What a write at an address is: refused, right, or astray. */
    judge(host: Host, iova: number): 'refused' | 'right' | 'stray' {
        const { iommu } = host.machine.pci;
        if (iommu && this.translating) {
            const g = this.at(iova);
            return !g ? 'refused' : g.stale ? 'stray' : 'right';
        }
        if (!host.machine.isRam(iova, 8)) {
            return 'refused';
        }
        const g = this.at(iova);
        return iommu || !g || g.stale ? 'stray' : 'right';
    }
}

/** One program of random steps; everything is given back at its end. */
function program(host: Host, device: Device, random: Random, seen: Map<string, number>): void {
    const { kernel } = host;
    const bound = kernel?.devices.of(device);
    assert.ok(kernel && bound);
    const { devices, pages } = kernel;
    const { iommu } = host.machine.pci;
    const shadow = new Shadow();
    const known: number[] = [];
    const free = (m: Memory): void => {
        pages.free(m.pfn, m.order);
        shadow.allocated.splice(shadow.allocated.indexOf(m), 1);
        for (const g of shadow.given) {
            g.stale ||= g.memory === m;
        }
    };
    for (let step = 0; step < STEPS; step++) {
        const what = random.below(10);
        if (what < 2) {
            const order = random.below(3);
            shadow.allocated.push({
                pfn: pages.alloc(order, { owner: host.machine.owners.id(random.pick(OWNERS)) }),
                order,
            });
        } else if (what < 4 && shadow.allocated.length > 0) {
            const memory = random.pick(shadow.allocated);
            // without an IOMMU an address can be given once only
            if (
                !iommu &&
                shadow.given.some(
                    (g) =>
                        g.memory.pfn < memory.pfn + 2 ** memory.order &&
                        memory.pfn < g.memory.pfn + 2 ** g.memory.order,
                )
            ) {
                continue;
            }
            const iova = devices.dmaMap(bound, memory.pfn * PAGE, PAGE * 2 ** memory.order);
            assert.ok(typeof iova === 'number');
            shadow.given.push({ iova, memory, stale: false });
            known.push(iova);
        } else if (what === 4 && shadow.given.length > 0) {
            const g = random.pick(shadow.given);
            assert.equal(devices.dmaUnmap(bound, g.iova), undefined);
            shadow.given.splice(shadow.given.indexOf(g), 1);
        } else if (what === 5 && shadow.allocated.length > 0) {
            free(random.pick(shadow.allocated));
        } else if (what === 6 && iommu && random.below(4) === 0) {
            shadow.translating = !shadow.translating;
            iommu.setEnabled(shadow.translating);
        } else {
            const iova =
                known.length > 0 && random.below(8) > 0
                    ? random.pick(known) + 8 * random.below(1024)
                    : PAGE * random.below(2 ** 20);
            const expected = shadow.judge(host, iova);
            const before = Diagnoses.of(host)?.straysOf(device.shape.name) ?? 0;
            assert.equal(
                device.write(iova, new Uint8Array(8)),
                expected !== 'refused',
                `step ${step}: 0x${iova.toString(16)} should be ${expected}`,
            );
            assert.equal(
                (Diagnoses.of(host)?.straysOf(device.shape.name) ?? 0) - before,
                expected === 'stray' ? 1 : 0,
                `step ${step}: 0x${iova.toString(16)} should be ${expected}`,
            );
            seen.set(expected, (seen.get(expected) ?? 0) + 1);
        }
    }
    iommu?.setEnabled(true);
    for (const g of shadow.given) {
        devices.dmaUnmap(bound, g.iova);
    }
    while (shadow.allocated[0]) {
        free(shadow.allocated[0]);
    }
}

suite('devices: strays', () => {
    for (const machine of MACHINES) {
        test(`${machine === '' ? 'no IOMMU' : machine.replace('\n', ', ')}: ${PROGRAMS} random programs, against a shadow`, function () {
            this.timeout(240_000);
            const { host } = Run.start(
                programOf({
                    's.lus': `machine {\nmemory 1GiB\n${machine}\ndevice d at "0000:3b:00.0" { kind dma; driver none }\n}\nscenario "s" { boot "7.2"; d.bus_master = true; d.start_dma(ring: 0); d.stop() }`,
                }),
            );
            host.interpreter.run(FOREVER);
            const device = host.machine.pci.device('d');
            assert.ok(device);
            const seen = new Map<string, number>();
            for (let seed = 1; seed <= PROGRAMS; seed++) {
                program(host, device, new Random(seed), seen);
            }
            for (const outcome of ['refused', 'right', 'stray']) {
                assert.ok((seen.get(outcome) ?? 0) > 500, `${outcome}: ${seen.get(outcome) ?? 0}`);
            }
        });
    }
});
