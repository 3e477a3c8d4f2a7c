/**
 * Requests from device to device against a naive model: random hierarchies of bridges, ACS bits, bus master bits,
 * sleeping devices and mappings. The model says for each request which memory it reaches: that of the host or of
 * another device, translated by the IOMMU or straight through a bridge below it.
 */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../support/programs';
import { Random } from '../support/random';
import { failuresOf } from '../support/runs';

const RUNS = 40;
const REQUEST_REDIRECT = 4;
const MIB = 0x10_0000;

interface Gpu {
    readonly name: string;
    readonly bus: number;
    /** The bus above its bridge; undefined: its bus is below a root port. */
    readonly above: number | undefined;
    asleep: boolean;
}

/** Where a request goes: `gpu1 +0x2000`, or nowhere. */
type Target = { readonly gpu: Gpu; readonly offset: number } | 'memory' | undefined;

function shuffledBits(random: Random): number {
    return random.pick([0, 1, REQUEST_REDIRECT, 0x1d, 0x1f, 0x1f & ~REQUEST_REDIRECT]);
}

/** The buses above a device, the nearest first: each is that of the bridge with its settings. */
const pathOf = ({ bus, above }: { readonly bus: number; readonly above: number | undefined }): number[] =>
    above === undefined ? [bus] : [bus, above];

