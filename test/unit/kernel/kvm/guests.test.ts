/** Virtual machines: what their guests write, what crosses a kexec of them, and what those who watch see. */
import { Diagnoses } from '../../../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { updateLine, updatesOf } from '../../../../emulator/diagnosis/update-report';
import { compare } from '../../../../emulator/kernel/kvm/compare';
import { decodeState, encodeState, STATE_ENTRY, STATE_HEADER, vcpusOf } from '../../../../emulator/kernel/kvm/state';
import { contentOf, partsOf, stripesOf } from '../../../../emulator/kernel/kvm/workload';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { Bytes } from '../../../../emulator/machine/bytes';
import { Run } from '../../../../emulator/run/run';
import { Tracer } from '../../../../emulator/trace/trace';
import { ARRIVE, LEAVE, ran, start } from '../../../support/guests';
import { programOf } from '../../../support/programs';
import { Random } from '../../../support/random';
import { FOREVER } from '../../../support/runs';

const MIB = 2 ** 20;

suite('guests: what they write', () => {
    test('differences are counted as one by one', () => {
        const random = new Random(11);
        const piece = (length: number): Bytes => {
            switch (random.below(4)) {
                case 0:
                    return Bytes.zero(length);
                case 1:
                    return Bytes.of(Uint8Array.from({ length }, () => random.below(3)));
                default:
                    return Bytes.pattern(random.below(3), length, random.below(4) * 0x8000 + random.below(3) * 100);
            }
        };
        const pieces = (): Bytes => {
            const parts: Bytes[] = [];
            for (let left = 5000; left > 0; ) {
                const n = Math.min(left, 1 + random.below(2000));
                parts.push(piece(n));
                left -= n;
            }
            return Bytes.concat(...parts);
        };
        for (let i = 0; i < 300; i++) {
            const [a, b] = [
                pieces(),
                random.below(5) === 0 ? Bytes.pattern(1, 5000, random.below(1000) * 0x1000) : pieces(),
            ];
            const [x, y] = [a.toUint8Array(), b.toUint8Array()];
            const wrong = [...x.keys()].filter((k) => x[k] !== y[k]);
            const found = compare(a, b);
            assert.deepEqual(
                found,
                wrong.length === 0
                    ? undefined
                    : { first: wrong[0], expected: x[wrong[0] ?? 0], found: y[wrong[0] ?? 0], bytes: wrong.length },
            );
        }
        assert.equal(compare(Bytes.zero(2 ** 40), Bytes.pattern(3, 2 ** 40))?.bytes, 2 ** 40 - 2 ** 32);
    });

    test('a page tells its address and how often it was written', () => {
        const page = (generation: number, gpa: number): string => contentOf(generation, gpa, 4096).fnv1a64();
        const seen = new Set<string>();
        for (let generation = 1; generation <= 4; generation++) {
            for (const gpa of [0, 4096, 16 * MIB, 16 * MIB + 4096, 2 ** 32]) {
                seen.add(page(generation, gpa));
            }
        }
        assert.equal(seen.size, 20);
    });

    test('ranges are divided among vCPUs without gaps, and a stripe is what was written of it', () => {
        const stripes = stripesOf(8192, 10 * 4096, 3, PAGES_4K);
        assert.deepEqual(
            stripes.map((s) => [s.start, s.pages]),
            [
                [8192, 3],
                [8192 + 3 * 4096, 3],
                [8192 + 6 * 4096, 4],
            ],
        );
        assert.deepEqual(partsOf({ start: 0, pages: 4, count: 5 }, PAGES_4K), [
            { gpa: 0, length: 4096, generation: 2 },
            { gpa: 4096, length: 3 * 4096, generation: 1 },
        ]);
        assert.deepEqual(partsOf({ start: 0, pages: 4, count: 8 }, PAGES_4K), [
            { gpa: 0, length: 4 * 4096, generation: 2 },
        ]);
    });

    test('a guest writes at its rate, whatever else goes on, and only what is its own', () => {
        ran(`process vmm {
            ram = memfd_create("ram"); ram.truncate(8MiB)
            ram.pwrite(pattern(9, 8MiB), at: 0)
            guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
            before = clock.now
            guest.run(dirty: 1GiB/s, from: 4MiB, length: 2MiB)
            other = memfd_create("other")
            other.pwrite(pattern(1, 64MiB), at: 0)              // takes time
            guest.pause()
            expected = (clock.now - before) * (1GiB / 1000) / 1000000
            assert guest.written > expected * 98 / 100 && guest.written < expected
            assert guest.wrong == 0
            assert ram.pread(4MiB, at: 0) == pattern(9, 4MiB)
            assert ram.pread(2MiB, at: 6MiB) == bytes_of(6MiB)
            stood = guest.written
            sleep 50ms
            assert guest.written == stood && vm("guest").state == "paused"
        }\n}\nfn bytes_of(at) {\n    other = memfd_create("x"); other.pwrite(pattern(9, 8MiB), at: 0)\n    return other.pread(2MiB, at: at)`);
    });

    test('each byte that somebody else changes is wrong, also where the guest comes across it later', () => {
        const random = new Random(5);
        const changes = Array.from({ length: 20 }, () => random.below(4 * MIB));
        const writes = [...new Set(changes)]
            .map(
                (at) =>
                    `old = ram.pread(1, at: ${at}); if old == bytes("x") { ram.pwrite("y", at: ${at}) } else { ram.pwrite("x", at: ${at}) }`,
            )
            .join('\n');
        const host = ran(`process vmm {
            ram = memfd_create("ram"); ram.truncate(4MiB)
            guest = kvm.create_vm("guest", vcpus: 4, memory: ram)
            guest.run(dirty: 1GiB/s)
            sleep 7ms
            guest.pause()
            ${writes}
            assert guest.wrong == ${new Set(changes).size}
            assert guest.verify() == ${new Set(changes).size}
            guest.resume()
            sleep 50ms
            assert guest.wrong == ${new Set(changes).size}
        }`);
        assert.equal(host.guests.of('guest')?.examine().bytes, 0, 'all of it has been written anew');
        assert.equal(host.guests.of('guest')?.foundWrong, new Set(changes).size);
    });
    test('whatever the VMM does meanwhile, nothing of a guest is lost', () => {
        for (let seed = 0; seed < 12; seed++) {
            const random = new Random(seed);
            const steps = Array.from(
                { length: 12 },
                () =>
                    [
                        'sleep 3ms',
                        'ram.pread(1MiB, at: 2MiB)',
                        'ram.fallocate(offset: 1MiB, length: 4MiB)',
                        'guest.pause(); guest.resume()',
                        'sleep 777us',
                        'guest.verify()',
                        'x = lu.create_session("x"); x.preserve_fd(ram, token: 1); sleep 1ms; x.close()',
                    ][random.below(7)],
            );
            const host = ran(
                `process vmm {
                lu = open("/dev/liveupdate")
                ram = memfd_create("ram"${random.below(2) === 0 ? ', huge: true' : ''}); ram.truncate(8MiB)
                guest = kvm.create_vm("guest", vcpus: ${1 + random.below(4)}, memory: ram)
                guest.run(dirty: ${1 + random.below(2000)}MiB/s)
                ${steps.join('\n')}
                assert guest.written > 0 && guest.wrong == 0
            }`,
                'memory 1GiB',
            );
            assert.equal(host.guests.of('guest')?.foundWrong, 0, `seed ${seed}`);
        }
    });
});

