/** What stands at an offset: on texts of the tests, on every shipped example, on files that are broken. */
import assert from 'node:assert/strict';
import type { Program } from '../../../emulator/language/program';
import { lex } from '../../../emulator/language/syntax/lexer';
import { standardLibrary } from '../../../emulator/runtime/standard-library';
import { analyse } from '../../../emulator/services/analysis';
import { forEachLeaf, isKind, isWord, placeAt } from '../../../emulator/services/nodes';
import { outline } from '../../../emulator/services/outline';
import { referencesTo } from '../../../emulator/services/references';
import type { NamedSymbol } from '../../../emulator/services/symbol';
import { symbolAt } from '../../../emulator/services/symbol-at';
import { diskHost, examples } from '../../support/programs';

const URI = 'test:/a.lus';

function programOf(text: string, others: Readonly<Record<string, string>> = {}): Program {
    const texts = new Map([[URI, text], ...Object.entries(others)]);
    return analyse({ read: (uri) => texts.get(uri) }, URI);
}

/** The symbol at the beginning of the n-th occurrence of `what`, counted from 1. */
function at(program: Program, what: string, n = 1, uri = URI): NamedSymbol | undefined {
    const text = program.files.get(uri)?.text ?? '';
    let offset = -1;
    for (let i = 0; i < n; i++) {
        offset = text.indexOf(what, offset + 1);
    }
    assert.ok(offset >= 0, `${what} is not in the text`);
    return symbolAt(program, uri, offset);
}

/** `kind: signature`, and the line of the declaration. */
function told(program: Program, what: string, n = 1): string {
    const symbol = at(program, what, n);
    const place = symbol?.declaration;
    const line = place && program.files.get(place.uri)?.text.slice(0, place.span.start).split('\n').length;
    return symbol ? `${symbol.kind}: ${symbol.signature}${line === undefined ? '' : ` (line ${line})`}` : 'nothing';
}

/** The lines at which a symbol is named. */
function lines(program: Program, what: string, n = 1): number[] {
    const symbol = at(program, what, n);
    assert.ok(symbol, what);
    return referencesTo(program, symbol).map(
        ({ uri, span }) => program.files.get(uri)?.text.slice(0, span.start).split('\n').length ?? 0,
    );
}

const SOURCE = `import "other.lus"
// How much a guest has.
// In bytes.
const RAM = 64 * M
struct State {
    magic: u32          // says that it is one
    ring:  phys State
}
file nic at "/dev/nic0" { queues: u32 = 2; open() { queues = 3 } release() { } }
handler nic_handler "nic-v1" for nic uses shared {
    can_preserve(file) { return file.kind == nic }
    preserve(args) {
        ser = kho.alloc_preserve(State)
        ser.magic = 1
        args.serialized_data = phys(ser)
    }
    unpreserve(args) { kho.unpreserve_free(at(State, args.serialized_data)) }
    retrieve(args) { args.file = new nic(queues: 1) }
    finish(args) { }
}
kernel "mine" from "7.2" { handlers + nic_handler; cost syscall 200ns; flaws luo_unpinned_modules }
scenario "one" finds LU1023 {
    boot "mine"
    process luod, vmm
    luod {
        lu = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        send vm1 to vmm as session
        vm1.preserve_fd(memfd_create("x"), token: 1)  fails EBUSY
    }
    inject EIO into nic_handler.preserve after 2
    inject ENOMEM into page_alloc
    assert luod.vm1 >= 0 && double(n: 2) == RAM
    if true { exit_early() }
}
`;
const OTHER = `const M = 1MiB
fn double(n) { return n * 2 }
fn exit_early() { }
flb shared "shared-v1" {
    preserve(args) { }
    unpreserve(args) { }
    retrieve(args) { }
    finish(args) { }
}
`;

