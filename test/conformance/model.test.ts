/** The second model says what the real kernel said: it knows nothing of the emulator, so it is a judge of it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { sameAnswer, sameLog, show } from '../../emulator/recording/answers';
import { parseRecording } from '../../emulator/recording/recording';
import { inRepository } from '../support/repository';
import { World, type Line } from './model/world';

const FOLDER = inRepository('test', 'conformance', 'recordings');

/** What the model knows nothing of: a limit of descriptors, and folios of more than a page. */
const BEYOND = /\brlimit\b|transparent_hugepage_shmem/;

suite('the second model against the real kernel', () => {
    for (const name of readdirSync(FOLDER)
        // the second model knows no device files but those of live update and /dev/null
        .filter((f) => f.endsWith('.jsonl') && f !== 'case-device-files.jsonl')
        .sort()) {
        const text = readFileSync(path.join(FOLDER, name), 'utf8');
        if (BEYOND.test(text)) {
            continue;
        }
        test(name, () => {
            const world = new World();
            let following: Line[] = [];
            for (const line of parseRecording(text).lines) {
                if (line.kind === 'step') {
                    const [said, ...rest] = world.step(line.recorded.op);
                    following = rest;
                    assert.ok(said && 'op' in said);
                    const { op: _op, klog = [], ...answer } = said;
                    const expected = { answer: line.recorded, klog: line.recorded.klog ?? [] };
                    const same = sameAnswer(line.recorded, answer) && (rest.length > 0 || sameLog(expected.klog, klog));
                    assert.ok(
                        same,
                        `line ${line.line}, ${line.recorded.op}: expected ${show(expected)}; got ${show({ answer, klog })}`,
                    );
                } else {
                    const [next] = following;
                    assert.deepEqual(
                        next,
                        line.kind === 'boot' ? { boot: line.recorded.boot } : { panic: line.recorded.panic },
                        `line ${line.line}`,
                    );
                }
            }
        });
    }
});
