/**
 * The records of the Live Update Orchestrator (kernel/liveupdate/luo_*.c), and what is decided on one of them alone.
 * What calls handlers back, waits or can be stepped through is std/luo.lus.
 */
import { JournaledRecord, JournaledList, JournaledMap, type Journal, type Mutable } from '../../machine/journal';
import type { Int } from '../../machine/int';
import { anonFile } from '../fs/anon';
import type { KernelCore } from '../fs/core';
import { O_RDWR } from '../fs/fcntl';
import type { OpenFile } from '../fs/file';
import { BlockSet } from '../kho/blocks';
import type { Kho } from '../kho/kho';
import { Lock } from '../lock';
import { RefCount, type WarnsOnce } from '../refcount';
import { err, type Err } from '../release/errno';
import { areaEntry, FILE_SER_SIZE, SESSION_SER_SIZE } from './abi';
import { quoted } from '../../text/utf8';

/** A file handler (struct liveupdate_file_handler). */
export class LuoHandler extends JournaledRecord {
    /** The module that its callbacks were in is unloaded. */
    readonly unloaded: boolean = false;

    constructor(
        journal: Journal,
        /** As the scenario calls it. */
        readonly name: string,
        readonly compatible: string,
        /** In order of their registration. */
        readonly flbs: readonly LuoFlb[],
    ) {
        super(journal);
    }

    display(): string {
        return `handler ${this.name} "${this.compatible}"`;
    }
}

/** One side of an FLB: what this kernel preserves, or what it got. */
export class FlbSide extends JournaledRecord {
    private readonly refs: RefCount;
    readonly data: Int = 0;
    readonly obj: unknown = null;
    /** Incoming only: finish() has run. */
    readonly finished: boolean = false;
    /** Incoming only: 0 not tried, 1 done, −errno. */
    readonly retrieveStatus: number = 0;
    /** Held around the FLB's callbacks. */
    readonly mutex: Lock;

    constructor(journal: Journal, name: string) {
        super(journal);
        this.refs = new RefCount(journal);
        this.mutex = new Lock(journal, `the ${name}`);
    }

    /** References: a refcount_t since 7.2, a plain counter before. */
    get count(): number {
        return this.refs.value;
    }

    /** The count that was handed over, or one that a plain counter has come to. */
    setCount(count: number): void {
        this.refs.set(count);
    }

    /** A reference more; with the first one its data is there from now on. */
    get(kernel: WarnsOnce): void {
        if (this.count === 0) {
            this.refs.set(1);
        } else {
            this.refs.inc(kernel);
        }
    }

    /** A reference less. @returns whether it was the last, after which the data goes */
    put(kernel: WarnsOnce): boolean {
        return this.refs.decAndTest(kernel);
    }
}

/** File-lifecycle-bound state (struct liveupdate_flb). */
export class LuoFlb extends JournaledRecord {
    readonly outgoing: FlbSide;
    readonly incoming: FlbSide;

    constructor(
        journal: Journal,
        readonly name: string,
        readonly compatible: string,
    ) {
        super(journal);
        this.outgoing = new FlbSide(journal, `outgoing mutex of FLB ${name}`);
        this.incoming = new FlbSide(journal, `incoming mutex of FLB ${name}`);
    }

    display(): string {
        return `FLB ${this.name} "${this.compatible}"`;
    }
}

/** A file inside a session (struct luo_file). */
export class LuoFile extends JournaledRecord {
    readonly serializedData: Int = 0;
    /** What preserve() left for unpreserve and freeze; never crosses the kexec. */
    readonly privateData: unknown = null;
    /** Outgoing: the preserved file. Incoming: null until it is retrieved. */
    readonly file: OpenFile | null = null;
    /** 0 never tried, 1 retrieved, −errno. */
    readonly retrieveStatus: number = 0;
    /** The key in the map of preserved files: what get_id() gave, or the file. */
    readonly id: unknown = null;
    /** Before the merge every file had a state (enum liveupdate_state). */
    readonly state: number = 1;

    constructor(
        journal: Journal,
        readonly handler: LuoHandler,
        readonly token: Int,
        readonly session: LuoSession,
    ) {
        super(journal);
    }

    display(): string {
        return `token 0x${this.token.toString(16)}, ${this.handler.compatible}`;
    }
}

