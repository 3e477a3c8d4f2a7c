/**
 * Random programs of devices that go on over a kexec, against a shadow that knows who may write where: what is
 * mapped, what of it is preserved, which device is, and what user space does to its memory before a device has
 * changed over. Strays are counted exactly where the shadow says so, and no others.
 */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import type { Value } from '../../emulator/language/types';
import type { Checkpoint } from '../../emulator/runtime/stop';
import type { Host } from '../../emulator/runtime/host/host';
import { findingsOf, programOf } from '../support/programs';
import { Random } from '../support/random';
import { FOREVER } from '../support/runs';

/** On each IOMMU: ten thousand in all. */
const PROGRAMS = 3400;
const IOMMUS: ReadonlyMap<string, string> = new Map([
    ['vtd', 'iommu vtd'],
    ['amd', 'iommu amd'],
    ['smmuv3', 'arch arm64\niommu smmuv3'],
]);
const KIB = 1024;
const MIB = 1024 * KIB;
/** The piece of its address space that a device writes to, all of it within a millisecond. */
const PIECE = 64 * KIB;
const SIZE = 2 * MIB;

interface Plan {
    /** Memory beside the guest's: mapped, and then perhaps not preserved. */
    readonly other: 'none' | 'preserved' | 'forgotten';
    readonly device: { readonly preserved: boolean; readonly in: 'ram' | 'other' | 'nothing'; readonly at: number };
    /**
     * What user space of the next kernel does with the guest's memory before the device has changed over: it makes a
     * hole.
     */
    readonly hole: number | null;
    readonly way: 'stays' | 'hotswap' | 'reuse';
    /** It makes the hole before the device changes over, or after. */
    readonly holeFirst: boolean;
    /** The device is set going before anything is preserved, or after. */
    readonly early: boolean;
}

function planned(random: Random): Plan {
    const other = random.pick(['none', 'preserved', 'forgotten'] as const);
    const where = random.pick(['ram', 'ram', 'other', 'nothing'] as const);
    const at = PIECE * random.below(SIZE / PIECE);
    return {
        other,
        device: { preserved: random.below(5) > 0, in: where === 'other' && other === 'none' ? 'ram' : where, at },
        hole: random.pick([null, at, at, PIECE * random.below(SIZE / PIECE)]),
        way: random.pick(['stays', 'hotswap', 'reuse'] as const),
        holeFirst: random.below(2) === 0,
        early: random.below(2) === 0,
    };
}

/** Where the device writes, by its addresses. Beyond both mappings there is nothing. */
const ringOf = ({ device }: Plan): number =>
    device.at + (device.in === 'ram' ? 0 : device.in === 'other' ? 16 * MIB : 64 * MIB);

/** True where some of its requests must go to memory that is not its own any more. */
function strays(plan: Plan): boolean {
    const { other, device, hole, holeFirst } = plan;
    if (!device.preserved || device.in === 'nothing') {
        return false;
    }
    if (device.in === 'other') {
        // the pages are the next kernel's from the first moment on
        return other === 'forgotten';
    }
    // what is mapped anew is pinned, and a hole is filled before
    return hole === device.at && (holeFirst || stays(plan));
}

/**
 * It does not change over: nobody asks for it, or the old tables cannot be taken, as they map what is not there any
 * more.
 */
function stays({ other, hole, way, holeFirst }: Plan): boolean {
    return way === 'stays' || (way === 'reuse' && (other === 'forgotten' || (hole !== null && holeFirst)));
}

/**
 * The plan as the scenario's variables, which all programs of an IOMMU have in common: the first boot is the same for
 * all of them.
 */
function variablesOf(plan: Plan): Readonly<Record<string, Value>> {
    const { other, device, hole, way, holeFirst, early } = plan;
    return {
        mapped: other !== 'none',
        kept: other === 'preserved',
        preserved: device.preserved,
        ring: ringOf(plan),
        early,
        hole: hole ?? -1,
        hole_first: holeFirst,
        hotswap: way === 'hotswap' && device.preserved,
        reuse: way === 'reuse' && device.preserved,
        refused: stays(plan),
    };
}

