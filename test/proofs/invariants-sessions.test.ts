/**
 * Invariants of sessions, files and FLBs, each in random programs that forget or damage something: the emulator finds
 * what a naive model of the program says, and nothing else.
 */
import assert from 'node:assert/strict';
import type { Diagnosis } from '../../emulator/findings/diagnosis';
import { datum, Script } from '../support/forgetful';
import { Random } from '../support/random';

const PROGRAMS = 120;

/** Keys of findings by code: the code and some of their data. */
function keys(about: Readonly<Record<string, readonly string[]>>): (d: Diagnosis) => readonly string[] {
    return (d) => {
        const fields = about[d.code];
        return fields ? [[d.code, ...fields.map((f) => datum(d, f))].join(' ')] : [];
    };
}

interface Session {
    readonly name: string;
    files: number;
    /** Processes that hold a descriptor of it. */
    readonly holders: Set<string>;
}

suite('invariants: every session has somebody who holds it, and somebody who finishes it', () => {
    const FOUND = keys({
        LU1002: ['session'],
        LU1003: ['session'],
        LU1005: ['session', 'process'],
        LU1018: [],
        LU1022: ['session', 'lost'],
        LU1023: ['session', 'process'],
        LU1024: ['session', 'lost'],
        LU1025: [],
        LU1079: ['session', 'token'],
    });

    /**
     * Sessions are made, passed on, closed; processes die. What is left is handed over. @returns null where the next
     * kernel cannot have it
     */
    function oldKernel(script: Script, random: Random): Session[] | null {
        script.line('boot "7.2"');
        script.line('process admin, a, b, c');
        const alive = ['a', 'b', 'c'];
        const sessions: Session[] = [];
        script.in('a', 'lu = open("/dev/liveupdate")');
        for (let i = random.below(3); i >= 0; i--) {
            const s: Session = { name: `s${i}`, files: random.below(3), holders: new Set(['a']) };
            script.in('a', `${s.name} = lu.create_session("${s.name}")`);
            for (let t = 0; t < s.files; t++) {
                script.in('a', `${s.name}.preserve_fd(memfd_create("m"), token: ${t})`);
            }
            sessions.push(s);
        }
        script.in('a', 'lu.close()');
        const gone = (s: Session): void => {
            sessions.splice(sessions.indexOf(s), 1);
        };
        for (let step = random.below(8); step > 0 && sessions.length > 0; step--) {
            const s = random.pick(sessions);
            const holder = random.pick([...s.holders]);
            const other = random.pick(alive);
            switch (random.below(4)) {
                case 0:
                case 1:
                    if (!s.holders.has(other)) {
                        script.in(holder, `send ${s.name} to ${other}`);
                        s.holders.add(other);
                    }
                    break;
                case 2:
                    script.in(holder, `${s.name}.close()`);
                    s.holders.delete(holder);
                    if (s.holders.size === 0) {
                        gone(s); // meant: nobody says anything
                    }
                    break;
                default:
                    if (alive.length > 1) {
                        script.line(random.below(2) === 0 ? `kill ${other}` : `${other} { exit }`);
                        alive.splice(alive.indexOf(other), 1);
                        for (const mine of sessions.filter((x) => x.holders.delete(other) && x.holders.size === 0)) {
                            if (mine.files > 0) {
                                script.expect(`LU1023 ${mine.name} ${other}`);
                            }
                            gone(mine);
                        }
                    }
            }
        }
        const files = sessions.some((s) => s.files > 0);
        const legacy = random.below(6) === 0;
        const off = random.below(6) === 0 ? random.pick(['kho=off', 'liveupdate=off']) : '';
        script.in('admin', `${legacy ? 'kexec_load' : 'kexec_file_load'}("7.2", "${off}"); reboot(KEXEC)`);
        for (const s of sessions.filter((x) => x.files > 0 && x.holders.size === 1)) {
            script.expect(`LU1005 ${s.name} ${[...s.holders].join('')}`);
        }
        if (files && legacy) {
            script.expect('LU1018');
        }
        if (files && !legacy && off !== '') {
            script.expect('LU1025');
        }
        return legacy || off !== '' ? null : sessions;
    }

    /** Some are retrieved, in whole or in part; some of these finished or closed. */
    function newKernel(script: Script, random: Random, sessions: readonly Session[]): void {
        script.line('process luod');
        const opens = random.below(8) > 0;
        if (opens) {
            script.in('luod', 'lu = open("/dev/liveupdate")');
        }
        /**
         * Sessions that a kexec would drop, those that nobody has asked for, and files that belong to none any more.
         */
        const open: string[] = [];
        const ignored: string[] = [];
        const free: string[] = [];
        for (const s of sessions) {
            if (!opens || random.below(4) === 0) {
                if (s.files > 0) {
                    open.push(s.name);
                    ignored.push(s.name);
                }
                continue;
            }
            script.in('luod', `${s.name} = lu.retrieve_session("${s.name}")`);
            const got: number[] = [];
            for (let t = 0; t < s.files; t++) {
                if (random.below(4) > 0) {
                    script.in('luod', `${s.name}_${t} = ${s.name}.retrieve_fd(token: ${t})`);
                    got.push(t);
                }
            }
            const lost = Array.from({ length: s.files }, (_, t) => t)
                .filter((t) => !got.includes(t))
                .map((t) => `0x${t}`);
            const how = random.below(3);
            if (how === 2) {
                if (s.files > 0) {
                    open.push(s.name);
                }
                continue;
            }
            script.in('luod', `${s.name}.${how === 0 ? 'finish' : 'close'}()`);
            if (lost.length > 0) {
                script.expect(`${how === 0 ? 'LU1022' : 'LU1024'} ${s.name} ${lost.join(',')}`);
            }
            for (const t of got) {
                switch (random.below(3)) {
                    case 0:
                        script.in('luod', `${s.name}_${t}.close()`);
                        break;
                    case 1:
                        script.in(
                            'luod',
                            `lu.create_session("again-${s.name}-${t}").preserve_fd(${s.name}_${t}, token: 1)`,
                        );
                        break;
                    default:
                        free.push(`${s.name} 0x${t}`);
                }
            }
        }
        if (random.below(2) === 0) {
            for (const name of ignored) {
                script.expect(`LU1002 ${name}`);
            }
        } else {
            script.in('luod', 'kexec_file_load("7.2"); reboot(KEXEC)');
            for (const name of open) {
                script.expect(`LU1003 ${name}`);
            }
            for (const name of free) {
                script.expect(`LU1079 ${name}`);
            }
        }
    }

    test('sessions live and die as their holders do, and are finished or lost', () => {
        for (let seed = 0; seed < PROGRAMS; seed++) {
            const random = new Random(seed);
            const script = new Script();
            const sessions = oldKernel(script, random);
            if (sessions) {
                newKernel(script, random, sessions);
            }
            // a second kernel's own sessions are not this model's business
            script.check((d) => FOUND(d).filter((k) => !k.includes('again-')));
        }
    }).timeout(60_000);
});

