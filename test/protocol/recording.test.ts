/** A recording of a real kernel in the debugger: the built adapter over stdio. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { inRepository } from '../support/repository';
import { Client } from '../support/dap-client';

const RECORDING = inRepository('test', 'conformance', 'recordings', 'case-freeze-rollback.jsonl');
const LINES = readFileSync(RECORDING, 'utf8').split('\n');

/** The line of a step, from 1. @param nth which of them, from 0 */
function lineOf(op: string, nth = 0): number {
    const found = LINES.flatMap((l, i) => (l.includes(`"op": "${op}"`) ? [i + 1] : []))[nth];
    assert.ok(found !== undefined, op);
    return found;
}

suite('debug adapter: recordings', () => {
    let client: Client;
    let folder: string;

    setup(() => {
        client = Client.process();
        folder = mkdtempSync(path.join(tmpdir(), 'lus-recording-'));
    });

    teardown(() => {
        client.close();
        rmSync(folder, { recursive: true });
    });

    async function place(threadId: number): Promise<{ readonly line: number; readonly file: string }> {
        const [top] = await client.frames(threadId);
        return { line: top?.line ?? 0, file: path.basename(top?.source?.path ?? '') };
    }

    async function exitCode(): Promise<number> {
        return z.object({ exitCode: z.number() }).parse((await client.event('exited')).body).exitCode;
    }

    test('steps through its lines, into the kernel, and over the kexec', async () => {
        await client.launch({ program: RECORDING, stopOnEntry: true });
        const failing = lineOf('kexec');
        const body = await client.ok('setBreakpoints', {
            source: { path: RECORDING },
            breakpoints: [{ line: failing }],
        });
        assert.deepEqual(
            z.object({ breakpoints: z.array(z.object({ verified: z.boolean(), line: z.number() })) }).parse(body)
                .breakpoints,
            [{ verified: true, line: failing }],
        );
        await client.ok('configurationDone');
        const entry = await client.stopped();
        assert.deepEqual(await place(entry.threadId), { line: 1, file: 'case-freeze-rollback.jsonl' });
        for (const line of [2, 3]) {
            assert.deepEqual(await place((await client.goes('next')).threadId), {
                line,
                file: 'case-freeze-rollback.jsonl',
            });
        }
        assert.equal((await client.goes('continue')).reason, 'breakpoint');
        const inside = await client.goes('stepIn');
        const frames = await client.frames(inside.threadId);
        assert.match(frames[0]?.name ?? '', /^reboot\(KEXEC\)$/);
        assert.equal(path.basename(frames[0]?.source?.path ?? ''), 'kernel.lus');
        assert.ok(
            frames.some((f) => f.line === failing && f.source?.path === RECORDING),
            'the line of the recording is below',
        );
        assert.equal((await place((await client.goes('stepOut')).threadId)).line, failing + 1);
        const jumping = await client.goes('next');
        assert.deepEqual(await place(jumping.threadId), { line: failing + 2, file: 'case-freeze-rollback.jsonl' });
        await client.ok('setExceptionBreakpoints', { filters: [] });
        await client.ok('continue', { threadId: jumping.threadId });
        assert.equal(await exitCode(), 0);
    });

    test('a callback of the test handlers', async () => {
        await client.launch({ program: RECORDING });
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'luotest_b.freeze' }] });
        await client.ok('configurationDone');
        const { threadId, reason } = await client.stopped();
        assert.equal(reason, 'function breakpoint');
        const [top] = await client.frames(threadId);
        assert.equal(path.basename(top?.source?.path ?? ''), 'luotest.lus');
        const source = z
            .object({ content: z.string() })
            .parse(await client.ok('source', { source: top?.source, sourceReference: top?.source?.sourceReference }));
        assert.match(source.content.split('\n')[(top?.line ?? 0) - 1] ?? '', /freeze\(args\)/);
        const variables = await client.variables(await client.scope(threadId, 'Live Update'));
        assert.ok(variables.length > 0);
    });

    test('slots are the variables of their process', async () => {
        await client.launch({ program: RECORDING });
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'luotest_a.preserve' }] });
        await client.ok('configurationDone');
        await client.stopped();
        assert.equal(await client.evaluate('a.dev'), '3');
    });

    test('stops where the emulator and the real kernel part, and goes on', async () => {
        const file = path.join(folder, 'changed.jsonl');
        const at = lineOf('b luoread g');
        writeFileSync(file, LINES.with(at - 1, (LINES[at - 1] ?? '').replace('b1007', 'b7')).join('\n'));
        await client.launch({ program: file, stopAtEnd: 'never' });
        await client.ok('setExceptionBreakpoints', { filters: ['difference'] });
        await client.ok('configurationDone');
        const { reason, text, threadId } = await client.stopped();
        assert.equal(reason, 'exception');
        assert.equal(text, `line ${at}, b luoread g: expected ret=5 · text=b7; got ret=5 · text=b1007`);
        assert.deepEqual(
            z
                .object({ exceptionId: z.string(), breakMode: z.string() })
                .parse(await client.ok('exceptionInfo', { threadId })),
            { exceptionId: 'difference', breakMode: 'always' },
        );
        assert.equal((await place(threadId)).line, at);
        await client.ok('continue', { threadId });
        assert.equal(await exitCode(), 1);
    });

    test('without the filter it runs to the end and fails there', async () => {
        const file = path.join(folder, 'changed.jsonl');
        writeFileSync(file, LINES.join('\n').replace('"errno": "EIO"', '"errno": "EBUSY"'));
        await client.launch({ program: file, stopAtEnd: 'never' });
        await client.ok('setExceptionBreakpoints', { filters: [] });
        await client.ok('configurationDone');
        assert.equal(await exitCode(), 1);
        assert.ok(
            client.transcript.some((l) => l.includes('lines differ from the recording. The first is line')),
            'it is said in the console',
        );
    });

    test('a line that is no step is said before anything runs', async () => {
        const file = path.join(folder, 'broken.jsonl');
        writeFileSync(file, '{"boot": 0}\n{"op": "a dance", "ret": 0}\n');
        await client.initialize();
        assert.match(
            await client.fails('launch', { program: file }),
            /broken\.jsonl has an error: "a dance" is not a step of a recording/,
        );
    });
});
