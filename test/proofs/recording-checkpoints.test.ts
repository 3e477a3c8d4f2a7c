/** One can go back to any statement of a replay: what it has compared so far is part of the run's state. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseRecording } from '../../emulator/recording/recording';
import { recordingProgram } from '../../emulator/recording/program';
import { Run } from '../../emulator/run/run';
import type { Checkpoint, Vm } from '../../emulator/runtime/interpreter';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { inRepository } from '../support/repository';
import { FOREVER } from '../support/runs';

/** A checkpoint at every so many statements, those of the kernel and of callbacks included. */
const EVERY = 17;

function over(vm: Vm): boolean {
    vm.step('in');
    return vm.run(FOREVER)?.reason === 'end';
}

suite('checkpoints in recordings', () => {
    for (const name of ['case-freeze-rollback', 'case-reply-fault', 'case-bug51']) {
        test(name, () => {
            const original = readFileSync(inRepository('test', 'conformance', 'recordings', `${name}.jsonl`), 'utf8');
            // A difference early on, which must not be counted twice.
            const lines = original.trim().split('\n');
            const at = lines.findIndex((l) => l.includes('"ret": "fd"'));
            const text = lines.with(at, (lines[at] ?? '').replace('"ret": "fd"', '"errno": "EBUSY"')).join('\n');
            const { vm } = Run.start(recordingProgram('test:/a.jsonl', text, parseRecording(text)));
            const checkpoints: Checkpoint[] = [];
            for (let n = 0; !over(vm); n++) {
                if (n % EVERY === 0) {
                    checkpoints.push(vm.checkpoint());
                }
            }
            const message = vm.outcome?.failure?.message;
            assert.equal(
                message,
                `1 of ${lines.length - 1} lines differ from the recording; the first is line ${at + 1}: expected errno=EBUSY; got ret=fd`,
            );
            const end = fingerprint(vm);
            assert.ok(checkpoints.length > 10, `${checkpoints.length}`);
            for (const checkpoint of checkpoints.reverse()) {
                vm.restore(checkpoint);
                vm.run(FOREVER);
                assert.equal(vm.outcome?.failure?.message, message);
                assert.equal(fingerprint(vm), end);
            }
        });
    }
});
