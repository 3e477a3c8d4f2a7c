/** Devices in scenarios: drivers, /dev/iommu and /dev/vfio, what a kexec does to them, and what of it is in memory. */
import { Diagnoses } from '../../../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import type { Device } from '../../../../emulator/machine/devices/device';
import { COMMAND_MEMORY, PCI_BASE_ADDRESS_0, PCI_COMMAND } from '../../../../emulator/machine/pci/config';
import { parsePciAddress, requesterOf } from '../../../../emulator/machine/pci/address';
import { Run } from '../../../../emulator/run/run';
import { UsageError } from '../../../../emulator/run/usage-error';
import type { Host } from '../../../../emulator/runtime/host/host';
import { fingerprint } from '../../../../emulator/timeline/fingerprint';
import { cleanProgram, programOf } from '../../../support/programs';
import { FOREVER, failuresOf, passed } from '../../../support/runs';

const withMachine = (machine: string, body: string, more = ''): string =>
    `machine {\n${machine}\n}\n${more}\nscenario "s" {\n${body}\n}\n`;

/** Runs the first scenario of a file to its end, which must be a good one. */
const ran = (text: string): Host => passed(cleanProgram(text));

function deviceOf(host: Host, name: string): Device {
    const d = host.machine.pci.device(name);
    assert.ok(d);
    return d;
}

const GUEST = `
        ram  = memfd_create("guest-ram")
        ram.truncate(32MiB)
        ioas = open("/dev/iommu").ioas_alloc()
        ioas.map(ram, iova: 0, length: 32MiB)
        vfio = open("/dev/vfio/devices/vfio0")
        vfio.bind_iommufd(ioas)
`;

suite('devices: PCI', () => {
    test('addresses as lspci writes them, and the requester ids behind them', () => {
        assert.deepEqual(parsePciAddress('0001:3b:1f.7'), { segment: 1, bus: 0x3b, device: 0x1f, fn: 7 });
        assert.equal(requesterOf({ segment: 0, bus: 0x3b, device: 0x1f, fn: 7 }), 0x3bff);
        for (const wrong of ['3b:00', '0000:3b:20.0', '0000:3b:00.8', 'x']) {
            assert.equal(parsePciAddress(wrong), undefined, wrong);
        }
    });

    test('configuration space: only what is writable changes, a BAR says its size, a reset takes all back', () => {
        const host = ran(withMachine('memory 1GiB\ndevice d at "0000:3b:00.0" { kind nvme; msix 3 }', 'boot "7.2"'));
        const { config } = deviceOf(host, 'd');
        config.write(0, 4, 0xffff_ffff);
        assert.equal(config.read(0, 4), 0xa80a_144d);
        config.write(PCI_BASE_ADDRESS_0, 4, 0xffff_ffff);
        assert.equal(config.read(PCI_BASE_ADDRESS_0, 4), 2 ** 32 - 0x4000 + 0xc);
        config.write(PCI_COMMAND, 2, 0xffff);
        assert.equal(config.read(PCI_COMMAND, 2), 0x0547);
        assert.ok(config.read(PCI_COMMAND, 2) & COMMAND_MEMORY);
        config.reset();
        assert.equal(config.read(PCI_COMMAND, 2), 0);
        assert.equal(config.read(0x92, 2) & 0x7ff, 2, 'the size of the MSI-X table, less one');
    });

    test('root ports and bridges: the path must let requests through', () => {
        const host = ran(
            withMachine(
                'memory 1GiB\ndevice d at "0000:3c:00.0" { kind dma; behind "0000:3b:00.0" }',
                `
            boot "7.2"
            d.start_dma(every: 10us)
            sleep 1ms
            assert d.writes > 0 && d.dropped == 0`,
            ),
        );
        const d = deviceOf(host, 'd');
        assert.deepEqual(
            d.path.map((p) => p.name),
            ['0000:3b:00.0', '0000:00:01.0'],
        );
        const [bridge, port] = d.path;
        assert.ok(bridge && port);
        const { writes } = d;
        port.setBusMaster(false);
        host.machine.clock.advance(100_000);
        assert.deepEqual([d.writes, d.dropped], [writes, 10]);
        port.setBusMaster(true);
        bridge.setPower(3);
        host.machine.clock.advance(100_000);
        assert.deepEqual([d.writes, d.dropped], [writes, 20]);
    });

    test('two functions cannot sit at one address', () => {
        const program = programOf({
            's.lus': withMachine(
                'device a at "0000:3b:00.0" { kind nic }\ndevice b at "0000:3b:00.0" { kind nic }',
                'boot "7.2"',
            ),
        });
        assert.throws(
            () => Run.start(program),
            (e) => e instanceof UsageError && /Another device has this address/.test(e.message),
        );
    });

    test('what is wrong with a description is said before the run', () => {
        const codes = (machine: string): string[] =>
            programOf({ 's.lus': withMachine(machine, 'boot "7.2"') }).diagnostics.map((d) => d.code);
        assert.deepEqual(codes('iommu smmuv3'), ['LU0301']);
        assert.deepEqual(codes('iommu vtx'), ['LU0301']);
        assert.deepEqual(codes('arch arm64\niommu smmuv3'), []);
        assert.deepEqual(codes('device d at "3b" { kind nic }'), ['LU0301']);
        assert.deepEqual(codes('device d at "0000:3b:00.0" { queues 2 }'), ['LU0304']);
        assert.deepEqual(codes('device d at "0000:3b:00.0" { kind nick }'), ['LU0301']);
        assert.deepEqual(codes('device d at "0000:3b:00.0" { kind nic; queue 2 }'), ['LU0218']);
        assert.deepEqual(codes('device d at "0000:3b:00.0" { kind nic; queues 0 }'), ['LU0311']);
        assert.deepEqual(codes('device d at "0000:3b:00.0"'), ['LU0304']);
        assert.deepEqual(codes('device d at "0000:3b:00.0" { kind nic }\ndevice d at "0000:3c:00.0" { kind nic }'), [
            'LU0204',
        ]);
        assert.deepEqual(codes('device kernel at "0000:3b:00.0" { kind nic }'), ['LU0204']);
    });
});

