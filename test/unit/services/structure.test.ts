/** Folds, selections, colours, links, hints, calls and actions. */
import assert from 'node:assert/strict';
import type { Program } from '../../../emulator/language/program';
import { analyse } from '../../../emulator/services/analysis';
import { actionsAt } from '../../../emulator/services/actions';
import { callableAt, incomingCalls, outgoingCalls } from '../../../emulator/services/call-hierarchy';
import { foldsOf } from '../../../emulator/services/folding';
import { inlayHints } from '../../../emulator/services/inlay-hints';
import { linksIn } from '../../../emulator/services/links';
import { outline, type OutlineEntry } from '../../../emulator/services/outline';
import { edited } from '../../../emulator/services/rename';
import { selectionsAt } from '../../../emulator/services/selection';
import { semanticTokens } from '../../../emulator/services/semantic-tokens';
import { kernelWith } from '../../../emulator/services/shipped';
import { diskHost, examples, findingsOf } from '../../support/programs';
import { inRepository } from '../../support/repository';
import { marked, programOf, URI } from '../../support/services';

const TEXT = `import "lib.lus"
import <luod>
// one
// two
const RAM = 64 * 1MiB
machine {
    device nic0 at "0000:3b:00.0" { kind nic }
}
struct State { magic: u32 }
file nic at "/dev/nic0" { }
handler nic_handler "nic-v1" for nic {
    can_preserve(file) { return file.kind == nic }
    preserve(args) {
        ser = kho.alloc_preserve(State)
        args.serialized_data = phys(ser)
    }
    unpreserve(args) { }
    retrieve(args) { }
    finish(args) { }
}
fn helper(n, size) { return n * size }
scenario "s" finds LU1003 {
    boot "7.2"
    process luod, vmm
    luod {
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        vm1.preserve_fd(memfd_create("x"), token: helper(1, 2))
    }
    if kernel.boot == 1 {
        process vmm { exit }
    }
}
`;
const program = programOf(TEXT, { 'lib.lus': 'const A = 1\n' });
const file = program.files.get(URI) ?? assert.fail();

