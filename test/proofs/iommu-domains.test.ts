/**
 * Domains of a kernel: what random programs of map and unmap put into memory is what the hardware of each vendor then
 * finds.
 */
import assert from 'node:assert/strict';
import type { Domain } from '../../emulator/kernel/devices/domain';
import type { Kernel } from '../../emulator/kernel/kernel';
import type { Device } from '../../emulator/machine/devices/device';
import { Run } from '../../emulator/run/run';
import { programOf } from '../support/programs';
import { Random } from '../support/random';
import { FOREVER } from '../support/runs';

const PAGE = 4096;
const MACHINES: ReadonlyMap<string, string> = new Map([
    ['vtd', 'iommu vtd'],
    ['amd', 'iommu amd'],
    ['smmuv3', 'arch arm64\niommu smmuv3'],
]);

function booted(machine: string): { readonly kernel: Kernel; readonly device: Device; readonly domain: Domain } {
    const { host } = Run.start(
        programOf({
            's.lus': `machine {\nmemory 4GiB\n${machine}\ndevice d at "0000:3b:00.0" { kind dma }\n}\nscenario "s" { boot "7.2" }`,
        }),
    );
    host.interpreter.run(FOREVER);
    const { kernel } = host;
    const device = host.machine.pci.device('d');
    const domain = device && kernel?.devices.of(device)?.domain;
    assert.ok(kernel && device && domain);
    return { kernel, device, domain };
}

suite('IOMMU: domains', () => {
    for (const [vendor, machine] of MACHINES) {
        test(`${vendor}: random programs of map and unmap, against a table of pages`, () => {
            const { kernel, device, domain } = booted(machine);
            const { iommu } = kernel.devices;
            assert.ok(iommu?.enabled);
            const random = new Random(vendor.length * 7919);
            /** Pages by address, as they should be. */
            const shadow = new Map<number, number>();
            for (const a of domain.areas) {
                for (let at = 0; at < a.length; at += PAGE) {
                    shadow.set(a.iova + at, a.pa + at);
                }
            }
            let leaves = 0;
            let hits = 0;
            let misses = 0;
            for (let round = 0; round < 400; round++) {
                if (random.below(3) > 0) {
                    const unit = random.below(40) === 0 ? 0x4000_0000 : random.pick([PAGE, 0x20_0000]);
                    const length = unit * (1 + random.below(unit === 0x4000_0000 ? 1 : 6));
                    const iova = unit * random.below(unit === PAGE ? 4096 : 12);
                    // memory of any kind will do: nobody reads it here
                    const pa = unit * random.below(Math.floor(0x8000_0000 / unit));
                    if (domain.isFree(iova, length) && domain.map([{ iova, pa, length, owner: 1 }])) {
                        leaves++;
                        for (let at = 0; at < length; at += PAGE) {
                            shadow.set(iova + at, pa + at);
                        }
                    }
                } else if (domain.areas.length > 1) {
                    const area = random.pick(domain.areas);
                    domain.unmap(area);
                    for (let at = 0; at < area.length; at += PAGE) {
                        shadow.delete(area.iova + at);
                    }
                }
                for (let i = 0; i < 20; i++) {
                    const area = domain.areas.at(random.below(domain.areas.length));
                    const near =
                        random.below(2) > 0 && area
                            ? area.iova + PAGE * random.below(area.length / PAGE)
                            : PAGE * random.below(0x6_0000);
                    const offset = random.below(PAGE);
                    const expected = shadow.get(near);
                    const got: number = iommu.translate(device.requester, near + offset, true, () => undefined);
                    assert.equal(
                        got,
                        expected === undefined ? -1 : expected + offset,
                        `round ${round}, 0x${near.toString(16)}`,
                    );
                    assert.equal(domain.areaAt(near) !== undefined, expected !== undefined);
                    hits += expected === undefined ? 0 : 1;
                    misses += expected === undefined ? 1 : 0;
                }
            }
            assert.ok(
                leaves > 50 && hits > 1000 && misses > 1000,
                `${leaves} mappings, ${hits} hits, ${misses} misses`,
            );
        });

        test(`${vendor}: a domain gives back every table`, () => {
            const { kernel } = booted(machine);
            const before = kernel.pages.freePages();
            const domain = kernel.devices.newDomain('paging', 'test');
            assert.ok(domain.prepare());
            for (let i = 0; i < 40; i++) {
                assert.ok(domain.map([{ iova: i * 0x4020_1000, pa: i * PAGE, length: PAGE, owner: 1 }]));
            }
            assert.ok(kernel.pages.freePages() < before - 40);
            domain.destroy();
            assert.equal(kernel.pages.freePages(), before);
        });

        test(`${vendor}: addresses of the DMA API come from below 4 GiB, aligned, and are used again`, () => {
            const { kernel, device } = booted(machine);
            const bound = kernel.devices.of(device);
            assert.ok(bound);
            const first = kernel.devices.dmaMap(bound, 0x1_0000, 3 * PAGE);
            assert.ok(typeof first === 'number');
            assert.ok(first > 0 && first + 4 * PAGE <= 2 ** 32 && first % (4 * PAGE) === 0);
            const second = kernel.devices.dmaMap(bound, 0x2_0000, 3 * PAGE);
            assert.notEqual(first, second);
            assert.equal(kernel.devices.dmaUnmap(bound, first), undefined);
            assert.equal(kernel.devices.dmaUnmap(bound, first)?.name, 'EINVAL');
            assert.equal(kernel.devices.dmaMap(bound, 0x3_0000, 3 * PAGE), first);
        });
    }
});
