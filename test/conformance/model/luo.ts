/**
 * The second model, of live update: sessions, tokens, reference counts and file lifetimes as lists, sets and maps,
 * and the test handlers that the recorded kernel had. Written from the kernel's documentation; it shares nothing with
 * the emulator.
 */
import type { MemoryFile } from './memory-file';

/** A file of more pages is not preserved. */
const MOST_PAGES = 2n ** 32n - 1n;

export type FileKind = 'memory' | 'luotest' | 'session' | 'device' | 'null' | 'pipe' | 'socket' | 'eventfd';

/** An open file: what descriptors and live update hold references to. */
export class OpenFile {
    refs = 1;
    pos = 0n;
    append = false;
    session: Session | undefined;
    memory: MemoryFile | undefined;
    /** Of a test handler's file. */
    type = '';
    id = 0n;

    constructor(
        readonly kind: FileKind,
        readonly access = 2,
    ) {}
}

export interface Preserved {
    readonly token: bigint;
    readonly handler: string;
    file: OpenFile | undefined;
    data: bigint;
    /** What makes two files one resource. */
    claim: unknown;
    /** 0: nobody has asked; 1: there; a name: it failed so. */
    status: 0 | 1 | string;
    /** The seals when it was preserved. */
    seals: number;
    /** What the old kernel left of a memory file. */
    readonly contents?: { readonly memory: MemoryFile; readonly pos: bigint };
}

export class Session {
    readonly files: Preserved[] = [];
    retrieved = false;

    constructor(
        readonly name: string,
        readonly incoming: boolean,
    ) {}
}

/** One side's count of an FLB; `Infinity` stands for a count that has underflowed and is saturated. */
interface Flb {
    out: number;
    held: boolean;
    inCount: number;
    object: boolean;
    state: 'unknown' | 'retrieved' | 'finished' | { readonly error: string };
    /** What the old kernel handed over. */
    readonly handed: number | undefined;
}

const FLBS_OF: Readonly<Record<string, readonly string[]>> = { memfd: [], a: ['x'], b: ['x', 'y'], c: ['y'], d: [] };
const FLB_DATA: Readonly<Record<string, number>> = { x: 256, y: 257 };
const FULL = new Set(['a', 'b', 'd']);
const SESSIONS_IN_BLOCK = 51;
const ERRNO: Readonly<Record<string, number>> = { EPERM: 1, EIO: 5, ENOMEM: 12, EBUSY: 16, EINVAL: 22, ENOSPC: 28 };

function errnoName(n: number): string {
    return Object.entries(ERRNO).find(([, code]) => code === n)?.[0] ?? 'EIO';
}

/** What one kernel leaves to the next. */
export interface Handover {
    readonly sessions: readonly { readonly name: string; readonly files: readonly Preserved[] }[];
    readonly flbs: ReadonlyMap<string, number>;
    readonly emptyBlock: boolean;
}

export class Luo {
    readonly outgoing: Session[] = [];
    readonly incoming: Session[];
    private readonly claims = new Set<unknown>();
    private readonly flbs: Map<string, Flb>;
    private readonly injections = new Map<string, { readonly error: number; times: number; skip: number }>();
    private blocks = 0;
    private underflowed = false;
    private deserialized: boolean | undefined;
    inUse = false;

    /** @param drop gives up a reference to a file */
    constructor(
        private readonly handlers: readonly string[],
        handover: Handover | undefined,
        private readonly log: (line: string) => void,
        private readonly drop: (file: OpenFile) => void,
    ) {
        this.incoming = (handover?.sessions ?? []).map((s) => {
            const session = new Session(s.name, true);
            session.files.push(...s.files);
            return session;
        });
        this.flbs = new Map(
            ['x', 'y'].map((name) => [
                name,
                {
                    out: 0,
                    held: false,
                    inCount: 0,
                    object: false,
                    state: 'unknown' as const,
                    handed: handover?.flbs.get(name),
                },
            ]),
        );
    }

    // ------------------------------------------------------------ the test handlers

    inject(target: string, error: number, times: number, skip: number): void {
        this.injections.set(target, { error, times, skip });
    }