/** A session (struct luo_session). */
export class LuoSession extends JournaledRecord {
    readonly files: JournaledList<LuoFile>;
    /** True where it came from the previous kernel and has, or had, a descriptor. */
    readonly retrieved: boolean = false;
    /** The anonymous file behind its descriptors. */
    readonly file: OpenFile | null = null;
    /** Which file a freeze or a finish is at, from 1; for the call stack. */
    readonly cursor: number = 0;
    /** FINISH has succeeded. */
    readonly finished: boolean = false;
    /** Physical address of the area with its files, in releases that do not use blocks; 0: none. */
    readonly area: number = 0;
    /** Before the merge every session had a state (enum liveupdate_state). */
    readonly state: number = 1;
    /** Held by whoever works on its files. */
    readonly mutex: Lock;

    constructor(
        journal: Journal,
        readonly name: string,
        readonly incoming: boolean,
        readonly fileBlocks: BlockSet,
    ) {
        super(journal);
        this.files = new JournaledList(journal);
        this.mutex = new Lock(journal, `the mutex of session "${name}"`);
    }

    /** Whether a file of it has this token: in another session the same token is another file's. */
    hasToken(token: Int): boolean {
        return this.files.items.some((file) => file.token === token);
    }

    /** The first file with this token. @returns ENOENT where there is none */
    fileOf(token: Int): LuoFile | Err {
        return this.files.items.find((file) => file.token === token) ?? err('ENOENT');
    }

    /** luo_session_getfile(): the anonymous file behind its descriptors. */
    openFile(kernel: KernelCore): OpenFile {
        const file = anonFile(kernel, 'luo_session', `[luo_session] ${this.name}`, O_RDWR);
        kernel.journal.edit(file).priv = this;
        kernel.journal.edit<LuoSession>(this).file = file;
        return file;
    }

    display(): string {
        return `session ${quoted(this.name)}`;
    }
}

/** One of the two lists of sessions (struct luo_session_header). */
export class SessionList extends JournaledRecord {
    readonly sessions: JournaledList<LuoSession>;
    /** Physical address of the area with the sessions, in releases that do not use blocks; 0: none. */
    readonly area: number = 0;
    /** For reading by whoever looks a session up, for writing by whoever adds or removes one. */
    readonly lock: Lock;

    constructor(
        journal: Journal,
        readonly direction: 'outgoing' | 'incoming',
        readonly blocks: BlockSet,
    ) {
        super(journal);
        this.lock = new Lock(journal, `the list of ${direction} sessions`);
        this.sessions = new JournaledList(journal);
    }

    find(name: string): LuoSession | undefined {
        return this.sessions.items.find((session) => session.name === name);
    }

    /** The session of this name. @returns ENOENT where there is none */
    named(name: string): LuoSession | Err {
        return this.find(name) ?? err('ENOENT');
    }

    /**
     * luo_session_insert(): the newest is the last.
     * @returns EEXIST where the name is taken on this list; the other one is not asked
     */
    insert(session: LuoSession): undefined | Err {
        if (this.find(session.name)) {
            return err('EEXIST');
        }
        this.sessions.push(session);
        return undefined;
    }

    /** luo_session_remove() */
    remove(session: LuoSession): void {
        this.sessions.remove(session);
    }

    /** Where the entry of a session lies: in the area, or in the blocks. Undefined where there is none. */
    entryAt(index: number): number | undefined {
        return this.area === 0 ? this.blocks.entryAt(index) : areaEntry(this.area, index);
    }

    display(): string {
        return `${this.sessions.length} ${this.direction} sessions`;
    }
}

/** The arguments of a file handler's callbacks (struct liveupdate_file_op_args). */
export class LuoArgs extends JournaledRecord {
    readonly file: OpenFile | null;
    readonly serializedData: Int;
    readonly privateData: unknown;
    readonly session: LuoSession;

    constructor(
        journal: Journal,
        readonly handler: LuoHandler,
        /** The file of the session that they were made for. Callbacks do not get to see it. */
        readonly luoFile: LuoFile,
        readonly retrieveStatus: number,
    ) {
        super(journal);
        this.session = luoFile.session;
        this.file = luoFile.file;
        this.serializedData = luoFile.serializedData;
        this.privateData = luoFile.privateData;
    }

    display(): string {
        return `arguments of ${this.handler.name}`;
    }
}

/** The arguments of an FLB's callbacks (struct liveupdate_flb_op_args). */
export class FlbArgs extends JournaledRecord {
    readonly data: Int;
    readonly obj: unknown;

