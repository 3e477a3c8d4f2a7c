/** Makes up recordings: steps by a seeded generator, and what the second model says of them. */
import { decodeText } from '../../../emulator/text/utf8';
import type { OpenFile } from './luo';
import { World, type Line } from './world';

/** mulberry32 */
class Random {
    constructor(private state: number) {}

    next(): number {
        this.state = (this.state + 0x6d2b79f5) | 0;
        let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    }

    below(n: number): number {
        return Math.floor(this.next() * n);
    }

    chance(p: number): boolean {
        return this.next() < p;
    }

    pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
        const item = items[this.below(items.length)];
        if (item === undefined) {
            throw new RangeError('nothing to pick from');
        }
        return item;
    }

    weighted<T>(items: readonly (readonly [number, T])[]): T {
        let at = this.next() * items.reduce((sum, [w]) => sum + w, 0);
        for (const [weight, item] of items) {
            at -= weight;
            if (at < 0) {
                return item;
            }
        }
        return this.pick(items)[1];
    }
}

const NAMES = [
    ...['vm-1', 'vm-2', 'db', 'cache', 'spaces in name', 'x'.repeat(63), 'x'.repeat(64), ''],
    ...['gäst', '日本語', '😀', 'é'.repeat(32)],
];
const TOKENS = ['0x0', '0x1', '0x2', '0x3', '0x10', '0xffffffffffffffff'];
const LENGTHS = [1, 5, 10, 100, 4096, 4097, 7000, 9000, 12288, 40000, 70000];
const OFFSETS = [0, 0, 0, 1, 100, 4000, 4096, 5000, 8192, 12288, 2097152 - 5000];
/** Offsets at the borders of what numbers hold, and beside them: of a double, and of 63 and 64 bits. */
const FAR = [53n, 62n, 63n, 64n]
    .flatMap((bits) => [-4096n, -1n, 0n, 1n, 4096n].map((by) => 2n ** bits + by))
    .filter((n) => n < 2n ** 64n)
    .map(String)
    .concat('-1', '-4096', String(-(2n ** 63n)));
/** Lengths that are none. */
const NO_LENGTH = ['0', '-1', '-5', String(2n ** 63n), String(2n ** 64n - 1n)];
const ERRNOS = [5, 12, 16, 22];
const SEAL_NAMES = ['seal', 'shrink', 'grow', 'write', 'future_write', 'exec'];

class Generator {
    readonly world = new World();
    readonly lines: Line[] = [{ boot: 0 }];
    private n = 0;

    constructor(
        private readonly random: Random,
        private readonly seals: readonly string[] = SEAL_NAMES,
    ) {}

    step(op: string): void {
        this.lines.push(...this.world.step(op));
    }

    private fresh(prefix: string): string {
        return `${prefix}${++this.n}`;
    }

    /** A process that has a slot with such a file, and the slot; undefined where there is none. */
    private find(fits: (file: OpenFile) => boolean): readonly [string, string] | undefined {
        const found = [...this.world.processes].flatMap(([who, p]) =>
            [...p.slots.keys()]
                .filter((s) => {
                    const file = p.in(s)?.file;
                    return file !== undefined && fits(file);
                })
                .map((s) => [who, s] as const),
        );
        return found.length === 0 ? undefined : this.random.pick(found);
    }

    /** What {@link find} finds; now and then anything else, or a slot that was never filled. */
    private some(fits: (file: OpenFile) => boolean): readonly [string, string] {
        const { random: r, world } = this;
        const found = r.chance(0.05) ? undefined : this.find(fits);
        return (
            found ??
            (r.chance(0.5) ? this.find(() => true) : undefined) ?? [r.pick([...world.processes.keys()]), 'none']
        );
    }

    private session(incoming: boolean): readonly [string, string] {
        return this.some((f) => f.session?.incoming === incoming);
    }

