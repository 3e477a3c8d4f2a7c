/** Settings of machines, kernels and devices: one table each, and all that has to agree with it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Program } from '../../../emulator/language/program';
import { DEVICE_SETTINGS } from '../../../emulator/language/settings/device';
import { KERNEL_ENTRIES } from '../../../emulator/language/settings/kernel';
import { MACHINE_SETTINGS } from '../../../emulator/language/settings/machine';
import { machineOf } from '../../../emulator/run/machine';
import { resolveKernel } from '../../../emulator/runtime/host/kernels';
import { findingsOf, programOf } from '../../support/programs';
import { inRepository } from '../../support/repository';
import { withSettings } from '../../support/settings-tables';

const checked = (text: string): Program => programOf({ 'a.lus': text });
const findings = (text: string): string[] => findingsOf(checked(text));

/** The program runs without complaints from a file with this kernel. */
function kernelOf(text: string): ReturnType<typeof resolveKernel>['desc'] {
    const program = checked(`${text}\nscenario "s" { boot "k" }\n`);
    assert.deepEqual(findingsOf(program), []);
    return resolveKernel(program, 'k').desc;
}

suite('language: settings', () => {
    test('the documentation has the tables (UPDATE_DOCS=1 writes them)', () => {
        const written = ['language.md', 'devices.md'].flatMap((name) => {
            const file = inRepository('extension', 'docs', name);
            const text = readFileSync(file, 'utf8');
            const { page, tables } = withSettings(text);
            if (process.env['UPDATE_DOCS'] === '1') {
                writeFileSync(file, page);
            } else {
                assert.equal(text, page);
            }
            return tables;
        });
        assert.deepEqual(written, ['machine', 'kernel', 'device']);
    });

    test('the grammar marks every entry, and no other word in their places', () => {
        const grammar = z
            .object({
                repository: z.object({
                    declarations: z.object({ patterns: z.array(z.object({ match: z.string().optional() })) }),
                    statement: z.object({ patterns: z.array(z.object({ match: z.string().optional() })) }),
                }),
            })
            .parse(JSON.parse(readFileSync(inRepository('syntaxes', 'lus.tmLanguage.json'), 'utf8'))).repository;
        // what begins an entry or a statement: (?:^|(?<=[{;]))\s*(a|b|c)
        const first = ({ patterns }: { patterns: { match?: string | undefined }[] }): string[] =>
            patterns.flatMap(
                (p) => /^\(\?:\^\|\(\?<=\[\{;\]\)\)\\s\*\(([\w|]+)\)/.exec(p.match ?? '')?.[1]?.split('|') ?? [],
            );
        const entries = new Set([
            ...Object.keys(MACHINE_SETTINGS),
            ...KERNEL_ENTRIES.keys(),
            ...Object.keys(DEVICE_SETTINGS),
        ]);
        const marked = first(grammar.declarations);
        const statements = first(grammar.statement);
        assert.deepEqual([...new Set(marked)].sort(), [...entries].filter((e) => e !== 'cost').sort());
        assert.ok(statements.includes('cost'), 'cost is marked as the statement is');
        assert.equal(new Set(marked).size, marked.length, 'no entry is in two patterns');
    });

    test('every example is right', () => {
        const complete = new Map([
            ['handlers + …', 'handlers + memfd'],
            ['modules …', 'modules memfd'],
            ['layers …', 'layers pci, vfio, iommu'],
            ['flaws …', 'flaws iommu_early_did'],
        ]);
        const layers = 'layers pci, vfio, iommu';
        const all = `${layers}, feature_flags`;
        for (const { examples } of KERNEL_ENTRIES.values()) {
            for (const example of examples) {
                const entry = complete.get(example) ?? example;
                assert.deepEqual(
                    findings(`kernel "k" from "7.3" { ${entry === layers ? '' : `${all}; `}${entry} }`),
                    [],
                );
            }
        }
        for (const { examples } of Object.values(MACHINE_SETTINGS)) {
            for (const example of examples) {
                const arch = example.startsWith('page') ? 'arch arm64; ' : '';
                assert.deepEqual(findings(`machine { ${arch}${example} }`), [], example);
            }
        }
        for (const [name, { examples }] of Object.entries(DEVICE_SETTINGS)) {
            for (const example of examples) {
                const kind = name === 'kind' ? '' : 'kind nic; ';
                const text = `machine { device nic0 at "0000:3b:00.0" { kind nic }; device d at "0000:3b:00.1" { ${kind}${example} } }`;
                assert.deepEqual(findings(text), [], example);
            }
        }
    });

    test('every word of a setting can be written', () => {
        for (const [name, { takes }] of Object.entries(DEVICE_SETTINGS)) {
            for (const word of takes.kind === 'word' ? Object.keys(takes.words) : []) {
                const kind = name === 'kind' ? '' : 'kind nic; ';
                assert.deepEqual(
                    findings(`machine { device d at "0000:3b:00.0" { ${kind}${name} ${word} } }`),
                    [],
                    `${name} ${word}`,
                );
            }
        }
    });

    test('an entry that counts once does not stand twice', () => {
        assert.deepEqual(
            findings('machine { cpus 2; memory 1GiB; memory 1GiB; cpus 4 }\n').map((f) => f.slice(0, 9)),
            ['1: LU0204'],
        );
        assert.deepEqual(
            findings('kernel "k" from "7.2" { numa off; cmdline "quiet"; cmdline "ro"; numa on }\n').map((f) =>
                f.slice(0, 9),
            ),
            ['1: LU0204'],
        );
        assert.deepEqual(
            findings('machine { device d at "0000:3b:00.0" { kind nic; msix 1; kind gpu } }\n').map((f) =>
                f.slice(0, 9),
            ),
            ['1: LU0204'],
        );
    });

    test('constants stand wherever a number does', () => {
        const desc = kernelOf(
            'const M = 1MiB\nkernel "k" from "7.2" { image_size 3 * M; early_memory M + M; page_cache 5 * M; initrd M << 2; cost copy 7 * 3 }',
        );
        assert.deepEqual(
            [desc.early.image, desc.early.extra, desc.pageCache, desc.initrdSize, desc.costs.copy],
            [0x30_0000, 0x20_0000, 0x50_0000, 0x40_0000, 21],
        );
        const program = checked(
            'const G = 1GiB\nconst N = 2\nmachine { memory N * G node N - 1; node N; cpus N + 1; cost copy N * 50us; device d at "0000:3b:00.0" { kind nic; queues N; msix N * N } }\nscenario "s" { boot "7.2" }\n',
        );
        assert.deepEqual(findingsOf(program), []);
        const { machine, costs } = machineOf(program);
        assert.deepEqual(machine.map, machineOf(checked('machine { memory 2GiB node 1 }')).machine.map);
        assert.deepEqual(
            [machine.nodes, machine.emptyNodes, costs, machine.pci.devices[0]?.queues, machine.pci.interrupts.cpus],
            [[1], [2], { copy: 100_000 }, 2, 3],
        );
        const mapped = checked('const G = 1GiB\nmachine { map G .. G * 3 node 0 }');
        assert.deepEqual(machineOf(mapped).machine.map, [{ start: 0x4000_0000, size: 0x8000_0000, node: 0 }]);
    });

    test('what is no constant, or outside of its limits, is refused', () => {
        const kernel = (entry: string): string[] =>
            findings(`const N = 3\nkernel "k" from "7.3" { layers pci, iommu; ${entry} }\n`);
        assert.match(kernel('image_size open("x")').join(), /^2: LU0301: Expected `image_size 24MiB`\.$/);
        assert.match(kernel('image_size M').join(), /^2: LU0301: Expected `image_size 24MiB`\.$/);
        assert.match(kernel('initrd 0 - N').join(), /^2: LU0311: /);
        assert.match(kernel('iommufd_phase N').join(), /^2: LU0311: `iommufd_phase` must be from 1 to 2\.$/);
        assert.match(kernel('cost copy 0 - N').join(), /^2: LU0311: /);
        assert.match(findings('machine { cpus 8193 }').join(), /LU0311: `cpus` must be from 1 to 8192\.$/);
        assert.match(findings('machine { iommu vtd node 1 }').join(), /LU0218: `iommu` has no option `node`/);
        assert.equal(
            findings('machine { memory 8GiB cpus 4 }').join(),
            '1: LU0218: `memory` has no option `cpus`. To begin the setting `cpus`, write it on a new line, or `;` before it.',
        );
    });
});
