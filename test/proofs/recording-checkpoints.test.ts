/** One can go back to any statement of a replay: what it has compared so far is part of the run's state. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseRecording } from '../../emulator/recording/recording';
import { recordingProgram } from '../../emulator/recording/program';
import { Run } from '../../emulator/run/run';
import { endsTheSame } from '../support/checkpoints';
import { inRepository } from '../support/repository';

/** A checkpoint at every so many statements, those of the kernel and of callbacks included. */
const EVERY = 17;

suite('checkpoints in recordings', () => {
    for (const name of ['case-freeze-rollback', 'case-reply-fault', 'case-bug51']) {
        test(name, () => {
            const original = readFileSync(inRepository('test', 'conformance', 'recordings', `${name}.jsonl`), 'utf8');
            // A difference early on, which must not be counted twice.
            const lines = original.trim().split('\n');
            const at = lines.findIndex((l) => l.includes('"ret": "fd"'));
            const text = lines.with(at, (lines[at] ?? '').replace('"ret": "fd"', '"errno": "EBUSY"')).join('\n');
            const { host } = Run.start(recordingProgram('test:/a.jsonl', text, parseRecording(text)));
            const message = `1 of ${lines.length - 1} lines differ from the recording. The first is line ${at + 1}: expected errno=EBUSY; got ret=fd`;
            endsTheSame(host, {
                keep: (number) => number % EVERY === 1,
                moreThan: 10,
                kind: 'in',
                ended: () => assert.equal(host.interpreter.outcome?.failure?.message, message),
            });
        });
    }
});