suite('structure of a file', () => {
    test('the outline has processes, devices and callbacks', () => {
        const show = (e: OutlineEntry): string =>
            `${e.kind} ${e.name}${e.children.length > 0 ? ` (${e.children.map(show).join(', ')})` : ''}`;
        assert.deepEqual(outline(file).map(show), [
            'const RAM',
            'machine machine (device nic0)',
            'struct State (field magic)',
            'file nic',
            'handler nic_handler (callback can_preserve, callback preserve, callback unpreserve, callback retrieve, callback finish)',
            'fn helper',
            'scenario s (process luod, process vmm, process luod, process vmm)',
        ]);
    });

    test('folds: imports, comments, blocks; the closing brace stays visible', () => {
        const folds = foldsOf(file).map((f) => `${f.kind} ${f.from}-${f.to}`);
        for (const fold of ['imports 1-2', 'comment 3-4', 'block 6-7', 'block 11-19', 'block 13-15', 'block 25-27']) {
            assert.ok(folds.includes(fold), `${fold} in ${folds.join(', ')}`);
        }
        const region = programOf('// region a\nconst A = 1\n// endregion\n').files.get(URI) ?? assert.fail();
        assert.deepEqual(foldsOf(region), [{ from: 1, to: 3, kind: 'region' }]);
    });

    test('selections grow from the word to the file', () => {
        const at = TEXT.indexOf('vm-1') + 1;
        const texts = selectionsAt(file, at).map(({ start, end }) => TEXT.slice(start, end));
        assert.deepEqual(texts.slice(0, 3), ['vm-1', '"vm-1"', 'open("/dev/liveupdate").create_session("vm-1")']);
        assert.equal(texts.at(-1), TEXT);
        assert.ok(texts.some((t) => t.startsWith('vm1 = open')));
    });

    test('selections nest, at every offset', () => {
        for (let offset = 0; offset <= TEXT.length; offset += 3) {
            const spans = selectionsAt(file, offset);
            spans.forEach((s, i) => {
                const next = spans[i + 1];
                assert.ok(!next || (next.start <= s.start && s.end <= next.end), String(offset));
            });
        }
    });

    test('every word has a colour, by what it means', () => {
        const tokens = semanticTokens(program, URI, true);
        const colour = (word: string, n = 0): string | undefined => {
            const start = [...TEXT.matchAll(new RegExp(`\\b${word}\\b`, 'g'))][n]?.index;
            const found = tokens.find((t) => t.span.start === start);
            return found && [found.type, ...found.modifiers].join(' ');
        };
        assert.equal(colour('scenario'), 'keyword');
        assert.equal(colour('RAM'), 'variable declaration readonly');
        assert.equal(colour('State'), 'struct declaration');
        assert.equal(colour('State', 1), 'struct');
        assert.equal(colour('preserve'), 'method declaration');
        assert.equal(colour('kho'), 'variable readonly defaultLibrary');
        assert.equal(colour('alloc_preserve'), 'method defaultLibrary');
        assert.equal(colour('luod', 1), 'namespace');
        assert.equal(colour('u32'), 'type defaultLibrary');
        assert.equal(colour('helper', 1), 'function');
        assert.equal(colour('LU1003'), 'enumMember defaultLibrary');
        assert.ok(tokens.some((t) => t.type === 'comment') && tokens.some((t) => t.type === 'number'));
        tokens.forEach((t, i) => {
            const next = tokens[i + 1];
            assert.ok(!next || t.span.end <= next.span.start, 'tokens do not overlap');
            assert.ok(!TEXT.slice(t.span.start, t.span.end).includes('\n'), 'nor have several lines');
        });
        assert.ok(!semanticTokens(program, URI, false).some((t) => t.type === 'comment'));
    });

    test('links: imports, images, the documentation of findings', () => {
        assert.deepEqual(
            linksIn(program, URI).map(({ span, target }) => [
                TEXT.slice(span.start, span.end),
                'uri' in target ? target.uri : `${target.page}#${target.anchor}`,
            ]),
            [
                ['lib.lus', 'test:/lib.lus'],
                ['luod', 'lus-std:/luod.lus'],
                ['LU1003', 'diagnoses.md#lu1003-incoming-session-lost-at-the-next-kexec'],
            ],
        );
    });

    test('hints: values of constant expressions, parameters of literals', () => {
        const whole = { start: 0, end: TEXT.length };
        const shown = (constants: boolean, args: boolean): string[] =>
            inlayHints(program, URI, whole, { constants, arguments: args }).map((h) => h.text);
        assert.deepEqual(shown(true, false), [' = 64 MiB']);
        assert.deepEqual(shown(false, true), ['n: ', 'size: ']);
        assert.deepEqual(inlayHints(program, URI, { start: 0, end: 5 }, { constants: true, arguments: true }), []);
    });
});

suite('call hierarchy', () => {
    const at = (p: Program, uri: string, what: string): number => (p.files.get(uri)?.text ?? '').indexOf(what);

    test('functions: from the scenarios that call them', () => {
        const helper = callableAt(program, URI, at(program, URI, 'helper(n'));
        assert.ok(helper);
        assert.deepEqual(
            incomingCalls(program, helper).map((c) => [c.other.name, c.spans.length]),
            [['s', 1]],
        );
        const scenario = callableAt(program, URI, at(program, URI, '"s"'));
        assert.ok(scenario);
        assert.deepEqual(
            outgoingCalls(program, scenario).map((c) => c.other.name),
            ['helper'],
        );
    });

    test('callbacks: from the kernel code that calls them, and from there to every handler', () => {
        const preserve = callableAt(program, URI, at(program, URI, 'preserve(args)'));
        assert.equal(preserve?.name, 'nic_handler.preserve');
        const [caller, ...more] = incomingCalls(program, preserve);
        assert.ok(caller && more.length === 0);
        assert.equal(caller.other.uri, 'lus-std:/luo.lus');
        const names = outgoingCalls(program, caller.other).map((c) => c.other.name);
        assert.ok(names.includes('nic_handler.preserve') && names.includes('memfd.preserve'), names.join(', '));
    });

    test('works in kernel code without a program of the user', () => {
        const uri = 'lus-std:/memfd.lus';
        const kernel = kernelWith(uri) ?? assert.fail();
        const freeze = callableAt(kernel, uri, at(kernel, uri, 'freeze(args)'));
        assert.equal(freeze?.name, 'memfd.freeze');
        assert.ok(incomingCalls(kernel, freeze).length > 0);
    });
});