function scenario(random: Random): string {
    // bus 0x10 and 0x20 are below root ports; 0x11 and 0x12 below bridges on bus 0x10
    const places = [
        { bus: 0x10, above: undefined },
        { bus: 0x11, above: 0x10 },
        { bus: 0x12, above: 0x10 },
        { bus: 0x20, above: undefined },
    ];
    let slot = 0;
    const at = (place: (typeof places)[number]): string => {
        slot++;
        const behind = place.above === undefined ? '' : `behind "0000:10:${place.bus === 0x11 ? '1e' : '1f'}.0"; `;
        return `at "0000:${place.bus.toString(16)}:${slot.toString(16).padStart(2, '0')}.0" { ${behind}driver vfio; msix 0;`;
    };
    const home = random.pick(places);
    // one on each bus, whose bridge can then be named, and one more
    const gpus: Gpu[] = [...places, random.pick(places)].map((place, i) => ({
        name: `gpu${i}`,
        ...place,
        asleep: false,
    }));
    const devices = [
        `    device dma0 ${at(home)} kind dma }`,
        ...gpus.map((g) => `    device ${g.name} ${at(g)} kind gpu; vram 1MiB }`),
    ];
    // what the IOMMU translates: 1 MiB of a device, and 1 MiB of the host
    const mapped = random.pick(gpus);
    const acs = new Map<number, number>();
    const masters = new Map<number, boolean>();
    const buses = [...new Set([home, ...gpus].flatMap(pathOf))];
    let setup = '';
    for (const bus of buses) {
        acs.set(bus, shuffledBits(random));
        masters.set(bus, random.below(5) > 0);
        setup += `        b${bus} = ${gpus.find((g) => g.bus === bus)?.name}.bridge\n        b${bus}.acs = ${acs.get(bus)}\n        b${bus}.bus_master = ${masters.get(bus) ? 'true' : 'false'}\n`;
    }
    for (const gpu of gpus) {
        gpu.asleep = random.below(5) === 0;
        setup += gpu.asleep ? `        ${gpu.name}.power = 3\n` : '';
    }

    const target = (to: Gpu | 'memory' | 'mapped' | 'nothing', offset: number): Target => {
        const path = pathOf(home);
        const upstream = path.every((bus) => masters.get(bus));
        if (to === 'memory') {
            return upstream ? 'memory' : undefined;
        }
        if (to === 'mapped') {
            return upstream && !mapped.asleep ? { gpu: mapped, offset } : undefined;
        }
        if (to === 'nothing') {
            return undefined;
        }
        const common = path.find((bus) => pathOf(to).includes(bus));
        if (common === undefined || ((acs.get(common) ?? 0) & REQUEST_REDIRECT) !== 0) {
            // it comes to the IOMMU, which has nothing at this address
            return undefined;
        }
        const below = path.slice(0, path.indexOf(common));
        return below.every((bus) => masters.get(bus)) && !to.asleep ? { gpu: to, offset } : undefined;
    };

    let body = '';
    let direct = false;
    let silent = false;
    const written = new Map<Gpu, Set<number>>(gpus.map((g) => [g, new Set()]));
    for (let i = 0; i < 8; i++) {
        const to = random.pick([...gpus, 'memory', 'mapped', 'nothing'] as const);
        const offset = random.below(16) * 4096;
        const base =
            to === 'memory' ? 0x40_0000 : to === 'mapped' ? 0x10_0000 : to === 'nothing' ? 0x80_0000 : `${to.name}.bar`;
        const reached = target(to, offset);
        body += `        before = dma0.writes\n        dma0.start_dma(ring: ${base} + ${offset}, length: 4096, size: 4096, every: 1us)\n        sleep 3us\n        dma0.stop()\n`;
        body += `        assert (dma0.writes > before) == ${reached !== undefined}, "request ${i}"\n`;
        if (reached !== undefined && reached !== 'memory') {
            written.get(reached.gpu)?.add(reached.offset);
        }
        const common =
            to === 'memory' || to === 'mapped' || to === 'nothing'
                ? undefined
                : pathOf(home).find((bus) => pathOf(to).includes(bus));
        const turns = common !== undefined && ((acs.get(common) ?? 0) & REQUEST_REDIRECT) === 0;
        direct ||= turns && reached !== undefined;
        silent ||=
            (to === 'mapped' && mapped.asleep && pathOf(home).every((bus) => masters.get(bus))) ||
            (turns &&
                typeof to === 'object' &&
                to.asleep &&
                pathOf(home)
                    .slice(0, pathOf(home).indexOf(common))
                    .every((bus) => masters.get(bus)));
    }
    for (const gpu of gpus.filter((g) => !g.asleep)) {
        for (let offset = 0; offset < 16 * 4096; offset += 4096) {
            const is = written.get(gpu)?.has(offset) === true;
            body += `        assert (v_read("${gpu.name}", ${offset}) != zeros(64)) == ${is}, "${gpu.name} at ${offset}"\n`;
        }
    }
    const found = `    assert diagnosed("LU1135") == ${direct} && diagnosed("LU1131") == ${silent}\n`;
    const read = gpus.map((g) => `    if name == "${g.name}" { return ${g.name}.read_vram(64, at: at) }\n`).join('');
    return `machine {
    memory 1GiB
    iommu vtd
${devices.join('\n')}
}
fn v_read(name: string, at: int) {
${read}    return zeros(64)
}
scenario "s" {
    boot "7.3"
    process p {
        iommu = open("/dev/iommu")
        ioas  = iommu.ioas_alloc()
        dma = open("/dev/vfio/devices/vfio0")
        dma.bind_iommufd(ioas)
${gpus.map((g, i) => `        v_${g.name} = open("/dev/vfio/devices/vfio${i + 1}")\n        v_${g.name}.bind_iommufd(ioas)\n`).join('')}        memory = memfd_create("memory")
        memory.truncate(1MiB)
        ioas.map(memory, iova: 0x40_0000, length: 1MiB)
        ioas.map(v_${mapped.name}, iova: 0x10_0000, length: ${MIB})
${setup}${body}    }
${found}}
`;
}

suite('requests from device to device', () => {
    test('go where a naive model says', () => {
        const random = new Random(1135);
        for (let run = 0; run < RUNS; run++) {
            const text = scenario(random);
            const program = programOf({ 'test.lus': text });
            assert.deepEqual(
                findingsOf(program).filter((f) => !f.includes('is never read')),
                [],
                text,
            );
            assert.deepEqual(failuresOf(program), [], text);
        }
    });
});
