/** The JavaScript that is generated for each kind of operation, and that what it does is what closures do. */
import assert from 'node:assert/strict';
import type { Program } from '../../../emulator/language/program';
import { format } from '../../../emulator/language/values';
import { Run } from '../../../emulator/run/run';
import { codeOutsideFiles, setTrap, SWITCH } from '../../../emulator/runtime/code';
import { codedIn, formOf } from '../../../emulator/runtime/compile/forms';
import { type FormedCode, graphFrom } from '../../../emulator/runtime/generate/graph';
import type { Kind } from '../../../emulator/runtime/generate/javascript';
import { sourceOf } from '../../../emulator/runtime/generate/source';
import { markedLine } from '../../support/markers';
import { correctProgram } from '../../support/programs';
import { Random } from '../../support/random';
import { inLockstep } from '../../support/lockstep';

/** The code of a function of a program, as generated code is made from it. */
function formed(program: Program, name: string): FormedCode {
    const form = codedIn(program, 'test.lus')
        .map((decl) => formOf(program, decl))
        .find((f) => f.name === name);
    assert.ok(form, name);
    return {
        code: codeOutsideFiles([], form.slots),
        form,
        users: new Set(),
        outside: null,
        callee: (other) => formed(program, other),
    };
}

/** The lines that are generated for the body of a function, from its first operation on. */
function generatedFor(text: string, kinds: readonly Kind[], name = 'it'): string[] {
    const of = formed(correctProgram(text), name);
    const graph = graphFrom(of, 0, { process: null, inlines: true, slots: [] });
    const source = sourceOf(
        graph,
        Array.from({ length: of.form.slots }, (_, i) => kinds[i] ?? 'any'),
    );
    assert.ok(source);
    return source.text.split('\n');
}

/** The lines between the variables and what is written back. */
function bodyOf(lines: readonly string[]): string {
    return lines.slice(lines.indexOf('out: {') + 1, lines.findIndex((l) => l.startsWith('if (t === 0)')) - 1).join(' ');
}

const LEAVES = (pc: number, done = 0): string => `{ ${done > 0 ? `t = t + ${done} | 0; ` : ''}pc = ${pc}; break out; }`;
const LARGEST = '9007199254740991';