suite('invariants: the last block of a set is not empty', () => {
    /** Sessions in a block. */
    const BLOCK = 51;

    test('a refused name leaves a block behind, a close gives it back', () => {
        for (let seed = 0; seed < PROGRAMS / 4; seed++) {
            const random = new Random(seed);
            const script = new Script('fn many(lu: fd, n: int) { for i in 0..n { lu.create_session(str("s", i)) } }');
            let n = random.pick([1, 2]) * BLOCK - 1 + random.below(2);
            let blocks = Math.ceil(n / BLOCK);
            script.line('boot "7.2"');
            script.line('process p');
            script.in('p', `lu = open("/dev/liveupdate"); many(lu, ${n})`);
            for (let step = 0; step < random.below(6); step++) {
                const name = `x${step}`;
                // before anything else room is made for one more
                blocks = Math.max(blocks, Math.ceil((n + 1) / BLOCK));
                switch (random.below(3)) {
                    case 0:
                        script.in('p', 'lu.create_session("s0")  fails EEXIST');
                        break;
                    case 1:
                        script.in('p', `lu.create_session("${name}")`);
                        n++;
                        break;
                    default:
                        script.in('p', `${name} = lu.create_session("${name}"); ${name}.close()`);
                        blocks = Math.ceil(n / BLOCK);
                }
            }
            const empty = blocks > Math.ceil(n / BLOCK);
            script.in('p', `kexec_file_load("7.2"); reboot(KEXEC)${empty ? '  panics "incoming tree"' : ''}`);
            if (empty) {
                script.expect('LU1008');
                script.expect('LU1076');
            }
            script.check(keys({ LU1008: [], LU1076: [] }));
        }
    }).timeout(60_000);
});