suite('devices: kinds', () => {
    test('a NIC fills buffers and marks descriptors as done, in the memory of its driver', () => {
        const host = ran(
            withMachine(
                'memory 1GiB\niommu vtd\ndevice n at "0000:3b:00.0" { kind nic; queues 2 }',
                `
            boot "7.2"
            n.start_dma(every: 10us, size: 100)
            sleep 15us`,
            ),
        );
        const memory = host.kernel?.devices.of(deviceOf(host, 'n'))?.memory;
        assert.ok(memory);
        const ring = memory.pfn * 4096;
        const bus = host.machine.memory;
        assert.equal(bus.readU64(ring), memory.iova + 2 * 4096, "the buffer, by the device's address");
        assert.deepEqual([bus.readU16(ring + 8), bus.readU8(ring + 12)], [100, 3], 'length; done, end of packet');
        assert.equal(bus.readU8(ring + 16 + 12), 0, 'the next one is still to come');
        assert.deepEqual([...bus.read(ring + 2 * 4096 + 8, 92)], new Array(92).fill(11), 'the frame of round 0');
    });

    test('an NVMe drive answers every command with its number and the phase bit', () => {
        const host = ran(
            withMachine(
                'memory 1GiB\niommu amd\ndevice d at "0000:01:00.0" { kind nvme }',
                `
            boot "7.2"
            d.start_dma(every: 10us)
            sleep 655us
            assert d.interrupts == 65`,
            ),
        );
        const memory = host.kernel?.devices.of(deviceOf(host, 'd'))?.memory;
        assert.ok(memory);
        const queue = memory.pfn * 4096 + 4096;
        const entry = (i: number): number[] => [
            host.machine.memory.readU16(queue + i * 16 + 8),
            host.machine.memory.readU16(queue + i * 16 + 12),
            host.machine.memory.readU16(queue + i * 16 + 14),
        ];
        assert.deepEqual(entry(5), [6, 5, 1]);
        assert.deepEqual(entry(0), [1, 0, 0], 'the second time round the phase is the other one');
    });

    test('a GPU copies: what lies in the first half lies in the second', () => {
        ran(
            withMachine(
                'memory 1GiB\niommu vtd\ndevice g at "0000:5e:00.0" { kind gpu; driver vfio }',
                `
            boot "7.2"
            process vmm {${GUEST}
                ram.pwrite(pattern(9, 1MiB), at: 4MiB)
                g.start_dma(ring: 4MiB, length: 2MiB, every: 10us)
                sleep 200us
                g.stop()
                assert ram.pread(1MiB, at: 5MiB) == pattern(9, 1MiB)
                assert g.transferred == 40 * 64KiB
            }`,
            ),
        );
    });

    test('interrupts: masked ones wait and are merged, those of a device that is cut off are lost', () => {
        ran(
            withMachine(
                'memory 1GiB\ndevice d at "0000:00:04.0" { kind dma; msix 2 }',
                `
            boot "7.2"
            d.start_dma(every: 1us, length: 64)             // an interrupt each round
            sleep 5us
            assert d.interrupts == 5
            d.mask(0)
            sleep 5us
            assert d.interrupts == 5 && d.pending_interrupts == 1 && d.merged_interrupts == 4
            d.unmask(0)
            assert d.interrupts == 6 && d.pending_interrupts == 0
            d.stop()
            sleep 5us
            assert d.interrupts == 6 && d.lost_interrupts == 0
            d.reset()
            d.bus_master = true
            d.start_dma(every: 1us, length: 64)
            sleep 3us
            assert d.writes == 13 && d.lost_interrupts == 3 // a reset turns MSI-X off
        `,
            ),
        );
    });
});