suite('guests: over a kexec', () => {
    test('a guest goes on where it was, and nothing runs in between', () => {
        const host =
            ran(`${LEAVE('guest.run(dirty: 300MiB/s)\nsleep 30ms', 'log(guest.written)')}${ARRIVE('assert guest.written > 9MiB\nassert guest.wrong == 0\nstood = guest.written\nguest.resume()\nassert guest.written == stood\nsleep 40ms\nassert guest.written > stood + 10MiB')}
            assert vm("guest").wrong == 0`);
        assert.deepEqual(
            Diagnoses.of(host)?.found.items.map((d) => d.message),
            [],
        );
        const [update] = updatesOf(host);
        assert.ok(update);
        assert.equal(update.blackoutNs, host.guests.of('guest')?.blackout);
        assert.equal(
            update.blackoutNs,
            update.pausingNs + update.kernelShutdownNs + (update.kernelStartupNs ?? 0) + (update.userspaceNs ?? 0),
        );
        assert.equal(
            update.blackoutNs,
            update.madeOf.reduce((sum, s) => sum + s.ns, 0),
        );
        assert.match(updateLine(update, [update]), /^blackout \d+ ms of guest "guest": boot_initcalls /);
    });

    test('interrupts that wait are saved with the rest, two of a vector as one', () => {
        const host =
            ran(`${LEAVE('guest.run(dirty: 1MiB/s)\nguest.inject(48)', 'guest.inject(64, vcpu: 2)\nguest.inject(64, vcpu: 2)\nguest.inject(255)')}${ARRIVE('assert vm("guest").interrupts == 0\nguest.resume()')}
            assert vm("guest").interrupts == 2`);
        assert.deepEqual(
            host.guests.of('guest')?.live?.vcpus.items.map((v) => v.interrupts),
            [1, 0, 1],
        );
    });

    test('of several guests the slowest is the blackout', () => {
        const host = ran(`process vmm {
            vm1 = open("/dev/liveupdate").create_session("vm-1")
            a = memfd_create("a"); a.truncate(1MiB)
            b = memfd_create("b"); b.truncate(1MiB)
            states = memfd_create("states"); states.truncate(4KiB)
            first = kvm.create_vm("first", vcpus: 1, memory: a)
            second = kvm.create_vm("second", vcpus: 1, memory: b)
            first.run(dirty: 1MiB/s); second.run(dirty: 1MiB/s)
            sleep 10ms
            vm1.preserve_fd(a, token: 1); vm1.preserve_fd(b, token: 2); vm1.preserve_fd(states, token: 3)
            kexec_file_load("7.2")
            second.pause(); sleep 5ms; first.pause()
            first.save(states); second.save(states)
            reboot(KEXEC)
        }
        assert update.phase == "blackout" && update.blackout > 200ms
        process vmm {
            vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
            a = vm1.retrieve_fd(token: 1); b = vm1.retrieve_fd(token: 2)
            vm1.finish()
            first = kvm.create_vm("first", vcpus: 1, memory: a)
            second = kvm.create_vm("second", vcpus: 1, memory: b)
            first.resume()
            assert update.phase == "blackout"
            second.resume()
            assert second.blackout == vm("second").blackout && first.blackout == vm("first").blackout
        }
        assert update.phase == "post-lu"
        assert vm("second").blackout > vm("first").blackout + 5ms
        assert update.blackout == vm("second").blackout`);
        const [update] = updatesOf(host);
        assert.match(
            update ? updateLine(update, [update]) : '',
            /^blackout \d+ ms of guest "second", the longest of 2: /,
        );
    });

    test('a guest that nobody resumes has no end of its blackout', () => {
        const [update] = updatesOf(ran(`${LEAVE('guest.run(dirty: 1MiB/s)')}${ARRIVE('sleep 1s')}`));
        assert.equal(
            update ? updateLine(update, [update]) : '',
            'the blackout never ended: guest "guest" was not resumed',
        );
    });

    test('one that was shut down before has nothing to do with the update', () => {
        const [update] = updatesOf(
            ran(`process vmm { ram = memfd_create("ram"); ram.truncate(1MiB); guest = kvm.create_vm("guest", vcpus: 1, memory: ram); guest.run(dirty: 1MiB/s); exit }
            process luod { kexec_file_load("7.2"); reboot(KEXEC) }`),
        );
        assert.deepEqual(update?.guests, []);
        assert.ok(update?.blackoutNs);
    });

    test('nor has one that never ran', () => {
        const host = ran(
            `process vmm { ram = memfd_create("ram"); ram.truncate(1MiB); kvm.create_vm("guest", vcpus: 1, memory: ram); kexec_file_load("7.2"); reboot(KEXEC) }`,
        );
        assert.deepEqual(updatesOf(host)[0]?.guests, []);
        assert.deepEqual(
            Diagnoses.of(host)?.found.items.map((d) => d.code),
            [],
        );
        assert.equal(host.guests.of('guest')?.blackout, 0);
    });

    test('one that was loaded and not resumed is lost at the next kexec', () => {
        const host = ran(`${LEAVE('guest.run(dirty: 1MiB/s)')}${ARRIVE('kexec_file_load("7.2"); reboot(KEXEC)')}`);
        assert.deepEqual(
            Diagnoses.of(host)?.found.items.map((d) => [d.code, d.cause?.code]),
            [
                ['LU1079', undefined],
                ['LU1079', undefined],
                ['LU1038', 'LU1079'],
            ],
        );
    });

    test('a trace has a track for each vCPU, which goes on over kernels', () => {
        const host = start(`${LEAVE('guest.run(dirty: 1MiB/s)')}${ARRIVE('guest.resume()')}`);
        const tracer = new Tracer(host);
        host.listeners.report(tracer);
        host.interpreter.run(FOREVER);
        const slices = tracer.events().flatMap((e) => (e.ph === 'X' && e.cat === 'guest' ? [e] : []));
        assert.deepEqual(
            slices.filter((e) => e.tid === 1).map((e) => e.name),
            ['running', 'paused', 'running'],
        );
        assert.equal(new Set(slices.map((e) => e.tid)).size, 3);
        const paused = slices.filter((e) => e.name === 'paused');
        const begin = Math.min(...paused.map((e) => e.ts));
        const end = Math.max(...paused.map((e) => e.ts + e.dur));
        assert.equal(Math.round((end - begin) * 1000), host.guests.of('guest')?.blackout);
    });
});

