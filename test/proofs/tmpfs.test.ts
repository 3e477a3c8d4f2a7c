/**
 * A tmpfs over a kexec against a naive model: files with random contents are created, written, renamed and removed in
 * the root and in a directory, some of them are preserved, and retrieved in any order. Afterwards every path leads to
 * the contents that the model says, or nowhere, and the tmpfs has the pages of its files.
 */
import type { Random } from '../support/random';
import { allPass, handingOver } from '../support/random-scenarios';

const RUNS = 25;
const PAGE = 4096;
const LIMIT = 40;

interface File {
    path: string;
    /** By page; undefined: a hole. */
    readonly pages: (number | undefined)[];
    readonly name: string;
    token: number;
}

const used = (files: readonly File[]): number => files.flatMap((f) => f.pages).filter((p) => p !== undefined).length;

function scenario(random: Random): string {
    const files: File[] = [];
    let out = '';
    let n = 0;
    const say = (line: string): void => {
        out += `        ${line}\n`;
    };
    const path = (): string => `/m/${random.below(4) === 0 ? 'd/' : ''}${random.pick(['a', 'b', 'c', 'd2', 'e'])}`;
    const at = (p: string): File | undefined => files.find((f) => f.path === p);
    const create = (): void => {
        const p = path();
        if (!at(p)) {
            const name = `f${n++}`;
            say(`${name} = open("${p}", O_RDWR | O_CREAT | O_EXCL)`);
            files.push({ path: p, pages: [], name, token: -1 });
        } else {
            say(`open("${p}", O_RDWR | O_CREAT | O_EXCL)  fails EEXIST`);
        }
    };
    /** A page, also of a hole; of a preserved file only what it has. */
    const write = (f: File): void => {
        const index = random.below(f.token >= 0 ? Math.max(1, f.pages.length) : 5);
        const seed = 1 + random.below(200);
        const line = `${f.name}.pwrite(pattern(${seed}, ${PAGE}), at: ${index * PAGE})`;
        if (f.token >= 0 && index >= f.pages.length) {
            say(`${line}  fails EPERM`);
        } else if (f.pages[index] === undefined && used(files) >= LIMIT) {
            say(`${line}  fails ENOSPC`);
        } else {
            say(line);
            while (f.pages.length < index) {
                f.pages.push(undefined);
            }
            f.pages[index] = seed;
        }
    };
    const move = (f: File): void => {
        const to = path();
        const other = at(to);
        if (other && other.token >= 0) {
            return;
        }
        // a preserved file stays in the root directory
        if (f.token >= 0 && to.startsWith('/m/d/')) {
            return;
        }
        say(`rename("${f.path}", "${to}")`);
        if (other && other !== f) {
            files.splice(files.indexOf(other), 1);
            say(`${other.name}.close()`);
        }
        f.path = to;
    };
    const remove = (f: File): void => {
        if (f.token < 0) {
            say(`unlink("${f.path}")`);
            say(`${f.name}.close()`);
            files.splice(files.indexOf(f), 1);
        }
    };
    const steps = (most: number): void => {
        for (let i = 0; i < random.below(most); i++) {
            const f = files.length > 0 ? random.pick(files) : undefined;
            const what = random.below(6);
            if (!f || what === 0) {
                create();
            } else if (what < 4) {
                write(f);
            } else if (what === 4) {
                move(f);
            } else {
                remove(f);
            }
        }
    };
    say(`mount_tmpfs("/m", size: ${LIMIT * PAGE})`);
    say('mkdir("/m/d")');
    steps(16);
    say('s = open("/dev/liveupdate").create_session("s")');
    say('s.preserve_fd(open("/m", O_RDONLY), token: 100)');
    for (const [i, f] of random.shuffled(files).entries()) {
        const line = `s.preserve_fd(${f.name}, token: ${i})`;
        if (f.path.startsWith('/m/d/')) {
            say(`${line}  fails ENOENT`);
        } else if (random.below(4) > 0) {
            const holes = f.pages.filter((p) => p === undefined).length;
            if (used(files) + holes > LIMIT) {
                say(`${line}  fails ENOSPC`);
                // what was filled stays
                for (let at = 0, room = LIMIT - used(files); at < f.pages.length && room > 0; at++) {
                    if (f.pages[at] === undefined) {
                        f.pages[at] = 0;
                        room--;
                    }
                }
                continue;
            }
            say(line);
            for (let at = 0; at < f.pages.length; at++) {
                f.pages[at] ??= 0;
            }
            f.token = i;
        }
    }
    steps(10);
    const kept = files.filter((f) => f.token >= 0);
    const lost = files.length > kept.length;
    out += `        kexec_file_load("next")\n        reboot(KEXEC)\n    }\n    process p {\n`;
    say('s = open("/dev/liveupdate").retrieve_session("s")');
    const order = random.shuffled([100, ...kept.map((f) => f.token)]);
    for (const token of order) {
        say(`r${token} = s.retrieve_fd(token: ${token})`);
    }
    say('r100.move_mount("/m")');
    say('s.finish()');
    say('open("/m/d", O_RDONLY)  fails ENOENT');
    for (const p of ['a', 'b', 'c', 'd2', 'e']) {
        const f = kept.find((k) => k.path === `/m/${p}`);
        if (!f) {
            say(`open("/m/${p}")  fails ENOENT`);
            continue;
        }
        say(`f = open("/m/${p}")`);
        say(`assert f.size == ${f.pages.length * PAGE}`);
        for (const [i, seed] of f.pages.entries()) {
            const expected = seed ? `pattern(${seed}, ${PAGE})` : `zeros(${PAGE})`;
            say(`assert f.pread(${PAGE}, at: ${i * PAGE}) == ${expected}`);
        }
    }
    say(`assert statfs("/m").bfree == ${LIMIT - used(kept)}`);
    say(`assert statfs("/m").files - statfs("/m").ffree == ${1 + kept.length}`);
    return handingOver({ layer: 'tmpfs', finds: lost ? 'LU1124' : undefined, steps: out });
}

suite('a tmpfs', () => {
    test('arrives with what a naive model says', () => {
        allPass(1124, RUNS, scenario);
    });
});