    private name(incoming: boolean): string {
        const known = this.world.luo.incoming
            .filter((s) => !s.retrieved || this.random.chance(0.1))
            .map((s) => decodeText(Buffer.from(s.name, 'latin1')));
        return incoming && known.length > 0 && this.random.chance(0.9)
            ? this.random.pick(known)
            : this.random.pick(NAMES);
    }

    private token(who: string, session: string): string {
        const known =
            this.world.processes
                .get(who)
                ?.in(session)
                ?.file.session?.files.map((f) => `0x${f.token.toString(16)}`) ?? [];
        return known.length > 0 && this.random.chance(0.85) ? this.random.pick(known) : this.random.pick(TOKENS);
    }

    any(): void {
        const { random: r, world } = this;
        const names = [...world.processes.keys()];
        if (names.length === 0 || (names.length < 3 && r.chance(0.03))) {
            this.step(`spawn ${this.fresh('p')}`);
        } else if (!world.luo.inUse && r.chance(0.5)) {
            this.step(`${r.pick(names)} open ${this.fresh('dev')} /dev/liveupdate`);
        } else {
            const files = world.luo.outgoing.reduce((n, session) => n + session.files.length, 0);
            r.weighted<() => void>([
                [world.luo.incoming.length > 0 ? 40 : 1, () => this.taking(r.pick(names))],
                [22, () => this.giving(r.pick(names))],
                [20, () => this.filing(r.pick(names))],
                [12, () => this.oddities(names)],
                [files > 3 ? 6 : files > 0 ? 2 : 0.2, () => this.kexec()],
            ])();
        }
    }

    /** What is done before an update. */
    private giving(who: string): void {
        const { random: r } = this;
        const device = (): readonly [string, string] => this.some((f) => f.kind === 'device');
        r.weighted<() => void>([
            [
                6,
                () => {
                    const [owner, dev] = device();
                    this.step(`${owner} create_session ${this.fresh('s')} ${dev} "${this.name(false)}"`);
                },
            ],
            [
                4,
                () =>
                    this.step(
                        `${who} luofile ${this.fresh('f')} ${r.weighted([
                            [4, 'a'],
                            [4, 'b'],
                            [3, 'c'],
                            [2, 'd'],
                        ])} ${r.below(20)}`,
                    ),
            ],
            [
                3,
                () =>
                    this.step(
                        `${who} memfd ${this.fresh('m')} ${r.weighted([
                            [6, 'seal'],
                            [2, 'none'],
                            [1, 'cloexec'],
                            [1, 'noexec'],
                        ])}`,
                    ),
            ],
            [10, () => this.preserve()],
        ])();
    }

    private preserve(): void {
        const { random: r, world } = this;
        const [who, session] = this.session(false);
        const p = world.processes.get(who);
        const files = [...(p?.slots.keys() ?? [])].filter((s) => s !== session);
        if (files.length === 0 || r.chance(0.4)) {
            const slot = this.fresh('f');
            this.step(
                r.chance(0.35)
                    ? `${who} memfd ${slot} seal`
                    : `${who} luofile ${slot} ${r.pick(['a', 'a', 'b', 'b', 'c', 'd'])} ${r.below(20)}`,
            );
            if (r.chance(0.3) && p?.in(slot)?.file.memory) {
                this.step(`${who} pwrite ${slot} ${r.pick(OFFSETS)} ${r.pick(LENGTHS)} ${r.below(256)}`);
            }
            files.push(slot);
        }
        const file = r.chance(0.6) ? (files.at(-1) ?? 'none') : r.pick(files);
        this.step(
            `${who} preserve ${session} ${file} ${r.chance(0.7) ? `0x${(0x100 + this.n).toString(16)}` : r.pick(TOKENS)}`,
        );
    }

