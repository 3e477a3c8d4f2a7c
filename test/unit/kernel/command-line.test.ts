/** A kernel's command line: its arguments, their values, the table of parameters, and what a kernel makes of it all. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type CommandLine, readCommandLine } from '../../../emulator/kernel/command-line/command-line';
import { argumentsOf } from '../../../emulator/kernel/release/arguments';
import { DESCRIPTIONS } from '../../../emulator/kernel/release/descriptions';
import { kstrtobool, leadingNumber, memparse } from '../../../emulator/kernel/release/parameter-values';
import { type Parameter, parameterNamed, PARAMETERS } from '../../../emulator/kernel/release/parameters';
import { usableMemory } from '../../../emulator/kernel/mm/usable-memory';
import { armMemory, pcMemory } from '../../../emulator/machine/machine';
import { PAGES_4K } from '../../../emulator/machine/arch';
import { type ParameterBuild, unknownArguments } from '../../../emulator/kernel/release/unknown-parameters';
import { recordedKernel } from '../../../emulator/recording/recorded-kernel';
import { Run } from '../../../emulator/run/run';
import { findingsOf, programOf } from '../../support/programs';
import { inRepository } from '../../support/repository';
import { FOREVER } from '../../support/runs';

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const NO_IMAGE = { addr: 0, size: 0 };

const read = (
    text: string,
    arch: 'x86-64' | 'arm64' = 'x86-64',
    zeroScratchSizes = true,
    scratchParameter: 'kho_scratch' | 'kho_bootmem' = 'kho_scratch',
): CommandLine =>
    readCommandLine(text, {
        arch,
        page: PAGES_4K,
        kexecHandover: true,
        liveUpdate: true,
        scratchParameter,
        zeroScratchSizes,
    });

suite('the arguments of a command line', () => {
    test('white space divides them, quotation marks keep it together, -- ends them', () => {
        const cases: [string, string[]][] = [
            ['', []],
            ['  \t\n ', []],
            ['quiet kho=on', ['quiet', 'kho→on']],
            [' kho=on\tliveupdate=off ', ['kho→on', 'liveupdate→off']],
            ['a=b=c =x x=', ['a→b=c', '=x', 'x→']],
            ['dyndbg="file a.c +p" quiet', ['dyndbg→file a.c +p', 'quiet']],
            ['"kho=on off" quiet', ['kho→on off', 'quiet']],
            ['"quiet" a"b c"d=e f', ['quiet', 'a"b c"d→e', 'f']],
            ['a="b', ['a→b']],
            ['kho=on -- kho=off', ['kho→on']],
            ['kho=on --=x liveupdate=on', ['kho→on', '--→x', 'liveupdate→on']],
        ];
        for (const [text, expected] of cases) {
            const found = argumentsOf(text).map(({ name, value }) => (value === undefined ? name : `${name}→${value}`));
            assert.deepEqual(found, expected, text);
        }
    });

    test('booleans', () => {
        const on = ['1', 'y', 'Yes', 'on', 'ON', 'onward', 'true', 't', 'enabled'];
        const off = ['0', 'n', 'off', 'OFF', 'offline', 'false', 'disabled'];
        const neither = ['', 'o', 'maybe', 'junk', '2', ' 1', undefined];
        for (const [texts, expected] of [
            [on, true],
            [off, false],
            [neither, undefined],
        ] as const) {
            for (const text of texts) {
                assert.equal(kstrtobool(text), expected, text);
            }
        }
    });

    test('numbers and sizes', () => {
        const cases: [string, number, number][] = [
            ['12x', 12, 2],
            ['0x1F', 31, 4],
            ['0xg', 0, 1],
            ['017', 15, 3],
            ['018', 1, 2],
            ['', 0, 0],
            ['-1', 0, 0],
        ];
        for (const [text, value, length] of cases) {
            assert.deepEqual(leadingNumber(text), { value, length }, text);
        }
        assert.deepEqual(
            ['4K', '1m', '2G', '1T', '010k', '64', '4Kx', 'K'].map((text) => memparse(text)),
            [
                [4096, 2],
                [MiB, 2],
                [2048 * MiB, 2],
                [MiB * MiB, 2],
                [8192, 4],
                [64, 2],
                [4096, 2],
                [0, 1],
            ].map(([value, length]) => ({ value, length })),
        );
    });
});

suite('the table of parameters', () => {
    test('names with hyphens or underscores; those of sysctls as they are', () => {
        assert.equal(parameterNamed('kho-scratch'), 'kho_scratch');
        assert.equal(parameterNamed('reserve_mem'), 'reserve_mem');
        assert.equal(parameterNamed('sysctl/vm/memfd_noexec'), 'sysctl.vm.memfd_noexec');
        for (const name of ['khoo', 'KHO', 'toString', '__proto__', 'sysctl.vm.memfd-noexec', '']) {
            assert.equal(parameterNamed(name), undefined, name);
        }
    });

    test('every entry is found by its own name and says where it comes from', () => {
        for (const [name, { doc, source }] of Object.entries(PARAMETERS)) {
            assert.equal(parameterNamed(name), name);
            assert.match(doc, /^[^.].*\.$/, name);
            assert.match(source, /^[a-z0-9_/-]+\.c$/, name);
        }
    });

    test('the page about kernels has the table', () => {
        const page = readFileSync(inRepository('extension', 'docs', 'kernels.md'), 'utf8');
        const rows = Object.entries<Parameter>(PARAMETERS).map(
            ([name, p]) => `| \`${name}\` | ${p.doc.replace(/\.$/, '')} | ${p.repeated} | ${p.arch ?? ''} |\n`,
        );
        assert.ok(page.includes(`|---|---|---|---|\n${rows.join('')}\n`), `it should have\n${rows.join('')}`);
    });

    test('what an entry says of several values is so', () => {
        const several: Record<string, [texts: string[], same: string]> = {
            kho: [['kho=on kho=off', 'kho=off kho=junk'], 'kho=off'],
            kho_scratch: [['kho_scratch=1M,1M,1M kho_scratch=30% kho_scratch=x', 'kho-scratch=30%'], 'kho_scratch=30%'],
            kho_bootmem: [['kho_bootmem=1M,1M,1M kho-bootmem=30%'], 'kho_bootmem=30%'],
            elfcorehdr: [['elfcorehdr=1M elfcorehdr=2M'], 'elfcorehdr=2M'],
            liveupdate: [['liveupdate=off liveupdate=1'], 'liveupdate=on'],
            default_hugepagesz: [
                ['default_hugepagesz=1G hugepages=2 default_hugepagesz=2M'],
                'default_hugepagesz=1G hugepages=2 hugepagesz=3M',
            ],
            mem: [['mem=2G mem=1G', 'mem=1G mem=2G'], 'mem=1G'],
            cma: [['cma=64M cma=32M@1G'], 'cma=32M@1G'],
            panic: [['panic=5 panic=-1 panic=x'], 'panic=-1'],
            panic_on_warn: [['panic_on_warn=1 panic_on_warn=0'], 'panic_on_warn=0'],
            'iommu.passthrough': [['iommu.passthrough=1 iommu.passthrough=0'], 'iommu.passthrough=0'],
            'vfio.enable_unsafe_noiommu_mode': [
                ['vfio.enable_unsafe_noiommu_mode=0 vfio.enable_unsafe_noiommu_mode=x vfio.enable_unsafe_noiommu_mode'],
                'vfio.enable_unsafe_noiommu_mode=1',
            ],
            'irqchip.gicv3_nolpi': [
                ['irqchip.gicv3_nolpi=0 irqchip.gicv3_nolpi=1 irqchip.gicv3_nolpi=x'],
                'irqchip.gicv3_nolpi=1',
            ],
            nr_cpus: [['nr_cpus=2 nr_cpus=3 nr_cpus=0 nr_cpus=x', 'nr_cpus=4 nr_cpus=2'], 'nr_cpus=2'],
            maxcpus: [['maxcpus=4 maxcpus=2'], 'maxcpus=2'],
            transparent_hugepage_shmem: [
                ['transparent_hugepage_shmem=never transparent_hugepage_shmem=always transparent_hugepage_shmem=x'],
                'transparent_hugepage_shmem=always',
            ],
            'sysctl.vm.memfd_noexec': [
                ['sysctl.vm.memfd_noexec=1 sysctl.vm.memfd_noexec=2 sysctl.vm.memfd_noexec=3'],
                'sysctl.vm.memfd_noexec=2',
            ],
        };
        const settings = (text: string): unknown => ({
            ...read(
                text,
                text.startsWith('irqchip') ? 'arm64' : 'x86-64',
                true,
                text.startsWith('kho_bootmem') ? 'kho_bootmem' : 'kho_scratch',
            ),
            text: '',
            malformed: [],
            invalid: [],
            // what the changes of the map leave of a machine of 4 GiB
            mapChanges: usableMemory(pcMemory([{ size: 2 ** 32, node: 0 }]), read(text), NO_IMAGE),
        });
        for (const [name, { repeated }] of Object.entries(PARAMETERS)) {
            assert.equal(name in several, repeated !== 'all', name);
        }
        for (const [texts, same] of Object.values(several)) {
            for (const text of texts) {
                assert.deepEqual(settings(text), settings(same), text);
            }
        }
    });

    test('the command lines of the kernels that come along can be read', () => {
        for (const { cmdline, kho } of DESCRIPTIONS.values()) {
            const line = read(cmdline, 'x86-64', kho.zeroScratchSizes);
            assert.deepEqual([line.kho, line.malformed], [true, []]);
        }
    });
});

suite('what a command line says', () => {
    test('nothing: everything has its default', () => {
        const { text, malformed, invalid, unknown, ...rest } = read('');
        assert.deepEqual(rest, {
            kho: false,
            khoScratch: { scale: 200 },
            coreHeader: 0,
            crashKernel: false,
            reserveMem: [],
            liveupdate: false,
            hugePages: {
                sizes: new Set(),
                counts: new Map(),
                defaultSize: undefined,
                current: 'default',
                last: undefined,
                valid: true,
            },
            iommuOff: false,
            intelIommu: true,
            amdIommu: true,
            iommuPassthrough: false,
            vfioNoIommu: false,
            interruptRemapping: true,
            interruptPosting: true,
            kaslr: true,
            lpis: true,
            nrCpus: Infinity,
            maxCpus: Infinity,
            assignBuses: false,
            files: { memfdNoexec: 0, thpShmem: false },
            mapChanges: [],
            memoryLimit: 0,
            numaOff: false,
            bounceBuffers: { slots: undefined, areas: 0, when: 'needed' },
            cma: undefined,
            crashKernelMemory: {},
            panicTimeout: 0,
            panicOnWarn: false,
            panicOnOops: false,
        });
        assert.deepEqual([text, malformed, invalid, unknown], ['', [], [], undefined]);
    });

    test('of bounce buffers: each part can be left out, and noforce stays', () => {
        const of = (text: string): unknown => Object.values(read(text).bounceBuffers);
        assert.deepEqual(of('swiotlb=1000'), [1024, 0, 'needed']);
        assert.deepEqual(of('swiotlb=0x400,3,force'), [1024, 4, 'force']);
        assert.deepEqual(of('swiotlb=,6'), [undefined, 8, 'needed']);
        assert.deepEqual(of('swiotlb=noforce swiotlb=256,force'), [256, 0, 'noforce']);
        assert.deepEqual(of('swiotlb=forced swiotlb'), [undefined, 0, 'needed']);
    });

    test('of the IOMMU and of interrupts, in the order of the words', () => {
        const { iommuOff, iommuPassthrough } = read('iommu=pt,off');
        assert.deepEqual([iommuOff, iommuPassthrough], [true, true]);
        assert.equal(read('iommu=pt iommu.passthrough=0').iommuPassthrough, false);
        assert.equal(read('iommu.passthrough=0 iommu=pt').iommuPassthrough, true);
        assert.equal(read('iommu=pt,nopt').iommuPassthrough, false);
        assert.equal(read('intel_iommu=off intel-iommu=sm_on,on').intelIommu, true);
        assert.equal(read('intel_iommu=on,off,strict').intelIommu, false);
        assert.equal(read('amd_iommu=fullflush,off').amdIommu, false);
        assert.deepEqual(read('intel_iommu iommu').malformed, ['iommu']);
        const remapping = (text: string): boolean[] => {
            const line = read(text);
            return [line.interruptRemapping, line.interruptPosting];
        };
        assert.deepEqual(remapping('intremap=nosid,nopost'), [true, false]);
        assert.deepEqual(remapping('intremap=off'), [false, false]);
        assert.deepEqual(remapping('intremap=off,on'), [true, true]);
        assert.deepEqual(remapping('nointremap'), [false, true]);
        assert.deepEqual(read('iommu=off intel_iommu=off intremap=off iommu.passthrough=1', 'arm64'), {
            ...read('iommu.passthrough=1', 'arm64'),
            text: 'iommu=off intel_iommu=off intremap=off iommu.passthrough=1',
            unknown:
                'Unknown kernel command line parameters "iommu=off intel_iommu=off intremap=off", will be passed to user space.',
        });
    });

    test('of processors and buses', () => {
        assert.equal(read('maxcpus=0').maxCpus, 1);
        assert.equal(read('maxcpus=x').maxCpus, 1);
        assert.equal(read('maxcpus= maxcpus').maxCpus, Infinity);
        assert.equal(read('pci=nomsi,assign-busses').assignBuses, true);
        assert.equal(read('pci=assign_busses').assignBuses, false);
    });

    test('of reserved memory: what is malformed, twice, or one too many is left out', () => {
        const names = (text: string): string[] => read(text).reserveMem.map((r) => `${r.name} ${r.size} ${r.align}`);
        assert.deepEqual(names('reserve_mem=4K:8K:a reserve_mem=8K::b reserve_mem=1M:4K:a'), [
            'a 4096 8192',
            'b 8192 64',
        ]);
        assert.deepEqual(names('reserve_mem="4K:0:a b"'), ['a b 4096 64']);
        assert.deepEqual(names('reserve_mem=4K:0:a:b'), ['a:b 4096 64']);
        for (const text of [
            '4Kx:4K:a',
            '4K:4Kx:a',
            '4K:4K',
            '4K',
            ':4K:a',
            '0:4K:a',
            '4K:4K:sixteen-letters-',
            '"4K:4K: "',
        ]) {
            assert.deepEqual(names(`reserve_mem=${text}`), [], text);
        }
    });

    test('a parameter whose value cannot be read changes nothing; early ones are reported as they are written', () => {
        const line = read('kho=on kho=junk kho-scratch=3 liveupdate elfcorehdr reserve_mem=x nr_cpus=x');
        assert.deepEqual([line.kho, line.liveupdate, line.crashKernel], [true, false, false]);
        assert.deepEqual(line.malformed, ['kho', 'kho-scratch', 'liveupdate', 'elfcorehdr']);
        assert.deepEqual(read('kho_scratch=8M,0,8M', 'x86-64', false).malformed, ['kho_scratch']);
        const without = readCommandLine('kho=on kho=junk kho_scratch=1 liveupdate=on nr_cpus=2', {
            arch: 'x86-64',
            page: PAGES_4K,
            kexecHandover: false,
            liveUpdate: false,
            scratchParameter: 'kho_scratch',
            zeroScratchSizes: true,
        });
        assert.deepEqual([without.kho, without.liveupdate, without.nrCpus, without.malformed], [false, false, 2, []]);
    });

    test('of the kernel of a recording: which handlers it has', () => {
        const cases: [string, string][] = [
            ['', 'recorded 7.2'],
            ['luotest.d=1', 'recorded 7.2 d'],
            ['luotest.d', 'recorded 7.2 d'],
            ['luotest.d=1 luotest.d=junk', 'recorded 7.2 d'],
            ['luotest.d=1 luotest.d=0', 'recorded 7.2'],
            ['luotest.d=junk xluotest.d=1', 'recorded 7.2'],
        ];
        for (const [text, expected] of cases) {
            assert.equal(recordedKernel('7.2', text), expected, text);
        }
    });
});

suite('the memory that a kernel uses', () => {
    const used = (text: string, arch: 'x86-64' | 'arm64' = 'x86-64'): string[] => {
        const machine = arch === 'arm64' ? armMemory : pcMemory;
        const ram = machine([
            { size: 4 * GiB, node: 0 },
            { size: 2 * GiB, node: 1 },
        ]);
        return usableMemory(ram, read(text, arch), { addr: 2 * GiB, size: 8 * MiB })
            .filter((r) => r.start >= MiB)
            .map((r) => `${r.start / MiB}-${(r.start + r.size) / MiB}:${r.node}`);
    };
    const cases: [string, string[]][] = [
        ['', ['1-3072:0', '4096-5120:0', '5120-7168:1']],
        ['mem=64G', ['1-3072:0', '4096-5120:0', '5120-7168:1']],
        ['mem=4608M', ['1-3072:0', '4096-4608:0']],
        // the image stays memory
        ['mem=1G', ['1-1024:0', '2048-2056:0']],
        ['mem=0 mem=x mem mem=nopentium', ['1-3072:0', '4096-5120:0', '5120-7168:1']],
        ['memmap=1G$1G', ['1-1024:0', '2048-3072:0', '4096-5120:0', '5120-7168:1']],
        ['memmap=1G#1G,1M!6G', ['1-1024:0', '2048-3072:0', '4096-5120:0', '5120-6144:1', '6145-7168:1']],
        ['memmap=exactmap memmap=2G@1M memmap=4G@2G', ['1-3072:0', '4096-5120:0', '5120-6144:1']],
        // what is reserved stays so, what was removed can be added again
        ['memmap=1G$1G memmap=3G@0', ['1-1024:0', '2048-3072:0', '4096-5120:0', '5120-7168:1']],
        ['mem=1G memmap=1G@1G', ['1-2056:0']],
        ['memmap=1G%1G-1', ['1-1024:0', '2048-3072:0', '4096-5120:0', '5120-7168:1']],
        ['memmap=1G%1G-1+2 memmap=1G%1G+1', ['1-3072:0', '4096-5120:0', '5120-7168:1']],
        ['memmap=1G%1G-2+1 memmap=1G%1Gx memmap=x', ['1-3072:0', '4096-5120:0', '5120-7168:1']],
        ['numa=off mem=5632M', ['1-3072:0', '4096-5632:0']],
    ];
    for (const [text, expected] of cases) {
        test(text === '' ? 'all of it' : text, () => {
            assert.deepEqual(used(text), expected);
        });
    }

    test('of arm64: an amount, of which the last counts', () => {
        assert.deepEqual(used('mem=3G mem=5G', 'arm64'), ['1024-5120:0', '5120-6144:1']);
        assert.deepEqual(used('mem=5G mem=0 memmap=1G$2G', 'arm64'), ['1024-5120:0', '5120-7168:1']);
    });
});

suite('unknown parameters', () => {
    const BUILD = { arch: 'x86-64', kexecHandover: true, liveUpdate: true, scratchParameter: 'kho_scratch' } as const;
    const unknown = (text: string, build: ParameterBuild = BUILD): string[] =>
        unknownArguments(text, build).map(({ name }) => name);

    test('those of the table, other parameters of Linux, modules and boot loaders are known', () => {
        const known = 'kho=on quiet root=/dev/sda1 nosmp loglevel=7 isolcpus=2 systemd.unit=x nvme.io_queues=2';
        assert.deepEqual(unknown(`${known} BOOT_IMAGE=/vmlinuz kexec init=/bin/sh hash-pointers=never`), []);
        assert.deepEqual(unknown('khoo=on splash BOOT_IMAGE kho_bootmem=1M,1M,1M -- foo'), [
            'khoo',
            'splash',
            'BOOT_IMAGE',
            'kho_bootmem',
        ]);
    });

    test('what a kernel is not built with is unknown to it', () => {
        assert.deepEqual(unknown('kho=on liveupdate=on', { ...BUILD, liveUpdate: false }), ['liveupdate']);
        assert.deepEqual(unknown('kho=on kho_scratch=30%', { ...BUILD, kexecHandover: false }), ['kho', 'kho_scratch']);
        assert.deepEqual(unknown('memmap=1G$1G nopti mem=1G', { ...BUILD, arch: 'arm64' }), ['memmap', 'nopti']);
    });

    test('the kernel logs words before variables, of which the last value counts', () => {
        assert.equal(
            read('foo=1 bar "baz=a b" foo=2 qux').unknown,
            'Unknown kernel command line parameters "bar qux foo=2 baz=a b", will be passed to user space.',
        );
    });

    test('the checker warns, and offers the name that is meant', () => {
        const [warning, ...rest] = findingsOf(
            programOf('scenario "s" { boot "7.2" cmdline "quiet kho_scrath=64M,64M,32M splash" }'),
        );
        assert.deepEqual(rest, []);
        assert.match(String(warning), /LU0220.*`kho_scrath`.*Did you mean `kho_scratch`\?/);
    });
});

suite('a kernel and its command line', () => {
    // what case-junk-params of the recordings has: 7.2.13, whose own command line says kho=on liveupdate=on
    for (const [added, enabled, said] of [
        ['liveupdate=junk', true, "Malformed early option 'liveupdate'"],
        ['kho=junk', true, "Malformed early option 'kho'"],
        ['liveupdate', true, "Malformed early option 'liveupdate'"],
        ['liveupdate=', true, "Malformed early option 'liveupdate'"],
        ['kho=on liveupdate=1', true, ''],
        ['liveupdate=onward', true, ''],
        ['liveupdate=yes', true, ''],
        ['liveupdate=off', false, ''],
        ['kho=N', false, ''],
        ['-- kho=off', true, ''],
    ] as const) {
        test(`${added}: live update is ${enabled ? 'on' : 'off'}`, () => {
            const { host } = Run.start(
                programOf(
                    `scenario "s" { boot "7.2"; process p { kexec_file_load("7.2", "${added}"); reboot(KEXEC) }\n` +
                        `process q { open("/dev/liveupdate") ${enabled ? '' : 'fails ENOENT'} } }\n`,
                ),
            );
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure?.message, undefined);
            const warned = host.running.log.items.filter((l) => l.text.startsWith('Malformed'));
            assert.deepEqual(
                warned.map((l) => `${l.level}: ${l.text}`),
                said === '' ? [] : [`warn: ${said}`],
            );
        });
    }

    test('the driver of an IOMMU minds its own parameter alone', () => {
        const translated = (iommu: string, arch: string, cmdline: string, on: boolean): void => {
            const { host } = Run.start(
                programOf(
                    `machine { ${arch} iommu ${iommu}; device dma0 at "0000:00:04.0" { kind dma } }\n` +
                        `scenario "s" { boot "7.2" cmdline "${cmdline}" }\n`,
                ),
            );
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure?.message, undefined);
            assert.equal(host.running.devices.iommu?.enabled, on, `${iommu} ${cmdline}`);
        };
        translated('vtd', '', 'intel_iommu=off', false);
        translated('vtd', '', 'amd_iommu=off', true);
        translated('vtd', '', 'iommu=off', false);
        translated('amd', '', 'amd_iommu=off', false);
        translated('amd', '', 'intel_iommu=off', true);
        translated('smmuv3', 'arch arm64;', 'iommu=off', true);
    });
});
