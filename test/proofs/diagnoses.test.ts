/**
 * Whether somebody looks at a run, and whether it goes back in between, makes no difference to it or to what is
 * found.
 */
import assert from 'node:assert/strict';
import type { Diagnosis } from '../../emulator/findings/diagnosis';
import { Run } from '../../emulator/run/run';
import type { Vm } from '../../emulator/runtime/interpreter';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { examples, programOf } from '../support/programs';
import { FOREVER } from '../support/runs';
import { sections } from '../support/diagnoses-page';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';

function found(vm: Vm): readonly Diagnosis[] {
    return Diagnoses.of(vm)?.found.items ?? [];
}

suite('diagnoses: looking changes nothing', () => {
    const watched = [...examples()]
        .map(([name, program]) => ({ name, program }))
        .concat([...sections()].map(([name, { text }]) => ({ name, program: programOf(text) })));

    test('a run ends in the same state whether somebody looks or not', () => {
        const some = [
            'agent-crash.lus',
            'bug-flb-underflow.lus',
            'missing-handler.lus',
            'nic-handler.lus',
            'second-update.lus',
            'vetoed-finish.lus',
        ];
        for (const { name, program } of watched.filter((w) => some.includes(w.name))) {
            for (const s of program.scenarios.filter(
                (x) => !/diagnosed\(/.test(program.files.get(program.main)?.text.slice(x.start, x.end) ?? ''),
            )) {
                const [a, b] = [true, false].map((look) => {
                    const { vm } = Run.start(program, { scenario: s.name.value });
                    const diagnoses = Diagnoses.of(vm);
                    if (!look && diagnoses) {
                        vm.listeners.withdraw(diagnoses); // what the scenario says that it finds is not asked for
                    }
                    vm.run(FOREVER);
                    return fingerprint(vm);
                });
                assert.equal(a, b, `${name}: ${s.name.value}`);
            }
        }
    });

    test('from any checkpoint the same diagnoses come', () => {
        // Checkpoints of a scenario that is not gone through, for it takes long.
        const SHORT = 30;
        let gone = 0;
        for (const { name, program } of watched) {
            const { vm } = Run.start(program);
            const saved: ReturnType<Vm['checkpoint']>[] = [];
            const early: number[] = [];
            while (saved.length < SHORT && vm.run(2500) === null) {
                saved.push(vm.checkpoint());
                early.push(found(vm).length);
            }
            if (saved.length === SHORT) {
                continue;
            }
            gone++;
            const end = JSON.stringify(found(vm));
            const step = Math.ceil(saved.length / 4);
            for (const [i, c] of [...saved.entries()].toReversed().filter(([k]) => k % step === 0)) {
                vm.restore(c);
                assert.equal(found(vm).length, early[i], name);
                vm.run(FOREVER);
                assert.equal(JSON.stringify(found(vm)), end, name);
            }
        }
        assert.ok(gone > 30, 'most of them are short');
    }).timeout(240_000);
});