    /** What is done after an update. */
    private taking(who: string): void {
        const { random: r } = this;
        r.weighted<() => void>([
            [
                5,
                () => {
                    const [owner, dev] = this.some((f) => f.kind === 'device');
                    this.step(`${owner} retrieve_session ${this.fresh('s')} ${dev} "${this.name(true)}"`);
                },
            ],
            [
                7,
                () => {
                    const [owner, session] = this.session(true);
                    this.step(`${owner} retrieve ${this.fresh('m')} ${session} ${this.token(owner, session)}`);
                },
            ],
            [2, () => this.step(`${r.pick([...this.world.processes.keys()])} getfd ${this.session(true)[1]}`)],
            [
                3,
                () => {
                    const [owner, session] = this.session(r.chance(0.95));
                    this.step(`${owner} finish ${session}`);
                },
            ],
            [
                2,
                () => {
                    const [owner, slot] = this.find((f) => f.kind === 'luotest') ?? [who, 'none'];
                    this.step(`${owner} luoread ${slot}`);
                },
            ],
            [3, () => this.control(['flb_get', 'flb_get', 'flb_put'])],
        ])();
    }

    /** A call on a file in memory: of other kinds of files the model does not know what reading and writing give. */
    private filing(who: string): void {
        const { random: r } = this;
        const found = this.find((f) => f.memory !== undefined);
        if (!found) {
            this.step(`${who} memfd ${this.fresh('m')} seal`);
            return;
        }
        const [owner, slot] = r.chance(0.03) ? ([who, 'none'] as const) : found;
        if (r.chance(0.08)) {
            this.step(`${owner} ${this.far(r.chance(0.2) ? 'none' : slot)}`);
            return;
        }
        this.step(
            `${owner} ${r.weighted<() => string>([
                [6, () => `pwrite ${slot} ${r.pick(OFFSETS)} ${r.pick(LENGTHS)} ${r.below(256)}`],
                [2, () => `write ${slot} ${r.pick(LENGTHS)} ${r.below(256)}`],
                [1, () => `puts ${slot} ${r.pick(OFFSETS)} "hello live update"`],
                [3, () => `truncate ${slot} ${r.pick([0, ...OFFSETS, ...LENGTHS])}`],
                [3, () => `${r.pick(['fallocate', 'punch'])} ${slot} ${r.pick(OFFSETS)} ${r.pick(LENGTHS)}`],
                [4, () => `lseek ${slot} ${r.pick(OFFSETS)} ${r.pick(['set', 'set', 'cur', 'end', 'hole', 'data'])}`],
                [5, () => `pread ${slot} ${r.pick(OFFSETS)} ${r.pick(LENGTHS)}`],
                [2, () => `read ${slot} ${r.pick(LENGTHS)}`],
                [5, () => `${r.pick(['fstat', 'getseals', 'mmapw'])} ${slot}`],
                [2, () => `addseals ${slot} ${this.seals.filter(() => r.chance(0.2)).join(',') || 'shrink'}`],
            ])()}`,
        );
    }

    /** A call with an offset or a length that nobody needs. Nothing allocates more than a little. */
    private far(slot: string): string {
        const { random: r } = this;
        const [at, length] = [r.pick(FAR), r.pick([1, 10, 100, 4096, 5000])];
        return r.weighted<() => string>([
            [5, () => `lseek ${slot} ${at} ${r.pick(['set', 'cur', 'end', 'hole', 'data'])}`],
            [3, () => `truncate ${slot} ${at}`],
            [3, () => `pread ${slot} ${at} ${length}`],
            [2, () => `pwrite ${slot} ${at} ${length} ${r.below(256)}`],
            [1, () => `puts ${slot} ${at} "far away"`],
            [2, () => `${r.pick(['fallocate', 'punch'])} ${slot} ${at} ${length}`],
            [1, () => `punch ${slot} ${r.pick(OFFSETS)} ${at}`],
            [1, () => `${r.pick(['fallocate', 'punch'])} ${slot} ${r.pick([...OFFSETS, at])} ${r.pick(NO_LENGTH)}`],
        ])();
    }