suite('devices: /dev/iommu and /dev/vfio', () => {
    for (const [machine, fault] of [
        ['iommu vtd', 'DMAR: [DMA Write NO_PASID] Request device [5e:00.0] fault addr 0x2000000 [fault reason 0x05]'],
        ['iommu amd', 'AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:5e:00.0'],
        ['arch arm64\niommu smmuv3', 'event: F_TRANSLATION client: 0000:5e:00.0'],
    ] as const) {
        test(`${machine.replace('\n', ', ')}: a guest's device sees its memory, what is unmapped is refused and logged`, () => {
            const host = ran(
                withMachine(
                    `memory 1GiB\n${machine}\ndevice g at "0000:5e:00.0" { kind dma; driver vfio }`,
                    `
                boot "7.2"
                process vmm {${GUEST}
                    g.start_dma(ring: 32MiB - 64KiB, length: 128KiB, every: 1us)
                    sleep 1024us
                    assert g.writes == 1024 && g.faults == 0 && g.strays == 0
                    assert ram.pread(16, at: 32MiB - 64KiB) != pattern(0, 16)
                    sleep 20us
                    assert g.faults == 20
                }`,
                ),
            );
            const lines = host.kernel?.log.items.filter((l) => l.text.includes(fault)) ?? [];
            assert.ok(lines.length > 0, host.kernel?.log.items.map((l) => l.text).join('\n'));
            assert.equal(
                host.kernel?.log.items.filter((l) => l.level === 'err').length,
                10,
                'and then it holds its tongue',
            );
        });
    }

    test('errors of the ioctls', () => {
        ran(
            withMachine(
                'memory 1GiB\niommu vtd\ndevice g at "0000:5e:00.0" { kind gpu; driver vfio }',
                `
            boot "7.2"
            process vmm {
                open("/dev/vfio/devices/vfio1")  fails ENOENT
                ram = memfd_create("guest-ram")
                ram.truncate(32MiB)
                ram.ioas_alloc()  fails ENOTTY
                ioas = open("/dev/iommu").ioas_alloc()
                ram.bind_iommufd(ioas)  fails ENOTTY
                ioas.map(ram, iova: 0, length: 0)  fails EINVAL
                ioas.map(ram, iova: 1, length: 4KiB)  fails EINVAL
                ioas.map(ram, iova: 0xfee0_0000, length: 4KiB)  fails EINVAL
                ioas.map(99, iova: 0, length: 4KiB)  fails EBADF
                ioas.map(ram, iova: 0, length: 1MiB)
                ioas.map(ram, iova: 1MiB - 4KiB, length: 1MiB)  fails EEXIST
                ioas.unmap(0, 4KiB)  fails ENOENT
                ioas.unmap(2MiB, 4KiB)  fails ENOENT
                ioas.map(ram, iova: 1GiB, length: 64MiB)        // beyond its size: found out when it is pinned
                vfio = open("/dev/vfio/devices/vfio0")
                vfio.bind_iommufd(ioas)  fails EINVAL
                ioas.unmap(1GiB, 64MiB)
                vfio.bind_iommufd(ioas)
                vfio.bind_iommufd(ioas)  fails EINVAL
                ioas.map(ram, iova: 1GiB, length: 64MiB)  fails EINVAL
                assert ioas.devices == 1 && ioas.mappings == 1
                vfio.close()
                assert ioas.devices == 0
            }`,
            ),
        );
    });

    test('without an IOMMU there is neither', () => {
        ran(
            withMachine(
                'memory 1GiB\ndevice g at "0000:5e:00.0" { kind gpu; driver vfio }',
                `
            boot "7.2"
            process vmm {
                open("/dev/iommu")  fails ENOENT
                open("/dev/vfio/devices/vfio0")  fails ENOENT
            }`,
            ),
        );
    });

    test('what is mapped is pinned, and everything is given back: no page is left when the process is gone', () => {
        const host = ran(
            withMachine(
                'memory 1GiB\niommu vtd\ndevice g at "0000:5e:00.0" { kind gpu; driver vfio }',
                `
            boot "7.2"
            process before { }
            before { exit }
            process vmm {${GUEST}
                ram.close()
                g.start_dma(ring: 0, every: 10us)
                sleep 1ms
                assert g.faults == 0 && g.strays == 0           // the mapping holds the file
                exit
            }
            assert !g.running && g.power == 3`,
            ),
        );
        const owners = new Set([...(host.kernel?.memmap.owned() ?? [])].map((o) => host.machine.owners.name(o.owner)));
        assert.ok(![...owners].some((o) => o.includes('guest-ram')), [...owners].join(', '));
        const tables = [...(host.kernel?.memmap.owned() ?? [])]
            .filter((o) => host.machine.owners.name(o.owner) === 'IOMMU page table')
            .reduce((n, o) => n + o.count, 0);
        assert.equal(tables, 1, "the empty table that vfio-pci's own domain has");
    });

    test('without memory for a table nothing stays mapped or pinned, and the next try succeeds', () => {
        let failures = 0;
        for (let after = 0; after < 8; after++) {
            const host = ran(
                withMachine(
                    'memory 1GiB\niommu vtd\ndevice g at "0000:5e:00.0" { kind gpu; driver vfio }',
                    `
                boot "7.2"
                process vmm {
                    ram = memfd_create("guest-ram")
                    ram.truncate(4MiB)
                    ram.pwrite(pattern(1, 4MiB), at: 0)
                    ioas = open("/dev/iommu").ioas_alloc()
                    ioas.map(ram, iova: 4GiB, length: 2MiB)
                    ioas.map(ram, iova: 8GiB, length: 2MiB, offset: 2MiB)
                    vfio = open("/dev/vfio/devices/vfio0")
                    inject ENOMEM into page_alloc after ${after}
                    r = try vfio.bind_iommufd(ioas)
                    if r != 0 {
                        log("failed")
                        vfio.bind_iommufd(ioas)
                    }
                    g.start_dma(ring: 8GiB, length: 2MiB, every: 10us)
                    sleep 1ms
                    assert g.faults == 0 && g.strays == 0
                    vfio.close()
                    exit
                }`,
                ),
            );
            const owned = [...(host.kernel?.memmap.owned() ?? [])].map((o) => host.machine.owners.name(o.owner));
            assert.ok(!owned.some((o) => o.includes('guest-ram')));
            assert.equal(owned.filter((o) => o === 'IOMMU page table').length, 1, 'the one of its own domain');
            failures += host.injections.items.every((i) => i.left === 0) ? 1 : 0;
        }
        assert.ok(failures >= 5, `${failures} of the allocations failed`);
    });

    test('leaves are as large as memory and addresses allow', () => {
        const host = ran(
            withMachine(
                'memory 2GiB\niommu vtd\ndevice g at "0000:5e:00.0" { kind gpu; driver vfio }',
                `
            boot "7.2" cmdline "transparent_hugepage_shmem=always"
            process vmm {
                ram = memfd_create("guest-ram")
                ram.truncate(64MiB)
                ram.pwrite(pattern(1, 64MiB), at: 0)
                ioas = open("/dev/iommu").ioas_alloc()
                ioas.map(ram, iova: 0, length: 64MiB)
                open("/dev/vfio/devices/vfio0").bind_iommufd(ioas)
            }`,
            ),
        );
        const tables = [...(host.kernel?.memmap.owned() ?? [])]
            .filter((o) => host.machine.owners.name(o.owner) === 'IOMMU page table')
            .reduce((n, o) => n + o.count, 0);
        assert.equal(tables, 1 + 3, 'its own domain, and three levels for 2 MiB entries');
    });
});

