/**
 * Whether somebody looks at a run, and whether it goes back in between, makes no difference to it or to what is
 * found.
 */
import assert from 'node:assert/strict';
import type { Diagnosis } from '../../emulator/findings/diagnosis';
import type { Checkpoint } from '../../emulator/runtime/stop';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { examples, programOf } from '../support/programs';
import { FOREVER } from '../support/runs';
import { sections } from '../support/diagnoses-page';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';

function found(host: Host): readonly Diagnosis[] {
    return Diagnoses.of(host)?.found.items ?? [];
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
                    const { host } = Run.start(program, { scenario: s.name.value });
                    const diagnoses = Diagnoses.of(host);
                    if (!look && diagnoses) {
                        host.listeners.withdraw(diagnoses); // what the scenario says that it finds is not asked for
                    }
                    host.interpreter.run(FOREVER);
                    return fingerprint(host);
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
            const { host } = Run.start(program);
            const saved: Checkpoint[] = [];
            const early: number[] = [];
            while (saved.length < SHORT && host.interpreter.run(2500) === null) {
                saved.push(host.interpreter.checkpoint());
                early.push(found(host).length);
            }
            if (saved.length === SHORT) {
                continue;
            }
            gone++;
            const end = JSON.stringify(found(host));
            const step = Math.ceil(saved.length / 4);
            for (const [i, c] of [...saved.entries()].toReversed().filter(([k]) => k % step === 0)) {
                host.interpreter.restore(c);
                assert.equal(found(host).length, early[i], name);
                host.interpreter.run(FOREVER);
                assert.equal(JSON.stringify(found(host)), end, name);
            }
        }
        assert.ok(gone > 30, 'most of them are short');
    }).timeout(240_000);
});