suite('symbols', () => {
    const program = programOf(SOURCE, { 'test:/other.lus': OTHER });

    test('names, members, arguments and strings', () => {
        assert.equal(told(program, '"other.lus"'), 'file: import "other.lus" (line 1)');
        assert.equal(told(program, 'RAM'), 'constant: const RAM = 67108864 (line 4)');
        assert.equal(told(program, 'RAM', 2), 'constant: const RAM = 67108864 (line 4)');
        assert.equal(told(program, 'M\n'), 'constant: const M = 1048576 (line 1)');
        assert.equal(told(program, 'State'), 'struct: struct State (line 5)');
        assert.equal(told(program, 'magic'), 'field: State.magic: u32, at offset 0 (line 6)');
        assert.equal(told(program, 'magic', 2), 'field: State.magic: u32, at offset 0 (line 6)');
        assert.equal(told(program, 'ring'), 'field: State.ring: phys State, at offset 4 (line 7)');
        assert.equal(told(program, 'u32'), 'type: u32 (int)');
        assert.equal(told(program, 'nic at'), 'file kind: file nic at "/dev/nic0" (line 9)');
        assert.equal(told(program, 'queues', 2), 'field: nic.queues: u32 = 2 (line 9)');
        assert.equal(told(program, 'queues: 1'), 'field: nic.queues: u32 = 2 (line 9)');
        assert.equal(told(program, 'open()'), 'callback: nic.open() (line 9)');
        assert.equal(
            told(program, 'nic_handler', 3),
            'handler: handler nic_handler "nic-v1" for nic uses shared (line 10)',
        );
        assert.equal(told(program, 'shared'), 'FLB: flb shared "shared-v1" (line 4)');
        assert.equal(told(program, 'ser.magic'), 'variable: ser: State (line 13)');
        assert.equal(told(program, 'kho'), 'global: kho: kho');
        assert.equal(told(program, 'alloc_preserve'), 'method: kho.alloc_preserve(type) → a type');
        assert.equal(told(program, 'serialized_data'), 'field: luo_args.serialized_data: int');
        assert.equal(told(program, '"7.2"'), 'kernel: kernel "7.2"');
        assert.equal(told(program, '"mine"', 2), 'kernel: kernel "mine" from "7.2" (line 21)');
        assert.equal(told(program, 'syscall'), 'cost: cost syscall 100ns a call');
        assert.equal(told(program, 'luo_unpinned'), 'flaw: flaws luo_unpinned_modules');
        assert.match(told(program, 'LU1023'), /^finding: LU1023: ./);
        assert.equal(told(program, 'luod {'), 'process: process luod (line 24)');
        assert.equal(told(program, 'lu.create'), 'process variable: luod.lu: fd (line 26)');
        assert.equal(told(program, 'vm1 >='), 'process variable: luod.vm1: fd (line 27)');
        assert.equal(told(program, 'session\n'), 'process variable: vmm.session: fd (line 28)');
        assert.equal(told(program, 'token'), 'parameter: token: int');
        assert.equal(told(program, 'EBUSY'), 'constant: EBUSY = 16');
        assert.equal(told(program, 'preserve after'), 'callback: nic_handler.preserve(args) (line 12)');
        assert.equal(told(program, 'page_alloc'), 'injection point: inject … into page_alloc');
        assert.equal(told(program, 'double'), 'function: fn double(n) (line 2)');
        assert.equal(told(program, 'n: 2'), 'variable: n (line 2)');
    });

    test('what is said of them: comments, and what the emulator says of its own', () => {
        assert.equal(at(program, 'RAM', 2)?.doc, 'How much a guest has.\nIn bytes.');
        assert.equal(at(program, 'magic', 2)?.doc, 'says that it is one');
        assert.equal(at(program, 'State')?.doc, undefined);
        assert.match(at(program, 'create_session')?.doc ?? '', /LIVEUPDATE_IOCTL_CREATE_SESSION/);
        assert.match(at(program, 'can_preserve')?.doc ?? '', /^Whether the handler can preserve this file/);
        assert.match(at(program, 'luo_unpinned')?.doc ?? '', /a module is unloaded by force/);
    });

    test('settings of machines, devices and kernels, and the words that they take', () => {
        const text = `machine {
    memory 2GiB node 1
    iommu vtd
    device card at "0000:3b:00.0" { kind nic; acs off }
    device part at "0000:3b:00.1" { kind nic; vf of card }
}
kernel "k" from "7.2" { numa off; cmdline "x"; layers iommu }
`;
        const settings = programOf(text);
        assert.equal(told(settings, 'memory'), 'setting: memory 2GiB');
        assert.match(at(settings, 'memory')?.doc ?? '', /^RAM of this size/);
        assert.equal(told(settings, 'vtd'), 'setting: iommu vtd');
        assert.equal(at(settings, 'vtd')?.doc, 'Intel VT-d, on x86_64');
        assert.equal(told(settings, 'kind'), 'setting: kind nic');
        assert.match(at(settings, 'nic')?.doc ?? '', /^receives and sends/);
        assert.equal(told(settings, 'off'), 'setting: acs off');
        assert.equal(told(settings, 'card'), 'device: device card at "0000:3b:00.0" (line 4)');
        assert.equal(told(settings, 'card', 2), 'device: device card at "0000:3b:00.0" (line 4)');
        assert.equal(told(settings, 'numa'), 'setting: numa off');
        assert.equal(told(settings, 'cmdline'), 'setting: cmdline "kho_scratch=64M,64M,32M"');
        assert.match(told(settings, 'iommu }'), /^layer: layers iommu/);
    });

    test('keywords, by what they belong to', () => {
        const forms: readonly (readonly [string, number, string])[] = [
            ['import', 1, 'import "nic.lus"'],
            ['at "/dev', 1, 'file nic at "/dev/nic0"'],
            ['for nic', 1, 'handler … for kind'],
            ['from "7.2"', 1, 'kernel "name" from "7.2"'],
            ['finds', 1, 'scenario "…" finds LU1023 { … }'],
            ['to vmm', 1, 'send vm1 to vmm'],
            ['after 2', 1, 'inject EIO into memfd.preserve after 2'],
            ['fails', 1, 'call  fails EBUSY'],
            ['new nic', 1, 'new nic(queues: 2)'],
            ['return', 1, 'return value'],
            ['if true', 1, 'if condition { … } else { … }'],
            ['true', 1, 'true, false'],
        ];
        for (const [what, n, form] of forms) {
            const symbol = at(program, what, n);
            assert.deepEqual([symbol?.kind, symbol?.signature], ['keyword', form], what);
            assert.notEqual(symbol?.doc ?? '', '');
        }
        // in comments and strings there are none
        const text = 'scenario "s" {\n    log("if")   // if\n}\n';
        const inText = programOf(text);
        assert.equal(symbolAt(inText, URI, text.indexOf('if')), undefined);
        assert.equal(symbolAt(inText, URI, text.lastIndexOf('if')), undefined);
    });

    test('words that are keywords elsewhere are names where they are names', () => {
        const text = 'scenario "s" {\n    at = 1\n    process = at + 1\n    assert process == 2\n}\n';
        const named = programOf(text);
        assert.equal(told(named, 'at', 2), 'variable: at: int (line 2)');
        assert.equal(told(named, 'process', 2), 'variable: process: int (line 3)');
    });

    test('behind the last letter of a name, the name; between two, the one that begins', () => {
        const text = 'scenario "s" {\n    a = 1\n    b = a+a\n}\n';
        const two = programOf(text);
        assert.equal(symbolAt(two, URI, text.indexOf('a+a') + 1)?.name, 'a');
        assert.equal(symbolAt(two, URI, text.indexOf('a+a') + 2)?.name, 'a');
        assert.equal(symbolAt(two, URI, text.indexOf('a+a') + 3)?.name, 'a');
        assert.equal(symbolAt(two, URI, text.length), undefined);
        assert.equal(symbolAt(two, 'test:/none.lus', 0), undefined);
    });

    test('references: through files, arguments and fields, and nothing else', () => {
        assert.deepEqual(lines(program, 'State'), [5, 7, 13, 17]);
        assert.deepEqual(lines(program, 'magic'), [6, 14]);
        assert.deepEqual(lines(program, 'queues'), [9, 9, 18]);
        assert.deepEqual(lines(program, 'vm1'), [27, 28, 29, 33]);
        assert.deepEqual(lines(program, 'session\n'), [28]);
        assert.deepEqual(lines(program, 'nic_handler'), [10, 21, 31]);
        // in the order of files: its use as the name of an argument comes before its declaration in the other file
        assert.deepEqual(lines(program, 'n: 2'), [33, 2, 2]);
        const declared = referencesTo(program, at(program, 'State') ?? assert.fail()).filter((r) => r.isDeclaration);
        assert.deepEqual(
            declared.map((r) => r.span.start),
            [SOURCE.indexOf('State')],
        );
        const ofLibrary = referencesTo(program, at(program, 'alloc_preserve') ?? assert.fail());
        assert.ok(ofLibrary.some((r) => r.uri === 'lus-std:/memfd.lus'));
    });

    test('processes of two scenarios are two, unless functions work with them', () => {
        const block = (what: string): string => `{\n    boot "7.2"\n    process p { x = 1; log(x) }\n    ${what}\n}\n`;
        const apart = programOf(`scenario "a" ${block('p { log(x) }')}scenario "b" ${block('p { log(x) }')}`);
        assert.deepEqual(lines(apart, 'x = 1'), [3, 3, 4]);
        assert.deepEqual(lines(apart, 'x = 1', 2), [8, 8, 9]);
        assert.deepEqual(lines(apart, 'p {'), [3, 4]);
        const shared = programOf(`scenario "a" ${block('f()')}scenario "b" ${block('f()')}fn f() { p { log(x) } }\n`);
        assert.deepEqual(lines(shared, 'x = 1'), [3, 3, 8, 8, 11]);
        assert.deepEqual(lines(shared, 'p {'), [3, 8, 11]);
    });
});

