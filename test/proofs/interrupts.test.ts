/**
 * Updates with interrupts that are handled in any way: a guest is said to wait in vain exactly when it gets no
 * further.
 */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import { findingsOf, programOf } from '../support/programs';
import { FOREVER } from '../support/runs';
import { leaving } from '../support/waiting-drive';
import { Random } from '../support/random';

const RUNS = 60;

interface Choice {
    /** Milliseconds that the drive takes for a command. */
    readonly every: number;
    /** Milliseconds before the guest is paused. */
    readonly before: number;
    readonly layer: boolean;
    readonly nextHasLayer: boolean;
    readonly posted: boolean;
    readonly cpus: boolean;
    readonly flaw: string;
    /** The monitor turns interrupts off before the reboot. */
    readonly off: boolean;
    /** And puts one in afterwards, before or after the guest's state is loaded. */
    readonly put: 'no' | 'before load' | 'after load';
}

function choose(random: Random): Choice {
    const half = (): boolean => random.below(2) === 0;
    const layer = random.below(3) > 0;
    return {
        every: 40 + random.below(300),
        before: 100 + random.below(400),
        layer,
        nextHasLayer: random.below(4) > 0,
        posted: half(),
        cpus: half(),
        flaw: random.pick(['', '', '', 'flaws interrupt_table', 'flaws interrupt_vectors']),
        off: !layer || random.below(3) === 0,
        put: random.pick(['no', 'no', 'before load', 'after load']),
    };
}

const text = (c: Choice): string => `
machine {
    memory 1GiB
    cpus 2
    iommu vtd
    device other at "0000:3b:00.0" { kind nic }
    device disk at "0000:5e:00.0" { kind nvme; driver vfio }
}
kernel "from" from "7.3" {
    layers pci, iommu, vfio${c.layer ? ', interrupts' : ''}
    vfio_phase keep
    ${c.posted ? '' : 'cmdline "intremap=nopost"'}
    ${c.layer ? c.flaw : ''}
}
kernel "to" from "7.3" {
    layers pci, iommu, vfio${c.nextHasLayer ? ', interrupts' : ''}
    vfio_phase keep
    ${c.posted ? '' : 'cmdline "intremap=nopost"'}
    ${c.flaw}
}
scenario "s" {
    boot "from"
    process vmm {${leaving({ every: `${c.every}ms`, works: `${c.before}ms`, paused: c.off ? 'vfio.disable_irqs()' : '' })}
        kexec_file_load("to", "${c.cpus ? '' : 'nr_cpus=1'}")
        reboot(KEXEC)
    }
    process vmm {
        vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
        ram = vm1.retrieve_fd(token: 1)
        state = vm1.retrieve_fd(token: 2)
        iommu = vm1.retrieve_fd(token: 3)
        vfio = vm1.retrieve_fd(token: 4)
        vfio.bind_iommufd(iommu)
        ioas = iommu.ioas_alloc()
        ioas.map(ram, iova: 0, length: 4MiB)
        iommu.hwpt(token: 7).reuse(ioas)
        guest = kvm.create_vm("guest", memory: ram)
        vfio.set_irqs(msix: 1, vm: guest)
        ${c.put === 'before load' ? 'vfio.trigger_irq(0)' : ''}
        guest.load(state)
        ${c.put === 'after load' ? 'vfio.trigger_irq(0)' : ''}
        guest.resume()
        vm1.finish()
        sleep 1s
    }
}`;

suite('interrupts: random updates', () => {
    test('a driver is said to wait in vain exactly when its drive does nothing any more', () => {
        const random = new Random(2026);
        const seen = { stalls: 0, goes: 0 };
        for (let i = 0; i < RUNS; i++) {
            const c = choose(random);
            const program = programOf({ 's.lus': text(c) });
            assert.deepEqual(findingsOf(program), []);
            const { host } = Run.start(program);
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure?.message, undefined, JSON.stringify(c));
            const disk = host.machine.pci.device('disk');
            assert.ok(disk);
            // a second is longer than any command takes: a drive that has none now gets none
            const { round } = disk;
            host.machine.clock.advance(1e9);
            const stalls = disk.round === round;
            assert.equal(
                Diagnoses.of(host)?.found.items.some((d) => d.code === 'LU1055'),
                stalls,
                JSON.stringify(c),
            );
            const [line] = host.machine.pci.interrupts.lines;
            assert.ok(line);
            // one that waits for each interrupt sees every one by itself
            assert.equal(line.raised, line.delivered + line.unseen, JSON.stringify(c));
            seen[stalls ? 'stalls' : 'goes']++;
        }
        assert.ok(seen.stalls > 5 && seen.goes > 5, JSON.stringify(seen));
    });
});
