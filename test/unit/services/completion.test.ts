/** Completion and signature help, in whole texts and in such as are being written. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { check } from '../../../emulator/language/check/check';
import { ParseCache } from '../../../emulator/language/syntax/parse-cache';
import { analyse } from '../../../emulator/services/analysis';
import { completionsAt, type Completions } from '../../../emulator/services/completion/complete';
import { said } from '../../../emulator/services/completion/offer';
import { plain, snippetOffers, type SnippetPlace } from '../../../emulator/services/completion/snippets';
import { forEachLeaf, isKind, isWord } from '../../../emulator/services/nodes';
import { signatureAt } from '../../../emulator/services/signature-help';
import { symbolAt } from '../../../emulator/services/symbol-at';
import { NATIVES } from '../../support/checker-natives';
import { diskHost, findingsOf, programOf } from '../../support/programs';
import { inRepository } from '../../support/repository';
import { URI } from '../../support/services';

function completions(text: string, files: readonly string[] = []): Completions {
    const offset = text.indexOf('‸');
    assert.ok(offset >= 0, 'the mark ‸');
    const plainText = text.slice(0, offset) + text.slice(offset + 1);
    const host = { read: (uri: string) => (uri === URI ? plainText : undefined) };
    return (
        completionsAt({ host, uri: URI }, offset, () => files) ?? {
            span: { start: 0, end: 0 },
            offers: [],
            program: programOf(''),
        }
    );
}

const labels = (text: string, files?: readonly string[]): string[] =>
    completions(text, files).offers.map((o) => o.label);

const first = (n: number, text: string, files?: readonly string[]): string[] => labels(text, files).slice(0, n);

const inProcess = (line: string): string => `scenario "s" {
    boot "7.2"
    process luod, vmm
    luod {
        lu = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        ram = memfd_create("ram")
        ${line}
    }
}
`;

const HANDLER = `struct State { magic: u32; ring: phys }
file nic at "/dev/nic0" { queues: u32 = 2; ring: folio }
handler nic_handler "nic-v1" for nic {
    can_preserve(file) { return file.kind == nic }
    preserve(args) {
        ser = kho.alloc_preserve(State)
        ‸
    }
}
`;

suite('completion', () => {
    test('behind a dot: what the thing before it has, the likely first', () => {
        assert.deepEqual(first(2, inProcess('lu.‸')), ['create_session', 'retrieve_session']);
        assert.deepEqual(first(3, inProcess('vm1.‸')), ['preserve_fd', 'retrieve_fd', 'finish']);
        assert.deepEqual(first(2, inProcess('vm1.re‸')), ['preserve_fd', 'retrieve_fd']);
        assert.ok(first(3, inProcess('ram.‸')).includes('truncate'));
        assert.deepEqual(first(2, HANDLER.replace('‸', 'ser.‸')), ['magic', 'ring']);
        assert.ok(first(3, HANDLER.replace('‸', 'args.‸')).includes('serialized_data'));
        assert.deepEqual(first(2, HANDLER.replace('‸', 'args.file.‸')), ['queues', 'ring']);
        assert.ok(first(6, HANDLER.replace('‸', 'kho.‸')).includes('restore_free'));
        assert.ok(!labels(inProcess('vm1.‸')).includes('scenario'), 'no words of the language');
    });

    test('names in scope: not those of other processes, and what fits the parameter first', () => {
        assert.deepEqual(first(3, inProcess('vm1.preserve_fd(‸')).sort(), ['lu', 'ram', 'vm1']);
        const other = inProcess('').replace('    }\n}', '    }\n    vmm {\n        ‸\n    }\n}');
        const there = completions(other).offers.filter((o) => o.kind === 'variable' && !o.snippet);
        assert.deepEqual(there, [], 'variables of luod');
        assert.deepEqual(first(1, inProcess('reboot(‸')), ['KEXEC']);
        assert.ok(first(3, inProcess('ram.add_seals(‸')).every((l) => l.startsWith('F_SEAL_')));
        assert.deepEqual(first(1, HANDLER.replace('kho.alloc_preserve(State)\n        ‸', 'kho.alloc_preserve(‸')), [
            'State',
        ]);
    });

    test('arguments that are not given yet, by their names', () => {
        const args = (text: string): string[] =>
            completions(text)
                .offers.filter((o) => o.kind === 'argument')
                .map((o) => o.label);
        assert.deepEqual(args(inProcess('vm1.preserve_fd(ram, ‸)')), ['token:']);
        assert.deepEqual(args(inProcess('vm1.preserve_fd(token: 1, ‸)')), ['fd:']);
        assert.equal(first(1, inProcess('vm1.preserve_fd(ram, ‸)'))[0], 'token:');
        const two = 'vm1.preserve_fd(ram, token: 0x10)\n        vm1.preserve_fd(ram, token: 7)\n        ';
        assert.deepEqual(first(2, inProcess(`${two}vm1.retrieve_fd(token: ‸)`)), ['0x10', '7']);
        assert.deepEqual(args(HANDLER.replace('‸', 'args.file = new nic(‸)')).sort(), ['queues:', 'ring:']);
    });

    test('errors: those first that the call can give', () => {
        assert.deepEqual(first(3, inProcess('vm1.preserve_fd(ram, token: 1)  fails ‸')), [
            'EEXIST',
            'ENOSPC',
            'ENOMEM',
        ]);
        assert.deepEqual(first(1, inProcess('vm1.preserve_fd(ram, token: 1)  ‸')), ['fails']);
        assert.deepEqual(first(1, inProcess('vm1.preserve_fd(ram, token: 1)  may ‸')), ['fail']);
    });

    test('strings: kernels, device files, sessions, imports, parameters of the kernel', () => {
        assert.deepEqual(first(2, 'scenario "s" { boot "‸" }'), ['7.2', '7.3']);
        assert.equal(first(1, 'kernel "mine" from "7.2" { }\nscenario "s" { boot "‸" }')[0], 'mine');
        assert.deepEqual(first(1, inProcess('kexec_file_load("‸")')), ['7.2']);
        assert.deepEqual(first(1, inProcess('open("‸')), ['/dev/liveupdate']);
        assert.deepEqual(first(1, inProcess('lu.retrieve_session("‸")')), ['vm-1']);
        assert.deepEqual(labels('import "‸"', ['nic.lus', 'a.elf']), ['nic.lus']);
        assert.deepEqual(labels('machine like "‸"', ['nic.lus', 'a.elf']), ['a.elf']);
        assert.deepEqual(labels('machine ‸'), ['like']);
        assert.ok(
            labels(`${HANDLER.replace('‸', '')}scenario "s" { boot "7.2"; process p { open("‸") } }`).includes(
                '/dev/nic0',
            ),
        );
        assert.ok(labels(inProcess('kexec_file_load("7.2", "‸")')).includes('kho=on'));
    });

    test('settings, devices, layers, flaws, callbacks, injections, codes', () => {
        assert.ok(first(8, 'machine { ‸ }').includes('memory'));
        assert.deepEqual(labels('machine { device nic0 at "0000:3b:00.0" { kind ‸ } }').slice(0, 4).sort(), [
            'dma',
            'gpu',
            'nic',
            'nvme',
        ]);
        assert.ok(first(3, 'machine { device nic0 at "0000:3b:00.0" { ‸ } }').includes('kind'));
        assert.ok(!labels('machine { device nic0 at "0000:3b:00.0" { ‸ } }').includes('scenario'));
        assert.ok(labels('kernel "k" from "7.2" { layers ‸ }').includes('vfio'));
        assert.ok(labels('kernel "k" from "7.2" { flaws ‸ }').includes('luo_unpinned_modules'));
        assert.ok(first(10, 'kernel "k" from "7.2" { ‸ }').includes('handlers'));
        assert.deepEqual(first(2, HANDLER.replace('        ‸\n    }\n}', '    }\n    ‸\n}')), [
            'unpreserve',
            'retrieve',
        ]);
        assert.equal(first(1, 'scenario "s" { boot "7.2"; inject EIO into ‸ }')[0], 'memfd');
        assert.ok(labels('scenario "s" { boot "7.2"; inject EIO into ‸ }').includes('page_alloc'));
        assert.ok(labels('scenario "s" { boot "7.2"; inject EIO into memfd.‸ }').includes('freeze'));
        assert.ok(labels('scenario "s" { explore { ‸ } boot "7.2" }').includes('kernels'));
        assert.ok(labels('scenario "s" { explore { kernels "‸" } boot "7.2" }').includes('7.3'));
        assert.ok(labels('scenario "s" { explore { fail ‸ } boot "7.2" }').includes('page_alloc'));
        assert.ok(labels('scenario "s" { explore { flips ‸ } boot "7.2" }').includes('luo_session_ser'));
        assert.ok(labels('scenario "s" { explore { profile ‸ } boot "7.2" }').includes('crashes'));
        assert.deepEqual(first(3, 'scenario "s" { boot "7.2"; inject EIO into memfd.freeze ‸ }'), [
            'after',
            'times',
            'in',
        ]);
        assert.ok(labels('scenario "s" finds ‸ { }').includes('LU1003'));
        assert.deepEqual(first(1, 'scenario "s" choosing "schedule #1: a", "schedule #2: b" ‸ { }'), [
            'avoidable_until',
        ]);
        assert.deepEqual(first(1, 'scenario "s" { boot "7.2"; process a, b; a { x = 1; send x ‸ } }'), ['to']);
    });

    test('words of the language only where they can stand', () => {
        assert.deepEqual(first(3, 'scenario "s" {\n    ‸\n}').slice(0, 1), ['boot']);
        assert.ok(labels(inProcess('‸')).includes('exit'));
        assert.ok(!labels(inProcess('‸')).includes('return'));
        assert.ok(labels(HANDLER).includes('return'));
        assert.ok(!completions(HANDLER).offers.some((o) => o.kind === 'keyword' && o.label === 'boot'));
        assert.ok(!labels(inProcess('‸')).includes('break'));
        assert.ok(labels(inProcess('for i in 0..4 { ‸ }')).includes('continue'));
        assert.deepEqual(labels(inProcess('// a comment ‸')), []);
        assert.deepEqual(labels(inProcess('x = 12‸')), []);
    });

    test('at the beginning of a line of a file: every declaration, as a snippet', () => {
        const offered = completions('const A = 1\n\n‸').offers;
        assert.deepEqual([...new Set(offered.map((o) => o.kind))], ['snippet']);
        const words = ['scenario', 'machine', 'kernel', 'handler', 'flb', 'file', 'struct', 'fn', 'const', 'import'];
        assert.deepEqual(
            words.filter((w) => !offered.some((o) => o.label === w)),
            [],
        );
    });

    test('a word that begins a snippet is inserted as the snippet, and stands where the word does', () => {
        const offered = (text: string, label: string): string | undefined =>
            completions(text).offers.find((o) => o.label === label)?.snippet;
        assert.match(offered('machine {\n    ‸\n}', 'device') ?? '', /^device .* at "/);
        assert.match(offered('machine {\n    ‸\n}', 'iommu') ?? '', /^iommu /);
        assert.match(offered(inProcess('‸'), 'if') ?? '', /\{/);
        assert.match(offered(inProcess('‸'), 'guest') ?? '', /create_vm\(/);
    });

    test('each offer has documentation', () => {
        const { offers, program } = completions(inProcess('vm1.‸'));
        const without = offers.filter((o) => said(program, o).doc === '').map((o) => o.label);
        assert.deepEqual(without, []);
        const [preserve] = offers;
        assert.ok(preserve);
        assert.match(said(program, preserve).doc, /LIVEUPDATE_SESSION_PRESERVE_FD/);
        assert.equal(said(program, preserve).page?.page, 'library.md');
        assert.equal(preserve.snippet, 'preserve_fd(${1:fd}, token: ${2})');
    });

    test('where shipped scenarios are cut off at a name, it is among the first ten offers at 90 % of them', () => {
        let [asked, found] = [0, 0];
        let n = 0;
        for (const folder of ['extension/examples', 'test/catalogue']) {
            for (const name of readdirSync(inRepository(folder)).filter((f) => f.endsWith('.lus'))) {
                const uri = inRepository(folder, name);
                const text = readFileSync(uri, 'utf8');
                const parsed = new ParseCache();
                for (const { word, start } of usesIn(uri)) {
                    // A part of them, spread over all files: all would take minutes.
                    if (n++ % 17 === 0) {
                        const host = { read: (u: string) => (u === uri ? text.slice(0, start) : diskHost.read(u)) };
                        const offers = completionsAt({ host, uri, parsed }, start)?.offers ?? [];
                        asked++;
                        found += offers.slice(0, 10).some((o) => o.label === word || o.label === `${word}:`) ? 1 : 0;
                    }
                }
            }
        }
        assert.ok(asked > 600, `${asked} names`);
        assert.ok(found / asked >= 0.9, `${found} of ${asked}`);
    }).timeout(60_000);

    test('every snippet is a piece of the language, and that of a scenario runs', () => {
        const around: Readonly<Record<SnippetPlace, (text: string) => string>> = {
            file: (t) => t,
            scenario: (t) => `scenario "s" {\n    boot "7.2"\n${t}\n}\n`,
            user: (t) => `scenario "s" {\n    boot "7.2"\n    process luod {\n${t}\n}\n}\n`,
            kernel: (t) => `file f { open() {\n${t}\n} }\n`,
            machine: (t) => `machine {\n${t}\n}\n`,
            device: (t) => `machine { device d at "0000:00:01.0" {\n${t}\n} }\n`,
            members: (t) => `file f {\n${t}\n}\n`,
        };
        let seen = 0;
        for (const [place, wrap] of Object.entries(around)) {
            for (const { snippet = '' } of snippetOffers(place as SnippetPlace)) {
                seen++;
                const codes = check({ read: () => wrap(plain(snippet)) }, 'snippet.lus', NATIVES).diagnostics;
                assert.deepEqual(
                    codes.filter((d) => /^LU01/.test(d.code)).map((d) => d.message),
                    [],
                    snippet,
                );
            }
        }
        assert.ok(seen > 20);
        const scenario = snippetOffers('file').find((o) => o.label === 'scenario');
        assert.deepEqual(findingsOf(programOf(plain(scenario?.snippet ?? ''))), []);
    });
});

/** The names that a file uses: what it declares anew nobody can foresee. */
function usesIn(uri: string): { word: string; start: number }[] {
    const program = analyse(diskHost, uri);
    const file = program.files.get(uri) ?? assert.fail(uri);
    const found: { word: string; start: number }[] = [];
    forEachLeaf(file, ({ node, above: [parent] }) => {
        const symbol = isWord(node) && node.name !== '' ? symbolAt(program, uri, node.start) : undefined;
        const { declaration } = symbol ?? {};
        const declares =
            declaration?.uri === uri && declaration.span.start === node.start && symbol?.kind !== 'callback';
        const parameter = isKind(parent, 'callback') && parent.name !== node;
        if (isWord(node) && symbol && !declares && !parameter) {
            found.push({ word: node.name, start: node.start });
        }
    });
    return found.sort((a, b) => a.start - b.start);
}

suite('signature help', () => {
    const help = (line: string): [string, string | undefined] | undefined => {
        const text = inProcess(line);
        const offset = text.indexOf('‸');
        const plainText = text.replace('‸', '');
        const found = signatureAt({ host: { read: () => plainText }, uri: URI }, offset);
        return found && [found.label, found.active === undefined ? undefined : found.parameters[found.active]];
    };

    test('says the parameters, and which one is being written', () => {
        assert.deepEqual(help('vm1.preserve_fd(‸'), ['preserve_fd(fd: fd, token: int)', 'fd: fd']);
        assert.deepEqual(help('vm1.preserve_fd(ram, ‸)'), ['preserve_fd(fd: fd, token: int)', 'token: int']);
        assert.deepEqual(help('vm1.preserve_fd(token: ‸)'), ['preserve_fd(fd: fd, token: int)', 'token: int']);
        assert.deepEqual(help('open("‸")')?.[1], 'path: string');
        assert.deepEqual(help('vm1.retrieve_fd(ram.pread(‸))')?.[1], 'length: int');
        assert.equal(help('vm1‸.finish()'), undefined);
    });
});
