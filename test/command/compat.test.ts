/** The built `lus compat`, as a user runs it. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { lus, type Ran } from '../support/lus';
import { inRepository } from '../support/repository';

const EXAMPLES = inRepository('extension', 'examples');

const compat = (args: readonly string[]): Ran => lus(EXAMPLES, ['compat', ...args]);

const WAY = z.enum(['string', 'composite string', 'feature words']);

const schema = z.strictObject({
    version: z.literal(1),
    file: z.string(),
    matrices: z.array(
        z.strictObject({
            file: z.string(),
            scenario: z.string(),
            kernels: z.array(z.string()),
            proposed: z.record(z.string(), z.array(z.string())),
            formats: z.record(z.string(), z.array(z.strictObject({ part: z.string(), way: WAY, value: z.string() }))),
            cells: z.array(
                z.strictObject({
                    from: z.string(),
                    to: z.string(),
                    outcome: z.enum(['works', 'lost', 'EIO', 'panic', 'fails', 'unsuited']),
                    reason: z.string(),
                    message: z.string().nullable(),
                    where: z
                        .strictObject({
                            file: z.string(),
                            line: z.number(),
                            column: z.number(),
                            endLine: z.number(),
                            endColumn: z.number(),
                        })
                        .nullable(),
                    kernelLog: z.array(z.string()),
                    knownBugs: z.array(z.string()),
                    negotiated: z.array(
                        z.strictObject({
                            part: z.string(),
                            way: WAY,
                            sent: z.string(),
                            understood: z.string(),
                            result: z.enum(['accepted', 'features ignored', 'refused']),
                        }),
                    ),
                }),
            ),
        }),
    ),
});

suite('lus compat', function () {
    this.timeout(300_000);

    test('a matrix with the reason in each cell; exit code 1 where a pair does not work', () => {
        assert.deepEqual(compat(['first-session.lus', '--kernels', '7.0,7.1,7.2,7.3']), {
            code: 1,
            out: `first-session.lus: a guest's memory outlives the kernel

from \\ to  7.0                 7.1                 7.2                 7.3
7.0        works               lost                lost                lost
                               kho-v1, not kho-v3  kho-v1, not kho-v4  kho-v1, not kho-v4
7.1        lost                works               lost                lost
           kho-v3, not kho-v1                      kho-v3, not kho-v4  kho-v3, not kho-v4
7.2        lost                lost                works               works
           kho-v4, not kho-v1  kho-v4, not kho-v3
7.3        lost                lost                works               works
           kho-v4, not kho-v1  kho-v4, not kho-v3

  works  the scenario passes
  lost   the next kernel boots as if nothing had been preserved; only its log says so
`,
            err: '',
        });
    });

    test('what kernels negotiate by strings, composite strings and words', () => {
        const kernels = 'composite,blocks,words,names,required';
        const args = ['formats.lus', '--scenario', "a guest's memory goes to the next kernel", '--kernels', kernels];
        const { code, out } = compat([...args, '--format', 'json']);
        assert.equal(code, 1);
        const [matrix] = schema.parse(JSON.parse(out)).matrices;
        const cell = (from: string, to: string) => matrix?.cells.find((c) => c.from === from && c.to === to);
        assert.deepEqual(matrix?.formats['composite'], [
            { part: 'KHO', way: 'composite string', value: 'kho-v4;radix-v1;vmalloc-v1' },
            { part: 'LUO', way: 'composite string', value: 'luo-v5;block-v1' },
            { part: 'handler', way: 'composite string', value: 'memfd-v2;vmalloc-v1' },
        ]);
        assert.deepEqual(cell('composite', 'blocks')?.negotiated.at(-1), {
            part: 'LUO',
            way: 'composite string',
            sent: 'luo-v5;block-v1',
            understood: 'luo-v5;block-v2',
            result: 'refused',
        });
        const ignored = cell('names', 'words');
        assert.deepEqual([ignored?.outcome, ignored?.reason], ['works', 'memfd: name ignored']);
        assert.deepEqual(
            ignored?.negotiated.map((n) => [n.part, n.result]),
            [
                ['KHO', 'accepted'],
                ['LUO', 'accepted'],
                ['memfd', 'features ignored'],
            ],
        );
        const refused = cell('required', 'words');
        assert.deepEqual([refused?.outcome, refused?.reason], ['fails', 'memfd requires name']);
        const text = compat(args).out;
        assert.ok(text.includes('handler  feature words: supports seals, folios, name; requires seals, folios;'), text);
    });

    test('exit code 0 where every pair works', () => {
        const { code, out } = compat(['first-session.lus', '--kernels', '7.2,7.3']);
        assert.equal(code, 0);
        assert.ok(!out.includes('lost'));
    });

    test('json, with the place of the failure and what the kernel logged', () => {
        const { code, out } = compat(['first-session.lus', '--kernels', '6.19,7.0', '--format', 'json']);
        assert.equal(code, 1);
        const [matrix] = schema.parse(JSON.parse(out)).matrices;
        const cell = (
            from: string,
            to: string,
        ): z.infer<typeof schema>['matrices'][number]['cells'][number] | undefined =>
            matrix?.cells.find((c) => c.from === from && c.to === to);
        const { negotiated, ...works } = cell('6.19', '6.19') ?? { negotiated: [] };
        assert.deepEqual(
            negotiated.map((n) => `${n.part} ${n.sent} ${n.result}`),
            [
                'KHO kho-v1 accepted',
                'LUO luo-v1 accepted',
                'luo-session luo-session-v2 accepted',
                'handler memfd-v1 accepted',
            ],
        );
        assert.deepEqual(works, {
            from: '6.19',
            to: '6.19',
            outcome: 'works',
            reason: '',
            message: null,
            where: null,
            kernelLog: [],
            knownBugs: [],
        });
        const panic = cell('6.19', '7.0');
        assert.equal(panic?.outcome, 'panic');
        assert.equal(panic.reason, 'no luo-flb');
        assert.match(panic.message ?? '', /^kernel panic: The incoming tree failed to initialize properly/);
        assert.match(panic.kernelLog.join('\n'), /Kernel panic/);
    });

    test('the known bugs that decide: those without which the pair works', () => {
        const fixture = inRepository('test', 'command', 'fixtures', 'two-bugs.lus');
        const { code, out } = compat([fixture, '--kernels', '6.19,7.0,7.2.4,7.2', '--format', 'json']);
        assert.equal(code, 1);
        const cells = schema.parse(JSON.parse(out)).matrices[0]?.cells ?? [];
        assert.deepEqual(
            cells.filter((c) => c.outcome === 'fails').map((c) => [c.from, c.to, ...c.knownBugs]),
            [
                ['6.19', '6.19', 'luo_finish_reserved', 'memfd_flags_at_preserve'],
                ['7.0', '6.19', 'luo_finish_reserved'],
                ['7.0', '7.0', 'luo_finish_reserved'],
                ['7.2.4', '7.2.4', 'luo_finish_reserved'],
                ['7.2', '7.2.4', 'luo_finish_reserved'],
            ],
        );
        assert.ok(cells.every((c) => c.outcome === 'fails' || c.knownBugs.length === 0));
        assert.match(
            compat([fixture, '--kernels', '6.19']).out,
            /\n {2}luo_finish_reserved decides 6\.19 to 6\.19: FINISH does not check its reserved word\n/,
        );
    });

    test('kernels with layers: what of them is proposed', () => {
        const { out } = compat(['passthrough-update.lus', '--kernels', '7.3,next', '--format', 'json']);
        const [matrix] = schema.parse(JSON.parse(out)).matrices;
        // the scenario boots its own kernel, which keeps its layers whatever it is made from
        const layers = ['lookup (queued for 7.4)', 'pci v9 (queued for 7.4)', 'vfio v5 (under review)'];
        assert.deepEqual(matrix?.proposed, { '7.3': layers, next: layers });
        assert.deepEqual(
            matrix.cells.map((c) => c.outcome),
            ['works', 'works', 'works', 'works'],
        );
        assert.match(
            compat(['passthrough-update.lus', '--kernels', 'next']).out,
            /next has proposed code: lookup \(queued for 7\.4\), pci v9/,
        );
    });

    test('one scenario of several', () => {
        const { out } = compat([
            'agent-crash.lus',
            '--kernels',
            '7.2',
            '--scenario',
            'another process holds the session',
            '--format',
            'json',
        ]);
        assert.deepEqual(
            schema.parse(JSON.parse(out)).matrices.map((m) => m.scenario),
            ['another process holds the session'],
        );
    });

    test('what cannot be done is one sentence', () => {
        assert.match(
            compat(['first-session.lus', '--kernels', '7.2,8.0']).err,
            /^lus: There is no kernel "8\.0"\. The kernels are 6\.16, .*, and stable releases such as 7\.2\.3\.\n/,
        );
        assert.match(compat([]).err, /^lus: Name one file\.\n/);
        assert.match(compat(['nowhere.lus']).err, /^lus: There is no file nowhere\.lus\.\n/);
        assert.match(compat(['first-session.lus', '--scenario', 'x']).err, /^lus: There is no scenario "x"\.\n/);
        assert.equal(compat(['first-session.lus', '--kernels', '8.0']).code, 2);
    });
});