suite('guests: every way to forget something', () => {
    const BOTH = [true, false];
    for (const memory of BOTH) {
        for (const pauses of BOTH) {
            for (const saves of BOTH) {
                for (const again of BOTH) {
                    for (const keeps of BOTH) {
                        // what a naive look at the list says
                        const root = !memory
                            ? 'LU1038'
                            : !pauses
                              ? 'LU1036'
                              : !saves || !keeps
                                ? 'LU1037'
                                : again
                                  ? 'LU1036'
                                  : undefined;
                        const words = [
                            memory ? '' : 'memory not preserved',
                            pauses ? '' : 'not paused',
                            saves ? '' : 'never saved',
                            again ? 'runs once more' : '',
                            keeps ? '' : 'state not preserved',
                        ];
                        test(words.filter((w) => w !== '').join(', ') || 'nothing forgotten', () => {
                            const host = ran(`process vmm {
                                vm1   = open("/dev/liveupdate").create_session("vm-1")
                                ram   = memfd_create("guest-ram"); ram.truncate(1MiB)
                                state = memfd_create("guest-state"); state.truncate(4KiB)
                                guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
                                guest.run(dirty: 100MiB/s); sleep 12ms
                                ${memory ? 'vm1.preserve_fd(ram, token: 1)' : ''}
                                ${keeps ? 'vm1.preserve_fd(state, token: 2)' : ''}
                                kexec_file_load("7.2")
                                ${pauses ? 'guest.pause()' : ''}
                                ${saves ? 'guest.save(state)' : ''}
                                ${again ? `guest.resume(); sleep 2ms; ${pauses ? 'guest.pause()' : ''}` : ''}
                                reboot(KEXEC)
                            }
                            process vmm {
                                vm1   = open("/dev/liveupdate").retrieve_session("vm-1")
                                ${memory ? 'ram = vm1.retrieve_fd(token: 1)' : 'ram = memfd_create("guest-ram"); ram.truncate(1MiB)'}
                                ${keeps ? 'state = vm1.retrieve_fd(token: 2)' : ''}
                                vm1.finish()
                                guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
                                ${keeps && saves ? 'guest.load(state); guest.resume()' : 'guest.run(dirty: 100MiB/s)'}
                            }`);
                            const found = Diagnoses.of(host)?.found.items ?? [];
                            assert.deepEqual(
                                found.filter((d) => d.cause === null).map((d) => d.code),
                                root === undefined ? [] : [root],
                            );
                            const goesOn = keeps && saves;
                            assert.equal((host.guests.of('guest')?.wrong ?? 0) > 0, goesOn && root !== undefined);
                            assert.equal(
                                found.some((d) => d.code === 'LU1035'),
                                goesOn && root !== undefined,
                            );
                        });
                    }
                }
            }
        }
    }
});