    constructor(
        journal: Journal,
        readonly flb: LuoFlb,
        side: FlbSide,
    ) {
        super(journal);
        this.data = side.data;
        this.obj = side.obj;
    }

    display(): string {
        return `arguments of ${this.flb.name}`;
    }
}

/** The Live Update Orchestrator of one kernel. */
export class Luo extends JournaledRecord {
    /** `liveupdate=` of the command line, and KHO is on. */
    readonly enabled: boolean;
    /**
     * For reading by every ioctl and release of a session, for writing by the reboot, which keeps it where it succeeds
     * (7.2 on): what has been frozen stays as it is.
     */
    readonly serialize: Lock;
    /** Set once the device is there (late_initcall). */
    readonly ready: boolean = false;
    readonly deviceInUse: boolean = false;
    /** The first open of the device deserializes: undefined before, then 0 or the errno that every open gets. */
    readonly deserialized: number | undefined = undefined;
    readonly outgoing: SessionList;
    readonly incoming: SessionList;
    /** In order of registration. */
    readonly handlers: JournaledList<LuoHandler>;
    /** In order of first registration. */
    readonly flbs: JournaledList<LuoFlb>;
    /** The ids of preserved and of retrieved files, over all sessions. */
    readonly preservedFiles: JournaledMap<unknown, true>;
    /** The number that the previous kernel handed over; 0 after a cold boot. */
    readonly incomingNum: Int = 0;
    /** Before the merge all of LUO had one state (enum liveupdate_state). */
    readonly state: number = 1;
    /** Physical address of the outgoing struct luo_ser, or of the device tree before 7.2; 0: none. */
    readonly ser: number = 0;
    /** Physical address of the outgoing FLB page; 0: none. */
    readonly flbPage: number = 0;
    /** Physical address of the FLB page that came from the previous kernel; 0: none. */
    readonly incomingFlbPage: number = 0;

    private readonly journal: Journal;

    /** @param lock what is called {@link serialize} here */
    constructor(
        private readonly kho: Kho,
        enabled: boolean,
        lock = 'the serialize lock',
    ) {
        const { journal } = kho.env.machine;
        super(journal);
        this.journal = journal;
        this.enabled = enabled;
        this.serialize = new Lock(journal, lock);
        this.outgoing = new SessionList(journal, 'outgoing', new BlockSet(kho, SESSION_SER_SIZE, 'outgoing sessions'));
        this.incoming = new SessionList(journal, 'incoming', new BlockSet(kho, SESSION_SER_SIZE, 'incoming sessions'));
        this.handlers = new JournaledList(journal);
        this.flbs = new JournaledList(journal);
        this.preservedFiles = new JournaledMap(journal);
    }

    /** LUO could not come up. */
    disable(): void {
        this.edit().enabled = false;
    }

    /** The structures for the next kernel are there: the device comes up. */
    setOutgoing(ser: number, flbPage: number): void {
        const luo = this.edit();
        luo.ser = ser;
        luo.flbPage = flbPage;
        luo.ready = true;
    }

    /** The FLB page of the previous kernel is read for as long as this one runs, and never given back. */
    setIncomingFlbPage(page: number): void {
        this.edit().incomingFlbPage = page;
        this.kho.keep(page, 'FLBs');
    }

    /** luo_release() of the device: sessions stay, and somebody else may open it. */
    deviceClosed(): void {
        this.edit().deviceInUse = false;
    }

    /** A new session, which is on no list yet. */
    newSession(name: string, incoming: boolean): LuoSession {
        const blocks = new BlockSet(this.kho, FILE_SER_SIZE, `files of session "${name}"`);
        return new LuoSession(this.journal, name, incoming, blocks);
    }

    /** A session of this kernel by its name: an outgoing one, or else an incoming one, which may have the same name. */
    find(name: string): LuoSession | undefined {
        return this.outgoing.find(name) ?? this.incoming.find(name);
    }

    /** Enters a file into the map of preserved files of all sessions, by its id. @returns EBUSY where it is there */
    claim(id: unknown): undefined | Err {
        if (this.preservedFiles.has(id)) {
            return err('EBUSY');
        }
        this.preservedFiles.set(id, true);
        return undefined;
    }

    /** Takes a file out of that map. */
    unclaim(id: unknown): void {
        this.preservedFiles.delete(id);
    }

    private edit(): Mutable<Luo> {
        return this.journal.edit<Luo>(this);
    }
}