suite('invariants: the next kernel knows every handler and FLB, and the counts of FLBs are those of their files', () => {
    const NAMES = [0, 1, 2];

    const DECLARATIONS = `
${NAMES.map(
    (i) => `flb f${i} "flb-${i}" {
    preserve(args)   { args.data = ${i + 1}; args.obj = args.flb }
    unpreserve(args) { }
    retrieve(args)   { args.obj = args.flb }
    finish(args)     { }
}
file k${i} at "/dev/k${i}" { }
file g${i} at "/dev/g${i}" {
    open()    { f${i}.get_outgoing() }
    release() { f${i}.put_outgoing() }
}`,
).join('\n')}
`;

    /** A handler of the kind k{i} in a kernel, which uses these FLBs. */
    const handler = (
        kernel: string,
        i: number,
        uses: readonly number[],
    ): string => `handler ${kernel}${i} "h-${i}" for k${i}${uses.length > 0 ? ` uses ${uses.map((f) => `f${f}`).join(', ')}` : ''} {
    can_preserve(file) { return file.kind == k${i} }
    preserve(args)     { args.serialized_data = 1 }
    unpreserve(args)   { }
    retrieve(args)     { args.file = new k${i}() }
    finish(args)       { }
}`;

    const some = (random: Random, odds: number): number[] => NAMES.filter(() => random.below(odds) > 0);

    test('handlers and FLBs of two kernels, references held and put, loaded and not', () => {
        for (let seed = 0; seed < PROGRAMS; seed++) {
            const random = new Random(seed);
            const uses = NAMES.map(() => some(random, 2));
            const later = NAMES.map((i) => (random.below(5) === 0 ? some(random, 2) : (uses[i] ?? [])));
            const there = some(random, 8);
            const loaded = some(random, 4);
            const known = new Set(there.flatMap((i) => later[i] ?? []));
            const script = new Script(`${DECLARATIONS}
${NAMES.map((i) => `${handler('old', i, uses[i] ?? [])}\n${handler('new', i, later[i] ?? [])}`).join('\n')}
kernel "old" from "7.2" { handlers + ${NAMES.map((i) => `old${i}`).join(', ')} }
kernel "new" from "7.2" {
    ${there.length > 0 ? `handlers + ${there.map((i) => `new${i}`).join(', ')}` : ''}
    init { ${loaded
        .filter((f) => known.has(f))
        .map((f) => `if (try f${f}.get_incoming()) == 0 { f${f}.put_incoming() }`)
        .join('; ')} }
}`);
            script.line('boot "old"');
            script.line('process p');
            script.in('p', 'lu = open("/dev/liveupdate"); s = lu.create_session("s")');
            const files = some(random, 3);
            const counts = NAMES.map(() => 0);
            const extra = NAMES.map(() => 0);
            for (const i of files) {
                script.in('p', `s.preserve_fd(open("/dev/k${i}"), token: ${i})`);
                for (const f of uses[i] ?? []) {
                    counts[f] = (counts[f] ?? 0) + 1;
                }
            }
            for (const f of NAMES.filter((x) => (counts[x] ?? 0) > 0)) {
                const times = random.below(6) === 0 ? 1 + random.below(2) : 0;
                const put = times > 0 && random.below(2) === 0;
                for (let t = 0; t < times; t++) {
                    script.in('p', `g${f}_${t} = open("/dev/g${f}")`);
                    extra[f] = (extra[f] ?? 0) + 1;
                }
                if (put) {
                    script.in('p', `g${f}_0.close()`);
                    extra[f] = (extra[f] ?? 0) - 1;
                }
            }
            script.in('p', 'kexec_file_load("new"); reboot(KEXEC)');
            const missing = files.filter((i) => !there.includes(i));
            for (const i of missing) {
                script.expect(`LU1014 h-${i}`);
            }
            for (const f of NAMES) {
                if ((counts[f] ?? 0) > 0 && !known.has(f)) {
                    script.expect(`LU1015 flb-${f}`);
                }
                if ((extra[f] ?? 0) > 0) {
                    script.expect(`LU1007 f${f}`);
                }
            }
            script.line('process q');
            if (missing.length > 0) {
                script.in('q', 'open("/dev/liveupdate")  fails EIO');
            } else {
                script.in('q', 's = open("/dev/liveupdate").retrieve_session("s")');
                for (const i of files) {
                    script.in('q', `s.retrieve_fd(token: ${i})`);
                }
                script.in('q', 's.finish()');
                // by the counts: what was loaded goes down with each file that uses it here, what was not goes below
                // zero
                for (const f of NAMES) {
                    const finished = files.filter((i) => later[i]?.includes(f)).length;
                    const count = loaded.includes(f) && (counts[f] ?? 0) > 0 ? (counts[f] ?? 0) + (extra[f] ?? 0) : 0;
                    if (finished > count) {
                        script.expect(`LU1006 f${f}`);
                    } else if (count > finished && known.has(f)) {
                        script.expect(`LU1007 f${f}`);
                    }
                }
            }
            script.check(keys({ LU1006: ['flb'], LU1007: ['flb'], LU1014: ['compatible'], LU1015: ['compatible'] }));
        }
    }).timeout(60_000);
});

