/** The parser: the tree of every construct, and what is said of texts that are none. */
import assert from 'node:assert/strict';
import type { Expr, SourceFile, Stmt } from '../../../emulator/language/syntax/ast';
import { EVERYTHING, NIC, TOUR } from '../../support/language-samples';
import { read } from '../../support/parsing';

const inScenario = (body: string): string => `scenario "s" {\n${body}\n}\n`;

function statements(body: string): { stmts: readonly Stmt[]; codes: string[]; messages: string[] } {
    const { file, diagnostics } = read(inScenario(body));
    const item = file.items[0];
    assert.equal(item?.kind, 'scenario');
    return {
        stmts: item?.kind === 'scenario' ? item.body.statements : [],
        codes: diagnostics.map((d) => d.code),
        messages: diagnostics.map((d) => d.message),
    };
}

/** An expression with all its parentheses. */
function show(e: Expr): string {
    switch (e.kind) {
        case 'int':
            return String(e.value);
        case 'string':
            return JSON.stringify(e.value);
        case 'bool':
            return String(e.value);
        case 'name':
            return e.name;
        case 'member':
            return `${show(e.object)}.${e.member.name}`;
        case 'index':
            return `${show(e.object)}[${show(e.index)}]`;
        case 'call':
            return `${show(e.callee)}(${e.args.map((a) => (a.name ? `${a.name.name}: ` : '') + show(a.value)).join(', ')})${e.with ? ` with ${e.with.name}` : ''}`;
        case 'unary':
            return `(${e.op}${show(e.operand)})`;
        case 'binary':
            return `(${show(e.left)} ${e.op} ${show(e.right)})`;
        case 'try':
            return `(try ${show(e.call)})`;
        case 'list':
            return `[${e.items.map(show).join(', ')}]`;
        case 'new':
            return `new ${e.name.name}(${e.args.map((a) => (a.name ? `${a.name.name}: ` : '') + show(a.value)).join(', ')})`;
        case 'range':
            return `${show(e.from)}..${show(e.to)}`;
        case 'error':
            return '?';
    }
}

function expr(text: string): string {
    const { stmts, messages } = statements(`x = ${text}`);
    assert.deepEqual(messages, []);
    const s = stmts[0];
    return s?.kind === 'assign' && stmts.length === 1 ? show(s.value) : 'not one assignment';
}

/** Applies the fix of the only diagnostic. */
function fixed(text: string): string {
    const { diagnostics } = read(text);
    assert.equal(diagnostics.length, 1, diagnostics.map((d) => d.message).join('\n'));
    let out = text;
    for (const edit of diagnostics[0]?.fix?.edits ?? []) {
        out = out.slice(0, edit.span.start) + edit.text + out.slice(edit.span.end);
    }
    return out;
}