suite('guests: state and errors', () => {
    const STATE = {
        memory: 4096,
        vcpus: [
            { start: 0, pages: 5, count: 17, rate: 4096, pending: [32, 255] },
            { start: 20480, pages: 1, count: 0, rate: 0, pending: [] },
        ],
    };

    test('saved state is what its layout says, and comes back', () => {
        const bytes = encodeState(STATE);
        assert.equal(bytes.length, STATE_HEADER + 2 * STATE_ENTRY);
        assert.equal(new TextDecoder().decode(bytes.subarray(0, 7)), 'LUSVCPU');
        const view = new DataView(bytes.buffer);
        assert.equal(view.getBigUint64(STATE_HEADER + 40, true), 17n);
        assert.equal(bytes[STATE_HEADER + 56 + 4], 1, 'vector 32 is the first bit of the fifth byte');
        assert.equal(bytes[STATE_HEADER + 56 + 31], 0x80);
        assert.equal(vcpusOf(bytes), 2);
        assert.deepEqual(decodeState(bytes), STATE);
    });

    test('what was changed on the way is refused', () => {
        for (let at = 0; at < encodeState(STATE).length; at++) {
            const bytes = encodeState(STATE);
            bytes[at] = (bytes[at] ?? 0) ^ 1;
            const decoded = decodeState(bytes);
            // the size of memory is not covered: it is for those who look
            assert.equal(decoded === undefined, at < 16 || at >= 24, `byte ${at}`);
        }
        assert.equal(decodeState(new Uint8Array(10)), undefined);
    });

    test('a VMM gets the errors of KVM', () => {
        ran(`process vmm {
            ram = memfd_create("ram", MFD_ALLOW_SEALING); ram.truncate(1MiB)
            sealed = memfd_create("sealed", MFD_ALLOW_SEALING); sealed.truncate(1MiB); sealed.add_seals(F_SEAL_FUTURE_WRITE)
            kvm.create_vm("x", vcpus: 0, memory: ram)  fails EINVAL
            kvm.create_vm("x", vcpus: 5000, memory: ram)  fails EINVAL
            kvm.create_vm("x", memory: sealed)  fails EPERM
            kvm.create_vm("x", memory: open("/dev/null"))  fails EINVAL
            kvm.create_vm("x", memory: 99)  fails EBADF
            guest = kvm.create_vm("x", memory: ram)
            kvm.create_vm("x")  fails EEXIST
            ram.add_seals(F_SEAL_WRITE)  fails EBUSY
            ram.pause()  fails ENOTTY
            guest.run(dirty: 1MiB/s, from: 1MiB)  fails EINVAL
            guest.set_memory(ram, at: 512KiB)  fails EEXIST
            guest.set_memory(ram, at: 1MiB + 1)  fails EINVAL
            guest.remove_memory(4096)  fails ENOENT
            guest.load(ram)  fails EINVAL
            guest.run(dirty: 1MiB/s)
            guest.save(ram)
            guest.load(ram)  fails EBUSY
            two = kvm.create_vm("two", vcpus: 2)
            two.load(ram)  fails EINVAL
            guest.close()
            ram.add_seals(F_SEAL_WRITE)
            again = kvm.create_vm("x")
            again.close()
        }`);
    });

    test('a VM goes with its last descriptor, wherever that is', () => {
        const host = ran(`process vmm, keeper
            vmm { ram = memfd_create("ram"); ram.truncate(1MiB); guest = kvm.create_vm("guest", memory: ram); guest.run(dirty: 16MiB/s); send guest to keeper; exit }
            sleep 5ms
            assert vm("guest").state == "running"
            keeper { guest.close() }
            assert vm("guest").state == "gone"
            stood = vm("guest").written
            sleep 5ms
            assert vm("guest").written == stood && stood > 0`);
        assert.equal(host.kernel?.vms.length, 0);
    });

    test('pages that a guest touches are there afterwards, each an exit of its own', () => {
        const host = ran(`process vmm {
            ram = memfd_create("ram"); ram.truncate(4MiB)
            guest = kvm.create_vm("guest", vcpus: 1, memory: ram)
            guest.run(dirty: 100MiB/s, from: 0, length: 1MiB)
            sleep 100ms
            guest.pause()
            assert ram.blocks == 2048
            assert vm("guest").exits == 257
        }`);
        assert.equal(host.guests.of('guest')?.wrong, 0);
    });

    test('a vCPU without memory faults, and goes on when there is some', () => {
        const host = ran(`process vmm {
            ram = memfd_create("ram"); ram.truncate(1MiB)
            guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
            guest.run(dirty: 100MiB/s)
            sleep 1ms
            ram.truncate(512KiB)
            sleep 50ms
            assert vm("guest").state == "running"
            ram.truncate(1MiB)
            guest.resume()
            sleep 50ms
            assert vm("guest").state == "running"
        }`);
        assert.deepEqual(
            Diagnoses.of(host)?.found.items.map((d) => d.code),
            ['LU1035'],
            'what was cut off is zeroes, and the vCPU goes on',
        );
        assert.deepEqual(
            host.guests.of('guest')?.live?.vcpus.items.map((v) => v.state),
            ['running', 'running'],
        );
    });
});

