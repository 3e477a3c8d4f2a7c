/** How long whole processes take, and how much memory, compared with a Node.js that does nothing. */
import { Client } from '../support/dap-client';
import { inRepository, ROOT } from '../support/repository';
import { median, type Figure } from './figures';
import { adapterOf, cpuMsOf, lus, nodeProcess, type Taken } from './whole-process';

const ROUNDS = 11;

/** From starting the adapter of a built state to its answer to `initialize`. */
export async function initializing(folder: string): Promise<Taken> {
    const begin = performance.now();
    const client = Client.process(adapterOf(folder));
    try {
        await client.initialize();
        return { ms: performance.now() - begin, cpuMs: cpuMsOf(client.child.pid) };
    } finally {
        client.close();
    }
}

/** The flagship, from starting the process to its end. */
export function flagship(): Figure {
    const example = inRepository('extension', 'examples', 'passthrough-guest.lus');
    const best = Math.min(...Array.from({ length: 5 }, () => lus(ROOT, 'run', example).ms));
    return {
        name: 'the flagship example, a guest with three devices through an update',
        value: best / 1000,
        unit: 's',
        goal: { at: 'most', value: 1 },
        how: 'best of 5 whole processes',
    };
}

/** Measures in turns, so that what else the machine does hits all alike. */
export async function starts(): Promise<Figure[]> {
    const example = inRepository('extension', 'examples', 'first-session.lus');
    const bare: number[] = [];
    const run: number[] = [];
    const adapter: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
        bare.push(nodeProcess(['-e', '0']).ms);
        run.push(lus(ROOT, 'run', example).ms);
        adapter.push((await initializing(ROOT)).ms);
    }
    const base = median(bare);
    const how = `median of ${ROUNDS}, less the median of bare node -e 0 measured in between`;
    return [
        { name: 'bare node -e 0', value: base, unit: 'ms' },
        {
            name: 'lus run of the first example, over bare node',
            value: median(run) - base,
            unit: 'ms',
            goal: { at: 'most', value: 150 },
            how,
        },
        {
            name: 'adapter start to initialize answered, over bare node',
            value: median(adapter) - base,
            unit: 'ms',
            goal: { at: 'most', value: 60 },
            how,
        },
    ];
}
