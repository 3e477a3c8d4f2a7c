/** Diagnoses in the built debug adapter: output with a place, and exception filters. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { inRepository } from '../support/repository';
import { Client } from '../support/dap-client';

const LOST = inRepository('extension', 'examples', 'second-update.lus');
const LEAK = inRepository('extension', 'examples', 'bug-flb-underflow.lus');
const UNKNOWN = inRepository('extension', 'examples', 'missing-handler.lus');
const outputSchema = z.object({ category: z.string(), output: z.string(), line: z.number().optional() });

/** The line of a text, from 1; the last one that has it. */
function lastLine(file: string, text: string): number {
    return (
        readFileSync(file, 'utf8')
            .split('\n')
            .findLastIndex((l) => l.includes(text)) + 1
    );
}

suite('debug adapter: diagnoses', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function said(code: string): Promise<z.infer<typeof outputSchema>> {
        for (;;) {
            const output = outputSchema.parse((await client.event('output')).body);
            if (output.output.includes(code)) {
                return output;
            }
        }
    }

    test('an error stops by itself, at the statement, and the run goes on', async () => {
        await client.launch({ program: LOST });
        await client.ok('configurationDone');
        const stop = await client.stopped();
        assert.equal(stop.reason, 'exception');
        assert.match(
            stop.text ?? '',
            /^LU1003: Session "forgotten" came from the previous kernel and was never retrieved/,
        );
        const frames = await client.frames(stop.threadId);
        assert.ok(frames.some((f) => f.line === lastLine(LOST, 'reboot(KEXEC)')));
        const info = z
            .object({
                exceptionId: z.string(),
                breakMode: z.string(),
                description: z.string(),
                details: z.object({ typeName: z.string() }),
            })
            .parse(await client.ok('exceptionInfo', { threadId: stop.threadId }));
        assert.deepEqual([info.exceptionId, info.breakMode, info.details.typeName], ['diagnosis', 'always', 'LU1003']);
        assert.match(info.description, /^LU1003: .*\nWhat to do: /);
        await client.ok('continue', { threadId: stop.threadId });
        assert.equal(z.object({ exitCode: z.number() }).parse((await client.event('exited')).body).exitCode, 0);
    });

    test('it is in the console with its history, also where nothing stops at it', async () => {
        await client.launch({ program: LOST });
        await client.ok('setExceptionBreakpoints', { filters: ['diagnosis-warning'] });
        await client.ok('configurationDone');
        const { category, output, line } = await said('LU1003');
        assert.equal(category, 'stderr');
        assert.equal(line, lastLine(LOST, 'reboot(KEXEC)'));
        assert.match(
            output,
            /^error LU1003: .*\n {4}kernel 1: create_session\("forgotten"\) {2}.*second-update\.lus.*\n(?: {4}kernel .*\n)* {4}What to do: .*\n$/,
        );
        await client.event('exited');
    });

    test('warnings have a filter of their own', async () => {
        await client.launch({ program: LEAK });
        await client.ok('setExceptionBreakpoints', { filters: ['diagnosis-warning'] });
        await client.ok('configurationDone');
        const stop = await client.stopped();
        assert.match(stop.text ?? '', /^LU1006: /);
        await client.ok('continue', { threadId: stop.threadId });
        await client.event('exited');
    });

    test('a group can be narrowed to codes, warnings among them', async () => {
        await client.launch({ program: LEAK });
        await client.ok('setExceptionBreakpoints', {
            filters: [],
            filterOptions: [{ filterId: 'diagnosis-handover', condition: 'LU1006' }],
        });
        await client.ok('configurationDone');
        assert.match((await client.stopped()).text ?? '', /^LU1006: /);
    });

    test('what follows from another finding names it', async () => {
        await client.launch({ program: UNKNOWN });
        await client.ok('setExceptionBreakpoints', {
            filters: [],
            filterOptions: [{ filterId: 'diagnosis-handover' }],
        });
        await client.ok('configurationDone');
        await client.ok('continue', { threadId: (await client.stopped()).threadId });
        const stop = await client.stopped();
        assert.match(stop.text ?? '', /^LU1014: /);
        const info = z
            .object({
                description: z.string(),
                details: z.object({ innerException: z.array(z.object({ typeName: z.string() })) }),
            })
            .parse(await client.ok('exceptionInfo', { threadId: stop.threadId }));
        assert.match(
            info.description,
            /^LU1014: This kernel has no handler.*\nFollows from LU1014: "7\.2" has no handler/,
        );
        assert.deepEqual(
            info.details.innerException.map((e) => e.typeName),
            ['LU1014'],
        );
    });

    test('a condition that is no code of the group is refused, with the nearest', async () => {
        const filterOptions = [
            { filterId: 'diagnosis-sessions' },
            { filterId: 'diagnosis-sessions', condition: 'LU1003,LU1O04' },
            { filterId: 'diagnosis-memory', condition: 'LU1003' },
            { filterId: 'failed-call', condition: 'LU1003' },
            { filterId: 'diagnosis-weather' },
        ];
        const body = await client.ok('setExceptionBreakpoints', { filters: ['diagnosis', 'nothing'], filterOptions });
        assert.deepEqual(
            z
                .object({ breakpoints: z.array(z.object({ verified: z.boolean(), message: z.string().optional() })) })
                .parse(body).breakpoints,
            [
                { verified: true },
                { verified: false, message: 'There is no exception filter nothing.' },
                { verified: true },
                { verified: false, message: 'There is no diagnosis or group LU1O04. Did you mean LU1004?' },
                { verified: false, message: 'LU1003 belongs to the group sessions.' },
                { verified: false, message: 'The filter failed-call has no condition.' },
                { verified: false, message: 'There is no exception filter diagnosis-weather.' },
            ],
        );
    });
});
