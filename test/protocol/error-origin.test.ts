/** The debug adapter shows the origin of the error of a failed call: in the exception info, and in the console. */
import assert from 'node:assert/strict';
import * as path from 'node:path';
import { z } from 'zod';
import { Client, FIXTURES, line } from '../support/dap-client';

const FAILING = path.join(FIXTURES, 'failing.lus');
const WRONG = line('wrong token', FAILING);

const infoSchema = z.object({
    description: z.string(),
    details: z.object({ message: z.string(), stackTrace: z.string() }).optional(),
});

const outputSchema = z.object({
    output: z.string(),
    line: z.number().optional(),
    source: z.object({ name: z.string() }).optional(),
});

suite('debug adapter: the origin of an error', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function atFailure(): Promise<number> {
        await client.launch({ program: FAILING });
        await client.ok('configurationDone');
        const stop = await client.stopped();
        assert.equal(stop.reason, 'exception');
        return stop.threadId;
    }

    async function info(threadId: number): Promise<z.infer<typeof infoSchema>> {
        return infoSchema.parse(await client.ok('exceptionInfo', { threadId }));
    }

    test('is in the exception info, from the statement in the kernel to the line of the scenario', async () => {
        const { description, details } = await info(await atFailure());
        assert.match(description, /retrieve_fd\(token: wanted\) fails with ENOENT/);
        const [title, first, ...more] = details?.stackTrace.split('\n') ?? [];
        assert.equal(title, 'Origin of the error: session.find_token(token) fails with ENOENT');
        assert.match(first ?? '', /^ {4}at .* \(lus-std:\/luo\.lus:\d+:\d+\)$/);
        assert.ok(more.length >= 3, more.join('\n'));
        assert.match(more.at(-2) ?? '', new RegExp(`at luod, scenario .*failing\\.lus:${WRONG}:9\\)$`));
    });

    test('is in the console, where each frame is a link', async () => {
        await atFailure();
        const lines = client.transcript
            .filter((t) => t.startsWith('· output '))
            .map((t) => outputSchema.parse(JSON.parse(t.slice('· output '.length))));
        const at = lines.findIndex((l) => l.output.startsWith('Origin of the error:'));
        assert.ok(at > 0, 'it is there, behind the outcome');
        const frames = lines.slice(at + 1).filter((l) => l.output.startsWith('    at '));
        assert.ok(frames.every((f) => f.line !== undefined && f.source !== undefined));
        assert.equal(frames[0]?.source?.name, 'luo.lus');
        assert.deepEqual([frames.at(-2)?.source?.name, frames.at(-2)?.line], ['failing.lus', WRONG]);
    });

    test('is the same after going back and forward again, and gone if a change avoids the error', async () => {
        const threadId = await atFailure();
        const before = await info(threadId);
        await client.goes('stepBack', { threadId });
        assert.equal((await client.goes('continue', { threadId })).reason, 'exception');
        assert.deepEqual(await info(threadId), before);
        await client.goes('stepBack', { threadId });
        await client.ok('evaluate', { expression: 'wanted = 1', context: 'repl' });
        await client.ok('continue', { threadId });
        await client.event('terminated');
        assert.ok(client.transcript.some((t) => t.includes('a token that does not exist\\" passed')));
    });

    test('of an assertion there is none', async () => {
        await client.launch({ scenario: 'an expectation that does not hold' });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        assert.equal((await info(threadId)).details, undefined);
    });
});