/** Where a word means what another process gets: `send vm1 to vmm`. */
function isSent(program: Program, uri: string, offset: number): boolean {
    const file = program.files.get(uri);
    return placeAt(file ?? assert.fail(), offset)?.above.some((n) => isKind(n, 'send')) ?? false;
}

suite('symbols of the examples and of the kernel', () => {
    const programs: readonly (readonly [string, Program])[] = [...examples(), ['the kernel', standardLibrary()]];

    test('every symbol is what its declaration declares', () => {
        let seen = 0;
        for (const [name, program] of programs) {
            const uris = name === 'the kernel' ? [...program.files.keys()] : [program.main];
            for (const uri of uris) {
                forEachLeaf(program.files.get(uri) ?? assert.fail(), ({ node }) => {
                    const symbol = symbolAt(program, uri, node.start);
                    if (!isWord(node) || !symbol || symbol.kind === 'keyword') {
                        return;
                    }
                    seen++;
                    assert.deepEqual(symbol.span, { start: node.start, end: node.end }, `${name}: ${node.name}`);
                    const { declaration, key } = symbol;
                    if (declaration && !isSent(program, declaration.uri, declaration.span.start)) {
                        const there = symbolAt(program, declaration.uri, declaration.span.start);
                        assert.equal(there?.key, key, `${name}: ${node.name}`);
                    }
                });
            }
        }
        assert.ok(seen > 6000, `${seen} symbols`);
    });

    test('with every name changed wherever it is referred to, each example is as right as before', () => {
        // What is named in strings, too, or by the kernel, keeps its name.
        let changed = 0;
        const fixed = new Set(['callback', 'kernel', 'scenario', 'device', 'file']);
        for (const [name, program] of examples()) {
            const uri = program.main;
            const file = program.files.get(uri) ?? assert.fail();
            const edits = new Map<number, { readonly end: number; readonly text: string }>();
            const done = new Map<string, number>();
            forEachLeaf(file, ({ node }) => {
                const symbol = symbolAt(program, uri, node.start);
                if (!symbol?.declaration || symbol.declaration.uri !== uri || fixed.has(symbol.kind)) {
                    return;
                }
                if (!done.has(symbol.key)) {
                    done.set(symbol.key, done.size);
                    // a variable that is sent goes by one name in both processes
                    const suffix = symbol.kind === 'process variable' ? 'sent' : `${done.size}`;
                    for (const r of referencesTo(program, symbol)) {
                        assert.equal(r.uri, uri);
                        edits.set(r.span.start, { end: r.span.end, text: `${symbol.name}_${suffix}` });
                    }
                }
            });
            let text = file.text;
            changed += edits.size;
            for (const [start, edit] of [...edits].sort((a, b) => b[0] - a[0])) {
                text = text.slice(0, start) + edit.text + text.slice(edit.end);
            }
            const renamed = analyse({ ...diskHost, read: (u) => (u === uri ? text : diskHost.read(u)) }, uri);
            assert.deepEqual(
                renamed.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
                [],
                name,
            );
        }
        assert.ok(changed > 2000, `${changed} words`);
    });

    test('every word of an example that is no name is a keyword with a text of its own', () => {
        const unknown: string[] = [];
        for (const [name, program] of examples()) {
            const file = program.files.get(program.main) ?? assert.fail();
            for (const token of lex(file.uri, file.text).tokens) {
                const leaf = placeAt(file, token.start)?.node;
                const isName = isWord(leaf) && leaf.start === token.start && leaf.end === token.end;
                if (token.kind === 'ident' && !isName && !symbolAt(program, file.uri, token.start)) {
                    unknown.push(`${name}: ${token.text}`);
                }
            }
        }
        assert.deepEqual(unknown, []);
    });

    test('texts that are cut off anywhere have nodes, outlines and symbols where they are whole', () => {
        const [, program] = [...examples()].find(([n]) => n === 'nic-handler.lus') ?? assert.fail();
        const whole = program.files.get(program.main)?.text ?? '';
        for (let cut = 40; cut < whole.length; cut += 97) {
            const text = `${whole.slice(0, cut)}\n`;
            const broken = programOf(text);
            const file = broken.files.get(URI) ?? assert.fail();
            for (let offset = 0; offset <= text.length; offset += 5) {
                const place = placeAt(file, offset);
                for (const node of place ? [place.node, ...place.above] : []) {
                    assert.ok(node.start <= offset && offset <= node.end, `${cut}: ${offset}`);
                }
                const symbol = symbolAt(broken, URI, offset);
                assert.ok(!symbol || (symbol.span.start <= offset && offset <= symbol.span.end), `${cut}: ${offset}`);
            }
            for (const { whole: all, nameSpan } of outline(file)) {
                assert.ok(all.start <= nameSpan.start && nameSpan.end <= all.end && all.end <= text.length);
            }
        }
    });

    test('behind a dot that nothing follows stands a member without a name, of an object whose type is known', () => {
        const text =
            'scenario "s" {\n    boot "7.2"\n    process p {\n        lu = open("/dev/liveupdate")\n        lu.\n    }\n}\n';
        const program = programOf(text);
        const place = placeAt(program.files.get(URI) ?? assert.fail(), text.indexOf('lu.') + 3);
        const [parent] = place?.above ?? [];
        assert.ok(isKind(place?.node, 'ident') && place.node.name === '' && isKind(parent, 'member'));
        assert.deepEqual(program.types.get(parent.object), { k: 'fd' });
        assert.equal(told(program, 'lu.'), 'process variable: p.lu: fd (line 4)');
    });
});