    private failure(target: string): number {
        const found = this.injections.get(target);
        if (!found || found.times === 0) {
            return 0;
        }
        if (found.skip > 0) {
            found.skip--;
            return 0;
        }
        found.times--;
        return found.error;
    }

    private handlerLog(handler: string, text: string): void {
        this.log(`luotest: luotest-${handler}-v1 ${text}`);
    }

    private handlerOf(file: OpenFile): string | undefined {
        for (const h of this.handlers) {
            if (h === 'memfd') {
                if (file.memory?.nlink === 0) {
                    return h;
                }
            } else if (file.kind === 'luotest' && file.type === h) {
                const no = this.failure(`${h}.can_preserve`) !== 0;
                this.handlerLog(h, `can_preserve id=${file.id} -> ${no ? 'no' : 'yes'}`);
                if (!no) {
                    return h;
                }
            }
        }
        return undefined;
    }

    private static claimOf(handler: string, file: OpenFile): unknown {
        return handler === 'memfd' ? file.memory : handler === 'b' ? file.id : file;
    }

    // ------------------------------------------------------------ FLBs

    private flb(name: string): Flb {
        const flb = this.flbs.get(name);
        if (!flb) {
            throw new RangeError(name);
        }
        return flb;
    }

    private underflow(): void {
        if (!this.underflowed) {
            this.underflowed = true;
            this.log('refcount_t: underflow; use-after-free.');
            this.log('WARNING: lib/refcount.c');
        }
    }

    private flbPreserve(name: string): string | undefined {
        const flb = this.flb(name);
        if (flb.out === 0) {
            const error = this.failure(`flb-${name}.preserve`);
            this.log(`luotest: luotest-flb-${name}-v1 flb preserve -> ${0 - error}`);
            if (error !== 0) {
                return errnoName(error);
            }
            flb.held = true;
        }
        flb.out++;
        return undefined;
    }

    private flbUnpreserve(name: string): void {
        const flb = this.flb(name);
        if (flb.out === 0 || flb.out === Infinity) {
            flb.out = Infinity;
            this.underflow();
            return;
        }
        if (--flb.out === 0) {
            this.log(`luotest: luotest-flb-${name}-v1 flb unpreserve data=${FLB_DATA[name]}`);
            flb.held = false;
        }
    }

    private flbRetrieve(name: string): string | undefined {
        const flb = this.flb(name);
        if (flb.state === 'finished') {
            return 'ENODATA';
        }
        if (typeof flb.state === 'object') {
            return flb.state.error;
        }
        if (flb.state === 'retrieved') {
            return undefined;
        }
        if (!this.handedOver) {
            return 'ENODATA';
        }
        if (flb.handed === undefined) {
            return 'ENOENT';
        }
        flb.inCount = flb.handed;
        const error = this.failure(`flb-${name}.retrieve`);
        this.log(`luotest: luotest-flb-${name}-v1 flb retrieve data=${FLB_DATA[name]} -> ${0 - error}`);
        if (error !== 0) {
            flb.state = { error: errnoName(error) };
            return errnoName(error);
        }
        flb.state = 'retrieved';
        flb.object = true;
        return undefined;
    }

    handedOver = false;

    private flbFinish(name: string): void {
        const flb = this.flb(name);
        if (flb.inCount === 0 || flb.inCount === Infinity) {
            flb.inCount = Infinity;
            this.underflow();
            return;
        }
        if (--flb.inCount > 0) {
            return;
        }
        if (flb.state !== 'retrieved' && this.flbRetrieve(name) !== undefined) {
            this.log('WARNING: FLB cannot be retrieved');
            return;
        }
        this.log(`luotest: luotest-flb-${name}-v1 flb finish obj=${((FLB_DATA[name] ?? 0) + 256).toString(16)}`);
        flb.object = false;
        flb.state = 'finished';
    }

    control(command: string, name: string): string | undefined {
        const flb = this.flb(name);
        switch (command) {
            case 'flb_get': {
                const error = flb.object ? undefined : this.flbRetrieve(name);
                if (error === undefined) {
                    flb.inCount++;
                }
                return error;
            }
            case 'flb_put':
                this.flbFinish(name);
                return undefined;
            case 'flb_getout':
                if (!flb.held) {
                    return 'ENOENT';
                }
                flb.out++;
                return undefined;
            default:
                this.flbUnpreserve(name);
                return undefined;
        }
    }

