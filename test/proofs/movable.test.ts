/** Hosts that compact, fill and move their memory at random: what is preserved is never in scratch, and comes over. */
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import { programOf } from '../support/programs';
import { FOREVER } from '../support/runs';
import { Random } from '../support/random';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';

suite('movable memory', () => {
    test('whatever a host does with its memory: nothing that is preserved lies in scratch, and all of it comes over', () => {
        const random = new Random(23);
        for (let round = 0; round < 25; round++) {
            const files = 1 + random.below(3);
            const steps: string[] = [];
            const sizes = Array.from({ length: files }, () => 1 + random.below(300));
            const preserved = new Set<number>();
            for (let f = 0; f < files; f++) {
                steps.push(
                    `p { f${f} = memfd_create("f${f}", huge: ${random.below(2) === 0}); f${f}.write(pattern(${f}, ${sizes[f] ?? 1} * PAGE_SIZE)) }`,
                );
            }
            for (let step = 0; step < 10; step++) {
                const f = random.below(files);
                steps.push(
                    random.pick([
                        'compact_memory()',
                        'fill_memory(leave: 3MiB)',
                        'empty_memory()',
                        `p { f${f}.move_pages(node: ${random.below(2)}) }`,
                        `p { r = try session.preserve_fd(f${f}, token: ${f}) }`,
                        `inject EAGAIN into migrate_pages after ${random.below(40)}`,
                    ]),
                );
                if (steps.at(-1)?.includes('preserve_fd') === true) {
                    preserved.add(f);
                }
            }
            const program = programOf({
                'f.lus': `
                machine { memory 512MiB; memory 512MiB node 1 }
                scenario "s" {
                    boot "7.2"
                    process p { session = open("/dev/liveupdate").create_session("s"); r = 0; assert r == 0 }
                    ${steps.join('\n')}
                    empty_memory()
                    ${[...preserved].map((f) => `p { session.preserve_fd(f${f}, token: ${f})  may fail EEXIST, ENOMEM; session.preserve_fd(f${f}, token: ${f})  fails EEXIST }`).join('\n')}
                    compact_memory()
                    p { kexec_file_load("7.2"); reboot(KEXEC) }
                    process p { session = open("/dev/liveupdate").retrieve_session("s") }
                    ${[...preserved].map((f) => `p { g${f} = session.retrieve_fd(token: ${f}); assert g${f}.pread(${sizes[f] ?? 1} * PAGE_SIZE, at: 0) == pattern(${f}, ${sizes[f] ?? 1} * PAGE_SIZE) }`).join('\n')}
                    p { session.finish() }
                    assert kho.incoming.unclaimed == 0
                }`,
            });
            const { host } = Run.start(program, { scenario: 's' });
            host.listeners.report({
                phase(phase) {
                    if (phase === 'shutdown' && host.kernel) {
                        const { kho, memmap } = host.kernel;
                        const runs = kho.outgoingRuns();
                        assert.ok(
                            runs.length > 0 &&
                                runs.every(
                                    (r) => !memmap.isCma(r.pfn) && !memmap.isCma(r.pfn + r.blocks * 2 ** r.order - 1),
                                ),
                        );
                    }
                },
            });
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure?.message, undefined, steps.join('\n'));
            assert.deepEqual(
                Diagnoses.of(host)
                    ?.found.items.filter((d) => d.severity !== 'hint')
                    .map((d) => d.message),
                [],
            );
        }
    });
});
