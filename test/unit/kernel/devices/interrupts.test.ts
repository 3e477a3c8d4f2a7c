/** Interrupts in kernels and over a kexec: vectors, remapping, guests, and the layer that preserves them. */
import { Diagnoses } from '../../../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import type { DiagnosisCode } from '../../../../emulator/findings/catalogue';
import { rootOf } from '../../../../emulator/diagnosis/causes';
import { Run } from '../../../../emulator/run/run';
import type { Host } from '../../../../emulator/runtime/host/host';
import { Tracer } from '../../../../emulator/trace/trace';
import { fingerprint } from '../../../../emulator/timeline/fingerprint';
import { cleanProgram, findingsOf, programOf } from '../../../support/programs';
import { FOREVER, passed } from '../../../support/runs';
import { leaving } from '../../../support/waiting-drive';
import { Random } from '../../../support/random';

/** Runs the scenario of a file to its end, which must be a good one. */
const ran = (text: string): Host => passed(cleanProgram(text));

const file = (machine: string, body: string, more = ''): string =>
    `machine {\nmemory 1GiB\n${machine}\n}\n${more}\nscenario "s" {\n${body}\n}\n`;
const logOf = (host: Host): string => host.kernel?.log.items.map((l) => l.text).join('\n') ?? '';
const vectorsOf = (host: Host): string[] =>
    [...host.machine.pci.interrupts.claimed()].map((c) => `${c.handler.name} ${c.cpu}.${c.vector.toString(16)}`);