suite('guests: what their memory is in', () => {
    test('huge pages of a pool, over a kexec with the layer that carries them', () => {
        const program = programOf(`kernel "next" from "7.3" { layers hugetlb; cmdline "hugepages=12" }
machine { memory 1GiB }
scenario "s" {
    boot "next"
    process vmm {
        vm1   = open("/dev/liveupdate").create_session("vm-1")
        ram   = memfd_create("guest-ram", MFD_HUGETLB | MFD_ALLOW_SEALING)
        ram.truncate(16MiB)
        state = memfd_create("guest-state")
        guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
        guest.run(dirty: 1GiB/s)
        sleep 3ms
        assert hugepages(2MiB).free > 4
        sleep 20ms
        assert hugepages(2MiB).free == 4
        guest.pause(); guest.save(state)
        vm1.preserve_fd(ram, token: 1); vm1.preserve_fd(state, token: 2)
        kexec_file_load("next"); reboot(KEXEC)
    }
    process vmm {
        vm1   = open("/dev/liveupdate").retrieve_session("vm-1")
        ram   = vm1.retrieve_fd(token: 1)
        state = vm1.retrieve_fd(token: 2)
        vm1.finish()
        guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
        guest.load(state)
        guest.resume()
        sleep 20ms
    }
    assert vm("guest").wrong == 0 && vm("guest").written > 30MiB
    assert vm("guest").exits < 100
}`);
        assert.deepEqual(
            program.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
            [],
        );
        const { host } = Run.start(program);
        host.interpreter.run(FOREVER);
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
        assert.deepEqual(
            Diagnoses.of(host)?.found.items.map((d) => d.message),
            [],
        );
    });

    test('pages that move do not take what a guest has written from it', () => {
        const host = ran(
            `process vmm {
            ram = memfd_create("ram"); ram.truncate(16MiB)
            guest = kvm.create_vm("guest", vcpus: 2, memory: ram)
            guest.run(dirty: 500MiB/s)
            sleep 20ms
        }
        assert compact_memory() > 0
        vmm {
            sleep 20ms
            ram.move_pages(1)
            sleep 20ms
        }
        assert vm("guest").wrong == 0`,
            'memory 1GiB; memory 1GiB node 1',
        );
        assert.equal(host.guests.of('guest')?.foundWrong, 0);
    });
});

