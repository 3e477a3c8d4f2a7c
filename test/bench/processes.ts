/** How long whole processes take, and how much memory, compared with a Node.js that does nothing. */
import { spawnSync } from 'node:child_process';
import { Client } from '../support/dap-client';
import { inRepository } from '../support/repository';
import { median, type Figure } from './figures';

const ROUNDS = 11;

function milliseconds(args: readonly string[]): number {
    const begin = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
    });
    if (status !== 0) {
        throw new Error(`node ${args.join(' ')} failed: ${stderr}`);
    }
    return performance.now() - begin;
}

async function initializeMs(): Promise<number> {
    const begin = performance.now();
    const client = Client.process();
    try {
        await client.initialize();
        return performance.now() - begin;
    } finally {
        client.close();
    }
}

/** The flagship, from starting the process to its end. */
export function flagship(): Figure {
    const example = inRepository('extension', 'examples', 'passthrough-guest.lus');
    const best = Math.min(
        ...Array.from({ length: 5 }, () => milliseconds([inRepository('dist', 'lus.js'), 'run', example])),
    );
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
        bare.push(milliseconds(['-e', '0']));
        run.push(milliseconds([inRepository('dist', 'lus.js'), 'run', example]));
        adapter.push(await initializeMs());
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