suite('invariants: what is frozen does not change', () => {
    test('positions behind the freeze', () => {
        for (let seed = 0; seed < PROGRAMS / 2; seed++) {
            const random = new Random(seed);
            const script = new Script();
            const files = [0, 1, 2].slice(0, 1 + random.below(3));
            script.line('boot "7.2"');
            script.line('process p');
            script.in('p', 's = open("/dev/liveupdate").create_session("s"); kexec_file_load("7.2")');
            const positions = files.map((i) => {
                const pos = random.below(3) * 8;
                script.in(
                    'p',
                    `m${i} = memfd_create("m"); m${i}.truncate(4KiB); s.preserve_fd(m${i}, token: ${i}); m${i}.lseek(${pos})`,
                );
                return pos;
            });
            for (let step = random.below(5); step > 0; step--) {
                const i = random.pick(files);
                const to = random.below(3) * 8;
                switch (random.below(4)) {
                    case 0:
                        script.line(`at handover { p { m${i}.pwrite("memory", at: 0) } }`);
                        break;
                    case 1:
                        script.line(`at handover { p { m${i}.write("") } }`);
                        break;
                    default:
                        script.line(`at handover { p { m${i}.lseek(${to}) } }`);
                        if (to !== positions[i]) {
                            script.expect(`LU1070 0x${i}`);
                        }
                }
            }
            script.in('p', 'reboot(KEXEC)');
            script.check(keys({ LU1070: ['token'] }));
        }
    }).timeout(60_000);
});

suite('invariants: a file is in one session', () => {
    test('7.0 takes a file twice, and counts no bits', () => {
        for (let seed = 0; seed < PROGRAMS / 2; seed++) {
            const random = new Random(seed);
            const script = new Script();
            script.line('boot "7.0"');
            script.line('process p');
            script.in('p', 'lu = open("/dev/liveupdate")');
            const sessions = [0, 1, 2];
            const files = [0, 1];
            /** Who has preserved each file, and whether its bits are set. */
            const by = files.map(() => new Set<number>());
            const bits = files.map(() => false);
            for (const s of sessions) {
                script.in('p', `s${s} = lu.create_session("s${s}")`);
            }
            for (const f of files) {
                script.in('p', `m${f} = memfd_create("m${f}"); m${f}.truncate(8KiB)`);
            }
            const closed = new Set<number>();
            for (let step = 2 + random.below(7); step > 0; step--) {
                const s = random.pick(sessions);
                const f = random.pick(files);
                if (closed.has(s)) {
                    continue;
                }
                if (random.below(4) === 0) {
                    script.in('p', `s${s}.close()`);
                    closed.add(s);
                    for (const x of files.filter((x) => by[x]?.delete(s))) {
                        bits[x] = false;
                    }
                } else if (by[f]?.has(s) === false) {
                    script.in('p', `s${s}.preserve_fd(m${f}, token: ${f})`);
                    by[f]?.add(s);
                    bits[f] = true;
                }
            }
            script.in('p', 'kexec_file_load("7.0"); reboot(KEXEC)');
            for (const f of files) {
                const n = by[f]?.size ?? 0;
                if (n >= (bits[f] ? 2 : 1)) {
                    script.expect(`LU1026 memfd m${f} ${bits[f]}`);
                }
            }
            script.check(keys({ LU1026: ['owner', 'handedOver'] }));
        }
    }).timeout(60_000);
});

suite('invariants: what is asked for', () => {
    test('every finding that the models speak of has come up', () => {
        const all = [
            'LU1002',
            'LU1003',
            'LU1005',
            'LU1006',
            'LU1007',
            'LU1008',
            'LU1014',
            'LU1015',
            'LU1018',
            'LU1022',
            'LU1023',
            'LU1024',
            'LU1025',
            'LU1026',
            'LU1070',
            'LU1076',
            'LU1079',
        ];
        assert.deepEqual(
            all.filter((c) => !Script.asked.has(c)),
            [],
        );
    });
});
