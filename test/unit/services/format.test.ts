/** The formatter: what it does to single lines. */
import assert from 'node:assert/strict';
import { format, formatEdits } from '../../../emulator/services/format/format';
import { edited } from '../../../emulator/services/rename';
import { errorsOf } from '../../../emulator/run/load-program';
import { programOf } from '../../support/programs';

function formatted(text: string): string {
    const result = format('a.lus', text);
    return 'text' in result ? result.text : assert.fail(result.refused);
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

    test('arrays of processes, records and parameters', () => {
        const text = `scenario "s" for ram in [1MiB, 2MiB] finds LU1023 {
    process vmm[2], luod
    for i in 0..2 { vmm[i] { vm = record(name: "a", ram: ram); vm.name = "b" } }
    luod { send s to vmm[1] as t }
    kill vmm[i - 1] after 3
}
`;
        const loose = text
            .replaceAll('vmm[', 'vmm [ ')
            .replace('record(', 'record( ')
            .replace('in [1MiB,', 'in  [ 1MiB ,')
            .replace('i - 1', 'i-1');
        assert.equal(formatted(loose), text);
        assert.equal(formatted(text), text);
    });

    test('what a counterexample has in its head; the words remain names', () => {
        const text = `scenario "s" choosing "schedule #7: luod", "kill luod #0: open" avoidable_until "schedule #5" {
    avoidable_until = 1
    choosing = avoidable_until
}
`;
        assert.equal(formatted(text.replaceAll(' "', '   "').replaceAll(' = ', '=')), text);
        assert.deepEqual(errorsOf(programOf(text)), []);
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
log([
1
], [])
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
        log([
            1
        ], [])
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
});
