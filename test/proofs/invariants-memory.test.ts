/**
 * Invariants of preserved memory, in handlers of which each step is random: every pointer that is handed over leads
 * to preserved memory, no page is preserved twice, what is preserved is restored once. The emulator finds what
 * counting says, and nothing else.
 */
import assert from 'node:assert/strict';
import type { Diagnosis } from '../../emulator/findings/diagnosis';
import { datum, Script } from '../support/forgetful';
import { Random } from '../support/random';

const PROGRAMS = 150;

/** What a handler does with one of its folios. */
interface Folio {
    readonly name: string;
    readonly order: number;
    /** In preserve(), in this order. */
    readonly steps: ('preserve' | 'unpreserve')[];
    /** Preserved by so many that have not taken it back; KHO has a bit. */
    count: number;
    bit: boolean;
    /** The structure that is handed over points to it. */
    readonly pointer: boolean;
    /** How often retrieve() restores it. */
    readonly restores: number;
}

function folioOf(random: Random, i: number): Folio {
    const pointer = random.below(5) > 0;
    const f: Folio = {
        name: `f${i}`,
        order: random.below(3),
        steps: [],
        count: 0,
        bit: false,
        pointer,
        restores: pointer ? random.pick([1, 1, 1, 1, 0, 2]) : 0,
    };
    // most are right, and the others wrong in some way
    const n = random.below(4) > 0 ? 1 : random.below(5);
    for (let step = 0; step < n; step++) {
        f.bit = f.count === 0 || random.below(2) === 0;
        f.count += f.bit ? 1 : -1;
        f.steps.push(f.bit ? 'preserve' : 'unpreserve');
    }
    return f;
}

const FOUND: Readonly<Record<string, readonly string[]>> = {
    LU1001: [],
    LU1009: [],
    LU1010: ['token', 'pages'],
    LU1011: [],
    LU1012: ['pointer'],
    LU1026: ['owner', 'handedOver'],
};

function keyOf(d: Diagnosis): readonly string[] {
    const fields = FOUND[d.code];
    return fields ? [[d.code, ...fields.map((f) => datum(d, f))].join(' ')] : [];
}

suite('invariants: preserved memory', () => {
    test('pointers, bits and restores of random handlers', () => {
        for (let seed = 0; seed < PROGRAMS; seed++) {
            const random = new Random(seed);
            const folios = Array.from({ length: 1 + random.below(5) }, (_, i) => folioOf(random, i));
            const keepsState = random.below(8) === 0;
            const script = new Script(`
struct State {
    used: u64
    ${folios.map((f) => `${f.name}: phys`).join('\n    ')}
}
file card at "/dev/card0" {
    ${folios.map((f) => `${f.name}: folio`).join('\n    ')}
    open() { ${folios.map((f) => `${f.name} = alloc_folio(order: ${f.order}, owner: "${f.name}")`).join('; ')} }
}
fn give_back(address) {
    folio = kho.restore_folio(address)
    folio.put()
}
handler card_handler "card-v1" for card {
    can_preserve(file) { return file.kind == card }
    preserve(args) {
        state = kho.alloc_preserve(State)
        ${folios.flatMap((f) => f.steps.map((s) => `kho.${s}_folio(args.file.${f.name})`)).join('\n        ')}
        ${folios
            .filter((f) => f.pointer)
            .map((f) => `state.${f.name} = phys(args.file.${f.name})`)
            .join('\n        ')}
        args.serialized_data = phys(state)
    }
    unpreserve(args) { }
    retrieve(args) {
        state = at(State, args.serialized_data)
        ${folios.flatMap((f) => Array.from({ length: f.restores }, () => `try give_back(state.${f.name})`)).join('\n        ')}
        state.used = 1
        args.file = new card()
        ${keepsState ? '' : 'kho.restore_free(state)'}
    }
    finish(args) { }
}
kernel "k" from "7.2" { handlers + card_handler }`);
            script.line('boot "k"');
            script.line('process p');
            script.in(
                'p',
                's = open("/dev/liveupdate").create_session("s"); s.preserve_fd(open("/dev/card0"), token: 1); kexec_file_load("k"); reboot(KEXEC)',
            );
            script.line('process q');
            script.in('q', 's = open("/dev/liveupdate").retrieve_session("s"); s.retrieve_fd(token: 1); s.finish()');
            let left = keepsState ? 1 : 0;
            for (const f of folios) {
                if (f.count !== (f.bit ? 1 : 0)) {
                    script.expect(`LU1026 ${f.name} ${f.bit}`);
                }
                if (f.pointer && !f.bit) {
                    script.expect(`LU1012 State.${f.name}`);
                }
                if (f.restores > 0 && !f.bit) {
                    script.expect('LU1011');
                }
                if (f.restores > 1 && f.bit) {
                    script.expect('LU1009');
                }
                if (f.restores === 0 && f.bit) {
                    left += 2 ** f.order;
                }
            }
            if (left > 0) {
                script.expect(`LU1010 0x1 ${left}`);
            }
            script.check(keyOf);
        }
        assert.deepEqual(
            Object.keys(FOUND).filter((c) => !Script.asked.has(c)),
            ['LU1001'],
            'each is tested, and what a file has left is said of the file',
        );
    }).timeout(60_000);
});

suite('invariants: what is handed over of a memfd is what it holds', () => {
    const PAGES = 8;

    test('6.19 hands over what pages were when they were preserved', () => {
        for (let seed = 0; seed < PROGRAMS / 3; seed++) {
            const random = new Random(seed);
            const script = new Script();
            const write = (written: Set<number>): void => {
                for (let n = random.below(4); n > 0; n--) {
                    const page = random.below(PAGES);
                    script.in('p', `m.pwrite("x", at: ${page} * 4KiB)`);
                    written.add(page);
                }
            };
            const before = new Set<number>();
            const after = new Set<number>();
            script.line('boot "6.19"');
            script.line('process p');
            script.in(
                'p',
                `s = open("/dev/liveupdate").create_session("s"); m = memfd_create("m"); m.truncate(${PAGES} * 4KiB)`,
            );
            if (random.below(2) === 0) {
                script.in('p', `m.fallocate(0, ${1 + random.below(PAGES)} * 4KiB)`);
            }
            write(before);
            script.in('p', 's.preserve_fd(m, token: 1)');
            write(after);
            script.in('p', 'kexec_file_load("6.19"); reboot(KEXEC)');
            const late = [...after].filter((page) => !before.has(page)).length;
            if (late > 0) {
                script.expect(`LU1071 ${late}`);
            }
            script.check((d) => (d.code === 'LU1071' ? [`LU1071 ${datum(d, 'pages')}`] : []));
        }
    }).timeout(60_000);

    test('7.0 counts pages in 32 bits', () => {
        for (const extra of [0, 1, 2, 300]) {
            const script = new Script();
            script.line('boot "7.0"');
            script.line('process p');
            script.in(
                'p',
                `s = open("/dev/liveupdate").create_session("s"); m = memfd_create("m"); m.truncate(16TiB + ${extra} * 4KiB)`,
            );
            script.in('p', `s.preserve_fd(m, token: 1)${extra === 0 ? '  fails EINVAL' : ''}`);
            if (extra > 0) {
                script.expect(`LU1072 ${extra}`);
            }
            script.check((d) => (d.code === 'LU1072' ? [`LU1072 ${datum(d, 'pages')}`] : []));
        }
    });
});
