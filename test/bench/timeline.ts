/** The timeline in a browser: script per frame while it scrolls, from a recorded trace, and the time to open. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import type { Bar, Lane, Lanes } from '../../emulator/trace/lanes';
import { packed } from '../../emulator/trace/packed-lanes';
import { timelinePage } from '../../emulator/trace/timeline-page';
import { launchBrowser, newPage } from '../editor/server';
import { findChromium } from '../editor/vscode-servers';
import { inRepository } from '../support/repository';
import type { Figure } from './figures';

const MANY = 10_000;
const VERY_MANY = 1_000_000;
const LANES = 24;
const FRAMES = 120;

/** Processes that make system calls with a callback in each, for a second. */
function lanesWith(events: number): Lanes {
    const perLane = Math.floor(events / LANES);
    const length = 1e9 / (perLane / 2);
    const lanes = Array.from({ length: LANES }, (_, lane): Lane => {
        const bars = Array.from({ length: perLane }, (_unused, i): Bar => {
            const inner = i % 2 === 1;
            const begin = Math.floor(i / 2) * length + (inner ? length / 4 : 0);
            const end = begin + (inner ? length / 4 : length * 0.9);
            return {
                begin,
                end,
                name: inner ? `memfd.preserve ${lane}` : `preserve_fd ${i % 50}`,
                kind: inner ? 'handler' : 'syscall',
                depth: inner ? 1 : 0,
                details: [`token: ${i % 1000}`],
            };
        });
        return { group: `kernel ${lane < LANES / 2 ? 1 : 2}`, name: `process ${lane}`, bars, flags: [], rows: 2 };
    });
    return { end: 1e9, blackouts: [{ begin: 4e8, end: 6e8 }], kexecs: [5e8], lanes };
}

function pageWith(events: number, file: string): string {
    const text = readFileSync(inRepository('dist', 'timeline-view.js'), 'utf8');
    const data = { runs: [{ title: `${events} events`, lanes: packed(lanesWith(events)) }] };
    writeFileSync(file, timelinePage({ text, data }));
    return `file://${file}`;
}

async function opened(page: Page, address: string): Promise<number> {
    const begin = performance.now();
    await page.goto(address);
    await page.locator('body[data-painted]').waitFor();
    return performance.now() - begin;
}

const traceSchema = z.object({
    traceEvents: z.array(
        z.object({
            name: z.string(),
            ph: z.string(),
            ts: z.number(),
            dur: z.optional(z.number()),
            /** Time of the thread, without that of other programs. */
            tdur: z.optional(z.number()),
            pid: z.number(),
            tid: z.number(),
        }),
    ),
});

/** Events of a recorded trace in which script runs. */
const SCRIPT: ReadonlySet<string> = new Set(['FunctionCall', 'FireAnimationFrame', 'EventDispatch', 'EvaluateScript']);

/** The script of each frame, in milliseconds: the outermost events of the main thread between two frames. */
function scriptPerFrame(trace: Buffer): number[] {
    const { traceEvents } = traceSchema.parse(JSON.parse(trace.toString('utf8')));
    const thread = traceEvents.find((e) => e.name === 'FireAnimationFrame');
    const ours = traceEvents
        .filter((e) => e.pid === thread?.pid && e.tid === thread.tid && e.ph === 'X')
        .sort((a, b) => a.ts - b.ts);
    const frames: number[] = [];
    let end = 0;
    let script = 0;
    for (const { name, ts, dur = 0, tdur = dur } of ours) {
        if (SCRIPT.has(name) && ts >= end) {
            script += tdur / 1000;
            end = ts + dur;
        }
        if (name === 'FireAnimationFrame') {
            frames.push(script);
            script = 0;
        }
    }
    return frames;
}

/** Zooms in, and moves along the axis and down the lanes, a little in each frame. */
async function scrolling(browser: Browser, page: Page): Promise<number[]> {
    await page.mouse.move(700, 400);
    await browser.startTracing(page, { categories: ['devtools.timeline'] });
    for (let i = 0; i < FRAMES; i++) {
        const [zooms, moves] = [i < 20, i % 2 === 0];
        const key = zooms ? 'Control' : moves ? 'Shift' : undefined;
        if (key) {
            await page.keyboard.down(key);
        }
        await page.mouse.wheel(0, zooms ? -40 : moves ? 60 : 10);
        if (key) {
            await page.keyboard.up(key);
        }
        await page.evaluate('new Promise(requestAnimationFrame)');
    }
    return scriptPerFrame(await browser.stopTracing());
}

/** Nothing where there is no Chromium. Needs what `npm run build` makes. */
export async function benchTimeline(): Promise<Figure[]> {
    if (findChromium() === undefined) {
        return [];
    }
    const folder = mkdtempSync(path.join(tmpdir(), 'lus-timeline-'));
    const browser = await launchBrowser();
    try {
        const page = await newPage(browser);
        await opened(page, pageWith(MANY, path.join(folder, 'many.html')));
        const frames = (await scrolling(browser, page)).sort((a, b) => a - b);
        const ms = await opened(page, pageWith(VERY_MANY, path.join(folder, 'very-many.html')));
        const how = `of ${frames.length} frames of a recorded trace of scrolling over ${MANY} events`;
        const at = (part: number): number => frames[Math.floor((frames.length - 1) * part)] ?? 0;
        return [
            { name: 'timeline, script of a frame, 95th percentile', value: at(0.95), unit: 'ms', how },
            {
                name: 'timeline, script of a frame, the most',
                value: at(1),
                unit: 'ms',
                goal: { at: 'most', value: 8 },
                how,
            },
            {
                name: 'timeline, a million events from opening to the picture',
                value: ms / 1000,
                unit: 's',
                goal: { at: 'most', value: 2 },
            },
        ];
    } finally {
        await browser.close();
        rmSync(folder, { recursive: true, force: true });
    }
}
