/**
 * CRIU against a naive model: random trees of processes with memfds, pipes and eventfds, opened several times, shared
 * and renumbered. After the kexec every process has the same descriptors, the same pairs of them are one open file, and
 * each file has its content.
 */
import assert from 'node:assert/strict';
import type { Random } from '../support/random';
import { allPass } from '../support/random-scenarios';

const RUNS = 20;

/** What is behind open files. The position of a write end is −1. */
interface Thing {
    readonly kind: 'memfd' | 'pipe' | 'eventfd';
    text: string;
    count: number;
    readonly semaphore: boolean;
}

interface Open {
    readonly thing: Thing | null;
    pos: number;
}

interface Task {
    readonly name: string;
    readonly fds: Map<number, { readonly open: Open; cloexec: boolean }>;
}

function lowest({ fds }: Task, taken: readonly number[] = []): number {
    for (let n = 0; ; n++) {
        if (!fds.has(n) && !taken.includes(n)) {
            return n;
        }
    }
}

class World {
    readonly tasks: Task[];
    private step = 0;
    statements = '';

    constructor(private readonly random: Random) {
        this.tasks = Array.from({ length: 1 + random.below(3) }, (_, i) => {
            const open: Open = { thing: null, pos: 0 };
            return {
                name: `t${i}`,
                fds: new Map([0, 1, 2].map((n) => [n, { open, cloexec: false }])),
            };
        });
    }

    private add(task: Task, open: Open, cloexec = false, at = lowest(task)): void {
        task.fds.set(at, { open, cloexec });
    }

    private pick(task: Task, is: (thing: Thing) => boolean): [number, Open, Thing] | undefined {
        const all = [...task.fds].flatMap(([n, { open }]): [number, Open, Thing][] =>
            open.thing && is(open.thing) ? [[n, open, open.thing]] : [],
        );
        return all.length === 0 ? undefined : this.random.pick(all);
    }

    private isRead(thing: Thing): boolean {
        return this.tasks.some((t) => [...t.fds.values()].some(({ open }) => open.thing === thing && open.pos === 0));
    }

    /** A random step of a task. */
    act(): void {
        const { random } = this;
        const task = random.pick(this.tasks);
        const n = this.step++;
        let line = '';
        switch (random.below(9)) {
            case 0: {
                const text = `memory ${n} `.repeat(1 + random.below(600));
                line = `m${n} = memfd_create("m${n}", flags: MFD_ALLOW_SEALING)\n m${n}.write("${text}")`;
                this.add(task, { thing: { kind: 'memfd', text, count: 0, semaphore: false }, pos: text.length });
                break;
            }
            case 1: {
                const thing: Thing = { kind: 'pipe', text: '', count: 0, semaphore: false };
                line = `_p${n} = pipe()`;
                this.add(task, { thing, pos: 0 });
                this.add(task, { thing, pos: -1 });
                break;
            }
            case 2: {
                const semaphore = random.below(2) === 0;
                const count = random.below(7);
                line = `_e${n} = eventfd(${count}${semaphore ? ', flags: EFD_SEMAPHORE' : ''})`;
                this.add(task, { thing: { kind: 'eventfd', text: '', count, semaphore }, pos: 0 });
                break;
            }
            case 3: {
                const found = this.pick(task, (t) => t.kind === 'memfd');
                if (found) {
                    line = `_r${n} = open("/proc/self/fd/${found[0]}")`;
                    this.add(task, { thing: found[2], pos: 0 });
                }
                break;
            }
            case 4: {
                const found = this.pick(task, (t) => t.kind === 'pipe');
                if (found && found[1].pos === -1 && this.isRead(found[2])) {
                    line = `put(${found[0]}, "piped ${n} ")`;
                    found[2].text += `piped ${n} `;
                }
                break;
            }
            case 5: {
                const found = this.pick(task, (t) => t.kind === 'memfd');
                if (found) {
                    found[1].pos = random.below(5000);
                    line = `seek(${found[0]}, ${found[1].pos})`;
                }
                break;
            }
            case 6: {
                const found = this.pick(task, () => true);
                const to = 3 + random.below(12);
                if (found && to !== found[0]) {
                    line = `renumber(${found[0]}, ${to})`;
                    this.add(task, found[1], false, to);
                }
                break;
            }
            case 7: {
                const from = random.pick(this.tasks);
                const found = this.pick(from, () => true);
                if (found) {
                    const pidfd = lowest(task);
                    line = `f${n} = pidfd_open(${from.name}.pid)\n pidfd_getfd(f${n}, ${found[0]})\n f${n}.close()`;
                    this.add(task, found[1], true, lowest(task, [pidfd]));
                }
                break;
            }
            case 8: {
                const found = this.pick(task, () => true);
                if (found && random.below(2) === 0) {
                    line = `shut(${found[0]})`;
                    task.fds.delete(found[0]);
                }
            }
        }
        this.statements += line === '' ? '' : `    ${task.name} {\n ${line}\n    }\n`;
    }

