/** Hover and definitions, and that what they say of the documentation is there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CATALOGUE } from '../../../emulator/findings/catalogue';
import { CHECK_CODES } from '../../../emulator/language/check-codes';
import { lex } from '../../../emulator/language/syntax/lexer';
import { definitionAt, typeDefinitionAt } from '../../../emulator/services/definition';
import { type DocPlace, offsetIn, pageOfCode, sectionOf } from '../../../emulator/services/documentation';
import { hoverAt } from '../../../emulator/services/hover';
import { kernelWith, shippedUri } from '../../../emulator/services/shipped';
import { symbolAt } from '../../../emulator/services/symbol-at';
import { LIBRARY_SOURCES, SHIPPED_SOURCES } from '../../../emulator/std/texts';
import { EVERYTHING } from '../../support/language-samples';
import { examples } from '../../support/programs';
import { inRepository } from '../../support/repository';
import { marked, placeText, programOf, URI } from '../../support/services';

const page = (name: string): string => readFileSync(inRepository('extension', 'docs', name), 'utf8');

function hover(text: string): readonly string[] {
    const { program, offset } = marked(text);
    const found = hoverAt(program, URI, offset);
    return found ? [found.code, ...found.text] : [];
}

function definition(text: string, find = definitionAt): string {
    const { program, offset } = marked(text);
    const found = find(program, URI, offset);
    if (!found) {
        return 'none';
    }
    if (!('page' in found)) {
        return placeText(program, found.uri, found.span.start);
    }
    const text_ = page(found.page);
    const at = offsetIn(text_, found.anchor, found.name);
    return `${found.page}: ${text_.slice(at).split('\n')[0]?.slice(0, 40) ?? ''}`;
}

const STATE = 'struct State { magic: u32; ring: phys State; flags: u64:12 }\n';

suite('hover', () => {
    test('constants are said in decimal, hexadecimal and units', () => {
        assert.deepEqual(hover('const RAM = 64MiB\nconst M = R‸AM\n'), [
            'const RAM = 67108864',
            '`67108864` = `0x4000000` = `64 MiB`',
        ]);
        assert.deepEqual(hover('const RAM = 6‸4MiB\n'), ['64MiB', '`67108864` = `0x4000000` = `64 MiB`']);
        assert.deepEqual(hover('scenario "s" { boot "7.2"; sleep 2‸0us }'), [
            '20us',
            '20000 nanoseconds of virtual time',
        ]);
    });

    test('a struct has its layout', () => {
        const [code, table = ''] = hover(STATE.replace('State', 'Sta‸te'));
        assert.equal(code, 'struct State');
        assert.deepEqual(table.split('\n'), [
            '20 bytes, packed:',
            '',
            '| offset | size | field |',
            '|---|---|---|',
            '| 0x0 | 4 | `magic` |',
            '| 0x4 | 8 | `ring` |',
            '| 0xc | 8, bits 0–11 | `flags` |',
        ]);
    });

    test('kernel code says which kernels have it', () => {
        const [, ...texts] = hover('scenario "s" { boot "7.2"; inject EIO into memf‸d.freeze }');
        assert.match(texts.join('\n'), /^Part of the kernels 7\.1, 7\.2, 7\.3, 7\.4, 7\.2-uma and 7\.3-uma\.$/m);
        const layer = hover(
            'kernel "k" from "7.2" { layers pci }\nscenario "s" { boot "k"; assert pci_c‸ore.out_count == 0 }',
        );
        assert.match(layer.join('\n'), /^Proposed\. Kernels with `layers pci`/m);
    });

    test('every code has a section on the page that it leads to', () => {
        const missing = [...Object.keys(CATALOGUE), ...Object.keys(CHECK_CODES)].filter((code) => {
            const place = pageOfCode(code);
            return !place || !sectionOf(page(place.page), place.anchor);
        });
        assert.deepEqual(missing, []);
    });

    test('what leads to a page leads to a heading of it', () => {
        const places = new Map<string, DocPlace>();
        for (const program of [...examples().values(), programOf(EVERYTHING)]) {
            const file = program.files.get(program.main) ?? assert.fail();
            for (const token of lex(file.uri, file.text).tokens) {
                const found = token.kind === 'ident' ? symbolAt(program, file.uri, token.start)?.page : undefined;
                if (found && found.anchor !== '') {
                    places.set(`${found.page}#${found.anchor}`, found);
                }
            }
        }
        const wrong = [...places].filter(([, place]) => !sectionOf(page(place.page), place.anchor));
        assert.deepEqual(
            wrong.map(([link]) => link),
            [],
        );
        assert.ok(places.size > 30, `${places.size} headings`);
    });
});

suite('definitions', () => {
    test('lead to declarations, in imports and in shipped kernel code', () => {
        assert.equal(definition(`${STATE}fn f(s: Sta‸te) { }\n`), `a.lus:1: ${STATE.trim()}`);
        assert.match(
            definition('scenario "s" { boot "7.2"; inject EIO into mem‸fd.freeze }'),
            /^memfd\.lus:\d+: handler memfd "memfd-v\d" for memfd \{$/,
        );
        assert.match(
            definition('scenario "s" { boot "7.2"; inject EIO into memfd.fre‸eze }'),
            /^memfd\.lus:\d+: freeze\(args\) \{/,
        );
    });

    test('of natives lead to the line of the documentation', () => {
        const call = 'scenario "s" { boot "7.2"; process p { ram = memfd_create("x"); ram.truncate(1) } }';
        assert.equal(
            definition(call.replace('memfd_', 'mem‸fd_')),
            'library.md: | `memfd_create(name: string, flags: int',
        );
        assert.equal(
            definition(call.replace('truncate', 'trun‸cate')),
            'library.md: | `truncate(length: int)` | `ftruncate(2',
        );
        assert.equal(
            definition(call.replace('"7.2"', '"7‸.2"')),
            'library.md: | "7.2" | Linux 7.2.13, with kho=on live',
        );
    });

    test('of types lead to structs, file kinds and objects', () => {
        const code = `${STATE}file nic at "/dev/nic0" { }
handler h "h-v1" for nic {
    can_preserve(file) { return file.kind == nic }
    preserve(args) { ser = kho.alloc_preserve(State); args.serialized_data = phys(ser) }
    unpreserve(args) { }
    retrieve(args) { args.file = new nic(); f = args.file }
    finish(args) { }
}
`;
        assert.equal(definition(code.replace('phys(ser', 'phys(s‸er'), typeDefinitionAt), `a.lus:1: ${STATE.trim()}`);
        assert.equal(
            definition(code.replace('f = args.file', 'f = args.fi‸le'), typeDefinitionAt),
            'a.lus:2: file nic at "/dev/nic0" { }',
        );
        assert.equal(definition(code.replace('kho.alloc', 'k‸ho.alloc'), typeDefinitionAt), 'library.md: ### kho');
    });
});

suite('shipped texts', () => {
    test('each is part of a kernel in which nothing is wrong with it', () => {
        for (const uri of LIBRARY_SOURCES.keys()) {
            const program = kernelWith(uri) ?? assert.fail(uri);
            assert.ok(program.files.has(uri), uri);
            assert.deepEqual(program.diagnostics, [], uri);
        }
        assert.equal(kernelWith('lus-std:/luod.lus'), undefined);
    });

    test('are known by whatever URI a client gives them', () => {
        const text = SHIPPED_SOURCES.get('lus-std:/memfd.lus') ?? '';
        for (const uri of [
            'lus-std:/memfd.lus',
            'debug:lus-std:/memfd.lus?session=1&ref=2',
            'debug:lus-std%3A/memfd.lus?session%3D1%26ref%3D2',
            'dap-src://1/1/lus-std:/memfd.lus',
        ]) {
            assert.equal(shippedUri(uri, ''), 'lus-std:/memfd.lus');
        }
        assert.equal(shippedUri('file:///tmp/memfd.lus', text), 'lus-std:/memfd.lus');
        assert.equal(shippedUri('file:///tmp/memfd.lus', `${text}\n`), undefined);
        assert.equal(shippedUri('file:///tmp/other.lus', ''), undefined);
    });
});

suite('programs', () => {
    test('the text of a test has no findings that it does not mean', () => {
        assert.deepEqual(programOf(STATE).diagnostics, []);
    });
});