    /** References to an FLB that no file holds: what may be put without an underflow. */
    outReferences(name: string): number {
        const files = this.outgoing.flatMap((s) => s.files).filter((f) => FLBS_OF[f.handler]?.includes(name)).length;
        return this.flb(name).out - files;
    }

    // ------------------------------------------------------------ sessions

    /** The first open of the device looks at what was handed over; its error is for good. */
    open(): string | undefined {
        if (this.inUse) {
            return 'EBUSY';
        }
        if (this.deserialized === undefined) {
            this.deserialized = this.incoming.every((s) =>
                s.files.every((f) => {
                    if (this.handlers.includes(f.handler)) {
                        return true;
                    }
                    this.log('luo: No registered handler');
                    this.log('luo: Failed to deserialize files');
                    return false;
                }),
            );
        }
        if (!this.deserialized) {
            return 'EIO';
        }
        this.inUse = true;
        return undefined;
    }

    create(name: string): Session | string {
        if (name === '' || name.length > 63) {
            return 'EINVAL';
        }
        this.blocks = Math.max(this.blocks, Math.ceil((this.outgoing.length + 1) / SESSIONS_IN_BLOCK));
        if (this.outgoing.some((s) => s.name === name)) {
            return 'EEXIST';
        }
        const session = new Session(name, false);
        this.outgoing.push(session);
        return session;
    }

    retrieveSession(name: string): Session | string {
        const session = this.incoming.find((s) => s.name === name);
        if (!session) {
            return 'ENOENT';
        }
        if (session.retrieved) {
            return 'EINVAL';
        }
        session.retrieved = true;
        return session;
    }

    /** The last descriptor of a session is gone. */
    release(session: Session): void {
        if (!session.incoming) {
            for (let f = session.files.pop(); f; f = session.files.pop()) {
                this.unpreserve(f);
            }
            this.outgoing.splice(this.outgoing.indexOf(session), 1);
            this.blocks = Math.ceil(this.outgoing.length / SESSIONS_IN_BLOCK);
        } else if (this.finish(session) === undefined) {
            this.incoming.splice(this.incoming.indexOf(session), 1);
        } else {
            this.log('luo: Unable to finish session');
        }
    }

    // ------------------------------------------------------------ files

    preserve(session: Session, token: bigint, file: OpenFile | undefined): string | undefined {
        if (session.files.some((f) => f.token === token)) {
            return 'EEXIST';
        }
        if (!file) {
            return 'EBADF';
        }
        const handler = this.handlerOf(file);
        if (handler === undefined) {
            return 'ENOENT';
        }
        const claim = Luo.claimOf(handler, file);
        if (this.claims.has(claim)) {
            return 'EBUSY';
        }
        const taken: string[] = [];
        let error: string | undefined;
        for (const flb of FLBS_OF[handler] ?? []) {
            error ??= this.flbPreserve(flb);
            if (error === undefined) {
                taken.push(flb);
            }
        }
        if (error === undefined && handler !== 'memfd') {
            const failed = this.failure(`${handler}.preserve`);
            this.handlerLog(handler, `preserve id=${file.id} -> ${0 - failed}`);
            error = failed === 0 ? undefined : errnoName(failed);
        }
        if ((file.memory?.pages ?? 0n) > MOST_PAGES) {
            error ??= 'EFBIG';
        }
        if (error !== undefined) {
            for (const flb of taken.reverse()) {
                this.flbUnpreserve(flb);
            }
            return error;
        }
        this.claims.add(claim);
        file.refs++;
        session.files.push({ token, handler, file, data: file.id, claim, status: 0, seals: file.memory?.seals ?? 0 });
        file.memory?.freeze();
        return undefined;
    }

    private unpreserve(f: Preserved): void {
        if (!f.file) {
            return;
        }
        if (f.handler === 'memfd') {
            if (f.file.memory) {
                f.file.memory.frozen = false;
            }
        } else {
            this.handlerLog(f.handler, `unpreserve id=${f.file.id} data=${f.data}`);
        }
        for (const flb of [...(FLBS_OF[f.handler] ?? [])].reverse()) {
            this.flbUnpreserve(flb);
        }
        this.claims.delete(f.claim);
        this.drop(f.file);
    }

