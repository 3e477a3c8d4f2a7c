/** The timing of devices as choices: the processor waits for their next event. */
import assert from 'node:assert/strict';
import type { Exploration } from '../../emulator/explore/explore';
import { together } from '../../emulator/explore/profiles';
import { askedBy } from '../../emulator/explore/settings';
import { explored, toldOf } from '../support/explorations';
import { correctProgram } from '../support/programs';
import { failureOf } from '../support/runs';

const SLOW = `
machine {
    memory 1GiB
    iommu  vtd
    device dma0 at "0000:3b:00.0" { kind dma; driver none }
}
file slow at "/dev/slow" {
    buffer: folio
    open() {
        buffer = alloc_folio(order: 0, owner: "DMA buffer")
        dma0.bus_master = true
        dma0.start_dma(ring: dma0.dma_map(buffer), length: 4KiB, every: 100ms)
    }
    release() { dma0.stop() }
}
`;

const RACE = `${SLOW}
scenario "it is stopped in time" CHOOSING {
    explore { delays; switches 1 }
    boot "7.2"
    process vmm
    vmm { device = open("/dev/slow"); ram = memfd_create("ram") }
    assert dma0.writes == 0, "nothing was written"
    vmm { device.close(); ram.close() }
}`;

const UPDATE = `${SLOW}
scenario "it works while the machine reboots" finds LU1041 {
    boot "7.2"
    process vmm
    vmm {
        device = open("/dev/slow")
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(memfd_create("ram"), token: 1)
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
}`;

function exploredDelays(text: string): Exploration {
    const program = correctProgram(text.replace('CHOOSING', ''));
    return explored(program, {
        tried: together([{ delays: true }]),
        faults: 0,
        switches: 1,
        limit: 5e6,
        memory: 2 ** 20,
    });
}

suite('exploring the timing of devices', () => {
    test('a write that comes late in the usual course comes early in another one, which is no fault', () => {
        const [scenario] = correctProgram(RACE.replace('CHOOSING', '')).scenarios;
        assert.ok(scenario);
        assert.deepEqual(askedBy(scenario).tried, [{ delays: true }]);
        const found = exploredDelays(RACE);
        // the usual course, and one delay at each of four places for as long as the device works
        assert.equal(found.ends, 5);
        const told = toldOf(found);
        assert.deepEqual(told, [
            ['passed', 0, 0, 3],
            ['violated', 0, 1, 2, 'delay after vmm memfd_create #0: happens'],
        ]);
        for (const choice of ['delay after vmm open #0: happens', 'delay after vmm memfd_create #0: happens']) {
            const failure = failureOf(correctProgram(RACE.replace('CHOOSING', `choosing "${choice}"`)));
            assert.match(failure ?? '', /nothing was written/);
        }
        assert.equal(failureOf(correctProgram(RACE.replace('CHOOSING', ''))), undefined);
    });

    test('after system calls, in callbacks and before the jump', () => {
        const places = exploredDelays(UPDATE).coverage.map((c) => c.what);
        for (const place of ['after vmm preserve_fd', 'in memfd.freeze', 'before the jump from kernel 1']) {
            assert.ok(places.includes(`delay ${place}`), `${place} in ${places.join(', ')}`);
        }
    });
});