suite('interrupts: vectors and remapping of a kernel', () => {
    test('each goes to the processor with the fewest, from 0x20 on', () => {
        const host = ran(
            file(
                'cpus 2\niommu vtd\ndevice n at "0000:3b:00.0" { kind nic; msix 3 }\ndevice d at "0000:3c:00.0" { kind dma; msix 2 }',
                'boot "7.2"',
            ),
        );
        assert.deepEqual(vectorsOf(host), ['n-0 0.20', 'n-1 1.20', 'n-2 0.21', 'd-0 1.21', 'd-1 0.22']);
    });

    test('a processor has 202 vectors for devices: with more of them there is none left, and all are given back', () => {
        const machine = (cpus: number): string => `cpus ${cpus}\ndevice n at "0000:3b:00.0" { kind nic; msix 203 }`;
        const one = ran(file(machine(1), 'boot "7.2"'));
        assert.match(logOf(one), /nic 0000:3b:00\.0: no interrupts: ENOSPC/);
        assert.deepEqual(vectorsOf(one), []);
        assert.equal(vectorsOf(ran(file(machine(2), 'boot "7.2"'))).length, 203);
    });

    test('a processor beyond the 255th needs remapping with wide destinations', () => {
        for (const [iommu, cpus] of [
            ['iommu vtd', 300],
            ['iommu amd', 255],
            ['', 255],
        ] as const) {
            const host = ran(
                file(
                    `cpus 300\n${iommu}\ndevice n at "0000:3b:00.0" { kind nic; msix 300 }`,
                    'boot "7.2"\nn.start_dma(every: 1us)',
                ),
            );
            assert.equal(new Set(vectorsOf(host).map((v) => v.split(' ')[1]?.split('.')[0])).size, cpus, iommu);
            const device = host.machine.pci.device('n');
            assert.ok(device);
            for (let i = 0; i < 300; i++) {
                assert.equal(device.interrupt(i)?.outcome, 'delivered');
            }
            assert.equal(
                host.kernel?.devices.interrupts.setAffinity(device, 0, 280)?.name,
                iommu === 'iommu vtd' ? undefined : 'EINVAL',
            );
        }
        assert.match(
            findingsOf(programOf({ 's.lus': file('cpus 9000', 'boot "7.2"') })).join(),
            /`cpus` must be from 1 to 8192/,
        );
    });

    test('a kernel that panics takes nothing any more', () => {
        const host = ran(
            file(
                'device d at "0000:3b:00.0" { kind dma }',
                'boot "7.2"\nd.start_dma(every: 1us, length: 64)\nsleep 5us\ncrash()\nsleep 5us\nassert d.interrupts == 5 && d.lost_interrupts == 5',
            ),
        );
        assert.deepEqual(vectorsOf(host), []);
    });

    test('an interrupt is moved: with remapping its message stays, without it changes', () => {
        for (const [iommu, same] of [
            ['iommu vtd', true],
            ['', false],
        ] as const) {
            const host = ran(
                file(
                    `cpus 4\n${iommu}\ndevice d at "0000:3b:00.0" { kind dma }`,
                    'boot "7.2"\nd.start_dma(every: 1us, length: 64)\nsleep 5us\nassert d.interrupts == 5',
                ),
            );
            const device = host.machine.pci.device('d');
            const before = device?.msix.entry(0).message;
            assert.ok(device && host.kernel);
            assert.equal(host.kernel.devices.interrupts.setAffinity(device, 0, 3), undefined);
            assert.equal(host.kernel.devices.interrupts.setAffinity(device, 0, 4)?.name, 'EINVAL');
            assert.deepEqual(vectorsOf(host), ['d-0 3.20']);
            assert.equal(JSON.stringify(device.msix.entry(0).message) === JSON.stringify(before), same);
            host.machine.clock.advance(5000);
            assert.deepEqual([device.msix.delivered, device.msix.lost], [10, 0]);
        }
    });

    test("messages that remapping refuses: in the fault log, in the kernel's, counted", () => {
        for (const [iommu, line] of [
            [
                'vtd',
                'DMAR: [INTR-REMAP] Request device [3b:00.0] fault index 0x1 [fault reason 0x26] Blocked an interrupt request due to source-id verification failure',
            ],
            [
                'amd',
                'AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:3b:00.0 domain=0x0001 address=0xfee00000 flags=0x0008]',
            ],
        ] as const) {
            const host = ran(
                file(
                    `iommu ${iommu}\ndevice d at "0000:3b:00.0" { kind dma }\ndevice e at "0000:3c:00.0" { kind dma }`,
                    'boot "7.2"\nd.start_dma(every: 1us, length: 64)\nsleep 2us\nassert d.interrupts == 2',
                ),
            );
            const device = host.machine.pci.device('d');
            const { remapper } = host.machine.pci.interrupts;
            assert.ok(device && remapper);
            // the next entry is the other device's with VT-d, and nobody's in a table of its own
            device.msix.program(0, remapper.format.message(1, { cpu: 0, vector: 0x20 }));
            host.machine.clock.advance(20_000);
            assert.deepEqual([device.msix.delivered, device.msix.refused, remapper.faults.length], [2, 20, 20]);
            assert.equal(logOf(host).split(line).length - 1, 10, logOf(host));
            // VT-d refuses messages that go past its table; with AMD there are no others
            device.msix.program(0, { address: 0xfee0_0000, data: 0x20 });
            host.machine.clock.advance(1000);
            assert.equal(remapper.faults.at(-1)?.reason, iommu === 'vtd' ? 'compatibility' : 'not-present');
        }
    });

    test('without remapping a device says itself which vector: somebody else may have it', () => {
        const host = ran(
            file(
                'device d at "0000:3b:00.0" { kind dma }\ndevice e at "0000:3c:00.0" { kind dma }',
                'boot "7.2"\nd.start_dma(every: 1us, length: 64)\nsleep 2us',
            ),
        );
        const device = host.machine.pci.device('d');
        assert.ok(device);
        device.msix.program(0, { address: 0xfee0_0000, data: 0x21 });
        host.machine.clock.advance(1000);
        device.msix.program(0, { address: 0xfee0_0000, data: 0x22 });
        host.machine.clock.advance(1000);
        device.msix.program(0, { address: 0xfee0_1000, data: 0x20 });
        host.machine.clock.advance(1000);
        device.msix.program(0, { address: 0xfee0_0000, data: 0x0e });
        host.machine.clock.advance(1000);
        assert.deepEqual(
            [device.msix.delivered, device.msix.misrouted, device.msix.spurious, device.msix.lost],
            [2, 1, 1, 2],
        );
        assert.match(logOf(host), /common_interrupt: 0\.34 No irq handler for vector/);
        assert.deepEqual(
            Diagnoses.of(host)
                ?.found.items.filter((d) => d.severity !== 'hint')
                .map((d) => d.code),
            ['LU1057', 'LU1057'],
        );
        assert.match(
            Diagnoses.of(host)?.found.items.find((d) => d.severity !== 'hint')?.message ?? '',
            /processor 0 vector 0x21: the vector belongs to e-0/,
        );
    });

    test("a driver of the kernel's own can wait in vain, too", () => {
        const host = ran(
            file(
                'device d at "0000:3b:00.0" { kind nic }',
                `
            boot "7.2"
            d.start_dma(every: 10us, waits: true)
            sleep 100us
            assert d.interrupts == 10 && !d.awaits_driver
            d.mask(0)
            sleep 100us
            assert d.awaits_driver && d.pending_interrupts == 1 && !diagnosed("LU1055")
            d.unmask(0)
            sleep 95us
            d.set_affinity(0, 0)
            assert d.running`,
            ),
        );
        const device = host.machine.pci.device('d');
        assert.ok(device);
        host.kernel?.devices.interrupts.release(device);
        host.machine.clock.advance(10_000);
        assert.deepEqual(device.awaits?.vector, 0);
        assert.ok(Diagnoses.of(host)?.has('LU1055'));
    });

    test('random programs of drivers, against a table of who should get what', () => {
        for (const iommu of ['iommu vtd', 'iommu amd', '']) {
            const devices = Array.from(
                { length: 5 },
                (_, i) => `device d${i} at "0000:3${i}:00.0" { kind nic; msix ${1 + i * 3}; driver none }`,
            );
            const { kernel, machine } = ran(file(`cpus 3\n${iommu}\n${devices.join('\n')}`, 'boot "7.2"'));
            assert.ok(kernel);
            const { interrupts } = kernel.devices;
            const random = new Random(iommu.length + 5);
            /** Vectors that are set up, and whether they are masked and have something to say. */
            const shadow = new Map<string, { masked: boolean; pending: boolean; count: number }>();
            for (let round = 0; round < 4000; round++) {
                const device = random.pick(machine.pci.devices);
                const index = random.below(device.msix.length);
                const key = `${device.shape.name}-${index}`;
                const known = shadow.get(key);
                const action = random.below(20);
                device.setBusMaster(true);
                if (action === 0) {
                    interrupts.release(device);
                    for (const k of [...shadow.keys()].filter((name) => name.startsWith(`${device.shape.name}-`))) {
                        shadow.delete(k);
                    }
                } else if (action === 1) {
                    const count = 1 + random.below(device.msix.length);
                    assert.equal(interrupts.request(device, count, device.shape.name), undefined);
                    for (let i = 0; i < device.msix.length; i++) {
                        shadow.delete(`${device.shape.name}-${i}`);
                        if (i < count) {
                            shadow.set(`${device.shape.name}-${i}`, { masked: false, pending: false, count: 0 });
                        }
                    }
                } else if (action === 2) {
                    assert.equal(
                        interrupts.setAffinity(device, index, random.below(3)) === undefined,
                        known !== undefined,
                    );
                    if (known) {
                        Object.assign(known, { masked: false, pending: false });
                    }
                } else if (action < 6 && known) {
                    const masked = random.below(2) === 0;
                    device.mask(index, masked);
                    if (!masked && known.pending) {
                        known.count++;
                    }
                    Object.assign(known, { masked, pending: masked && known.pending });
                } else {
                    const expected = !known
                        ? 'lost'
                        : !known.masked
                          ? 'delivered'
                          : known.pending
                            ? 'merged'
                            : 'pending';
                    assert.equal(device.interrupt(index)?.outcome, expected, `${iommu}, ${key} in round ${round}`);
                    if (known) {
                        known.count += expected === 'delivered' ? 1 : 0;
                        known.pending ||= expected === 'pending';
                    }
                }
            }
            assert.deepEqual(
                new Map(interrupts.irqs.items.map((irq) => [irq.name, irq.count])),
                new Map(
                    [...shadow]
                        .map(([name, { count }]) => [name, count] as const)
                        .sort((a, b) => a[0].localeCompare(b[0])),
                ),
                iommu,
            );
            assert.ok(interrupts.irqs.length > 3);
        }
    });

    test('a VM that is gone gets nothing any more, and its descriptors are free again', () => {
        const host = ran(
            file(
                'iommu vtd\ndevice d at "0000:3b:00.0" { kind dma; driver vfio }',
                `
            boot "7.2"
            process vmm {
                ram = memfd_create("ram")
                ram.truncate(4MiB)
                guest = kvm.create_vm("guest", memory: ram)
                ioas = open("/dev/iommu").ioas_alloc()
                ioas.map(ram, iova: 0, length: 4MiB)
                vfio = open("/dev/vfio/devices/vfio0")
                vfio.set_irqs(msix: 1, vm: guest)  fails EINVAL
                vfio.bind_iommufd(ioas)
                vfio.set_irqs(msix: 2, vm: guest)  fails EINVAL
                vfio.set_irqs(msix: 1, vm: ram)  fails ENOTTY
                vfio.trigger_irq(0)  fails EINVAL
                vfio.set_irqs(msix: 1, vm: guest)
                guest.run()
                d.start_dma(ring: 0, length: 64, every: 10us)
                sleep 100us
                assert d.posted_interrupts == 10 && d.interrupts == 0
                guest.close()
                sleep 100us
                assert d.posted_interrupts == 10 && d.interrupts == 10
                vfio.close()
            }`,
            ),
        );
        assert.deepEqual(
            vectorsOf(host).filter((v) => v.includes('vfio')),
            [],
        );
        assert.ok(
            ![...(host.kernel?.memmap.owned() ?? [])].some((o) =>
                host.machine.owners.name(o.owner).startsWith('posted-interrupt'),
            ),
        );
        assert.deepEqual(
            Diagnoses.of(host)
                ?.found.items.filter((d) => d.severity !== 'hint')
                .map((d) => d.code),
            [],
        );
    });
});