suite('actions', () => {
    /** The text after the action whose title matches. */
    function after(text: string, title: RegExp): string {
        const { program: p, offset, text: plain } = marked(text);
        const actions = actionsAt(p, URI, offset);
        const [action] = actions.filter((a) => title.test(a.title));
        return action ? edited(plain, action.edits) : assert.fail(actions.map((a) => a.title).join(', '));
    }

    const HANDLER = `file nic { page: folio }
handler h "h-v1" for nic {
    can_preserve(file) { return file.kind == nic }
    preserve(args) {
        ‸kho.preserve_folio(args.file.page)
    }
    unpreserve(args) { kho.unpreserve_folio(args.file.page) }
    retrieve(args) { }
    finish(args) { }
}
`;

    test('undo: with what takes the call back', () => {
        assert.match(
            after(HANDLER, /^Add `undo`/),
            /\n {8}kho\.preserve_folio\(args\.file\.page\)\n {8}undo \{ kho\.unpreserve_folio\(args\.file\.page\) \}\n/,
        );
        const alloc = HANDLER.replace('kho.preserve_folio(args.file.page)', 'ser = kho.alloc_preserve(luo_ser)');
        assert.match(after(alloc, /^Add `undo`/), /\n {8}undo \{ kho\.unpreserve_free\(ser\) \}\n/);
    });

    test('optional callbacks; the result has no error', () => {
        const text = after(HANDLER.replace('‸', '').replace('handler h', 'handler ‸h'), /^Add the optional callbacks/);
        assert.match(text, / {4}freeze\(args\) \{ \}\n {4}unfreeze\(args\) \{ \}/);
        assert.deepEqual(
            findingsOf(programOf(text)).filter((f) => /LU02|LU01|LU0404/.test(f)),
            [],
        );
    });

    test('expected errors: those that the documentation of the call names', () => {
        const text = 'scenario "s" { boot "7.2"; process p { ‸open("/dev/liveupdate").create_session("a") } }\n';
        assert.match(after(text, /^Expect `fails EMFILE`$/), /create_session\("a"\) {2}fails EMFILE \}/);
    });

    test('a copy to repair, of a scenario that shows a mistake', () => {
        const text = 'scenario ‸"s" finds LU1003 { boot "7.2" }\n';
        assert.equal(
            after(text, /copy to repair/),
            'scenario "s" finds LU1003 { boot "7.2" }\n\nscenario "s, repaired" { boot "7.2" }\n',
        );
    });
});

suite('on every shipped example', () => {
    test('nothing throws, and what is found lies in the file', () => {
        for (const [name] of examples()) {
            const uri = inRepository('extension/examples', name);
            const p = analyse(diskHost, uri);
            const f = p.files.get(uri) ?? assert.fail(uri);
            const spans = [...semanticTokens(p, uri, true).map((t) => t.span), ...linksIn(p, uri).map((l) => l.span)];
            for (const { start, end } of spans) {
                assert.ok(0 <= start && start < end && end <= f.text.length, name);
            }
            for (let offset = 0; offset < f.text.length; offset += 41) {
                actionsAt(p, uri, offset);
                callableAt(p, uri, offset);
            }
            assert.ok(foldsOf(f).length > 0, name);
        }
    }).timeout(30_000);
});