suite('devices: translations that they remember themselves', () => {
    const scenario = (ats: string, body: string): string =>
        withMachine(
            `memory 1GiB\niommu vtd\ndevice g at "0000:5e:00.0" { kind dma; driver vfio; ats ${ats} }`,
            `
        boot "7.2"
        process vmm {${GUEST}
            g.start_dma(ring: 0, length: 64KiB, every: 1us)
            sleep 2ms
            assert g.faults == 0 && g.strays == 0
            ${body}
        }`,
        );

    test('they ask once for a page, and forget with the IOMMU', () => {
        const host = ran(scenario('on', 'ioas.unmap(0, 32MiB)\nsleep 10us\nassert g.faults == 10 && g.strays == 0'));
        const device = deviceOf(host, 'g');
        assert.equal(device.atc?.size, 0);
        assert.equal(host.machine.pci.iommu?.tlb.followers.length, 1);
    });

    test('a device that is deaf goes on writing to memory that was taken from it, until it is reset', () => {
        const host = ran(scenario('deaf', 'ioas.unmap(0, 32MiB)\nsleep 10us\nassert g.faults == 0 && g.strays == 10'));
        assert.match(
            Diagnoses.of(host)?.found.items[0]?.message ?? '',
            /^g writes to 0x\w+ \(0x\w+ for the device, translated by its own cache\), which .* has unmapped/,
        );
        const device = deviceOf(host, 'g');
        assert.equal(device.atc?.size, 16);
        assert.deepEqual(device.atc.find(0, false), -1, 'it has asked for writing only');
        device.reset();
        assert.equal(device.atc.size, 0);
    });

    test('they have room for 64 pages', () => {
        const host = ran(
            scenario(
                'on',
                'g.start_dma(ring: 0, length: 1MiB, size: 4KiB, every: 1us)\nsleep 256us\nassert g.strays == 0',
            ),
        );
        assert.equal(deviceOf(host, 'g').atc?.size, 64);
    });
});