/** What the monitor of the next kernel does. */
const AFTER = `
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
        guest.load(state)
        vfio.set_irqs(msix: 1, vm: guest)
        guest.resume()
        vm1.finish()
        sleep 1s
`;

interface Update {
    readonly from?: string;
    readonly to?: string;
    readonly layers?: string;
    readonly cmdline?: string;
    readonly before?: string;
    readonly after?: string;
}

/** Goes through an update, and the guest runs for a second afterwards. */
const update = ({
    from = '',
    to = '',
    layers = ', interrupts',
    cmdline = '',
    before = '',
    after = AFTER,
}: Update): string =>
    file(
        'cpus 2\niommu vtd\ndevice other at "0000:3b:00.0" { kind nic }\ndevice disk at "0000:5e:00.0" { kind nvme; driver vfio }',
        `
    boot "from"
    process vmm {${leaving()}${before}
        kexec_file_load("to", "${cmdline}")
        reboot(KEXEC)
    }
    process vmm {${after}}`,
        `
kernel "from" from "7.3" {
    layers pci, iommu, vfio, interrupts
    vfio_phase keep
    ${from}
}
kernel "to" from "7.3" {
    layers pci, iommu, vfio${layers}
    vfio_phase keep
    ${to}
}`,
    );

/** The drive raises its vector when the next kernel is up and its user space is not. */
const late = (text: string): string =>
    text.replace('every: 100ms', 'every: 200ms').replace('sleep 950ms', 'sleep 1080ms');

