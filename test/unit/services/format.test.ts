/** The formatter: what it does to single lines, and that it never changes what a file says. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from '../../../emulator/language/syntax/parser';
import { format, formatEdits } from '../../../emulator/services/format/format';
import { edited } from '../../../emulator/services/rename';
import { SHIPPED_SOURCES } from '../../../emulator/std/texts';
import { EVERYTHING } from '../../support/language-samples';
import { Random } from '../../support/random';
import { inRepository } from '../../support/repository';

function formatted(text: string): string {
    const result = format('a.lus', text);
    return 'text' in result ? result.text : assert.fail(result.refused);
}

/** The tree without places, and the comments without the spaces at their end. */
function meaning(text: string): string {
    const { file, diagnostics } = parse('a.lus', text);
    assert.deepEqual(diagnostics, [], text);
    const comments = file.comments.map((c) => text.slice(c.start, c.end).trimEnd());
    return JSON.stringify([file.items, comments], (key, value: unknown) =>
        key === 'start' || key === 'end' ? undefined : value,
    );
}

function shipped(): Map<string, string> {
    const texts = new Map(SHIPPED_SOURCES);
    for (const folder of ['extension/examples', 'test/catalogue']) {
        for (const name of readdirSync(inRepository(folder)).filter((f) => f.endsWith('.lus'))) {
            texts.set(name, readFileSync(inRepository(folder, name), 'utf8'));
        }
    }
    return texts;
}

/** The same code with other spaces and blank lines between its tokens, and other indentation. */
function scrambled(text: string, random: Random): string {
    const lines = text.split('\n').map((line) => {
        const [code = '', comment = ''] = splitComment(line);
        const spaced = code
            .trim()
            .replace(/("(?:[^"\\]|\\.)*")|([ ]+)|([{};,])/g, (whole, string?: string, space?: string) => {
                if (string !== undefined) {
                    return string;
                }
                return space === undefined
                    ? `${' '.repeat(random.below(2))}${whole}${' '.repeat(random.below(2))}`
                    : ' '.repeat(1 + random.below(3));
            });
        const gap = comment !== '' && spaced !== '' ? ' '.repeat(random.below(9)) : '';
        return `${' '.repeat(random.below(13))}${random.below(20) === 0 ? '\t' : ''}${spaced}${gap}${comment}${' '.repeat(random.below(2))}`;
    });
    return lines.map((l) => (l.trim() === '' && random.below(3) === 0 ? '\n\n' : l)).join('\n');
}

function splitComment(line: string): [string, string] {
    let inString = false;
    for (let i = 0; i < line.length; i++) {
        if (line[i] === '"' && line[i - 1] !== '\\') {
            inString = !inString;
        } else if (!inString && line.startsWith('//', i)) {
            return [line.slice(0, i), line.slice(i)];
        }
    }
    return [line, ''];
}