    /** A step that has nothing to do with live update. */
    files(): void {
        const { random: r, world } = this;
        const names = [...world.processes.keys()];
        const who = names.length < 2 ? this.fresh('p') : r.pick(names);
        if (names.length < 2) {
            this.step(`spawn ${who}`);
        }
        const [owner, slot] = this.find((f) => f.memory !== undefined) ?? [who, 'none'];
        r.weighted<() => void>([
            [20, () => this.filing(who)],
            [
                4,
                () =>
                    this.step(
                        `${who} memfd ${this.fresh('m')} ${r.pick(['seal', 'seal', 'none', 'cloexec', 'noexec'])}`,
                    ),
            ],
            [
                1,
                () =>
                    this.step(
                        `${who} ${r.pick(['tmpfile', 'tmpnamed', 'pipe', 'socket', 'eventfd'])} ${this.fresh('o')}`,
                    ),
            ],
            [1, () => this.step(`${owner} dup ${this.fresh('d')} ${slot}`)],
            [1, () => this.step(`pass ${owner} ${r.pick([...world.processes.keys()])} ${slot}`)],
            [1, () => this.step(`${owner} ${r.pick(['getfl', 'getfd', 'setappend'])} ${slot}`)],
            [1, () => this.step(`${owner} close ${slot}`)],
            [0.3, () => this.step(`kill ${owner}`)],
        ])();
    }

    /** Descriptors that come and go, failures, and what nobody would do. */
    private oddities(names: readonly string[]): void {
        const { random: r } = this;
        const [who, slot] = this.some((f) => r.chance(f.kind === 'session' || f.kind === 'device' ? 0.3 : 1));
        r.weighted<() => void>([
            [1, () => this.step(`${who} open ${this.fresh('dev')} ${r.chance(0.8) ? '/dev/liveupdate' : '/dev/null'}`)],
            [
                1,
                () =>
                    this.step(
                        `${who} ${r.pick(['pipe', 'socket', 'eventfd', 'tmpfile', 'tmpnamed'])} ${this.fresh('o')}`,
                    ),
            ],
            [
                1,
                () => {
                    const [owner, session] = this.some((f) => f.kind === 'session');
                    this.step(`${owner} get_name ${session}`);
                },
            ],
            [1, () => this.step(`${who} ${r.pick(['getfl', 'getfd', 'setappend'])} ${slot}`)],
            [1, () => this.step(`${who} dup ${this.fresh('d')} ${slot}`)],
            [3, () => this.step(`${who} close ${slot}`)],
            [2, () => this.step(`pass ${who} ${r.pick(names)} ${slot}`)],
            [0.4, () => this.step(`kill ${who}`)],
            [
                5,
                () =>
                    this.control([
                        'inject',
                        'inject',
                        'inject',
                        'inject',
                        'flbinject',
                        'flb_get',
                        'flb_put',
                        'flb_getout',
                        'flb_putout',
                    ]),
            ],
            [2, () => this.raw()],
            [2, () => this.readonly()],
            [1, () => this.step(r.pick(['load', 'load', 'load luotest.d=1', 'unload']))],
        ])();
    }

    private kexec(): void {
        if (this.world.loaded === undefined && this.random.chance(0.9)) {
            this.step(this.random.chance(0.6) ? 'load' : 'load luotest.d=1');
        }
        this.step('kexec');
    }

    private control(commands: readonly string[]): void {
        const { random: r } = this;
        const flb = r.pick(['x', 'y']);
        const command = r.pick(commands);
        if (command === 'inject') {
            const callback = r.pick(['can_preserve', 'preserve', 'freeze', 'freeze', 'retrieve', 'can_finish']);
            this.step(
                `ctl "inject ${r.pick(['a', 'b', 'c'])}.${callback} ${r.pick(ERRNOS)} ${1 + r.below(2)} ${r.below(3)}"`,
            );
        } else if (command === 'flbinject') {
            this.step(`ctl "flbinject ${flb}.${r.pick(['preserve', 'retrieve'])} ${r.pick(ERRNOS)} 1"`);
        } else if (command !== 'flb_putout' || this.world.luo.outReferences(flb) > 0) {
            this.step(`ctl "${command} ${flb}"`);
        }
    }