suite('guests: the first cause', () => {
    test("a device that goes astray over a kexec is what the guest's wrong bytes follow from", () => {
        const host = ran(
            `process vmm {
            vm1   = open("/dev/liveupdate").create_session("vm-1")
            ram   = memfd_create("guest-ram"); ram.fallocate(0, 16MiB)
            state = memfd_create("guest-state"); state.truncate(4KiB)
            guest = kvm.create_vm("guest", vcpus: 1, memory: ram)
            guest.run(dirty: 1GiB/s)
            sleep 20ms
            vm1.preserve_fd(ram, token: 1)
            vm1.preserve_fd(state, token: 2)
            // somebody's ring, at an address of the domain that is, in memory, the guest's page
            at   = phys(ram.folio_at(8MiB))
            ring = memfd_create("ring"); ring.truncate(1MiB)
            ioas = open("/dev/iommu").ioas_alloc()
            ioas.map(ring, iova: at, length: 1MiB)
            open("/dev/vfio/devices/vfio0").bind_iommufd(ioas)
            gpu0.start_dma(ring: at, length: 1MiB, every: 100us)
            kexec_file_load("7.2")
            guest.pause(); guest.save(state)
            reboot(KEXEC)
        }
        process vmm {
            vm1   = open("/dev/liveupdate").retrieve_session("vm-1")
            ram   = vm1.retrieve_fd(token: 1)
            state = vm1.retrieve_fd(token: 2)
            vm1.finish()
            guest = kvm.create_vm("guest", vcpus: 1, memory: ram)
            guest.load(state)
            guest.resume()
        }`,
            'memory 2GiB; iommu vtd; device gpu0 at "0000:5e:00.0" { kind gpu; driver vfio; ignores_bus_master on }',
        );
        const found = Diagnoses.of(host)?.found.items ?? [];
        assert.deepEqual(
            found.map((d) => [d.code, d.cause?.code]),
            [
                ['LU1029', undefined],
                ['LU1035', 'LU1029'],
            ],
        );
        assert.match(
            found[1]?.message ?? '',
            /finds 512 KiB of its memory changed, first at guest address 0x8[0-9a-f]{5}: .* and was handed over: its contents were overwritten\.$/,
        );
        assert.equal(host.guests.of('guest')?.wrong, 512 * 1024);
    });

    test('memory in another order is told by where the pages went', () => {
        const host = ran(`${LEAVE('guest.run(dirty: 300MiB/s)\nsleep 60ms')}
        process vmm {
            vm1   = open("/dev/liveupdate").retrieve_session("vm-1")
            ram   = vm1.retrieve_fd(token: 1)
            state = vm1.retrieve_fd(token: 2)
            vm1.finish()
            guest = kvm.create_vm("guest", vcpus: 3)
            guest.set_memory(ram, at: 0, length: 8MiB, offset: 8MiB)
            guest.set_memory(ram, at: 8MiB, length: 8MiB)
            guest.load(state)
            guest.resume()
        }`);
        const [d, more] = Diagnoses.of(host)?.found.items ?? [];
        assert.equal(more, undefined);
        assert.equal(d?.code, 'LU1035');
        assert.match(
            d.message,
            /^Guest "guest" finds 16 MiB of its memory changed, first at guest address 0x0: .*The guest wrote to the page at 0x\w+, which is now memory of memfd; it now has another page at this address, at 0x\w+\.$/,
        );
        assert.ok(
            d.history.some((h) => h.text === 'state loaded') && d.history.some((h) => h.text.startsWith('restored')),
        );
    });

    test('a rate is a number of bytes, and division is still division', () => {
        ran(
            'process vmm { assert 200MiB/s == 200MiB; s = 2; assert 8MiB / s == 4MiB; some = 4; assert 8MiB/some == 2MiB; assert 1KiB/s + 1 == 1025 }',
        );
    });
});
