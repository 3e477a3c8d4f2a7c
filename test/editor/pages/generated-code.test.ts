/**
 * Generated code in two pages of a real browser, one whose content security policy permits it and one whose policy
 * forbids it: programs do the same in both pages as in Node with closures.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { buildForPage } from '../../../esbuild.config.mjs';
import { Random } from '../../support/random';
import { arithmeticProgram } from '../../support/random-arithmetic';
import { concurrentProgram, sequentialProgram } from '../../support/random-programs';
import { inRepository } from '../../support/repository';
import { launchBrowser, newPage } from '../server';
import type { Report } from './in-page';
import { type Files, observed } from './observed';

const EXAMPLES = inRepository('extension', 'examples');
const RANDOM = 100;

const seenSchema = z.object({
    made: z.number(),
    forbidden: z.number(),
    seen: z.array(
        z.object({
            scenario: z.string(),
            stops: z.number(),
            operations: z.number(),
            states: z.string(),
            fingerprint: z.string(),
        }),
    ),
});
const reportSchema = z.object({ closures: seenSchema, generated: seenSchema });

/** The examples, and random programs. */
function files(): Files {
    const names = readdirSync(EXAMPLES);
    const examples = names
        .filter((n) => n.endsWith('.lus'))
        .map((n): [string, string] => [`/${n}`, readFileSync(path.join(EXAMPLES, n), 'utf8')]);
    const images = names
        .filter((n) => n.endsWith('.gz'))
        .map((n): [string, Uint8Array] => [`/${n}`, gunzipSync(readFileSync(path.join(EXAMPLES, n)))]);
    const random = Array.from({ length: RANDOM }, (_, seed): [string, string][] => [
        [`/arithmetic-${seed}.lus`, arithmeticProgram(new Random(seed))],
        ...(seed % 10 === 0
            ? ([
                  [`/sequential-${seed}.lus`, sequentialProgram(new Random(seed))],
                  [`/concurrent-${seed}.lus`, concurrentProgram(new Random(seed))],
              ] satisfies [string, string][])
            : []),
    ]).flat();
    const texts = Object.fromEntries([...examples, ...random]);
    return { texts, images: Object.fromEntries(images), programs: Object.keys(texts) };
}

/** A server on this machine whose page runs the script, under two policies. */
async function serve(script: string, { images, ...rest }: Files): Promise<{ server: Server; url: string }> {
    const answers = new Map<string, { readonly type: string; readonly body: string | Uint8Array; csp?: string }>([
        ['/page.js', { type: 'text/javascript', body: script }],
        ['/files', { type: 'application/json', body: JSON.stringify({ ...rest, images: Object.keys(images) }) }],
        ...Object.entries(images).map(([uri, body]) => [uri, { type: 'application/octet-stream', body }] as const),
        ...(['permits', 'forbids'] as const).map((name) => {
            const more = name === 'permits' ? " 'unsafe-eval'" : '';
            const csp = `default-src 'none'; connect-src 'self'; script-src 'self'${more}`;
            return [`/${name}`, { type: 'text/html', body: '<script src="/page.js"></script>', csp }] as const;
        }),
    ]);
    const server = createServer((request, response) => {
        const answer = answers.get(request.url ?? '');
        response.writeHead(answer ? 200 : 404, {
            'Content-Type': `${answer?.type ?? 'text/plain'}; charset=utf-8`,
            ...(answer?.csp === undefined ? {} : { 'Content-Security-Policy': answer.csp }),
        });
        response.end(answer?.body ?? '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    return { server, url: `http://127.0.0.1:${address.port}` };
}

async function reported(browser: Browser, url: string): Promise<Report> {
    const page = await newPage(browser);
    page.setDefaultTimeout(300_000);
    await page.goto(url);
    const told = await page.waitForFunction(() => Reflect.get(globalThis, 'told') as unknown);
    const text = z.string().parse(await told.jsonValue());
    const { success, data } = reportSchema.safeParse(JSON.parse(text));
    assert.ok(success, text.slice(0, 2000));
    return data;
}

suite('generated code in a page of a browser', function () {
    this.timeout(600_000);
    const all = files();
    let browser: Browser | undefined;
    let server: Server | undefined;
    let permits: Report;
    let forbids: Report;

    suiteSetup(async () => {
        const served = await serve(await buildForPage('test/editor/pages/in-page.ts'), all);
        server = served.server;
        browser = await launchBrowser();
        permits = await reported(browser, `${served.url}/permits`);
        forbids = await reported(browser, `${served.url}/forbids`);
    });
    suiteTeardown(async () => {
        await browser?.close();
        server?.close();
    });

    test('is made where the policy of the page permits it, and nowhere else', () => {
        assert.ok(permits.generated.made > 100, `${permits.generated.made} functions`);
        assert.equal(permits.generated.forbidden, 0);
        assert.equal(forbids.generated.made, 0);
        assert.ok(forbids.generated.forbidden > 0);
        for (const { closures } of [permits, forbids]) {
            assert.deepEqual([closures.made, closures.forbidden], [0, 0]);
        }
    });

    test('does what closures do there and in Node', () => {
        const expected = observed(all, Infinity);
        assert.ok(expected.length > 100, `${expected.length} scenarios`);
        for (const [name, { seen }] of Object.entries({
            'the page that permits it, with closures': permits.closures,
            'the page that permits it': permits.generated,
            'the page that forbids it, with closures': forbids.closures,
            'the page that forbids it': forbids.generated,
        })) {
            assert.deepEqual(seen, expected, name);
        }
    });
});
