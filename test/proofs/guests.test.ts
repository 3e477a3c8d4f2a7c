/** Guests in random programs, from any checkpoint, and in a terabyte. */
import assert from 'node:assert/strict';
import type { Host } from '../../emulator/runtime/host/host';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { FOREVER } from '../support/runs';
import { Random } from '../support/random';
import { endsTheSame } from '../support/checkpoints';
import { ARRIVE, LEAVE, ran, start } from '../support/guests';

suite('guests: what they write', () => {
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
    test('a run with a guest comes out the same again, and goes on from any checkpoint', () => {
        const body = `${LEAVE('guest.run(dirty: 300MiB/s)\nsleep 5ms')}${ARRIVE('guest.resume()\nsleep 5ms')}`;
        assert.equal(
            endsTheSame(start(body), { keep: (number) => number % 500 === 1, moreThan: 5, kind: 'in' }),
            fingerprint(ran(body)),
        );
    });
});

suite('guests: large ones', () => {
    /** How often memory is filled, and how many pieces the guest's memory is in the end. */
    function work(size: string, memory: string): { readonly fills: number; readonly host: Host } {
        const host = start(
            `process vmm {
            ram = memfd_create("ram", huge: true); ram.truncate(${size})
            guest = kvm.create_vm("guest", vcpus: 8, memory: ram)
            guest.run(dirty: 64GiB/s, from: 0, length: 8GiB)
            sleep 10s
            guest.pause()
            assert guest.written > 600GiB && guest.wrong == 0
        }`,
            `memory ${memory}`,
        );
        let fills = 0;
        const { memory: ram } = host.machine;
        const fill = ram.fillPattern.bind(ram);
        ram.fillPattern = (...args) => {
            fills++;
            fill(...args);
        };
        host.interpreter.run(FOREVER);
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
        return { fills, host };
    }

    test('64 GiB and 1 TiB take the same work for the same writes, in long runs', () => {
        const small = work('64GiB', '80GiB');
        const large = work('1TiB', '20GiB');
        assert.equal(large.fills, small.fills);
        assert.ok(small.fills < 100_000, `${small.fills} for 160 million pages`);
    });
});