    retrieve(session: Session, token: bigint): OpenFile | string {
        const f = session.files.find((p) => p.token === token);
        if (!f) {
            return 'ENOENT';
        }
        if (typeof f.status === 'string') {
            return f.status;
        }
        if (!f.file) {
            const error = f.handler === 'memfd' ? 0 : this.failure(`${f.handler}.retrieve`);
            if (f.handler !== 'memfd') {
                this.handlerLog(f.handler, `retrieve data=${f.data} -> ${0 - error}`);
            }
            if (error !== 0) {
                f.status = errnoName(error);
                return f.status;
            }
            f.file = f.contents ? new OpenFile('memory') : new OpenFile('luotest');
            f.file.memory = f.contents?.memory;
            f.file.pos = f.contents?.pos ?? 0n;
            f.file.type = f.handler;
            f.file.id = f.data;
            f.status = 1;
            f.claim = Luo.claimOf(f.handler, f.file);
            this.claims.add(f.claim);
        }
        return f.file;
    }

    finish(session: Session): string | undefined {
        const status = (f: Preserved): number => (typeof f.status === 'string' ? -(ERRNO[f.status] ?? 0) : f.status);
        for (const f of session.files) {
            if (FULL.has(f.handler)) {
                const no = this.failure(`${f.handler}.can_finish`) !== 0;
                this.handlerLog(f.handler, `can_finish data=${f.data} status=${status(f)} -> ${no ? 'no' : 'yes'}`);
                if (no) {
                    return 'EBUSY';
                }
            }
        }
        for (let f = session.files.pop(); f; f = session.files.pop()) {
            if (f.handler !== 'memfd') {
                this.handlerLog(f.handler, `finish data=${f.data} status=${status(f)} file=${f.file ? 'yes' : 'no'}`);
            }
            for (const flb of [...(FLBS_OF[f.handler] ?? [])].reverse()) {
                this.flbFinish(flb);
            }
            if (f.file) {
                this.claims.delete(f.claim);
                this.drop(f.file);
            }
        }
        return undefined;
    }

    // ------------------------------------------------------------ reboot

    /** Freezes everything, or thaws what was frozen so far and gives the error. */
    reboot(): Handover | string {
        const done: Session[] = [];
        for (const session of this.outgoing) {
            const frozen: Preserved[] = [];
            for (const f of session.files) {
                const error = FULL.has(f.handler) ? this.failure(`${f.handler}.freeze`) : 0;
                if (FULL.has(f.handler)) {
                    this.handlerLog(f.handler, `freeze id=${f.file?.id} data=${f.data} -> ${0 - error}`);
                }
                if (error !== 0) {
                    this.log('luo: Freeze failed');
                    for (const files of [frozen, ...done.reverse().map((s) => s.files)]) {
                        this.thaw(files);
                    }
                    return errnoName(error);
                }
                f.data += FULL.has(f.handler) ? 1000n : 0n;
                frozen.push(f);
            }
            done.push(session);
        }
        return {
            sessions: this.outgoing.map((s) => ({ name: s.name, files: s.files.map(handOver) })),
            flbs: new Map([...this.flbs].filter(([, f]) => f.out > 0).map(([name, f]) => [name, f.out])),
            emptyBlock:
                this.outgoing.length > 0 && this.blocks * SESSIONS_IN_BLOCK - this.outgoing.length >= SESSIONS_IN_BLOCK,
        };
    }

    private thaw(files: readonly Preserved[]): void {
        for (const f of files) {
            if (FULL.has(f.handler)) {
                this.handlerLog(f.handler, `unfreeze id=${f.file?.id} data=${f.data}`);
            }
        }
    }
}

function handOver(f: Preserved): Preserved {
    const memory = f.file?.memory?.handedOver(f.seals);
    return {
        token: f.token,
        handler: f.handler,
        file: undefined,
        data: f.data,
        claim: undefined,
        status: 0,
        seals: 0,
        ...(memory && f.file ? { contents: { memory, pos: f.file.pos } } : {}),
    };
}