suite('language: parser', () => {
    test('reads the samples without a finding', () => {
        for (const text of [TOUR, NIC, EVERYTHING]) {
            assert.deepEqual(read(text).diagnostics, []);
        }
    });

    test('knows every declaration', () => {
        const kinds = (f: SourceFile): string[] => f.items.map((i) => i.kind);
        assert.deepEqual(kinds(read(NIC).file), ['struct', 'struct', 'file', 'flb', 'handler', 'kernel']);
        assert.deepEqual(kinds(read(EVERYTHING).file), [
            'import',
            'const',
            'machine',
            'struct',
            'struct',
            'kernel',
            'fn',
            'scenario',
        ]);
        const machine = read(EVERYTHING).file.items[2];
        assert.ok(machine?.kind === 'machine');
        assert.deepEqual(
            machine.entries.map((e) => [
                e.key.name,
                e.args.map(show),
                e.options.map((o) => `${o.key.name} ${show(o.value)}`),
            ]),
            [
                ['memory', ['2147483648'], []],
                ['memory', ['1073741824'], ['node 1']],
                ['map', ['4096..654336'], []],
                ['cpus', ['4'], []],
            ],
        );
        const kernel = read(EVERYTHING).file.items[5];
        assert.ok(kernel?.kind === 'kernel');
        assert.deepEqual(
            kernel.entries.map((e) =>
                e.kind === 'list' ? `${e.key.name} ${e.sign} ${e.names.map((n) => n.name).join()}` : e.kind,
            ),
            ['handlers - memfd', 'layers  pci,vfio', 'setting', 'setting', 'setting'],
        );
    });

    test('binds operators as C does, but comparisons weaker than & ^ |', () => {
        assert.equal(expr('a + b * c << 2 & m == 0 && !d || e'), '((((((a + (b * c)) << 2) & m) == 0) && (!d)) || e)');
        assert.equal(expr('a - b - c'), '((a - b) - c)');
        assert.equal(expr('-a.b(1)[2].c'), '(-a.b(1)[2].c)');
        assert.equal(expr('(try nic_core.get_incoming()) == 0'), '((try nic_core.get_incoming()) == 0)');
        assert.equal(expr('try f() == 0'), '((try f()) == 0)');
        assert.equal(expr('0x4e49_4331'), '1313424177');
        assert.equal(expr('0xffff_ffff_ffff_ffff'), '18446744073709551615');
        assert.equal(expr('new nic(queues: 2, ring: r)'), 'new nic(queues: 2, ring: r)');
        assert.equal(expr('"a\\"\\n\\x41"'), '"a\\"\\nA"');
    });

    test('newlines end statements, but not inside brackets or behind an operator', () => {
        const { stmts, codes } = statements('a = f(\n1,\n2\n)\nb = 1 +\n2\nc = [1,\n2]; d = 3');
        assert.deepEqual(codes, []);
        assert.deepEqual(
            stmts.map((s) => (s.kind === 'assign' ? `${show(s.target)} = ${show(s.value)}` : s.kind)),
            ['a = f(1, 2)', 'b = (1 + 2)', 'c = [1, 2]', 'd = 3'],
        );
    });

    test('words of statements are ordinary names elsewhere', () => {
        const { stmts, codes } = statements(
            'at = 1\nprocess = 2\nmachine = at\nkernel = 3\nboot = 4\nsend = 5\nexit = 6\nkill(1)\nat(T, p)\nsleep = 7\nto = send.file.at\nsession("x")\nfile = 1\nfails = may',
        );
        assert.deepEqual(codes, []);
        assert.deepEqual([...new Set(stmts.map((s) => s.kind))], ['assign', 'expr']);
        assert.equal(stmts.length, 14);
    });

    test('every statement form', () => {
        const scenario = read(EVERYTHING).file.items.at(-1);
        assert.ok(scenario?.kind === 'scenario');
        assert.deepEqual(
            scenario.body.statements.map((s) => s.kind),
            [
                'explore',
                'explore',
                'at',
                'at',
                'boot',
                'process',
                'inject',
                'inject',
                'inject',
                'at',
                'sleep',
                'in',
                'in',
                'kill',
            ],
        );
        const [usual, nightly] = scenario.body.statements;
        assert.ok(usual?.kind === 'explore' && nightly?.kind === 'explore');
        assert.deepEqual([usual.name?.name, nightly.name?.name], [undefined, 'nightly']);
        assert.deepEqual(
            usual.entries.find((e) => e.what.name === 'kernels')?.texts.map((t) => t.value),
            ['7.2', '7.3'],
        );
        const inject = scenario.body.statements[7];
        assert.ok(inject?.kind === 'inject' && inject.after && inject.times);
        assert.deepEqual(
            [
                inject.what.name,
                inject.target.name,
                inject.callback?.name,
                show(inject.after),
                show(inject.times),
                inject.nextKernel,
            ],
            ['ENOMEM', 'nic_handler', 'preserve', '2', '3', true],
        );
        const luod = scenario.body.statements[11];
        assert.ok(luod?.kind === 'in');
        const create = luod.body.statements[1];
        assert.ok(create?.kind === 'assign');
        assert.deepEqual(
            [create.expect?.kind, create.expect?.errors.map((e) => e.name)],
            ['may', ['EEXIST', 'EINVAL']],
        );
        const send = luod.body.statements[5];
        assert.ok(send?.kind === 'send');
        assert.deepEqual([send.to.name, send.as?.name, send.expect?.kind], ['vmm', 'theirs', 'fails']);
    });

    test('a broken statement does not touch its neighbours', () => {
        for (const broken of [
            'x = ',
            'lu.',
            'f(',
            'f(a,',
            'f(a, b: ',
            'y = [1, 2',
            'a +',
            'assert',
            'send a',
            'send a to',
            'kill',
            'inject',
            'a b c',
            'x = )',
            'for i in',
            '@#',
            '"open',
            'if',
            'f(a b)',
            'boot',
            'process',
            'x = 1 2',
            'r = f() fails',
            'a.b.',
            '= 3',
            'return = 1',
        ]) {
            const { stmts, codes } = statements(`first = 1\n${broken}\nlast = 2\nafter(last)`);
            assert.ok(codes.length > 0, broken);
            const text = stmts.map((s) =>
                s.kind === 'assign' ? show(s.target) : s.kind === 'expr' ? show(s.value) : s.kind,
            );
            assert.equal(text[0], 'first', broken);
            assert.deepEqual(text.slice(-2), ['last', 'after(last)'], broken);
        }
    });

    test('a missing brace costs one error, and every block keeps its place', () => {
        const text =
            'scenario "a" {\n    luod {\n        x = 1\n    vmm {\n        y = 2\n    }\n}\nscenario "b" {\n    z = 1\n}\n';
        const { file, diagnostics } = read(text);
        assert.deepEqual(
            diagnostics.map((d) => d.code),
            ['LU0113'],
        );
        assert.equal(text.slice(diagnostics[0]?.span.start, diagnostics[0]?.span.end), '{');
        assert.deepEqual(
            file.items.map((i) => (i.kind === 'scenario' ? i.body.statements.map((s) => s.kind) : [])),
            [['in', 'in'], ['assign']],
        );
        assert.equal(fixed(text), text.replace('x = 1\n', 'x = 1\n    }\n'));
        const last = read('scenario "a" {\n    luod {\n        x = 1\n');
        assert.deepEqual(
            last.diagnostics.map((d) => d.code),
            ['LU0113', 'LU0113'],
        );
        const extra = read('scenario "a" {\n    luod { x = 1 }\n    }\n    vmm { y = 2 }\n}\nfn f() { }\n');
        assert.deepEqual(
            extra.diagnostics.map((d) => d.code),
            ['LU0114'],
        );
        assert.deepEqual(
            extra.file.items.map((i) => i.kind),
            ['scenario', 'fn'],
        );
    });

    test('offers fixes', () => {
        assert.equal(fixed(inScenario('x = f(1')), inScenario('x = f(1)'));
        assert.equal(fixed(inScenario('x = f(1 2)')), inScenario('x = f(1, 2)'));
        assert.equal(fixed(inScenario('x = "a')), inScenario('x = "a"'));
        assert.equal(fixed(inScenario('x = 2Mib')), inScenario('x = 2MiB'));
        assert.equal(fixed(inScenario('f() may fails EIO')), inScenario('f() may fail EIO'));
        assert.equal(fixed(inScenario('snd vm1 to vmm')), inScenario('send vm1 to vmm'));
        assert.equal(fixed(inScenario('assert a.size = 5, "size"')), inScenario('assert a.size == 5, "size"'));
        assert.equal(fixed(inScenario('if a = 5 { b() }')), inScenario('if a == 5 { b() }'));
        assert.equal(fixed('scenraio "a" { }\n'), 'scenario "a" { }\n');
        assert.equal(fixed('scenario first { }\n'), 'scenario "first" { }\n');
        assert.equal(fixed('flb a "b" { preserve { } }\n'), 'flb a "b" { preserve(args) { } }\n');
    });

    test('says where exactly', () => {
        const { diagnostics } = read(inScenario('x = f(1\ny = 2'));
        const d = diagnostics[0];
        assert.deepEqual(
            [d?.code, d?.span],
            ['LU0110', { start: inScenario('x = f(1').length - 3, end: inScenario('x = f(1').length - 3 }],
        );
        const big = read(inScenario('x = 18446744073709551616')).diagnostics[0];
        assert.deepEqual([big?.code, big?.span.start], ['LU0104', inScenario('x = ').length - 3]);
    });

    test('an escape that means nothing and a kernel from no image are two errors', () => {
        assert.deepEqual(
            read(inScenario('x = "\\q"')).diagnostics.map((d) => d.code),
            ['LU0105'],
        );
        assert.deepEqual(
            read(inScenario('boot "7.2" from "handover.elf.gz"')).diagnostics.map((d) => d.code),
            ['LU0137'],
        );
    });
});
