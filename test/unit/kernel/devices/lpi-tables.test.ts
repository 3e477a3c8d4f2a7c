/** The tables of arm64's interrupt controller, from kernel to kernel. */
import assert from 'node:assert/strict';
import { fingerprint } from '../../../../emulator/timeline/fingerprint';
import { machineItems } from '../../../../emulator/presentation/machine';
import type { Host } from '../../../../emulator/runtime/host/host';
import { correctProgram } from '../../../support/programs';
import { passed } from '../../../support/runs';

const TABLE = 0x1_0000;

/** Boots so many kernels, one after the other. */
const chain = (machine: string, kernels: readonly string[]): string => `
machine { memory 1GiB; ${machine} }
kernel "no-lpis" from "7.2" { cmdline "irqchip.gicv3_nolpi=on" }
scenario "s" {
    boot "${kernels[0] ?? ''}"
    ${kernels
        .slice(1)
        .map((name) => `process a { kexec_file_load("${name}"); reboot(KEXEC) }`)
        .join('\n    ')}
}`;

const ran = (machine: string, ...kernels: readonly string[]): Host => passed(correctProgram(chain(machine, kernels)));

const lines = (host: Host): string[] =>
    [...host.running.log]
        .map(({ text }) => text.replace(/0x[0-9a-f]{16}/g, 'ADDRESS'))
        .filter((t) => t.startsWith('GICv3'));

suite('LPI tables', () => {
    test('the first kernel allocates one for all processors and one for each, aligned and filled', () => {
        const { machine, running } = ran('arch arm64; cpus 2', '7.2');
        const { enabled, property, pending } = machine.pci.interrupts.redistributors ?? assert.fail();
        assert.ok(enabled);
        assert.equal(pending.length, 2);
        for (const at of [property, ...pending]) {
            assert.equal(at % TABLE, 0);
            assert.ok(!running.memmap.isCma(at / machine.page.size));
        }
        // off, with the priority of ordinary interrupts
        assert.deepEqual(new Set(machine.memory.read(property, TABLE)), new Set([0xc2]));
        assert.deepEqual(new Set(machine.memory.read(pending[1] ?? 0, TABLE)), new Set([0]));
    });

    test('with UEFI all kernels that follow use the same ones', () => {
        const first = ran('arch arm64; cpus 2', '7.2').machine.pci.interrupts.redistributors;
        const host = ran('arch arm64; cpus 2', '7.2', '7.2', 'no-lpis', '7.2');
        assert.deepEqual(
            [host.machine.pci.interrupts.redistributors?.property, host.machine.pci.interrupts.redistributors?.pending],
            [first?.property, first?.pending],
        );
        assert.deepEqual(lines(host), [
            'GICv3: Using preallocated redistributor tables',
            'GICv3: using LPI property table @ADDRESS',
            'GICv3: CPU0: using reserved LPI pending table @ADDRESS',
            'GICv3: CPU1: using reserved LPI pending table @ADDRESS',
        ]);
        assert.equal(
            host.machine.owners.name(host.running.memmap.ownerOf((first?.property ?? 0) / 4096)),
            'LPI property table',
        );
    });

    test('without it a kernel turns the interrupts off, and logs what a recorded one logs', () => {
        assert.deepEqual(lines(ran('arch arm64; firmware none', '7.2', '7.2')), [
            'GICv3: Expected reserved range [ADDRESS:ADDRESS], not found',
            'GICv3: using LPI property table @ADDRESS',
            'GICv3: CPU0: Booted with LPIs enabled, memory probably corrupted',
            'GICv3: CPU0: using allocated LPI pending table @ADDRESS',
        ]);
    });

    test('switching the machine on resets the registers, and what the firmware has reserved', () => {
        const off = passed(
            correctProgram(`
machine { memory 1GiB; arch arm64 }
kernel "no-lpis" from "7.2" { cmdline "irqchip.gicv3_nolpi=1" }
scenario "s" { boot "7.2"
    boot "no-lpis"
}`),
        );
        assert.equal(off.machine.pci.interrupts.redistributors?.enabled, false);
        assert.equal(off.machine.firmware.reserved.length, 0);
    });

    test('a pane shows the addresses', () => {
        const shown = (host: Host): string[] =>
            machineItems(host)
                .filter(({ name }) => name === 'LPIs' || name === 'reserved by the firmware')
                .map(({ name, value }) => `${name}: ${value.replace(/0x[0-9a-f]+/, 'ADDRESS')}`);
        assert.deepEqual(shown(ran('arch arm64; cpus 2', '7.2')), [
            'LPIs: on, properties at ADDRESS',
            'reserved by the firmware: 4 ranges',
        ]);
        assert.deepEqual(shown(ran('arch x86_64', '7.2')), []);
    });

    test('an x86-64 machine has none', () => {
        const host = ran('arch x86_64', '7.2');
        assert.equal(host.machine.pci.interrupts.redistributors, null);
        assert.deepEqual(lines(host), []);
    });

    test('they are a part of the state: journal and fingerprint have them', () => {
        const { machine } = ran('arch arm64', '7.2');
        const { redistributors } = machine.pci.interrupts;
        const host = ran('arch arm64', '7.2');
        const before = fingerprint(host);
        const mark = host.machine.journal.mark();
        host.machine.pci.interrupts.redistributors?.enable(TABLE, [2 * TABLE]);
        assert.notEqual(fingerprint(host), before);
        host.machine.journal.restore(mark);
        assert.equal(fingerprint(host), before);
        host.machine.firmware.reserved.push({ addr: TABLE, size: TABLE, owner: 'x' });
        assert.notEqual(fingerprint(host), before);
        host.machine.journal.restore(mark);
        assert.deepEqual(host.machine.pci.interrupts.redistributors?.pending, redistributors?.pending);
    });
});
