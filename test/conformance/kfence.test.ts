/**
 * Where KFENCE has its pool: at the end of early memory, in scratch after a kexec. Recorded on Linux 7.2.13 for x86-64
 * with CONFIG_KFENCE and CONFIG_MEMCG, without KASLR, in a virtual machine of 2 GiB, with `memblock=debug
 * no_hash_pointers`.
 */
import assert from 'node:assert/strict';
import { KFENCE_POOL } from '../../emulator/kernel/mm/kfence';
import { Run } from '../../emulator/run/run';
import { programOf } from '../support/programs';

/**
 * The pools of kernels 1 and 2, and what describes their objects. In kernel 2 that lies 2 MiB lower than in the
 * emulator, where an image needs no room to decompress itself.
 */
const RECORDED = [
    { pool: '0x7d600000-0x7d800000', metadata: '0x7dab7000-0x7db00000' },
    { pool: '0x79e00000-0x7a000000', metadata: undefined },
];

/** The reserved memory with this owner, as the kernel logs it. */
function reserved({ host }: Run, owner: string): string {
    const { memmap } = host.running;
    const id = host.machine.owners.id(owner);
    const hex = (page: number): string => `0x${(page * host.machine.page.size).toString(16)}`;
    return memmap.reserved
        .filter((r) => r.owner === id)
        .map((r) => `${hex(r.start)}-${hex(r.end)}`)
        .join();
}

suite('the pool of KFENCE', () => {
    for (const [kexecs, recorded] of RECORDED.entries()) {
        test(`kernel ${kexecs + 1}`, () => {
            const program = programOf(`machine { map 0x1000 .. 0x9fc00; map 0x10_0000 .. 0x7ffe_0000 }
kernel "k" from "7.2.13" { numa off; kfence on; initrd 2824KiB; cmdline "nokaslr" }
scenario "s" {
    boot "k"
    ${'process p { kexec_file_load("k"); reboot(KEXEC) }\n'.repeat(kexecs)}
}`);
            const run = Run.start(program, { scenario: 's' });
            run.host.interpreter.run(Number.MAX_SAFE_INTEGER);
            assert.equal(reserved(run, KFENCE_POOL), recorded.pool);
            if (recorded.metadata !== undefined) {
                assert.equal(reserved(run, 'KFENCE metadata'), recorded.metadata);
            }
        });
    }
});