const line = (host: Host) => {
    const [first] = host.machine.pci.interrupts.lines;
    assert.ok(first);
    return first;
};
const roots = (host: Host, code: DiagnosisCode): string[] =>
    (Diagnoses.of(host)?.found.items ?? []).filter((d) => d.code === code).map((d) => rootOf(d).code);

suite('interrupts: preserved over a kexec', () => {
    test('what is raised while no kernel runs is posted, and reaches the guest; nothing is left behind', () => {
        const host = ran(update({}));
        const { raised, delivered, lost, spurious, merged, injected } = line(host);
        assert.deepEqual(
            { lost, spurious, merged, injected, unseen: raised - delivered },
            { lost: 0, spurious: 0, merged: 0, injected: 0, unseen: 0 },
        );
        assert.ok(delivered >= 19, String(delivered));
        assert.match(logOf(host), /DMAR-IR: IRQ remapping has stayed on/);
        assert.deepEqual(
            Diagnoses.of(host)
                ?.found.items.filter((d) => d.severity !== 'hint')
                .map((d) => `${d.code} ${d.message}`),
            [],
        );
        assert.equal(host.kernel?.luo.flbs.items.find((f) => f.name === 'irq_core')?.incoming.count, 0);
        const descriptors = [...(host.kernel?.memmap.owned() ?? [])].filter((o) =>
            host.machine.owners.name(o.owner).startsWith('posted-interrupt'),
        );
        assert.equal(
            descriptors.reduce((n, o) => n + o.count, 0),
            1,
            'those of the new VM',
        );
    });

    test('entries that led to vectors of the previous kernel, and that nobody has reserved, are cleared', () => {
        const { host } = Run.start(programOf({ 's.lus': update({}) }));
        const { remapper } = host.machine.pci.interrupts;
        assert.ok(remapper);
        const left = [40, 300, 65535];
        const present = (): number[] =>
            Array.from({ length: remapper.entries }, (_, i) => i).filter(
                (i) => host.machine.memory.readU32(remapper.table + i * 16) !== 0,
            );
        host.listeners.report({
            phase: (phase) => {
                for (const index of phase === 'shutdown' ? left : []) {
                    host.machine.memory.writeU32(remapper.table + index * 16, 0x21_0001);
                }
            },
            jumped: () => assert.deepEqual(present(), [0, 1, ...left]),
        });
        host.interpreter.run(FOREVER);
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
        assert.deepEqual(present(), [0, 1]);
    });

    test('a second update takes them further', () => {
        const again = (text: string): string =>
            text
                .replace(
                    'vm1 = open("/dev/liveupdate").retrieve_session("vm-1")',
                    'lu = open("/dev/liveupdate")\n        vm1 = lu.retrieve_session("vm-1")',
                )
                .replace(
                    'iommu.hwpt(token: 7).reuse(ioas)',
                    'hwpt = ioas.hwpt_alloc(vfio)\n        hwpt.mark_preserve(token: 8)\n        vfio.attach_iommufd_pt(hwpt)',
                )
                .replace(
                    'ram = vm1.retrieve_fd(token: 1)\n',
                    'ram = vm1.retrieve_fd(token: 1)\n        ram.add_seals(F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)  may fail EPERM\n',
                )
                .replace('sleep 1s', 'vm1.close()\n        sleep 950ms');
        const second = `
        vm2 = lu.create_session("vm-1")
        vm2.preserve_fd(ram, token: 1)
        vm2.preserve_fd(state, token: 2)
        vm2.preserve_fd(iommu, token: 3)
        vm2.preserve_fd(vfio, token: 4)
        kexec_file_load("to")
        guest.pause()
        guest.save(state)
        reboot(KEXEC)
    }
    process vmm {${AFTER.replace('token: 7', 'token: 8')}`;
        const host = ran(update({ after: again(AFTER) + second }));
        const { raised, delivered, lost, spurious } = line(host);
        assert.deepEqual({ lost, spurious, unseen: raised - delivered }, { lost: 0, spurious: 0, unseen: 0 });
        assert.equal(host.boot, 2);
        assert.deepEqual(
            Diagnoses.of(host)
                ?.found.items.filter((d) => d.severity !== 'hint')
                .map((d) => `${d.code} ${d.message}`),
            [],
        );
    });

    test('a reboot that fails takes it back, and the next one goes through', () => {
        const host = ran(
            update({
                before: `
            kexec_file_load("to")
            inject EIO into memfd.freeze
            reboot(KEXEC)  fails EIO
            inject EIO into vfio_pci.freeze
            reboot(KEXEC)  fails EIO
            guest.resume()
            sleep 500ms
            guest.pause()
            guest.save(state)`,
            }),
        );
        assert.deepEqual([line(host).lost, line(host).spurious], [0, 0]);
        assert.deepEqual(roots(host, 'LU1055'), []);
    });

    test('without the table a new one is begun, and messages are refused', () => {
        const host = ran(late(update({ from: 'flaws interrupt_table' })));
        assert.equal(line(host).lost, 1);
        assert.match(logOf(host), /the remapping table of the previous kernel is lost/);
        assert.match(logOf(host), /INTR-REMAP.*fault reason 0x2[26]/);
        assert.deepEqual(roots(host, 'LU1055'), ['LU1012']);
    });

    test('a kernel without the layer knows nothing of it', () => {
        const host = ran(late(update({ layers: '' })));
        assert.equal(line(host).lost, 1);
        assert.deepEqual(roots(host, 'LU1055'), ['LU1015']);
    });

    test('through an eventfd: lost while there is no kernel, spurious where vectors are not reserved, lost where the processor does not run', () => {
        const nopost = 'cmdline "intremap=nopost"';
        const gap = ran(update({ from: nopost, to: nopost }).replace('sleep 950ms', 'sleep 970ms'));
        assert.ok(gap.machine.pci.device('disk')?.msix.posted === 0);
        const vectors = ran(
            update({ from: nopost, to: `${nopost}\nflaws interrupt_vectors` }).replace(
                'every: 100ms, waits: true',
                'every: 1ms',
            ),
        );
        assert.ok((vectors.machine.pci.device('disk')?.msix.spurious ?? 0) > 0);
        assert.ok(Diagnoses.of(vectors)?.found.items.some((d) => d.code === 'LU1057'));
        const one = ran(
            update({ from: nopost, to: nopost, cmdline: 'nr_cpus=1' }).replace(
                'every: 100ms, waits: true',
                'every: 1ms',
            ),
        );
        assert.match(logOf(one), /vector 32 of processor 1 is not available for 0000:5e:00\.0/);
        const posted = ran(update({ cmdline: 'nr_cpus=1' }));
        assert.equal(line(posted).lost, 0);
    });

    test('a trace marks what was posted when nobody was there, and what was lost', () => {
        const marks = (text: string): string[] => {
            const { host } = Run.start(programOf({ 's.lus': text }));
            const tracer = new Tracer(host);
            host.listeners.report(tracer);
            host.interpreter.run(FOREVER);
            return tracer.events().flatMap((e) => ('cat' in e && e.cat === 'interrupt' ? [e.name] : []));
        };
        assert.match(
            marks(update({})).join(),
            /^vector 0 was posted as vector 49 at 0x\w+, while no kernel takes interrupts$/,
        );
        assert.match(
            marks(late(update({ layers: '' }))).join(),
            /^vector 0 was refused by the IOMMU: not-present, entry \d+$/,
        );
    });

    test('there is room for 120 vectors: with more the freeze fails, and with fewer the same reboot goes through', () => {
        const host = ran(
            update({
                before: `
            vfio.set_irqs(msix: 121, vm: guest)
            kexec_file_load("to")
            reboot(KEXEC)  fails ENOSPC
            vfio.set_irqs(msix: 120, vm: guest)`,
            })
                .replace('kind nvme; driver vfio', 'kind nvme; msix 128; driver vfio')
                .replaceAll('kvm.create_vm("guest", memory', 'kvm.create_vm("guest", vcpus: 4, memory'),
        );
        assert.equal(host.machine.pci.interrupts.lines.length, 121);
        assert.deepEqual([line(host).lost, line(host).spurious], [0, 0]);
        assert.deepEqual(roots(host, 'LU1055'), []);
    });

    test('where interrupts are not remapped, or not by one table, nothing can be preserved', () => {
        for (const [change, into] of [
            ['iommu vtd', 'iommu amd'],
            ['vfio_phase keep\n    \n}\nkernel "to"', 'vfio_phase keep\n cmdline "intremap=off"\n}\nkernel "to"'],
        ] as const) {
            const text = update({});
            assert.ok(text.includes(change));
            const program = programOf({ 's.lus': text.replace(change, into) });
            const { host } = Run.start(program);
            host.interpreter.run(FOREVER);
            assert.match(
                host.interpreter.outcome?.failure?.message ?? '',
                /preserve_fd\(vfio, token: 4\) fails with EOPNOTSUPP/,
            );
        }
    });

    test('going back to a checkpoint in the gap brings descriptors, tables and counters back', () => {
        const { host } = Run.start(programOf({ 's.lus': update({}) }));
        while (host.boot === 0 || !host.kernel) {
            host.interpreter.run(1);
        }
        const saved = host.interpreter.checkpoint();
        const at = fingerprint(host);
        host.interpreter.run(FOREVER);
        const end = fingerprint(host);
        host.interpreter.restore(saved);
        assert.equal(fingerprint(host), at);
        host.interpreter.run(FOREVER);
        assert.equal(fingerprint(host), end);
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    });
});
