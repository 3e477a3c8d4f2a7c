/**
 * Where `crashkernel=` lies after a kexec with a handover: in scratch, and where it finds no room. Recorded on Linux
 * 7.2.13 for x86-64 without KASLR, in a virtual machine of 2 GiB.
 */
import assert from 'node:assert/strict';
import { programOf } from '../support/programs';
import { failureOf } from '../support/runs';

interface Recorded {
    /** Sizes on the command lines of kernels 1 and 2, and of kernel 3. */
    readonly first: string;
    readonly last: string;
    /** The lines of the kernels' logs. */
    readonly lines: readonly [string, string, string];
}

const RECORDED: readonly Recorded[] = [
    {
        first: '32M',
        last: '256M',
        lines: [
            'crashkernel reserved: 0x000000007d000000 - 0x000000007f000000 (32 MB)',
            'crashkernel reserved: 0x0000000078000000 - 0x000000007a000000 (32 MB)',
            'crashkernel reserved: 0x000000006a000000 - 0x000000007a000000 (256 MB)',
        ],
    },
    {
        first: '64M',
        last: '700M',
        lines: [
            'crashkernel reserved: 0x000000007b000000 - 0x000000007f000000 (64 MB)',
            'crashkernel reserved: 0x0000000074000000 - 0x0000000078000000 (64 MB)',
            'crashkernel reserved: 0x000000004c000000 - 0x0000000077c00000 (700 MB)',
        ],
    },
    {
        first: '64M',
        last: '1000M',
        lines: [
            'crashkernel reserved: 0x000000007b000000 - 0x000000007f000000 (64 MB)',
            'crashkernel reserved: 0x0000000074000000 - 0x0000000078000000 (64 MB)',
            'cannot allocate crashkernel (size:0x3e800000)',
        ],
    },
];

suite('crashkernel= after a kexec', () => {
    for (const { first, last, lines } of RECORDED) {
        test(`${first}, ${first}, ${last}`, () => {
            const kernel = (name: string, size: string): string =>
                `kernel "${name}" from "7.2.13" { numa off; cmdline "kho=on liveupdate=on nokaslr crashkernel=${size}" }`;
            const [boot1, boot2, boot3] = lines.map((line) => `assert kernel.logged("${line}")`);
            const program = programOf(`machine { map 0x1000 .. 0x9fc00; map 0x10_0000 .. 0x7ffe_0000 }
${kernel('a', first)}
${kernel('b', last)}
scenario "s" {
    boot "a"
    ${boot1}
    process p { kexec_file_load("a"); reboot(KEXEC) }
    ${boot2}
    process q { kexec_file_load("b"); reboot(KEXEC) }
    ${boot3}
}`);
            assert.equal(failureOf(program), undefined);
        });
    }
});