    private raw(): void {
        const { random: r } = this;
        const onDevice = r.chance(0.4);
        const [who, slot] = this.some((f) => f.kind === (onDevice ? 'device' : 'session'));
        const nr = r.pick(onDevice ? [0, 1, 2, 0x3f, 0x40] : [0, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44]);
        // Where it may be executed, the descriptor in it is none.
        const data =
            nr === 0x40
                ? `ffffffff0${r.below(4)}`
                : r.pick(['', '00', '00000000', '01000000', `00000000${'00'.repeat(64)}ff`, '0000000078797a']);
        this.step(
            `${who} raw ${slot} 0x${nr.toString(16)} ${r.pick([0, 7, 8, 15, 16, 71, 72, 72, 73, 80, 256])} ${data}`.trimEnd(),
        );
    }

    private readonly(): void {
        const { random: r } = this;
        const [owner, device] = this.some((f) => f.kind === 'device');
        switch (r.below(4)) {
            case 0:
                this.step(`${owner} ro create ${device} "${this.name(false)}"`);
                break;
            case 1:
                this.step(`${owner} ro retrieve ${device} "${this.name(true)}"`);
                break;
            case 2: {
                const [who, session] = this.session(false);
                const slots = [...(this.world.processes.get(who)?.slots.keys() ?? [])];
                this.step(
                    `${who} ro preserve ${session} ${slots.length > 0 ? r.pick(slots) : 'none'} ${r.pick(TOKENS)}`,
                );
                break;
            }
            default: {
                const [who, session] = this.session(true);
                this.step(`${who} ro retrieve_fd ${session} ${this.token(who, session)}`);
            }
        }
    }

    /** As many sessions as a block of the handover holds, and one more that is refused. */
    fullBlock(): void {
        this.step('spawn full');
        this.step('full open dev /dev/liveupdate');
        for (let i = 0; i < 51; i++) {
            this.step(`full create_session b${i} dev "block ${i}"`);
        }
        if (this.random.chance(0.7)) {
            this.step('full create_session again dev "block 7"');
        }
        if (this.random.chance(0.3)) {
            this.step(`full close b${this.random.below(51)}`);
        }
        if (this.random.chance(0.6)) {
            this.kexec();
        }
    }
}

/** How many of the runs begin with a full block: one of these. */
const FULL_BLOCKS = 150;

/**
 * Steps that any Linux can make, without live update: files in memory, and descriptors that go from process to
 * process. Nothing is said of what comes of them. Without F_SEAL_GROW: how much of a write beyond the end goes
 * through before EPERM depends on the largest folio that the mapping could have, which differs between releases and
 * configurations.
 */
export function generateFileSteps(seed: number): string[] {
    const random = new Random(seed);
    const g = new Generator(
        random,
        SEAL_NAMES.filter((s) => s !== 'grow'),
    );
    g.step('spawn p');
    g.step('spawn q');
    for (let n = 20 + random.below(40); n > 0; n--) {
        g.files();
    }
    return g.lines.flatMap((line) => ('op' in line ? [line.op] : []));
}

/** The recording that a seed stands for, as text. */
export function generate(seed: number): string {
    const random = new Random(seed);
    const g = new Generator(random);
    if (random.below(FULL_BLOCKS) === 0) {
        g.fullBlock();
    }
    for (let n = 30 + random.below(60); n > 0 && !g.world.panicked; n--) {
        g.any();
    }
    return g.lines.map((line) => `${written(line)}\n`).join('');
}

/** A line as JSON, in which large numbers have all of their digits. */
function written(line: Line): string {
    return JSON.stringify(line, (_key, value: unknown) => (typeof value === 'bigint' ? `<${value}>` : value)).replace(
        /"<(-?\d+)>"/g,
        '$1',
    );
}
