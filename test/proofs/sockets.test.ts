/**
 * Pairs of sockets over a kexec against a naive model: two strings for each pair. Some ends are closed before, some are
 * preserved, in any order, and retrieved in any other.
 */
import type { Random } from '../support/random';
import { allPass, handingOver } from '../support/random-scenarios';

const RUNS = 20;

interface End {
    readonly name: string;
    /** What was sent to it and not read. */
    text: string;
    open: boolean;
    /** The other end was closed before it had read everything. */
    reset: boolean;
    token: number;
    other: End | null;
}

function write(random: Random, end: End, n: number): string {
    const there = end.other?.open === true ? end.other : null;
    const letter = String.fromCharCode(97 + (n % 26));
    const length = 1 + random.below(random.below(3) === 0 ? 300 : 6);
    const call = `${end.name}.write("${letter.repeat(length)}")`;
    if (!there) {
        return `        ${call}  fails EPIPE\n`;
    }
    there.text += letter.repeat(length);
    return `        assert ${call} == ${length}\n`;
}

function read(random: Random, end: End): string {
    if (end.text === '' && end.reset) {
        end.reset = false;
        return `        ${end.name}.read(5)  fails ECONNRESET\n`;
    }
    if (end.text === '' && end.other?.open === true) {
        return `        ${end.name}.read(5)  fails EAGAIN\n`;
    }
    const length = 1 + random.below(random.below(2) === 0 ? 8 : 400);
    const expected = end.text.slice(0, length);
    end.text = end.text.slice(length);
    return `        assert text_of(${end.name}.read(${length})) == "${expected}"\n`;
}

function close(end: End): string {
    end.open = false;
    if (end.other?.open === true && end.text !== '') {
        end.other.reset = true;
    }
    return `        ${end.name}.close()\n`;
}

function scenario(random: Random): string {
    let out = '';
    const ends: End[] = [];
    for (let i = 0; i < 1 + random.below(3); i++) {
        const end = (name: string): End => ({ name, text: '', open: true, reset: false, token: -1, other: null });
        const [a, b] = [end(`a${i}`), end(`b${i}`)];
        a.other = b;
        b.other = a;
        ends.push(a, b);
        out += `        p${i} = socketpair()\n        a${i} = p${i}[0]\n        b${i} = p${i}[1]\n`;
    }
    let n = 0;
    const steps = (most: number): void => {
        for (let i = 0; i < random.below(most); i++) {
            const open = ends.filter((e) => e.open);
            if (open.length > 0) {
                const end = random.pick(open);
                out += random.below(2) === 0 ? write(random, end, n++) : read(random, end);
            }
        }
    };
    steps(12);
    if (random.below(3) === 0) {
        out += close(random.pick(ends));
    }
    steps(4);
    out += '        s = open("/dev/liveupdate").create_session("c")\n';
    for (const [i, end] of random.shuffled(ends).entries()) {
        if (end.open && random.below(5) > 0) {
            end.token = i;
            out += `        s.preserve_fd(${end.name}, token: ${i})\n`;
            steps(3);
        }
    }
    steps(8);
    const lonely = ends.some((e) => e.token >= 0 && e.other?.open === true && e.other.token < 0);
    for (const end of ends) {
        end.open = end.token >= 0;
        end.reset = false;
    }
    out += `        kexec_file_load("next")\n        reboot(KEXEC)\n    }\n    process p {\n`;
    out += '        s = open("/dev/liveupdate").retrieve_session("c")\n';
    for (const end of random.shuffled(ends.filter((e) => e.open))) {
        out += `        ${end.name} = s.retrieve_fd(token: ${end.token})\n`;
    }
    out += '        s.finish()\n';
    steps(16);
    return handingOver({ layer: 'unix_socket', finds: lonely ? 'LU1120' : undefined, steps: out });
}

suite('pairs of sockets', () => {
    test('arrive with what a naive model says', () => {
        allPass(1121, RUNS, scenario);
    });
});