/** Statements of a function of the numbers a and b, and the boolean p; and what they become. */
const STATEMENTS: readonly (readonly [code: string, body: string])[] = [
    ['a = b', 's0 = s1;'],
    ['a = a + 1', `const v0 = s0 + 1; if (v0 > ${LARGEST}) ${LEAVES(0)} s0 = v0;`],
    ['a = a + b', `const v0 = s0 + s1; if (v0 > ${LARGEST} || v0 < -${LARGEST}) ${LEAVES(0)} s0 = v0;`],
    ['a = a - 1', `const v0 = s0 - 1; if (v0 < -${LARGEST}) ${LEAVES(0)} s0 = v0;`],
    ['a = 3 * a', `const v0 = 3 * s0; if (v0 > ${LARGEST} || v0 < -${LARGEST}) ${LEAVES(0)} s0 = v0;`],
    ['a = a * b', `const v0 = s0 * s1 + 0; if (v0 > ${LARGEST} || v0 < -${LARGEST}) ${LEAVES(0)} s0 = v0;`],
    ['a = a / 2', 'const v0 = Math.trunc(s0 / 2) + 0; s0 = v0;'],
    ['a = a % b', `if (s1 === 0) ${LEAVES(0)} const v0 = s0 % s1 + 0; s0 = v0;`],
    ['a = (b & 7) / 2', 'const v0 = s1 & 7; const v1 = Math.trunc(v0 / 2); s0 = v1;'],
    ['a = b | 7', "const v0 = s1 >= 0 && s1 < 2147483648 ? s1 | 7 : binary('|', s1, 7); if (typeof v0"],
    ['a = a << 3', `if (s0 < 0) ${LEAVES(0)} const v0 = s0 * 8; if (v0 > ${LARGEST}) ${LEAVES(0)} s0 = v0;`],
    ['a = a >> b', `if (s1 < 0 || s1 > 63) ${LEAVES(0)} if (s0 < 0) ${LEAVES(0)}`],
    ['a = -a', 's0 = (0 - s0);'],
    ['p = !p', 's2 = !s2;'],
    ['p = a == b', 's2 = (s0 === s1);'],
    ['p = a != 3', 's2 = (s0 !== 3);'],
    ['p = a <= b', 's2 = (s0 <= s1);'],
    ['p = p && a < b', 'let v0 = s2; if (v0) { v0 = (s0 < s1); } s2 = v0;'],
    ['p = p || a < b', 'let v0 = s2; if (!v0) { v0 = (s0 < s1); } s2 = v0;'],
    ['if p { a = 1 }', 'if (s2) { s0 = 1;'],
    ['assert a < b', `let v0 = false; if (!v0) { v0 = (s0 < s1); } if (!v0) ${LEAVES(0)}`],
    ['a = x', 's0 = s3;'],
    ['a = x + 1', `if (!Number.isSafeInteger(s3)) ${LEAVES(0)} s3 = +s3; const v0 = s3 + 1;`],
    ['p = x == a', 's2 = (s3 === s0);'],
    ['p = x == none', 's2 = isNothing(s3);'],
    ['p = x != x', `if (isObject(s3) && isObject(s3)) ${LEAVES(0)} s2 = !(s3 === s3 ||`],
    ['a = x[b]', 'const v0 = s3; if (!isList(v0))'],
    ['a = x.length', `const v0 = s3; if (!isList(v0)) ${LEAVES(0)} s0 = v0.length;`],
    ['x[1] = a', `const v0 = s3; if (!isList(v0)) ${LEAVES(0)} if (!(1 < v0.length)) ${LEAVES(0)} v0.set(1, s0);`],
    ['while a < b { a += 1 }', 'l1: for (;;) { if (t + 3 > most)'],
    ['for i in 0..b { a = i }', 's5 = v0; s6 = v1;'],
    ['for i in x { a = 1 }', 's6 = s3; s5 = -1;'],
    ['a = twice(b)', `b1 = t + 1 | 0; s5 = s1; const v0 = s5 + s5;`],
    ['a = b; log(a)', `s0 = s1; ${LEAVES(1, 1).slice(2, -2)}`],
];

/** Their names, kinds, and how a function begins that has them. */
const KINDS: readonly Kind[] = ['number', 'number', 'boolean', 'any'];