suite('formatter', () => {
    test('spaces', () => {
        for (const [before, after] of [
            ['x=1+ 2*-3', 'x = 1 + 2 * -3'],
            ['log( "a" ,x )', 'log("a", x)'],
            ['x = ( 1+2 )*3', 'x = (1 + 2) * 3'],
            ['x = [ 1,2 ]', 'x = [1, 2]'],
            ['x = a [ 0 ].b', 'x = a[0].b'],
            ['if x==1{log("a")}else{log("b")}', 'if x == 1 { log("a") } else { log("b") }'],
            ['for i in 0..4{}', 'for i in 0..4 { }'],
            ['for i in 0 ..4 {log(i)}', 'for i in 0 .. 4 { log(i) }'],
            ['x = - 1', 'x = -1'],
            ['assert !( x==1 ),"a"', 'assert !(x == 1), "a"'],
            ['memfd_create("a") fails EIO', 'memfd_create("a")  fails EIO'],
            ['a{exit} b{exit}', 'a { exit }  b { exit }'],
            ['x.f(token:1)', 'x.f(token: 1)'],
            ['x  =  1;;y=2', 'x = 1;; y = 2'],
        ] as const) {
            const wrap = (line: string): string => `scenario "s" {\n    concurrently {\n        ${line}\n    }\n}\n`;
            const text = formatted(wrap(before));
            assert.equal(text, wrap(after));
        }
        assert.equal(
            formatted('import < luod >\nstruct S{a:u64 : 52;b : phys S}\n'),
            'import <luod>\nstruct S { a: u64:52; b: phys S }\n',
        );
        assert.equal(
            formatted('kernel "k" from "7.2" {handlers -memfd}\n'),
            'kernel "k" from "7.2" { handlers - memfd }\n',
        );
    });

    test('indentation: blocks, brackets, operators at the end of a line', () => {
        const text = `scenario "s" {
process p {
x = [
1,
2
]
log("a",
"b")
y = x +
1
} }
`;
        assert.equal(
            formatted(text),
            `scenario "s" {
    process p {
        x = [
            1,
            2
        ]
        log("a",
            "b")
        y = x +
            1
} }
`,
        );
    });

    test('blank lines: one of several, none at the ends of blocks and files', () => {
        assert.equal(
            formatted('\n\nconst A = 1\n\n\n\nconst B = 2\nscenario "s" {\n\n    boot "7.2"\n\n}\n\n\n'),
            'const A = 1\n\nconst B = 2\nscenario "s" {\n    boot "7.2"\n}\n',
        );
        assert.equal(formatted('const A = 1'), 'const A = 1\n');
        assert.equal(formatted(''), '');
        assert.equal(formatted('const A = 1\r\n\r\n\r\nconst B=2\r\n'), 'const A = 1\r\n\r\nconst B = 2\r\n');
    });

    test('what is aligned stays so, as tight as it goes', () => {
        assert.equal(
            formatted('struct S {\n  magic:    u32\n  ring:     phys\n  n: u8\n}\n'),
            'struct S {\n    magic: u32\n    ring:  phys\n    n: u8\n}\n',
        );
        assert.equal(
            formatted('fn f() {\n    a   = 1\n    bcd = 2\n    e = 3\n}\n'),
            'fn f() {\n    a   = 1\n    bcd = 2\n    e = 3\n}\n',
        );
    });

    test('comments behind code stay in their column; those above it are indented', () => {
        const text = `scenario "s" {             // one
  boot "7.2"               // two
                           // and on

    // above
 sleep 1ms // three
}
`;
        assert.equal(
            formatted(text),
            `scenario "s" {             // one
    boot "7.2"             // two
                           // and on

    // above
    sleep 1ms // three
}
`,
        );
    });

    test('a file that cannot be read is left as it is', () => {
        const result = format('a.lus', 'scenario "s" {\n    boot "7.2\n}\n');
        assert.ok('refused' in result);
        assert.match(result.refused, /^Line 2 has a syntax error, so the file is not formatted: /);
    });

    test('a range: only its lines change, and the edits of all lines make the whole', () => {
        const text = 'const A=1\nconst B=2\n\n\nconst C=3';
        const result = format('a.lus', text);
        assert.ok('text' in result);
        const one = formatEdits(text, result, { start: text.indexOf('B'), end: text.indexOf('B') });
        assert.equal(edited(text, one), 'const A=1\nconst B = 2\n\n\nconst C=3');
        assert.equal(edited(text, formatEdits(text, result)), result.text);
    });

    test('shipped code is formatted', () => {
        const wrong = [...shipped()].filter(([, text]) => formatted(text) !== text).map(([name]) => name);
        assert.deepEqual(wrong, [], 'run `lus fmt` on them');
    });

    test('a text means the same afterwards, and the formatter has nothing more to do', () => {
        const random = new Random(7);
        let seen = 0;
        for (const [name, text] of [...shipped(), ['everything', EVERYTHING] as const]) {
            for (const variant of [text, scrambled(text, random), scrambled(text, random)]) {
                if (parse(name, variant).diagnostics.length > 0) {
                    continue;
                }
                seen++;
                const result = formatted(variant);
                assert.equal(meaning(result), meaning(variant), name);
                assert.equal(formatted(result), result, `${name}: formatted twice`);
                const whole = format(name, variant);
                assert.ok('text' in whole);
                assert.equal(edited(variant, formatEdits(variant, whole)), result, `${name}: the edits`);
            }
        }
        assert.ok(seen > 400, `${seen} texts`);
    }).timeout(60_000);
});
