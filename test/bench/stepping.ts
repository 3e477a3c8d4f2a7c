/** How long the debugger takes for what an editor asks after each step. */
import { z } from 'zod';
import { Client } from '../support/dap-client';
import { inRepository } from '../support/repository';
import { median, type Figure } from './figures';

const STEPS = 60;
const WARM_UP = 20;

const stackSchema = z.object({ stackFrames: z.array(z.object({ id: z.number() })) });
const scopesSchema = z.object({ scopes: z.array(z.object({ variablesReference: z.number() })) });

async function look(client: Client, threadId: number): Promise<void> {
    await client.ok('threads');
    const { stackFrames } = stackSchema.parse(await client.ok('stackTrace', { threadId, startFrame: 0, levels: 20 }));
    const { scopes } = scopesSchema.parse(await client.ok('scopes', { frameId: stackFrames[0]?.id }));
    for (const { variablesReference } of scopes) {
        await client.ok('variables', { variablesReference });
    }
}

/** `next`, then threads, stack, scopes and the variables of every scope, inside the loop of memfd.preserve. */
export async function stepping(): Promise<Figure> {
    const client = Client.process();
    try {
        await client.launch({
            program: inRepository('extension', 'examples', 'first-session.lus'),
            stopOnEntry: false,
        });
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'memfd.preserve' }] });
        await client.ok('configurationDone');
        let { threadId } = await client.stopped();
        const times: number[] = [];
        for (let i = 0; i < WARM_UP + STEPS; i++) {
            const begin = performance.now();
            await client.ok('next', { threadId });
            ({ threadId } = await client.stopped());
            await look(client, threadId);
            if (i >= WARM_UP) {
                times.push(performance.now() - begin);
            }
        }
        return {
            name: 'next, threads, stack, scopes and variables',
            value: median(times),
            unit: 'ms',
            goal: { at: 'most', value: 3 },
            how: `median of ${STEPS} steps in memfd.preserve, over standard input and output`,
        };
    } finally {
        client.close();
    }
}