    /** What must hold after the update. Pipes are read last, because that empties them. */
    checks(): string {
        let out = '';
        const all = this.tasks.flatMap((t) => [...t.fds].map(([n, entry]) => ({ t, n, ...entry })));
        for (const t of this.tasks) {
            const numbers = [...t.fds.keys()].sort((a, b) => a - b);
            out += `    ${t.name} {\n        assert proc_fds(${t.name}.pid) == [${numbers.join(', ')}]\n`;
            for (const [n, { open, cloexec }] of t.fds) {
                out += `        assert (proc_fdinfo(${t.name}.pid, ${n}).flags & O_CLOEXEC != 0) == ${cloexec}\n`;
                if (open.thing?.kind === 'memfd') {
                    const { text } = open.thing;
                    out += `        assert content(${n}) == "${text}"\n        assert proc_fdinfo(${t.name}.pid, ${n}).pos == ${open.pos}\n`;
                }
                if (open.thing?.kind === 'eventfd') {
                    out += `        assert proc_fdinfo(${t.name}.pid, ${n}).eventfd_count == ${open.thing.count}\n`;
                    out += `        assert proc_fdinfo(${t.name}.pid, ${n}).eventfd_semaphore == ${open.thing.semaphore ? 1 : 0}\n`;
                }
            }
            out += '    }\n';
        }
        const first = this.tasks[0] ?? assert.fail();
        out += `    ${first.name} {\n`;
        for (const a of all) {
            const b = this.random.pick(all);
            out += `        assert (kcmp(${a.t.name}.pid, ${b.t.name}.pid, ${a.n}, ${b.n}) == 0) == ${a.open === b.open}\n`;
        }
        out += '    }\n';
        const read = new Set<Thing>();
        for (const { t, n, open } of all) {
            const thing = open.thing;
            if (thing?.kind === 'pipe' && open.pos === 0 && !read.has(thing)) {
                read.add(thing);
                const writer = all.some((o) => o.open.thing === thing && o.open.pos === -1);
                out += `    ${t.name} { ${
                    thing.text === '' && writer
                        ? `get(${n})  fails EAGAIN`
                        : `assert text_of(get(${n})) == "${thing.text}"`
                } }\n`;
            }
        }
        return out;
    }
}

function scenario(random: Random): string {
    const world = new World(random);
    for (let i = 0; i < 10 + random.below(40); i++) {
        world.act();
    }
    const names = world.tasks.map((t) => t.name);
    return `import <criu>
fn put(d: fd, text: string) { d.write(text) }
fn get(d: fd) { return d.read(60000) }
fn seek(d: fd, to: int) { d.lseek(to) }
fn shut(d: fd) { d.close() }
fn renumber(d: fd, to: int) { d.dup2(to) }
fn content(d: fd) { return text_of(d.pread(d.size, at: 0)) }
scenario "s" {
    boot "7.3"
    process ${names.join(', ')}, criu
${world.statements}
    criu {
        tree = criu_tree()
${names.map((n) => `        criu_dump_task(tree, "${n}", ${n}.pid)\n`).join('')}
        assert criu_dump(tree, open("/dev/liveupdate"), "tree")
        kexec_file_load("7.3")
        reboot(KEXEC)
    }
    process criu, ${names.join(', ')}
    criu { criu_restore(open("/dev/liveupdate"), "tree") }
${names.map((n) => `    ${n} { criu_task(criu.pid, "${n}") }\n`).join('')}
    kill criu
${world.checks()}
    assert kho.incoming.unclaimed == 0
}
`;
}

suite('CRIU', () => {
    test('builds what a naive model says', () => {
        allPass(2947, RUNS, scenario);
    });
});
