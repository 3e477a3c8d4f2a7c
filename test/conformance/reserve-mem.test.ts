/**
 * Where `reserve_mem=` finds memory, among what a kernel allocates early. Recorded on Linux 7.2.13 with
 * `memblock=debug crashkernel=32M reserve_mem=1M:4096:foo` in virtual machines of 2 GiB: for x86-64 without KASLR, in
 * the rest of a block of per-CPU areas; for arm64 without ZONE_DMA, directly below them.
 */
import assert from 'node:assert/strict';
import { programOf } from '../support/programs';
import { failureOf } from '../support/runs';

const RECORDED = [
    { machine: 'map 0x1000 .. 0x9fc00; map 0x10_0000 .. 0x7ffe_0000', settings: 'initrd 2772KiB', at: '0x7bb0_0000' },
    { machine: 'arch arm64; map 0x4000_0000 .. 0xc000_0000', settings: 'zone_dma off', at: '0xbfac_b000' },
];

suite('reserve_mem=', () => {
    for (const { machine, settings, at } of RECORDED) {
        test(machine, () => {
            const program = programOf(`machine { ${machine} }
kernel "k" from "7.2.13" {
    numa off
    ${settings}
    cmdline "nokaslr crashkernel=32M reserve_mem=1M:4096:foo"
}
scenario "s" {
    boot "k"
    assert kernel.reserve_mem("foo") == ${at}
    process p { kexec_file_load("k"); reboot(KEXEC) }
    assert kernel.reserve_mem("foo") == ${at}
}`);
            assert.equal(failureOf(program), undefined);
        });
    }
});
