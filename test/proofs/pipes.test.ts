/**
 * Pipes over a kexec against a naive model: some pipes with several open files each, of which some are preserved in
 * any order and retrieved in any other. Afterwards every read and write has the result that a string and two counts
 * say.
 */
import type { Random } from '../support/random';
import { allPass, handingOver } from '../support/random-scenarios';

const RUNS = 20;

const FUNCTIONS = `fn letters(n: int, length: int) {
    b = bytes(97 + n)
    while b.length < length { b = b + b }
    return memory(b, length)
}
// The first bytes of some bytes.
fn memory(b: bytes, length: int) {
    m = memfd_create("letters")
    m.write(b)
    part = m.pread(length, at: 0)
    m.close()
    return part
}
`;
const CAPACITY = 65536;
const MODES = ['r', 'w', 'rw'] as const;

interface End {
    readonly name: string;
    readonly mode: (typeof MODES)[number];
    readonly pipe: Model;
    open: boolean;
    token: number;
}

/** A pipe: its bytes, as the letters that were written. */
interface Model {
    text: string;
    readonly ends: End[];
}

const reads = (e: End): boolean => e.mode !== 'w';
const writes = (e: End): boolean => e.mode !== 'r';
const count = (pipe: Model, is: (e: End) => boolean): number => pipe.ends.filter((e) => e.open && is(e)).length;

/** A random read or write of an open end, as a statement with what must come of it. */
function step(random: Random, end: End, n: number): string {
    const { pipe, name } = end;
    if (writes(end) && (!reads(end) || random.below(2) === 0)) {
        const length = 1 + random.below(random.below(4) === 0 ? 2 * CAPACITY : 3000);
        const write = `${name}.write(letters(${n % 26}, ${length}))`;
        if (count(pipe, reads) === 0) {
            return `        ${write}  fails EPIPE\n`;
        }
        const room = CAPACITY - pipe.text.length;
        if (room === 0) {
            return `        ${write}  fails EAGAIN\n`;
        }
        const written = Math.min(room, length);
        pipe.text += String.fromCharCode(97 + (n % 26)).repeat(written);
        return `        assert ${write} == ${written}\n`;
    }
    if (pipe.text === '' && count(pipe, writes) > 0) {
        return `        ${name}.read(5)  fails EAGAIN\n`;
    }
    const length = 1 + random.below(random.below(3) === 0 ? CAPACITY : 2000);
    const expected = pipe.text.slice(0, length);
    pipe.text = pipe.text.slice(length);
    return `        b = ${name}.read(${length})\n        assert b.length == ${expected.length}\n${[
        ...expected.matchAll(/(.)\1*/g),
    ]
        .slice(0, 3)
        .map(
            (m) =>
                `        assert b[${m.index}] == ${m[0].charCodeAt(0)} && b[${m.index + m[0].length - 1}] == ${m[0].charCodeAt(0)}\n`,
        )
        .join('')}`;
}

function scenario(random: Random): string {
    let out = '';
    const pipes: Model[] = [];
    for (let i = 0; i < 1 + random.below(3); i++) {
        const pipe: Model = { text: '', ends: [] };
        const end = (name: string, mode: End['mode']): void => {
            pipe.ends.push({ name, mode, pipe, open: true, token: -1 });
        };
        out += `        p${i} = pipe()\n        e${i}r = p${i}[0]\n        e${i}w = p${i}[1]\n`;
        end(`e${i}r`, 'r');
        end(`e${i}w`, 'w');
        for (let j = 0; j < random.below(3); j++) {
            const mode = random.pick(MODES);
            const flags = { r: 'O_RDONLY', w: 'O_WRONLY', rw: 'O_RDWR' }[mode];
            out += `        e${i}x${j} = open(str("/proc/self/fd/", e${i}r), flags: ${flags})\n`;
            end(`e${i}x${j}`, mode);
        }
        pipes.push(pipe);
    }
    const ends = pipes.flatMap((p) => p.ends);
    let n = 0;
    const steps = (most: number): void => {
        for (let i = 0; i < random.below(most); i++) {
            const open = ends.filter((e) => e.open);
            if (open.length > 0) {
                out += step(random, random.pick(open), n++);
            }
        }
    };
    steps(8);
    out += '        s = open("/dev/liveupdate").create_session("c")\n';
    for (const [i, end] of random.shuffled(ends).entries()) {
        if (random.below(5) === 0) {
            continue;
        }
        end.token = i;
        out += `        s.preserve_fd(${end.name}, token: ${i})\n`;
        if (random.below(3) === 0) {
            steps(3);
        }
    }
    steps(6);
    // a pipe of which nothing is preserved is no finding, and neither is an end that was closed before
    const lonely = pipes.some((p) => {
        const kept = p.ends.filter((e) => e.token >= 0);
        return (
            kept.length > 0 &&
            ((!kept.some(reads) && p.ends.some(reads)) || (!kept.some(writes) && p.ends.some(writes)))
        );
    });
    for (const end of ends) {
        end.open = end.token >= 0;
    }
    out += `        kexec_file_load("next")\n        reboot(KEXEC)\n    }\n    process p {\n`;
    out += '        s = open("/dev/liveupdate").retrieve_session("c")\n';
    for (const end of random.shuffled(ends.filter((e) => e.open))) {
        out += `        ${end.name} = s.retrieve_fd(token: ${end.token})\n`;
    }
    out += '        s.finish()\n';
    steps(14);
    return handingOver({ layer: 'pipe', finds: lonely ? 'LU1120' : undefined, steps: out, functions: FUNCTIONS });
}

suite('pipes', () => {
    test('arrive with what a naive model says', () => {
        allPass(1120, RUNS, scenario);
    });
});