const text = (iommu: string): string => `
machine {
    memory 512MiB
    ${iommu}
    device d at "0000:3b:00.0" { kind dma; driver vfio; msix 0 }
}
kernel "next" from "7.3" { layers pci, vfio, iommu; vfio_phase keep; flaws iommufd_any_memory; page_cache 300MiB }
fn memory() {
    file = memfd_create("memory", flags: MFD_ALLOW_SEALING)
    file.truncate(2MiB)
    file.pwrite(pattern(5, 2MiB), at: 0)
    return file
}
scenario "s" {
    boot "next"
    mapped = false
    kept = false
    preserved = false
    ring = 0
    early = false
    hole = -1
    hole_first = false
    hotswap = false
    reuse = false
    refused = false
    planned = true
    assert planned
    process vmm {
        vm    = open("/dev/liveupdate").create_session("vm")
        ram   = memory()
        other = memory()
        iommu = open("/dev/iommu")
        ioas  = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 2MiB)
        if mapped { ioas.map(other, iova: 16MiB, length: 2MiB) } else { other.close() }
        dev   = open("/dev/vfio/devices/vfio0")
        dev.bind_iommufd(iommu)
        hwpt  = ioas.hwpt_alloc(dev)
        hwpt.mark_preserve(token: 1)
        dev.attach_iommufd_pt(hwpt)
        if early { d.start_dma(ring: ring, length: ${PIECE}, size: 4KiB, every: 50us) }
        sleep 1ms
        vm.preserve_fd(ram, token: 1)
        if kept { vm.preserve_fd(other, token: 4) }
        vm.preserve_fd(iommu, token: 2)
        if preserved { vm.preserve_fd(dev, token: 3) }
        if !early { d.start_dma(ring: ring, length: ${PIECE}, size: 4KiB, every: 50us) }
        sleep 1ms
        assert d.strays == 0
        kexec_file_load("next")
        reboot(KEXEC)
    }
    process vmm {
        vm    = open("/dev/liveupdate").retrieve_session("vm")
        ram   = vm.retrieve_fd(token: 1)
        iommu = vm.retrieve_fd(token: 2)
        if preserved {
            dev = vm.retrieve_fd(token: 3)
            dev.bind_iommufd(iommu)
        }
        if hole >= 0 && hole_first {
            ram.punch(hole, ${PIECE})
            sleep 2ms
        }
        ioas = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 2MiB)
        if mapped {
            other = memory()
            if kept { other = vm.retrieve_fd(token: 4) }
            ioas.map(other, iova: 16MiB, length: 2MiB)
        }
        if hotswap { dev.attach_iommufd_pt(ioas.hwpt_alloc(dev)) }
        if reuse {
            r = try iommu.hwpt(token: 1).reuse(ioas)
            assert r == 0 || refused
        }
        if hole >= 0 && !hole_first { ram.punch(hole, ${PIECE}) }
        sleep 2ms
    }
}`;

/** Runs one plan after the other from where the first boot is over. */
class Plans {
    private readonly host: Host;
    private readonly start: Checkpoint;
    private readonly slots: ReadonlyMap<string, number>;

    constructor(iommu: string) {
        const program = programOf({ 's.lus': text(iommu) });
        assert.deepEqual(findingsOf(program), []);
        const [scenario] = program.scenarios;
        const code = scenario && program.code.get(scenario);
        assert.ok(code);
        this.slots = new Map(code.locals.map((v) => [v.name, v.slot]));
        this.host = Run.start(program).host;
        while (this.slot('planned') !== true) {
            this.host.interpreter.step('any');
            this.host.interpreter.run(FOREVER);
        }
        this.start = this.host.interpreter.checkpoint();
    }

    private get variables(): Value[] {
        const slots = this.host.interpreter.scenarioThread.frames[0]?.slots;
        assert.ok(slots);
        return slots;
    }

    private slot(name: string): Value {
        return this.variables[this.slots.get(name) ?? -1];
    }

    run(plan: Plan): Host {
        this.host.interpreter.restore(this.start);
        for (const [name, value] of Object.entries(variablesOf(plan))) {
            this.variables[this.slots.get(name) ?? -1] = value;
        }
        this.host.interpreter.run(FOREVER);
        return this.host;
    }
}

suite('devices: strays over a kexec', () => {
    for (const [name, iommu] of IOMMUS) {
        test(`${name}: ${PROGRAMS} random programs, against a shadow`, function () {
            this.timeout(900_000);
            const seen = { stray: 0, right: 0 };
            const plans = new Plans(iommu);
            for (let seed = 1; seed <= PROGRAMS; seed++) {
                const plan = planned(new Random(seed * 31 + name.length));
                const about = `seed ${seed}: ${JSON.stringify(plan)}`;
                const host = plans.run(plan);
                const counted = Diagnoses.of(host)?.straysOf('d') ?? 0;
                const expected = strays(plan);
                const failure = host.interpreter.outcome?.failure?.message;
                // what goes astray may hit the kernel itself
                assert.ok(
                    failure === undefined || (expected && failure.startsWith('kernel panic')),
                    `${about}: ${failure}`,
                );
                assert.equal(counted > 0, expected, `${about}: ${counted} strays`);
                const codes = new Set(Diagnoses.of(host)?.found.items.map((f) => f.code));
                assert.equal(
                    codes.has('LU1046'),
                    plan.device.preserved && plan.other === 'forgotten',
                    `${about}: said before the kexec`,
                );
                assert.equal(codes.has('LU1045'), false, about);
                seen[expected ? 'stray' : 'right']++;
            }
            assert.ok(seen.stray > 5 && seen.right > 5, JSON.stringify(seen));
        });
    }
});