suite('devices: over a kexec', () => {
    const update = (device: string, kernels = '', kernel = '7.2'): string =>
        withMachine(
            `memory 2GiB\niommu vtd\n${device}`,
            `boot "${kernel}"
        process vmm {${GUEST}
            d.start_dma(ring: 0, every: 10us)
            sleep 1ms
            kexec_file_load("${kernel}")
            reboot(KEXEC)
        }
        sleep 1ms`,
            kernels,
        );

    test('a stock kernel clears bus mastering and turns translation off; vfio-pci puts the device to sleep', () => {
        const host = ran(update('device d at "0000:5e:00.0" { kind gpu; driver vfio }'));
        const d = deviceOf(host, 'd');
        assert.deepEqual([d.busMaster, d.power, d.running], [false, 3, true]);
        assert.ok(d.dropped > 1000, 'it went on trying for the whole blackout');
        assert.equal(Diagnoses.of(host)?.straysOf('d'), 0);
        assert.deepEqual(
            Diagnoses.of(host)?.found.items.map((x) => x.code),
            [],
        );
        assert.ok(host.machine.pci.iommu?.enabled);
        assert.equal(host.machine.pci.iommu?.contexts.size, 0);
    });

    test('without its bus master bit heeded a device goes on in the gap, and its addresses are taken for physical ones', () => {
        const host = ran(
            update('device d at "0000:5e:00.0" { kind dma; driver vfio; ignores_bus_master on }').replace(
                'ring: 0,',
                'ring: 31MiB, length: 64KiB,',
            ),
        );
        const [first] = Diagnoses.of(host)?.found.items ?? [];
        assert.equal(first?.code, 'LU1029');
        assert.equal(first?.data['device'], 'd');
        const pa = Number(first?.data['address']);
        assert.equal(first?.data['iova'], first?.data['address']);
        assert.ok(pa >= 31 * 2 ** 20 && pa < 31 * 2 ** 20 + 0x1_0000);
        assert.ok((Diagnoses.of(host)?.straysOf('d') ?? 0) > 1000);
        assert.equal(
            new Set(Diagnoses.of(host)?.found.items.map((x) => x.code)).size,
            Diagnoses.of(host)?.found.length,
            'each is said once',
        );
    });

    test('execution stops in the middle of a sleep, at the first wrong byte, and goes on from there', () => {
        const text = withMachine(
            'memory 1GiB\niommu vtd\ndevice dma0 at "0000:3b:00.0" { kind dma; driver none }',
            `
            boot "7.2"
            process p {
                open("/dev/card0").close()
                sleep 10ms
            }`,
            `
            file card at "/dev/card0" {
                buffer: folio
                open()    { buffer = alloc_folio(); dma0.bus_master = true; dma0.start_dma(ring: dma0.dma_map(buffer), every: 10us) }
                release() { put_folio(buffer) }
            }`,
        );
        const { host } = Run.start(programOf({ 's.lus': text }));
        host.interpreter.filters.add('diagnosis');
        const stop = host.interpreter.run(FOREVER);
        assert.equal(stop?.reason === 'exception' && stop.exception.message.slice(0, 6), 'LU1027');
        assert.equal(Diagnoses.of(host)?.straysOf('dma0'), 1);
        const { now } = host.machine.clock;
        assert.equal(host.interpreter.run(FOREVER)?.reason, 'end');
        assert.ok(host.machine.clock.now > now + 5_000_000);
        assert.equal(host.interpreter.outcome?.passed, true);
    });

    test('going back to a checkpoint brings devices, IOMMU and counters back', () => {
        const { host } = Run.start(
            programOf({
                's.lus': update(
                    'device d at "0000:5e:00.0" { kind nic; queues 2; driver vfio; ignores_bus_master on }',
                ),
            }),
        );
        while (!deviceOf(host, 'd').running) {
            host.interpreter.run(1);
        }
        const saved = host.interpreter.checkpoint();
        host.interpreter.run(FOREVER);
        const end = fingerprint(host);
        const { writes } = deviceOf(host, 'd');
        host.interpreter.restore(saved);
        assert.ok(deviceOf(host, 'd').writes < writes);
        host.interpreter.run(FOREVER);
        assert.equal(fingerprint(host), end);
        assert.equal(deviceOf(host, 'd').writes, writes);
    });

    test('a cold boot switches everything off that ran', () => {
        const host = ran(
            withMachine(
                'memory 1GiB\niommu vtd\ndevice d at "0000:3b:00.0" { kind dma; driver vfio; ignores_bus_master on }',
                `
            boot "7.2"
            process vmm {${GUEST}
                d.start_dma(ring: 0, every: 10us)
                sleep 1ms
            }
            boot "7.2"
            assert !d.running
            before = d.writes
            sleep 1ms
            assert d.writes == before && d.strays == 0`,
            ),
        );
        assert.deepEqual(
            Diagnoses.of(host)
                ?.found.items.filter((x) => x.severity !== 'hint')
                .map((x) => x.code),
            [],
        );
        assert.equal(deviceOf(host, 'd').path[0]?.config.read(0x19, 1), 0x3b, 'the bus has its number again');
    });

    test('with iommu=pt devices have identity domains', () => {
        assert.deepEqual(
            failuresOf(
                programOf({
                    's.lus': withMachine(
                        'memory 1GiB\niommu vtd\ndevice d at "0000:3b:00.0" { kind dma }',
                        `
            boot "7.2" cmdline "iommu=pt"
            d.start_dma(every: 10us)
            sleep 1ms
            assert d.writes == 100 && d.strays == 0 && d.faults == 0
            assert kernel.logged("Default domain type: Passthrough")`,
                    ),
                }),
            ),
            [],
        );
    });
});
