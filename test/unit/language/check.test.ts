/** The checker: each of its findings, what it is about and how it is fixed. */
import assert from 'node:assert/strict';
import type { CheckFinding } from '../../../emulator/language/check-finding';
import { check, checkStd } from '../../../emulator/language/check/check';
import type { Program } from '../../../emulator/language/program';
import { PAGES_4K } from '../../../emulator/machine/arch';
import { NATIVES, STD } from '../../support/checker-natives';
import { NIC, TOUR } from '../../support/language-samples';

const std = checkStd([{ uri: 'std/memfd.lus', text: STD }], NATIVES, PAGES_4K);

/** Checks files by name; the first one is the main file. */
function program(files: Record<string, string>): Program {
    const main = Object.keys(files)[0] ?? '';
    return check({ read: (uri) => files[uri] }, main, NATIVES, std);
}

/** The findings of one file, as `code: the text it is about`. */
function findings(text: string): string[] {
    return program({ 'a.lus': text }).diagnostics.map((d) => `${d.code}: ${text.slice(d.span.start, d.span.end)}`);
}

const scenario = (body: string): string => `scenario "s" {\n    boot "7.2"\n${body}\n}\n`;
/** Statements in a process p. */
const inP = (body: string): string => scenario(`    process p {\n${body}\n    }`);
/** Statements in a handler's preserve, where the others are as they must be. */
const inPreserve = (body: string): string => `${NIC}
handler other "other-v1" for nic {
    can_preserve(file) { return true }
    unpreserve(args) { }
    retrieve(args) { }
    finish(args) { }
    preserve(args) {
${body}
    }
}
`;

/** The only finding of a file, with the file as its fix leaves it. */
function only(text: string): CheckFinding & { readonly fixed: string } {
    const { diagnostics } = program({ 'a.lus': text });
    assert.equal(diagnostics.length, 1, diagnostics.map((d) => d.message).join('\n'));
    const d = diagnostics[0];
    assert.ok(d);
    const fixed = [...(d.fix?.edits ?? [])]
        .sort((a, b) => b.span.start - a.span.start)
        .reduce((t, e) => t.slice(0, e.span.start) + e.text + t.slice(e.span.end), text);
    return { ...d, fixed };
}

