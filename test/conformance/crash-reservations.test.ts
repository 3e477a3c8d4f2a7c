/**
 * Where `crashkernel=` lies after a kexec with a handover: in scratch, and where it finds no room. Recorded on Linux
 * 7.2.13 in virtual machines of 2 GiB: for x86-64 without KASLR, for arm64 without ZONE_DMA.
 */
import assert from 'node:assert/strict';
import type { ArchName } from '../../emulator/machine/arch';
import { programOf } from '../support/programs';
import { failureOf } from '../support/runs';

interface Recorded {
    readonly arch: ArchName;
    /** Sizes on the command lines of kernels 1 and 2, and of kernel 3. */
    readonly first: string;
    readonly last: string;
    /** The lines of the kernels' logs; undefined: this kernel never comes up. */
    readonly lines: readonly [string, string, string | undefined];
}

const RECORDED: readonly Recorded[] = [
    {
        arch: 'x86-64',
        first: '32M',
        last: '256M',
        lines: [
            'crashkernel reserved: 0x000000007d000000 - 0x000000007f000000 (32 MB)',
            'crashkernel reserved: 0x0000000078000000 - 0x000000007a000000 (32 MB)',
            'crashkernel reserved: 0x000000006a000000 - 0x000000007a000000 (256 MB)',
        ],
    },
    {
        arch: 'x86-64',
        first: '64M',
        last: '700M',
        lines: [
            'crashkernel reserved: 0x000000007b000000 - 0x000000007f000000 (64 MB)',
            'crashkernel reserved: 0x0000000074000000 - 0x0000000078000000 (64 MB)',
            'crashkernel reserved: 0x000000004c000000 - 0x0000000077c00000 (700 MB)',
        ],
    },
    {
        arch: 'x86-64',
        first: '64M',
        last: '1000M',
        lines: [
            'crashkernel reserved: 0x000000007b000000 - 0x000000007f000000 (64 MB)',
            'crashkernel reserved: 0x0000000074000000 - 0x0000000078000000 (64 MB)',
            'cannot allocate crashkernel (size:0x3e800000)',
        ],
    },
    {
        arch: 'arm64',
        first: '32M',
        last: '256M',
        lines: [
            'crashkernel reserved: 0x00000000bda00000 - 0x00000000bfa00000 (32 MB)',
            'crashkernel reserved: 0x00000000b8e00000 - 0x00000000bae00000 (32 MB)',
            'crashkernel reserved: 0x00000000a2000000 - 0x00000000b2000000 (256 MB)',
        ],
    },
    {
        arch: 'arm64',
        first: '64M',
        last: '700M',
        lines: [
            'crashkernel reserved: 0x00000000bba00000 - 0x00000000bfa00000 (64 MB)',
            'crashkernel reserved: 0x00000000b4e00000 - 0x00000000b8e00000 (64 MB)',
            // with memblock=debug it logs the same attempt in reserve_crashkernel_generic() for ever
            undefined,
        ],
    },
];

const MAPS: Readonly<Record<ArchName, string>> = {
    'x86-64': 'map 0x1000 .. 0x9fc00; map 0x10_0000 .. 0x7ffe_0000',
    arm64: 'arch arm64; map 0x4000_0000 .. 0xc000_0000',
};

suite('crashkernel= after a kexec', () => {
    for (const { arch, first, last, lines } of RECORDED) {
        test(`${arch}: ${first}, ${first}, ${last}`, () => {
            const kernel = (name: string, size: string): string =>
                `kernel "${name}" from "7.2.13" {
    numa off
    zone_dma ${arch === 'x86-64' ? 'on' : 'off'}
    cmdline "kho=on liveupdate=on nokaslr crashkernel=${size}"
}`;
            const [boot1, boot2, boot3] = lines.map((line) => line && `assert kernel.logged("${line}")`);
            const program = programOf(`machine { ${MAPS[arch]} }
${kernel('a', first)}
${kernel('b', last)}
scenario "s" {
    boot "a"
    ${boot1}
    process p { kexec_file_load("a"); reboot(KEXEC) }
    ${boot2}
    process q { kexec_file_load("b"); reboot(KEXEC)${boot3 ? '' : '  panics "reserve_crashkernel_generic() tries for ever"'} }
    ${boot3 ?? ''}
}`);
            assert.equal(failureOf(program), undefined);
        });
    }

    test('x86-64 with 8 GiB: 512M,high lies below the first page tables, and needs low memory', () => {
        const program = programOf(`machine {
    map 0x1000 .. 0x9fc00
    map 0x10_0000 .. 0xbffe_0000
    map 0x1_0000_0000 .. 0x2_4000_0000
}
kernel "k" from "7.2.13" { numa off; cmdline "nokaslr crashkernel=512M,high" }
scenario "s" {
    boot "k"
    assert kernel.logged("crashkernel low memory reserved: 0xaf000000 - 0xbf000000 (256 MB)")
    assert kernel.logged("crashkernel reserved: 0x000000021f000000 - 0x000000023f000000 (512 MB)")
}`);
        assert.equal(failureOf(program), undefined);
    });
});