suite('generated code', () => {
    for (const [code, body] of STATEMENTS) {
        test(code, () => {
            const text = `fn twice(n) { return n + n }\nfn it(a: int, b: int, p: bool, x) {\n${code}\n}\nscenario "s" { boot "7.2"; it(1, 2, true, none) }`;
            const made = bodyOf(generatedFor(text, KINDS));
            assert.ok(made.includes(body), made);
        });
    }

    test('has no text of the program: strings and large integers are constants', () => {
        const text = `fn it(x) {\nif x == "});process.exit();(" { x = 0xffff_ffff_ffff_ffff }\n}\nscenario "s" { boot "7.2"; it("a") }`;
        const made = generatedFor(text, []).join('\n');
        assert.doesNotMatch(made, /exit\(|18446744073709551615/);
        assert.match(made, /k0/);
    });

    test('a variable that one call has set is not set in the next one', () => {
        const text = `
            fn it(n) {
                if n == 1 { seen = 5 }
                if n == 3 {
                    log(n)  //# here
                }
                return n
            }
            scenario "s" {
                for i in 0..5 { it(i) }
                boot "7.2"
            }`;
        const [closures, generated] = [Infinity, 0].map((hotAfter) => slotsAt(text, 'here', hotAfter));
        assert.deepEqual(generated, closures);
        assert.ok(closures?.includes('none'), `${closures}`);
    });

    test('what is known of a value on one way is not taken for granted on another', () => {
        same(`
            fn it(x, p) {
                q = false
                for i in 0..3 {
                    q = p && x > 1
                    if i == 2 && !p && x != none { q = x > 0 }
                }
                return q
            }
            scenario "s" {
                for i in 0..20 { it(i, true); it(none, false) }
                it("a", false)
                boot "7.2"
            }`);
    });

    test('−0 does not come from arithmetic', () => {
        same(`scenario "s" {
            z = 0
            for i in 0..9 {
                a = z * (i - 5)
                b = (i - 9) / 10
                c = (z - i) % 1
                d = -z
                log(a, b, c, d)
            }
            boot "7.2"
        }`);
    });

    test('a function of the kernel fails with a negative number, and one of a process does not', () => {
        const functions = `
            fn checked(i) {
                if i == 13 { return -22 }
                return i
            }
            fn all() {
                r = 0
                for i in 0..20 { r = checked(i) }
                return r
            }`;
        same(`${functions}
            file gpu at "/dev/gpu0" { }
            handler gpu_handler "gpu-v1" for gpu {
                can_preserve(file) { return file.kind == gpu }
                preserve(args)     { args.serialized_data = 1; r = 0; for i in 0..20 { r = checked(i) } }
                unpreserve(args)   { }
                retrieve(args)     { args.file = new gpu() }
                finish(args)       { }
            }
            kernel "gpu" from "7.2" { handlers + gpu_handler }
            scenario "s" {
                assert all() == 19
                boot "gpu"
                process p { one = open("/dev/liveupdate").create_session("one"); one.preserve_fd(open("/dev/gpu0"), token: 1)  fails EINVAL }
            }`);
    });

    test('variables of a process, and of each process of an array', () => {
        same(`scenario "s" {
            boot "7.2"
            process p, q[2]
            p { n = 0; total = 0; for i in 0..30 { total += i; n = n + 1 } }
            for k in 0..2 { q[k] { m = k; for i in 0..30 { m += p.n + i } } }
            assert p.n == 30 && p.total == 435
            assert q[1].m == q[0].m + 1
        }`);
    });

    test('numbers that become large, and come back', () => {
        same(`scenario "s" {
            n = 1
            for i in 0..70 {
                n = n * 3
                if n > 0xfff_ffff_ffff_ffff { n = n % 1000 }
                m = (n << 2) & 0xffff_ffff_ffff
                log(n, m)
            }
            boot "7.2"
        }`);
    });

    test('natives, and structs in memory', () => {
        for (const after of [0, 7, 1000]) {
            same(
                kernelCode(
                    `
                    kept = [none, none, none]
                    array = vcalloc(record, 40)
                    undo { vfree(array) }
                    folio = none
                    for i in 0..40 {
                        entry = array[i]
                        entry.low  = i * 100
                        entry.high = i * 0xf_ffff_ffff
                        entry.word = 0xffff_ffff_ffff_ffff - i
                        entry.half = i - 20
                        entry.byte = i & 0x7f
                        folio = try alloc_folio(i & 1)
                        if folio != -12 {
                            folio.lock()
                            if i > 4 && !folio.dirty { folio.mark_dirty() }
                            folio.get()
                            entry.byte = folio.refs + folio.order
                            folio.unlock()
                            kept[i % 3] = folio.pfn
                            folio.put()
                            put_folio(folio)
                        }
                    }
                    sum = 0
                    for entry in array {
                        if entry.low != 700 && entry.high != entry.word { sum += entry.half + entry.byte }
                    }
                    if sum == 0 { return -22 }`,
                    `inject ENOMEM into page_alloc after ${after} times 3`,
                ),
            );
        }
    });

    test('the folios of a file', () => {
        same(
            kernelCode(`
                file = memfd_alloc_file("held")
                file.inode.size = 80KiB
                folios = memfd_pin_folios(file, 0, 80KiB - 1)
                undo { unpin_folios(folios) }
                done = 0
                undo { for i in 0..done { kho.unpreserve_folio(folios[i]) } }
                for i in 0..folios.length {
                    kho.preserve_folio(folios[i])
                    done = i + 1
                }
                pages = 0
                for folio in folios { pages += folio.pfn & 0xff }
                for folio in folios { kho.unpreserve_folio(folio) }
                unpin_folios(folios)
                fput(file)
                if done == 20 && pages != 0 { return -11 }`),
        );
    });

    test('a native that fails or stops the run, where closures would', () => {
        for (const wrong of [
            'array[i].half = i << 40',
            'array[i + 20].half = 1',
            'folio = none; folio.lock()',
            'kho.preserve_folio(alloc_folio(99))',
            'array[i].low = array.length * 1000',
        ]) {
            same(
                kernelCode(`
                    array = vcalloc(record, 40)
                    folio = alloc_folio(0)
                    for i in 0..30 {
                        folio.lock()
                        array[i].word = folio.pfn
                        folio.unlock()
                        if i == 25 { ${wrong} }
                    }`),
            );
        }
    });

    test('a run that gives way in a native stops behind it', () => {
        const program = correctProgram(
            kernelCode(`
                folio = alloc_folio(0)
                for i in 0..3000 { folio.get(); kho.preserve_folio(folio); kho.unpreserve_folio(folio) }`),
        );
        const stops = [Infinity, 0].map((hotAfter) => {
            const { interpreter, machine } = Run.start(program, { hotAfter }).host;
            const { clock } = machine;
            clock.onAlarm = () => interpreter.giveWay();
            const at: string[] = [];
            for (let n = 1; !interpreter.outcome; n++) {
                clock.alarm = clock.now + n * 100;
                interpreter.run(1e6);
                at.push(`${interpreter.ticks} ${clock.now} ${interpreter.current.top?.pc}`);
            }
            return at;
        });
        assert.deepEqual(stops[1], stops[0]);
        assert.ok((stops[0]?.length ?? 0) > 20, `${stops[0]?.length}`);
    });

    test('an error is found where closures find it', () => {
        for (const wrong of ['n / (50 - i)', 'n << (i + 14)', 'n * 0x7fff_ffff_ffff_ffff', 'n + l[i - 40]']) {
            const text = `scenario "s" {\nl = [1, 2, 3]\nn = 3\nfor i in 0..100 {\nn = (${wrong}) % 1000\n}\nboot "7.2"\n}`;
            const failures = [Infinity, 0].map((hotAfter) => {
                const { host } = Run.start(correctProgram(text), { hotAfter });
                host.interpreter.run(100_000);
                const { outcome, ticks } = host.interpreter;
                return { message: outcome?.failure?.message, place: outcome?.failure?.place, ticks };
            });
            assert.ok(failures[0]?.message, wrong);
            assert.deepEqual(failures[1], failures[0]);
        }
    });
});

/** A program in which kernel code is executed: the callback of a handler. */
function kernelCode(body: string, before = ''): string {
    return `
        struct record {
            low:  u64:12
            high: u64:52
            word: u64
            half: i32
            byte: u8
        }
        file gpu at "/dev/gpu0" { }
        handler gpu_handler "gpu-v1" for gpu {
            can_preserve(file) { return file.kind == gpu }
            preserve(args) {
                ${body}
                args.serialized_data = 1
            }
            unpreserve(args) { }
            retrieve(args)   { args.file = new gpu() }
            finish(args)     { }
        }
        kernel "gpu" from "7.2" { handlers + gpu_handler }
        scenario "s" {
            boot "gpu"
            process p { one = open("/dev/liveupdate").create_session("one") }
            ${before}
            p { one.preserve_fd(open("/dev/gpu0"), token: 1)  may fail EAGAIN }
        }`;
}

/** A program does the same with both, wherever it is stopped. */
function same(text: string): void {
    const program = correctProgram(text);
    for (let seed = 0; seed < 4; seed++) {
        inLockstep(program, {}, new Random(seed), `seed ${seed}`);
    }
}

/** The values of the topmost frame at a marked line. */
function slotsAt(text: string, marker: string, hotAfter: number): string[] {
    const run = Run.start(correctProgram(text), { hotAfter });
    const { interpreter } = run.host;
    interpreter.onTrap = () => [1];
    interpreter.run(3);
    for (const code of run.executable.codeIn('test.lus')) {
        for (const { pc, span } of code.statements) {
            if (text.slice(0, span.start).split('\n').length - 1 === markedLine(text, marker)) {
                setTrap(code, pc, (f) => (interpreter.trap(f) ? SWITCH : (code.pristine[pc]?.(f) ?? SWITCH)));
            }
        }
    }
    assert.equal(interpreter.run(10_000)?.reason, 'breakpoint');
    return interpreter.current.top?.slots.map((v) => format(v)) ?? [];
}