suite('language: checker', () => {
    test('the samples have no findings', () => {
        assert.deepEqual(std.diagnostics, []);
        assert.deepEqual(findings(TOUR), []);
        assert.deepEqual(findings(NIC), []);
    });

    test('a name that nothing has is an error with the nearest one', () => {
        const d = only(inP('session = open("/dev/liveupdate")\nsesion.finish()\nsession.close()'));
        assert.equal(d.code, 'LU0201');
        assert.match(d.message, /`sesion`.*Did you mean `session`/);
        assert.equal(d.fixed, inP('session = open("/dev/liveupdate")\nsession.finish()\nsession.close()'));
        assert.deepEqual(findings(inP('opne("/dev/null")')), ['LU0202: opne']);
        assert.deepEqual(findings(inP('fd = open("/dev/null")\nfd.finsh()')), ['LU0203: finsh']);
        assert.deepEqual(findings(inP('log(preserve_fd(1))')), ['LU0202: preserve_fd']);
        assert.deepEqual(findings(inP('f = open\nlog(f)')), ['LU0308: open']);
        assert.deepEqual(findings(inP('fd = open("/dev/null")\nlog(fd.finish)')), ['LU0308: finish']);
    });

    test('session, kho, at are ordinary names for variables', () => {
        assert.deepEqual(findings(inP('session = 1\nkho = 2\nat = 3\nlog(session, kho, at)\nlog(pattern(1, 2))')), []);
    });

    test('arguments: number, names, types', () => {
        assert.deepEqual(
            findings(
                inP(
                    'fd = open()\nfd.preserve_fd(fd, token: 1, 2)\nfd.preserve_fd(fd, 1, 2)\nfd.preserve_fd(fd, tokn: 1)\nfd.preserve_fd(fd, fd: fd, token: 1)',
                ),
            ),
            ['LU0304: )', 'LU0307: 2', 'LU0305: 2', 'LU0306: tokn', 'LU0304: )', 'LU0307: fd: fd'],
        );
        assert.deepEqual(findings(inP('fd = open(1)\nfd.truncate("x")\nfd.pwrite(1, at: 0)')), [
            'LU0301: 1',
            'LU0301: "x"',
            'LU0301: 1',
        ]);
        assert.deepEqual(findings(inP('memfd_create("a")\nmemfd_create("a", 1)\nlog()\nlog(1, "a", true)')), []);
        assert.deepEqual(findings(`fn f(a, b: string) { log(a, b) }\n${inP('f(1)\nf(1, 2)\nf(b: "x", a: 2)')}`), [
            'LU0304: )',
            'LU0301: 2',
        ]);
    });

    test('variables keep the type of their first value', () => {
        assert.deepEqual(findings(inP('n = 1\nn = "x"\nlog(n)')), ['LU0301: "x"']);
        assert.deepEqual(findings(inP('fd = open("/dev/null")\nfd = -1\nlog(fd)')), []);
        assert.deepEqual(findings(inP('n = 1\nn += "x"\nm += 1\nlog(n, m)')), ['LU0303: n += "x"', 'LU0201: m']);
        assert.deepEqual(findings(inP('s = "a"\ns += 1\nlog(s + 2)')), []);
    });

    test('conditions are booleans', () => {
        const d = only(inP('n = 1\nif n { log(n) }'));
        assert.equal(d.code, 'LU0302');
        assert.equal(d.fixed, inP('n = 1\nif n != 0 { log(n) }'));
        assert.deepEqual(
            findings(
                inP('assert 1\nassert "x"\nwhile 1 { break }\nassert !1 && true\nassert 1 < 2 < 3\nassert 1 == "x"'),
            ),
            ['LU0302: 1', 'LU0302: "x"', 'LU0302: 1', 'LU0302: 1', 'LU0303: 1 < 2', 'LU0315: 1 == "x"'],
        );
    });

    test('integers are exact and stay in range', () => {
        const good = program({
            'a.lus': `const A = 0xffff_ffff_ffff_ffff\nconst B = A - 1\nconst C = -0x8000_0000_0000_0000\nconst D = B / 2 + PAGE\nconst PAGE = 4096\n${inP('log(A, B, C, D)')}`,
        });
        assert.deepEqual(good.diagnostics, []);
        const values = [...good.names.values()].flatMap((m) => (m.kind === 'const' ? [m.value] : []));
        assert.deepEqual(values.slice(-4), [
            18446744073709551615n,
            18446744073709551614n,
            -9223372036854775808n,
            9223372036854779903n,
        ]);
        const d = only('const A = 0xffff_ffff_ffff_ffff + 1\n');
        assert.deepEqual([d.code, d.message.startsWith('`0xffff_ffff_ffff_ffff + 1` has no value')], ['LU0311', true]);
        assert.deepEqual(findings('const A = B\nconst B = A\n'), ['LU0312: B']);
        assert.deepEqual(findings('const A = 1 / 0\nconst B = open("x")\n'), ['LU0311: 1 / 0', 'LU0312: open("x")']);
        assert.deepEqual(findings(inP('log(1 << 64)')), ['LU0311: 1 << 64']);
    });

    test('fails, may fail and try are for calls that can fail', () => {
        assert.deepEqual(
            findings(
                inP(
                    'log(1) fails EIO\nx = pattern(1, 2) may fail EIO\ny = 1 fails EIO\nz = try pattern(1, 2)\nw = try open("a") fails EIO\nlog(x, z)',
                ),
            ),
            [
                'LU0402: fails EIO',
                'LU0402: may fail EIO',
                'LU0402: fails EIO',
                'LU0402: try pattern(1, 2)',
                'LU0412: fails EIO',
            ],
        );
        const d = only(inP('open("x") fails EBUZY'));
        assert.deepEqual([d.code, d.fixed], ['LU0214', inP('open("x") fails EBUSY')]);
        assert.equal(only(inP('x = try pattern(1, 2)\nlog(x)')).fixed, inP('x = pattern(1, 2)\nlog(x)'));
        assert.deepEqual(findings(inPreserve('kho.alloc_preserve(NicState) fails ENOMEM')), ['LU0402: fails ENOMEM']);
        // a function of the program fails if a call in it does
        const accepted = inP('f() fails ENOENT\nf() may fail ENOENT\ntry f()');
        assert.deepEqual(findings(`fn f() { open("x").close() }\n${accepted}`), []);
        assert.deepEqual(findings(`fn f() { return -1 }\n${accepted}`), [
            'LU0402: fails ENOENT',
            'LU0402: may fail ENOENT',
            'LU0402: try f()',
        ]);
        assert.deepEqual(findings(inP('r = try open("x")\nassert r == -EBUSY\nq = open("y") fails EBUSY')), []);
    });

    test('what runs where', () => {
        assert.deepEqual(findings(scenario('open("x")\nsend 1 to p\nexit')), [
            'LU0401: open',
            'LU0401: send 1 to p',
            'LU0414: 1',
            'LU0205: p',
            'LU0401: exit',
        ]);
        assert.deepEqual(findings(inP('boot "7.2"')), ['LU0401: boot "7.2"']);
        assert.deepEqual(findings(inP('alloc_folio()\nundo { }')), ['LU0401: alloc_folio', 'LU0401: undo']);
        assert.deepEqual(findings(inPreserve('open("x")\nkill p\ninject EIO into page_alloc')), [
            'LU0401: open',
            'LU0401: kill p',
            'LU0205: p',
            'LU0401: inject EIO into page_alloc',
        ]);
        const text = `fn user() { fd = open("x")\nfd.close() }\nfn both() { user()\nalloc_folio() }\n${scenario('user()\nprocess p { user() }')}`;
        const { diagnostics } = program({ 'a.lus': text });
        assert.deepEqual(
            diagnostics.map((d) => `${d.code}: ${text.slice(d.span.start, d.span.end)}`),
            ['LU0401: alloc_folio', 'LU0401: user'],
        );
        assert.match(diagnostics[0]?.message ?? '', /because of `user\(\)` on line 3/);
    });

    test('processes have to be started', () => {
        assert.deepEqual(findings(scenario('p { log(1) }')), ['LU0205: p']);
        assert.deepEqual(findings(scenario('p { log(1) }\nprocess p')), ['LU0206: p']);
        assert.deepEqual(findings(scenario('process p\nprocess p\nkill p\np { log(1) }')), ['LU0206: p', 'LU0206: p']);
        assert.deepEqual(findings(scenario('process p { exit }\nprocess p { log(1) }')), []);
        assert.deepEqual(findings(scenario('process p, q\np { x = open("x")\nsend x to q }\nq { x.close() }')), []);
        assert.deepEqual(
            findings(
                scenario(
                    'process p, q\np { x = open("x")\nsend x to q as y\nx.close() }\nq { y.close() }\nassert p.x == q.y',
                ),
            ),
            [],
        );
        const loops = 'i = 0\nprocess p { while i < 3 { i = i + 1 } }';
        assert.deepEqual(findings(scenario(loops)), ['LU0207: i']);
        assert.deepEqual(findings(scenario(loops.replace('while', 'i = i; while'))), []);
        assert.deepEqual(findings(scenario('i = 0\nprocess p { for k in 0..i { i = k; log(i) } }')), []);
        assert.deepEqual(findings(scenario('i = 0\nprocess p\nfor k in 0..3 { p { log(i); i = k } }')), ['LU0207: i']);
        assert.deepEqual(findings(scenario('i = 0\nprocess p[3]\nfor k in 0..3 { p[k] { log(i); i = k } }')), [
            'LU0209: i',
        ]);
        assert.deepEqual(findings(scenario('process p, q\np { x = 1\nlog(x) }\nq { log(x) }')), ['LU0207: x']);
        assert.deepEqual(findings(scenario('process p, q\np { x = 1 }\nassert p.x == 1\nassert p.y == 1\np.x = 2')), [
            'LU0203: y',
            'LU0309: p.x',
        ]);
    });

    test('nothing of a kernel outlives its kexec', () => {
        const kexec = 'p { kexec_file_load("7.2")\nreboot(KEXEC) }\n';
        assert.deepEqual(findings(scenario(`process p { x = open("x")\nx.close() }\n${kexec}p { log(1) }`)), [
            'LU0206: p',
        ]);
        assert.deepEqual(
            findings(scenario(`process p { x = open("x")\nx.close() }\n${kexec}process p { x.close() }`)),
            ['LU0208: x'],
        );
        assert.deepEqual(findings(scenario(`process p { x = open("x")\nx.close() }\n${kexec}assert p.x == 1`)), [
            'LU0208: x',
        ]);
        assert.deepEqual(
            findings(scenario(`process p { x = open("x")\nx.close() }\n${kexec}process p { x = 1\nlog(x) }`)),
            [],
        );
        assert.deepEqual(findings(scenario(`s = session("a")\nn = s.name\nprocess p\n${kexec}log(n)\nlog(s.name)`)), [
            'LU0208: s',
        ]);
        assert.deepEqual(findings(scenario(`process p\np { kexec_file_load("7.2")\nreboot(KEXEC)\nlog(1) }`)), [
            'LU0406: log(1)',
        ]);
        assert.deepEqual(
            findings(scenario('process p\np { x = 1\nreboot(KEXEC) fails EINVAL\nlog(x) }\np { log(x) }')),
            [],
        );
        assert.deepEqual(
            findings(scenario('process p\np { r = try reboot(KEXEC)\nlog(r) }\np { log(1) }\nprocess p { log(2) }')),
            [],
        );
        assert.deepEqual(
            findings(scenario('process p\np { n = 1\nif n == 2 { reboot(KEXEC) } }\nprocess p { log(1) }')),
            [],
        );
        assert.deepEqual(
            findings(
                `fn go() { kexec_file_load("7.2")\nreboot(KEXEC) }\n${scenario('process p { go() }\np { log(1) }')}`,
            ),
            ['LU0206: p'],
        );
        assert.deepEqual(findings(scenario('process p\nboot "7.2"\np { log(1) }')), ['LU0206: p']);
        assert.deepEqual(findings(scenario('for i in 0..3 { process p { log(i)\nreboot(KEXEC) } }')), []);
    });

    test('one mistake is one finding', () => {
        assert.deepEqual(findings(scenario('process p { x = 1\nlog(x)\nreboot(KEXEC) }\np { log(x) }\np { log(x) }')), [
            'LU0206: p',
        ]);
    });

    test('names that nobody reads, and slips', () => {
        assert.deepEqual(findings(inP('a = 1\n_b = 2\nfor i in 0..2 { log(1) }')), ['LU0209: a']);
        const d = only(inP('total = 1\ntotl = 2\nlog(total)'));
        assert.deepEqual([d.code, d.severity, d.fixed], ['LU0210', 'warning', inP('total = 1\ntotal = 2\nlog(total)')]);
        assert.deepEqual(findings(inP('vm1 = 1\nvm2 = 2\nlog(vm1)')), ['LU0209: vm2']);
        assert.deepEqual(findings(inPreserve('if true { x = 1\nlog(x) }\nlog(x)')), ['LU0207: x']);
    });

    test('code that never runs', () => {
        assert.deepEqual(findings(inP('exit\nlog(1)\nlog(2)')), ['LU0406: log(1)']);
        assert.deepEqual(findings(inPreserve('if true { return -EIO } else { return 0 }\nlog(1)')), ['LU0406: log(1)']);
        assert.deepEqual(findings(inPreserve('for i in 0..2 { if i == 1 { continue }\nbreak\nlog(i) }\nlog(1)')), [
            'LU0406: log(i)',
        ]);
        assert.deepEqual(findings(inP('while true { log(1) }\nlog(2)')), ['LU0406: log(2)']);
        assert.deepEqual(findings(inP('1 + 1')), ['LU0405: 1 + 1']);
        assert.deepEqual(findings(scenario('for i in 0..2 { process p { log(i)\nbreak } }\nreturn 1')), [
            'LU0407: break',
            'LU0407: return 1',
        ]);
    });

    test('loops go over lists and ranges', () => {
        const d = only(inP('for i in 4 { log(i) }'));
        assert.deepEqual([d.code, d.fixed], ['LU0310', inP('for i in 0..4 { log(i) }')]);
        assert.deepEqual(findings(inP('for f in ["a", "b"] { memfd_create(f) }\nx = 0..2\nlog(x)')), ['LU0313: 0..2']);
        assert.deepEqual(findings(inP('for i in 0.."x" { log(i) }\nx = [1, 2]\nlog(x["a"], 3[0], x.length)')), [
            'LU0303: "x"',
            'LU0316: "a"',
            'LU0316: 3[0]',
        ]);
    });

    test('handlers, FLBs and file kinds', () => {
        const d = only('flb x "x-v1" {\n    preserve(args) { }\n    unpreserve(args) { }\n    finish(args) { }\n}\n');
        assert.equal(d.code, 'LU0403');
        assert.deepEqual(findings(d.fixed), []);
        assert.deepEqual(
            findings(
                'handler h "h" for nix uses y {\ncan_preserve(file) { return 1 }\npreserve() { return true }\nretrieve(args) { }\nfinish(args) { }\nunpreserv(args) { }\n}\n',
            ),
            ['LU0403: h', 'LU0217: nix', 'LU0212: y', 'LU0301: 1', 'LU0404: () ', 'LU0301: true', 'LU0216: unpreserv'],
        );
        assert.deepEqual(
            findings(
                inPreserve('log(args.file.queues)\nlog(args.file.quues)\nargs.retrieve_status = 1\nargs.file.ring = 5'),
            ),
            ['LU0203: quues', 'LU0309: retrieve_status', 'LU0301: 5'],
        );
        assert.deepEqual(
            findings(
                `${NIC}handler h "${'x'.repeat(48)}" for nic {\ncan_preserve(file) { return file.queues == 1 }\npreserve(args) { }\nunpreserve(args) { }\nretrieve(args) { args.file = new nic(queue: 1) }\nfinish(args) { }\n}\n`,
            ),
            [`LU0409: "${'x'.repeat(48)}"`, 'LU0203: queues', 'LU0306: queue'],
        );
        assert.deepEqual(findings('file f {\na: u32 = "x"\na: bool\nopen() { a = true\nb = 1 }\nclose() { }\n}\n'), [
            'LU0301: "x"',
            'LU0204: a',
            'LU0301: true',
            'LU0209: b',
            'LU0216: close',
        ]);
    });

    test('kernels: names exist, and compatible strings are there once', () => {
        assert.deepEqual(
            findings(
                'scenario "s" { boot "8.3"\nprocess p { kexec_file_load("8.4")\nkexec_file_load("8.5") fails ENOENT } }\n',
            ),
            ['LU0213: "8.3"', 'LU0213: "8.4"'],
        );
        assert.deepEqual(findings('kernel "a" from "b" { handlers + memfd2 }\nkernel "7.2" { }\n'), [
            'LU0213: "b"',
            'LU0212: memfd2',
            'LU0204: "7.2"',
        ]);
        const mine = STD.slice(STD.indexOf('handler'))
            .replace('memfd "', 'mine "')
            .replaceAll('MemfdState', 'S')
            .replace('memfd_helper(args.file)', '');
        assert.deepEqual(findings(`struct S { size: u64 }\n${mine}kernel "a" from "7.2" { handlers + mine }\n`), [
            'LU0410: mine',
        ]);
        assert.deepEqual(
            findings(`struct S { size: u64 }\n${mine}kernel "a" from "7.2" { handlers - memfd; handlers + mine }\n`),
            [],
        );
        assert.deepEqual(
            findings('kernel "a" from "b" { }\nkernel "b" from "a" { }\n').map((f) => f.slice(0, 6)),
            ['LU0213', 'LU0213'],
        );
    });

    test('entries of machines and kernels', () => {
        assert.deepEqual(
            findings(
                'const M = 1GiB\nmachine { memory 2 * M node 1; memroy 1; memory; memory "x"; memory M nod 1; memory 0; memory M node 64; map 0x1000 .. 0x9000; map 1; map 2 .. 2; cpus 4 }\n',
            ),
            [
                'LU0218: memroy',
                'LU0304: memory',
                'LU0312: "x"',
                'LU0218: nod',
                'LU0311: 0',
                'LU0311: 64',
                'LU0301: 1',
                'LU0311: 2 .. 2',
            ],
        );
        assert.deepEqual(
            findings(
                'kernel "a" from "7.2" { numa off; early_memory 40MiB; cmdline "quiet"; nmua off; kho 1; cmdline 5; layers a, b; handlers memfd; init { } }\n',
            ),
            ['LU0218: nmua', 'LU0301: 1', 'LU0301: 5', 'LU0218: a', 'LU0218: b', 'LU0218: handlers'],
        );
    });

    test('injections fit their target', () => {
        assert.deepEqual(
            findings(
                NIC +
                    scenario(
                        'inject EIO into memfd.freeze\ninject no into nic_handler.can_finish\ninject ENOMEM into page_alloc after 100\ninject EIO into nic_core.preserve\ninject EIO into nic.open in next kernel',
                    ),
            ),
            [],
        );
        assert.deepEqual(
            findings(
                NIC +
                    scenario(
                        'inject EOI into memfd.freeze\ninject EIO into memfs.freeze\ninject EIO into memfd.frieze\ninject EIO into memfd\ninject EIO into memfd.can_finish\ninject no into memfd.freeze\ninject EIO into nic_handler.can_finish\ninject EIO into page_aloc',
                    ),
            ),
            [
                'LU0214: EOI',
                'LU0212: memfs',
                'LU0216: frieze',
                'LU0212: memfd',
                'LU0216: can_finish',
                'LU0411: no',
                'LU0411: EIO',
                'LU0212: page_aloc',
            ],
        );
    });

    test('declarations exist once', () => {
        assert.deepEqual(
            findings(
                'const A = 1\nstruct A { a: u8 }\nfn f() { }\nfn f() { }\nscenario "x" { }\nscenario "x" { }\nmachine { memory 1GiB }\nmachine { cpus 2 }\n',
            ),
            ['LU0204: A', 'LU0204: f', 'LU0204: "x"', 'LU0204: machine'],
        );
    });

    test('what comes with the kernel keeps its name', () => {
        assert.deepEqual(findings(`file memfd { }\n${STD.slice(STD.indexOf('handler'))}`).slice(0, 2), [
            'LU0204: memfd',
            'LU0204: memfd',
        ]);
    });

    test('a question is answered on every way', () => {
        assert.deepEqual(
            findings(NIC.replace('return args.retrieve_status > 0', 'if args.retrieve_status > 0 { return true }')),
            ['LU0413: can_finish'],
        );
        assert.deepEqual(
            findings(
                NIC.replace(
                    'return args.retrieve_status > 0',
                    'if args.retrieve_status > 0 { return true } else { return false }',
                ),
            ),
            [],
        );
    });

    test('fields of a file kind have the type of their first value', () => {
        assert.deepEqual(
            findings('file f {\nopen() { n = "x" }\nn = 1\n}\nfile g { open() { f = new f(n: true) \n log(f.m) } }\n'),
            ['LU0301: "x"', 'LU0301: true', 'LU0203: m'],
        );
    });

    test('imports', () => {
        const { diagnostics } = program({
            'a.lus': 'import "../b.lus"\nimport "c.lus"\nimport "nic"\nimport "file:///x"\n',
            'nic.lus': NIC,
        });
        assert.deepEqual(
            diagnostics.map((d) => d.code),
            ['LU0215', 'LU0215', 'LU0215', 'LU0215'],
        );
        assert.equal(diagnostics[2]?.fix?.edits[0]?.text, '"nic.lus"');
        const ring = program({ 'a.lus': 'import "b.lus"\n', 'b.lus': 'import "a.lus"\n' }).diagnostics;
        assert.deepEqual(
            ring.map((d) => [d.uri, d.code, /a\.lus → b\.lus → a\.lus/.test(d.message)]),
            [['b.lus', 'LU0215', true]],
        );
        const used = program({
            'a.lus': `import "nic.lus"\n${scenario('inject EIO into nic_handler.preserve\nboot "7.2-nic"')}`,
            'nic.lus': NIC,
        });
        assert.deepEqual(used.diagnostics, []);
        assert.deepEqual([...used.files.keys()], ['a.lus', 'nic.lus', 'std/memfd.lus']);
        assert.equal(used.scenarios.length, 1);
        assert.deepEqual(
            program({
                'a.lus': 'import "b.lus"\nimport "c.lus"\n',
                'b.lus': 'import "d.lus"\n',
                'c.lus': 'import "d.lus"\n',
                'd.lus': 'const A = 1\n',
            }).diagnostics,
            [],
        );
    });

    test('the functions of the standard library cannot be called, its handlers are there', () => {
        assert.deepEqual(findings(inPreserve('memfd_helper(1)')), ['LU0202: memfd_helper']);
        const p = program({ 'a.lus': TOUR });
        assert.deepEqual([...p.handlers.keys()], ['memfd']);
        assert.equal(p.fns.has('memfd_helper'), false);
        const preserve = p.handlers.get('memfd')?.callbacks[1];
        assert.equal(preserve && p.code.get(preserve)?.uri, 'std/memfd.lus');
    });

    test('gives every name, member and expression its meaning', () => {
        const text = `${NIC}${scenario('process luod, vmm\nn = 2\nluod { lu = open("x")\nvm1 = lu.create_session("a")\nsend vm1 to vmm\nlog(n) }\nfor i in 0..n { log(i, luod.vm1) }')}`;
        const p = program({ 'a.lus': text });
        assert.deepEqual(p.diagnostics, []);
        const meaning = [...p.names].map(([e, m]) => `${text.slice(e.start, e.end)} ${m.kind}`);
        for (const expected of [
            'luod process',
            'vmm process',
            'lu process-var',
            'vm1 process-var',
            'n local',
            'i local',
            'open native',
            'log native',
            'nic file',
            'nic_core flb',
            'ring kind-field',
            'NicState struct',
            'kho global',
            'nic_handler handler',
            'EBUSY const',
        ]) {
            assert.ok(meaning.includes(expected), expected);
        }
        const members = [...p.members].map(([e, m]) => (e.kind === 'member' ? `${e.member.name} ${m.kind}` : ''));
        for (const expected of [
            'create_session method',
            'vm1 process-var',
            'queues kind-field',
            'queues struct-field',
            'serialized_data field',
            'get_incoming method',
        ]) {
            assert.ok(members.includes(expected), expected);
        }
        const code = [...p.code.values()].find((c) => c.decl.kind === 'scenario');
        assert.deepEqual(
            code?.locals.map((l) => [
                l.name,
                l.slot,
                l.type.k,
                text.slice(l.scope.start, l.scope.end).trim().slice(0, 4),
            ]),
            [
                ['n', 0, 'int', 'luod'],
                ['i', 1, 'int', '{ lo'],
            ],
        );
        assert.equal(code?.slots, 2);
        const preserve = p.handlers.get('nic_handler')?.callbacks.find((c) => c.name.name === 'preserve');
        assert.deepEqual(preserve && p.code.get(preserve)?.locals.map((l) => [l.name, l.slot, l.type]), [
            ['args', 0, { k: 'object', name: 'luo_args' }],
            ['ser', 1, { k: 'view', struct: 'NicState' }],
        ]);
    });

    test('layouts are packed, and bit fields share a word', () => {
        const p = program({
            'a.lus':
                'const N = 4\nstruct B { a: u8; b: A; c: u32[N]; d: string[6]; e: phys A; f: vmalloc }\nstruct A { pfn: u64:52; flags: u64:12; low: u16:4; rest: u16:13; i: i8 }\n',
        });
        assert.deepEqual(p.diagnostics, []);
        const show = (name: string): unknown =>
            p.structs
                .get(name)
                ?.fields.map(
                    (f) =>
                        `${f.name} ${f.offset}+${f.size}${f.type.k === 'bits' ? ` ${f.type.shift}:${f.type.bits}` : ''}`,
                );
        assert.deepEqual(show('A'), ['pfn 0+8 0:52', 'flags 0+8 52:12', 'low 8+2 0:4', 'rest 10+2 0:13', 'i 12+1']);
        assert.deepEqual(show('B'), ['a 0+1', 'b 1+13', 'c 14+16', 'd 30+6', 'e 36+8', 'f 44+16']);
        assert.equal(p.structs.get('B')?.size, 60);
        const f = p.structs.get('B')?.byName.get('f')?.type;
        assert.deepEqual(f?.k === 'struct' ? [f.layout.name, f.layout.size] : f, ['kho_vmalloc', 16]);
        assert.deepEqual(
            findings(
                'struct A { a: u65; b: A; c: bytes; d: i64:3; e: u8:9; f: u8[0]; a: u8; g: phys B; h: u8["x"] }\n',
            ),
            [
                'LU0211: u65',
                'LU0314: A',
                'LU0314: bytes',
                'LU0314: i64:3',
                'LU0314: 9',
                'LU0314: 0',
                'LU0204: a',
                'LU0211: B',
                'LU0312: "x"',
            ],
        );
    });

    test('a broken file is still understood around the break', () => {
        const text = scenario(
            'process luod {\nlu = open("/dev/liveupdate")\nlu.\nvm1 = lu.create_session("a"\nvm1.finish()\n}',
        );
        const p = program({ 'a.lus': text });
        assert.deepEqual(
            p.diagnostics.map((d) => d.code),
            ['LU0117', 'LU0110'],
        );
        const luAt = text.indexOf('lu.create');
        const lu = [...p.types].find(([e]) => e.start === luAt && e.kind === 'name');
        assert.deepEqual(lu?.[1], { k: 'fd' });
        assert.ok([...p.members.values()].some((m) => m.kind === 'method' && m.method.name === 'finish'));
    });

    test('long chains and deep nesting are refused, not followed', () => {
        for (const chain of ['1 + '.repeat(20_000), 'a.'.repeat(20_000), '-'.repeat(20_000), '['.repeat(20_000)]) {
            assert.ok(findings(inP(`x = ${chain}1\nlog(x)`)).some((f) => f.startsWith('LU0119')));
        }
    });
});
