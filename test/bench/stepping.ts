/** How long the debugger takes for what an editor asks after each step. */
import { z } from 'zod';
import { Client } from '../support/dap-client';
import { inRepository, ROOT } from '../support/repository';
import { median, type Figure } from './figures';
import { adapterOf, cpuMsOf, type Taken } from './whole-process';

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

/**
 * What the adapter of a built state takes for `next`, then threads, stack, scopes and the variables of every scope,
 * inside the loop of preserve(): the median of many, and their mean of processor time.
 */
export async function step(folder: string): Promise<Taken> {
    const client = Client.process(adapterOf(folder));
    try {
        await client.launch({
            program: inRepository('extension', 'examples', 'first-session.lus'),
            stopOnEntry: false,
        });
        // the loop is in one of them: which one depends on the state that is measured
        await client.ok('setFunctionBreakpoints', {
            breakpoints: ['memfd.preserve', 'memfd_luo_preserve_folios'].map((name) => ({ name })),
        });
        await client.ok('configurationDone');
        let { threadId } = await client.stopped();
        const times: number[] = [];
        let cpuMs: number | undefined;
        for (let i = 0; i < WARM_UP + STEPS; i++) {
            if (i === WARM_UP) {
                cpuMs = cpuMsOf(client.child.pid);
            }
            const begin = performance.now();
            await client.ok('next', { threadId });
            ({ threadId } = await client.stopped());
            await look(client, threadId);
            if (i >= WARM_UP) {
                times.push(performance.now() - begin);
            }
        }
        const end = cpuMsOf(client.child.pid);
        return {
            ms: median(times),
            cpuMs: cpuMs === undefined || end === undefined ? undefined : (end - cpuMs) / STEPS,
        };
    } finally {
        client.close();
    }
}

export async function stepping(): Promise<Figure> {
    return {
        name: 'next, threads, stack, scopes and variables',
        value: (await step(ROOT)).ms,
        unit: 'ms',
        goal: { at: 'most', value: 3 },
        how: `median of ${STEPS} steps in memfd.preserve, over standard input and output`,
    };
}
