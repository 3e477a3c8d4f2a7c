/**
 * The records of the Live Update Orchestrator (kernel/liveupdate/luo_*.c), and decisions that concern only one of them.
 * Code that calls handlers, waits or can be stepped through is in std/luo.lus.
 */
import { JournaledRecord, JournaledList, JournaledMap, type Journal, type Mutable } from '../../machine/journal';
import { counted } from '../../text/text';
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
    /** The module with its callbacks is unloaded. */
    readonly unloaded: boolean = false;

    constructor(
        journal: Journal,
        /** Its name in the scenario. */
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

/** One side of an FLB: the state that this kernel preserves, or that it was given. */
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

    /** A count from the handover, or one that a plain counter has reached. */
    setCount(count: number): void {
        this.refs.set(count);
    }

    /** Adds a reference; with the first one the data exists. */
    get(kernel: WarnsOnce): void {
        if (this.count === 0) {
            this.refs.set(1);
        } else {
            this.refs.inc(kernel);
        }
    }

    /** Drops a reference. @returns whether it was the last, after which the data is freed */
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
    /** Data of preserve() for unpreserve and freeze; never crosses the kexec. */
    readonly privateData: unknown = null;
    /** Outgoing: the preserved file. Incoming: null until it is retrieved. */
    readonly file: OpenFile | null = null;
    /** 0 never tried, 1 retrieved, −errno. */
    readonly retrieveStatus: number = 0;
    /** The key in the map of preserved files: the result of get_id(), or the file. */
    readonly id: unknown = null;
    /** Before the merge, every file had a state (enum liveupdate_state). */
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
    /** True if it came from the previous kernel and has, or had, a descriptor. */
    readonly retrieved: boolean = false;
    /** The anonymous file of its descriptors. */
    readonly file: OpenFile | null = null;
    /** The number of the file that a freeze or a finish works on, from 1; for the call stack. */
    readonly cursor: number = 0;
    /** FINISH has succeeded. */
    readonly finished: boolean = false;
    /** SESSION_FREEZE has frozen its files (layer session_freeze). */
    readonly frozen: boolean = false;
    /** Physical address of the area with its files, in releases without blocks; 0: none. */
    readonly area: number = 0;
    /** Before the merge, every session had a state (enum liveupdate_state). */
    readonly state: number = 1;
    /** Held during work on its files. */
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

    /** Whether one of its files has this token: tokens belong to a session. */
    hasToken(token: Int): boolean {
        return this.files.items.some((file) => file.token === token);
    }

    /** The first file with this token. @returns ENOENT if there is none */
    fileOf(token: Int): LuoFile | Err {
        return this.files.items.find((file) => file.token === token) ?? err('ENOENT');
    }

    /** luo_session_getfile(): the anonymous file of its descriptors. */
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
    /** Physical address of the area with the sessions, in releases without blocks; 0: none. */
    readonly area: number = 0;
    /** Taken for reading to look a session up, for writing to add or remove one. */
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

    /** The session of this name. @returns ENOENT if there is none */
    named(name: string): LuoSession | Err {
        return this.find(name) ?? err('ENOENT');
    }

    /**
     * luo_session_insert(): the newest is the last.
     * @returns EEXIST if the name is taken on this list; the other list is not checked
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

    /** The address of the entry of a session: in the area, or in the blocks. Undefined if there is none. */
    entryAt(index: number): number | undefined {
        return this.area === 0 ? this.blocks.entryAt(index) : areaEntry(this.area, index);
    }

    display(): string {
        return counted(this.sessions.length, `${this.direction} session`);
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
        /** The file of the session for which they were created. Not visible to callbacks. */
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
     * Taken for reading by every ioctl and release of a session, for writing by the reboot, which keeps it if it
     * succeeds (from 7.2 on): frozen state does not change.
     */
    readonly serialize: Lock;
    /** Set once the device exists (late_initcall). */
    readonly ready: boolean = false;
    readonly deviceInUse: boolean = false;
    /** The first open of the device deserializes: undefined before, then 0 or the errno that every open returns. */
    readonly deserialized: number | undefined = undefined;
    readonly outgoing: SessionList;
    readonly incoming: SessionList;
    /** In order of registration. */
    readonly handlers: JournaledList<LuoHandler>;
    /** In order of first registration. */
    readonly flbs: JournaledList<LuoFlb>;
    /** The ids of preserved and of retrieved files, in all sessions. */
    readonly preservedFiles: JournaledMap<unknown, true>;
    /** The number of the previous kernel's handover; 0 after a cold boot. */
    readonly incomingNum: Int = 0;
    /** Before the merge, LUO as a whole had a state (enum liveupdate_state). */
    readonly state: number = 1;
    /** Physical address of the outgoing struct luo_ser, or of the device tree before 7.2; 0: none. */
    readonly ser: number = 0;
    /** Physical address of the outgoing FLB page; 0: none. */
    readonly flbPage: number = 0;
    /** Physical address of the FLB page that came from the previous kernel; 0: none. */
    readonly incomingFlbPage: number = 0;

    private readonly journal: Journal;

    /** @param lock the name of {@link serialize} */
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

    /** The initialization of LUO failed. */
    disable(): void {
        this.edit().enabled = false;
    }

    /** The structures for the next kernel exist: creates the device. */
    setOutgoing(ser: number, flbPage: number): void {
        const luo = this.edit();
        luo.ser = ser;
        luo.flbPage = flbPage;
        luo.ready = true;
    }

    /** The FLB page of the previous kernel is used as long as this one runs, and never freed. */
    setIncomingFlbPage(page: number): void {
        this.edit().incomingFlbPage = page;
        this.kho.keep(page, 'FLBs');
    }

    /** luo_release() of the device: sessions stay, and another process can open it. */
    deviceClosed(): void {
        this.edit().deviceInUse = false;
    }

    /** A new session, which is on no list yet. */
    newSession(name: string, incoming: boolean): LuoSession {
        const blocks = new BlockSet(this.kho, FILE_SER_SIZE, `files of session "${name}"`);
        return new LuoSession(this.journal, name, incoming, blocks);
    }

    /** A session of this kernel by its name: an outgoing one, or else an incoming one, which can have the same name. */
    find(name: string): LuoSession | undefined {
        return this.outgoing.find(name) ?? this.incoming.find(name);
    }

    /** Adds a file to the map of preserved files of all sessions, by its id. @returns EBUSY if it is there already */
    claim(id: unknown): undefined | Err {
        if (this.preservedFiles.has(id)) {
            return err('EBUSY');
        }
        this.preservedFiles.set(id, true);
        return undefined;
    }

    /** Removes a file from that map. */
    unclaim(id: unknown): void {
        this.preservedFiles.delete(id);
    }

    private edit(): Mutable<Luo> {
        return this.journal.edit<Luo>(this);
    }
}
